//! What a set says of itself.

use std::borrow::Cow;
use std::collections::HashMap;

use device_core::limits::DEVICES_MAX;
use device_core::profile::write_profile;
use device_core::{Device, DeviceKind, DeviceSet, Draft, Facts, Revision, SetKey, Show, Skip};
use serde::de::IgnoredAny;

use super::Wrong;

/// Everything that is wrong with a set by itself.
pub(super) fn wrong(key: &SetKey, set: &DeviceSet) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let kind = key.kind();
    let owner = set.owner.as_ref().filter(|_| set.revision != Revision::NONE);
    match (owner, key.parts()) {
        (Some(owner), Some((realm, ..))) => {
            if SetKey::new(&realm, &owner.username, kind) != *key {
                wrong.push(Wrong::OtherKey(owner.username.clone()));
            }
        }
        _ => wrong.push(Wrong::NeverStored),
    }
    if set.devices.len() > DEVICES_MAX {
        wrong.push(Wrong::TooMany(set.devices.len()));
    }
    if set.skip != Skip::NotSet && !kind.row().skip {
        wrong.push(Wrong::Skip);
    }
    for (at, device) in set.devices.iter().enumerate() {
        if set.devices.iter().take(at).any(|other| other.id == device.id) {
            wrong.push(Wrong::SameId(device.id.clone()));
        }
        if device.revision > set.revision {
            wrong.push(Wrong::LaterDevice(device.id.clone()));
        }
        if !has_facts_of(kind, device) {
            wrong.push(Wrong::OtherKind(device.id.clone()));
        } else if let Err(reason) = read_back(kind, device) {
            wrong.push(Wrong::Unreadable(device.id.clone(), reason));
        }
    }
    wrong
}

fn has_facts_of(kind: DeviceKind, device: &Device) -> bool {
    matches!(
        (kind, &device.facts),
        (DeviceKind::Oath, Facts::Oath(_))
            | (DeviceKind::Push, Facts::Push(_))
            | (DeviceKind::WebAuthn, Facts::WebAuthn { .. })
            | (DeviceKind::Binding, Facts::Binding { .. })
            | (DeviceKind::Profile, Facts::Profile { .. })
            | (DeviceKind::Trusted, Facts::Trusted { .. })
    )
}

/// Whether the profile that an export would write is one that an import would read as the same.
fn read_back(kind: DeviceKind, device: &Device) -> Result<(), String> {
    // What cannot be parsed would be left out of every export.
    serde_json::from_str::<HashMap<Cow<'_, str>, IgnoredAny>>(device.cold.expose())
        .map_err(|error| format!("not a JSON object (at column {})", error.column()))?;
    let written = profile(kind, device);
    let draft = Draft::parse(kind, &written).map_err(|error| error.to_string())?;
    let read = draft.into_device(device.id.clone(), device.revision, device.created_ms);
    if profile(kind, &read) == written {
        Ok(())
    } else {
        Err("its export would be read as another device".to_owned())
    }
}

fn profile(kind: DeviceKind, device: &Device) -> String {
    let mut json = String::from("{");
    write_profile(&mut json, kind, device, Show::Stored);
    json.push('}');
    json
}
