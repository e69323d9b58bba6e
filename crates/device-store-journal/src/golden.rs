//! A folder of every format ever written opens and has the content that it had.
//!
//! `DEVREG_WRITE_GOLDEN=1` writes the files of the current format. A file that changes for another reason than what is written in it is a new format: it needs a new number, and the old files stay.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use device_core::{
    Change, DeviceChanges, DeviceKind, DeviceSet, Devices, Owner, Realm, Revision, SetKey, Skip,
};
use device_core::{UserId, Username, What};
use device_store::codec::encode_set;
use device_store::group_commit::{Commit, Engine as _, NewSet};

use crate::format::Space;
use crate::journal::Journal;
use crate::open::{Reading, open};
use crate::simulation::SimulatedDisk;
use crate::upkeep::Upkeep;
use crate::writer::{SegmentBytes, Writer};

const SEGMENT_BYTES: SegmentBytes = SegmentBytes { min: 2048, max: 2048 };
const CHANGES_KEPT: u64 = 12;
const COMMITS: u64 = 60;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/format-1")
}

fn reading(use_indexes: bool) -> Reading {
    Reading { threads: 1, use_indexes, segment_bytes: SEGMENT_BYTES }
}

#[test]
fn golden_folders_have_their_content() {
    let disk = SimulatedDisk::new(1);
    for file in fs::read_dir(golden().join("store")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        disk.set_content(&name, fs::read(file.path()).unwrap());
    }
    let expected = fs::read_to_string(golden().join("content.txt")).unwrap();
    for use_indexes in [true, false] {
        let opened = open(disk.kill(), reading(use_indexes)).unwrap();
        assert_eq!(content(&Journal::new(opened, 0)), expected);
    }
}

#[test]
fn golden_folders_are_written_byte_for_byte() {
    let (disk, journal) = written();
    let names = disk.names();
    let folder = golden().join("store");
    if env::var_os("DEVREG_WRITE_GOLDEN").is_some() {
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        names.iter().for_each(|name| fs::write(folder.join(name), disk.content(name)).unwrap());
        fs::write(golden().join("content.txt"), content(&journal)).unwrap();
    }
    let mut found: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, names);
    for name in names {
        assert!(fs::read(folder.join(&name)).unwrap() == disk.content(&name), "{name} differs");
    }
}

/// A store with full segments and one that is not, indexes, copies, and what was forgotten.
fn written() -> (SimulatedDisk, Arc<Journal<SimulatedDisk>>) {
    let disk = SimulatedDisk::new(1);
    let opened = open(disk.clone(), reading(true)).unwrap();
    let (active, index_bytes) = opened.active.clone();
    let journal = Arc::new(Journal::new(opened, 0));
    let upkeep = Upkeep::new(Arc::clone(&journal), SEGMENT_BYTES);
    let mut writer = Writer::new(Arc::clone(&journal), active, index_bytes, SEGMENT_BYTES);
    let mut kept = 1..1;
    for number in 1..=COMMITS {
        let user = number % 7 % 4;
        let mut commit = Commit::default();
        let is_purge = number % 11 == 0 || number == COMMITS - 1;
        store(&journal, &mut commit, user, number, is_purge);
        let what = match commit.sets.values().flatten().next() {
            Some(new) => What::Set {
                kind: DeviceKind::Oath,
                revision: new.set.revision,
                devices: DeviceChanges::new(),
                skip: Some(new.set.skip),
            },
            None => What::Purged,
        };
        commit.changes.push((kept.end, change(user, number, what)));
        extend(&mut kept, &mut commit);
        writer.commit(commit).unwrap();
        upkeep.prepare(number % 2 == 0).unwrap();
        if number % 3 == 0 {
            upkeep.index().unwrap();
        }
        // Not at the end, so that full segments are left.
        if number < COMMITS / 2 {
            upkeep.compact(&|_, _| ()).unwrap();
        }
    }
    (disk, journal)
}

fn extend(kept: &mut Range<u64>, commit: &mut Commit) {
    kept.end += 1;
    let before = kept.start;
    kept.start = kept.end.saturating_sub(CHANGES_KEPT).max(1);
    commit.forgotten = before..kept.start;
    commit.kept = kept.clone();
}

fn username(user: u64) -> Username {
    Username::parse(&format!("User {user}")).unwrap()
}

fn realm() -> Realm {
    Realm::parse("/alpha").unwrap()
}

fn key(user: u64, kind: DeviceKind) -> SetKey {
    SetKey::new(&realm(), &username(user), kind)
}

fn alias_name(user: u64) -> Box<[u8]> {
    SetKey::name_bytes(&realm(), &format!("id-{user}")).to_vec().into()
}

/// Two sets and the alias of a user, or none of them.
fn store(
    journal: &Journal<SimulatedDisk>,
    commit: &mut Commit,
    user: u64,
    number: u64,
    is_purge: bool,
) {
    for kind in [DeviceKind::Oath, DeviceKind::Push] {
        let key = key(user, kind);
        let user_id = UserId::parse(&format!("id-{user}")).unwrap();
        let owner = Some(Owner { username: username(user), user_id });
        let revision = journal.load(&key).unwrap().revision.next(number);
        let skip = if number.is_multiple_of(2) { Skip::Skippable } else { Skip::NotSet };
        let set = Arc::new(DeviceSet { revision, owner, skip, devices: Devices::default() });
        let record = encode_set(key.as_bytes(), &set).unwrap();
        commit.sets.insert(key, (!is_purge).then_some(NewSet { set, record }));
    }
    commit.aliases.insert(alias_name(user), (!is_purge).then(|| username(user)));
}

fn change(user: u64, number: u64, what: What) -> Change {
    Change {
        id: uuid::Uuid::from_u128(u128::from(number)),
        at_ms: 1_749_572_704_744 + number,
        actor: format!("commit {number}").into(),
        request_id: None,
        reason: Some("golden".into()),
        realm: realm(),
        username: username(user),
        what,
    }
}

/// Sets, aliases and changes, a line each.
fn content(journal: &Journal<SimulatedDisk>) -> String {
    let mut text = String::new();
    for entry in journal.scan(None, 1_000).unwrap() {
        let set = entry.set.unwrap();
        let key = entry.key.as_bytes().escape_ascii();
        assert_ne!(set.revision, Revision::NONE);
        let owner = set.owner.as_ref().unwrap();
        let (revision, skip, user_id) = (set.revision.to_record(), set.skip, &owner.user_id);
        let username = owner.username.as_str();
        let user_id = user_id.as_str();
        writeln!(text, "set {key}: revision {revision}, {skip:?}, {username}, {user_id}").unwrap();
    }
    let mut aliases = Vec::new();
    journal.directory.for_each(|space, name, known| {
        if space == Space::Aliases && !known.is_forgotten() {
            aliases.push(name.to_vec());
        }
    });
    aliases.sort();
    for name in aliases {
        let username = journal.alias(&name).unwrap().unwrap();
        writeln!(text, "alias {}: {}", name.escape_ascii(), username.as_str()).unwrap();
    }
    for change in journal.changes(None, 1_000).unwrap() {
        let (number, change) = (change.cursor.sequence(), change.change);
        let (actor, username) = (change.actor, change.username.as_str());
        let what = match change.what {
            What::Set { revision, .. } => format!("revision {}", revision.to_record()),
            What::Purged => "purged".to_owned(),
        };
        writeln!(text, "change {number}: {actor}, {username}, {what}").unwrap();
    }
    text
}
