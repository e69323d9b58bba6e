//! The device set: all devices of one user and one kind, the value that every rule works on and that stores swap.

use std::sync::{Arc, LazyLock};

use crate::{Device, DeviceId, Devices, Owner, Revision};

/// All devices of one user and one kind, their skip setting and one revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceSet {
    /// The number of the last change; [`Revision::NONE`] for a set that was never stored.
    pub revision: Revision,
    /// Whose set it is; `None` only at [`Revision::NONE`].
    pub owner: Option<Owner>,
    /// Whether the user may skip this kind at login.
    pub skip: Skip,
    /// The devices, in the order of their registration.
    pub devices: Devices,
}

impl Default for Revision {
    fn default() -> Self {
        Self::NONE
    }
}

static UNKNOWN: LazyLock<Arc<DeviceSet>> = LazyLock::new(Arc::default);

impl DeviceSet {
    /// The set of a user nobody has heard of: empty, at [`Revision::NONE`]. Shared, so that a miss allocates nothing.
    #[must_use]
    pub fn unknown() -> Arc<Self> {
        Arc::clone(&UNKNOWN)
    }

    /// The device called `id`.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == *id)
    }

    /// Where the device called `id` stands in [`Self::devices`].
    pub(crate) fn position(&self, id: &DeviceId) -> Option<usize> {
        self.devices.iter().position(|device| device.id == *id)
    }
}

/// The skip setting of oath and push: may the user pass by this factor at login?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Skip {
    /// "Not Set": nobody has decided (AM stores 0). What reset and delete leave behind.
    #[default]
    NotSet,
    /// The user chose to skip (1).
    Skippable,
    /// The user must use a device (2); a registration sets this.
    NotSkippable,
}

impl Skip {
    /// Its name in interchange lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotSet => "not_set",
            Self::Skippable => "skippable",
            Self::NotSkippable => "not_skippable",
        }
    }

    /// The setting of that name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::NotSet, Self::Skippable, Self::NotSkippable]
            .into_iter()
            .find(|skip| skip.name() == name)
    }

    /// The integer AM's directory stores.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The setting with that integer, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::NotSet, Self::Skippable, Self::NotSkippable]
            .into_iter()
            .find(|skip| skip.number() == number)
    }
}
