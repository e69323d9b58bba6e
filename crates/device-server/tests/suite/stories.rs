//! What people come here for: lost phones, used-up codes, counters out of step, users that leave, limits. Over HTTP, end to end.

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::place::Place;
use crate::server::{Server, alpha};
use crate::users::{BJENSEN, BJENSEN_ID, COLLECTIONS, MY_USER, OATH, SCARTER, USER};

/// A user of whom nothing is stored.
const NEW_USER: &str = "newcomer";

fn profile(uuid: &str, codes: &[&str]) -> Value {
    json!({
        "uuid": uuid, "recoveryCodes": codes, "sharedSecret": "CA4A27AA00000000000000000000000000000001",
        "deviceName": "OATH Device", "lastLogin": 0, "counter": 0, "checksumDigit": false, "truncationOffset": 0,
        "clockDriftSeconds": 0
    })
}

fn enrol(user_id: &str, query: &str, profile: &Value, token: &str) -> Request {
    let target = alpha(user_id, &format!("2fa/oath?_action=create{query}"));
    Request::post(&target, profile).bearer(token)
}

fn record_use(user_id: &str, id: &str, used: &Value, token: &str) -> Request {
    Request::post(&alpha(user_id, &format!("2fa/oath/{id}?_action=recordUse")), used).bearer(token)
}

fn use_code(user_id: &str, id: &str, code: &str, token: &str) -> Request {
    record_use(user_id, id, &json!({"recoveryCode": code}), token)
}

fn reset(user_id: &str, token: &str) -> Request {
    Request::post(&alpha(user_id, "2fa/oath?_action=reset"), &json!({})).bearer(token)
}

fn check(server: &Server, user_id: &str, token: &str) -> bool {
    let request =
        Request::post(&alpha(user_id, "2fa/oath?_action=check"), &json!({})).bearer(token);
    server.ask(&request).expect(200).json()["result"].as_bool().unwrap()
}

fn codes(answer: &Answer) -> usize {
    answer.json()["recoveryCodes"].as_array().unwrap().len()
}

/// The interchange line of a user.
fn line(place: &Place, username: &str) -> Option<Value> {
    let export = place.export();
    let mut lines = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["username"] == username)
}

/// On any store: the old device is enrolled through the API as well.
fn lost_phone(place: &Place, server: &Server) {
    let journey = place.administrator("/alpha");
    let user = place.user("/alpha", NEW_USER);
    let hashed = "{SCRYPT}c2FsdC1hbmQtaGFzaA==";
    let old = profile("the-old-phone", &["first-code", "second-code", hashed]);
    let created = server.ask(&enrol(NEW_USER, "", &old, &journey)).expect(201);
    assert_eq!(created.header("location"), Some(&*alpha(NEW_USER, "2fa/oath/the-old-phone")));

    // A code logs the user in once; a user cannot do that for itself.
    server
        .ask(&use_code(NEW_USER, "the-old-phone", "first-code", &user))
        .expect_error(403, "User not permitted.");
    let used = server.ask(&use_code(NEW_USER, "the-old-phone", "first-code", &journey)).expect(200);
    assert_eq!(used.json()["recoveryCodes"], json!(["***", hashed]));
    server
        .ask(&use_code(NEW_USER, "the-old-phone", "first-code", &journey))
        .expect_error(409, "the recovery code is unknown or was used");
    server
        .ask(&use_code(NEW_USER, "the-old-phone", "no-such-code", &journey))
        .expect_error(409, "");
    server.ask(&use_code(NEW_USER, "the-old-phone", "", &journey)).expect_error(409, "");
    // Of a hashed code the journey hands over the stored form that it verified.
    assert_eq!(
        codes(&server.ask(&use_code(NEW_USER, "the-old-phone", hashed, &journey)).expect(200)),
        1
    );

    // The user deletes the lost phone, and a journey registers the new one.
    let deleted =
        server.ask(&Request::delete(&alpha(NEW_USER, "2fa/oath/the-old-phone")).bearer(&user));
    assert_eq!(deleted.expect(200).json()["_id"], "the-old-phone");
    assert!(server.list(&user, NEW_USER, "2fa/oath").ids().is_empty());
    let new = profile("the-new-phone", &["third-code"]);
    server.ask(&enrol(NEW_USER, "", &new, &user)).expect_error(403, "User not permitted.");
    let created = server.ask(&enrol(NEW_USER, "", &new, &journey)).expect(201);
    let location = created.header("location").unwrap();
    let read = server.ask(&Request::get(location).bearer(&user)).expect(200);
    assert_eq!(read.json()["_id"], "the-new-phone");
    assert_eq!(server.list(&user, NEW_USER, "2fa/oath").ids(), ["the-new-phone"]);
}

#[test]
fn lost_phone_on_disk() {
    for place in Place::with_users_on_each() {
        let before = place.export();
        let server = place.serve(&[]);
        lost_phone(&place, &server);
        server.stop();
        let newcomer = line(&place, NEW_USER).unwrap();
        assert_eq!(newcomer["skip"], json!({"oath": "not_skippable"}));
        assert_eq!(newcomer["devices"]["oath"].as_array().unwrap().len(), 1);
        place.run(&["purge", "--realm", "/alpha", "--user", NEW_USER]).done();
        assert_eq!(place.export(), before, "the other users");
    }
}

#[test]
fn lost_phone_in_memory() {
    let place = Place::empty();
    let server = place.serve_with(&[], &["--store", "memory"]);
    lost_phone(&place, &server);
    server.stop();
    let server = place.serve_with(&[], &["--store", "memory"]);
    let token = place.administrator("/alpha");
    assert!(server.list(&token, NEW_USER, "2fa/oath").ids().is_empty(), "memory forgets");
    server.stop();
}

#[test]
fn codes_used_up() {
    let place = Place::with_users();
    let administrator = place.administrator("/alpha");
    // Once the administrator resets, once the user does on a self-service page.
    for helper in [administrator.clone(), place.user("/alpha", USER)] {
        place.run_on(crate::users::LINES, &["import", "--replace", "-"]).done();
        let server = place.serve(&[]);
        for (left, code) in ["canary-code-oath-a-2", "canary-code-oath-a-1", "canary-code-oath-a-3"]
            .iter()
            .enumerate()
        {
            let answer = server.ask(&use_code(USER, OATH, code, &administrator)).expect(200);
            assert_eq!(codes(&answer), 2 - left);
            server.ask(&use_code(USER, OATH, code, &administrator)).expect_error(409, "");
        }
        let answer = server.ask(&reset(USER, &helper)).expect(200);
        assert_eq!(answer.body, r#"{"result":true}"#);
        assert!(server.list(&helper, USER, "2fa/oath").ids().is_empty());
        // The other kinds are not touched.
        assert_eq!(server.list(&helper, USER, "2fa/push").ids().len(), 1);
        server.ask(&enrol(USER, "", &profile("new", &["new-code"]), &administrator)).expect(201);
        server.ask(&use_code(USER, "new", "new-code", &administrator)).expect(200);
        server.stop();
    }
}

#[test]
fn counter_out_of_step() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let administrator = place.administrator("/alpha");
    let counter =
        |counter: u64| record_use(USER, OATH, &json!({"counter": counter}), &administrator);
    assert_eq!(server.ask(&counter(4)).expect(200).json()["counter"], 4);
    for replayed in [4, 3, 0] {
        server.ask(&counter(replayed)).expect_error(409, "does not lie beyond");
    }
    server.ask(&reset(USER, &administrator)).expect(200);
    assert!(server.list(&administrator, USER, "2fa/oath").ids().is_empty());
    assert!(!check(&server, USER, &administrator));
    server.stop();
    assert_eq!(line(&place, USER).unwrap()["skip"], json!({"push": "not_skippable"}), "Not Set");

    let server = place.serve(&[]);
    server.ask(&enrol(USER, "", &profile("new", &[]), &administrator)).expect(201);
    assert_eq!(server.list(&administrator, USER, "2fa/oath").ids(), ["new"]);
    assert!(!check(&server, USER, &administrator));
    server.stop();
    let user = line(&place, USER).unwrap();
    assert_eq!(user["skip"], json!({"oath": "not_skippable", "push": "not_skippable"}));
}

/// The three states of the skip setting, and what puts it back.
#[test]
fn skipping() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let user = place.user("/alpha", SCARTER);
    let skip = |value: bool| {
        let body = json!({"value": value});
        Request::post(&alpha(SCARTER, "2fa/oath?_action=skip"), &body).bearer(&user)
    };
    assert!(check(&server, SCARTER, &user));
    assert_eq!(server.ask(&skip(false)).expect(200).body, "{}");
    assert!(!check(&server, SCARTER, &user));
    server.ask(&skip(true)).expect(200);
    assert!(check(&server, SCARTER, &user));
    let [id] = &server.list(&user, SCARTER, "2fa/oath").ids()[..] else { panic!("one device") };
    let delete = Request::delete(&alpha(SCARTER, &format!("2fa/oath/{id}"))).bearer(&user);
    server.ask(&delete).expect(200);
    assert!(!check(&server, SCARTER, &user), "a delete puts it back");
    server.ask(&skip(true)).expect(200);
    server.ask(&delete).expect_error(404, "not found");
    assert!(check(&server, SCARTER, &user), "only a delete that deleted something");
    server.ask(&reset(SCARTER, &user)).expect(200);
    assert!(!check(&server, SCARTER, &user), "a reset puts it back");
    server.stop();
    assert_eq!(line(&place, SCARTER), None, "there is nothing left to tell");
}

#[test]
fn a_user_leaves_by_command() {
    let place = Place::with_users();
    let before = place.export();
    for (user_id, username) in [(USER, USER), (BJENSEN_ID, BJENSEN)] {
        let purge = ["purge", "--realm", "/alpha", "--user", user_id];
        place.run(&purge).done();
        assert_eq!(line(&place, username), None);
        place.run(&purge).assert_failed(3, user_id);
    }
    let others = |line: &&str| !line.contains(USER) && !line.contains(BJENSEN_ID);
    let others: String = before.lines().filter(others).map(|line| format!("{line}\n")).collect();
    assert_eq!(place.export(), others);
    let server = place.serve(&[]);
    let administrator = place.administrator("/alpha");
    for user_id in [USER, BJENSEN_ID, BJENSEN] {
        for collection in COLLECTIONS {
            assert!(server.list(&administrator, user_id, collection).ids().is_empty());
        }
    }
}

#[test]
fn a_user_leaves_by_an_administrators_call() {
    let place = Place::with_users();
    let before = place.export();
    let server = place.serve(&[]);
    let administrator = place.administrator("/alpha");
    let purge = |user_id: &str, token: &str| {
        let target = alpha(user_id, "");
        Request::post(&format!("{}?_action=purge", target.trim_end_matches('/')), &json!({}))
            .bearer(token)
    };
    server
        .ask(&purge(MY_USER, &place.user("/alpha", MY_USER)))
        .expect_error(403, "User not permitted.");
    for user_id in [MY_USER, BJENSEN_ID, "nobody"] {
        let answer = server.ask(&purge(user_id, &administrator)).expect(200);
        assert_eq!(answer.body, r#"{"result":true}"#);
        for collection in COLLECTIONS {
            assert!(server.list(&administrator, user_id, collection).ids().is_empty());
        }
    }
    assert_eq!(server.list(&administrator, USER, "2fa/oath").ids(), [OATH]);
    server.stop();
    let others = |line: &&str| !line.contains(MY_USER) && !line.contains(BJENSEN_ID);
    let others: String = before.lines().filter(others).map(|line| format!("{line}\n")).collect();
    assert_eq!(place.export(), others);
}

#[test]
fn the_limit_of_one() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let administrator = place.administrator("/alpha");
    let list = || server.list(&administrator, USER, "2fa/oath");
    let before = list().body;
    let second = profile("second", &[]);
    for query in ["", "&_onLimit=refuse"] {
        server
            .ask(&enrol(USER, query, &second, &administrator))
            .expect_error(409, "_onLimit=replace");
    }
    server
        .ask(&enrol(USER, "&_onLimit=grow", &second, &administrator))
        .expect_error(400, "`_onLimit`");
    assert_eq!(list().body, before);
    server.ask(&enrol(USER, "&_onLimit=replace", &second, &administrator)).expect(201);
    assert_eq!(list().ids(), ["second"]);
    server.stop();
}

#[test]
fn the_least_recently_used_device_makes_room() {
    let place = Place::empty();
    let settings = [("DEVREG_LIMITS__OATH", "2")];
    let server = place.serve_with(&settings, &["--store", "memory"]);
    let administrator = place.administrator("/alpha");
    let used_at = |id: &str, at: u64| {
        let mut profile = profile(id, &[]);
        profile["createdDate"] = 1_749_572_704_000_u64.into();
        profile["lastAccessDate"] = (1_749_572_704_000 + at).into();
        profile
    };
    for (id, at) in [("first", 1), ("second", 2)] {
        server.ask(&enrol(USER, "", &used_at(id, at), &administrator)).expect(201);
    }
    server
        .ask(&enrol(USER, "", &used_at("third", 3), &administrator))
        .expect_error(409, "2 oath devices");
    server.ask(&record_use(USER, "first", &json!({}), &administrator)).expect(200);
    server.ask(&enrol(USER, "&_onLimit=replace", &used_at("third", 3), &administrator)).expect(201);
    assert_eq!(server.list(&administrator, USER, "2fa/oath").ids(), ["first", "third"]);
}

#[test]
fn no_set_has_more_than_64_devices() {
    let place = Place::empty();
    let server = place.serve_with(&[("DEVREG_LIMITS__OATH", "0")], &["--store", "memory"]);
    let administrator = place.administrator("/alpha");
    let device = |number: u32| profile(&format!("device-{number}"), &[]);
    for number in 0..64 {
        server.ask(&enrol(USER, "", &device(number), &administrator)).expect(201);
    }
    server.ask(&enrol(USER, "", &device(64), &administrator)).expect_error(409, "64 oath devices");
    assert_eq!(server.list(&administrator, USER, "2fa/oath").ids().len(), 64);
}
