//! `devreg demo-data`: the same bytes again, fit to be imported into every store.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use device_core::{DeviceKind, DeviceSet, Realm, SetKey, Show, Username};
use device_registry::{Caller, Policy, Registry, Request, Restore};
use device_server::interchange;
use device_server::stores::EMBEDDED;
use device_store::{DeviceStore, MemoryStore};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::place::{Ended, Place};

/// The digest of `--users 1000 --seed 1`. If it changes, everybody's figures are of other users: say so in the changelog.
const DIGEST: &str = "a337fdca952b3d27b88785282a310254211893cbba611e1820f3cd1fdb95f97d";

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devreg"));
    command.env_clear().arg("demo-data").args(arguments);
    command
}

pub(crate) fn demo_data(arguments: &[&str]) -> String {
    Ended::of(command(arguments).output().unwrap()).done()
}

/// The lines in the order of an export, without those that say nothing.
pub(crate) fn as_exported(lines: &str) -> String {
    let key = |line: &str| {
        let user: Value = serde_json::from_str(line).unwrap();
        let realm = Realm::parse(user["realm"].as_str().unwrap()).unwrap();
        let username = Username::parse(user["username"].as_str().unwrap()).unwrap();
        let says_nothing = user.get("skip").is_none()
            && user["devices"]
                .as_object()
                .unwrap()
                .values()
                .all(|kind| *kind == Value::Array(Vec::new()));
        (!says_nothing).then(|| SetKey::new(&realm, &username, DeviceKind::Oath))
    };
    let sorted: BTreeMap<SetKey, &str> =
        lines.lines().filter_map(|line| Some((key(line)?, line))).collect();
    sorted.into_values().map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_same_again() {
    let lines = demo_data(&["--users", "1000", "--seed", "1"]);
    assert_eq!(lines.lines().count(), 1_000);
    let digest: String = Sha256::digest(&lines).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, DIGEST);
    assert!(demo_data(&["--users", "1200"]).starts_with(&lines), "the first of more are the same");
    assert_ne!(demo_data(&["--users", "1000", "--seed", "2"]), lines);
    assert_eq!(demo_data(&["--users", "0"]), "");
}

#[test]
fn in_the_realms_that_are_asked_for() {
    let lines = demo_data(&["--users", "100", "--realm", "/", "--realm", "/a/b"]);
    let of = |realm: &str| lines.matches(&format!("{{\"realm\":\"{realm}\",")).count();
    assert_eq!(of("/") + of("/a/b"), 100);
    assert!(of("/") > 30 && of("/a/b") > 30, "{} and {}", of("/"), of("/a/b"));
    let wrong = Ended::of(command(&["--users", "1", "--realm", "alpha"]).output().unwrap());
    wrong.assert_failed(2, "alpha");
}

/// As with `head`: no message, no failure.
#[test]
fn somebody_who_has_read_enough() {
    let mut command = command(&["--users", "1000000000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.ends_with("}\n"), "{first}");
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!((ended.code, &*ended.stderr), (0, ""));
}

/// Nothing is rejected, an export has the same lines, and an import of it gives the same again, in every store.
#[test]
fn into_every_store_and_out_again() {
    let lines = demo_data(&["--users", "1500", "--seed", "3"]);
    let expected = as_exported(&lines);
    for store in EMBEDDED {
        let place = Place::on(store);
        let counts = place.run_on(&lines, &["import", "--output", "json", "-"]).done();
        let counts: Value = serde_json::from_str(&counts).unwrap();
        assert_eq!((&counts["rejected"], &counts["left_alone"]), (&0.into(), &0.into()));
        assert!(place.export() == expected, "{store}");
        for other in EMBEDDED {
            let restored = Place::on(other);
            restored.run_on(&expected, &["import", "-"]).done();
            assert!(restored.export() == expected, "{store} to {other}");
        }
    }
    assert!(through_memory(&lines) == expected, "memory");
    assert!(through_memory(&expected) == expected, "memory, from an export");
}

/// What an export of a memory store would say, which no command can reach from outside.
fn through_memory(lines: &str) -> String {
    let registry = Registry::new(MemoryStore::default(), Policy::default());
    let caller = Caller::Operator { name: "test".into() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for line in lines.lines() {
            let user = interchange::read(line).unwrap();
            assert_eq!(user.rejected, []);
            for interchange::SetLine { kind, devices, skip, .. } in user.sets {
                let (realm, owner) = (user.realm.clone(), user.owner.clone());
                let restore = Restore { realm, owner, kind, devices, skip, replace: false };
                registry.restore(&Request::by(&caller), &restore).await.unwrap();
            }
        }
        written(registry.store()).await
    })
}

/// What is stored of a user.
type User = (Realm, Vec<(DeviceKind, Arc<DeviceSet>)>);

async fn written(store: &MemoryStore) -> String {
    let mut users: BTreeMap<Vec<u8>, User> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.scan(after.as_ref(), 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        for entry in page {
            let (user, _) = entry.key.as_bytes().split_at(entry.key.as_bytes().len() - 1);
            let (realm, _, kind) = entry.key.parts().unwrap();
            let sets = &mut users.entry(user.to_vec()).or_insert((realm, Vec::new())).1;
            sets.push((kind, entry.set.unwrap()));
        }
    }
    let line = |(realm, sets): User| {
        let owner = sets[0].1.owner.clone().unwrap();
        let sets: Vec<_> = sets.iter().map(|(kind, set)| (*kind, &**set)).collect();
        format!("{}\n", interchange::write(&realm, &owner, &sets, Show::Stored))
    };
    users.into_values().map(line).collect()
}

/// Of an export without secrets the sets that lack one are refused: it is no backup.
#[test]
fn an_export_without_secrets_is_refused() {
    let lines = demo_data(&["--users", "300"]);
    for store in EMBEDDED {
        let place = Place::on(store);
        place.run_on(&lines, &["import", "-"]).done();
        let without = place.run(&["export"]).done();
        let restored = Place::on(store);
        let ended = restored.run_on(&without, &["import", "-"]);
        ended.assert_failed(1, "have an empty secret: an export without --secrets is not a backup");
        assert!(!restored.export().contains("\"sharedSecret\""), "{store}");
        // Nor does it take the secrets of those who have them.
        let ended = place.run_on(&without, &["import", "--replace", "-"]);
        ended.assert_failed(1, "have an empty secret");
        let secrets = |text: &str| text.matches("\"sharedSecret\":\"").count();
        assert_eq!(secrets(&place.export()), secrets(&lines), "{store}");
        assert!(!place.export().contains("\"sharedSecret\":\"\""), "{store}");
    }
}
