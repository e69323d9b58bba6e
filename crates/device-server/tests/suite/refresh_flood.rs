//! Somebody floods the end point that takes no token: a limit by username and source, which tells nobody who exists and locks no phone out (abuse case 32).

use std::time::Duration;

use serde_json::Value;

use crate::http::{Answer, Request};
use crate::jws::{HEADER, claims, refresh, refresh_with, sign};
use crate::place::Place;
use crate::server::{REFRESH, Server};
use crate::users::{PHONE, Phone};

const BURST: usize = 30;

/// A phone of a user of whom nothing is stored.
const NOBODYS: Phone = Phone { username: "nobody-at-all", ..PHONE };

fn forged(phone: &Phone) -> Value {
    refresh_with(phone, &sign(HEADER, &claims("stolen").to_string(), b"not the phone's key at all"))
}

fn from(server: &Server, source: &str, body: &Value) -> Answer {
    server.ask(&Request::post(REFRESH, body).header("X-Forwarded-For", source))
}

/// How many of a flood were looked at before the first was turned away, and what that one was told.
fn flood(server: &Server, source: &str, phone: &Phone) -> (usize, Answer) {
    let body = forged(phone);
    let answers: Vec<Answer> = (0..1_000).map(|_| from(server, source, &body)).collect();
    let looked_at = answers.iter().take_while(|answer| answer.status == 400).count();
    let turned_away = answers.iter().filter(|answer| answer.status == 429).count();
    // Some that come later are looked at again: the limit is one of a minute.
    assert!(turned_away > 900, "{turned_away}");
    let first = answers.into_iter().nth(looked_at).unwrap();
    (looked_at, first)
}

#[test]
fn a_flood_is_turned_away_and_tells_nobody_who_exists_and_the_phone_gets_through() {
    let place = Place::with_users();
    let before = place.export();
    let server = place.serve(&[("DEVREG_PROXIES", "127.0.0.0/8")]);
    let mut told = Vec::new();
    for phone in [&PHONE, &NOBODYS] {
        let (looked_at, answer) = flood(&server, "198.51.100.7", phone);
        assert!((BURST..BURST + 10).contains(&looked_at), "{looked_at}");
        let answer = answer.expect_error(429, "Too many requests");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=2).contains(&wait), "{wait}");
        told.push(answer.body);
    }
    assert_eq!(told[0], told[1]);
    // Another way to write the name is no other name.
    let shouted = Phone { username: "014C54BD-6078-4639-8316-8CE0E7746FA4", ..PHONE };
    from(&server, "198.51.100.7", &forged(&shouted)).expect(429);
    // Nor is what the flood says of itself believed: the proxy has added the true source at the end.
    from(&server, "203.0.113.1, 198.51.100.7", &forged(&PHONE)).expect(429);
    server.stop();
    assert_eq!(place.export(), before);

    // The same once more, and now the phone itself, from where it is.
    let server = place.serve(&[("DEVREG_PROXIES", "127.0.0.0/8")]);
    flood(&server, "198.51.100.7", &PHONE);
    from(&server, "203.0.113.80", &refresh(&PHONE, &claims("new-token"))).expect(200);
    server.stop();
    assert_ne!(place.export(), before);
}

#[test]
fn a_source_that_was_turned_away_may_come_back_when_it_was_told_to() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_REFRESH__BURST", "3")]);
    let mut answers: Vec<Answer> =
        (0..10).map(|_| server.ask(&Request::post(REFRESH, &forged(&PHONE)))).collect();
    let told = answers.pop().unwrap().expect(429);
    let seconds = told.header("retry-after").unwrap().parse().unwrap();
    std::thread::sleep(Duration::from_secs(seconds));
    server.ask(&Request::post(REFRESH, &refresh(&PHONE, &claims("new-token")))).expect(200);
    server.stop();
}

#[test]
fn a_forwarded_address_is_believed_of_configured_proxies_only() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_REFRESH__BURST", "3")]);
    let statuses: Vec<u16> = (0..10)
        .map(|number| from(&server, &format!("198.51.100.{number}"), &forged(&PHONE)).status)
        .collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    server.stop();
}

#[test]
fn the_limit_can_be_turned_off() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_REFRESH__PER_MINUTE", "0")]);
    for _ in 0..200 {
        server.ask(&Request::post(REFRESH, &forged(&PHONE))).expect(400);
    }
    server.stop();
}
