//! Refresh messages that are refused: one answer to all of them, so that nobody learns which users and phones exist.

use serde_json::{Value, json};

use super::{Watched, bad};
use crate::http::Request;
use crate::jws::{HEADER, base64url, claims, refresh, refresh_with, sign};
use crate::server::REFRESH;
use crate::users::{BJENSENS_PHONE, MY_PHONE, PHONE, Phone};

const REFUSED: &str = r#"{"code":400,"reason":"Bad Request","message":"Bad request."}"#;

/// Another phone than it says.
fn pretending(username: &'static str, mechanism_uid: &'static str) -> Phone {
    Phone { username, mechanism_uid, ..PHONE }
}

/// A good message with one claim set.
fn claiming(claim: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims("new-token");
    claims[claim] = value.into();
    refresh(&PHONE, &claims)
}

fn not_claiming(claim: &str) -> Value {
    let mut claims = claims("new-token");
    claims.as_object_mut().unwrap().remove(claim);
    refresh(&PHONE, &claims)
}

/// A good message with one member of the body set.
fn saying(member: &str, value: impl Into<Value>) -> Value {
    let mut body = refresh(&PHONE, &claims("new-token"));
    body[member] = value.into();
    body
}

fn not_saying(member: &str) -> Value {
    let mut body = refresh(&PHONE, &claims("new-token"));
    body.as_object_mut().unwrap().remove(member);
    body
}

fn messages() -> Vec<(&'static str, Value)> {
    let payload = claims("new-token").to_string();
    let good = sign(HEADER, &payload, PHONE.key);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let algorithm = |alg: &str| {
        refresh_with(
            &PHONE,
            &sign(&format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#), &payload, PHONE.key),
        )
    };
    let with = |jwt: &str| refresh_with(&PHONE, jwt);
    vec![
        // The signature.
        ("another phone's key", with(&sign(HEADER, &payload, MY_PHONE.key))),
        ("an empty key", with(&sign(HEADER, &payload, b""))),
        ("nobody's key", with(&sign(HEADER, &payload, &[0; 32]))),
        (
            "the key in its Base64 form",
            with(&sign(HEADER, &payload, b"Y2FuYXJ5LWtleS1wdXNoLWEtLS0tLS0tLS0tLS0tLS0=")),
        ),
        ("a cut signature", with(&good[..good.len() - 4])),
        ("no signature", with(&format!("{signed}."))),
        ("two parts", with(signed)),
        (
            "another payload",
            with(&format!("{header}.{}.{signature}", base64url(claims("other").to_string()))),
        ),
        ("the padding of Base64", with(&format!("{good}="))),
        ("no JWS", with("garbage")),
        ("nothing", with("")),
        // The algorithm.
        ("none", with(&format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(&payload)))),
        ("none with a signature", algorithm("none")),
        ("HS384", algorithm("HS384")),
        ("HS512", algorithm("HS512")),
        ("RS256", algorithm("RS256")),
        ("hs256", algorithm("hs256")),
        (
            "critical",
            with(&sign(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, &payload, PHONE.key)),
        ),
        // The user and the phone.
        (
            "an unknown user",
            refresh(&pretending("nobody", PHONE.mechanism_uid), &claims("new-token")),
        ),
        (
            "an unknown phone",
            refresh(
                &pretending(PHONE.username, "7f3b1c52-0c63-4a37-8a52-5d0d63f1afff"),
                &claims("new-token"),
            ),
        ),
        (
            "another user's phone",
            refresh(&pretending(PHONE.username, MY_PHONE.mechanism_uid), &claims("new-token")),
        ),
        (
            "a phone of another user",
            refresh(&pretending(MY_PHONE.username, PHONE.mechanism_uid), &claims("new-token")),
        ),
        (
            "a phone in upper case",
            refresh(
                &pretending(PHONE.username, "7F3B1C52-0C63-4A37-8A52-5D0D63F1A001"),
                &claims("new-token"),
            ),
        ),
        ("a wildcard", refresh(&pretending("*", PHONE.mechanism_uid), &claims("new-token"))),
        (
            "the user's other phone's key",
            refresh(
                &Phone { mechanism_uid: "7F3B1C52-0C63-4A37-8A52-5D0D63F1A004", ..BJENSENS_PHONE },
                &claims("new-token"),
            ),
        ),
        ("the token speaks for another", claiming("mechanismUid", MY_PHONE.mechanism_uid)),
        // The body.
        ("no username", not_saying("username")),
        ("a blank username", saying("username", " ")),
        ("a control character in the username", saying("username", "a\u{0}b")),
        ("no string for a username", saying("username", 1)),
        ("no mechanism", not_saying("mechanismUid")),
        ("no string for a mechanism", saying("mechanismUid", json!([PHONE.mechanism_uid]))),
        ("no token", not_saying("jwt")),
        ("no string for a token", saying("jwt", json!({}))),
        // The claims.
        ("no device id", not_claiming("deviceId")),
        ("a blank device id", claiming("deviceId", " ")),
        ("an empty device id", claiming("deviceId", "")),
        ("10,000 characters", claiming("deviceId", "x".repeat(10_000))),
        ("4,097 characters", claiming("deviceId", "x".repeat(4_097))),
        ("a control character", claiming("deviceId", "a\nb")),
        ("no string for a device id", claiming("deviceId", 1)),
        ("no type", not_claiming("deviceType")),
        ("a long type", claiming("deviceType", "x".repeat(65))),
        ("no communication type", not_claiming("communicationType")),
        ("null for a type", claiming("communicationType", Value::Null)),
        ("a blank name", claiming("deviceName", " ")),
        ("a long name", claiming("deviceName", "x".repeat(256))),
        ("an override in the name", claiming("deviceName", "a\u{202e}b")),
        ("a time before all times", claiming("iat", -1)),
        ("no number for a time", claiming("iat", "1750000000")),
        ("claims that are none", with(&sign(HEADER, "[]", PHONE.key))),
        ("claims that are no JSON", with(&sign(HEADER, "garbage", PHONE.key))),
        (
            "a claim twice",
            with(&sign(
                HEADER,
                r#"{"deviceId":"a","deviceId":"b","deviceType":"android","communicationType":"gcm"}"#,
                PHONE.key,
            )),
        ),
    ]
}

#[test]
fn one_answer_to_all() {
    let watched = Watched::new();
    for (what, body) in messages() {
        let answer =
            watched.refuses(&bad(what, Request::post(REFRESH, &body), 400, "Bad request."));
        assert_eq!(answer.body, REFUSED, "{what}");
    }
    let raw: [&[u8]; 8] =
        [b"", b"{", b"[]", b"null", b"\"x\"", b"{}{}", b"\xff\xfe{\0}\0", &[b'['; 20_000]];
    for body in raw {
        let request = Request::new("POST", REFRESH).json(body);
        assert_eq!(watched.refuses(&bad("no body", request, 400, "Bad request.")).body, REFUSED);
    }
    // A good message of a good phone, in the wrong realm.
    let elsewhere = REFRESH.replace("/realms/alpha", "");
    let request = Request::post(&elsewhere, &refresh(&PHONE, &claims("new-token")));
    assert_eq!(watched.refuses(&bad("another realm", request, 400, "Bad request.")).body, REFUSED);
    watched.end();
}

/// A token does not help a message, and a key that is too short is no key.
#[test]
fn no_way_around_the_signature() {
    let watched = Watched::new();
    let body = refresh_with(&PHONE, &sign(HEADER, &claims("new-token").to_string(), b"guessed"));
    let request = Request::post(REFRESH, &body).bearer(&watched.administrator);
    watched.refuses(&bad("an administrator", request, 400, "Bad request."));
    watched.end();

    let short =
        crate::users::LINES.replace("Y2FuYXJ5LWtleS1wdXNoLWEtLS0tLS0tLS0tLS0tLS0=", "c2hvcnQta2V5");
    assert_ne!(short, crate::users::LINES);
    let place = crate::place::Place::empty();
    place.run_on(&short, &["import", "-"]).done();
    let watched = Watched::on(place);
    let body = refresh_with(&PHONE, &sign(HEADER, &claims("new-token").to_string(), b"short-key"));
    watched.refuses(&bad("a short key", Request::post(REFRESH, &body), 400, "Bad request."));
    watched.end();
}
