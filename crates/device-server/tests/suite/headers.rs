//! Headers of Common REST and of browsers: versions, `If-None-Match`, origins.

use serde_json::json;

use crate::http::{Answer, Request};
use crate::place::Place;
use crate::server::{REFRESH, alpha, alpha_list};
use crate::users::{DEVICE, USER};

const ORIGIN: &str = "https://login.example.com";

#[test]
fn versions() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let ask = |version: &str| {
        let list = Request::get(&alpha_list(USER, "2fa/oath")).bearer(&token);
        server.ask(&list.header("Accept-API-Version", version))
    };
    let answered = ask("resource=1.0, protocol=1.0").expect(200);
    assert_eq!(answered.header("content-api-version"), Some("protocol=1.0,resource=1.0"));
    assert_eq!(answered.header("warning"), None);
    ask("resource=one").expect_error(400, "`Accept-API-Version`");
    ask("protocol=9.0").expect_error(400, "Unsupported major version");
    ask("resource=2.0").expect_error(404, "version");

    let unversioned = server.list(&token, USER, "2fa/oath");
    assert_eq!(unversioned.header("content-api-version"), Some("protocol=2.1,resource=1.0"));
    let advice = r#"100 CREST "Accept-API-Version should be included in the request.""#;
    assert_eq!(unversioned.header("warning"), Some(advice));
    // Nobody without a token learns how a header is read; phones are told, whoever they are.
    let unknown = Request::get(&alpha_list(USER, "2fa/oath")).header("Accept-API-Version", "x");
    server.ask(&unknown).expect_error(401, "Access Denied");
    let refresh = Request::post(REFRESH, &json!({})).header("Accept-API-Version", "x");
    server.ask(&refresh).expect_error(400, "`Accept-API-Version`");
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let device = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let list = alpha_list(USER, "2fa/webauthn");
    let page = format!("{list}&_sortKeys=uuid&_pageSize=1");
    for target in [&device, &list, &page] {
        let get = |tag: &str| {
            let get = Request::get(target).bearer(&token).header("If-None-Match", tag);
            server.ask(&get)
        };
        let full = server.ask(&Request::get(target).bearer(&token)).expect(200);
        let tag = full.header("etag").unwrap();
        for condition in [tag.to_owned(), tag.trim_matches('"').into(), format!("\"1\", W/{tag}")] {
            let same = get(&condition).expect(304);
            assert_eq!((same.header("etag"), &*same.body), (Some(tag), ""));
        }
        assert_eq!(get("\"1\"").expect(200).body, full.body);
        get("*").expect_error(412, "If-None-Match");
        let head = Request::new("HEAD", target).bearer(&token);
        let head = server.ask(&head).expect(200);
        assert_eq!((head.header("etag"), &*head.body), (Some(tag), ""));

        let name = json!({"deviceName": format!("Renamed {}", target.len())});
        server.ask(&Request::put(&device, &name).bearer(&token)).expect(200);
        assert_ne!(get(tag).expect(200).header("etag"), Some(tag), "{target}");
    }
    // Who may not look learns nothing from a condition.
    let stranger = place.user("/alpha", "stranger");
    let theirs = Request::get(&list).bearer(&stranger).header("If-None-Match", "\"1\"");
    server.ask(&theirs).expect_error(403, "");
}

/// Nothing is made by PUT: what is there is not replaced, what is not there does not come to be.
#[test]
fn nothing_is_made_by_put() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_RENAME_OATH_PUSH", "true")]);
    let (token, top) = (place.administrator("/alpha"), place.administrator("/"));
    let before = server.snapshot(&token, &top);
    let put = |id: &str, condition: &str| {
        let target = alpha(USER, &format!("2fa/webauthn/{id}"));
        let put = Request::put(&target, &json!({"deviceName": "New"}));
        server.ask(&put.bearer(&token).header("If-None-Match", condition))
    };
    put(DEVICE, "*").expect_error(412, "exists already");
    put("unknown", "*").expect_error(501, "Operation is not supported.");
    put(DEVICE, "\"1\"").expect_error(400, "If-None-Match");
    let target = alpha(USER, "2fa/webauthn/unknown");
    let update = Request::put(&target, &json!({"deviceName": "New"})).bearer(&token);
    server.ask(&update).expect_error(404, "unknown");
    assert_eq!(server.snapshot(&token, &top), before);
}

fn names(answer: &Answer, header: &str) -> Vec<String> {
    let list = answer.header(header).unwrap_or_else(|| panic!("{header}: {answer:?}"));
    list.split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
}

#[test]
fn browsers_on_configured_origins_may_ask() {
    let place = Place::with_users().configured(&format!(
        "sso_name = \"5421aeddf91aa20\"\n[cors]\norigins = [\"{ORIGIN}\", \"http://localhost:3000\"]\n"
    ));
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let device = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let preflight = |origin: &str| {
        let preflight = Request::new("OPTIONS", &device).header("Origin", origin);
        let sent = "accept-api-version,content-type,x-requested-platform,x-requested-with";
        let preflight = preflight.header("Access-Control-Request-Headers", sent);
        server.ask(&preflight.header("Access-Control-Request-Method", "PUT")).expect(200)
    };
    let allowed = preflight(ORIGIN);
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(allowed.header("access-control-max-age"), Some("600"));
    for method in ["get", "head", "post", "put", "delete"] {
        assert!(names(&allowed, "access-control-allow-methods").contains(&method.to_owned()));
    }
    for name in [
        "5421aeddf91aa20",
        "accept-api-version",
        "authorization",
        "content-type",
        "if-match",
        "x-requested-platform",
        "x-requested-with",
    ] {
        assert!(
            names(&allowed, "access-control-allow-headers").contains(&name.to_owned()),
            "{name}"
        );
    }

    // As the JavaScript SDK asks: with the cookie.
    let rename = |origin: &str| {
        let rename = Request::put(&device, &json!({"deviceName": "By script"}));
        let rename = rename.header("Cookie", &format!("5421aeddf91aa20={token}"));
        server.ask(&rename.header("X-Requested-With", "forgerock-sdk").header("Origin", origin))
    };
    let renamed = rename(ORIGIN).expect(200);
    assert_eq!(renamed.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(renamed.header("access-control-allow-credentials"), Some("true"));
    assert!(names(&renamed, "vary").contains(&"origin".to_owned()));
    assert!(names(&renamed, "access-control-expose-headers").contains(&"etag".to_owned()));
    let refused =
        Request::get(&alpha_list(USER, "2fa/oath")).header("Origin", "http://localhost:3000");
    let refused = server.ask(&refused).expect_error(401, "Access Denied");
    assert_eq!(refused.header("access-control-allow-origin"), Some("http://localhost:3000"));
    for foreign in [
        "https://evil.example.com",
        "https://login.example.com.evil.example",
        "http://login.example.com",
        "null",
    ] {
        assert_eq!(preflight(foreign).header("access-control-allow-origin"), None, "{foreign}");
        let answer = rename(foreign);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{foreign}");
        assert!(names(&answer, "vary").contains(&"origin".to_owned()), "{foreign}");
    }
}

#[test]
fn without_origins_nothing_is_said_of_them() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let list = Request::get(&alpha_list(USER, "2fa/oath")).bearer(&token).header("Origin", ORIGIN);
    assert_eq!(server.ask(&list).expect(200).header("access-control-allow-origin"), None);
    let preflight = Request::new("OPTIONS", &alpha_list(USER, "2fa/oath")).header("Origin", ORIGIN);
    server.ask(&preflight).expect_error(401, "Access Denied");
    server.stop();
    // From the environment, several are separated by commas; what is not an origin is refused.
    let server =
        place.serve(&[("DEVREG_CORS__ORIGINS", "http://localhost:3000,https://login.example.com")]);
    assert_eq!(server.ask(&list).expect(200).header("access-control-allow-origin"), Some(ORIGIN));
    server.stop();
    for wrong in ["*", "https://login.example.com/", "login.example.com"] {
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        let ended =
            crate::place::Ended::of(command.env("DEVREG_CORS__ORIGINS", wrong).output().unwrap());
        ended.assert_failed(1, &format!("`{wrong}` is not an origin"));
    }
}
