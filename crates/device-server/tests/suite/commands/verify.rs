//! `devreg verify`: what is damaged, and what contradicts something else, is named; nothing else is.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use device_core::{
    Change, DeviceChanges, DeviceKind, DeviceSet, Owner, Realm, Revision, SetKey, Skip, UserId,
    Username, What,
};
use device_server::on_store;
use device_server::stores::{self, EMBEDDED};
use device_store::{DeviceStore, Swap};
use serde_json::{Value, json};

use super::demo_data::demo_data;
use crate::damage::{record_key, with_tree};
use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::place::Place;
use crate::server::{REFRESH, alpha};
use crate::users::{BJENSEN, BJENSEN_ID, DEVICE, LINES, PHONE, USER};

fn counts(place: &Place) -> Value {
    serde_json::from_str(&place.run(&["verify", "--output", "json"]).done()).unwrap()
}

/// Fails unless exactly these problems are named.
fn assert_named(place: &Place, problems: &[&str]) {
    let ended = place.run(&["verify", "--output", "json"]);
    for problem in problems {
        assert!(ended.stderr.contains(problem), "`{problem}`: {ended:?}");
    }
    ended.assert_failed(1, &format!("problems found: {}\n", problems.len()));
    let counts: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(counts["problems"], problems.len(), "{ended:?}");
}

/// After everything that the server does to a set there is nothing to find.
#[test]
fn all_is_well() {
    for store in EMBEDDED {
        let place = Place::on(store).and_users();
        let expected = json!({"users": 5, "sets": 15, "devices": 17, "aliases": 1, "changes": 15, "problems": 0});
        assert_eq!(counts(&place), expected, "{store}");
        let token = place.administrator("/alpha");
        let server = place.serve(&[]);
        server.ask(&Request::post(REFRESH, &refresh(&PHONE, &claims("new")))).expect(200);
        let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
        let name = json!({"deviceName": "Changed"});
        server.ask(&Request::put(&webauthn, &name).bearer(&token)).expect(200);
        let passkey = json!({"uuid": DEVICE, "credentialId": "new"});
        let post = |user: &str, rest: &str, body: &Value| {
            server.ask(&Request::post(&alpha(user, rest), body).bearer(&token))
        };
        // A device that makes room for one of the same id is in the change twice.
        post(USER, "2fa/webauthn?_action=create&_onLimit=replace", &passkey).expect(201);
        let count = json!({"signCount": 7});
        post(USER, &format!("2fa/webauthn/{DEVICE}?_action=recordUse"), &count).expect(200);
        server.ask(&Request::delete(&webauthn).bearer(&token)).expect(200);
        post(USER, "2fa/oath?_action=reset", &json!({})).expect(200);
        post("newcomer", "2fa/oath?_action=skip", &json!({"value": true})).expect(200);
        post(BJENSEN_ID, "?_action=purge", &json!({}));
        server.stop();
        place.run(&["purge", "--realm", "/alpha", "--user", BJENSEN_ID]);
        assert_eq!(counts(&place)["aliases"], 0);
        place.run_on(LINES, &["import", "--replace", "-"]).done();
        assert_eq!(counts(&place)["problems"], 0, "{store}");
    }
}

#[test]
fn a_population_and_its_copy_are_clean() {
    let lines = demo_data(&["--users", "1000"]);
    for (store, other) in [("sled", "journal"), ("journal", "sled")] {
        let place = Place::on(store);
        place.run_on(&lines, &["import", "-"]).done();
        let found = counts(&place);
        assert_eq!((&found["problems"], &found["changes"]), (&0.into(), &found["sets"]));
        place.copy(&format!("{store}:data"), &format!("{other}:copy")).done();
        std::fs::rename(place.path("data"), place.path("old")).unwrap();
        std::fs::rename(place.path("copy"), place.path("data")).unwrap();
        let copied = place.run(&["verify", "--store", other, "--output", "json"]).done();
        assert_eq!(serde_json::from_str::<Value>(&copied).unwrap(), found);
    }
}

/// A new store would be without faults, and say nothing of the one that was meant.
#[test]
fn there_must_be_a_store() {
    for store in EMBEDDED {
        let place = Place::on(store);
        place.run(&["verify"]).assert_failed(3, &format!("there is no store `{store}` in `data`"));
        assert!(!place.path("data").exists());
    }
    Place::empty().run(&["verify", "--store", "memory"]).assert_failed(1, "memory");
    Place::empty().run(&["verify", "--store", "paper"]).assert_failed(1, "no store `paper`");
    let place = Place::on("sled").and_users();
    let server = place.serve(&[]);
    place.run(&["verify"]).assert_failed(75, "is in use");
    server.stop();
    let ended = place.run(&["verify"]);
    assert_eq!((ended.code, &*ended.stdout), (0, ""));
    assert_eq!(
        ended.stderr,
        "verified `sled`: 5 users, 15 sets, 17 devices, 1 aliases, 15 changes\n"
    );
}

/// One bit of a record in sled, whose own checksums do not cover what was written to it.
#[test]
fn bits_of_records_in_sled() {
    let place = Place::on("sled").and_users();
    for kind in [DeviceKind::WebAuthn, DeviceKind::Trusted] {
        with_tree(&place, |tree| {
            let key = record_key(USER, kind);
            let mut record = tree.get(&key).unwrap().unwrap().to_vec();
            let middle = record.len() / 2;
            record[middle] ^= 1;
            tree.insert(key, record).unwrap();
        });
    }
    let named = |kind| format!("the record of {kind} of `{USER}` in `/alpha` is damaged");
    assert_named(&place, &[&named("webauthn"), &named("trusted")]);
    // The last change cannot be read, so it is not known what the sets should be.
    with_tree(&place, |tree| {
        let (key, _) = tree.scan_prefix(b"c").last().unwrap().unwrap();
        tree.insert(key, b"garbage").unwrap();
    });
    let named = [named("webauthn"), named("trusted")];
    let log = ["the record of change 15 is damaged", "the change log ends at a damaged change"];
    assert_named(&place, &[&named[0], &named[1], log[0], log[1]]);
}

/// One byte of the real file of a journal, in a segment that is full and is not read at the start.
#[test]
fn bytes_of_a_journal() {
    let place = Place::on("journal");
    // Each with 60 kB that nobody knows: together more than the smallest segment has.
    let line = |number: usize| {
        let filling = "x".repeat(60_000);
        let profile =
            json!({"uuid": format!("device-{number}"), "sharedSecret": "AB", "filling": filling});
        let line = json!({"realm": "/alpha", "username": format!("user-{number}"), "devices": {"oath": [profile]}});
        format!("{line}\n")
    };
    let lines: String = (0..200).map(line).collect();
    place.run_on(&lines, &["import", "-"]).done();
    assert_eq!(counts(&place)["problems"], 0);
    let segment = place.path("data/journal/segment-0000000001");
    let places = places_of(&segment, "device-1");
    assert!(!places.is_empty(), "the first segment does not have what is looked for");
    flip(&segment, places[0]);
    let ended = place.run(&["verify"]);
    ended.assert_failed(1, "the record of oath of `user-1` in `/alpha` is damaged");
    ended.assert_failed(1, "problems found: ");
    flip(&segment, places[0]);
    assert_eq!(counts(&place)["problems"], 0);
    // A segment that is still written to is read at the start: the store does not open, and the message names the file. Only its last frame may look as if a crash had torn it.
    let segments = std::fs::read_dir(place.path("data/journal")).unwrap();
    let newest = segments
        .map(|entry| entry.unwrap().path())
        .filter(|path| !places_of(path, "filling").is_empty())
        .max()
        .unwrap();
    flip(&newest, places_of(&newest, "filling")[0]);
    let name = newest.file_name().unwrap().to_string_lossy().into_owned();
    place.run(&["verify"]).assert_failed(1, &format!("`{name}` is damaged"));
}

/// Where a text begins that is followed by no digit.
fn places_of(file: &Path, text: &str) -> Vec<u64> {
    let bytes = std::fs::read(file).unwrap();
    let all = bytes.windows(text.len() + 1).enumerate().filter(|(_, window)| {
        window.starts_with(text.as_bytes()) && !window[text.len()].is_ascii_digit()
    });
    all.map(|(at, _)| at as u64).collect()
}

fn flip(file: &Path, at: u64) {
    let file = File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

/// Stores a set through the store, past all rules.
fn put(place: &Place, store: &str, username: &str, user_id: &str, set: DeviceSet) {
    let (username, user_id) = (Username::parse(username).unwrap(), UserId::parse(user_id).unwrap());
    let realm = Realm::parse("/alpha").unwrap();
    let key = SetKey::new(&realm, &username, DeviceKind::WebAuthn);
    let set = DeviceSet {
        revision: Revision::from_record(7),
        owner: Some(Owner { username: username.clone(), user_id }),
        ..set
    };
    let what = What::Set {
        kind: DeviceKind::WebAuthn,
        revision: set.revision,
        devices: DeviceChanges::new(),
        skip: None,
    };
    let (id, actor) = (uuid::Uuid::nil(), "test".into());
    let change =
        Change { id, at_ms: 0, actor, request_id: None, reason: None, realm, username, what };
    let opened = stores::open(store, &place.path("data")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let swap = on_store!(&opened, |store| runtime.block_on(store.swap(
        &key,
        Revision::NONE,
        Arc::new(set),
        change
    )));
    assert_eq!(swap.unwrap(), Swap::Stored);
}

/// What no rule does, but a store would take.
#[test]
fn contradictions() {
    for store in EMBEDDED {
        let place = Place::on(store).and_users();
        put(&place, store, "alice", BJENSEN_ID, DeviceSet::default());
        // The id leads to the one who was stored last, and the other one is not found by it.
        let elsewhere = |kind| {
            format!(
                "{kind} of `{BJENSEN}` in `/alpha`: the id of its owner, `{BJENSEN_ID}`, leads to `alice`"
            )
        };
        let [push, webauthn] = ["push", "webauthn"].map(elsewhere);
        assert_named(&place, &[&push, &webauthn]);
        let skip = DeviceSet { skip: Skip::Skippable, ..DeviceSet::default() };
        put(&place, store, "bob", "bob", skip);
        let skip = "webauthn of `bob` in `/alpha`: it has a skip setting, which its kind has not";
        assert_named(&place, &[&push, &webauthn, skip]);
    }
}

/// Sets and log of different times, as when a file was put back from elsewhere.
#[test]
fn sets_that_are_not_of_their_newest_change() {
    let place = Place::on("sled").and_users();
    let old = with_tree(&place, |tree| tree.get(record_key(USER, DeviceKind::WebAuthn)).unwrap());
    let server = place.serve(&[]);
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let token = place.administrator("/alpha");
    server.ask(&Request::delete(&webauthn).bearer(&token)).expect(200);
    server.stop();
    assert_eq!(counts(&place)["problems"], 0);
    let key = record_key(USER, DeviceKind::WebAuthn);
    with_tree(&place, |tree| tree.insert(&*key, old.unwrap()).unwrap());
    let of_set = format!("webauthn of `{USER}` in `/alpha`: it is ");
    assert_named(&place, &[&format!("{of_set}at revision ")]);
    with_tree(&place, |tree| tree.remove(key).unwrap());
    assert_named(&place, &[&format!("{of_set}not there, and its newest change, 16, stored it")]);
    // An alias that is gone.
    with_tree(&place, |tree| {
        let (key, _) = tree.scan_prefix(b"a").next().unwrap().unwrap();
        tree.remove(key).unwrap();
    });
    let nobody = format!("in `/alpha`: the id of its owner, `{BJENSEN_ID}`, leads to nobody");
    place.run(&["verify"]).assert_failed(1, &nobody);
}
