//! Cases 14 to 16: realms, users and devices that are none, or that nobody has stored.

use serde_json::json;

use super::trace::Trace;
use crate::http::Request;
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::tools::has;
use crate::users::{BJENSEN, COLLECTIONS, DEVICE, MY_USER, SCARTER, USER};
use crate::watched::{Watched, bad};

const EMPTY_LIST: &str = r#"{"result":[],"resultCount":0,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#;

/// With and without a token: what realms there are is no secret.
#[test]
fn case_14_realms_that_are_none() {
    let place = Place::with_users();
    let trace = has("strace").then(Trace::new);
    let watched = Watched::started_by(place, |place| match &trace {
        Some(trace) => trace.serve(place),
        None => place.serve(&[]),
    });
    let base = "/am/json/realms/root/realms";
    let realms = [
        (format!("{base}/bravo"), "Realm \"bravo\" not found"),
        (format!("{base}/ALPHA"), "Realm \"ALPHA\" not found"),
        (format!("{base}/alpha/realms/child"), "Realm \"child\" not found"),
        ("/am/json/realms/bravo".into(), "Realm \"bravo\" not found"),
        ("/am/json/bravo".into(), "Realm \"bravo\" not found"),
        (format!("{base}/.."), "not found"),
        (format!("{base}/%2e%2e"), "not found"),
        (format!("{base}/%2e%2e%2f%2e%2e%2fetc%2fpasswd"), "not found"),
        (format!("{base}/%2Fetc%2Fpasswd"), "not found"),
        (format!("{base}/alpha%00"), "not found"),
        (format!("{base}/alpha;x"), "not found"),
        (format!("{base}/alpha%2F.."), "not found"),
        (format!("{base}/"), "not found"),
        (format!("{base}/realms"), "Realm \"realms\" not found"),
        ("/am/json/realms/root//realms/alpha".into(), "not found"),
        (format!("{base}/alpha/realms/"), "not found"),
        ("/am/json/realms/%2F".into(), "not found"),
        (format!("{base}/%3Cscript%3E"), "Realm \"<script>\" not found"),
        (format!("{base}/{}", "x".repeat(5_000)), "not found"),
    ];
    for (realm, message) in &realms {
        let target = format!("{realm}/users/{USER}/devices/2fa/oath?_queryFilter=true");
        let nobody = Request::get(&target);
        for request in [nobody.clone().bearer(&watched.administrator), nobody] {
            watched.refuses(&bad(realm, request, 404, message));
        }
    }
    let longer = format!("{base}/{}", "x".repeat(9_000));
    watched.refuses(&bad("9,000 characters", Request::get(&longer), 414, "8192 bytes"));
    for undecodable in ["/am/json/%", "/am/json/%2", "/am/json/%zz", "/am/json/%ff/users"] {
        let request = Request::get(undecodable);
        watched.refuses(&bad(undecodable, request, 400, "request target"));
    }
    let data = watched.place.path("data").canonicalize().unwrap();
    let process = watched.server.id();
    watched.end();
    if let Some(trace) = trace {
        trace.assert_only_below(&data, process);
    }
}

/// What is no name is refused; any other text is a name, and nobody's.
#[test]
fn case_15_ids_that_are_patterns_or_paths() {
    let watched = Watched::new();
    let name = json!({"deviceName": "Changed", "alias": "Changed"});
    let ask = |request: Request| request.bearer(&watched.administrator);
    for id in [
        "nothing",
        "*",
        "%2A",
        "FF1DB8BF-D2D7-46E1-926A-568B877F87A5",
        "ff1db8bf",
        "..%2F..%2Fsigning-key",
        "%27%20OR%201=1",
        "(uid=*)",
        "0a1d7c1e-5f0b-4a86-8a3c-6d3f2b1f0023",
        "%F0%9F%94%91",
    ] {
        for collection in COLLECTIONS {
            let target = alpha(USER, &format!("{collection}/{id}"));
            watched.refuses(&bad(&target, ask(Request::get(&target)), 404, "not found."));
            watched.refuses(&bad(&target, ask(Request::delete(&target)), 404, "not found."));
        }
        let target = alpha(USER, &format!("2fa/webauthn/{id}"));
        watched.refuses(&bad(&target, ask(Request::put(&target, &name)), 404, "User device, "));
    }
    for id in ["%00", "a%0Ab", "%20", &"x".repeat(256)] {
        for collection in ["2fa/webauthn", "2fa/oath"] {
            let target = alpha(USER, &format!("{collection}/{id}"));
            watched.refuses(&bad(id, ask(Request::delete(&target)), 400, "The device id"));
        }
    }
    let longest = "x".repeat(255);
    for user_id in ["*", "%2A", "014c54bd", "..%2F..", "%27%3B--", "(uid%3D*)", &longest] {
        nobody_has_anything(&watched, user_id);
    }
    for user_id in ["", "%00", "%20", "a%0Db", &"x".repeat(256)] {
        let list = Request::get(&alpha_list(user_id, "2fa/oath"));
        watched.refuses(&bad(user_id, ask(list), 400, "The user's id"));
    }
    let dots = alpha(USER, "2fa/oath").replace(USER, "../../../../signing-key");
    watched.refuses(&bad(&dots, ask(Request::get(&dots)), 404, "not found"));
    watched.end();
}

/// A user of whom nothing is stored is as one without devices; and so is the username of one whose `_id` is another.
#[test]
fn case_16_unknown_users() {
    let watched = Watched::new();
    for user_id in ["nobody", BJENSEN] {
        nobody_has_anything(&watched, user_id);
    }
    let of_another = watched.place.user("/alpha", MY_USER);
    for collection in ["2fa/binding", "profile", "trusted"] {
        let answers = [SCARTER, "nobody"].map(|user_id| {
            let list = Request::get(&alpha_list(user_id, collection));
            let listed = watched.server.ask(&list.clone().bearer(&watched.administrator));
            assert_eq!(listed.expect(200).body, EMPTY_LIST, "{user_id} {collection}");
            let request = list.bearer(&of_another);
            watched.refuses(&bad(user_id, request, 403, "User not permitted.")).body
        });
        assert_eq!(answers[0], answers[1]);
    }
    watched.end();
}

/// Lists are empty, a reset is done, there is nothing to delete or rename, and nothing comes to be stored.
fn nobody_has_anything(watched: &Watched, user_id: &str) {
    let ask = |request: Request| request.bearer(&watched.administrator);
    for collection in COLLECTIONS {
        let list = watched.server.list(&watched.administrator, user_id, collection);
        assert_eq!(list.body, EMPTY_LIST);
        let device = alpha(user_id, &format!("{collection}/{DEVICE}"));
        for request in [Request::delete(&device), Request::get(&device)] {
            watched.refuses(&bad(user_id, ask(request), 404, "User device, "));
        }
    }
    for kind in ["oath", "push"] {
        for (action, answer) in [("reset", true), ("check", false)] {
            let target = alpha(user_id, &format!("2fa/{kind}?_action={action}"));
            let answered = watched.server.ask(&ask(Request::post(&target, &json!({}))));
            assert_eq!(answered.expect(200).json(), json!({"result": answer}));
        }
    }
    for kind in ["webauthn", "binding"] {
        let device = alpha(user_id, &format!("2fa/{kind}/{DEVICE}"));
        let rename = Request::put(&device, &json!({"deviceName": "New"}));
        watched.refuses(&bad(user_id, ask(rename), 404, "User device, "));
    }
}
