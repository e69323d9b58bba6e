//! Delete, rename, reset. Sources: the seed documents; `am-behaviour.md` 2.3 to 2.5; `decisions.md` (PUT, `_rev`).

use super::{Draftsman, Moment, Refusal, Step};
use crate::{Action, Device, DeviceId, DeviceKind, DeviceName, DeviceSet, IfMatch, Skip};

/// Removes one device. Of a kind with a skip setting that becomes Not Set in the same change. The answer is the device as it last was.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Stale`].
pub fn delete(
    set: &DeviceSet,
    kind: DeviceKind,
    id: &DeviceId,
    if_match: IfMatch,
    moment: Moment,
) -> Result<Step<Device>, Refusal> {
    let position = allowed_position(set, id, if_match)?;
    let mut draft = Draftsman::new(set, moment);
    let device = draft.remove(position, Action::Deleted);
    if kind.row().skip {
        draft.set_skip(Skip::NotSet);
    }
    Ok(draft.done(device))
}

/// Gives one device another name and changes nothing else. The name it has already is no change. The answer is the device with its new name.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Stale`].
pub fn rename(
    set: &DeviceSet,
    id: &DeviceId,
    name: DeviceName,
    if_match: IfMatch,
    moment: Moment,
) -> Result<Step<Device>, Refusal> {
    let position = allowed_position(set, id, if_match)?;
    if set.devices[position].name == name {
        return Ok(Step::unchanged(set.devices[position].clone()));
    }
    let mut draft = Draftsman::new(set, moment);
    draft.change(position, |device| {
        device.name = name;
        Ok::<_, Refusal>(Action::Renamed)
    })?;
    Ok(draft.done_with(position))
}

/// Removes all devices and puts the skip setting to Not Set, in one change. Of an empty set that is no change.
///
/// # Errors
/// [`Refusal::Stale`]: `if_match` is compared with the revision of the set, the `ETag` of the list.
pub fn reset(
    set: &DeviceSet,
    kind: DeviceKind,
    if_match: IfMatch,
    moment: Moment,
) -> Result<Step<()>, Refusal> {
    if !if_match.allows(set.revision) {
        return Err(Refusal::Stale { id: kind.row().name.into(), current: set.revision });
    }
    if set.devices.is_empty() && set.skip == Skip::NotSet {
        return Ok(Step::unchanged(()));
    }
    let mut draft = Draftsman::new(set, moment);
    for device in std::mem::take(&mut draft.write.next.devices).iter() {
        draft.note(device, Action::Reset);
    }
    draft.set_skip(Skip::NotSet);
    Ok(draft.done(()))
}

/// Where the device stands, if it is there and meets the condition.
pub(super) fn allowed_position(
    set: &DeviceSet,
    id: &DeviceId,
    if_match: IfMatch,
) -> Result<usize, Refusal> {
    let position = set.position(id).ok_or_else(|| Refusal::NotFound(id.clone()))?;
    let current = set.devices[position].revision;
    if !if_match.allows(current) {
        return Err(Refusal::Stale { id: id.as_str().into(), current });
    }
    Ok(position)
}
