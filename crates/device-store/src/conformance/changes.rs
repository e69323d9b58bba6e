//! [`changes`](DeviceStore::changes): the log of what swaps and purges did.

use std::sync::Arc;

use device_core::{
    Action, DeviceChange, DeviceChanges, DeviceId, DeviceKind, DeviceName, DeviceSet, Revision,
    Skip, What,
};
use uuid::Uuid;

use super::fixtures::{User, changes_after, enrol, load, purge};
use crate::{DeviceStore, PAGE_MAX, Swap};

/// An empty log is an empty page.
pub async fn nothing_happened<S: DeviceStore>(store: &S) {
    assert!(store.changes(None, 10).await.unwrap().is_empty());
}

/// Oldest first, each with its own cursor, which grows.
pub async fn changes_in_order<S: DeviceStore>(store: &S) {
    let users = ["bjensen", "scarter"].map(|name| User::named("/a", name));
    let mut expected = Vec::new();
    for number in 0..6 {
        let user = &users[number % 2];
        let set = enrol(store, user, DeviceKind::Binding, &format!("phone {number}")).await;
        expected.push((user.owner.username.clone(), Some(set.revision)));
    }
    purge(store, &users[0]).await;
    expected.push((users[0].owner.username.clone(), None));

    let changes = changes_after(store, None).await;
    assert!(changes.windows(2).all(|pair| pair[0].cursor < pair[1].cursor));
    let found: Vec<_> = changes
        .iter()
        .map(|entry| match &entry.change.what {
            What::Set { revision, .. } => (entry.change.username.clone(), Some(*revision)),
            What::Purged => (entry.change.username.clone(), None),
        })
        .collect();
    assert_eq!(found, expected);
}

/// A cursor goes on after its change, whatever the page's size; at the end it waits for what comes.
pub async fn pages_join<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    for number in 0..9 {
        enrol(store, &user, DeviceKind::Oath, &format!("app {number}")).await;
    }
    let all = changes_after(store, None).await;
    for (at, entry) in all.iter().enumerate() {
        for limit in [1, 2, 20] {
            let page = store.changes(Some(entry.cursor), limit).await.unwrap();
            assert_eq!(page, all[at + 1..(at + 1 + limit).min(all.len())]);
        }
    }
    let last = all.last().map(|entry| entry.cursor);
    enrol(store, &user, DeviceKind::Oath, "one more").await;
    let more = store.changes(last, 10).await.unwrap();
    assert_eq!(more.len(), 1);
    assert!(Some(more[0].cursor) > last);
}

/// Only what was stored is logged.
pub async fn lost_swaps_are_not_logged<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let stored = enrol(store, &user, DeviceKind::Oath, "stored").await;
    let write = user.with_device(&DeviceSet::default(), DeviceKind::Oath, "lost");
    let change = user.change_of(DeviceKind::Oath, &write);
    let swap =
        store.swap(&user.key(DeviceKind::Oath), Revision::NONE, Arc::new(write.next), change).await;
    assert_eq!(swap, Ok(Swap::Conflict(stored)));
    assert_eq!(changes_after(store, None).await.len(), 1);
}

/// A change comes back with all it had: every action, names, reason, request.
pub async fn every_member_of_a_change<S: DeviceStore>(store: &S) {
    let user = User::named("/a/b", "BJensen");
    let mut set = (*enrol(store, &user, DeviceKind::Push, "phone").await).clone();
    let mut stored = Vec::new();
    for (reason, request_id, skip) in [
        (None, None, None),
        (Some("lost phone \u{1f4f1}"), Some("b1946ac9"), Some(Skip::NotSkippable)),
    ] {
        let expected = set.revision;
        set.revision = set.revision.next(0);
        let devices = Action::ALL.into_iter().map(|action| DeviceChange {
            id: DeviceId::parse(&format!("{action:?} \u{10ffff}")).unwrap(),
            name: DeviceName::parse(&format!("a \"{action:?}\" device")).unwrap(),
            action,
        });
        let what = What::Set {
            kind: DeviceKind::Push,
            revision: set.revision,
            devices: devices.collect(),
            skip,
        };
        let mut change = user.change(what);
        change.id = Uuid::from_u128(u128::MAX - stored.len() as u128);
        change.at_ms = u64::MAX;
        change.actor = "id=amadmin,ou=user".into();
        change.reason = reason.map(Into::into);
        change.request_id = request_id.map(Into::into);
        stored.push(change.clone());
        let swap =
            store.swap(&user.key(DeviceKind::Push), expected, Arc::new(set.clone()), change).await;
        assert_eq!(swap, Ok(Swap::Stored));
    }
    let mut purged = user.change(What::Purged);
    purged.reason = Some("left the company".into());
    stored.push(purged.clone());
    store.purge(&user.realm, &user.owner.username, purged).await.unwrap();
    let logged: Vec<_> =
        changes_after(store, None).await.into_iter().skip(1).map(|entry| entry.change).collect();
    assert_eq!(logged, stored);
    assert_eq!(*load(store, &user, DeviceKind::Push).await, DeviceSet::default());
}

/// No page has more than was asked for, nor more than [`PAGE_MAX`].
pub async fn a_page_has_limits<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let mut set = (*enrol(store, &user, DeviceKind::Oath, "app").await).clone();
    for _ in 0..PAGE_MAX {
        let expected = set.revision;
        set.revision = set.revision.next(0);
        let what = What::Set {
            kind: DeviceKind::Oath,
            revision: set.revision,
            devices: DeviceChanges::new(),
            skip: None,
        };
        let swap = store
            .swap(&user.key(DeviceKind::Oath), expected, Arc::new(set.clone()), user.change(what))
            .await;
        assert_eq!(swap, Ok(Swap::Stored));
    }
    assert_eq!(store.changes(None, 0).await.unwrap().len(), 0);
    assert_eq!(store.changes(None, 3).await.unwrap().len(), 3);
    assert_eq!(store.changes(None, usize::MAX).await.unwrap().len(), PAGE_MAX);
    assert_eq!(changes_after(store, None).await.len(), PAGE_MAX + 1);
}
