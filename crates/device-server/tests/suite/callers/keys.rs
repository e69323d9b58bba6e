//! Keys of an issuer: found, replaced, removed, and out of reach.

use std::time::Instant;

use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

use super::neighbour::{Neighbour, Says};
use super::signer::{self, Signer, administrator, claims, with};
use super::{list, rename, wait_for};
use crate::place::Place;
use crate::server::Server;

fn serve(issuer: &str, more: &str) -> (Place, Server) {
    let place = Place::with_users().configured(&format!(
        r#"
        [[issuers]]
        issuer = "{issuer}"
        realm = "/alpha"
        audiences = ["devreg"]
        {more}
        "#
    ));
    let server = place.serve(&[]);
    (place, server)
}

/// With its keys at `neighbour`.
fn serve_at(neighbour: &Neighbour, refresh_seconds: u64) -> (Place, Server) {
    let url = neighbour.url("/keys");
    serve(super::ISSUER, &format!("jwks_url = \"{url}\"\njwks_refresh_seconds = {refresh_seconds}"))
}

#[test]
fn every_algorithm() {
    let signers = [
        Signer::new("r", Algorithm::RS256),
        Signer::new("p", Algorithm::PS256),
        Signer::new("e", Algorithm::ES256),
        Signer::new("o", Algorithm::EdDSA),
    ];
    let set = signer::set(&signers.iter().collect::<Vec<_>>());
    let neighbour = Neighbour::saying(Says::ok(set));
    let (_place, server) = serve_at(&neighbour, 3600);
    for signer in &signers {
        server.ask(&list().bearer(&signer.sign(&claims()))).expect(200);
        server.ask(&rename().bearer(&signer.sign(&administrator()))).expect(200);
    }
    assert_eq!(neighbour.asked().len(), 1);
    let (url, only) = (neighbour.url("/keys"), "algorithms = [\"EdDSA\"]");
    let (_place, server) = serve(super::ISSUER, &format!("jwks_url = \"{url}\"\n{only}"));
    for signer in &signers {
        let status = if signer.kid == "o" { 200 } else { 401 };
        server.ask(&list().bearer(&signer.sign(&claims()))).expect(status);
    }
}

#[test]
fn keys_that_were_made_up_cause_one_question() {
    let signer = Signer::new("k", Algorithm::EdDSA);
    let neighbour = Neighbour::saying(Says::ok(signer::set(&[&signer])));
    let (_place, server) = serve_at(&neighbour, 3600);
    server.ask(&list().bearer(&signer.sign(&claims()))).expect(200);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..64 {
            let (signer, server) = (&signer, &server);
            scope.spawn(move || {
                let header = Header { kid: Some(format!("made-up-{number}")), ..signer.header() };
                server.ask(&list().bearer(&signer.sign_with(&header, &claims()))).expect(401);
            });
        }
    });
    // One at the start, one for all of them, and one for each time that nobody may ask again.
    let asked_max = 2 + started.elapsed().as_secs() / 10;
    let asked = neighbour.asked().len() as u64;
    assert!(asked <= asked_max, "{asked} questions");
    server.ask(&list().bearer(&signer.sign(&with("jti", "another")))).expect(200);
}

#[test]
fn a_new_key_is_found_at_once_and_a_removed_one_goes() {
    let (old, new) = (Signer::new("old", Algorithm::ES256), Signer::new("new", Algorithm::ES256));
    let neighbour = Neighbour::saying(Says::ok(signer::set(&[&old])));
    let (_place, server) = serve_at(&neighbour, 3600);
    let with_old = list().bearer(&old.sign(&claims()));
    server.ask(&with_old).expect(200);
    neighbour.says(Says::ok(signer::set(&[&new, &old])));
    server.ask(&list().bearer(&new.sign(&claims()))).expect(200);
    server.ask(&with_old).expect(200);
    // The old one goes with a fetch that somebody else causes, from what was verified too.
    neighbour.says(Says::ok(signer::set(&[&new])));
    let made_up = Signer::new("made-up", Algorithm::ES256);
    server.ask(&list().bearer(&made_up.sign(&claims()))).expect(401);
    server.ask(&with_old).expect_error(401, "Access Denied");
}

/// Nobody has to send an unknown key for that.
#[test]
fn a_removed_key_goes_by_itself() {
    let (old, new) = (Signer::new("old", Algorithm::ES256), Signer::new("new", Algorithm::ES256));
    let neighbour = Neighbour::saying(Says::ok(signer::set(&[&new, &old])));
    let (_place, server) = serve_at(&neighbour, 1);
    let with_old = list().bearer(&old.sign(&claims()));
    server.ask(&with_old).expect(200);
    neighbour.says(Says::ok(signer::set(&[&new])));
    wait_for(&server, &with_old, 401);
    server.ask(&list().bearer(&new.sign(&claims()))).expect(200);
}

#[test]
fn while_the_issuer_is_away_known_callers_go_on() {
    let signer = Signer::new("k", Algorithm::ES256);
    let elsewhere = Neighbour::saying(Says::ok(signer::set(&[&signer])));
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(300 * 1024));
    for (at, away) in [
        Says::Json(500, "{}".into()),
        Says::Json(404, signer::set(&[&signer]).to_string()),
        Says::ok("<html>not JSON</html>"),
        Says::ok(json!({"no": "keys"})),
        Says::ok(huge),
        Says::Redirect(elsewhere.url("/keys")),
        Says::Nothing,
    ]
    .into_iter()
    .enumerate()
    {
        eprintln!("{at}");
        let neighbour = Neighbour::saying(Says::ok(signer::set(&[&signer])));
        let (_place, server) = serve_at(&neighbour, 1);
        let known = list().bearer(&signer.sign(&claims()));
        server.ask(&known).expect(200);
        neighbour.says(away);
        let unknown = Signer::new("unknown", Algorithm::ES256);
        let answer = wait_for(&server, &list().bearer(&unknown.sign(&claims())), 503);
        assert!(answer.header("retry-after").is_some());
        let answer = answer.expect_error(503, "The token cannot be checked now");
        assert_eq!(answer.header("www-authenticate"), None);
        server.ask(&known).expect(200);
        neighbour.says(Says::ok(signer::set(&[&signer])));
    }
    assert!(elsewhere.asked().is_empty(), "redirects are not followed");
}

/// A key may have been removed since: what cannot be known is not decided.
#[test]
fn old_keys_verify_nothing_new() {
    let signer = Signer::new("k", Algorithm::ES256);
    let neighbour = Neighbour::saying(Says::ok(signer::set(&[&signer])));
    let (_place, server) = serve_at(&neighbour, 1);
    let known = list().bearer(&signer.sign(&claims()));
    server.ask(&known).expect(200);
    neighbour.says(Says::Json(500, String::new()));
    let new = |number: u32| list().bearer(&signer.sign(&with("jti", number)));
    let refused = (0..400).any(|number| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        server.ask(&new(number)).status == 503
    });
    assert!(refused);
    server.ask(&known).expect(200);
    neighbour.says(Says::ok(signer::set(&[&signer])));
    wait_for(&server, &new(1000), 200);
}

#[test]
fn an_issuer_that_was_never_there() {
    let neighbour = Neighbour::saying(Says::Json(503, String::new()));
    let (place, server) = serve_at(&neighbour, 3600);
    let signer = Signer::new("k", Algorithm::ES256);
    server.ask(&list().bearer(&signer.sign(&claims()))).expect_error(503, "cannot be checked");
    // Others do not need it.
    server.ask(&list().bearer(&place.administrator("/alpha"))).expect(200);
    assert!(place.log().contains("the keys of an issuer could not be fetched"));
}

#[test]
fn what_is_discovered_must_be_of_the_issuer() {
    let signer = Signer::new("k", Algorithm::ES256);
    let keys = Neighbour::saying(Says::ok(signer::set(&[&signer])));
    let elsewhere = keys.url("/keys");
    for (issuer, jwks_uri, status) in [
        (None, elsewhere.as_str(), 200),
        (Some("https://other.example.com"), &elsewhere, 503),
        (None, "http://idp.example.com/keys", 503),
        (None, "file:///etc/passwd", 503),
    ] {
        let neighbour = Neighbour::saying(Says::Nothing);
        let own = neighbour.url("");
        let document = json!({"issuer": issuer.unwrap_or(&own), "jwks_uri": jwks_uri});
        neighbour.says(Says::ok(document));
        let (_place, server) = serve(&own, "");
        server.ask(&list().bearer(&signer.sign(&with("iss", own.as_str())))).expect(status);
        let asked = neighbour.asked();
        assert!(
            asked
                .iter()
                .all(|asked| asked.line == "GET /.well-known/openid-configuration HTTP/1.1")
        );
    }
}
