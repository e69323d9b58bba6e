//! Cases 35, 36 and 44: what answers show, and what not.

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::place::Place;
use crate::server::{Server, alpha, alpha_list};
use crate::users::{CANARIES, COLLECTIONS, LINES, OATH, USER};
use crate::watched::Watched;

/// What a list shows of a device of each collection, besides `_id` and `_rev`.
const LISTED: [(&str, &[&str]); 6] = [
    (
        "2fa/oath",
        &["createdDate", "deviceManagementStatus", "deviceName", "lastAccessDate", "uuid"],
    ),
    (
        "2fa/push",
        &["createdDate", "deviceManagementStatus", "deviceName", "lastAccessDate", "uuid"],
    ),
    (
        "2fa/webauthn",
        &[
            "createdDate",
            "credentialId",
            "deviceManagementStatus",
            "deviceName",
            "lastAccessDate",
            "uuid",
        ],
    ),
    (
        "2fa/binding",
        &[
            "createdDate",
            "deviceId",
            "deviceManagementStatus",
            "deviceName",
            "lastAccessDate",
            "uuid",
        ],
    ),
    (
        "profile",
        &["alias", "identifier", "lastSelectedDate", "location", "metadata", "recoveryCodes"],
    ),
    ("trusted", &["devicePrint", "lastSelectedDate", "name", "selectionCounter", "uuid"]),
];

fn members(value: &Value) -> Vec<&str> {
    let mut members: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    members.retain(|member| !["_id", "_rev"].contains(member));
    members.sort_unstable();
    members
}

/// Fails if anything stands there that nobody should see.
fn assert_shows_no_secret(answer: &Answer) {
    assert_shows_none_of(&CANARIES, answer);
    assert_shows_none_of(&["token-push"], answer);
}

fn assert_shows_none_of(secrets: &[&str], answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    for secret in secrets {
        assert!(!answer.body.contains(secret), "{secret}: {answer:?}");
    }
}

/// A profile shows its recovery codes, as in AM: a list of none, or of what hides them.
#[test]
fn case_35_what_a_list_shows() {
    let none = r#""alias":"Pixel 8","recoveryCodes":[]"#;
    let lines = LINES.replace(none, &none.replace("[]", r#"["canary-code-profile"]"#));
    assert_ne!(lines, LINES);
    let place = Place::empty();
    place.run_on(&lines, &["import", "-"]).done();
    let watched = Watched::on(place);
    for token in [watched.administrator.clone(), watched.place.user("/alpha", USER)] {
        for (collection, listed) in LISTED {
            let list = watched.server.list(&token, USER, collection);
            assert_shows_no_secret(&list);
            let entries = list.json()["result"].as_array().unwrap().clone();
            assert!(!entries.is_empty(), "{collection}");
            for entry in &entries {
                assert_eq!(members(entry), listed, "{collection}");
            }
        }
    }
    watched.end();
}

/// The members stay, so that typed clients can read it. What is deleted is gone, and nothing else.
#[test]
fn case_36_what_changes_show() {
    let watched = Watched::new();
    let token = watched.place.user("/alpha", USER);
    let ids =
        |server: &Server| COLLECTIONS.map(|collection| server.list(&token, USER, collection).ids());
    let mut expected = ids(&watched.server);
    for (number, collection) in COLLECTIONS.into_iter().enumerate() {
        for id in expected[number].clone() {
            let target = alpha(USER, &format!("{collection}/{id}"));
            let read = watched.server.ask(&Request::get(&target).bearer(&token)).expect(200);
            assert_shows_no_secret(&read);
            let name = json!({"deviceName": "Renamed", "alias": "Renamed", "name": "Renamed"});
            let renamed = watched.server.ask(&Request::put(&target, &name).bearer(&token));
            let may_rename = ["2fa/webauthn", "2fa/binding", "profile"].contains(&collection);
            assert_eq!(renamed.status, if may_rename { 200 } else { 501 });
            let deleted = watched.server.ask(&Request::delete(&target).bearer(&token)).expect(200);
            expected[number].retain(|other| *other != id);
            assert_eq!(ids(&watched.server), expected, "{target}");
            let profile = deleted.json();
            assert_eq!(profile["_id"], id);
            if may_rename {
                assert_eq!(renamed.json(), profile, "the last there was of it");
            }
            // A push profile has the phone's token, as documented; a list never shows it.
            assert_shows_none_of(&CANARIES, &deleted);
            if id == OATH {
                let codes = json!(["***", "***", "***"]);
                assert_eq!(
                    (&profile["sharedSecret"], &profile["counter"]),
                    (&json!(""), &json!(3))
                );
                assert_eq!(profile["recoveryCodes"], codes);
            }
        }
    }
    for kind in ["oath", "push"] {
        for (action, shown) in [("check", json!({"result": false})), ("skip", json!({}))] {
            let target = alpha(USER, &format!("2fa/{kind}?_action={action}"));
            let post = Request::post(&target, &json!({"value": true})).bearer(&token);
            assert_eq!(watched.server.ask(&post).expect(200).json(), shown);
        }
    }
}

#[test]
fn case_44_head() {
    let watched = Watched::new();
    let token = &watched.administrator;
    for collection in COLLECTIONS {
        let target = alpha_list(USER, collection);
        let get = watched.server.ask(&Request::get(&target).bearer(token)).expect(200);
        let head = watched.server.ask(&Request::new("HEAD", &target).bearer(token)).expect(200);
        assert_eq!(head.body, "");
        for name in ["etag", "content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{name}");
        }
        let nobody = watched.server.ask(&Request::new("HEAD", &target)).expect(401);
        assert_eq!(nobody.body, "");
    }
    watched.end();
}
