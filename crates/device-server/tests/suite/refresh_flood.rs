//! The limit of refreshes by username and source: whom it lets come back, whose word it takes for the source, and that it can be turned off. That it locks no phone out is case 32.

use std::time::Duration;

use serde_json::Value;

use crate::http::{Answer, Request};
use crate::jws::{HEADER, claims, refresh, refresh_with, sign};
use crate::place::Place;
use crate::server::{REFRESH, Server};
use crate::users::{PHONE, Phone};

pub(crate) fn forged(phone: &Phone) -> Value {
    refresh_with(phone, &sign(HEADER, &claims("stolen").to_string(), b"not the phone's key at all"))
}

pub(crate) fn from(server: &Server, source: &str, body: &Value) -> Answer {
    server.ask(&Request::post(REFRESH, body).header("X-Forwarded-For", source))
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
