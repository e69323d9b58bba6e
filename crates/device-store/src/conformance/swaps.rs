//! [`load`](DeviceStore::load) and [`swap`](DeviceStore::swap).

use std::sync::Arc;

use device_core::{DeviceChanges, DeviceKind, DeviceSet, IfMatch, Revision, What, rules};

use super::fixtures::{
    User, changes_after, enrol, load, moment, resolve, store_write, walk, written,
};
use crate::{DeviceStore, StoreError, Swap};

/// A key nobody stored has the empty set, and asking for it stores nothing.
pub async fn unknown_sets_are_empty<S: DeviceStore>(store: &S) {
    for kind in DeviceKind::ALL {
        assert_eq!(*load(store, &User::named("/a", "nobody"), kind).await, DeviceSet::default());
    }
    assert!(walk(store, 10).await.is_empty());
    assert!(changes_after(store, None).await.is_empty());
}

/// What was swapped in is what is loaded.
pub async fn a_first_swap_is_stored<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let write = user.with_device(&DeviceSet::default(), DeviceKind::Push, "first");
    store_write(store, &user, DeviceKind::Push, Revision::NONE, &write).await;
    assert_eq!(*load(store, &user, DeviceKind::Push).await, write.next);
}

/// Each swap that knows the current revision is stored; a set that was loaded before stays as it was.
pub async fn later_swaps_follow<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let first = enrol(store, &user, DeviceKind::Oath, "first").await;
    let loaded = load(store, &user, DeviceKind::Oath).await;
    let second = enrol(store, &user, DeviceKind::Oath, "second").await;
    assert_eq!(load(store, &user, DeviceKind::Oath).await, second);
    assert_eq!(loaded, first, "a loaded set is a value");
    assert_eq!(second.devices.len(), 2);
}

/// A swap with an old revision learns what is current, and leaves no trace.
pub async fn a_lost_swap_stores_nothing<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    let old = enrol(store, &user, DeviceKind::Binding, "first").await;
    let current = enrol(store, &user, DeviceKind::Binding, "second").await;

    let late = user.clone().with_id("another-id");
    let mut write = late.with_device(&old, DeviceKind::Binding, "late");
    write.next.owner = Some(late.owner.clone());
    for expected in [old.revision, Revision::from_record(current.revision.to_record() - 5)] {
        let change = late.change_of(DeviceKind::Binding, &write);
        let swap = store
            .swap(&user.key(DeviceKind::Binding), expected, Arc::new(write.next.clone()), change)
            .await;
        assert_eq!(swap, Ok(Swap::Conflict(Arc::clone(&current))));
    }
    assert_eq!(load(store, &user, DeviceKind::Binding).await, current);
    assert_eq!(changes_after(store, None).await.len(), 2);
    assert_eq!(resolve(store, "/a", "another-id").await, None);
}

/// Two swaps that expect the same: the first is stored, the second told.
pub async fn one_of_two_swaps_is_stored<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let seen = enrol(store, &user, DeviceKind::WebAuthn, "seen").await;
    let writes = ["left", "right"].map(|name| user.with_device(&seen, DeviceKind::WebAuthn, name));
    store_write(store, &user, DeviceKind::WebAuthn, seen.revision, &writes[0]).await;
    let change = user.change_of(DeviceKind::WebAuthn, &writes[1]);
    let swap = store
        .swap(
            &user.key(DeviceKind::WebAuthn),
            seen.revision,
            Arc::new(writes[1].next.clone()),
            change,
        )
        .await;
    assert_eq!(swap, Ok(Swap::Conflict(Arc::new(writes[0].next.clone()))));
    assert_eq!(*load(store, &user, DeviceKind::WebAuthn).await, writes[0].next);
}

/// Whoever believes that a set was never stored, or that it was, is told if that is wrong.
pub async fn a_first_swap_of_a_stored_set_is_lost<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let write = user.with_device(&DeviceSet::default(), DeviceKind::Trusted, "browser");
    let key = user.key(DeviceKind::Trusted);
    let change = || user.change_of(DeviceKind::Trusted, &write);
    let before = Revision::from_record(write.next.revision.to_record() - 1);
    let swap = store.swap(&key, before, Arc::new(write.next.clone()), change()).await;
    assert_eq!(swap, Ok(Swap::Conflict(DeviceSet::unknown())), "never stored");
    assert!(walk(store, 10).await.is_empty() && changes_after(store, None).await.is_empty());

    store_write(store, &user, DeviceKind::Trusted, Revision::NONE, &write).await;
    let swap = store.swap(&key, Revision::NONE, Arc::new(write.next.clone()), change()).await;
    assert_eq!(swap, Ok(Swap::Conflict(Arc::new(write.next.clone()))), "stored already");
    assert_eq!(changes_after(store, None).await.len(), 1);
}

/// A swap of one kind leaves the user's other kinds alone.
pub async fn sets_of_one_user_are_independent<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let mut stored = Vec::new();
    for kind in DeviceKind::ALL {
        stored.push(enrol(store, &user, kind, &format!("a {kind} device")).await);
    }
    let changed = enrol(store, &user, DeviceKind::Push, "one more").await;
    for (kind, set) in DeviceKind::ALL.into_iter().zip(stored) {
        let expected = if kind == DeviceKind::Push { &changed } else { &set };
        assert_eq!(load(store, &user, kind).await, *expected);
    }
}

/// A set that does not move forward, has no owner, or does not belong to its key and change is refused, and leaves no trace.
pub async fn misuse_is_refused<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let set = enrol(store, &user, DeviceKind::Oath, "first").await;
    let write = user.with_device(&set, DeviceKind::Oath, "second");
    let good = user.change_of(DeviceKind::Oath, &write);
    let key = user.key(DeviceKind::Oath);

    let mut not_newer = write.next.clone();
    not_newer.revision = set.revision;
    let mut same = good.clone();
    same.what = What::Set {
        kind: DeviceKind::Oath,
        revision: set.revision,
        devices: DeviceChanges::new(),
        skip: None,
    };
    let nobodys = DeviceSet { owner: None, ..write.next.clone() };
    let somebody_elses =
        DeviceSet { owner: Some(User::named("/a", "scarter").owner), ..write.next.clone() };
    let mut other_revision = good.clone();
    other_revision.what = same.what.clone();
    let mut other_kind = good.clone();
    other_kind.what = What::Set {
        kind: DeviceKind::Push,
        revision: write.next.revision,
        devices: DeviceChanges::new(),
        skip: None,
    };
    let mut other_realm = good.clone();
    other_realm.realm = User::named("/b", "x").realm;
    let mut purge = good.clone();
    purge.what = What::Purged;

    for (what, next, change) in [
        ("not newer", not_newer, same),
        ("nobody's", nobodys, good.clone()),
        ("somebody else's", somebody_elses, good.clone()),
        ("other revision", write.next.clone(), other_revision),
        ("other kind", write.next.clone(), other_kind),
        ("other realm", write.next.clone(), other_realm),
        ("a purge", write.next.clone(), purge),
    ] {
        let swap = store.swap(&key, set.revision, Arc::new(next), change).await;
        assert!(matches!(swap, Err(StoreError::Misused(_))), "{what}: {swap:?}");
    }
    assert_eq!(load(store, &user, DeviceKind::Oath).await, set);
    assert_eq!(changes_after(store, None).await.len(), 1);
    assert_eq!(walk(store, 10).await.len(), 1);
}

/// A set without devices is still a set: its revision goes on.
pub async fn an_emptied_set_stays<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let set = enrol(store, &user, DeviceKind::Push, "first").await;
    let write = written(rules::reset(&set, DeviceKind::Push, IfMatch::Any, moment()).unwrap());
    store_write(store, &user, DeviceKind::Push, set.revision, &write).await;
    let empty = load(store, &user, DeviceKind::Push).await;
    assert_eq!(*empty, write.next);
    assert!(empty.devices.is_empty() && empty.revision > set.revision && empty.owner.is_some());
    assert_eq!(walk(store, 10).await, [(user.key(DeviceKind::Push), empty)]);
}

/// The next revision must lie beyond the expected one, not next to it: restored backups start somewhere else.
pub async fn revisions_may_skip<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let set = enrol(store, &user, DeviceKind::Oath, "first").await;
    let mut write = user.with_device(&set, DeviceKind::Oath, "second");
    write.next.revision = Revision::from_record(u64::MAX - 1);
    store_write(store, &user, DeviceKind::Oath, set.revision, &write).await;
    assert_eq!(
        load(store, &user, DeviceKind::Oath).await.revision,
        Revision::from_record(u64::MAX - 1)
    );
}
