//! What is stored comes back as it was: every kind, every member, every size.

use std::sync::Arc;

use device_core::limits::{DEVICES_MAX, PROFILE_BYTES_MAX};
use device_core::strategies::{device_set, full_profile, least_profile, refreshes};
use device_core::{
    DeviceChanges, DeviceKind, DeviceSet, Draft, Facts, Revision, Skip, What, rules,
};
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::fixtures::{User, load, moment, store_write, walk, written};
use crate::{DeviceStore, Swap};

/// Sets of every kind: all members there, no optional member there, and both in one set, with every skip setting.
pub async fn every_kind_with_every_member<S: DeviceStore>(store: &S) {
    for (number, kind) in DeviceKind::ALL.into_iter().enumerate() {
        let user = User::named("/a", &format!("user-{number}")).with_id("014c54bd");
        let skip = [Skip::NotSet, Skip::Skippable, Skip::NotSkippable][number % 3];
        let drafts = [full_profile(kind), least_profile(kind)];
        let drafts = drafts.iter().map(|json| Draft::parse(kind, json).unwrap()).collect();
        let unknown = DeviceSet::default();
        let mut write = written(
            rules::restore(&unknown, kind, &user.owner, drafts, skip, false, moment()).unwrap(),
        );
        write.next.devices.change(0, |device| {
            let Facts::Push(push) = &mut device.facts else { return };
            push.refreshes.current = Some([0xff; 16]);
            push.refreshes.retired = (0..8).map(|number| [number; 16]).collect();
            push.refreshes.issued_at_seconds = Some(u64::MAX);
        });
        store_write(store, &user, kind, Revision::NONE, &write).await;
        assert_eq!(*load(store, &user, kind).await, write.next);
        assert_eq!(*walk(store, 100).await.last().unwrap().1, write.next);
    }
}

/// Arbitrary sets of every kind, the same ones at each run.
pub async fn arbitrary_sets<S: DeviceStore>(store: &S) {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    for kind in DeviceKind::ALL {
        for number in 0..10 {
            let set = device_set(kind).new_tree(&mut runner).unwrap().current();
            let user = User {
                owner: set.owner.clone().unwrap(),
                ..User::named(&format!("/{number}"), "x")
            };
            swap_in(store, &user, kind, set).await;
        }
    }
}

/// As many devices as a set may have.
pub async fn sixty_four_devices<S: DeviceStore>(store: &S) {
    swap_in(
        store,
        &User::named("/a", "bjensen"),
        DeviceKind::Push,
        set_of(DeviceKind::Push, DEVICES_MAX, 100),
    )
    .await;
}

/// A record of 200 KiB: beyond what engines keep inside one page.
pub async fn a_large_record<S: DeviceStore>(store: &S) {
    swap_in(
        store,
        &User::named("/a", "bjensen"),
        DeviceKind::Profile,
        set_of(DeviceKind::Profile, 4, 50 * 1024),
    )
    .await;
}

/// As many devices as a set may have, each as large as it may be: 4 MiB. Swapped in, followed by a small one, and swapped in again.
pub async fn a_record_at_the_limits<S: DeviceStore>(store: &S) {
    let user = User::named("/a", "bjensen");
    let large = set_of(DeviceKind::WebAuthn, DEVICES_MAX, PROFILE_BYTES_MAX - 100);
    let mut small = large.clone();
    small.devices.truncate(1);
    let mut again = large.clone();
    small.revision = large.revision.next(0);
    again.revision = small.revision.next(0);
    for set in [large, small, again] {
        swap_in(store, &user, DeviceKind::WebAuthn, set).await;
    }
}

/// A set of `count` devices whose profiles have about `bytes` bytes each, all different.
pub(super) fn set_of(kind: DeviceKind, count: usize, bytes: usize) -> DeviceSet {
    let mut runner = TestRunner::deterministic();
    let required = least_profile(kind);
    let devices = (0..count).map(|number| {
        let filler = format!("{number:08} ").repeat(bytes.saturating_sub(required.len()) / 9);
        let json = required.replacen('{', &format!("{{\"note\":\"{filler}\","), 1);
        let id = format!("device-{number}");
        let mut device = Draft::parse(kind, &json).unwrap().into_device(
            device_core::DeviceId::parse(&id).unwrap(),
            Revision::from_record(1_000),
            1_749_572_704_744,
        );
        if let Facts::Push(push) = &mut device.facts {
            push.refreshes = refreshes().new_tree(&mut runner).unwrap().current();
        }
        device
    });
    DeviceSet {
        revision: Revision::from_record(1_000),
        owner: Some(User::named("/a", "bjensen").owner),
        skip: Skip::NotSet,
        devices: devices.collect(),
    }
}

/// Swaps a set in over whatever is there, and reads it back by its key and by a walk.
async fn swap_in<S: DeviceStore>(store: &S, user: &User, kind: DeviceKind, set: DeviceSet) {
    let key = user.key(kind);
    let what =
        What::Set { kind, revision: set.revision, devices: DeviceChanges::new(), skip: None };
    let set = Arc::new(set);
    let expected = store.load(&key).await.unwrap().revision;
    assert_eq!(
        store.swap(&key, expected, Arc::clone(&set), user.change(what)).await,
        Ok(Swap::Stored)
    );
    assert!(*store.load(&key).await.unwrap() == *set, "{key} is not what was stored");
    let (_, walked) =
        walk(store, 100).await.into_iter().find(|(walked, _)| *walked == key).unwrap();
    assert!(walked == set, "{key} is not what was stored");
}
