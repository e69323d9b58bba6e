//! Lists that are filtered, sorted, cut into pages and fields: over the wire, as scripts and consoles ask for them.

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::place::Place;
use crate::server::{Server, alpha};
use crate::users::{CANARIES, DEVICE, OATH, USER};

/// Enrols passkeys of these names, a second apart.
pub(crate) fn enrol(server: &Server, token: &str, names: &[&str]) {
    for (number, name) in (0_u64..).zip(names) {
        let profile = json!({"uuid": format!("device-{number}"), "credentialId": format!("credential-{number}"), "deviceName": name,
            "createdDate": 1_000 * number, "lastAccessDate": 1_000 * number, "algorithm": "SHA256withECDSA", "recoveryCodes": ["canary-code-x"]});
        let target = alpha("walker", "2fa/webauthn?_action=create");
        server.ask(&Request::post(&target, &profile).bearer(token)).expect(201);
    }
}

pub(crate) fn list(server: &Server, token: &str, user_id: &str, query: &str) -> Answer {
    server.ask(&Request::get(&alpha(user_id, &format!("2fa/webauthn?{query}"))).bearer(token))
}

#[test]
fn filters_orders_and_fields() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    enrol(&server, &token, &["Work Laptop", "phone", "Work Phone", "Yubi"]);
    let ids = |query: &str| list(&server, &token, "walker", query).expect(200).ids();
    for (query, expected) in [
        ("_queryFilter=deviceName+sw+%22work%22", &["device-0", "device-2"][..]),
        ("_queryFilter=deviceName%20co%20%22PHONE%22", &["device-1", "device-2"]),
        ("_queryFilter=!(createdDate+lt+2000)+and+_id+pr", &["device-2", "device-3"]),
        ("_queryFilter=_id+in+%5B%22device-3%22,%22device-9%22%5D", &["device-3"]),
        ("_queryFilter=credentialId+eq+'credential-1'", &["device-1"]),
        ("_queryFilter=false", &[]),
        ("_queryId=*&_sortKeys=-deviceName", &["device-3", "device-2", "device-0", "device-1"]),
        ("_queryId=*&_sortKeys=+deviceName", &["device-1", "device-0", "device-2", "device-3"]),
        ("_queryFilter=true&_pageSize=2&_pagedResultsOffset=1", &["device-1", "device-2"]),
        ("_queryFilter=true&_pageSize=0", &["device-0", "device-1", "device-2", "device-3"]),
    ] {
        assert_eq!(ids(query), expected, "{query}");
    }
    let answer = |query: &str| list(&server, &token, "walker", query).expect(200);
    let counted = answer("_queryFilter=deviceName+co+%22o%22&_countOnly=true");
    let empty = r#"{"result":[],"resultCount":3,"pagedResultsCookie":null,"totalPagedResultsPolicy":"EXACT","totalPagedResults":3,"remainingPagedResults":-1}"#;
    assert_eq!(counted.body, empty);
    let paged = answer("_queryFilter=true&_pageSize=3&_totalPagedResultsPolicy=estimate").json();
    assert_eq!((&paged["resultCount"], &paged["totalPagedResults"]), (&json!(3), &json!(4)));
    let fields =
        answer("_queryFilter=_id+eq+%22device-3%22&_fields=deviceName,credentialId").json();
    let [Value::Object(entry)] = &fields["result"].as_array().unwrap()[..] else {
        panic!("{fields}")
    };
    assert_eq!(entry.keys().collect::<Vec<_>>(), ["_id", "_rev", "credentialId", "deviceName"]);
    // A list that lets everything through is the plain one, byte for byte.
    let plain = answer("_queryFilter=true").body;
    assert_eq!(answer("_queryFilter=true+and+_id+pr").body, plain);

    let instance = format!("2fa/webauthn/{DEVICE}?_fields=deviceName");
    let read = server.ask(&Request::get(&alpha(USER, &instance)).bearer(&token)).expect(200);
    let read = read.json();
    assert_eq!(read.as_object().unwrap().keys().collect::<Vec<_>>(), ["_id", "_rev", "deviceName"]);
    let name = json!({"deviceName": "Renamed"});
    let renamed = server.ask(&Request::put(&alpha(USER, &instance), &name).bearer(&token));
    let renamed = renamed.expect(200).json();
    assert_eq!((&renamed["_id"], &renamed["deviceName"]), (&json!(DEVICE), &json!("Renamed")));
    assert_eq!(renamed.as_object().unwrap().len(), 3);
    let deleted = server.ask(&Request::delete(&alpha(USER, &instance)).bearer(&token)).expect(200);
    assert_eq!(deleted.json(), renamed, "the last there was of it");
}

/// A walk by cookie while devices are deleted, before and behind, even the one at which a page ends.
#[test]
fn a_walk_while_devices_are_deleted() {
    for place in Place::with_users_on_each() {
        let server = place.serve(&[]);
        let token = place.administrator("/alpha");
        let names: Vec<String> = (0..20).map(|number| format!("name {}", number % 3)).collect();
        enrol(&server, &token, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let query =
            "_queryFilter=deviceName+co+%22name%22&_sortKeys=-deviceName,createdDate&_pageSize=3";
        let all = list(&server, &token, "walker", &query.replace("=3", "=100")).expect(200).ids();
        assert_eq!(all.len(), 20);
        let (mut shown, mut cookie) = (Vec::new(), String::new());
        let mut deleted = Vec::new();
        loop {
            let page =
                list(&server, &token, "walker", &format!("{query}&_pagedResultsCookie={cookie}"));
            let page = page.expect(200);
            assert!(CANARIES.iter().all(|canary| !page.body.contains(canary)), "{page:?}");
            shown.extend(page.ids());
            let Some(next) = page.json()["pagedResultsCookie"].as_str().map(ToOwned::to_owned)
            else {
                break;
            };
            cookie = next;
            let last = shown.last().unwrap();
            let at = all.iter().position(|id| id == last).unwrap();
            for id in [Some(last), all.get(at / 2), all.get(at + 1), all.get(at + 5)]
                .into_iter()
                .flatten()
            {
                if !deleted.contains(id) {
                    let device = alpha("walker", &format!("2fa/webauthn/{id}"));
                    server.ask(&Request::delete(&device).bearer(&token)).expect(200);
                    deleted.push(id.clone());
                }
            }
        }
        let expected: Vec<&String> =
            all.iter().filter(|id| shown.contains(*id) || !deleted.contains(*id)).collect();
        assert_eq!(shown.iter().collect::<Vec<_>>(), expected, "all that survived, once, in order");
        assert!(deleted.len() > 6 && deleted.len() < 20, "{deleted:?}");
    }
}

#[test]
fn pretty_answers_say_the_same() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let plain = server.list(&token, USER, "2fa/oath");
    let target = alpha(USER, "2fa/oath?_queryFilter=true&_prettyPrint=true");
    let pretty = server.ask(&Request::get(&target).bearer(&token)).expect(200);
    assert_eq!(pretty.json(), plain.json());
    assert!(pretty.body.contains(&format!("\n      \"_id\": \"{OATH}\",\n")), "{pretty:?}");
    let refused = server.ask(&Request::get(&target)).expect_error(401, "Access Denied");
    assert!(refused.body.starts_with("{\n  \"code\": 401,\n"), "{refused:?}");
    let nowhere = target.replace("realms/alpha", "realms/nowhere");
    assert!(server.ask(&Request::get(&nowhere)).expect_error(404, "Realm").body.contains('\n'));
    let other = target.replace("Print=true", "Print=yes");
    assert_eq!(server.ask(&Request::get(&other).bearer(&token)).body, plain.body);
}
