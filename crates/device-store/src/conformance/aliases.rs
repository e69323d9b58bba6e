//! [`resolve`](DeviceStore::resolve): from a user's id to the username.

use std::sync::Arc;

use device_core::DeviceKind;

use super::fixtures::{User, enrol, load, resolve, store_write};
use crate::{DeviceStore, Swap};

/// The alias is there as soon as the set is, and is found however the id is written.
pub async fn an_alias_comes_with_its_set<S: DeviceStore>(store: &S) {
    assert_eq!(resolve(store, "/a", "014c54bd").await, None);
    let user = User::named("/a", "BJensen").with_id("014C54bd-\u{212a}");
    enrol(store, &user, DeviceKind::WebAuthn, "key").await;
    for user_id in ["014C54bd-\u{212a}", "014c54bd-k", "014C54BD-K"] {
        assert_eq!(resolve(store, "/a", user_id).await.as_deref(), Some("BJensen"), "{user_id}");
    }
    assert_eq!(resolve(store, "/a", "bjensen").await, None, "the username is no alias");
}

/// Most users need no alias: their id is their name.
pub async fn no_alias_where_id_and_name_are_one<S: DeviceStore>(store: &S) {
    enrol(store, &User::named("/a", "bjensen"), DeviceKind::Oath, "app").await;
    enrol(store, &User::named("/a", "scarter").with_id("SCarter"), DeviceKind::Oath, "app").await;
    for user_id in ["bjensen", "scarter", "SCarter"] {
        assert_eq!(resolve(store, "/a", user_id).await, None);
    }
}

/// Set, alias and change are one commit: none of them without the others.
pub async fn a_lost_swap_stores_no_alias<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let set = enrol(store, &user, DeviceKind::Oath, "first").await;
    enrol(store, &user, DeviceKind::Oath, "second").await;
    let late = user.clone().with_id("014c54bd");
    let mut write = late.with_device(&set, DeviceKind::Oath, "late");
    write.next.owner = Some(late.owner.clone());
    let change = late.change_of(DeviceKind::Oath, &write);
    let swap =
        store.swap(&user.key(DeviceKind::Oath), set.revision, Arc::new(write.next), change).await;
    assert!(matches!(swap, Ok(Swap::Conflict(_))));
    assert_eq!(resolve(store, "/a", "014c54bd").await, None);
}

/// A user who got another id is found by both; the loaded set's owner tells which is stale.
pub async fn a_stale_alias_stays<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen").with_id("old-id");
    let set = enrol(store, &user, DeviceKind::Push, "phone").await;
    let renamed = user.with_id("new-id");
    let mut write = renamed.with_device(&set, DeviceKind::Push, "tablet");
    write.next.owner = Some(renamed.owner.clone());
    store_write(store, &renamed, DeviceKind::Push, set.revision, &write).await;
    for user_id in ["old-id", "new-id"] {
        assert_eq!(resolve(store, "/a", user_id).await.as_deref(), Some("bjensen"));
    }
    let owner = load(store, &renamed, DeviceKind::Push).await.owner.clone().unwrap();
    assert_eq!(owner.user_id.as_str(), "new-id");
}

/// One id leads to one user.
pub async fn an_alias_leads_to_the_last_user_who_took_it<S: DeviceStore>(store: &S) {
    enrol(store, &User::named("/a", "bjensen").with_id("014c54bd"), DeviceKind::Oath, "app").await;
    enrol(store, &User::named("/a", "scarter").with_id("014C54BD"), DeviceKind::Oath, "app").await;
    assert_eq!(resolve(store, "/a", "014c54bd").await.as_deref(), Some("scarter"));
}

/// The same id in another realm is another user.
pub async fn aliases_belong_to_realms<S: DeviceStore>(store: &S) {
    enrol(store, &User::named("/a", "bjensen").with_id("014c54bd"), DeviceKind::Oath, "app").await;
    enrol(store, &User::named("/a/b", "scarter").with_id("014c54bd"), DeviceKind::Oath, "app")
        .await;
    assert_eq!(resolve(store, "/a", "014c54bd").await.as_deref(), Some("bjensen"));
    assert_eq!(resolve(store, "/a/b", "014c54bd").await.as_deref(), Some("scarter"));
    for realm in ["/", "/b", "/a/b/c"] {
        assert_eq!(resolve(store, realm, "014c54bd").await, None);
    }
}
