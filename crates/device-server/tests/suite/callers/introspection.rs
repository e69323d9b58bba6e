//! Opaque tokens, by an issuer's introspection end point (RFC 7662).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::neighbour::{Neighbour, Says};
use super::signer::LATER;
use super::{list, rename};
use crate::place::Place;
use crate::server::Server;
use crate::users::USER;

const NAME: &str = "https://opaque.example.com";
const SECRET: &str = "canary: s&cret";

fn serve(neighbour: &Neighbour, more: &str) -> (Place, Server) {
    let url = neighbour.url("/introspect");
    let place = Place::with_users().configured(&format!(
        r#"
        [[issuers]]
        issuer = "{NAME}"
        realm = "/alpha"
        introspection = {{ url = "{url}", client_id = "dev:reg", client_secret_env = "SECRET" }}
        {more}
        "#
    ));
    let server = place.serve(&[("SECRET", SECRET)]);
    (place, server)
}

fn active() -> Value {
    json!({"active": true, "sub": USER})
}

fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut answer = active();
    answer[member] = value.into();
    answer
}

#[test]
fn it_is_asked_once_a_token_with_credentials() {
    let neighbour = Neighbour::saying(Says::ok(active()));
    let (place, server) = serve(&neighbour, "");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| server.ask(&list().bearer("a+token/=")).expect(200));
        }
    });
    server.ask(&rename().bearer("a+token/=")).expect(200);
    let asked = neighbour.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].line, "POST /introspect HTTP/1.1");
    assert_eq!(asked[0].body, "token=a%2Btoken%2F%3D&token_type_hint=access_token");
    let credentials = STANDARD.encode("dev%3Areg:canary%3A%20s%26cret");
    assert!(asked[0].head.contains(&format!("authorization: Basic {credentials}")));
    // A token nobody knows is asked for each time: it may be good later.
    neighbour.says(Says::ok(json!({"active": false})));
    server.ask(&list().bearer("unknown")).expect_error(401, "Access Denied");
    server.ask(&list().bearer("a+token/=")).expect(200);
    let log = place.log();
    assert!(!log.contains("canary") && !log.contains(&credentials) && !log.contains("a+token"));
}

#[test]
fn what_is_active_and_what_is_not() {
    let neighbour = Neighbour::saying(Says::Nothing);
    let (_place, server) = serve(&neighbour, "audiences = [\"devreg\"]");
    let good = with("aud", "devreg");
    let but = |member: &str, value: Value| {
        let mut answer = good.clone();
        answer[member] = value;
        answer
    };
    let table = [
        ("good", good.clone(), 200),
        ("all members", but("iss", NAME.into()), 200),
        ("a list", but("aud", json!(["other", "devreg"])), 200),
        ("valid", but("exp", LATER.into()), 200),
        ("bearer", but("token_type", "Bearer".into()), 200),
        ("inactive", but("active", false.into()), 401),
        ("a word", but("active", "true".into()), 401),
        ("nothing", json!({}), 401),
        ("no subject", but("sub", Value::Null), 401),
        ("expired", but("exp", 1_700_000_000.into()), 401),
        ("later", but("nbf", LATER.into()), 401),
        ("another issuer", but("iss", "https://other.example.com".into()), 401),
        ("another audience", but("aud", "other".into()), 401),
        ("no audience", active(), 401),
        ("a refresh token", but("token_type", "refresh_token".into()), 401),
        ("Keycloak's refresh token", but("typ", "Refresh".into()), 401),
        ("AM's ID token", but("tokenName", "id_token".into()), 401),
    ];
    for (at, (what, answer, status)) in table.into_iter().enumerate() {
        eprintln!("{what}");
        neighbour.says(Says::ok(answer));
        server.ask(&list().bearer(&format!("token-{at}"))).expect(status);
    }
}

#[test]
fn while_it_is_away_known_callers_go_on() {
    let neighbour = Neighbour::saying(Says::ok(active()));
    let elsewhere = Neighbour::saying(Says::ok(active()));
    let (place, server) = serve(&neighbour, "");
    server.ask(&list().bearer("known")).expect(200);
    let huge = json!({"active": true, "sub": USER, "x": "x".repeat(300 * 1024)});
    for (at, away) in [
        Says::Json(500, active().to_string()),
        // That is about our own credentials.
        Says::Json(401, active().to_string()),
        Says::Json(201, active().to_string()),
        Says::ok("[]"),
        Says::ok("no JSON"),
        Says::ok(huge),
        Says::Redirect(elsewhere.url("/introspect")),
        Says::Nothing,
    ]
    .into_iter()
    .enumerate()
    {
        neighbour.says(away);
        let answer = server.ask(&list().bearer(&format!("unknown-{at}")));
        let answer = answer.expect_error(503, "The token cannot be checked now");
        assert!(answer.header("retry-after").is_some());
        server.ask(&list().bearer("known")).expect(200);
        server.ask(&list().bearer(&place.administrator("/alpha"))).expect(200);
    }
    assert!(elsewhere.asked().is_empty(), "redirects are not followed");
}
