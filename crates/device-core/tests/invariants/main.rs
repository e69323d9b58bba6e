//! What the rules promise, tried on arbitrary sets and histories.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which must fail where something is not as it should be"
)]

mod devices;
mod enrolling;
mod histories;
mod look_ups;
mod profiles;
mod refreshing;
mod restoring;
mod secrets;
mod skipping;
mod uses;

use device_core::profile::write_profile;
use device_core::rules::Moment;
use device_core::strategies::device_set;
use device_core::{Device, DeviceId, DeviceKind, DeviceSet, Devices, Draft, Show};
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn kind() -> impl Strategy<Value = DeviceKind> {
    select(&DeviceKind::ALL[..])
}

/// An arbitrary set of any kind.
fn any_set() -> impl Strategy<Value = (DeviceKind, DeviceSet)> {
    kind().prop_flat_map(|kind| (Just(kind), device_set(kind)))
}

/// An arbitrary set of any kind with at least one device, and which one is meant.
fn set_and_device() -> impl Strategy<Value = (DeviceKind, DeviceSet, usize)> {
    (any_set(), any::<Index>()).prop_filter_map("a set with a device", |((kind, set), index)| {
        (!set.devices.is_empty()).then(|| {
            let at = index.index(set.devices.len());
            (kind, set, at)
        })
    })
}

/// A moment beyond those of the arbitrary sets' dates, mostly.
fn moment(random: u128) -> Moment {
    Moment { now_ms: 1_749_572_704_744, random }
}

fn id(text: &str) -> DeviceId {
    DeviceId::parse(text).unwrap()
}

fn draft(kind: DeviceKind, json: &str) -> Draft {
    Draft::parse(kind, json).unwrap()
}

/// What an export shows of a device.
fn exported(kind: DeviceKind, device: &Device) -> String {
    shown(kind, device, Show::Stored)
}

fn shown(kind: DeviceKind, device: &Device, show: Show) -> String {
    let mut json = String::from("{");
    write_profile(&mut json, kind, device, show);
    json.push('}');
    json
}

/// All devices of a set but one.
fn others(set: &DeviceSet, but: &DeviceId) -> Devices {
    set.devices.iter().filter(|device| device.id != *but).cloned().collect()
}
