//! Records that cannot be read: errors for their readers, never overwritten, and no harm to others.

use std::path::Path;
use std::sync::Arc;

use device_core::{DeviceKind, SetKey, What};
use device_store::conformance::fixtures::{User, enrol, load};
use device_store::{DeviceStore as _, StoreError};
use device_store_sled::SledStore;
use futures_executor::block_on;
use tempfile::TempDir;

use crate::support::{folder, quick, with_tree};

const KIND: DeviceKind = DeviceKind::Push;

/// A closed store with three users of whom the middle one's set is damaged by `damage`.
fn with_a_damaged_set(damage: impl Fn(&sled::Db, Vec<u8>)) -> (TempDir, [User; 3]) {
    let folder = folder();
    let users = ["anna", "bert", "carl"].map(|name| User::named("/a", name));
    let store = SledStore::open(folder.path(), quick()).unwrap();
    block_on(async {
        for user in &users {
            enrol(&store, user, KIND, "phone").await;
        }
    });
    drop(store);
    let key = record_key(&users[1].key(KIND));
    with_tree(folder.path(), |tree| damage(tree, key.clone()));
    (folder, users)
}

fn record_key(key: &SetKey) -> Vec<u8> {
    [b"s", key.as_bytes()].concat()
}

fn record(folder: &Path, key: &SetKey) -> Option<Vec<u8>> {
    with_tree(folder, |tree| tree.get(record_key(key)).unwrap().map(|record| record.to_vec()))
}

fn is_damaged<T: std::fmt::Debug>(answer: Result<T, StoreError>, key: &SetKey) {
    match answer {
        Err(StoreError::Damaged { what, .. }) => assert_eq!(*what, *key.to_string()),
        other => panic!("{other:?}"),
    }
}

fn check(damage: impl Fn(&sled::Db, Vec<u8>)) {
    let (folder, users) = with_a_damaged_set(damage);
    let damaged = users[1].key(KIND);
    let before = record(folder.path(), &damaged);
    let store = SledStore::open(folder.path(), quick()).unwrap();
    block_on(async {
        is_damaged(store.load(&damaged).await, &damaged);
        let other = load(&store, &users[0], KIND).await;
        let mut write = users[1].with_device(&other, KIND, "tablet");
        write.next.owner = Some(users[1].owner.clone());
        for expected in [device_core::Revision::NONE, other.revision] {
            let change = users[1].change_of(KIND, &write);
            let next = Arc::new(write.next.clone());
            is_damaged(store.swap(&damaged, expected, next, change).await, &damaged);
        }
        let change = users[1].change(What::Purged);
        let purge = store.purge(&users[1].realm, &users[1].owner.username, change).await;
        is_damaged(purge, &damaged);
        let page = store.scan(None, 10).await.unwrap();
        assert_eq!(page.len(), 3, "a walk does not end at a damaged record");
        assert_eq!(page[1].key, damaged);
        is_damaged(page[1].set.clone(), &damaged);
        for user in [&users[0], &users[2]] {
            assert_eq!(enrol(&store, user, KIND, "tablet").await.devices.len(), 2);
        }
        // The kinds of a user are independent of each other.
        enrol(&store, &users[1], DeviceKind::Oath, "app").await;
    });
    drop(store);
    assert_eq!(record(folder.path(), &damaged), before);
}

#[test]
fn garbage() {
    check(|tree, key| drop(tree.insert(key, b"garbage").unwrap()));
}

#[test]
fn nothing_at_all() {
    check(|tree, key| drop(tree.insert(key, b"").unwrap()));
}

#[test]
fn a_flipped_bit() {
    check(|tree, key| {
        let mut record = tree.get(&key).unwrap().unwrap().to_vec();
        *record.last_mut().unwrap() ^= 1;
        tree.insert(key, record).unwrap();
    });
}

#[test]
fn the_record_of_somebody_else() {
    check(|tree, key| {
        let somebody = record_key(&User::named("/a", "anna").key(KIND));
        let record = tree.get(somebody).unwrap().unwrap();
        tree.insert(key, record).unwrap();
    });
}

#[test]
fn the_mark_of_a_long_record() {
    check(|tree, key| drop(tree.insert(key, [0xff; 5_000].as_slice()).unwrap()));
    check(|tree, key| drop(tree.insert(key, b"\xff").unwrap()));
}

#[test]
fn a_long_record_without_its_parts() {
    check(|tree, key| {
        let head = [b"\xff\x00\x00\x20\x00".as_slice(), &[7; 8], &[0; 4096]].concat();
        tree.insert(key, head).unwrap();
    });
}

#[test]
fn a_damaged_alias() {
    let folder = folder();
    let user = User::named("/a", "anna").with_id("014c54bd");
    let store = SledStore::open(folder.path(), quick()).unwrap();
    block_on(enrol(&store, &user, KIND, "phone"));
    drop(store);
    let name = SetKey::name_bytes(&user.realm, user.owner.user_id.as_str());
    let key = [b"a", name.as_slice()].concat();
    with_tree(folder.path(), |tree| drop(tree.insert(key.as_slice(), b"garbage").unwrap()));
    let store = SledStore::open(folder.path(), quick()).unwrap();
    block_on(async {
        let damaged =
            |error: StoreError| assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        damaged(store.resolve(&user.realm, &user.owner.user_id).await.unwrap_err());
        let set = load(&store, &user, KIND).await;
        let write = user.with_device(&set, KIND, "tablet");
        let change = user.change_of(KIND, &write);
        let next = Arc::new(write.next);
        let swap = store.swap(&user.key(KIND), set.revision, next, change).await;
        damaged(swap.unwrap_err());
        let purge = store.purge(&user.realm, &user.owner.username, user.change(What::Purged)).await;
        damaged(purge.unwrap_err());
        assert_eq!(load(&store, &user, KIND).await, set);
    });
    drop(store);
    with_tree(folder.path(), |tree| assert_eq!(tree.get(&key).unwrap().unwrap(), b"garbage"));
}

#[test]
fn a_damaged_change() {
    let folder = folder();
    let user = User::named("/a", "anna");
    let store = SledStore::open(folder.path(), quick()).unwrap();
    block_on(enrol(&store, &user, KIND, "phone"));
    drop(store);
    let key = [b"c".as_slice(), &1_u64.to_be_bytes()].concat();
    with_tree(folder.path(), |tree| {
        assert!(tree.insert(key, b"garbage").unwrap().is_some());
    });
    let store = SledStore::open(folder.path(), quick()).unwrap();
    block_on(async {
        let changes = store.changes(None, 10).await;
        assert!(matches!(changes, Err(StoreError::Damaged { .. })), "{changes:?}");
        enrol(&store, &user, KIND, "tablet").await;
    });
}
