//! Cases 1, 2, 6, 7 and 12: nobody, and tokens that are not good. Who they are signed by is in `signatures`.

use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use super::callers::{DENIED, LOCAL_HEADER, Local, NO_TOKEN, operations, refuses, watched};
use crate::callers::signer::{LATER, Signer, administrator, claims, with, without};
use crate::callers::{ISSUER, list};
use crate::http::Request;
use crate::jws::{self, base64url, sign};
use crate::server::alpha_list;
use crate::users::{MY_PHONE, USER};
use crate::watched::{Bad, Watched, bad};

#[test]
fn case_01_no_token() {
    let watched = Watched::new();
    for request in operations(USER) {
        let answer = watched.refuses(&bad("no token", request, 401, "Access Denied"));
        assert_eq!(answer.body, DENIED);
        assert_eq!(answer.header("www-authenticate"), Some(NO_TOKEN));
    }
    watched.end();
}

#[test]
fn case_02_tokens_that_are_not_good() {
    let signer = Signer::new("k", Algorithm::ES256);
    let other = Signer::new("k", Algorithm::ES256);
    let watched = watched(&signer);
    let short = watched.place.run(&["token", "--realm", "/alpha", "--admin", "--ttl", "1s"]);
    let short = short.done().trim().to_owned();
    watched.server.ask(&list().bearer(&signer.sign(&claims()))).expect(200);
    let sign = |claims: Value| signer.sign(&claims);
    refuses(
        &watched,
        &[
            ("expired", sign(with("exp", 1_700_000_000))),
            ("without end", sign(without("exp"))),
            ("an end that is no number", sign(with("exp", "later"))),
            ("not yet", sign(with("nbf", LATER - 1))),
            ("another issuer", sign(with("iss", "https://other.example.com"))),
            ("nearly the issuer", sign(with("iss", format!("{ISSUER}/")))),
            ("several issuers", sign(with("iss", json!([ISSUER])))),
            ("no issuer", sign(without("iss"))),
            ("for somebody else", sign(with("aud", "other"))),
            ("for several others", sign(with("aud", json!(["other", "devreg2"])))),
            ("for nobody", sign(without("aud"))),
            ("no subject", sign(without("sub"))),
            ("another key", other.sign(&claims())),
            ("an unknown key", Signer::new("unknown", Algorithm::ES256).sign(&claims())),
            ("cut", signer.sign(&claims())[..200].into()),
            ("no end of it", format!("{}.x", signer.sign(&claims()))),
        ],
    );
    watched.server.ask(&list().bearer(&sign(with("aud", json!(["a", "devreg"]))))).expect(200);

    let local = Local::of(&watched);
    let good = local.good();
    watched.server.ask(&list().bearer(&good)).expect(200);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, body) = signed.split_once('.').unwrap();
    let payload = Local::claims().to_string();
    let of_the_top = Local::claims().to_string().replace("/alpha", "/");
    refuses(
        &watched,
        &[
            ("garbage", "garbage".into()),
            ("dots", "..".into()),
            ("nothing", String::new()),
            ("one part too many", format!("{good}.x")),
            ("a cut signature", good[..good.len() - 2].into()),
            ("swapped parts", format!("{body}.{header}.{signature}")),
            ("another payload", format!("{header}.{}.{signature}", base64url(of_the_top))),
            ("another key", jws::sign(LOCAL_HEADER, &payload, b"another key of thirty-two bytes!")),
            ("an empty key", jws::sign(LOCAL_HEADER, &payload, b"")),
            ("the padding of Base64", format!("{good}=")),
            ("an expired one", local.with("exp", 1_700_000_000)),
            ("one without end", local.without("exp")),
            ("one for later", local.with("nbf", LATER - 1)),
            ("another issuer", local.with("iss", "https://idp.example.com")),
            ("no issuer", local.without("iss")),
            ("no subject", local.without("sub")),
            ("no realm", local.without("realm")),
            ("a realm that is none", local.with("realm", "alpha/")),
        ],
    );
    // On any operation; and one that was good, by the clock.
    for request in operations(USER) {
        watched.refuses(&bad("expired", request.bearer(&local.with("exp", 1)), 401, "Access"));
    }
    std::thread::sleep(std::time::Duration::from_millis(1100));
    refuses(&watched, &[("it was good", short)]);
    watched.end();
}

#[test]
fn case_06_tokens_of_another_kind() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&signer);
    let of_type = |typ: Option<&str>, claims: &Value| {
        signer.sign_with(&Header { typ: typ.map(Into::into), ..signer.header() }, claims)
    };
    for typ in [None, Some("JWT"), Some("at+jwt"), Some("application/at+jwt"), Some("AT+JWT")] {
        watched.server.ask(&list().bearer(&of_type(typ, &claims()))).expect(200);
    }
    let phone = sign(jws::HEADER, &jws::claims("token").to_string(), MY_PHONE.key);
    let local = Local::of(&watched);
    refuses(
        &watched,
        &[
            ("an ID token by its nonce", of_type(Some("JWT"), &with("nonce", "n"))),
            ("an ID token by its hash", of_type(None, &with("at_hash", "h"))),
            ("an ID token of AM", of_type(Some("JWT"), &with("tokenName", "id_token"))),
            ("a refresh token of Keycloak", of_type(Some("JWT"), &with("typ", "Refresh"))),
            ("a logout token", of_type(Some("logout+jwt"), &claims())),
            ("a DPoP proof", of_type(Some("dpop+jwt"), &claims())),
            ("an empty type", of_type(Some(""), &claims())),
            ("a phone's refresh", phone),
            ("a session's JWT", local.headed(r#"{"alg":"HS256","typ":"JWT"}"#)),
            ("a refresh token's type", local.headed(r#"{"alg":"HS256","typ":"rt+jwt"}"#)),
            ("no type", local.headed(r#"{"alg":"HS256"}"#)),
        ],
    );
    watched.end();
}

/// Targets are logged everywhere, by others too: a token there is none.
#[test]
fn case_07_a_token_in_the_target() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&signer);
    for token in [signer.sign(&administrator()), watched.administrator.clone()] {
        for name in ["access_token", "iPlanetDirectoryPro", "token"] {
            let target = format!("{}&{name}={token}", alpha_list(USER, "2fa/oath"));
            let answer = watched.refuses(&bad(name, Request::get(&target), 401, "Access Denied"));
            assert_eq!(answer.header("www-authenticate"), Some(NO_TOKEN));
        }
        assert!(!watched.place.log().contains(&token));
    }
    watched.end();
}

#[test]
fn case_12_several_authorization_headers() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let twice = "`authorization` is given twice";
    let mut table = vec![
        bad("a bad one first", list().bearer("no-token").bearer(token), 400, twice),
        bad("a good one first", list().bearer(token).bearer("no-token"), 400, twice),
        bad("the same twice", list().bearer(token).bearer(token), 400, twice),
        bad(
            "two SSO headers",
            list().header("iPlanetDirectoryPro", token).header("iplanetdirectorypro", token),
            400,
            "is given twice",
        ),
    ];
    let denied = |value: String| -> Bad {
        bad(value.clone(), list().header("Authorization", &value), 401, "Access Denied")
    };
    for scheme in ["Basic", "Token", "Bearer,", "DPoP"] {
        table.push(denied(format!("{scheme} {token}")));
    }
    table.extend([denied(token.clone()), denied(String::new()), denied("Bearer".into())]);
    watched.refuses_all(&table);
    watched.server.ask(&list().header("authorization", &format!("bearer {token}"))).expect(200);
    watched.end();
}
