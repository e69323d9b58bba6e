//! `serve --demo`: the lines it prints work as they stand.

use serde_json::Value;

use crate::place::Place;
use crate::server::Server;
use crate::tools::{CurlAnswer, curl, has};

/// What was printed to be pasted: everything on stderr that is not a log line.
fn printed(place: &Place) -> String {
    place
        .log()
        .lines()
        .filter(|line| !line.starts_with('{'))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn json(answer: &CurlAnswer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn paste(place: &Place, server: &Server) {
    let lines = printed(place);
    assert_eq!(lines.matches("\ncurl ").count(), 5, "{lines}");
    assert!(lines.contains(&server.address.to_string()), "{lines}");
    let answers = curl(&lines);
    let [list, renamed, deleted, refreshed, reset] = &answers[..] else { panic!("{answers:?}") };
    let list = json(list);
    assert_eq!(list["result"].as_array().unwrap().len(), 2);
    assert_eq!(list["result"][0]["deviceName"], "New Security Key");
    let (renamed, deleted) = (json(renamed), json(deleted));
    assert_eq!(
        (&renamed["_id"], &renamed["deviceName"]),
        (&list["result"][0]["_id"], &"Work Laptop".into())
    );
    assert_eq!(deleted, renamed);
    assert_eq!((refreshed.status, &*refreshed.body), (200, "{}"));
    assert_eq!((reset.status, &*reset.body), (200, r#"{"result":true}"#));
}

#[test]
fn the_printed_lines_work() {
    if !has("curl") {
        return;
    }
    let place = Place::empty();
    let server = place.serve_with(&[], &["--demo"]);
    paste(&place, &server);
    server.stop();
    let after = place.export();
    assert!(!after.contains("demo-token-1:H0D8"), "the token was refreshed, then reset");

    // A second start leaves the store as it is: what was deleted stays deleted.
    let server = place.serve_with(&[], &["--demo"]);
    server.stop();
    assert_eq!(place.export(), after);
}

#[test]
fn in_memory_as_well() {
    if !has("curl") {
        return;
    }
    let place = Place::empty();
    let server = place.serve_with(&[], &["--demo", "--store", "memory"]);
    paste(&place, &server);
    server.stop();
}

#[test]
fn users_that_are_there_stay_alone() {
    let place = Place::with_users();
    let before = place.export();
    place.serve_with(&[], &["--demo"]).stop();
    assert_eq!(place.export(), before);
}
