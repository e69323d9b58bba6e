//! Where a token comes from: the SSO header, and the cookie with its guard against foreign pages.

use serde_json::json;

use crate::http::Request;
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::users::{DEVICE, USER};
use crate::watched::{Watched, bad};

fn changes() -> [Request; 3] {
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    [
        Request::put(&webauthn, &json!({"deviceName": "Changed"})),
        Request::post(&alpha(USER, "2fa/oath?_action=reset"), &json!({})),
        Request::delete(&webauthn),
    ]
}

#[test]
fn a_cookie_alone_changes_nothing() {
    let watched = Watched::new();
    let cookie = format!("iPlanetDirectoryPro={}", watched.administrator);
    for request in changes() {
        let request = request.header("Cookie", &cookie);
        watched.refuses(&bad("a foreign page", request.clone(), 403, "Forbidden"));
        // What a page elsewhere can set does not help it.
        watched.refuses(&bad(
            "its origin",
            request.header("Origin", "https://evil.example"),
            403,
            "Forbidden",
        ));
    }
    for cookies in [
        "iPlanetDirectoryPro=no-token",
        "a=b; iPlanetDirectoryPro=\"no-token\"",
        "iPlanetDirectoryPro=a.b.c; x",
    ] {
        let list = Request::get(&alpha_list(USER, "2fa/oath")).header("Cookie", cookies);
        watched.refuses(&bad(cookies, list, 401, "Access Denied"));
    }
    for cookies in
        ["iPlanetDirectoryPro=", "iplanetdirectorypro=x", "other=x", "iPlanetDirectoryPro", ""]
    {
        let list = Request::get(&alpha_list(USER, "2fa/oath")).header("Cookie", cookies);
        let answer = watched.refuses(&bad(cookies, list, 401, "Access Denied"));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"devreg\""));
    }
    watched.end();
}

#[test]
fn a_cookie_with_the_header_of_a_script() {
    for (name, value) in
        [("X-Requested-With", "forgerock-sdk"), ("Accept-API-Version", "resource=1.0")]
    {
        let place = Place::with_users();
        let server = place.serve(&[]);
        let cookie = format!("amlbcookie=01; iPlanetDirectoryPro={}", place.user("/alpha", USER));
        let list = Request::get(&alpha_list(USER, "2fa/oath")).header("Cookie", &cookie);
        assert_eq!(server.ask(&list).expect(200).ids().len(), 1);
        for request in changes() {
            server.ask(&request.header("Cookie", &cookie).header(name, value)).expect(200);
        }
        assert!(server.ask(&list).expect(200).ids().is_empty());
    }
}

/// Phones send the token in a header of the cookie's name; no page can set that for them.
#[test]
fn the_sso_header() {
    for name in ["iPlanetDirectoryPro", "iplanetdirectorypro"] {
        let place = Place::with_users();
        let server = place.serve(&[]);
        let token = place.user("/alpha", USER);
        for request in changes() {
            server.ask(&request.header(name, &token)).expect(200);
        }
    }
}

#[test]
fn the_name_can_be_set() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_SSO_NAME", "5421aeddf91aa20")]);
    let token = place.user("/alpha", USER);
    let list = || Request::get(&alpha_list(USER, "2fa/oath"));
    server.ask(&list().header("5421aeddf91aa20", &token)).expect(200);
    server.ask(&list().header("Cookie", &format!("5421aeddf91aa20={token}"))).expect(200);
    server.ask(&list().header("iPlanetDirectoryPro", &token)).expect_error(401, "Access Denied");
}
