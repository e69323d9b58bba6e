//! Cases 8 to 11 and 13: good tokens that reach for more than they are worth.

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::callers::{LOOKS, operations};
use crate::callers::signer::{self, Signer, administrator, claims, with};
use crate::callers::{ISSUER, list};
use crate::http::Request;
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::users::{COLLECTIONS, DEVICE, MY_USER, SCARTER, USER};
use crate::watched::{Watched, bad};

const NOT_PERMITTED: &str = r#"{"code":403,"reason":"Forbidden","message":"User not permitted."}"#;

/// Whether that user exists or not.
#[test]
fn case_08_another_users_devices() {
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
fn case_09_another_users_device_under_ones_own_path() {
    let watched = Watched::new();
    let user = watched.place.user("/alpha", USER);
    let mut tried = 0;
    for collection in COLLECTIONS {
        let own = watched.server.list(&user, USER, collection).ids();
        for id in watched.server.list(&watched.administrator, MY_USER, collection).ids() {
            // Of what both have by the same id, one's own is one's own.
            if own.contains(&id) {
                continue;
            }
            let target = alpha(USER, &format!("{collection}/{id}"));
            let name = json!({"deviceName": "Changed", "alias": "Changed"});
            let mut requests = vec![Request::get(&target), Request::delete(&target)];
            if ["2fa/webauthn", "2fa/binding"].contains(&collection) {
                requests.push(Request::put(&target, &name));
            }
            for request in requests {
                watched.refuses(&bad(&target, request.bearer(&user), 404, "not found."));
                tried += 1;
            }
        }
    }
    assert!(tried > 6, "{tried}");
    watched.end();
}

/// A token is worth nothing in another realm, parents and children included; nor is one of an issuer.
#[test]
fn case_10_another_realm() {
    let signer = Signer::new("k", Algorithm::ES256);
    let place = Place::with_users();
    std::fs::write(place.path("jwks"), signer::set(&[&signer]).to_string()).unwrap();
    let watched = Watched::on(place.configured(&format!(
        r#"
        realms = [{{ path = "/alpha" }}, {{ path = "/alpha/child" }}, {{ path = "/bravo" }}]
        [[issuers]]
        issuer = "{ISSUER}"
        realm = "/alpha"
        audiences = ["devreg"]
        jwks_file = "jwks"
        "#
    )));
    for realm in ["/", "/bravo", "/alpha/child"] {
        for token in [watched.place.administrator(realm), watched.place.user(realm, USER)] {
            for request in operations(USER) {
                watched.refuses(&bad(realm, request.bearer(&token), 403, "User not permitted."));
            }
        }
    }
    let of_alpha = [
        watched.administrator.clone(),
        watched.place.user("/alpha", USER),
        signer.sign(&administrator()),
        signer.sign(&claims()),
        signer.sign(&with("sub", "demo")),
    ];
    for token in &of_alpha {
        for base in [
            "/json",
            "/json/realms/root",
            "/json/realms/bravo",
            "/json/realms/root/realms/alpha/realms/child",
            "/json/alpha/child",
        ] {
            for user_id in [USER, "demo"] {
                let target = format!("{base}/users/{user_id}/devices/2fa/oath?_queryFilter=true");
                let request = Request::get(&target).bearer(token);
                watched.refuses(&bad(base, request, 403, "User not permitted."));
            }
        }
    }
    watched.end();
}

#[test]
fn case_11_a_scope_that_may_only_read() {
    let signer = Signer::new("k", Algorithm::ES256);
    let place = Place::with_users();
    std::fs::write(place.path("jwks"), signer::set(&[&signer]).to_string()).unwrap();
    let watched = Watched::on(place.configured(&format!(
        r#"
        [scopes]
        read = "devices:read"
        [[issuers]]
        issuer = "{ISSUER}"
        realm = "/alpha"
        audiences = ["devreg"]
        jwks_file = "jwks"
        "#
    )));
    let mut claims = with("scope", "devices:read");
    claims["sub"] = "reader".into();
    let reader = signer.sign(&claims);
    let operations = operations(USER);
    let (looks, changes) = operations.split_at(LOOKS);
    for request in looks {
        watched.server.ask(&request.clone().bearer(&reader)).expect(200);
    }
    for request in changes {
        let request = request.clone();
        let answer = watched.refuses(&bad("reader", request.bearer(&reader), 403, ""));
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    }
    watched.end();
}

/// Headers in which a proxy that nobody configured, or a page, says who calls or what is meant.
#[test]
fn case_13_headers_that_have_no_effect() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let names = [
        "X-Forwarded-User",
        "X-Remote-User",
        "Remote-User",
        "X-OpenAM-Username",
        "X-Real-IP",
        "X-Forwarded-For",
    ];
    for name in names {
        let value =
            if name.ends_with("User") || name.ends_with("name") { USER } else { "127.0.0.1" };
        let nobody = list().header(name, value);
        watched.refuses(&bad(name, nobody.clone(), 401, "Access Denied"));
        // Nor does it make somebody else of who has a token.
        let scarter = watched.place.user("/alpha", SCARTER);
        watched.refuses(&bad(name, nobody.bearer(&scarter), 403, "User not permitted."));
    }
    let overriding =
        |request: Request| request.header("X-HTTP-Method-Override", "DELETE").bearer(token);
    let device = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let post = Request::post(&device, &json!({"deviceName": "Changed"}));
    watched.refuses(&bad("POST", overriding(post), 501, "Operation is not supported."));
    for get in [device, alpha_list(USER, "2fa/webauthn")] {
        let overridden = watched.server.ask(&overriding(Request::get(&get))).expect(200);
        let plain = watched.server.ask(&Request::get(&get).bearer(token)).expect(200);
        assert_eq!(overridden.body, plain.body);
    }
    watched.end();
}
