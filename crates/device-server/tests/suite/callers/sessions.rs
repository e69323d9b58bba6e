//! SSO tokens of another AM, and `getSessionInfo`, which mobile clients ask first.

use serde_json::{Value, json};

use super::neighbour::{Neighbour, Says};
use super::{list, rename};
use crate::http::Request;
use crate::place::Place;
use crate::server::Server;
use crate::users::{DEMO, USER};

const ACTION: &str = "sessions?_action=getSessionInfo";

fn session() -> Value {
    json!({
        "username": USER,
        "universalId": format!("id={USER},ou=user,o=alpha,ou=services,ou=am-config"),
        "realm": "/alpha",
        "latestAccessTime": "2026-01-31T12:00:00Z",
        "maxIdleExpirationTime": "2026-01-31T12:30:00Z",
        "maxSessionExpirationTime": "2026-01-31T14:00:00Z"
    })
}

fn serve(neighbour: &Neighbour) -> (Place, Server) {
    let url = neighbour.url("/am/json/realms/root/realms/alpha/sessions");
    let place = Place::with_users().configured(&format!(
        "sso_name = \"5421aeddf91aa20\"\n[[sessions]]\nurl = \"{url}\"\nrealm = \"/alpha\"\n"
    ));
    let server = place.serve(&[]);
    (place, server)
}

fn sso(request: &Request, token: &str) -> Request {
    request.clone().header("5421aeddf91aa20", token)
}

#[test]
fn another_am_is_asked_once_a_token() {
    let mut answer = session();
    answer["properties"] = json!({"AMCtxId": "x"});
    let neighbour = Neighbour::saying(Says::ok(answer));
    let (place, server) = serve(&neighbour);
    server.ask(&sso(&list(), "AQIC*token*")).expect(200);
    server.ask(&sso(&rename(), "AQIC*token*")).expect(200);
    // What a mobile client asks first: AM's own words, without what is not needed.
    let info = Request::post(&format!("/am/json/realms/root/realms/alpha/{ACTION}"), &json!({}));
    assert_eq!(server.ask(&sso(&info, "AQIC*token*")).expect(200).json(), session());
    let asked = neighbour.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let line = "POST /am/json/realms/root/realms/alpha/sessions?_action=getSessionInfo HTTP/1.1";
    assert_eq!(asked[0].line, line);
    assert!(asked[0].head.contains("5421aeddf91aa20: AQIC*token*"), "{asked:?}");
    assert!(asked[0].head.contains("accept-api-version: resource=2.1"), "{asked:?}");
    assert!(!place.log().contains("AQIC"));
}

#[test]
fn sessions_that_are_worth_nothing() {
    let neighbour = Neighbour::saying(Says::Json(401, "{}".into()));
    let (_place, server) = serve(&neighbour);
    server.ask(&sso(&list(), "unknown")).expect_error(401, "Access Denied");
    for realm in ["/", "/alpha/child", "/bravo", "alpha"] {
        let mut answer = session();
        answer["realm"] = realm.into();
        neighbour.says(Says::ok(answer));
        server.ask(&sso(&list(), "elsewhere")).expect_error(401, "Access Denied");
    }
    let mut answer = session();
    answer["username"] = "somebody".into();
    neighbour.says(Says::ok(answer));
    server.ask(&sso(&list(), "another-user")).expect_error(403, "User not permitted.");
}

#[test]
fn while_it_is_away_known_callers_go_on() {
    let neighbour = Neighbour::saying(Says::ok(session()));
    let elsewhere = Neighbour::saying(Says::ok(session()));
    let (_place, server) = serve(&neighbour);
    let mut incomplete = session();
    incomplete.as_object_mut().unwrap().remove("universalId");
    for (at, away) in [
        Says::Json(500, session().to_string()),
        Says::Json(403, session().to_string()),
        Says::ok(incomplete),
        Says::ok("<html>log in</html>"),
        Says::Redirect(elsewhere.url("/login")),
        Says::Nothing,
    ]
    .into_iter()
    .enumerate()
    {
        // It is remembered for a short time only: known anew each time.
        neighbour.says(Says::ok(session()));
        server.ask(&sso(&list(), &format!("known-{at}"))).expect(200);
        neighbour.says(away);
        let answer = server.ask(&sso(&list(), &format!("unknown-{at}")));
        let answer = answer.expect_error(503, "The token cannot be checked now");
        assert!(answer.header("retry-after").is_some());
        server.ask(&sso(&list(), &format!("known-{at}"))).expect(200);
    }
    assert!(elsewhere.asked().is_empty(), "redirects are not followed");
}

/// A server of its own answers too, for every spelling of the realm, with and without a content type.
#[test]
fn the_callers_own_session() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    for spelling in [
        "/json/realms/alpha/",
        "/json/realms/root/realms/alpha/",
        "/am/json/realms/root/realms/alpha/",
        "/json/realms/root%2Frealms%2Falpha/",
        "/json/realms/root/realms/root/realms/alpha/",
        "/json/alpha/",
    ] {
        let post = Request::new("POST", &format!("{spelling}{ACTION}"));
        for request in [
            post.clone(),
            post.json("{}"),
            Request::new("POST", &format!("{spelling}{ACTION}")).json(""),
        ] {
            let info = request.header("iPlanetDirectoryPro", &token);
            let info =
                server.ask(&info.header("Accept-API-Version", "resource=2.1")).expect(200).json();
            assert_eq!(info["username"], USER);
            assert_eq!(info["realm"], "/alpha");
            let id = format!("id={USER},ou=user,o=alpha,ou=services,ou=am-config");
            assert_eq!(info["universalId"], id);
            for time in ["latestAccessTime", "maxIdleExpirationTime", "maxSessionExpirationTime"] {
                let time = info[time].as_str().unwrap();
                assert!(
                    time.starts_with("20") && time.len() == 20 && time.ends_with('Z'),
                    "{time}"
                );
            }
            assert_eq!(info.as_object().unwrap().len(), 6);
            // The universal id is good in a path, too.
            let target = format!(
                "/json/alpha/users/{}/devices/2fa/oath?_queryFilter=true",
                id.replace(',', "%2C").replace('=', "%3D")
            );
            server.ask(&Request::get(&target).header("iPlanetDirectoryPro", &token)).expect(200);
        }
    }
    let own = Request::post(&format!("/json/realms/alpha/{ACTION}"), &json!({}));
    let own = server.ask(&own.bearer(&place.administrator("/alpha"))).expect(200).json();
    assert_eq!(own["realm"], "/alpha");
    for top in ["/json/", "/json/realms/root/", "/am/json/"] {
        let info = Request::post(&format!("{top}{ACTION}"), &json!({}));
        let info = info.bearer(&place.user("/", DEMO));
        let info = server.ask(&info).expect(200).json();
        assert_eq!((&info["username"], &info["realm"]), (&json!(DEMO), &json!("/")));
        assert_eq!(info["universalId"], format!("id={DEMO},ou=user,ou=am-config"));
    }
}

#[test]
fn sessions_that_are_not_shown() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    let target = format!("/json/realms/alpha/{ACTION}");
    let post = |target: &str, body: &Value| Request::post(target, body).bearer(&token);
    let no_token = Request::post(&target, &json!({}));
    let answer = server.ask(&no_token).expect_error(401, "Access Denied");
    assert_eq!(answer.body, r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#);
    server.ask(&no_token.bearer("no-token")).expect_error(401, "Access Denied");
    // A page elsewhere cannot ask for it with the cookie alone.
    let cookie = format!("iPlanetDirectoryPro={token}");
    let forged = Request::post(&target, &json!({})).header("Cookie", &cookie);
    server.ask(&forged).expect_error(403, "Forbidden");
    server
        .ask(&post(&format!("/json/{ACTION}"), &json!({})))
        .expect_error(403, "User not permitted.");
    server.ask(&post(&target, &json!({"tokenId": "x"}))).expect_error(501, "`tokenId`");
    server
        .ask(&post("/json/realms/alpha/sessions?_action=logout", &json!({})))
        .expect_error(501, "");
    server.ask(&Request::get(&target).bearer(&token)).expect_error(400, "_action");
    server
        .ask(&post("/json/realms/nowhere/sessions?_action=getSessionInfo", &json!({})))
        .expect_error(404, "nowhere");
}
