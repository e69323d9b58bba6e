//! Restore: an import brings a whole set. Source: `cli.md` (import).

use super::{Draftsman, Moment, Refusal, Step};
use crate::limits::DEVICES_MAX;
use crate::profile::{Show, write_profile};
use crate::{
    Action, Device, DeviceId, DeviceKind, DeviceSet, Devices, Draft, Owner, Revision, Skip,
};

/// What an import did with a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// It was written.
    Written,
    /// It is stored already, or there is nothing to store.
    Unchanged,
    /// The stored set differs and was left alone: an old export would roll back tokens and revive deleted devices.
    Differs,
}

/// Brings a whole set in, into a set that was never stored; a stored one is overwritten only with `replace`. A draft without dates
/// agrees with whatever dates the stored device has. Hard limits apply, enrolment limits do not.
///
/// # Errors
/// [`Refusal::TooMany`], [`Refusal::NoId`], [`Refusal::Exists`] for an id given twice.
pub fn restore(
    set: &DeviceSet,
    kind: DeviceKind,
    owner: &Owner,
    drafts: Vec<Draft>,
    skip: Skip,
    replace: bool,
    moment: Moment,
) -> Result<Step<Restored>, Refusal> {
    if drafts.len() > DEVICES_MAX {
        return Err(Refusal::TooMany);
    }
    let mut draftsman = Draftsman::new(set, moment);
    let mut devices = Devices::default();
    let mut all_stored = drafts.len() == set.devices.len();
    for draft in drafts {
        let id = draft.id.clone().ok_or(Refusal::NoId(kind.row().id_member))?;
        if devices.iter().any(|device| device.id == id) {
            return Err(Refusal::Exists(id));
        }
        let device =
            with_stored_dates(draft, set.device(&id), id, draftsman.revision(), moment.now_ms);
        match set.device(&device.id).filter(|stored| shows_same(kind, stored, &device)) {
            Some(stored) => devices.push(stored.clone()),
            None => {
                all_stored = false;
                draftsman.note(&device, Action::Imported);
                devices.push(device);
            }
        }
    }
    let same_owner = set.owner.as_ref().is_none_or(|stored| stored == owner);
    if all_stored && set.skip == skip && same_owner {
        return Ok(Step::unchanged(Restored::Unchanged));
    }
    if set.revision != Revision::NONE && !replace {
        return Ok(Step::unchanged(Restored::Differs));
    }
    for removed in
        set.devices.iter().filter(|stored| devices.iter().all(|device| device.id != stored.id))
    {
        draftsman.note(removed, Action::Replaced);
    }
    draftsman.write.next.devices = devices;
    draftsman.write.next.owner = Some(owner.clone());
    draftsman.set_skip(skip);
    Ok(draftsman.done(Restored::Written))
}

fn with_stored_dates(
    draft: Draft,
    stored: Option<&Device>,
    id: DeviceId,
    revision: Revision,
    now_ms: u64,
) -> Device {
    let created_ms = draft.created_ms.or(stored.map(|stored| stored.created_ms));
    let last_access_ms = draft.last_access_ms.or(stored.map(|stored| stored.last_access_ms));
    Draft { created_ms, last_access_ms, ..draft }.into_device(id, revision, now_ms)
}

/// Whether an export would show two devices alike.
fn shows_same(kind: DeviceKind, left: &Device, right: &Device) -> bool {
    let shown = |device: &Device| {
        let mut json = String::new();
        write_profile(&mut json, kind, device, Show::Stored);
        json
    };
    shown(left) == shown(right)
}
