//! Whose set is whose: folding, odd names, realms.

use std::collections::BTreeMap;

use device_core::limits::NAME_CHARS_MAX;
use device_core::strategies::ODD_NAMES;
use device_core::{DeviceKind, fold};

use super::fixtures::{User, enrol, load, purge, walk};
use crate::DeviceStore;

/// `BJensen` and `bjensen` are one user, and so are all names that fold alike; the first spelling is kept.
pub async fn names_that_fold_alike_share_a_set<S: DeviceStore>(store: &S) {
    for spellings in [
        ["BJensen", "bjensen", "BJENSEN"],
        ["\u{212a}elvin", "KELVIN", "kelvin"],
        ["STRAẞE", "straße", "Straße"],
    ] {
        for spelling in spellings {
            enrol(store, &User::named("/a", spelling), DeviceKind::Oath, spelling).await;
        }
        for spelling in spellings {
            let set = load(store, &User::named("/a", spelling), DeviceKind::Oath).await;
            assert_eq!(set.devices.len(), 3, "{spelling}");
            assert_eq!(set.owner.as_ref().unwrap().username.as_str(), spellings[0]);
        }
    }
    assert_eq!(walk(store, 10).await.len(), 3);
}

/// No name means more than a user to any engine: each finds its own set and no other, also as an id.
pub async fn odd_names_are_only_names<S: DeviceStore>(store: &S) {
    let mut devices: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in ODD_NAMES {
        enrol(
            store,
            &User::named("/a", name).with_id(&format!("id of {name}")),
            DeviceKind::Push,
            name,
        )
        .await;
        devices.entry(fold::fold(name).into_owned()).or_default().push(name);
    }
    for name in ODD_NAMES {
        let set = load(store, &User::named("/a", name), DeviceKind::Push).await;
        let found: Vec<_> = set.devices.iter().map(|device| device.name.as_str()).collect();
        assert_eq!(found, devices[&*fold::fold(name)], "{name:?}");
        let username =
            super::fixtures::resolve(store, "/a", &format!("id of {name}")).await.unwrap();
        assert!(fold::same(&username, name), "{name:?} resolved to {username:?}");
    }
    assert_eq!(walk(store, 7).await.len(), devices.len());
    purge(store, &User::named("/a", "*")).await;
    assert_eq!(walk(store, 7).await.len(), devices.len() - 1, "an asterisk is a user");
}

/// The same name in another realm is another user, below, above and beside.
pub async fn realms_are_separate<S: DeviceStore>(store: &S) {
    let realms = ["/", "/a", "/a/b", "/a/b/c", "/a b", "/a-b", "/ab", "/A"];
    for realm in realms {
        enrol(store, &User::named(realm, "bjensen"), DeviceKind::Trusted, realm).await;
    }
    for realm in realms {
        let set = load(store, &User::named(realm, "bjensen"), DeviceKind::Trusted).await;
        assert_eq!(set.devices.len(), 1);
        assert_eq!(set.devices[0].name.as_str(), realm);
    }
    assert_eq!(
        load(store, &User::named("/b", "bjensen"), DeviceKind::Trusted).await.devices.len(),
        0
    );
}

/// The longest names, in characters and in bytes, in the deepest realm.
pub async fn long_names<S: DeviceStore>(store: &S) {
    let deep = "/\u{10ffff}".repeat(device_core::limits::REALM_DEPTH_MAX);
    let wide = format!("/{}", "\u{10ffff}".repeat(NAME_CHARS_MAX));
    for realm in [deep, wide] {
        for letter in ["x", "\u{10ffff}"] {
            let longest = letter.repeat(NAME_CHARS_MAX);
            let user = User::named(&realm, &longest)
                .with_id(&format!("{}i", letter.repeat(NAME_CHARS_MAX - 1)));
            let stored = enrol(store, &user, DeviceKind::Profile, &longest).await;
            assert_eq!(load(store, &user, DeviceKind::Profile).await, stored);
            let shorter = User::named(&realm, &letter.repeat(NAME_CHARS_MAX - 1));
            assert_eq!(load(store, &shorter, DeviceKind::Profile).await.devices.len(), 0);
            let resolved =
                super::fixtures::resolve(store, &realm, user.owner.user_id.as_str()).await;
            assert_eq!(resolved.as_deref(), Some(longest.as_str()));
        }
    }
    assert_eq!(walk(store, 1).await.len(), 4);
}
