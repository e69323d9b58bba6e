//! `devreg token`.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::Request;
use crate::place::{Place, last_line};
use crate::server::alpha_list;
use crate::users::USER;

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn times_to_live() {
    let place = Place::empty();
    let token =
        |ttl: &[&str]| place.run(&[&["token", "--realm", "/alpha", "--admin"], ttl].concat());
    for (ttl, seconds) in [
        (&[][..], 3600),
        (&["--ttl", "90s"], 90),
        (&["--ttl", "15m"], 900),
        (&["--ttl", "12h"], 43_200),
    ] {
        let claims = claims(&last_line(&token(ttl).done()));
        let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert_eq!(life, seconds, "{ttl:?}");
    }
    for ttl in ["", "0s", "1d", "90", "-1h", "1.5h", "1h30m", "99999999999999999999h"] {
        token(&[&format!("--ttl={ttl}")]).assert_failed(2, "--ttl");
    }
}

#[test]
fn usage() {
    let place = Place::empty();
    for arguments in [
        &["token", "--realm", "/alpha"][..],
        &["token", "--admin"],
        &["token", "--realm", "/alpha", "--admin", "--user", "x"],
    ] {
        place.run(arguments).assert_failed(2, "--");
    }
    place.run(&["token", "--realm", "alpha", "--admin"]).assert_failed(2, "--realm");
    place.run(&["token", "--realm", "/alpha", "--user", " "]).assert_failed(2, "--user");
}

/// A key is made at the first need, and kept from others.
#[test]
fn the_key() {
    let place = Place::empty();
    let first = place.administrator("/alpha");
    let mode =
        |name: &str| std::fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/signing-key")), (0o700, 0o600));
    let server = place.serve(&[]);
    let list = |token: &str| server.ask(&Request::get(&alpha_list(USER, "2fa/oath")).bearer(token));
    list(&first).expect(200);
    // Made beside the running server.
    list(&place.administrator("/alpha")).expect(200);
    list(&place.user("/alpha", USER)).expect(200);
    // Of another data folder.
    list(&Place::empty().administrator("/alpha")).expect_error(401, "Access Denied");
    server.stop();
    std::fs::write(place.path("data/signing-key"), b"short").unwrap();
    place.run(&["token", "--realm", "/alpha", "--admin"]).assert_failed(1, "is not a signing key");
}

#[test]
fn what_it_says() {
    let place = Place::empty();
    let arguments = ["token", "--realm", "/alpha", "--user", "bjensen", "--amr", "oath,push"];
    let claims = claims(&last_line(&place.run(&arguments).done()));
    assert_eq!(
        (&claims["sub"], &claims["realm"], &claims["amr"]),
        (&json!("bjensen"), &json!("/alpha"), &json!(["oath", "push"]))
    );
    assert_eq!(claims.get("scope"), None);
}
