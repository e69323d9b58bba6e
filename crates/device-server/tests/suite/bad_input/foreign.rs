//! Good tokens for what is not theirs: administrators' operations, a session that is too weak.

use serde_json::json;

use crate::abuse_cases::operations;
use crate::http::Request;
use crate::place::Place;
use crate::server::alpha;
use crate::users::{DEVICE, USER};
use crate::watched::{Watched, bad};

const NOT_PERMITTED: &str = r#"{"code":403,"reason":"Forbidden","message":"User not permitted."}"#;

#[test]
fn what_belongs_to_administrators() {
    let watched = Watched::new();
    let user = watched.place.user("/alpha", USER);
    let own = operations(USER);
    for request in &own[own.len() - 3..] {
        watched.refuses(&bad("self", request.clone().bearer(&user), 403, "User not permitted."));
    }
    watched.end();
}

/// Another spelling of a user is the same user.
#[test]
fn oneself_by_another_spelling() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    for spelled in [USER.to_uppercase(), format!("id%3D{USER}%2Cou%3Duser%2Co%3Dalpha")] {
        assert_eq!(server.list(&token, &spelled, "2fa/oath").ids().len(), 1);
    }
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
