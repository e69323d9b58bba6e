//! Several servers on one database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::postgres;
use crate::server::{REFRESH, Server, alpha};
use crate::users::{DEVICE, OATH, PHONE, USER};

/// Contests for one revision with each number of servers, unless the environment says otherwise.
const CONTESTS: usize = 100;

const CONTESTS_VARIABLE: &str = "DEVREG_CONTESTS";

/// Writers in a contest.
const WRITERS: usize = 8;

#[test]
fn two_servers() {
    compete(2);
}

#[test]
fn four_servers() {
    compete(4);
}

/// Of eight writers who name one revision, whichever servers they ask, one wins; what was acknowledged is there. Meanwhile the same user's phone refreshes its token, and oath is reset.
fn compete(servers: usize) {
    let Some(place) = postgres::place() else { return };
    let place = place.and_users();
    let token = place.administrator("/alpha");
    let settings = [("DEVREG_REFRESH__PER_MINUTE", "0")];
    let servers: Vec<_> = (0..servers).map(|_| place.serve(&settings)).collect();
    let contests =
        std::env::var(CONTESTS_VARIABLE).map_or(CONTESTS, |count| count.parse().unwrap());
    let done = AtomicBool::new(false);
    let refreshed = thread::scope(|scope| {
        let phone = scope.spawn(|| refresh_until(&servers, &done));
        let administrator = scope.spawn(|| reset_until(&servers, &token, &done));
        {
            let _said_at_the_end = SayDone(&done);
            contest(&servers, &token, contests);
        }
        administrator.join().unwrap();
        phone.join().unwrap()
    });
    assert!(refreshed > 0);
    let export = place.export();
    assert!(export.contains(&format!("\"token-{refreshed}\"")), "the last refresh is there");
    assert!(!export.contains(OATH), "the reset is there");
    place.run(&["verify"]).done();
    servers.into_iter().for_each(Server::stop);
}

/// Tells the others that it is over, also where something failed.
pub(crate) struct SayDone<'a>(pub(crate) &'a AtomicBool);

impl Drop for SayDone<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn contest(servers: &[Server], token: &str, contests: usize) {
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let mut expected = None;
    for number in 0..contests {
        // Of another server than the one that wrote last, mostly.
        let read = servers[number % servers.len()].ask(&Request::get(&target).bearer(token));
        let device = read.expect(200).json();
        if let Some(expected) = expected {
            assert_eq!(device["deviceName"], expected, "what was acknowledged is there");
        }
        let revision = format!("\"{}\"", device["_rev"].as_str().unwrap());
        let name = |writer| format!("name {number} of {writer}");
        let statuses: Vec<u16> = thread::scope(|scope| {
            let write = |writer: usize| {
                let rename = Request::put(&target, &json!({"deviceName": name(writer)}));
                let rename = rename.header("If-Match", &revision).bearer(token);
                servers[writer % servers.len()].ask(&rename).status
            };
            let writers: Vec<_> =
                (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let winners: Vec<_> = (0..WRITERS).filter(|writer| statuses[*writer] == 200).collect();
        let lost = statuses.iter().filter(|status| **status == 412).count();
        assert_eq!((winners.len(), lost), (1, WRITERS - 1), "{statuses:?}");
        expected = Some(name(winners[0]));
    }
}

/// The phone sends one new token after the other, to any server. Gives back the number of the last one that was acknowledged.
fn refresh_until(servers: &[Server], done: &AtomicBool) -> usize {
    let mut number = 0;
    while !done.load(Ordering::Acquire) {
        let message = refresh(&PHONE, &claims(&format!("token-{}", number + 1)));
        servers[number % servers.len()].ask(&Request::post(REFRESH, &message)).expect(200);
        number += 1;
    }
    number
}

fn reset_until(servers: &[Server], token: &str, done: &AtomicBool) {
    let target = alpha(USER, "2fa/oath?_action=reset");
    for number in 0.. {
        let reset = Request::post(&target, &json!({})).bearer(token);
        servers[number % servers.len()].ask(&reset).expect(200);
        if done.load(Ordering::Acquire) {
            break;
        }
    }
}
