//! A server that knows two kinds of callers, those of `devreg token` and those of an issuer, and what must be said to all whom it does not know.

use serde_json::{Value, json};

use crate::callers::signer::{self, Signer};
use crate::callers::{ISSUER, list, rename};
use crate::http::Request;
use crate::jws::sign;
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::users::DEVICE;
use crate::watched::{Watched, bad};

pub(super) const DENIED: &str = r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#;
pub(super) const NO_TOKEN: &str = "Bearer realm=\"devreg\"";
const INVALID_TOKEN: &str = "Bearer realm=\"devreg\", error=\"invalid_token\"";
/// What local tokens have in their header.
pub(super) const LOCAL_HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt"}"#;

/// A watched server that accepts tokens of a signer, beside its own.
pub(super) fn watched(signer: &Signer) -> Watched {
    let place = Place::with_users();
    std::fs::write(place.path("jwks"), signer::set(&[signer]).to_string()).unwrap();
    Watched::on(place.configured(&format!(
        r#"
        [[issuers]]
        issuer = "{ISSUER}"
        realm = "/alpha"
        audiences = ["devreg"]
        jwks_file = "jwks"
        types = ["at+jwt", "JWT", "none"]
        "#
    )))
}

/// Every token is refused in the same words, for looking and for changing, in each carrier.
pub(super) fn refuses(watched: &Watched, tokens: &[(&str, String)]) {
    for (what, token) in tokens {
        for request in [
            list().bearer(token),
            rename().bearer(token),
            rename().header("iPlanetDirectoryPro", token),
        ] {
            let answer = watched.refuses(&bad(*what, request, 401, "Access Denied"));
            assert_eq!(answer.body, DENIED);
            assert_eq!(answer.header("www-authenticate"), Some(INVALID_TOKEN));
        }
    }
}

/// One request of every kind of operation, without a token.
pub(crate) fn operations(user_id: &str) -> Vec<Request> {
    let webauthn = alpha(user_id, &format!("2fa/webauthn/{DEVICE}"));
    let post = |rest: &str, body| Request::post(&alpha(user_id, rest), &body);
    vec![
        Request::get(&alpha_list(user_id, "2fa/oath")),
        Request::get(&alpha_list(user_id, "trusted")),
        Request::get(&webauthn),
        post("2fa/oath?_action=check", json!({})),
        Request::put(&webauthn, &json!({"deviceName": "Changed"})),
        Request::delete(&webauthn),
        post("2fa/oath?_action=reset", json!({})),
        post("2fa/webauthn?_action=reset", json!({})),
        post("2fa/oath?_action=skip", json!({"value": true})),
        post("2fa/oath?_action=create", json!({"uuid": "new"})),
        post(&format!("2fa/webauthn/{DEVICE}?_action=recordUse"), json!({})),
        Request::post(&alpha(user_id, "?_action=purge").replace("/?", "?"), &json!({})),
    ]
}

/// The first of [`operations`], which change nothing.
pub(super) const LOOKS: usize = 4;

/// Tokens as `devreg token` makes them, signed by hand.
pub(super) struct Local {
    key: Vec<u8>,
}

impl Local {
    pub(super) fn of(watched: &Watched) -> Self {
        Self { key: std::fs::read(watched.place.path("data/signing-key")).unwrap() }
    }

    pub(super) fn claims() -> Value {
        json!({"sub": "administrator", "realm": "/alpha", "scope": "fr:am:*", "iss": "devreg-local", "iat": 1, "exp": signer::LATER})
    }

    pub(super) fn signed(&self, header: &str, payload: &Value) -> String {
        sign(header, &payload.to_string(), &self.key)
    }

    pub(super) fn good(&self) -> String {
        self.signed(LOCAL_HEADER, &Self::claims())
    }

    pub(super) fn with(&self, member: &str, value: impl Into<Value>) -> String {
        let mut claims = Self::claims();
        claims[member] = value.into();
        self.signed(LOCAL_HEADER, &claims)
    }

    pub(super) fn without(&self, member: &str) -> String {
        let mut claims = Self::claims();
        claims.as_object_mut().unwrap().remove(member);
        self.signed(LOCAL_HEADER, &claims)
    }

    pub(super) fn headed(&self, header: &str) -> String {
        self.signed(header, &Self::claims())
    }
}
