//! Good tokens for somebody else's devices: 403, whether that user exists or not.

use serde_json::json;

use super::{Watched, bad};
use crate::http::Request;
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::users::{DEVICE, MY_USER, SCARTER, USER};

const NOT_PERMITTED: &str = r#"{"code":403,"reason":"Forbidden","message":"User not permitted."}"#;

/// Every operation on a user's devices in `/alpha`.
fn operations(user_id: &str) -> Vec<Request> {
    let webauthn = alpha(user_id, &format!("2fa/webauthn/{DEVICE}"));
    let post = |rest: &str, body| Request::post(&alpha(user_id, rest), &body);
    vec![
        Request::get(&alpha_list(user_id, "2fa/oath")),
        Request::get(&alpha_list(user_id, "trusted")),
        Request::get(&webauthn),
        Request::put(&webauthn, &json!({"deviceName": "Changed"})),
        Request::delete(&webauthn),
        post("2fa/oath?_action=reset", json!({})),
        post("2fa/webauthn?_action=reset", json!({})),
        post("2fa/oath?_action=skip", json!({"value": true})),
        post("2fa/oath?_action=check", json!({})),
        post("2fa/oath?_action=create", json!({"uuid": "new"})),
        post(&format!("2fa/webauthn/{DEVICE}?_action=recordUse"), json!({})),
        Request::post(&alpha(user_id, "?_action=purge").replace("/?", "?"), &json!({})),
    ]
}

#[test]
fn another_users_devices() {
    let watched = Watched::new();
    let user = watched.place.user("/alpha", SCARTER);
    for user_id in
        [USER, MY_USER, "nobody", "*", "scarter2", "id%3Dnobody%2Cou%3Duser%2Cdc%3Dexample"]
    {
        for request in operations(user_id) {
            let answer =
                watched.refuses(&bad(user_id, request.bearer(&user), 403, "User not permitted."));
            assert_eq!(answer.body, NOT_PERMITTED, "the same for everybody");
            assert_eq!(answer.header("etag"), None);
        }
    }
    watched.end();
}

#[test]
fn what_belongs_to_administrators() {
    let watched = Watched::new();
    let user = watched.place.user("/alpha", USER);
    let own = operations(USER);
    for request in &own[own.len() - 3..] {
        watched.refuses(&bad("self", request.clone().bearer(&user), 403, "User not permitted."));
    }
    // Somebody else's device under one's own path.
    let foreign = alpha(USER, "2fa/webauthn/0a1d7c1e-5f0b-4a86-8a3c-6d3f2b1f0023");
    watched.refuses(&bad(
        "another's id",
        Request::delete(&foreign).bearer(&user),
        404,
        "not found.",
    ));
    watched.end();
}

/// A token is worth nothing in another realm, parents and children included.
#[test]
fn another_realm() {
    const REALMS: &str = "[[realms]]\npath = \"/alpha\"\n[[realms]]\npath = \"/alpha/child\"\n[[realms]]\npath = \"/bravo\"\n";
    let watched = Watched::on(Place::with_users().configured(REALMS));
    for realm in ["/", "/bravo", "/alpha/child"] {
        for token in [watched.place.administrator(realm), watched.place.user(realm, USER)] {
            for request in operations(USER) {
                watched.refuses(&bad(realm, request.bearer(&token), 403, "User not permitted."));
            }
        }
    }
    for token in [&watched.administrator, &watched.place.user("/alpha", USER)] {
        for base in [
            "/json",
            "/json/realms/root",
            "/json/realms/bravo",
            "/json/realms/root/realms/alpha/realms/child",
            "/json/alpha/child",
        ] {
            let target = format!("{base}/users/{USER}/devices/2fa/oath?_queryFilter=true");
            watched.refuses(&bad(
                base,
                Request::get(&target).bearer(token),
                403,
                "User not permitted.",
            ));
        }
    }
    // A token of a realm that no longer exists, and a spelling of the user that is the same user.
    let own = Request::get(&alpha_list(&USER.to_uppercase(), "2fa/oath"))
        .bearer(&watched.place.user("/alpha", USER));
    assert_eq!(watched.server.ask(&own).expect(200).ids().len(), 1);
    let universal =
        Request::get(&alpha_list(&format!("id%3D{USER}%2Cou%3Duser%2Co%3Dalpha"), "2fa/oath"))
            .bearer(&watched.administrator);
    assert_eq!(watched.server.ask(&universal).expect(200).ids().len(), 1);
    watched.end();
}

/// `session_strength`: what makes a factor go away needs a session that was opened with one.
#[test]
fn a_session_that_is_too_weak() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_SESSION_STRENGTH", "same")]);
    let token = |amr: &str| {
        let arguments = ["token", "--realm", "/alpha", "--user", USER, "--amr", amr];
        crate::place::last_line(&place.run(&arguments).done())
    };
    let (weak, strong) = (token("pwd,oath"), token("webauthn"));
    let status = |token: &str| {
        server.list(token, USER, "2fa/webauthn").json()["result"][0]["deviceManagementStatus"]
            .clone()
    };
    assert_eq!((status(&weak), status(&strong)), (json!(false), json!(true)));
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let change =
        || [Request::put(&webauthn, &json!({"deviceName": "Changed"})), Request::delete(&webauthn)];
    for request in change() {
        assert_eq!(server.ask(&request.bearer(&weak)).expect(403).body, NOT_PERMITTED);
    }
    for request in change() {
        server.ask(&request.bearer(&strong)).expect(200);
    }
}
