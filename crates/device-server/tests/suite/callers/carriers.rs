//! Every kind of caller in every carrier: who is known there, and what they may do.

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::neighbour::{Neighbour, Says};
use super::signer::{self, Signer, administrator, claims, with};
use super::{ISSUER, list, rename};
use crate::jws;
use crate::place::Place;
use crate::users::USER;

const SHARED: &[u8; 32] = b"a secret of thirty-two bytes ...";

/// What a token is worth in a carrier: the statuses of a list and of a rename.
type Worth = (u16, u16);
const ALL: Worth = (200, 200);
const LOOK: Worth = (200, 403);
const FOREIGN: Worth = (403, 403);
const NOTHING: Worth = (401, 401);

/// Knows `opaque-user` and `opaque-administrator`.
fn introspection() -> Neighbour {
    Neighbour::new(|asked| match asked.body.as_str() {
        body if body.starts_with("token=opaque-user&") => {
            Says::ok(json!({"active": true, "sub": USER}))
        }
        body if body.starts_with("token=opaque-administrator&") => {
            Says::ok(json!({"active": true, "sub": "helpdesk", "scope": "fr:am:*"}))
        }
        _ => Says::ok(json!({"active": false})),
    })
}

/// Knows `session-user`, `session-administrator` and `session-stranger`, whose realm is another one.
fn am() -> Neighbour {
    Neighbour::new(|asked| {
        let session = |username: &str, realm: &str| {
            let mut session = json!({"username": username, "realm": realm});
            for member in [
                "universalId",
                "latestAccessTime",
                "maxIdleExpirationTime",
                "maxSessionExpirationTime",
            ] {
                session[member] = "x".into();
            }
            Says::ok(session)
        };
        let token = asked.head.lines().find_map(|line| line.strip_prefix("iplanetdirectorypro: "));
        match token {
            Some("session-user") => session(USER, "/alpha"),
            Some("session-administrator") => session("amAdmin", "/alpha"),
            Some("session-stranger") => session(USER, "/"),
            _ => Says::Json(401, json!({"code": 401}).to_string()),
        }
    })
}

#[test]
fn every_caller_in_every_carrier() {
    let signer = Signer::new("k", Algorithm::ES256);
    let (introspection, am) = (introspection(), am());
    let place = Place::with_users();
    std::fs::write(place.path("jwks"), signer::set(&[&signer]).to_string()).unwrap();
    std::fs::write(place.path("shared"), SHARED).unwrap();
    std::fs::write(place.path("client"), "client's secret\n").unwrap();
    let (introspection_url, am_url) =
        (introspection.url("/introspect"), am.url("/am/json/realms/root/realms/alpha/sessions"));
    let place = place.configured(&format!(
        r#"
        [scopes]
        read = "devices:read"
        [[issuers]]
        issuer = "{ISSUER}"
        realm = "/alpha"
        audiences = ["devreg"]
        jwks_file = "jwks"
        administrator_groups = ["Help Desk"]
        [[issuers]]
        issuer = "https://shared.example.com"
        realm = "/alpha"
        audiences = ["devreg"]
        secret_file = "shared"
        types = ["JWT"]
        [[issuers]]
        issuer = "https://opaque.example.com"
        realm = "/alpha"
        introspection = {{ url = "{introspection_url}", client_id = "devreg", client_secret_file = "client" }}
        [[sessions]]
        url = "{am_url}"
        realm = "/alpha"
        administrators = ["amadmin"]
        [[tokens.fixed]]
        token = "fixed-user"
        realm = "/alpha"
        user = "{USER}"
        [[tokens.fixed]]
        token = "fixed-administrator"
        realm = "/alpha"
        "#
    ));
    let server = place.serve(&[]);
    let shared = {
        let claims = with("iss", "https://shared.example.com");
        jws::sign(jws::HEADER, &claims.to_string(), SHARED)
    };
    let everywhere = |worth| [worth; 3];
    // Bearer, SSO header, SSO cookie.
    let table: Vec<(&str, String, [Worth; 3])> = vec![
        ("local user", place.user("/alpha", USER), everywhere(ALL)),
        ("local administrator", place.administrator("/alpha"), everywhere(ALL)),
        ("local administrator elsewhere", place.administrator("/"), everywhere(FOREIGN)),
        ("user", signer.sign(&claims()), everywhere(ALL)),
        ("another user", signer.sign(&with("sub", "scarter")), everywhere(FOREIGN)),
        ("administrator by scope", signer.sign(&administrator()), everywhere(ALL)),
        (
            "administrator by group",
            signer.sign(&with("groups", json!(["Help Desk"]))),
            everywhere(ALL),
        ),
        ("reader", signer.sign(&with("scope", "devices:read")), everywhere(LOOK)),
        ("shared secret", shared, everywhere(ALL)),
        ("opaque user", "opaque-user".into(), [ALL, NOTHING, NOTHING]),
        ("opaque administrator", "opaque-administrator".into(), [ALL, NOTHING, NOTHING]),
        ("unknown", "unknown".into(), everywhere(NOTHING)),
        ("session of a user", "session-user".into(), [NOTHING, ALL, ALL]),
        ("session of an administrator", "session-administrator".into(), [NOTHING, ALL, ALL]),
        ("session of another realm", "session-stranger".into(), everywhere(NOTHING)),
        ("fixed user", "fixed-user".into(), everywhere(ALL)),
        ("fixed administrator", "fixed-administrator".into(), everywhere(ALL)),
    ];
    for (what, token, worth) in table {
        let carriers = [
            ("Authorization", format!("Bearer {token}")),
            ("iPlanetDirectoryPro", token.clone()),
            ("Cookie", format!("iPlanetDirectoryPro={token}")),
        ];
        for ((name, value), (listed, renamed)) in carriers.iter().zip(worth) {
            eprintln!("{what} in {name}");
            server.ask(&list().header(name, value)).expect(listed);
            let change = rename().header(name, value);
            server.ask(&change.header("X-Requested-With", "x")).expect(renamed);
        }
        // A foreign page has the cookie, but not the header.
        let forged = rename().header("Cookie", &carriers[2].1);
        server.ask(&forged).expect_error(403, "Forbidden");
    }
    // An empty one is a token, and not a good one; nobody is asked for it.
    let before = am.asked().len();
    server.ask(&list().header("iPlanetDirectoryPro", "")).expect_error(401, "Access Denied");
    assert_eq!(am.asked().len(), before);
    // Signed tokens and those of the table were shown to nobody, and no good one twice.
    let asked = |neighbour: &Neighbour| -> Vec<String> {
        neighbour.asked().into_iter().map(|asked| asked.head + &asked.body).collect()
    };
    let (by_bearer, by_sso) = (asked(&introspection), asked(&am));
    assert!(
        by_bearer
            .iter()
            .chain(&by_sso)
            .all(|asked| !asked.contains("eyJ") && !asked.contains("fixed-"))
    );
    for (all, token) in [(&by_bearer, "opaque-user"), (&by_sso, "session-user")] {
        assert_eq!(all.iter().filter(|asked| asked.contains(token)).count(), 1, "{token}");
    }
    let log = place.log();
    for secret in ["opaque-", "session-user", "fixed-", "client's", "a secret of"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

/// Realms that the configuration grants to administrators, and no others.
#[test]
fn what_a_realm_grants() {
    let signer = Signer::new("k", Algorithm::EdDSA);
    let place = Place::with_users();
    std::fs::write(place.path("jwks"), signer::set(&[&signer]).to_string()).unwrap();
    for (realm, administers, of_administrator, of_user) in [
        ("/", "", 403, 403),
        ("/alpha/child", "", 403, 403),
        ("/", r#"administers = ["/alpha"]"#, 200, 403),
        ("/alpha", "", 200, 200),
        ("/alpha", r#"administers = ["/"]"#, 403, 200),
    ] {
        std::fs::write(
            place.path("devreg.toml"),
            format!(
                r#"
                realms = [{{ path = "/alpha" }}, {{ path = "/alpha/child" }}]
                [[issuers]]
                issuer = "{ISSUER}"
                realm = "{realm}"
                audiences = ["devreg"]
                jwks_file = "jwks"
                {administers}
                "#
            ),
        )
        .unwrap();
        let server = place.serve(&[]);
        eprintln!("{realm} {administers}");
        server.ask(&list().bearer(&signer.sign(&administrator()))).expect(of_administrator);
        server.ask(&list().bearer(&signer.sign(&claims()))).expect(of_user);
    }
}

/// `amr` says how a user logged in; sessions of another AM do not say it.
#[test]
fn session_strength_is_that_of_the_token() {
    let signer = Signer::new("k", Algorithm::ES256);
    let am = am();
    let place = Place::with_users();
    std::fs::write(place.path("jwks"), signer::set(&[&signer]).to_string()).unwrap();
    let url = am.url("/sessions");
    let place = place.configured(&format!(
        r#"
        session_strength = "same"
        [[issuers]]
        issuer = "{ISSUER}"
        realm = "/alpha"
        audiences = ["devreg"]
        jwks_file = "jwks"
        [[sessions]]
        url = "{url}"
        realm = "/alpha"
        "#
    ));
    let server = place.serve(&[]);
    for (amr, status) in [
        (json!([]), 403),
        (json!(["pwd"]), 403),
        (json!(["oath"]), 403),
        (json!(["pwd", "webauthn"]), 200),
    ] {
        let token = signer.sign(&with("amr", amr));
        server.ask(&rename().bearer(&token)).expect(status);
        let listed = server.ask(&list().bearer(&token)).expect(200).json();
        assert_eq!(listed["result"][0]["deviceManagementStatus"], status == 200);
    }
    let sso = |request: crate::http::Request| request.header("iPlanetDirectoryPro", "session-user");
    server.ask(&sso(list())).expect(200);
    server.ask(&sso(rename())).expect_error(403, "User not permitted.");
}
