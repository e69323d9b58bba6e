//! A phone's new push token: found by username, there after a restart. What is refused is in `abuse_cases::refreshes`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::jws::{HEADER, claims, refresh, refresh_with, sign};
use crate::place::Place;
use crate::server::{REFRESH, Server};
use crate::tools::{curl, has};
use crate::users::{BJENSEN_ID, BJENSENS_PHONE, COLLECTIONS, MY_PHONE, PHONE, USER};

fn send(server: &Server, body: &Value) -> Answer {
    server.ask(&Request::post(REFRESH, body))
}

fn accepted(server: &Server, body: &Value) {
    assert_eq!(send(server, body).expect(200).body, "{}");
}

fn refused(server: &Server, body: &Value) {
    send(server, body).expect_error(400, "Bad request.");
}

/// The stored push tokens, in the order of the export.
fn push_tokens(place: &Place) -> Vec<String> {
    let of_line = |line: &str| {
        let user: Value = serde_json::from_str(line).unwrap();
        let devices = user["devices"]["push"].as_array().unwrap().clone();
        devices.into_iter().map(|device| device["deviceId"].as_str().unwrap().to_owned())
    };
    place.export().lines().flat_map(of_line).collect()
}

/// A user's lists without revisions.
fn lists(server: &Server, token: &str, user_id: &str) -> Vec<Value> {
    let list = |collection: &&str| {
        let mut list = server.list(token, user_id, collection).json();
        for entry in list["result"].as_array_mut().unwrap() {
            entry.as_object_mut().unwrap().remove("_rev").unwrap();
        }
        list
    };
    COLLECTIONS.iter().map(list).collect()
}

#[test]
fn a_new_token_is_found_by_username_and_is_there_after_a_restart() {
    for place in Place::with_users_on_each() {
        let administrator = place.administrator("/alpha");
        let before = place.export();
        assert_eq!(
            push_tokens(&place),
            ["token-push-a-1", "token-push-c-1", "token-push-d-1", "token-push-b-1"]
        );
        let server = place.serve(&[]);
        // The second one's username is not its `_id`.
        let users = [(USER, PHONE), (BJENSEN_ID, BJENSENS_PHONE)];
        let listed =
            |server: &Server| users.map(|(user_id, _)| lists(server, &administrator, user_id));
        let listed_before = listed(&server);
        for (user_id, phone) in users {
            accepted(&server, &refresh(&phone, &claims(&format!("new-token-of-{user_id}"))));
        }
        assert_eq!(listed(&server), listed_before);
        server.stop();

        let of_user = format!("new-token-of-{USER}");
        let of_bjensen = format!("new-token-of-{BJENSEN_ID}");
        assert_eq!(
            push_tokens(&place),
            [&*of_user, &*of_bjensen, "token-push-d-1", "token-push-b-1"]
        );
        let server = place.serve(&[]);
        assert_eq!(listed(&server), listed_before);
        server.stop();
        // Nothing else of the users has changed, `communicationId` and dates included.
        let without_memory = place
            .export()
            .lines()
            .map(without_digests)
            .collect::<Vec<_>>()
            .join("\n")
            .replace(&of_user, "token-push-a-1")
            .replace(&of_bjensen, "token-push-c-1");
        let before: Vec<String> = before.lines().map(without_digests).collect();
        assert_eq!(without_memory, before.join("\n"));
    }
}

/// What was answered is stored: no clean stop is needed.
#[test]
fn a_new_token_survives_a_kill() {
    for place in Place::with_users_on_each() {
        for number in 0..3 {
            let server = place.serve(&[]);
            let new = format!("token-{number}");
            accepted(&server, &refresh(&PHONE, &claims(&new)));
            drop(server);
            assert_eq!(push_tokens(&place)[0], new);
        }
    }
}

/// A line of an export without what is remembered of messages.
fn without_digests(line: &str) -> String {
    let mut user: Value = serde_json::from_str(line).unwrap();
    let known = [
        "uuid",
        "recoveryCodes",
        "createdDate",
        "lastAccessDate",
        "sharedSecret",
        "deviceName",
        "communicationId",
        "communicationType",
        "deviceId",
        "deviceMechanismUID",
        "deviceType",
        "issuer",
    ];
    for device in user["devices"]["push"].as_array_mut().unwrap() {
        device.as_object_mut().unwrap().retain(|name, _| known.contains(&name.as_str()));
    }
    user.to_string()
}

/// The document's path, the one phones have from AM's registration code, and the other spellings of a realm.
#[test]
fn every_spelling_of_the_path() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let paths = [
        "/am/json/realms/alpha/push/sns/message?_action=refresh",
        "/json/realms/root/realms/alpha/push/sns/message?_action=refresh",
        "/am/json/alpha/push/sns/message?_action=refresh",
        "/json/realms/root%2Frealms%2Falpha/push/sns/message?_action=refresh",
    ];
    for (number, path) in paths.iter().enumerate() {
        let body = refresh(&PHONE, &claims(&format!("token-{number}")));
        // The headers are those of the vendor's SDK for Android.
        let request = Request::new("POST", path)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Accept-API-Version", "resource=1.0, protocol=1.0")
            .header("x-requested-with", "forgerock-sdk")
            .header("x-requested-platform", "android")
            .body(body.to_string());
        assert_eq!(server.ask(&request).expect(200).body, "{}", "{path}");
    }
    // In the top level realm there is no such user.
    let body = refresh(&PHONE, &claims("elsewhere"));
    for path in [
        "/am/json/push/sns/message?_action=refresh",
        "/am/json/realms/root/push/sns/message?_action=refresh",
    ] {
        server.ask(&Request::post(path, &body)).expect_error(400, "Bad request.");
    }
    server.stop();
    assert_eq!(push_tokens(&place)[0], "token-3");
}

#[test]
fn the_user_is_named_by_username_only_and_in_any_case() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let named = |member: &str, name: &str, push_token: &str| {
        let jwt = sign(HEADER, &claims(push_token).to_string(), BJENSENS_PHONE.key);
        json!({"mechanismUid": BJENSENS_PHONE.mechanism_uid, member: name, "jwt": jwt})
    };
    accepted(&server, &named("username", "BJensen", "token-2"));
    // What Ping's SDK for iOS sends.
    accepted(&server, &named("userId", "bjensen", "token-3"));
    refused(&server, &named("username", BJENSEN_ID, "token-4"));
    server.stop();
    assert_eq!(push_tokens(&place)[1], "token-3");
}

#[test]
fn a_message_may_carry_the_name_of_the_device() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    let name = || server.list(&token, USER, "2fa/push").json()["result"][0]["deviceName"].clone();
    accepted(&server, &refresh(&PHONE, &claims("token-2")));
    assert_eq!(name(), "Push Device");
    let mut claims = claims("token-3");
    claims["deviceName"] = "Pixel 9".into();
    claims["deviceType"] = "javascript".into();
    claims["communicationType"] = "web-push".into();
    claims["mechanismUid"] = PHONE.mechanism_uid.into();
    accepted(&server, &refresh(&PHONE, &claims));
    assert_eq!(name(), "Pixel 9");
    server.stop();
    let export = place.export();
    for stored in [
        r#""deviceType":"javascript""#,
        r#""communicationType":"web-push""#,
        "endpoint/GCM/example",
    ] {
        assert!(export.contains(stored), "{stored}");
    }
}

#[test]
fn an_issuing_time_does_not_go_backwards() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let at = |seconds: u64| {
        let mut claims = claims(&format!("token-at-{seconds}"));
        claims["iat"] = seconds.into();
        refresh(&PHONE, &claims)
    };
    accepted(&server, &at(1_750_000_100));
    refused(&server, &at(1_750_000_099));
    accepted(&server, &at(1_750_000_100 + 1));
    server.stop();
    assert_eq!(push_tokens(&place)[0], "token-at-1750000101");
}

/// A rotation makes all of a user's phones refresh at once; none of them repeats what failed.
#[test]
fn refreshes_at_once_are_all_accepted() {
    for place in Place::with_users_on_each() {
        let server = place.serve(&[]);
        std::thread::scope(|scope| {
            for number in 0..16 {
                let server = &server;
                scope.spawn(move || {
                    accepted(server, &refresh(&PHONE, &claims(&format!("token-{number}"))));
                });
                scope.spawn(move || {
                    accepted(server, &refresh(&MY_PHONE, &claims(&format!("mine-{number}"))));
                });
            }
        });
        server.stop();
        let tokens = push_tokens(&place);
        assert!(tokens[0].starts_with("token-") && tokens[3].starts_with("mine-"), "{tokens:?}");
    }
}

#[test]
fn what_belongs_to_a_login_journey_is_not_there() {
    let place = Place::with_users();
    let before = place.export();
    let server = place.serve(&[]);
    for action in ["register", "authenticate", "REFRESH", "create"] {
        let target = REFRESH.replace("refresh", action);
        let body = refresh_with(&PHONE, &sign(HEADER, &claims("token-2").to_string(), PHONE.key));
        server.ask(&Request::post(&target, &body)).expect_error(501, "Operation is not supported.");
    }
    server.stop();
    assert_eq!(place.export(), before);
}

/// The script of the README, as it stands there, on the demonstration's user.
#[test]
fn the_script_that_signs_by_hand() {
    if !has("curl") || !has("openssl") {
        return;
    }
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let section = readme.split_once("## A refresh signed by hand").expect("the README's section").1;
    let (_, section) = section.split_once("```sh\n").unwrap();
    let (script, section) = section.split_once("```").unwrap();
    let (_, secret) = section.split_once("`SECRET=").unwrap();
    let (secret, _) = secret.split_once('`').unwrap();

    let place = Place::empty();
    let server = place.serve_with(&[], &["--demo"]);
    let script = script.replace("http://127.0.0.1:8080", &format!("http://{}", server.address));
    let answers = curl(&format!("SECRET={secret}\n{script}"));
    assert_eq!((answers[0].status, answers[0].body.as_str()), (200, "{}"));
    let wrong = curl(&format!("SECRET={}\n{script}", secret.to_uppercase()));
    assert_eq!(wrong[0].status, 400);
    server.stop();
    assert!(place.export().contains(r#""deviceId":"my-new-token""#));
}
