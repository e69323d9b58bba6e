//! Enrol: a device is registered. Source: `decisions.md` (Enrol); `am-behaviour.md` 2.6.

use super::{Draftsman, Moment, Refusal, Step};
use crate::limits::DEVICES_MAX;
use crate::{Action, Device, DeviceKind, DeviceSet, Devices, Draft, Owner, Skip};

/// How many devices there may be, and what happens when there are as many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Devices of the kind, at most [`DEVICES_MAX`].
    pub limit: usize,
    /// What happens at the limit.
    pub on_limit: OnLimit,
}

impl Room {
    /// Refuses what goes beyond `limit` devices.
    #[must_use]
    pub fn up_to(limit: usize) -> Self {
        Self { limit, on_limit: OnLimit::Refuse }
    }
}

/// What happens when a set has as many devices as may be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLimit {
    /// The enrolment is refused.
    #[default]
    Refuse,
    /// The least recently used device makes room, as in AM's registration; a device of the same id is overwritten.
    Replace,
}

/// Registers a device. A draft without an id gets a new UUID (for profiles the identifier must be given). The user must use the kind from then on
/// ([`Skip::NotSkippable`]), as after AM's registration. The answer is the device.
///
/// # Errors
/// [`Refusal::LimitReached`], [`Refusal::Exists`], [`Refusal::NoId`].
pub fn enrol(
    set: &DeviceSet,
    kind: DeviceKind,
    owner: &Owner,
    draft: Draft,
    room: Room,
    moment: Moment,
) -> Result<Step<Device>, Refusal> {
    let id = match draft.id.clone() {
        Some(id) => id,
        None if kind == DeviceKind::Profile => return Err(Refusal::NoId(kind.row().id_member)),
        None => moment.new_device_id().map_err(|_| Refusal::NoId(kind.row().id_member))?,
    };
    let limit = room.limit.clamp(1, DEVICES_MAX);
    let mut draftsman = Draftsman::new(set, moment);
    if let Some(position) = set.position(&id) {
        if room.on_limit == OnLimit::Refuse {
            return Err(Refusal::Exists(id));
        }
        draftsman.remove(position, Action::Replaced);
    }
    if draftsman.write.next.devices.len() >= limit && room.on_limit == OnLimit::Refuse {
        return Err(Refusal::LimitReached { kind, limit });
    }
    while let Some(oldest) = least_recently_used(&draftsman.write.next.devices, limit) {
        draftsman.remove(oldest, Action::Replaced);
    }
    let device = draft.into_device(id, draftsman.revision(), moment.now_ms);
    draftsman.note(&device, Action::Enrolled);
    draftsman.own(owner);
    draftsman.write.next.devices.push(device.clone());
    if kind.row().skip {
        draftsman.set_skip(Skip::NotSkippable);
    }
    Ok(draftsman.done(device))
}

/// Which device makes room, if `limit` devices leave none for one more.
fn least_recently_used(devices: &Devices, limit: usize) -> Option<usize> {
    if devices.len() < limit {
        return None;
    }
    (0..devices.len()).min_by_key(|position| devices[*position].last_access_ms)
}
