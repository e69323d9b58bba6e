//! The devices of a set, in the order of their registration.
//!
//! Most sets have one to three devices, a change touches one of them, and a refresh knows which by its mechanism. So the devices are shared between the states of a
//! set, and what a refresh looks for stands beside them: the others are not touched, and a place in memory that is not touched is the fastest
//! (`benches/README.md`, Where the time goes).

use std::fmt;
use std::ops::Index;
use std::slice;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::{Device, Facts};

/// As many as a set holds without an allocation of its own.
const INLINE_DEVICES: usize = 3;

/// The devices of one set.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Devices(SmallVec<[Slot; INLINE_DEVICES]>);

#[derive(Clone, PartialEq, Eq)]
struct Slot {
    mechanism: MechanismTag,
    device: Arc<Device>,
}

/// The first bytes of a mechanism's uid. Apps make random UUIDs, so they seldom agree by chance; where they do, the whole uids decide.
type MechanismTag = [u8; 8];

impl Slot {
    fn new(device: Arc<Device>) -> Self {
        let mechanism = mechanism_of(&device).map(tag_of).unwrap_or_default();
        Self { mechanism, device }
    }
}

fn mechanism_of(device: &Device) -> Option<&str> {
    match &device.facts {
        Facts::Push(push) => push.mechanism_uid.as_deref(),
        _ => None,
    }
}

fn tag_of(mechanism_uid: &str) -> MechanismTag {
    let mut tag = MechanismTag::default();
    let bytes = mechanism_uid.len().min(tag.len());
    tag[..bytes].copy_from_slice(&mechanism_uid.as_bytes()[..bytes]);
    tag
}

impl Devices {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The device at `position`, counted from 0.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&Device> {
        self.0.get(position).map(|slot| &*slot.device)
    }

    /// The one that was registered first.
    #[must_use]
    pub fn first(&self) -> Option<&Device> {
        self.get(0)
    }

    /// All of them.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }

    /// Where the first push device with that mechanism stands (`deviceMechanismUID`, compared exactly).
    #[must_use]
    pub fn position_of_mechanism(&self, mechanism_uid: &str) -> Option<usize> {
        let tag = tag_of(mechanism_uid);
        self.0.iter().position(|slot| {
            slot.mechanism == tag && mechanism_of(&slot.device) == Some(mechanism_uid)
        })
    }

    /// Appends a device.
    pub fn push(&mut self, device: Device) {
        self.0.push(Slot::new(Arc::new(device)));
    }

    /// Takes the device at `position` out.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, position: usize) -> Device {
        Arc::unwrap_or_clone(self.0.remove(position).device)
    }

    /// Keeps the first `len` devices.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Changes the device at `position`; other states of the set keep it as it was.
    ///
    /// # Panics
    /// If there is none.
    pub fn change<T>(&mut self, position: usize, change: impl FnOnce(&mut Device) -> T) -> T {
        let slot = &mut self.0[position];
        let answer = change(Arc::make_mut(&mut slot.device));
        slot.mechanism = mechanism_of(&slot.device).map(tag_of).unwrap_or_default();
        answer
    }
}

impl Index<usize> for Devices {
    type Output = Device;

    fn index(&self, position: usize) -> &Device {
        &self.0[position].device
    }
}

impl FromIterator<Device> for Devices {
    fn from_iter<I: IntoIterator<Item = Device>>(devices: I) -> Self {
        Self(devices.into_iter().map(|device| Slot::new(Arc::new(device))).collect())
    }
}

impl<'a> IntoIterator for &'a Devices {
    type Item = &'a Device;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The devices of a set, one after the other.
#[derive(Clone)]
pub struct Iter<'a>(slice::Iter<'a, Slot>);

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Device;

    fn next(&mut self) -> Option<&'a Device> {
        self.0.next().map(|slot| &*slot.device)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.clone()).finish()
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self).finish()
    }
}
