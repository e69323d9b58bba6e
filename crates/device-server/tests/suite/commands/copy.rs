//! `devreg copy`: exactly, only into what is empty or begun, and again after an interruption.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use device_core::{
    Change, DeviceChanges, DeviceKind, DeviceSet, Owner, Realm, Revision, SetKey, Username, What,
};
use device_server::stores::{self, Opened};
use device_server::{on_store, unfinished};
use device_store::{DeviceStore, SequencedChange, Swap};
use serde_json::{Value, json};

use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::place::{Ended, Place};
use crate::server::REFRESH;
use crate::users::{LINES, PHONE, USER};

/// So many users with up to four sets each, some of whom are called otherwise than their `_id`.
pub(super) fn lines(users: usize) -> String {
    let user = |number: usize| {
        let profile = |id: &str| json!({"uuid": format!("{id}-{number}"), "recoveryCodes": ["a", "{SCRYPT}b"], "unknown": [number, 1.5]});
        let mut oath = profile("oath");
        oath["sharedSecret"] = format!("CA4A27{number:034}").into();
        let mut webauthn = profile("webauthn");
        webauthn["credentialId"] = format!("credential-{number}").into();
        let every = |nth: usize, profiles: &[Value]| {
            if number.is_multiple_of(nth) { profiles.to_vec() } else { Vec::new() }
        };
        let mut line = json!({
            "realm": if number.is_multiple_of(7) { "/" } else { "/alpha" },
            "username": format!("user-{number}"),
            "skip": {"oath": if number.is_multiple_of(4) { "not_skippable" } else { "not_set" }},
            "devices": {
                "oath": [oath],
                "push": every(2, &[profile("push"), profile("push-2")]),
                "webauthn": every(5, &[webauthn]),
            }
        });
        if number.is_multiple_of(3) {
            line["user_id"] = format!("id-{number}").into();
        }
        format!("{line}\n")
    };
    (0..users).map(user).collect()
}

/// A store's sets, whole, and where the ids of their owners lead.
pub(super) type Content = Vec<(SetKey, Arc<DeviceSet>, Option<Username>)>;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn read<S: DeviceStore>(store: &S) -> Content {
    let mut content = Content::new();
    loop {
        let page = store.scan(content.last().map(|(key, ..)| key), 100).await.unwrap();
        if page.is_empty() {
            return content;
        }
        for entry in page {
            let (set, realm) = (entry.set.unwrap(), entry.key.parts().unwrap().0);
            let id = &set.owner.as_ref().unwrap().user_id;
            let alias = store.resolve(&realm, id).await.unwrap();
            content.push((entry.key, set, alias));
        }
    }
}

pub(super) fn content(data: &Path, store: &str) -> Content {
    let opened = stores::open(store, data).unwrap();
    on_store!(&opened, |store| run(read(store)))
}

pub(super) fn counts(ended: Ended) -> Value {
    serde_json::from_str(&ended.done()).unwrap()
}

/// Every set as it was, with its revision, its secrets and what is remembered of messages; and back again.
#[test]
fn there_and_back() {
    for (one, other) in [("sled", "journal"), ("journal", "sled")] {
        let place = Place::on(one).and_users();
        place.run_on(&lines(500), &["import", "-"]).done();
        let server = place.serve(&[]);
        for token in ["token-2", "token-3"] {
            let message = refresh(&PHONE, &claims(token));
            server.ask(&Request::post(REFRESH, &message)).expect(200);
        }
        server.stop();
        let export = place.export();
        let original = content(&place.path("data"), one);
        assert!(original.iter().any(|(_, _, alias)| alias.is_some()));

        let (from, to) = (format!("{one}:data"), format!("{other}:data"));
        let sets = original.len();
        let devices: usize = original.iter().map(|(_, set, _)| set.devices.len()).sum();
        let expected = json!({"users": 505, "sets": sets, "devices": devices, "written": sets, "unchanged": 0});
        assert_eq!(counts(place.copy(&from, &to)), expected);
        assert!(content(&place.path("data"), other) == original);
        assert_eq!(place.run(&["export", "--secrets", "--store", other]).done(), export);
        let expected = json!({"users": 505, "sets": sets, "devices": devices, "written": 0, "unchanged": sets});
        assert_eq!(counts(place.copy(&from, &to)), expected);

        place.copy(&to, &format!("{one}:else/where")).done();
        assert!(content(&place.path("else/where"), one) == original);
        // Between stores of one kind: what it leaves behind is dead weight.
        place.copy(&format!("{one}:else/where"), &format!("{one}:fresh")).done();
        assert!(content(&place.path("fresh"), one) == original);
    }
}

/// The change log is the target's own: one change a set.
#[test]
fn the_change_log_begins_anew() {
    let place = Place::on("sled").and_users();
    place.copy("sled:data", "journal:copy").done();
    let sets = content(&place.path("copy"), "journal");
    let opened = stores::open("journal", &place.path("copy")).unwrap();
    let changes = on_store!(&opened, |store| run(store.changes(None, 1_000))).unwrap();
    assert_eq!(changes.len(), sets.len());
    for (SequencedChange { cursor, change }, (number, (key, set, _))) in
        changes.iter().zip((1..).zip(&sets))
    {
        let What::Set { kind, revision, devices, .. } = &change.what else { panic!("{change:?}") };
        assert_eq!((cursor.sequence(), &*change.actor), (number, "copy"));
        assert_eq!(
            (*kind, *revision, devices.len()),
            (key.kind(), set.revision, set.devices.len())
        );
    }
}

/// A copy serves as the original did. What was written to it since is not overwritten.
#[test]
fn a_copy_is_served() {
    let place = Place::on("sled").and_users();
    let tokens = (place.administrator("/alpha"), place.administrator("/"));
    let server = place.serve(&[]);
    let before = server.snapshot(&tokens.0, &tokens.1);
    server.stop();
    place.copy("sled:data", "journal:data").done();
    let server = place.serve_with(&[], &["--store", "journal"]);
    assert_eq!(server.snapshot(&tokens.0, &tokens.1), before);
    server.ask(&Request::post(REFRESH, &refresh(&PHONE, &claims("new")))).expect(200);
    server.stop();
    let written = content(&place.path("data"), "journal");
    let again = place.copy("sled:data", "journal:data");
    again.assert_failed(1, &format!("push of `{USER}` in `/alpha`: the target has another set"));
    again.assert_failed(1, "sets in the way of a copy: 1; nothing was written");
    assert!(content(&place.path("data"), "journal") == written);
}

/// Killed at some moment, and repeated until it is whole. In between nobody takes the part for all of it.
#[test]
fn killed_and_repeated() {
    let place = Place::on("sled");
    place.run_on(&lines(500), &["import", "-"]).done();
    let original = content(&place.path("data"), "sled");
    let (mark, segment) =
        (place.path("data/journal.unfinished"), place.path("data/journal/segment-0000000001"));
    let mut interrupted = 0;
    for wait_ms in [0, 0, 10, 20, 40, 80, 160] {
        let mut child = place.copy_command("sled:data", "journal:data").spawn().unwrap();
        while !(mark.exists() && segment.exists()) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(wait_ms));
        let _ = child.kill();
        child.wait().unwrap();
        if !mark.exists() {
            break;
        }
        interrupted += 1;
        let unfinished = "the store `journal` in `data` is an unfinished copy: repeat `devreg copy --from sled:data --to journal:data`";
        for command in [&["serve", "--store", "journal"][..], &["export", "--store", "journal"]] {
            place.run(command).assert_failed(1, unfinished);
        }
        place.copy("journal:data", "sled:elsewhere").assert_failed(1, unfinished);
    }
    assert!(interrupted > 0, "nothing was interrupted");
    place.copy("sled:data", "journal:data").done();
    assert!(!mark.exists());
    assert!(content(&place.path("data"), "journal") == original);
}

/// What an interrupted copy had stored is not stored again.
#[test]
fn goes_on_where_it_ended() {
    let place = Place::on("sled").and_users();
    let data = place.path("data");
    let original = content(&data, "sled");
    unfinished::begin("journal", &data, "sled:data").unwrap();
    let target = stores::open_unfinished("journal", &data).unwrap();
    for (key, set, _) in original.iter().step_by(2) {
        put(&target, key, set);
    }
    drop(target);
    let half = original.len().div_ceil(2);
    let ended = counts(place.copy("sled:data", "journal:data"));
    assert_eq!(ended["unchanged"], half);
    assert_eq!(ended["written"], original.len() - half);
    assert!(content(&data, "journal") == original);
}

/// Stores a set as it is.
fn put(target: &Opened, key: &SetKey, set: &Arc<DeviceSet>) {
    let Owner { username, .. } = set.owner.clone().unwrap();
    let (kind, revision) = (key.kind(), set.revision);
    let change = Change {
        id: uuid::Uuid::nil(),
        at_ms: 0,
        actor: "test".into(),
        request_id: None,
        reason: None,
        realm: key.parts().unwrap().0,
        username,
        what: What::Set { kind, revision, devices: DeviceChanges::new(), skip: None },
    };
    let swap =
        on_store!(target, |target| run(target.swap(key, Revision::NONE, Arc::clone(set), change)));
    assert_eq!(swap.unwrap(), Swap::Stored);
}

/// Nothing of a target that is something else is touched, and nothing comes in.
#[test]
fn a_target_of_somebody_else() {
    let place = Place::on("sled").and_users();
    let foreign =
        LINES.lines().next().unwrap().replace("\"realm\":\"/alpha\"", "\"realm\":\"/bravo\"");
    for (lines, said) in [
        (&*foreign, "is in the target only"),
        // Imported, so of other revisions.
        (LINES, "the target has another set, which is left as it is"),
    ] {
        let _ = std::fs::remove_dir_all(place.path("data/journal"));
        place.run_on(lines, &["import", "--store", "journal", "-"]).done();
        let before = content(&place.path("data"), "journal");
        let ended = place.copy("sled:data", "journal:data");
        ended.assert_failed(1, said);
        ended.assert_failed(1, "nothing was written");
        assert!(content(&place.path("data"), "journal") == before);
    }
}

/// One id leads to two users, which only a race can have brought about: a copy cannot know which of them is meant.
#[test]
fn an_id_that_leads_to_another_user() {
    let place = Place::on("sled");
    let source = stores::open("sled", &place.path("data")).unwrap();
    for name in ["alice", "bob"] {
        let username = Username::parse(name).unwrap();
        let key = SetKey::new(&Realm::parse("/alpha").unwrap(), &username, DeviceKind::Oath);
        let user_id = device_core::UserId::parse("one-id").unwrap();
        let set = DeviceSet {
            revision: Revision::from_record(7),
            owner: Some(Owner { username, user_id }),
            ..DeviceSet::default()
        };
        put(&source, &key, &Arc::new(set));
    }
    drop(source);
    let ended = place.copy("sled:data", "journal:data");
    ended
        .assert_failed(1, "oath of `alice` in `/alpha`: the id of its owner leads to another user");
    assert!(!place.path("data/journal").exists());
}

#[test]
fn stores_in_use() {
    for (served, other) in [("sled", "journal"), ("journal", "sled")] {
        let place = Place::on(served).and_users();
        let (one, two) = (format!("{served}:data"), format!("{other}:elsewhere"));
        place.copy(&one, &two).done();
        std::fs::remove_dir_all(place.path("elsewhere").join(other)).unwrap();
        let server = place.serve(&[]);
        place.copy(&one, &two).assert_failed(75, "is in use");
        assert!(!place.path("elsewhere").join(other).exists());
        server.stop();
        place.copy(&one, &two).done();
        let server = place.serve(&[]);
        place.copy(&two, &one).assert_failed(75, "is in use");
        server.stop();
        place.serve(&[]).stop();
    }
}

#[test]
fn wrong_arguments() {
    let place = Place::on("sled").and_users();
    for (from, to, code, said) in [
        ("sled:data", "memory:data", 2, "no store `memory` in files"),
        ("paper:data", "journal:data", 2, "no store `paper` in files; there are: journal, sled"),
        ("data", "journal:data", 2, "sled:./devreg-data"),
        ("sled:", "journal:data", 2, "sled:./devreg-data"),
        ("sled:data", "sled:./data", 1, "are one store"),
        ("sled:nowhere", "journal:data", 3, "there is no store `sled` in `nowhere`"),
        ("sled:data/sled", "journal:data", 3, "name the data folder, as for `--data`"),
        ("journal:data", "sled:elsewhere", 3, "there is no store `journal` in `data`"),
    ] {
        place.copy(from, to).assert_failed(code, said);
    }
    for made in
        ["nowhere", "elsewhere", "data/journal", "data/journal.unfinished", "data/sled/sled"]
    {
        assert!(!place.path(made).exists(), "{made}");
    }
}
