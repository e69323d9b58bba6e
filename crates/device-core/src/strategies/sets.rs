//! Arbitrary device sets.

use proptest::array::uniform16;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::names::owner;
use super::profiles::draft_with_id;
use crate::limits::RETIRED_DIGESTS_MAX;
use crate::{DeviceKind, DeviceSet, Devices, Facts, Refreshes, Revision, Skip};

/// A skip setting.
pub fn skip() -> impl Strategy<Value = Skip> {
    select(&[Skip::NotSet, Skip::Skippable, Skip::NotSkippable][..])
}

/// What a push device may remember of refresh messages.
pub fn refreshes() -> impl Strategy<Value = Refreshes> {
    let digests = vec(uniform16(any::<u8>()), 0..=RETIRED_DIGESTS_MAX);
    (proptest::option::of(uniform16(any::<u8>())), digests, proptest::option::of(any::<u64>()))
        .prop_map(|(current, retired, issued_at_seconds)| Refreshes {
            current,
            retired,
            issued_at_seconds,
        })
}

/// A set as a history of rules may have left it: an owner, a revision, up to six devices with ids of their own, none of them newer than the set.
pub fn device_set(kind: DeviceKind) -> impl Strategy<Value = DeviceSet> {
    let devices = vec((draft_with_id(kind), refreshes(), 0..9_u64), 0..7);
    (owner(), 10..1_u64 << 48, skip(), devices).prop_map(move |(owner, revision, skip, drafts)| {
        let mut devices = Devices::default();
        for (draft, refreshes, age) in drafts {
            let id = draft.id.clone().unwrap();
            if devices.iter().any(|device| device.id == id) {
                continue;
            }
            let mut device = draft.into_device(id, Revision::from_record(revision - age), 1_000);
            if let Facts::Push(push) = &mut device.facts {
                push.refreshes = refreshes;
            }
            devices.push(device);
        }
        DeviceSet {
            revision: Revision::from_record(revision),
            owner: Some(owner),
            skip: if kind.row().skip { skip } else { Skip::NotSet },
            devices,
        }
    })
}
