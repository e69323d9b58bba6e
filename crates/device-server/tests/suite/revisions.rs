//! `_rev`, `ETag` and `If-Match`.

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::place::Place;
use crate::server::{Server, alpha};
use crate::users::{BJENSEN_ID, DEVICE, MY_USER, OATH, USER};

/// The value of a quoted `ETag`.
fn etag(answer: &Answer) -> String {
    let etag = answer.header("etag").unwrap_or_else(|| panic!("{answer:?}"));
    let bare = etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"'));
    let bare = bare.unwrap_or_else(|| panic!("{answer:?}"));
    assert!(!bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()), "{answer:?}");
    bare.to_owned()
}

/// The `_rev` of a single answer, which is its `ETag` too.
fn revision(answer: &Answer) -> String {
    let revision = etag(answer);
    assert_eq!(answer.json()["_rev"], *revision);
    revision
}

pub(crate) fn revision_in_list(list: &Answer, id: &str) -> Option<String> {
    let list = list.json();
    let entry = list["result"].as_array().unwrap().iter().find(|entry| entry["_id"] == id)?;
    Some(entry["_rev"].as_str().unwrap().to_owned())
}

pub(crate) fn rename(id: &str, name: &str, token: &str) -> Request {
    let target = alpha(USER, &format!("2fa/webauthn/{id}"));
    Request::put(&target, &json!({"deviceName": name})).bearer(token)
}

pub(crate) fn delete(id: &str, token: &str) -> Request {
    Request::delete(&alpha(USER, &format!("2fa/webauthn/{id}"))).bearer(token)
}

pub(crate) fn reset(kind: &str, token: &str) -> Request {
    Request::post(&alpha(USER, &format!("2fa/{kind}?_action=reset")), &json!({})).bearer(token)
}

pub(crate) fn enrol(server: &Server, id: &str, token: &str) -> Answer {
    let profile: Value = json!({"uuid": id, "credentialId": format!("credential-{id}"), "algorithm": "SHA256withECDSA"});
    let target = alpha(USER, "2fa/webauthn?_action=create");
    server.ask(&Request::post(&target, &profile).bearer(token)).expect(201)
}

#[test]
fn every_answer_shows_the_same() {
    for place in Place::with_users_on_each() {
        let server = place.serve(&[]);
        let token = place.administrator("/alpha");
        let list = || server.list(&token, USER, "2fa/webauthn");
        let read = |id: &str| {
            revision(
                &server
                    .ask(&Request::get(&alpha(USER, &format!("2fa/webauthn/{id}"))).bearer(&token))
                    .expect(200),
            )
        };
        let enrolled = revision(&enrol(&server, "second", &token));
        assert_eq!(revision_in_list(&list(), "second"), Some(enrolled.clone()));
        let first = read(DEVICE);
        assert_eq!(revision_in_list(&list(), DEVICE), Some(first.clone()));
        assert_eq!(etag(&list()), enrolled, "the list's is that of the last change");

        let renamed = revision(&server.ask(&rename(DEVICE, "Work Laptop", &token)).expect(200));
        assert_ne!(renamed, first);
        assert_eq!(read(DEVICE), renamed);
        assert_eq!(revision_in_list(&list(), DEVICE), Some(renamed.clone()));
        assert_eq!(read("second"), enrolled, "the other device's stays");
        assert_eq!(etag(&list()), renamed);

        let again = revision(&server.ask(&rename(DEVICE, "Work Laptop", &token)).expect(200));
        assert_eq!(again, renamed, "the same name is no change");

        let deleted = revision(&server.ask(&delete(DEVICE, &token)).expect(200));
        assert_eq!(deleted, renamed, "the deleted device's last");
        assert_ne!(etag(&list()), renamed, "the list has changed");

        // Not even a device of the same id, after a restart, gets an old one.
        server.stop();
        let server = place.serve(&[]);
        let created = revision(&enrol(&server, DEVICE, &token));
        assert!(![first, renamed, enrolled].contains(&created));
        // A reader of the credential gets the device as well.
        let by_credential = alpha(USER, &format!("2fa/webauthn/credential-{DEVICE}"));
        let read = server.ask(&Request::get(&by_credential).bearer(&token)).expect(200);
        assert_eq!((revision(&read), &read.json()["_id"]), (created, &json!(DEVICE)));
    }
}

/// A revision lives as long as nothing changes: not answers, not restarts.
#[test]
fn looking_changes_nothing() {
    let place = Place::with_users();
    let token = place.administrator("/alpha");
    let lists = |server: &Server| {
        [USER, MY_USER, BJENSEN_ID].map(|user_id| server.list(&token, user_id, "2fa/push").body)
    };
    let server = place.serve(&[]);
    let first = lists(&server);
    assert_eq!(lists(&server), first);
    server.stop();
    let server = place.serve(&[]);
    assert_eq!(lists(&server), first);
}

#[test]
fn a_condition_that_holds() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    let current = || revision_in_list(&server.list(&token, USER, "2fa/webauthn"), DEVICE).unwrap();
    for (number, quote) in ["", "\""].iter().enumerate() {
        let condition = format!("{quote}{}{quote}", current());
        let rename =
            rename(DEVICE, &format!("name {number}"), &token).header("If-Match", &condition);
        server.ask(&rename).expect(200);
        // It does not hold a second time.
        server.ask(&rename).expect_error(412, DEVICE);
    }
    server.ask(&rename(DEVICE, "any", &token).header("If-Match", "*")).expect(200);
    server.ask(&delete(DEVICE, &token).header("If-Match", &current())).expect(200);

    // Reset takes the `ETag` of the list, as it stands.
    for kind in ["oath", "push"] {
        let list = server.list(&token, USER, &format!("2fa/{kind}"));
        let listed = list.header("etag").unwrap();
        assert_eq!(list.ids().len(), 1);
        let answer = server.ask(&reset(kind, &token).header("If-Match", listed)).expect(200);
        assert_eq!(answer.body, r#"{"result":true}"#);
        server.ask(&reset(kind, &token).header("If-Match", listed)).expect_error(412, kind);
    }
}

#[test]
fn a_condition_can_be_required() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_REQUIRE_IF_MATCH", "true")]);
    let (token, top) = (place.administrator("/alpha"), place.administrator("/"));
    let before = server.snapshot(&token, &top);
    let changes = [rename(DEVICE, "New", &token), delete(DEVICE, &token), reset("oath", &token)];
    for change in &changes {
        server.ask(change).expect_error(428, "`If-Match` is required");
    }
    assert_eq!(server.snapshot(&token, &top), before);
    for change in &changes {
        server.ask(&change.clone().header("If-Match", "*")).expect(200);
    }
    // A use is recorded by a journey, which has no revision in hands.
    assert!(server.list(&token, USER, "2fa/oath").ids().is_empty(), "{OATH}");
    let used = alpha(USER, "profile/profile-1?_action=recordUse");
    server.ask(&Request::post(&used, &json!({"selected": true})).bearer(&token)).expect(200);
}

/// Changes at once: none is lost, and only conditions are refused. Deletions at once are case 26.
#[test]
fn changes_at_once() {
    const CALLERS: usize = 8;
    for place in Place::with_users_on_each() {
        let server = place.serve(&[]);
        let token = place.administrator("/alpha");
        let statuses = |request: &(dyn Fn(usize) -> Request + Sync)| {
            let mut statuses: Vec<u16> = std::thread::scope(|scope| {
                let callers: Vec<_> = (0..CALLERS)
                    .map(|caller| {
                        let server = &server;
                        scope.spawn(move || server.ask(&request(caller)).status)
                    })
                    .collect();
                callers.into_iter().map(|caller| caller.join().unwrap()).collect()
            });
            statuses.sort_unstable();
            statuses
        };
        let one_of = |others: u16| [vec![200], vec![others; CALLERS - 1]].concat();
        let current = revision_in_list(&server.list(&token, USER, "2fa/webauthn"), DEVICE).unwrap();
        let named = |caller: usize| rename(DEVICE, &format!("name {caller}"), &token);
        assert_eq!(statuses(&|caller| named(caller).header("If-Match", &current)), one_of(412));
        assert_eq!(statuses(&named), [200; CALLERS]);
    }
}
