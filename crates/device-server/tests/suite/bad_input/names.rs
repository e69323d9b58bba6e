//! Device names that are none, and the members of a rename that are not read.

use serde_json::{Value, json};

use super::{Watched, bad};
use crate::http::Request;
use crate::place::Place;
use crate::server::alpha;
use crate::users::{DEVICE, USER};

#[test]
fn names() {
    let watched = Watched::new();
    let put = |rest: &str, body: &str| {
        Request::new("PUT", &alpha(USER, rest)).json(body).bearer(&watched.administrator)
    };
    let webauthn = format!("2fa/webauthn/{DEVICE}");
    let mut table = Vec::new();
    let mut refuse = |what: &str, name: Value, message: &'static str| {
        let body = json!({"deviceName": name, "alias": name}).to_string();
        for rest in [&webauthn, &format!("2fa/binding/{DEVICE}")] {
            table.push(bad(format!("{what} in {rest}"), put(rest, &body), 400, message));
        }
        table.push(bad(
            format!("{what} in profile"),
            put("profile/profile-1", &body),
            400,
            message.trim_start_matches("`deviceName` "),
        ));
    };
    for blank in ["", " ", "\t", "\u{a0}\u{3000}"] {
        refuse("blank", blank.into(), "`deviceName` must not be blank");
    }
    for long in ["x".repeat(256), "\u{1f511}".repeat(256), "x".repeat(20_000)] {
        refuse("too long", long.into(), "`deviceName` must not be longer than 255 characters");
    }
    for control in ["\0", "\n", "\r\n", "\t", "\u{1b}[2J", "\u{7f}", "\u{85}", "\u{9f}"] {
        refuse(
            "a control character",
            format!("a{control}b").into(),
            "`deviceName` must not contain control characters",
        );
    }
    for bidirectional in ["\u{202a}", "\u{202d}", "\u{202e}", "\u{2066}", "\u{2069}"] {
        refuse(
            "an override",
            format!("a{bidirectional}b").into(),
            "`deviceName` must not contain characters that override",
        );
    }
    for other in [Value::Null, true.into(), 1.into(), json!([]), json!({"deviceName": "x"})] {
        refuse("no string", other, "`deviceName` must be a string");
    }
    // The profile's name is its alias, and the others' is not.
    table.push(bad(
        "missing",
        put(&webauthn, r#"{"alias":"x","devicename":"x"}"#),
        400,
        "`deviceName` is missing",
    ));
    table.push(bad(
        "missing",
        put("profile/profile-1", r#"{"deviceName":"x"}"#),
        400,
        "`alias` is missing",
    ));
    for surrogate in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud83d x"] {
        let body = format!(r#"{{"deviceName":"a{surrogate}b"}}"#);
        table.push(bad("a lone surrogate", put(&webauthn, &body), 400, ""));
    }
    watched.refuses_all(&table);
    watched.end();
}

#[test]
fn names_that_are_kept_as_given() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    let longest = "\u{1f511}".repeat(255);
    for name in [
        "Work Laptop",
        " leading and trailing ",
        "Büro \u{1f511} مفتاح",
        "\"quoted\" \\ </script>",
        &longest,
        "New Security Key",
    ] {
        let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
        let answer = server
            .ask(&Request::put(&target, &json!({"deviceName": name})).bearer(&token))
            .expect(200);
        assert_eq!(answer.json()["deviceName"], name);
        let list = server.list(&token, USER, "2fa/webauthn").json();
        assert_eq!(list["result"][0]["deviceName"], name);
    }
    // Both devices may have the same name.
    let binding = alpha(USER, &format!("2fa/binding/{DEVICE}"));
    server
        .ask(&Request::put(&binding, &json!({"deviceName": "New Security Key"})).bearer(&token))
        .expect(200);
}

/// Clients send the whole device back, and junk with it: only the name is taken.
#[test]
fn other_members_are_not_read() {
    let place = Place::with_users();
    let before = place.export();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let junk = json!({
        "_id": "other", "_rev": "1", "uuid": "other", "credentialId": "other", "key": null, "signCount": 99, "recoveryCodes": ["mine"],
        "createdDate": 1.5, "lastAccessDate": "never", "sharedSecret": "mine", "type": "a.b.C", "urlSuffix": "x", "location": null,
        "deviceManagementStatus": "yes", "alias": "other", "deviceName": "Renamed"
    });
    let answer = server.ask(&Request::put(&target, &junk).bearer(&token)).expect(200).json();
    assert_eq!((&answer["_id"], &answer["deviceName"]), (&json!(DEVICE), &json!("Renamed")));
    server.stop();
    let (others, from_user) = before.split_at(before.find(USER).unwrap());
    let renamed = from_user.replacen("New Security Key", "Renamed", 1);
    assert_eq!(place.export(), format!("{others}{renamed}"));
}
