//! What the documents refuse, and where their generations differ: by default as Advanced Identity Cloud, as PingAM where so configured.

use serde_json::json;

use crate::http::Request;
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::users::{DEVICE, MY_USER, OATH, PUSH, USER};

const UNSUPPORTED: &str = "Operation is not supported.";

fn reset(user_id: &str, kind: &str, token: &str) -> Request {
    Request::post(&alpha(user_id, &format!("2fa/{kind}?_action=reset")), &json!({})).bearer(token)
}

#[test]
fn passkeys_are_never_reset_and_bound_devices_only_under_am() {
    let place = Place::with_users();
    let before = place.export();
    for compatibility in ["aic", "am"] {
        let server = place.serve(&[("DEVREG_COMPATIBILITY", compatibility)]);
        let callers = [place.administrator("/alpha"), place.user("/alpha", MY_USER)];
        for token in &callers {
            server.ask(&reset(MY_USER, "webauthn", token)).expect_error(501, UNSUPPORTED);
            if compatibility == "aic" {
                server.ask(&reset(MY_USER, "binding", token)).expect_error(501, UNSUPPORTED);
            }
        }
        server.stop();
        assert_eq!(place.export(), before);
    }
    let server = place.serve(&[("DEVREG_COMPATIBILITY", "am")]);
    let token = place.user("/alpha", MY_USER);
    assert_eq!(server.list(&token, MY_USER, "2fa/binding").ids().len(), 2);
    let answer = server.ask(&reset(MY_USER, "binding", &token)).expect(200);
    assert_eq!(answer.body, r#"{"result":true}"#);
    assert!(server.list(&token, MY_USER, "2fa/binding").ids().is_empty());
    assert_eq!(server.list(&token, MY_USER, "2fa/webauthn").ids(), [DEVICE]);
}

#[test]
fn a_cell_of_the_profile_can_be_set_alone() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_RESET_BINDING", "true")]);
    let token = place.administrator("/alpha");
    server.ask(&reset(MY_USER, "binding", &token)).expect(200);
    server.ask(&reset(MY_USER, "webauthn", &token)).expect_error(501, UNSUPPORTED);
}

#[test]
fn oath_and_push_devices_are_renamed_where_configured() {
    let place = Place::with_users();
    let before = place.export();
    let renames = |token: &str| {
        [("2fa/oath", OATH), ("2fa/push", PUSH), ("push", PUSH)].map(|(collection, id)| {
            Request::put(
                &alpha(USER, &format!("{collection}/{id}")),
                &json!({"deviceName": "Mine"}),
            )
            .bearer(token)
        })
    };
    let server = place.serve(&[("DEVREG_RENAME_OATH_PUSH", "true")]);
    let token = place.user("/alpha", USER);
    for rename in renames(&token) {
        assert_eq!(server.ask(&rename).expect(200).json()["deviceName"], "Mine");
    }
    for kind in ["2fa/oath", "2fa/push"] {
        assert_eq!(server.list(&token, USER, kind).json()["result"][0]["deviceName"], "Mine");
    }
    server.stop();
    let renamed = before.replacen(r#""deviceName":"OATH Device""#, r#""deviceName":"Mine""#, 1);
    let renamed = renamed.replacen(r#""deviceName":"Push Device""#, r#""deviceName":"Mine""#, 1);
    assert_eq!(place.export(), renamed, "nothing but the names");
}

#[test]
fn am_has_one_more_context() {
    let place = Place::with_users();
    let token = place.administrator("/alpha");
    for (compatibility, of_openam) in [("aic", 404), ("am", 200)] {
        let server = place.serve(&[("DEVREG_COMPATIBILITY", compatibility)]);
        for (context, status) in [("/am", 200), ("", 200), ("/openam", of_openam), ("/other", 404)]
        {
            let target = alpha_list(USER, "2fa/oath").replacen("/am", context, 1);
            server.ask(&Request::get(&target).bearer(&token)).expect(status);
        }
        server.stop();
    }
}

/// Both carriers, one good and one not: the first one counts.
#[test]
fn am_looks_at_the_sso_token_first() {
    let place = Place::with_users();
    let token = place.administrator("/alpha");
    for (compatibility, with_bearer, with_sso) in [("aic", 200, 401), ("am", 401, 200)] {
        let server = place.serve(&[("DEVREG_COMPATIBILITY", compatibility)]);
        let list = || Request::get(&alpha_list(USER, "2fa/oath"));
        let good_bearer = list().bearer(&token).header("iPlanetDirectoryPro", "no-token");
        let good_sso = list().bearer("no-token").header("iPlanetDirectoryPro", &token);
        server.ask(&good_bearer).expect(with_bearer);
        server.ask(&good_sso).expect(with_sso);
        server.stop();
    }
}
