//! The attributes in which PingAM keeps devices and skip settings. Source: `am-behaviour.md` 6; the names are its defaults.

use device_core::DeviceKind;

/// One value a device.
const DEVICES: [(&str, DeviceKind); 6] = [
    ("oathDeviceProfiles", DeviceKind::Oath),
    ("pushDeviceProfiles", DeviceKind::Push),
    ("webauthnDeviceProfiles", DeviceKind::WebAuthn),
    ("boundDevices", DeviceKind::Binding),
    ("deviceProfiles", DeviceKind::Profile),
    ("devicePrintProfiles", DeviceKind::Trusted),
];

/// 0, 1 or 2: not set, skippable, not skippable.
const SKIPS: [(&str, DeviceKind); 2] =
    [("oath2faEnabled", DeviceKind::Oath), ("push2faEnabled", DeviceKind::Push)];

/// The kind whose devices an attribute holds.
#[must_use]
pub fn kind_of(attribute: &str) -> Option<DeviceKind> {
    find(&DEVICES, attribute).map(|(_, kind)| kind)
}

/// The kind whose skip setting an attribute holds.
#[must_use]
pub fn skip_of(attribute: &str) -> Option<DeviceKind> {
    find(&SKIPS, attribute).map(|(_, kind)| kind)
}

/// Whether an attribute holds devices or a skip setting.
#[must_use]
pub fn tells_of_devices(attribute: &str) -> bool {
    documented_row(attribute).is_some()
}

/// The name of an attribute as the documents spell it.
#[must_use]
pub fn documented(attribute: &str) -> &str {
    documented_row(attribute).map_or(attribute, |(name, _)| name)
}

fn documented_row(attribute: &str) -> Option<(&'static str, DeviceKind)> {
    find(&DEVICES, attribute).or_else(|| find(&SKIPS, attribute))
}

fn find(
    table: &[(&'static str, DeviceKind)],
    attribute: &str,
) -> Option<(&'static str, DeviceKind)> {
    table.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute)).copied()
}
