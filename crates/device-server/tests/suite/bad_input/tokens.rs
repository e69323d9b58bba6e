//! Tokens that are not accepted: one 401 for all, whatever the reason.

use serde_json::{Value, json};

use super::{Watched, bad};
use crate::http::Request;
use crate::jws::{base64url, sign};
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::users::{DEVICE, USER};

const DENIED: &str = r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#;
const NO_TOKEN: &str = "Bearer realm=\"devreg\"";
const INVALID_TOKEN: &str = "Bearer realm=\"devreg\", error=\"invalid_token\"";
/// What local tokens have in their header.
const HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt"}"#;
/// Far beyond the life of this program, in seconds since 1970.
const LATER: u64 = 9_999_999_999;

/// One request of every kind of operation, without a token.
fn requests() -> Vec<Request> {
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let post = |rest: &str| Request::post(&alpha(USER, rest), &json!({"value": true}));
    vec![
        Request::get(&alpha_list(USER, "2fa/oath")),
        Request::get(&webauthn),
        Request::put(&webauthn, &json!({"deviceName": "Changed"})),
        Request::delete(&webauthn),
        post("2fa/oath?_action=reset"),
        post("2fa/oath?_action=skip"),
        post("2fa/oath?_action=check"),
        post("2fa/oath?_action=create"),
        post(&format!("2fa/webauthn/{DEVICE}?_action=recordUse")),
        Request::post(&alpha(USER, "?_action=purge").replace("/?", "?"), &json!({})),
    ]
}

fn claims() -> Value {
    json!({"sub": "administrator", "realm": "/alpha", "scope": "fr:am:*", "iss": "devreg-local", "iat": 1, "exp": LATER})
}

fn with(member: &str, value: impl Into<Value>) -> String {
    let mut claims = claims();
    claims[member] = value.into();
    claims.to_string()
}

fn without(member: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(member);
    claims.to_string()
}

fn key(place: &Place) -> Vec<u8> {
    std::fs::read(place.path("data/signing-key")).unwrap()
}

#[test]
fn no_token_at_all() {
    let watched = Watched::new();
    for request in requests() {
        let answer = watched.refuses(&bad("no token", request, 401, "Access Denied"));
        assert_eq!(answer.body, DENIED);
        assert_eq!(answer.header("www-authenticate"), Some(NO_TOKEN));
    }
    // A token in the target is none: targets are logged everywhere.
    for name in ["access_token", "iPlanetDirectoryPro", "token"] {
        let target = format!("{}&{name}={}", alpha_list(USER, "2fa/oath"), watched.administrator);
        let answer = watched.refuses(&bad(name, Request::get(&target), 401, "Access Denied"));
        assert_eq!(answer.header("www-authenticate"), Some(NO_TOKEN));
    }
    // Nor does a proxy's word count that nobody configured.
    for name in ["X-Forwarded-User", "X-Remote-User", "X-OpenAM-Username", "Remote-User"] {
        let request = Request::get(&alpha_list(USER, "2fa/oath")).header(name, USER);
        watched.refuses(&bad(name, request, 401, "Access Denied"));
    }
    watched.end();
}

#[test]
fn tokens() {
    let watched = Watched::new();
    let key = key(&watched.place);
    let good = sign(HEADER, &claims().to_string(), &key);
    let list = Request::get(&alpha_list(USER, "2fa/oath"));
    watched.server.ask(&list.clone().bearer(&good)).expect(200);

    let payload = claims().to_string();
    let signed_with = |header: &str| sign(header, &payload, &key);
    let unsigned = |alg: &str| {
        format!(
            "{}.{}.",
            base64url(format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#)),
            base64url(&payload)
        )
    };
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, body) = signed.split_once('.').unwrap();
    let mut tokens: Vec<(&str, String)> = vec![
        ("garbage", "garbage".into()),
        ("dots", "..".into()),
        ("nothing", String::new()),
        ("one part too many", format!("{good}.x")),
        ("no signature", format!("{signed}.")),
        ("a cut signature", good[..good.len() - 2].into()),
        ("swapped parts", format!("{body}.{header}.{signature}")),
        ("another payload", format!("{header}.{}.{signature}", base64url(with("realm", "/")))),
        ("another key", sign(HEADER, &payload, b"another key of thirty-two bytes!")),
        ("an empty key", sign(HEADER, &payload, b"")),
        ("the padding of Base64", format!("{good}=")),
        ("no algorithm", signed_with(r#"{"typ":"at+jwt"}"#)),
        ("a session's JWT", signed_with(r#"{"alg":"HS256","typ":"JWT"}"#)),
        ("a refresh token's type", signed_with(r#"{"alg":"HS256","typ":"rt+jwt"}"#)),
        ("no type", signed_with(r#"{"alg":"HS256"}"#)),
        (
            "unknown critical",
            signed_with(r#"{"alg":"HS256","typ":"at+jwt","crit":["unknown"],"unknown":1}"#),
        ),
        ("an expired one", sign(HEADER, &with("exp", 1_700_000_000), &key)),
        ("one without end", sign(HEADER, &without("exp"), &key)),
        ("one for later", sign(HEADER, &with("nbf", LATER - 1), &key)),
        ("another issuer", sign(HEADER, &with("iss", "https://idp.example.com"), &key)),
        ("no issuer", sign(HEADER, &without("iss"), &key)),
        ("no subject", sign(HEADER, &without("sub"), &key)),
        ("no realm", sign(HEADER, &without("realm"), &key)),
        ("a realm that is none", sign(HEADER, &with("realm", "alpha/"), &key)),
        (
            "a user without a name",
            sign(HEADER, &with("scope", "").replace("administrator", " "), &key),
        ),
    ];
    for alg in ["none", "nOnE", "None", ""] {
        tokens.push(("unsigned", unsigned(alg)));
        tokens.push(("unsigned, with a signature", format!("{}{signature}", unsigned(alg))));
    }
    for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256"] {
        tokens.push((alg, signed_with(&format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#))));
    }
    for (what, token) in &tokens {
        for request in
            [list.clone().bearer(token), list.clone().header("iPlanetDirectoryPro", token)]
        {
            let answer = watched.refuses(&bad(*what, request, 401, "Access Denied"));
            assert_eq!(answer.body, DENIED);
            assert_eq!(answer.header("www-authenticate"), Some(INVALID_TOKEN));
        }
    }
    // A refused token changes nothing on any operation, and a header that names keys elsewhere makes nobody look there.
    for request in requests() {
        watched.refuses(&bad(
            "expired",
            request.bearer(&sign(HEADER, &with("exp", 1), &key)),
            401,
            "Access Denied",
        ));
    }
    let names_keys = r#"{"alg":"HS256","typ":"at+jwt","kid":"../../../etc/passwd","jku":"http://127.0.0.1:9/","x5u":"http://127.0.0.1:9/","jwk":{"kty":"oct","k":""}}"#;
    watched.refuses(&bad(
        "its own key",
        list.bearer(&sign(names_keys, &payload, b"")),
        401,
        "Access Denied",
    ));
    watched.end();
}

#[test]
fn authorization_headers() {
    let watched = Watched::new();
    let list = || Request::get(&alpha_list(USER, "2fa/oath"));
    let token = &watched.administrator;
    let twice = list().bearer("no-token").bearer(token);
    let mut table = vec![
        bad("two headers", twice, 400, "`authorization` is given twice"),
        bad(
            "the same twice",
            list().bearer(token).bearer(token),
            400,
            "`authorization` is given twice",
        ),
        bad(
            "two SSO headers",
            list().header("iPlanetDirectoryPro", token).header("iplanetdirectorypro", token),
            400,
            "is given twice",
        ),
    ];
    for scheme in ["Basic", "Token", "Bearer,", "DPoP"] {
        table.push(bad(
            scheme,
            list().header("Authorization", &format!("{scheme} {token}")),
            401,
            "Access Denied",
        ));
    }
    table.push(bad("no scheme", list().header("Authorization", token), 401, "Access Denied"));
    table.push(bad("no value", list().header("Authorization", ""), 401, "Access Denied"));
    table.push(bad(
        "only a scheme",
        list().header("Authorization", "Bearer"),
        401,
        "Access Denied",
    ));
    watched.refuses_all(&table);
    watched.server.ask(&list().header("authorization", &format!("bearer {token}"))).expect(200);
    watched.end();
}

/// The life of a token, by the clock.
#[test]
fn a_token_that_was_good() {
    let watched = Watched::new();
    let token = watched.place.run(&["token", "--realm", "/alpha", "--admin", "--ttl", "1s"]).done();
    let list = Request::get(&alpha_list(USER, "2fa/oath")).bearer(token.trim());
    std::thread::sleep(std::time::Duration::from_millis(2100));
    watched.refuses(&bad("expired", list, 401, "Access Denied"));
    watched.end();
}
