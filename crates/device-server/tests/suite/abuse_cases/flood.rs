//! Case 32: somebody floods the end point that takes no token.

use super::refreshes::ends_refreshed;
use crate::http::Answer;
use crate::jws::{claims, refresh};
use crate::place::Place;
use crate::refresh_flood::{forged, from};
use crate::server::Server;
use crate::users::{PHONE, Phone};
use crate::watched::Watched;

/// How many are looked at at once, by default.
const BURST: usize = 30;

/// A phone of a user of whom nothing is stored.
const NOBODYS: Phone = Phone { username: "nobody-at-all", ..PHONE };

/// How many of a flood were looked at before the first was turned away, and what that one was told.
fn flood(server: &Server, source: &str, phone: &Phone) -> (usize, Answer) {
    let body = forged(phone);
    let answers: Vec<Answer> = (0..1_000).map(|_| from(server, source, &body)).collect();
    let looked_at = answers.iter().take_while(|answer| answer.status == 400).count();
    let turned_away = answers.iter().filter(|answer| answer.status == 429).count();
    // Some that come later are looked at again.
    assert!(turned_away > 900, "{turned_away}");
    let first = answers.into_iter().nth(looked_at).unwrap();
    (looked_at, first)
}

/// A limit by username and source, which tells nobody who exists.
#[test]
fn case_32_a_flood_locks_nobody_out() {
    // Slow enough that nothing comes back while the test runs.
    let settings = [("DEVREG_PROXIES", "127.0.0.0/8"), ("DEVREG_REFRESH__PER_MINUTE", "1")];
    let start = |place: &Place| place.serve(&settings);
    let watched = Watched::started_by(Place::with_users(), start);
    let server = &watched.server;
    let mut told = Vec::new();
    for phone in [&PHONE, &NOBODYS] {
        let (looked_at, answer) = flood(server, "198.51.100.7", phone);
        assert!((BURST..BURST + 10).contains(&looked_at), "{looked_at}");
        let answer = answer.expect_error(429, "Too many requests");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        told.push(answer.body);
    }
    assert_eq!(told[0], told[1]);
    // Another way to write the name is no other name.
    let shouted = Phone { username: "014C54BD-6078-4639-8316-8CE0E7746FA4", ..PHONE };
    from(server, "198.51.100.7", &forged(&shouted)).expect(429);
    // Nor is what the flood says of itself believed: the proxy has added the true source at the end.
    from(server, "203.0.113.1, 198.51.100.7", &forged(&PHONE)).expect(429);
    watched.assert_untouched();
    // And now the phone itself, from where it is.
    from(server, "203.0.113.80", &refresh(&PHONE, &claims("new-token"))).expect(200);
    ends_refreshed(watched, "new-token");
}
