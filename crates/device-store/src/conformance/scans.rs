//! [`scan`](DeviceStore::scan): a walk over all sets in key order.

use std::collections::BTreeMap;
use std::sync::Arc;

use device_core::{DeviceKind, DeviceSet, SetKey};

use super::fixtures::{User, enrol, purge, walk};
use crate::{DeviceStore, PAGE_MAX};

const REALMS_IN_ORDER: [&str; 8] = ["/", "/a", "/a/b", "/a/b/c", "/a/c", "/a b", "/a-b", "/b"];

/// The end of a walk is an empty page; an empty store has no other.
pub async fn an_empty_store_has_an_empty_page<S: DeviceStore>(store: &S) {
    assert!(store.scan(None, 10).await.unwrap().is_empty());
    let key = User::named("/a", "bjensen").key(DeviceKind::Oath);
    assert!(store.scan(Some(&key), 10).await.unwrap().is_empty());
}

/// Realms as a tree, everything of a realm before everything of its children, then folded usernames, then kinds.
pub async fn keys_in_order_realms_as_a_tree<S: DeviceStore>(store: &S) {
    let stored = fill(store).await;
    let walked = walk(store, PAGE_MAX).await;
    assert_eq!(walked, stored.into_iter().collect::<Vec<_>>());
    let mut realms: Vec<_> =
        walked.iter().map(|(key, _)| key.parts().unwrap().0.as_str().to_owned()).collect();
    realms.dedup();
    assert_eq!(realms, REALMS_IN_ORDER);
}

/// Pages of every size give the same walk, and may end inside a user.
pub async fn pages_join<S: DeviceStore>(store: &S) {
    let stored: Vec<_> = fill(store).await.into_iter().collect();
    for limit in [1, 2, 3, 7, stored.len() - 1, stored.len(), stored.len() + 1] {
        assert!(walk(store, limit).await == stored, "pages of {limit}");
    }
}

/// No page has more than was asked for, nor more than [`PAGE_MAX`].
pub async fn a_page_has_limits<S: DeviceStore>(store: &S) {
    for number in 0..=PAGE_MAX / DeviceKind::ALL.len() {
        for kind in DeviceKind::ALL {
            enrol(store, &User::named("/a", &format!("user-{number}")), kind, "device").await;
        }
    }
    assert_eq!(store.scan(None, 0).await.unwrap().len(), 0);
    assert_eq!(store.scan(None, 3).await.unwrap().len(), 3);
    assert_eq!(store.scan(None, usize::MAX).await.unwrap().len(), PAGE_MAX);
    let all = (PAGE_MAX / DeviceKind::ALL.len() + 1) * DeviceKind::ALL.len();
    assert_eq!(walk(store, PAGE_MAX).await.len(), all);
}

/// `after` need not be stored, is left out itself, and may be the last.
pub async fn a_walk_ends_anywhere<S: DeviceStore>(store: &S) {
    let user = |name: &str| User::named("/a", name).key(DeviceKind::Push);
    for name in ["b", "d"] {
        enrol(store, &User::named("/a", name), DeviceKind::Push, "phone").await;
    }
    for (after, expected) in
        [("a", Some("b")), ("b", Some("d")), ("c", Some("d")), ("d", None), ("e", None)]
    {
        let page = store.scan(Some(&user(after)), 1).await.unwrap();
        assert_eq!(
            page.first().map(|entry| entry.key.clone()),
            expected.map(user),
            "after {after}"
        );
    }
}

/// Sets stored behind the place where a walk stands are met, purged ones are not, and the others come exactly once.
pub async fn what_changes_meanwhile<S: DeviceStore>(store: &S) {
    let user = |name: &str| User::named("/a", name);
    for name in ["b", "c", "d"] {
        enrol(store, &user(name), DeviceKind::Oath, name).await;
    }
    let page = store.scan(None, 1).await.unwrap();
    purge(store, &user("c")).await;
    enrol(store, &user("a"), DeviceKind::Oath, "behind").await;
    enrol(store, &user("cc"), DeviceKind::Oath, "before").await;
    let changed = enrol(store, &user("d"), DeviceKind::Oath, "changed").await;
    let rest = store.scan(Some(&page[0].key), 10).await.unwrap();
    let keys: Vec<_> = rest.iter().map(|entry| entry.key.clone()).collect();
    assert_eq!(keys, ["cc", "d"].map(|name| user(name).key(DeviceKind::Oath)));
    assert_eq!(rest[1].set, Ok(changed));
    purge(store, &user("d")).await;
    assert!(store.scan(Some(&keys[0]), 10).await.unwrap().is_empty());
}

/// Two kinds each for three users in each realm, stored in no order.
async fn fill<S: DeviceStore>(store: &S) -> BTreeMap<SetKey, Arc<DeviceSet>> {
    let mut stored = BTreeMap::new();
    for kind in [DeviceKind::Trusted, DeviceKind::Oath] {
        for realm in ["/b", "/a-b", "/a", "/a b", "/", "/a/c", "/a/b/c", "/a/b"] {
            for name in ["Zoë", "bjensen", "\u{10ffff}"] {
                let user = User::named(realm, name);
                stored.insert(user.key(kind), enrol(store, &user, kind, name).await);
            }
        }
    }
    stored
}
