//! Paths that are not there, and methods where they do not belong.

use serde_json::json;

use crate::http::Request;
use crate::server::{REFRESH, alpha};
use crate::users::{DEVICE, USER};
use crate::watched::{Watched, bad};

const UNSUPPORTED: &str = "Operation is not supported.";

/// With and without a token: what paths there are is no secret.
#[test]
fn paths() {
    let watched = Watched::new();
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
    ];
    let mut table = Vec::new();
    for path in &paths {
        table.push(bad(path, Request::get(path).bearer(&watched.administrator), 404, "not found"));
        table.push(bad(path, Request::get(path), 404, "not found"));
        table.push(bad(path, Request::delete(path), 404, "not found"));
    }
    let parameter = "/json/users/x/devices/2fa/oath?a=%ff";
    table.push(bad(parameter, Request::get(parameter), 400, "request target"));
    table.push(bad("asterisk", Request::new("OPTIONS", "*"), 400, "request target"));
    watched.refuses_all(&table);
    watched.end();
}

#[test]
fn methods_where_they_do_not_belong() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let targets = [
        alpha(USER, "2fa/webauthn"),
        alpha(USER, &format!("2fa/webauthn/{DEVICE}")),
        REFRESH.replace("?_action=refresh", ""),
    ];
    let [collection, instance, message] = &targets;
    let name = json!({"deviceName": "Changed"});
    let table = [
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
        bad("GET of a message", Request::get(message), 501, UNSUPPORTED),
        bad("POST without an action", Request::post(message, &json!({})), 501, UNSUPPORTED),
        // Without a token the answer says nothing of methods.
        bad("PATCH without a token", Request::new("PATCH", instance), 401, "Access Denied"),
    ];
    watched.refuses_all(&table);
    watched.end();
}
