//! Cases 27 to 31 and 33: messages of phones that are not as they should be. One answer to all of them, so that nobody learns which users and phones exist;
//! that all of them cost the same is measured (`benches`, refusals).

use serde_json::{Value, json};

use crate::http::Request;
use crate::jws::{HEADER, base64url, claims, refresh, refresh_with, sign};
use crate::place::Place;
use crate::server::REFRESH;
use crate::users::{BJENSENS_PHONE, MY_PHONE, PHONE, Phone};
use crate::watched::{Watched, bad};

const REFUSED: &str = r#"{"code":400,"reason":"Bad Request","message":"Bad request."}"#;
/// The push token of [`PHONE`] as it is stored.
const STORED: &str = r#""deviceId":"token-push-a-1""#;

/// Every message is refused in the same words, and with the token of an administrator as well.
pub(super) fn refuses(watched: &Watched, messages: Vec<(&str, Value)>) {
    for (what, body) in messages {
        let request = Request::post(REFRESH, &body);
        for request in [request.clone(), request.bearer(&watched.administrator)] {
            let answer = watched.refuses(&bad(what, request, 400, "Bad request."));
            assert_eq!(answer.body, REFUSED, "{what}");
        }
    }
}

/// Another phone than it says.
fn pretending(username: &'static str, mechanism_uid: &'static str) -> Value {
    refresh(&Phone { username, mechanism_uid, ..PHONE }, &claims("new-token"))
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

fn with(jwt: &str) -> Value {
    refresh_with(&PHONE, jwt)
}

#[test]
fn case_27_messages_that_the_phone_did_not_sign() {
    let watched = Watched::new();
    let payload = claims("new-token").to_string();
    let good = sign(HEADER, &payload, PHONE.key);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let of_other = base64url(claims("other").to_string());
    refuses(
        &watched,
        vec![
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
            ("another payload", with(&format!("{header}.{of_other}.{signature}"))),
            ("the padding of Base64", with(&format!("{good}="))),
            ("no JWS", with("garbage")),
            ("nothing", with("")),
        ],
    );
    watched.end();
}

#[test]
fn case_28_users_and_phones_that_are_not_there() {
    let watched = Watched::new();
    let other_phone = "7f3b1c52-0c63-4a37-8a52-5d0d63f1a004";
    let other = Phone { mechanism_uid: other_phone, ..BJENSENS_PHONE };
    let upper_case = "7F3B1C52-0C63-4A37-8A52-5D0D63F1A001";
    refuses(
        &watched,
        vec![
            ("an unknown user", pretending("nobody", PHONE.mechanism_uid)),
            (
                "an unknown phone",
                pretending(PHONE.username, "7f3b1c52-0c63-4a37-8a52-5d0d63f1afff"),
            ),
            ("another user's phone", pretending(PHONE.username, MY_PHONE.mechanism_uid)),
            ("a phone of another user", pretending(MY_PHONE.username, PHONE.mechanism_uid)),
            ("a phone in upper case", pretending(PHONE.username, upper_case)),
            ("a wildcard", pretending("*", PHONE.mechanism_uid)),
            ("the user's other phone", refresh(&other, &claims("new-token"))),
        ],
    );
    // A good message of a good phone, in the wrong realm.
    let elsewhere = REFRESH.replace("/realms/alpha", "");
    let request = Request::post(&elsewhere, &refresh(&PHONE, &claims("new-token")));
    assert_eq!(watched.refuses(&bad("another realm", request, 400, "Bad request.")).body, REFUSED);
    watched.end();
}

#[test]
fn case_29_a_body_and_a_token_of_different_phones() {
    let watched = Watched::new();
    refuses(
        &watched,
        vec![
            ("the token speaks for another", claiming("mechanismUid", MY_PHONE.mechanism_uid)),
            ("the body speaks for another", saying("mechanismUid", MY_PHONE.mechanism_uid)),
        ],
    );
    watched.end();
}

/// The token stays the newer one; once more the current message is accepted, and changes nothing.
#[test]
fn case_30_a_message_again_after_a_newer_one() {
    for place in Place::with_users_on_each() {
        let watched = Watched::on(place);
        let messages: Vec<Value> =
            (0..10).map(|number| refresh(&PHONE, &claims(&format!("token-{number}")))).collect();
        let send = |message| watched.server.ask(&Request::post(REFRESH, message));
        for message in &messages[..9] {
            assert_eq!(send(message).expect(200).body, "{}");
        }
        let lists = || watched.server.snapshot(&watched.administrator, &watched.top);
        let before = lists();
        assert_eq!(send(&messages[8]).expect(200).body, "{}");
        for superseded in &messages[..8] {
            assert_eq!(send(superseded).expect(400).body, REFUSED);
            assert_eq!(lists(), before);
        }
        let refreshed = watched.stop();
        let export = refreshed.export();
        assert!(export.contains(r#""deviceId":"token-8""#) && !export.contains(STORED));

        let server = refreshed.serve(&[("DEVREG_REFRESH__ON_RETIRED", "accept")]);
        server.ask(&Request::post(REFRESH, &messages[3])).expect(200);
        server.stop();
        assert!(refreshed.export().contains(r#""deviceId":"token-3""#));
    }
}

#[test]
fn case_31_claims_that_are_none_and_claims_that_are_not_read() {
    let watched = Watched::new();
    let twice =
        r#"{"deviceId":"a","deviceId":"b","deviceType":"android","communicationType":"gcm"}"#;
    refuses(
        &watched,
        vec![
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
            ("a claim twice", with(&sign(HEADER, twice, PHONE.key))),
            ("no username", not_saying("username")),
            ("a blank username", saying("username", " ")),
            ("a control character in the username", saying("username", "a\u{0}b")),
            ("no string for a username", saying("username", 1)),
            ("no mechanism", not_saying("mechanismUid")),
            ("no string for a mechanism", saying("mechanismUid", json!([PHONE.mechanism_uid]))),
            ("no token", not_saying("jwt")),
            ("no string for a token", saying("jwt", json!({}))),
        ],
    );
    let mut claims = claims("new-token");
    for (name, value) in [
        ("sharedSecret", "c3RvbGVu"),
        ("username", MY_PHONE.username),
        ("uuid", "other"),
        ("recoveryCodes", "mine"),
        ("deviceMechanismUID", MY_PHONE.mechanism_uid),
        ("communicationId", "arn:other"),
    ] {
        claims[name] = value.into();
    }
    let accepted = Request::post(REFRESH, &refresh(&PHONE, &claims));
    assert_eq!(watched.server.ask(&accepted).expect(200).body, "{}");
    ends_refreshed(watched, "new-token");
}

/// Stops the server. The phone's push token has become `push_token`, its message is remembered, and nothing else has changed.
pub(super) fn ends_refreshed(watched: Watched, push_token: &str) {
    let expected = watched.stored.replacen(STORED, &format!(r#""deviceId":"{push_token}""#), 1);
    let export = watched.stop().export();
    let (before, memory) = export.split_once(r#","_refreshes":{"#).unwrap();
    let (_, after) = memory.split_once('}').unwrap();
    assert_eq!(format!("{before}{after}"), expected);
}

#[test]
fn case_33_another_algorithm_than_the_one() {
    let watched = Watched::new();
    let payload = claims("new-token").to_string();
    let headed = |header: &str| with(&sign(header, &payload, PHONE.key));
    let mut messages: Vec<(&str, Value)> =
        ["none", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256", ""]
            .map(|alg| (alg, headed(&format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#))))
            .into();
    let unsigned = format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(&payload));
    messages.extend([
        ("none, and no signature", with(&unsigned)),
        ("no algorithm", headed(r#"{"typ":"JWT"}"#)),
        ("critical", headed(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#)),
    ]);
    refuses(&watched, messages);
    watched.end();
}
