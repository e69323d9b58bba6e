//! The rules: what enrol, reset, delete, rename, refresh, skip, a use and an import do to a device set.
//!
//! Each is a pure function of a set and its arguments. It gives back a [`Step`], with the next set if anything changes, or a [`Refusal`]. The caller swaps
//! the next set in if the old one is still there, and asks again if not; so a rule may run several times for one request.

mod devices;
mod enrol;
mod record_use;
mod refresh;
mod restore;
mod skip;

pub use devices::{delete, rename, reset};
pub use enrol::{OnLimit, Room, enrol};
pub use record_use::{Use, record_use};
pub use refresh::{OnRetired, RefreshRefused, refresh};
pub use restore::{Restored, restore};
pub use skip::{may_skip, set_skip};

use uuid::Uuid;

use crate::limits::DEVICES_MAX;
use crate::{
    Action, Device, DeviceChange, DeviceChanges, DeviceId, DeviceKind, DeviceSet, NameError, Owner,
    Revision, Skip,
};

/// What a rule needs of the outside, given so that it stays a pure function.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
    /// Random bits, new for every attempt. Used for a set's first revision and the ids of new devices, both of which are public.
    pub random: u128,
}

impl Moment {
    fn new_device_id(&self) -> Result<DeviceId, NameError> {
        let uuid = uuid::Builder::from_random_bytes(self.random.to_be_bytes()).into_uuid();
        DeviceId::parse(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

/// What a rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<T> {
    /// The answer.
    pub answer: T,
    /// What is to be stored; `None` where nothing changes.
    pub write: Option<Write>,
}

impl<T> Step<T> {
    fn unchanged(answer: T) -> Self {
        Self { answer, write: None }
    }
}

/// What is to be stored, and what the change log says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The next state of the set, its revision included.
    pub next: DeviceSet,
    /// What happened to which device.
    pub devices: DeviceChanges,
    /// The skip setting, if the rule set it.
    pub skip: Option<Skip>,
}

/// A change in the making: a copy of the set at its next revision.
struct Draftsman {
    write: Write,
}

impl Draftsman {
    fn new(set: &DeviceSet, moment: Moment) -> Self {
        let mut next = set.clone();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a revision takes 48 of the random bits"
        )]
        let random = moment.random as u64;
        next.revision = set.revision.next(random);
        Self { write: Write { next, devices: DeviceChanges::new(), skip: None } }
    }

    /// Changes the device at `position`, which goes to the set's next revision; `change` says what it did.
    fn change<E>(
        &mut self,
        position: usize,
        change: impl FnOnce(&mut Device) -> Result<Action, E>,
    ) -> Result<(), E> {
        let revision = self.revision();
        let action = self.write.next.devices.change(position, |device| {
            device.revision = revision;
            change(device)
        })?;
        self.write.devices.push(noted(&self.write.next.devices[position], action));
        Ok(())
    }

    /// The change, with the device at `position` as its answer.
    fn done_with(self, position: usize) -> Step<Device> {
        let device = self.write.next.devices[position].clone();
        self.done(device)
    }

    fn revision(&self) -> Revision {
        self.write.next.revision
    }

    fn own(&mut self, owner: &Owner) {
        self.write.next.owner.get_or_insert_with(|| owner.clone());
    }

    fn note(&mut self, device: &Device, action: Action) {
        self.write.devices.push(noted(device, action));
    }

    fn remove(&mut self, position: usize, action: Action) -> Device {
        let device = self.write.next.devices.remove(position);
        self.note(&device, action);
        device
    }

    fn set_skip(&mut self, skip: Skip) {
        if self.write.next.skip != skip {
            self.write.next.skip = skip;
            self.write.skip = Some(skip);
        }
    }

    fn done<T>(self, answer: T) -> Step<T> {
        Step { answer, write: Some(self.write) }
    }
}

fn noted(device: &Device, action: Action) -> DeviceChange {
    DeviceChange { id: device.id.clone(), name: device.name.clone(), action }
}

/// Why a rule refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The set has no device of that id.
    #[error("User device, {0}, not found.")]
    NotFound(DeviceId),
    /// `If-Match` names another revision than the current one.
    #[error(
        "The resource with ID '{id}' does not have the required version; the current one is {current}"
    )]
    Stale {
        /// The device, or the collection, that was asked for.
        id: Box<str>,
        /// Its revision.
        current: Revision,
    },
    /// The kind has as many devices as may be enrolled.
    #[error(
        "the user has {limit} {kind} devices, which is the limit; delete one or send `_onLimit=replace`"
    )]
    LimitReached {
        /// Which kind.
        kind: DeviceKind,
        /// The limit that applies.
        limit: usize,
    },
    /// The set has a device of that id already.
    #[error("the user has a device `{0}` already")]
    Exists(DeviceId),
    /// More than [`DEVICES_MAX`] devices.
    #[error("a user has at most {DEVICES_MAX} devices of a kind")]
    TooMany,
    /// A device that must bring its id has none.
    #[error("member `{0}` is missing")]
    NoId(&'static str),
    /// The counter, time or sign count does not lie beyond the stored one: a replay, or a cloned device.
    #[error("the counter does not lie beyond the stored one")]
    Replayed,
    /// The device has no such recovery code, or it was used.
    #[error("the recovery code is unknown or was used")]
    NoSuchCode,
    /// The use does not fit the kind of the device.
    #[error("a {kind} device has no {what}")]
    NotOfKind {
        /// Which kind.
        kind: DeviceKind,
        /// What it does not have.
        what: &'static str,
    },
}
