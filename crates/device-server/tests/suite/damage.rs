//! A record that cannot be read: an error for its set, never overwritten, and no harm to others. In sled one can be exchanged for garbage; a journal with such a record does not open.

use std::time::{Duration, Instant};

use device_core::{DeviceKind, Realm, SetKey, Username};
use serde_json::json;

use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::place::Place;
use crate::server::{REFRESH, alpha, alpha_list};
use crate::users::{DEVICE, LINES, MY_USER, PHONE, PUSH, USER};

/// How long is waited for the lock of sled's file.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The record of a user's set in sled's one tree.
pub(crate) fn record_key(username: &str, kind: DeviceKind) -> Vec<u8> {
    let (realm, username) = (Realm::parse("/alpha").unwrap(), Username::parse(username).unwrap());
    [b"s", SetKey::new(&realm, &username, kind).as_bytes()].concat()
}

/// Does something with the tree of a stopped server.
pub(crate) fn with_tree<T>(place: &Place, act: impl FnOnce(&sled::Db) -> T) -> T {
    let config = sled::Config::new()
        .path(place.path("data/sled"))
        // As the store has it.
        .segment_size(16 * 1024 * 1024)
        .cache_capacity(16 * 1024 * 1024);
    let started = Instant::now();
    let tree = loop {
        match config.open() {
            // sled's threads hold the file a little beyond the end of the tree that was open before.
            Err(error) if error.to_string().contains("lock") && started.elapsed() < LOCK_WAIT => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => break opened.unwrap(),
        }
    };
    let result = act(&tree);
    tree.flush().unwrap();
    result
}

fn damage(place: &Place, kinds: &[DeviceKind]) {
    with_tree(place, |tree| {
        for kind in kinds {
            assert!(tree.insert(record_key(USER, *kind), b"garbage").unwrap().is_some());
        }
    });
}

/// What the stored record is now.
fn record(place: &Place, kind: DeviceKind) -> Vec<u8> {
    with_tree(place, |tree| tree.get(record_key(USER, kind)).unwrap().unwrap().to_vec())
}

#[test]
fn over_http() {
    let place = Place::on("sled").and_users();
    damage(&place, &[DeviceKind::WebAuthn, DeviceKind::Push]);
    let server = place.serve(&[]);
    let administrator = place.administrator("/alpha");
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let name = json!({"deviceName": "Changed"});
    let post = |rest: &str, body| Request::post(&alpha(USER, rest), &body);
    let requests = [
        Request::get(&alpha_list(USER, "2fa/webauthn")),
        Request::get(&webauthn),
        Request::put(&webauthn, &name),
        Request::delete(&webauthn),
        post(&format!("2fa/webauthn/{DEVICE}?_action=recordUse"), json!({"signCount": 1})),
        post("2fa/webauthn?_action=create", json!({"uuid": "new", "credentialId": "new"})),
        Request::get(&alpha_list(USER, "2fa/push")),
        Request::delete(&alpha(USER, &format!("2fa/push/{PUSH}"))),
        post("2fa/push?_action=reset", json!({})),
        post("2fa/push?_action=skip", json!({"value": true})),
        post("2fa/push?_action=check", json!({})),
        Request::post(&alpha(USER, "?_action=purge").replace("/?", "?"), &json!({})),
    ];
    for caller in [&administrator, &place.user("/alpha", USER)] {
        for request in &requests {
            let answer = server.ask(&request.clone().bearer(caller));
            // What belongs to administrators is refused to the user before anybody looks.
            if *caller != administrator && answer.status == 403 {
                continue;
            }
            answer.expect_error(500, "The stored record is damaged; it was left as it is");
        }
    }
    // Without a token there is nothing to be learnt but that something is wrong.
    server
        .ask(&Request::post(REFRESH, &refresh(&PHONE, &claims("new-token"))))
        .expect_error(500, "");
    server.ask(&requests[0]).expect_error(401, "Access Denied");

    // The other kinds of the user, and the other users.
    server.ask(&post("2fa/oath?_action=reset", json!({})).bearer(&administrator)).expect(200);
    let binding = alpha(USER, &format!("2fa/binding/{DEVICE}"));
    server.ask(&Request::put(&binding, &name).bearer(&administrator)).expect(200);
    let others = alpha(MY_USER, &format!("2fa/webauthn/{DEVICE}"));
    server.ask(&Request::put(&others, &name).bearer(&administrator)).expect(200);
    server.stop();
    for kind in [DeviceKind::WebAuthn, DeviceKind::Push] {
        assert_eq!(record(&place, kind), b"garbage");
    }
    // The log says which record.
    assert!(place.log().contains(&format!("webauthn of `{USER}` in `/alpha`")), "{}", place.log());
}

#[test]
fn in_commands() {
    let place = Place::on("sled").and_users();
    let whole = place.export();
    damage(&place, &[DeviceKind::WebAuthn]);
    let what = format!("webauthn of `{USER}` in `/alpha`");
    let ended = place.run(&["export", "--secrets"]);
    ended.assert_failed(1, &what);
    ended.assert_failed(1, "not everything is in the export: 1 damaged");
    // Everything else is in it.
    assert_eq!(ended.stdout.lines().count(), whole.lines().count());
    assert_eq!(ended.stdout.matches(DEVICE).count(), whole.matches(DEVICE).count() - 1);

    for flags in
        [&["import", "-"][..], &["import", "--replace", "-"], &["import", "--dry-run", "-"]]
    {
        place.run_on(LINES, flags).assert_failed(1, &what);
    }
    place.run(&["purge", "--realm", "/alpha", "--user", USER]).assert_failed(1, &what);
    assert_eq!(record(&place, DeviceKind::WebAuthn), b"garbage");
}

/// A store that opened without a commit in its middle would show old states as current ones.
#[test]
fn in_the_journal() {
    use std::os::unix::fs::FileExt as _;
    let place = Place::on("journal").and_users();
    place.run(&["purge", "--realm", "/alpha", "--user", USER]).done();
    let segment = place.path("data/journal/segment-0000000001");
    let file = std::fs::File::options().read(true).write(true).open(&segment).unwrap();
    let flip = || {
        let mut byte = [0];
        file.read_exact_at(&mut byte, 300).unwrap();
        file.write_all_at(&[!byte[0]], 300).unwrap();
    };
    let whole = place.export();
    flip();
    let damaged = std::fs::read(&segment).unwrap();
    for arguments in [&["export"][..], &["import", "-"], &["serve", "--listen", "127.0.0.1:0"]] {
        place.run_on(LINES, arguments).assert_failed(1, "`segment-0000000001` is damaged");
    }
    assert!(std::fs::read(&segment).unwrap() == damaged, "it is left as it is");
    flip();
    assert_eq!(place.export(), whole);
}
