//! Refresh: a push device reports its new token. Sources: `decisions.md` (Refresh), `clients.md` 2.3.

use super::{Draftsman, Moment, Step};
use crate::device::PushFacts;
use crate::push::RefreshMessage;
use crate::{Action, Device, DeviceSet, Facts};

/// What happens to a genuine message that was superseded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRetired {
    /// It is refused: somebody may be bringing an old token back.
    #[default]
    Reject,
    /// It is accepted: a phone that really returns to an old token sends the same bytes.
    Accept,
}

/// Why a refresh was refused. For logs and counters; the answer on the wire is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshRefused {
    /// The user has no push device with that mechanism.
    #[error("no such mechanism")]
    NoSuchMechanism,
    /// The signature does not fit the device's key, or the device has no key of sufficient length.
    #[error("the signature does not fit")]
    BadSignature,
    /// A message that was superseded by a later one.
    #[error("the message was superseded")]
    Retired,
    /// The message was signed before the last accepted one.
    #[error("the message is older than the last one")]
    OutOfDate,
}

/// Applies a refresh message: sets the push token, the device and communication types, and the name if the message has one. A message that would change nothing is
/// accepted without a change. `communicationId` and the time of the last access stay as they are.
///
/// # Errors
/// [`RefreshRefused`], each at the cost of one HMAC.
pub fn refresh(
    set: &DeviceSet,
    message: &RefreshMessage<'_>,
    on_retired: OnRetired,
    moment: Moment,
) -> Result<Step<()>, RefreshRefused> {
    let found = set.devices.position_of_mechanism(&message.mechanism_uid);
    let push = found.and_then(|position| facts(&set.devices[position]));
    let genuine = message.is_signed_with(push.and_then(|push| push.shared_secret.as_ref()));
    let (Some(position), Some(push)) = (found, push) else {
        return Err(RefreshRefused::NoSuchMechanism);
    };
    if !genuine {
        return Err(RefreshRefused::BadSignature);
    }
    let digest = message.digest();
    if on_retired == OnRetired::Reject && push.refreshes.retired.contains(&digest) {
        return Err(RefreshRefused::Retired);
    }
    if message.issued_at_seconds.is_some()
        && message.issued_at_seconds < push.refreshes.issued_at_seconds
    {
        return Err(RefreshRefused::OutOfDate);
    }
    let device = &set.devices[position];
    let token_changed = push.device_token.as_deref() != Some(&*message.device_token);
    let other_changed = push.device_type.as_deref() != Some(&*message.device_type)
        || push.communication_type.as_deref() != Some(&*message.communication_type)
        || message.device_name.as_ref().is_some_and(|name| *name != device.name);
    if !token_changed && !other_changed {
        return Ok(Step::unchanged(()));
    }

    let mut draft = Draftsman::new(set, moment);
    draft.change(position, |device| {
        if let Some(name) = &message.device_name {
            device.name = name.clone();
        }
        if let Facts::Push(push) = &mut device.facts {
            push.device_token = Some(message.device_token.clone());
            push.device_type = Some(message.device_type.clone());
            push.communication_type = Some(message.communication_type.clone());
            push.refreshes.accept(digest, message.issued_at_seconds);
        }
        Ok::<_, RefreshRefused>(if token_changed {
            Action::TokenRefreshed
        } else {
            Action::Refreshed
        })
    })?;
    Ok(draft.done(()))
}

fn facts(device: &Device) -> Option<&PushFacts> {
    match &device.facts {
        Facts::Push(push) => Some(push),
        _ => None,
    }
}
