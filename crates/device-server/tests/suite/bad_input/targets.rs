//! Realms, users, kinds, actions, ids, parameters and methods that are not there.

use serde_json::json;

use super::{Bad, Watched, bad};
use crate::http::Request;
use crate::server::{REFRESH, alpha, alpha_list};
use crate::users::{DEVICE, OATH, USER};

const UNSUPPORTED: &str = "Operation is not supported.";

/// With and without a token: what realms and paths there are is no secret.
#[test]
fn realms_and_paths() {
    let watched = Watched::new();
    let realms = [
        ("/am/json/realms/root/realms/bravo", "Realm \"bravo\" not found"),
        ("/am/json/realms/root/realms/ALPHA", "Realm \"ALPHA\" not found"),
        ("/am/json/realms/root/realms/alpha/realms/child", "Realm \"child\" not found"),
        ("/am/json/realms/bravo", "Realm \"bravo\" not found"),
        ("/am/json/bravo", "Realm \"bravo\" not found"),
        ("/am/json/realms/root/realms/..", "not found"),
        ("/am/json/realms/root/realms/%2e%2e", "not found"),
        ("/am/json/realms/root/realms/alpha%00", "not found"),
        ("/am/json/realms/root/realms/alpha;x", "not found"),
        ("/am/json/realms/root/realms/alpha%2F..", "not found"),
        ("/am/json/realms/root/realms/", "not found"),
        ("/am/json/realms/root/realms/realms", "Realm \"realms\" not found"),
        ("/am/json/realms/root//realms/alpha", "not found"),
        ("/am/json/realms/root/realms/alpha/realms/", "not found"),
        ("/am/json/realms/%2F", "not found"),
        ("/am/json/realms/root/realms/%3Cscript%3E", "Realm \"<script>\" not found"),
    ];
    let paths = [
        alpha(USER, "2fa"),
        alpha(USER, "2fa/totp"),
        alpha(USER, "2fa/OATH"),
        alpha(USER, "oath"),
        alpha(USER, "2fa/profile"),
        alpha(USER, "2fa/trusted"),
        alpha(USER, "2fa/oath/a/b"),
        alpha(USER, "2fa//oath"),
        "/".into(),
        "/am".into(),
        "/am/json".into(),
        "/am/am/json/users/x/devices/2fa/oath".into(),
        "/health".into(),
        "/am/json/realms/root/realms/alpha/users".into(),
        "/am/json/realms/root/realms/alpha/users/x".into(),
        "/am/json/realms/root/realms/alpha/push/sns".into(),
        "/am/json/realms/root/realms/alpha/push/sns/message/x".into(),
        "/am/json/realms/root/realms/alpha/users/../../../../signing-key".into(),
    ];
    let mut table = Vec::new();
    for (realm, message) in realms {
        let target = format!("{realm}/users/{USER}/devices/2fa/oath?_queryFilter=true");
        table.push(bad(realm, Request::get(&target).bearer(&watched.administrator), 404, message));
        table.push(bad(realm, Request::get(&target), 404, message));
    }
    for path in &paths {
        table.push(bad(path, Request::get(path).bearer(&watched.administrator), 404, "not found"));
        table.push(bad(path, Request::get(path), 404, "not found"));
        table.push(bad(path, Request::delete(path), 404, "not found"));
    }
    for target in [
        "/am/json/%",
        "/am/json/%2",
        "/am/json/%zz",
        "/am/json/%ff/users",
        "/json/users/x/devices/2fa/oath?a=%ff",
    ] {
        table.push(bad(target, Request::get(target), 400, "request target"));
    }
    table.push(bad("asterisk", Request::new("OPTIONS", "*"), 400, "request target"));
    watched.refuses_all(&table);
    watched.end();
}

#[test]
fn methods() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let targets = [
        alpha(USER, "2fa/webauthn"),
        alpha(USER, &format!("2fa/webauthn/{DEVICE}")),
        REFRESH.replace("?_action=refresh", ""),
    ];
    let mut table: Vec<Bad> = Vec::new();
    for target in &targets {
        for method in ["PATCH", "TRACE", "FOO", "OPTIONS", "get", "PROPFIND"] {
            let request = Request::new(method, target).bearer(token);
            table.push(bad(format!("{method} {target}"), request, 501, UNSUPPORTED));
        }
    }
    let [collection, instance, message] = &targets;
    let name = json!({"deviceName": "Changed"});
    let overriding =
        |request: Request| request.header("X-HTTP-Method-Override", "DELETE").bearer(token);
    table.extend([
        bad(
            "PUT on a collection",
            Request::put(collection, &name).bearer(token),
            400,
            "cannot be updated",
        ),
        bad(
            "DELETE on a collection",
            Request::delete(collection).bearer(token),
            400,
            "cannot be deleted",
        ),
        bad("GET without a query", Request::get(collection).bearer(token), 400, "cannot be read"),
        bad(
            "query on a device",
            Request::get(&format!("{instance}?_queryFilter=true")).bearer(token),
            400,
            "cannot be queried",
        ),
        bad("POST on a device", Request::post(instance, &name).bearer(token), 501, UNSUPPORTED),
        bad("override on a device", overriding(Request::post(instance, &name)), 501, UNSUPPORTED),
        bad(
            "PUT on trusted",
            Request::put(
                &alpha(USER, "trusted/51b7e05e-b0d6-46f7-8d95-4f915571f1e8"),
                &json!({"name": "x", "deviceName": "x"}),
            )
            .bearer(token),
            501,
            UNSUPPORTED,
        ),
        bad("GET of a message", Request::get(message), 501, UNSUPPORTED),
        bad("POST without an action", Request::post(message, &json!({})), 501, UNSUPPORTED),
    ]);
    // Without a token the answer says nothing of methods.
    table.push(bad("PATCH without a token", Request::new("PATCH", instance), 401, "Access Denied"));
    watched.refuses_all(&table);
    // A method override on a harmless request has no effect either.
    let list = format!("{collection}?_queryFilter=true");
    let listed = watched.server.ask(&overriding(Request::get(&list))).expect(200);
    let head = watched.server.ask(&Request::new("HEAD", &list).bearer(token)).expect(200);
    assert_eq!((head.header("etag"), &*head.body), (listed.header("etag"), ""));
    watched.end();
}

#[test]
fn actions() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let post = |target: String| Request::post(&target, &json!({})).bearer(token);
    let mut table = Vec::new();
    for action in ["nothing", "RESET", "Reset", "reset ", "", "delete", "purge", "recordUse"] {
        let target = alpha(USER, &format!("2fa/oath?_action={}", action.replace(' ', "%20")));
        table.push(bad(format!("action `{action}`"), post(target), 501, UNSUPPORTED));
    }
    for kind in ["2fa/webauthn", "2fa/binding", "profile", "trusted"] {
        for (action, body) in
            [("reset", json!({})), ("skip", json!({"value": true})), ("check", json!({}))]
        {
            let target = alpha(USER, &format!("{kind}?_action={action}"));
            let request = Request::post(&target, &body).bearer(token);
            table.push(bad(format!("{action} of {kind}"), request, 501, UNSUPPORTED));
        }
    }
    table.extend([
        bad("no action", post(alpha(USER, "2fa/oath")), 501, UNSUPPORTED),
        bad(
            "two actions",
            post(alpha(USER, "2fa/oath?_action=reset&_action=reset")),
            400,
            "'_action'",
        ),
        bad(
            "two spellings",
            post(alpha(USER, "2fa/oath?_action=check&_ACTION=reset")),
            400,
            "'_action'",
        ),
        bad(
            "reset by GET",
            Request::get(&alpha(USER, "2fa/oath?_action=reset")).bearer(token),
            400,
            "`_action`",
        ),
        bad(
            "reset by DELETE",
            Request::delete(&alpha(USER, &format!("2fa/oath/{OATH}?_action=reset"))).bearer(token),
            400,
            "`_action`",
        ),
        bad(
            "rename by PUT with an action",
            Request::put(
                &alpha(USER, &format!("2fa/webauthn/{DEVICE}?_action=reset")),
                &json!({"deviceName": "x"}),
            )
            .bearer(token),
            400,
            "`_action`",
        ),
        bad("purge of a kind", post(alpha(USER, "2fa/oath/x?_action=purge")), 501, UNSUPPORTED),
        bad(
            "reset of a user",
            post(alpha(USER, "").trim_end_matches('/').to_owned() + "?_action=reset"),
            501,
            UNSUPPORTED,
        ),
    ]);
    watched.refuses_all(&table);
    watched.end();
}

#[test]
fn ids() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let name = json!({"deviceName": "Changed"});
    let mut table = Vec::new();
    let unknown = [
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
    ];
    for id in unknown {
        for collection in
            ["2fa/oath", "2fa/push", "2fa/webauthn", "2fa/binding", "profile", "trusted"]
        {
            let target = alpha(USER, &format!("{collection}/{id}"));
            table.push(bad(
                format!("GET {target}"),
                Request::get(&target).bearer(token),
                404,
                "not found.",
            ));
            table.push(bad(
                format!("DELETE {target}"),
                Request::delete(&target).bearer(token),
                404,
                "not found.",
            ));
        }
        let target = alpha(USER, &format!("2fa/webauthn/{id}"));
        table.push(bad(
            format!("PUT {target}"),
            Request::put(&target, &name).bearer(token),
            404,
            "User device, ",
        ));
    }
    for id in ["%00", "a%0Ab", "%20", &"x".repeat(256)] {
        for collection in ["2fa/webauthn", "2fa/oath"] {
            let target = alpha(USER, &format!("{collection}/{id}"));
            table.push(bad(
                format!("DELETE {target}"),
                Request::delete(&target).bearer(token),
                400,
                "The device id",
            ));
        }
    }
    watched.refuses_all(&table);
    watched.end();
}

#[test]
fn parameters() {
    let watched = Watched::new();
    let list = |query: &str| {
        Request::get(&alpha(USER, &format!("2fa/oath?{query}"))).bearer(&watched.administrator)
    };
    let mut table = vec![
        bad("both queries", list("_queryFilter=true&_queryId=*"), 400, "mutually exclusive"),
        bad("a filter twice", list("_queryFilter=true&_queryFilter=false"), 400, "'_queryFilter'"),
        bad(
            "an oracle",
            list("_queryFilter=sharedSecret%20sw%20%22C%22"),
            400,
            "at character 1: 'sharedSecret' is not a field that the list shows",
        ),
        bad("many brackets", list(&format!("_queryFilter={}", "(".repeat(3000))), 400, "longer"),
        bad("deep brackets", list(&format!("_queryFilter={}", "(".repeat(100))), 400, "deeper"),
    ];
    let hidden = "is not a field that the list shows";
    for (parameter, message) in [
        ("_fields=sharedSecret", hidden),
        ("_fields=recoveryCodes", hidden),
        ("_fields=nothing", hidden),
        ("_sortKeys=key", hidden),
        ("_sortKeys=-counter", hidden),
        ("_pageSize=-1", "'_pageSize'"),
        ("_pageSize=1001", "`_pageSize` is more than 1000"),
        ("_pageSize=1&_pagedResultsCookie=x", "`_pagedResultsCookie` is not one"),
        ("_pagedResultsCookie=x", "needs a `_pageSize`"),
        ("_pagedResultsOffset=1", "needs a `_pageSize`"),
        ("_countOnly=1", "`_countOnly`"),
        ("_totalPagedResultsPolicy=SOME", "`_totalPagedResultsPolicy`"),
    ] {
        table.push(bad(parameter, list(&format!("_queryFilter=true&{parameter}")), 400, message));
    }
    // What could not be answered is not done.
    let device = alpha(USER, &format!("2fa/webauthn/{DEVICE}?_fields=key"));
    table.push(bad(
        "a deletion",
        Request::delete(&device).bearer(&watched.administrator),
        400,
        hidden,
    ));
    watched.refuses_all(&table);
    // Unknown ones are passed over, as in Common REST.
    watched.server.ask(&list("_queryFilter=true&unknown=1&unknown=2")).expect(200);
    watched
        .server
        .ask(
            &Request::get(&alpha_list(USER, "2fa/oath").replace("Filter=true", "Id=*"))
                .bearer(&watched.administrator),
        )
        .expect(200);
    watched.end();
}
