//! What a deployment decides.

use std::collections::BTreeMap;

use device_core::limits::DEVICES_MAX;
use device_core::rules::OnRetired;
use device_core::{DeviceKind, Realm};

/// The decisions of a deployment that rules and authorisation ask for. The default is that of Advanced Identity Cloud.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether oath and push devices can be renamed, as in AM 8. The rename document says they cannot.
    pub rename_oath_push: bool,
    /// Whether `reset` removes all bound devices, as AM's document and the older one of Advanced Identity Cloud say.
    pub reset_binding: bool,
    /// What a user's session must have been opened with to delete, rename or reset.
    pub strength: Strength,
    /// What becomes of a genuine refresh message that was superseded.
    pub on_retired: OnRetired,
    /// How many devices may be enrolled.
    pub limits: Limits,
    /// Where a realm has limits of its own.
    pub realm_limits: BTreeMap<Realm, Limits>,
}

impl Policy {
    /// How many devices of a kind a user of a realm may enrol.
    #[must_use]
    pub fn limit(&self, realm: &Realm, kind: DeviceKind) -> usize {
        self.realm_limits.get(realm).unwrap_or(&self.limits).of(kind)
    }
}

/// The session-strength rule: AM's Device Check Enforcement Strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strength {
    /// Any session will do.
    #[default]
    None,
    /// A session that was opened with some registered device.
    Any,
    /// A session that was opened with a device of the same kind.
    Same,
}

/// Enrolment limits by kind, in devices a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits([usize; DeviceKind::ALL.len()]);

impl Default for Limits {
    /// One oath and one push device, the "one profile" of the documents; of the others as many as a set holds.
    fn default() -> Self {
        Self([DEVICES_MAX; DeviceKind::ALL.len()])
            .with(DeviceKind::Oath, 1)
            .with(DeviceKind::Push, 1)
    }
}

impl Limits {
    /// The limit of a kind.
    #[must_use]
    pub fn of(&self, kind: DeviceKind) -> usize {
        self.0[kind as usize - 1]
    }

    /// The same limits but for one kind. 0 means as many as a set holds ([`DEVICES_MAX`]), which nothing exceeds.
    #[must_use]
    pub fn with(mut self, kind: DeviceKind, devices: usize) -> Self {
        self.0[kind as usize - 1] =
            if devices == 0 { DEVICES_MAX } else { devices.min(DEVICES_MAX) };
        self
    }
}
