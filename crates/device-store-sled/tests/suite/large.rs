//! Sets and changes so large that they are stored in parts. None of them may make sled put a page into a file of its own.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use device_core::limits::{DEVICES_MAX, PROFILE_BYTES_MAX};
use device_core::{
    Action, Cold, DeviceChange, DeviceId, DeviceKind, DeviceName, DeviceSet, Revision, What,
};
use device_store::conformance::fixtures::{
    User, changes_after, enrol, load, purge, store_write, walk,
};
use device_store::{DeviceStore as _, Swap};
use device_store_sled::{Durability, OpenError, Options, SledStore};
use futures_executor::block_on;

use crate::support::{SEGMENT_BYTES, folder, quick, with_tree};

const KIND: DeviceKind = DeviceKind::Push;

/// Stores a set whose one device takes about that many bytes.
async fn store_large(store: &SledStore, user: &User, bytes: usize) -> Arc<DeviceSet> {
    let set = load(store, user, KIND).await;
    let mut write = user.with_device(&set, KIND, "phone");
    write.next.devices.truncate(1);
    let digit = write.next.revision.to_record() % 10;
    let note = digit.to_string().repeat(bytes);
    write.next.devices.change(0, |device| {
        device.cold = Cold::from_checked(format!("{{\"note\":\"{note}\"}}"));
    });
    store_write(store, user, KIND, set.revision, &write).await;
    Arc::new(write.next)
}

fn blobs(folder: &Path) -> usize {
    fs::read_dir(folder.join("blobs")).unwrap().count()
}

/// Keys of the closed store that begin with this letter.
fn keys(folder: &Path, letter: &str) -> usize {
    with_tree(folder, |tree| tree.scan_prefix(letter).count())
}

#[test]
fn large_and_small_ones_side_by_side() {
    let folder = folder();
    let options = Options { durability: Durability::Sync, ..quick() };
    // Names as long as they may be, different from their first byte on: pages are as large as they get.
    let rest = "\u{10348}".repeat(253);
    let users: Vec<User> =
        (0..60).map(|number| User::named("/a", &format!("{number:02}{rest}"))).collect();
    let mut expected = Vec::new();
    for round in 0..3 {
        let store = SledStore::open(folder.path(), options).unwrap();
        block_on(async {
            for (number, (key, set)) in walk(&store, 7).await.into_iter().enumerate() {
                assert_eq!((&key, &set), (&users[number].key(KIND), &expected[number]));
            }
            expected.clear();
            for (number, user) in users.iter().enumerate() {
                let bytes = [200, 3_500, 300_000, 9_000, 3_500][(number + round) % 5];
                expected.push(store_large(&store, user, bytes).await);
            }
        });
        assert_eq!(blobs(folder.path()), 0);
    }
    let store = SledStore::open(folder.path(), options).unwrap();
    for (user, set) in users.iter().zip(expected) {
        assert_eq!(block_on(load(&store, user, KIND)), set);
    }
}

#[test]
fn every_length_around_the_parts() {
    let folder = folder();
    let store = SledStore::open(folder.path(), Options { cache_bytes: 0, ..quick() }).unwrap();
    let user = User::named("/a", "bjensen");
    block_on(async {
        for parts in 1..4 {
            for bytes in parts * 4_096 - 300..parts * 4_096 {
                let set = store_large(&store, &user, bytes).await;
                assert_eq!(load(&store, &user, KIND).await, set);
            }
        }
    });
}

#[test]
fn nothing_is_left_of_replaced_ones() {
    let folder = folder();
    let store = SledStore::open(folder.path(), quick()).unwrap();
    let [stays, goes] = ["stays", "goes"].map(|name| User::named("/a", name));
    block_on(async {
        for bytes in [100_000, 50_000, 200, 90_000, 100] {
            for user in [&stays, &goes] {
                store_large(&store, user, bytes).await;
            }
        }
        store_large(&store, &goes, 70_000).await;
        purge(&store, &goes).await;
    });
    drop(store);
    assert_eq!(keys(folder.path(), "s"), 1);
}

/// What is in force must not be written over by a batch that is not complete: sled does that to batches with a longer log.
#[test]
fn the_log_of_the_largest_set_is_shorter_than_a_segment() {
    let folder = folder();
    let store = SledStore::open(folder.path(), quick()).unwrap();
    let user = User::named("/a", "bjensen");
    let log_bytes = || fs::metadata(folder.path().join("db")).unwrap().len();
    for _ in 0..4 {
        let before = log_bytes();
        block_on(store_large(&store, &user, DEVICES_MAX * PROFILE_BYTES_MAX));
        // As long as no segment is used again.
        let written = log_bytes() - before;
        assert!((1..SEGMENT_BYTES as u64).contains(&written), "{written} bytes");
    }
}

#[test]
fn a_folder_with_other_segments_is_refused_and_left_alone() {
    let folder = folder();
    drop(sled::Config::new().path(folder.path()).open().unwrap());
    let conf = fs::read(folder.path().join("conf")).unwrap();
    let error = SledStore::open(folder.path(), quick()).unwrap_err();
    assert!(matches!(error, OpenError::OtherFormat { .. }), "{error}");
    assert_eq!(fs::read(folder.path().join("conf")).unwrap(), conf);
}

/// A change of 64 devices with names as long as they may be.
#[test]
fn a_large_change() {
    let folder = folder();
    let store = SledStore::open(folder.path(), quick()).unwrap();
    let user = User::named("/a", "bjensen");
    let device = |number: u32| DeviceChange {
        id: DeviceId::parse(&format!("{number:0>255}")).unwrap(),
        name: DeviceName::parse(&"\u{10348}".repeat(255)).unwrap(),
        action: Action::Imported,
    };
    block_on(async {
        enrol(&store, &user, KIND, "phone").await;
        let set = load(&store, &user, KIND).await;
        let write = user.with_device(&set, KIND, "tablet");
        let mut change = user.change_of(KIND, &write);
        let What::Set { devices, .. } = &mut change.what else { panic!("a change of a set") };
        *devices = (0..64).map(device).collect();
        let next = Arc::new(write.next);
        let key = user.key(KIND);
        assert_eq!(store.swap(&key, set.revision, next, change.clone()).await, Ok(Swap::Stored));
        enrol(&store, &user, KIND, "laptop").await;
        let changes = changes_after(&store, None).await;
        assert_eq!(changes.len(), 3);
        assert_eq!(changes[1].change, change);
        assert_eq!(store.changes(Some(changes[0].cursor), 1).await.unwrap()[0], changes[1]);
        assert_eq!(store.trim(changes[1].cursor).await, Ok(2));
    });
    assert_eq!(blobs(folder.path()), 0);
    drop(store);
    assert_eq!(keys(folder.path(), "c"), 1);
    let store = SledStore::open(folder.path(), quick()).unwrap();
    assert_eq!(block_on(changes_after(&store, None)).len(), 1);
}

/// Parts are not read at one moment; who reads while they are replaced must begin again and not see a damaged set.
#[test]
fn read_while_they_are_replaced() {
    let folder = folder();
    let store = SledStore::open(folder.path(), Options { cache_bytes: 0, ..quick() }).unwrap();
    let user = User::named("/a", "bjensen");
    block_on(store_large(&store, &user, 100_000));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for reader in 0..3 {
            let (store, user, over) = (&store, &user, &over);
            scope.spawn(move || {
                let mut newest = Revision::NONE;
                while !over.load(Ordering::Relaxed) {
                    let set = if reader == 0 {
                        block_on(walk(store, 1)).pop().unwrap().1
                    } else {
                        block_on(load(store, user, KIND))
                    };
                    assert!(set.revision >= newest);
                    newest = set.revision;
                }
            });
        }
        for round in 0..300 {
            block_on(store_large(&store, &user, 60_000 + 100 * round));
        }
        over.store(true, Ordering::Relaxed);
    });
}
