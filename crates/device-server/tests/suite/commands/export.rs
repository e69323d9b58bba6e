//! `devreg export`: what it shows, what it hides, and that it restores everything.

use std::os::unix::fs::PermissionsExt as _;

use device_server::stores::STORE_DEFAULT;
use serde_json::{Value, json};

use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::place::Place;
use crate::server::{REFRESH, alpha};
use crate::users::{CANARIES, LINES, PHONE, SCARTER, USER};

#[test]
fn without_secrets() {
    let place = Place::with_users();
    let ended = place.run(&["export"]);
    assert_eq!(ended.stderr, "exported 5 users\n");
    let export = ended.done();
    for canary in CANARIES {
        assert!(!export.contains(canary), "{canary}");
        assert!(place.export().contains(canary), "{canary}");
    }
    for line in export.lines() {
        let user: Value = serde_json::from_str(line).unwrap();
        for device in user["devices"]["oath"].as_array().unwrap() {
            assert_eq!(
                (&device["sharedSecret"], &device["recoveryCodes"]),
                (&json!(""), &json!([]))
            );
        }
    }
}

#[test]
fn with_secrets_it_is_the_input_in_key_order() {
    let place = Place::with_users();
    let mut lines: Vec<&str> = LINES.lines().collect();
    // Realm, then folded username.
    lines.sort_by_key(|line| {
        let user: Value = serde_json::from_str(line).unwrap();
        (user["realm"].to_string(), user["username"].as_str().unwrap().to_lowercase())
    });
    assert_eq!(place.export(), lines.join("\n") + "\n");
}

#[test]
fn with_secrets_it_restores_everything() {
    for (from, to) in [("sled", "journal"), ("journal", "sled"), (STORE_DEFAULT, STORE_DEFAULT)] {
        let place = Place::on(from).and_users();
        let elsewhere = Place::on(to);
        elsewhere.run_on(&place.export(), &["import", "-"]).done();
        assert_restored(&place, &elsewhere);
    }
}

fn assert_restored(place: &Place, elsewhere: &Place) {
    assert_eq!(elsewhere.export(), place.export());
    // The API shows the same, `_rev` aside.
    let lists = |place: &Place| {
        let server = place.serve(&[]);
        let snapshot = server.snapshot(&place.administrator("/alpha"), &place.administrator("/"));
        let without_revisions = |body: String| {
            let mut list: Value = serde_json::from_str(&body).unwrap();
            for entry in list["result"].as_array_mut().unwrap() {
                entry["_rev"] = Value::Null;
            }
            list
        };
        snapshot.into_iter().map(|(_, body)| without_revisions(body)).collect::<Vec<_>>()
    };
    assert_eq!(lists(elsewhere), lists(place));
}

/// Otherwise a restored store would take an old message again, and an old token with it.
#[test]
fn superseded_messages_are_remembered() {
    let message = |token: &str| Request::post(REFRESH, &refresh(&PHONE, &claims(token)));
    let place = Place::with_users();
    let server = place.serve(&[]);
    for token in ["token-2", "token-3", "token-4"] {
        server.ask(&message(token)).expect(200);
    }
    server.stop();
    let export = place.export();
    let elsewhere = Place::empty();
    elsewhere.run_on(&export, &["import", "-"]).done();
    assert_eq!(elsewhere.export(), export);

    let server = elsewhere.serve(&[]);
    for superseded in ["token-2", "token-3"] {
        server.ask(&message(superseded)).expect_error(400, "Bad request.");
    }
    server.ask(&message("token-4")).expect(200);
    server.stop();
    assert_eq!(elsewhere.export(), export);
    let server = elsewhere.serve(&[]);
    server.ask(&message("token-5")).expect(200);
    server.ask(&message("token-4")).expect_error(400, "Bad request.");
    // No answer shows what is remembered, and no export without secrets.
    let token = elsewhere.administrator("/alpha");
    let deleted = server.ask(
        &Request::delete(&alpha(USER, &format!("2fa/push/{}", crate::users::PUSH))).bearer(&token),
    );
    let shown: Vec<String> =
        deleted.expect(200).json().as_object().unwrap().keys().cloned().collect();
    let documented = [
        "_id",
        "_rev",
        "communicationId",
        "communicationType",
        "createdDate",
        "deviceId",
        "deviceMechanismUID",
        "deviceName",
        "deviceType",
        "issuer",
        "lastAccessDate",
        "recoveryCodes",
        "sharedSecret",
        "uuid",
    ];
    assert_eq!(shown, documented);
    server.stop();
    let digest = export.split_once("\"retired\":[\"").unwrap().1.split_once('"').unwrap().0;
    assert!(!place.run(&["export"]).done().contains(digest));
}

#[test]
fn of_one_realm() {
    let place = Place::with_users();
    let export = place.export();
    for (realm, users) in [("/", 1), ("/alpha", 4), ("/bravo", 0)] {
        let part = place.run(&["export", "--secrets", "--realm", realm]).done();
        let expected =
            export.lines().filter(|line| line.contains(&format!("\"realm\":\"{realm}\",")));
        let expected: String = expected.map(|line| format!("{line}\n")).collect();
        assert_eq!((part.lines().count(), part), (users, expected));
    }
    place.run(&["export", "--realm", "alpha"]).assert_failed(2, "alpha");
}

#[test]
fn to_a_file_of_its_owner_only() {
    let place = Place::with_users();
    assert_eq!(place.run(&["export", "--secrets", "backup.jsonl"]).done(), "");
    let file = place.path("backup.jsonl");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(file).unwrap(), place.export());
    assert_eq!(place.run(&["export", "--secrets", "-"]).done(), place.export());
}

/// Who has nothing left is not told of; who only made a choice is.
#[test]
fn of_users_without_devices() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let post = |user_id: &str, action: &str, body| {
        let target = alpha(user_id, &format!("2fa/oath?_action={action}"));
        server.ask(&Request::post(&target, &body).bearer(&token)).expect(200);
    };
    post(SCARTER, "reset", json!({}));
    post("newcomer", "skip", json!({"value": true}));
    server.stop();
    let export = place.export();
    assert!(!export.contains(SCARTER), "{export}");
    let expected = r#"{"realm":"/alpha","username":"newcomer","skip":{"oath":"skippable"},"devices":{"oath":[],"push":[],"webauthn":[],"binding":[],"profile":[],"trusted":[]}}"#;
    assert!(export.lines().any(|line| line == expected), "{export}");
}
