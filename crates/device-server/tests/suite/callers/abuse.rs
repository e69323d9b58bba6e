//! Abuse cases of tokens, by their numbers in the threat model: each is refused, and changes nothing.

use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use super::neighbour::{Neighbour, Says};
use super::signer::{self, LATER, Signer, administrator, claims, with, without};
use super::{ISSUER, list, rename};
use crate::bad_input::{Bad, Watched, bad};
use crate::http::Request;
use crate::jws::{self, base64url};
use crate::place::Place;
use crate::users::MY_PHONE;

const INVALID_TOKEN: &str = "Bearer realm=\"devreg\", error=\"invalid_token\"";
const DENIED: &str = r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#;

/// A watched server that accepts tokens of a signer.
fn watched(signers: &[&Signer]) -> Watched {
    let place = Place::with_users();
    std::fs::write(place.path("jwks"), signer::set(signers).to_string()).unwrap();
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

/// Every token is refused in the same words, for looking and for changing.
fn refuses(watched: &Watched, tokens: &[(&str, String)]) {
    for (what, token) in tokens {
        for request in [list(), rename()] {
            let request = request.bearer(token);
            let answer = watched
                .refuses(&Bad { what: (*what).into(), ..bad("", request, 401, "Access Denied") });
            assert_eq!(answer.body, DENIED);
            assert_eq!(answer.header("www-authenticate"), Some(INVALID_TOKEN));
        }
    }
}

#[test]
fn case_1_no_token() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&[&signer]);
    for request in [list(), rename()] {
        let answer = watched.refuses(&bad("no token", request, 401, "Access Denied"));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"devreg\""));
    }
    watched.end();
}

#[test]
fn case_2_tokens_that_are_not_good() {
    let signer = Signer::new("k", Algorithm::ES256);
    let other = Signer::new("k", Algorithm::ES256);
    let watched = watched(&[&signer]);
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
    watched.end();
}

#[test]
fn case_3_unsigned() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&[&signer]);
    let good = signer.sign(&administrator());
    let signature = good.rsplit_once('.').unwrap().1;
    for alg in ["none", "nOnE", "NONE", "", "ES256"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"k"}}"#);
        let unsigned = format!("{}.{}.", base64url(header), base64url(administrator().to_string()));
        let mut tokens = vec![(alg, unsigned.clone())];
        if alg != "ES256" {
            tokens.push((alg, format!("{unsigned}{signature}")));
        }
        refuses(&watched, &tokens);
    }
    watched.end();
}

#[test]
fn case_4_a_public_key_as_a_secret() {
    let signer = Signer::new("k", Algorithm::RS256);
    let watched = watched(&[&signer]);
    watched.server.ask(&list().bearer(&signer.sign(&claims()))).expect(200);
    let jwk = signer.jwk();
    let header = r#"{"alg":"HS256","typ":"at+jwt","kid":"k"}"#;
    let payload = administrator().to_string();
    let keys = [
        jwk.to_string(),
        jwk["n"].as_str().unwrap().into(),
        signer::set(&[&signer]).to_string(),
        String::new(),
    ];
    for key in keys {
        refuses(&watched, &[("HS256", jws::sign(header, &payload, key.as_bytes()))]);
    }
    watched.end();
}

#[test]
fn case_5_headers_that_name_keys() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&[&signer]);
    let own = Signer::new("own", Algorithm::ES256);
    let lure = Neighbour::saying(Says::ok(signer::set(&[&own])));
    let url = Some(lure.url("/keys"));
    let jwk = serde_json::from_value(own.jwk()).unwrap();
    let header = || own.header();
    for (what, header) in [
        ("jku", Header { jku: url.clone(), ..header() }),
        ("x5u", Header { x5u: url, ..header() }),
        ("jwk", Header { jwk: Some(jwk), ..header() }),
        ("kid is a path", Header { kid: Some("../../../etc/passwd".into()), ..header() }),
        ("kid is a URL", Header { kid: Some(lure.url("/keys")), ..header() }),
        ("no kid", Header { kid: None, ..header() }),
    ] {
        refuses(&watched, &[(what, own.sign_with(&header, &administrator()))]);
    }
    let crit = Header { crit: Some(vec!["exp".into()]), ..signer.header() };
    refuses(&watched, &[("crit", signer.sign_with(&crit, &administrator()))]);
    assert!(lure.asked().is_empty(), "nobody was asked");
    watched.end();
}

#[test]
fn case_6_tokens_of_another_kind() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&[&signer]);
    let of_type = |typ: Option<&str>, claims: &Value| {
        signer.sign_with(&Header { typ: typ.map(Into::into), ..signer.header() }, claims)
    };
    for typ in [None, Some("JWT"), Some("at+jwt"), Some("application/at+jwt"), Some("AT+JWT")] {
        watched.server.ask(&list().bearer(&of_type(typ, &claims()))).expect(200);
    }
    let phone = jws::sign(jws::HEADER, &jws::claims("token").to_string(), MY_PHONE.key);
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
        ],
    );
    watched.end();
}

#[test]
fn case_7_a_token_in_the_target() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&[&signer]);
    let token = signer.sign(&administrator());
    let target = crate::server::alpha_list(crate::users::USER, "2fa/oath");
    let request = Request::get(&format!("{target}&access_token={token}"));
    watched.refuses(&bad("in the target", request, 401, "Access Denied"));
    assert!(!watched.place.log().contains(&token));
    watched.end();
}

#[test]
fn case_10_another_realm() {
    let signer = Signer::new("k", Algorithm::ES256);
    let watched = watched(&[&signer]);
    for claims in [administrator(), with("sub", "demo")] {
        let request =
            Request::get("/json/realms/root/users/demo/devices/2fa/oath?_queryFilter=true");
        let request = request.bearer(&signer.sign(&claims));
        watched.refuses(&bad("the parent", request, 403, "User not permitted."));
    }
    watched.end();
}
