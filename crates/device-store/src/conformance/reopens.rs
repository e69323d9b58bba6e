//! What is there after a store was closed and opened again, for places that persist.

use std::sync::Arc;

use device_core::{DeviceChanges, DeviceKind, DeviceSet, Revision};

use super::Place;
use super::fixtures::{User, changes_after, enrol, load, purge, resolve, walk};
use super::records::set_of;
use crate::{CHANGES_KEPT_DEFAULT, DeviceStore as _, StoreError, Swap};

/// Every set, in order, and every alias.
pub async fn sets_and_aliases_are_there<P: Place>(place: &P) {
    let user = User::named("/a/b", "BJensen").with_id("014c54bd");
    let store = open(place);
    for kind in DeviceKind::ALL {
        for number in 0..3 {
            enrol(&store, &user, kind, &format!("device {number}")).await;
        }
    }
    let before = walk(&store, 10).await;
    drop(store);
    let store = open(place);
    assert_eq!(walk(&store, 10).await, before);
    for (key, set) in before {
        assert_eq!(store.load(&key).await, Ok(set));
    }
    assert_eq!(resolve(&store, "/a/b", "014C54BD").await.as_deref(), Some("BJensen"));
}

/// Changes keep their cursors, and new ones come after them.
pub async fn changes_go_on<P: Place>(place: &P) {
    let user = User::named("/a", "bjensen");
    let mut before = Vec::new();
    for round in 0..3 {
        let store = open(place);
        assert_eq!(changes_after(&store, None).await, before);
        for number in 0..3 {
            enrol(&store, &user, DeviceKind::Oath, &format!("app {round}.{number}")).await;
        }
        let after = changes_after(&store, None).await;
        assert!(after.starts_with(&before) && after.len() == before.len() + 3);
        assert!(after.windows(2).all(|pair| pair[0].cursor < pair[1].cursor));
        before = after;
    }
}

/// Revisions count on: what was read before is good for a swap, what was superseded before is not.
pub async fn swaps_go_on<P: Place>(place: &P) {
    let user = User::named("/a", "bjensen");
    let store = open(place);
    let old = enrol(&store, &user, DeviceKind::Push, "first").await;
    let current = enrol(&store, &user, DeviceKind::Push, "second").await;
    drop(store);
    let store = open(place);
    let key = user.key(DeviceKind::Push);
    for expected in [Revision::NONE, old.revision] {
        let write = user.with_device(&old, DeviceKind::Push, "late");
        let change = user.change_of(DeviceKind::Push, &write);
        let swap = store.swap(&key, expected, Arc::new(write.next), change).await;
        assert_eq!(swap, Ok(Swap::Conflict(Arc::clone(&current))));
    }
    let next = enrol(&store, &user, DeviceKind::Push, "third").await;
    assert_eq!(next.revision, current.revision.next(0));
}

/// A purge is a commit like any other.
pub async fn purged_stays_purged<P: Place>(place: &P) {
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    let store = open(place);
    enrol(&store, &user, DeviceKind::Oath, "app").await;
    enrol(&store, &user, DeviceKind::Push, "phone").await;
    purge(&store, &user).await;
    drop(store);
    let store = open(place);
    assert!(walk(&store, 10).await.is_empty());
    assert_eq!(*load(&store, &user, DeviceKind::Oath).await, DeviceSet::default());
    assert_eq!(resolve(&store, "/a", "014c54bd").await, None);
    assert_eq!(changes_after(&store, None).await.len(), 3);
}

/// Forgotten changes do not come back, and an emptied log still knows where it stands.
pub async fn trimmed_stays_trimmed<P: Place>(place: &P) {
    let user = User::named("/a", "bjensen");
    let store = open(place);
    for number in 0..6 {
        enrol(&store, &user, DeviceKind::Oath, &format!("app {number}")).await;
    }
    let all = changes_after(&store, None).await;
    store.trim(all[2].cursor).await.unwrap();
    drop(store);
    let store = open(place);
    assert_eq!(changes_after(&store, None).await, all[3..]);
    assert_eq!(store.changes(Some(all[1].cursor), 10).await, Err(StoreError::CursorTooOld));
    assert_eq!(store.changes(Some(all[2].cursor), 10).await.unwrap(), all[3..]);

    store.trim(all[5].cursor).await.unwrap();
    drop(store);
    let store = open(place);
    assert!(changes_after(&store, None).await.is_empty());
    assert_eq!(store.changes(Some(all[4].cursor), 10).await, Err(StoreError::CursorTooOld));
    assert_eq!(store.changes(Some(all[5].cursor), 10).await, Ok(Vec::new()));
    enrol(&store, &user, DeviceKind::Oath, "one more").await;
    let more = store.changes(Some(all[5].cursor), 10).await.unwrap();
    assert!(more.len() == 1 && more[0].cursor > all[5].cursor);
}

/// A set at the limits survives as any other.
pub async fn a_large_record<P: Place>(place: &P) {
    let user = User::named("/a", "bjensen");
    let set = Arc::new(set_of(DeviceKind::Binding, 64, 60 * 1024));
    let what = device_core::What::Set {
        kind: DeviceKind::Binding,
        revision: set.revision,
        devices: DeviceChanges::new(),
        skip: None,
    };
    let key = user.key(DeviceKind::Binding);
    let store = open(place);
    let swap = store.swap(&key, Revision::NONE, Arc::clone(&set), user.change(what)).await;
    assert_eq!(swap, Ok(Swap::Stored));
    drop(store);
    assert!(open(place).load(&key).await.unwrap() == set, "the large set is not what was stored");
}

fn open<P: Place>(place: &P) -> P::Store {
    place.open(CHANGES_KEPT_DEFAULT)
}
