//! [`purge`](DeviceStore::purge): a user is forgotten.

use std::sync::Arc;

use device_core::{DeviceChanges, DeviceKind, DeviceSet, Revision, What};

use super::fixtures::{User, changes_after, enrol, load, purge, resolve, store_write, walk};
use crate::{DeviceStore, Purged, StoreError, Swap};

/// All sets and the alias, with one change, however the name is written.
pub async fn everything_of_a_user_goes<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "BJensen").with_id("014c54bd");
    for kind in DeviceKind::ALL {
        enrol(store, &user, kind, "first").await;
    }
    enrol(store, &user, DeviceKind::Oath, "second").await;
    let before = changes_after(store, None).await;

    let written_otherwise = User::named("/a", "bjensen");
    let change = written_otherwise.change(What::Purged);
    let purged = store.purge(&user.realm, &written_otherwise.owner.username, change.clone()).await;
    assert_eq!(purged, Ok(Purged { sets: 6, devices: 7 }));
    for kind in DeviceKind::ALL {
        assert_eq!(*load(store, &user, kind).await, DeviceSet::default());
    }
    assert!(walk(store, 10).await.is_empty());
    assert_eq!(resolve(store, "/a", "014c54bd").await, None);
    let changes = changes_after(store, before.last().map(|entry| entry.cursor)).await;
    assert_eq!(changes.into_iter().map(|entry| entry.change).collect::<Vec<_>>(), [change]);
}

/// Of a user nobody knows there is nothing to forget and nothing to tell.
pub async fn unknown_users_store_nothing<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    assert_eq!(purge(store, &user).await, Purged::default());
    enrol(store, &user, DeviceKind::Oath, "app").await;
    purge(store, &user).await;
    assert_eq!(purge(store, &user).await, Purged::default(), "a second time");
    assert_eq!(changes_after(store, None).await.len(), 2);
}

/// Users whose names begin alike, users of other realms and their aliases are left alone.
pub async fn others_stay<S: DeviceStore>(store: &S) {
    let others = [
        ("/a", "bjensen2"),
        ("/a", "bjense"),
        ("/", "bjensen"),
        ("/a/b", "bjensen"),
        ("/b", "bjensen"),
    ];
    let mut kept = Vec::new();
    for (realm, name) in others {
        let user = User::named(realm, name).with_id(&format!("id of {name}"));
        for kind in [DeviceKind::Push, DeviceKind::Profile] {
            kept.push((user.key(kind), enrol(store, &user, kind, "phone").await));
        }
    }
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    enrol(store, &user, DeviceKind::Push, "phone").await;
    assert_eq!(purge(store, &user).await, Purged { sets: 1, devices: 1 });
    kept.sort_by(|left, right| left.0.cmp(&right.0));
    assert_eq!(walk(store, 3).await, kept);
    for (realm, name) in others {
        assert_eq!(resolve(store, realm, &format!("id of {name}")).await.as_deref(), Some(name));
    }
}

/// Whoever read before the purge cannot bring anything back, and learns that the set is unknown.
pub async fn writers_from_before_lose<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    let read = enrol(store, &user, DeviceKind::WebAuthn, "key").await;
    let write = user.with_device(&read, DeviceKind::WebAuthn, "late");
    purge(store, &user).await;
    let key = user.key(DeviceKind::WebAuthn);
    let change = user.change_of(DeviceKind::WebAuthn, &write);
    let swap = store.swap(&key, read.revision, Arc::new(write.next), change).await;
    assert_eq!(swap, Ok(Swap::Conflict(DeviceSet::unknown())));
    assert!(walk(store, 10).await.is_empty());
    assert_eq!(resolve(store, "/a", "014c54bd").await, None);
    assert_eq!(changes_after(store, None).await.len(), 2);
}

/// A purged user who comes back starts at a revision that was not there before, with the alias anew.
pub async fn a_new_start<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    let first = enrol(store, &user, DeviceKind::Oath, "app").await;
    purge(store, &user).await;
    let write = user.with_device(&DeviceSet::default(), DeviceKind::Oath, "new app");
    assert_ne!(write.next.revision, first.revision);
    store_write(store, &user, DeviceKind::Oath, Revision::NONE, &write).await;
    assert_eq!(*load(store, &user, DeviceKind::Oath).await, write.next);
    assert_eq!(resolve(store, "/a", "014c54bd").await.as_deref(), Some("bjensen"));
    assert_eq!(walk(store, 10).await.len(), 1);
}

/// An alias that leads to somebody else by now is not the purged user's.
pub async fn aliases_others_have_taken_stay<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    enrol(store, &user, DeviceKind::Oath, "app").await;
    enrol(store, &User::named("/a", "scarter").with_id("014c54bd"), DeviceKind::Oath, "app").await;
    purge(store, &user).await;
    assert_eq!(resolve(store, "/a", "014c54bd").await.as_deref(), Some("scarter"));
}

/// The change must be the purge of that user.
pub async fn misuse_is_refused<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let set = enrol(store, &user, DeviceKind::Oath, "app").await;
    let of_a_set = What::Set {
        kind: DeviceKind::Oath,
        revision: set.revision,
        devices: DeviceChanges::new(),
        skip: None,
    };
    for change in [
        user.change(of_a_set),
        User::named("/a", "scarter").change(What::Purged),
        User::named("/b", "bjensen").change(What::Purged),
    ] {
        let purged = store.purge(&user.realm, &user.owner.username, change).await;
        assert!(matches!(purged, Err(StoreError::Misused(_))), "{purged:?}");
    }
    assert_eq!(load(store, &user, DeviceKind::Oath).await, set);
    assert_eq!(changes_after(store, None).await.len(), 1);
}
