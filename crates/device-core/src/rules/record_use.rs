//! A device was used: the login journey hands over what moved. Nothing ever moves backwards.

use serde_json::value::RawValue;
use subtle::{Choice, ConstantTimeEq as _};

use super::devices::allowed_position;
use super::{Draftsman, Moment, Refusal, Step};
use crate::device::OathFacts;
use crate::json::Members;
use crate::profile::push_member;
use crate::{Action, Cold, Device, DeviceId, DeviceKind, DeviceSet, Facts, IfMatch, Secret};

/// What a login used of a device. All of them set the time of the last access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// Nothing that counts: a push message was confirmed, a bound key has signed.
    Access,
    /// A one-time password was accepted; what is `None` stays.
    Oath(OathFacts),
    /// A WebAuthn assertion with this signature counter was accepted.
    SignCount(u64),
    /// A recovery code was accepted and is gone. A clear code is compared in constant time; of a hashed one the journey hands over the
    /// stored form it verified.
    RecoveryCode(Secret),
    /// A trusted browser or a profile was recognised.
    Selected,
}

/// Records a use. The answer is the device after it.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Stale`]; [`Refusal::Replayed`] for a counter or time that does not lie beyond the stored one (RFC 4226 7.2, RFC 6238 5.2,
/// WebAuthn 7.2; a sign count of 0 on both sides means that the authenticator has none); [`Refusal::NoSuchCode`]; [`Refusal::NotOfKind`].
pub fn record_use(
    set: &DeviceSet,
    kind: DeviceKind,
    id: &DeviceId,
    used: &Use,
    if_match: IfMatch,
    moment: Moment,
) -> Result<Step<Device>, Refusal> {
    let position = allowed_position(set, id, if_match)?;
    let mut draft = Draftsman::new(set, moment);
    draft.change(position, |device| {
        let mut action = Action::Used;
        match used {
            Use::Access => {}
            Use::Oath(moved) => move_oath(device, kind, *moved)?,
            Use::SignCount(count) => move_sign_count(device, kind, *count)?,
            Use::Selected => select(device, kind, moment.now_ms)?,
            Use::RecoveryCode(code) => {
                device.cold = without_code(&device.cold, code).ok_or(Refusal::NoSuchCode)?;
                action = Action::RecoveryCodeUsed;
            }
        }
        // A clock that was set back must not make a device look less used.
        device.last_access_ms = device.last_access_ms.max(moment.now_ms);
        Ok::<_, Refusal>(action)
    })?;
    Ok(draft.done_with(position))
}

fn move_oath(device: &mut Device, kind: DeviceKind, moved: OathFacts) -> Result<(), Refusal> {
    let Facts::Oath(stored) = &mut device.facts else {
        return Err(Refusal::NotOfKind { kind, what: "one-time password" });
    };
    advance(&mut stored.counter, moved.counter)?;
    advance(&mut stored.last_login_seconds, moved.last_login_seconds)?;
    stored.clock_drift_seconds = moved.clock_drift_seconds.or(stored.clock_drift_seconds);
    Ok(())
}

fn move_sign_count(device: &mut Device, kind: DeviceKind, count: u64) -> Result<(), Refusal> {
    let (Facts::WebAuthn { sign_count, .. } | Facts::Binding { sign_count, .. }) =
        &mut device.facts
    else {
        return Err(Refusal::NotOfKind { kind, what: "sign count" });
    };
    if count == 0 && sign_count.unwrap_or(0) == 0 {
        return Ok(());
    }
    advance(sign_count, Some(count))
}

fn select(device: &mut Device, kind: DeviceKind, now_ms: u64) -> Result<(), Refusal> {
    match &mut device.facts {
        Facts::Profile { last_selected_ms } => {
            *last_selected_ms = (*last_selected_ms).max(Some(now_ms));
        }
        Facts::Trusted { last_selected_ms, selection_counter } => {
            *last_selected_ms = (*last_selected_ms).max(Some(now_ms));
            *selection_counter = Some(selection_counter.unwrap_or(0).saturating_add(1));
        }
        _ => return Err(Refusal::NotOfKind { kind, what: "selection" }),
    }
    Ok(())
}

/// Moves a counter forward; standing still is a replay.
fn advance(stored: &mut Option<u64>, moved: Option<u64>) -> Result<(), Refusal> {
    let Some(moved) = moved else { return Ok(()) };
    if stored.is_some_and(|stored| moved <= stored) {
        return Err(Refusal::Replayed);
    }
    *stored = Some(moved);
    Ok(())
}

/// The cold members without one recovery code, or `None` if it is not there. All codes are compared, in constant time each.
fn without_code(cold: &Cold, code: &Secret) -> Option<Cold> {
    const MEMBER: &str = "recoveryCodes";
    let members = Members::parse(cold.expose()).ok()?;
    let codes: Vec<Box<RawValue>> = serde_json::from_str(members.find(MEMBER)?.get()).ok()?;
    let mut found = None;
    for (at, stored) in codes.iter().enumerate() {
        let stored = Secret::new(serde_json::from_str::<String>(stored.get()).ok()?);
        let same: Choice = stored.expose().as_bytes().ct_eq(code.expose().as_bytes());
        if bool::from(same) && !code.is_empty() {
            found = Some(at);
        }
    }
    let found = found?;
    let kept: Vec<_> = codes
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != found)
        .map(|(_, code)| code.get())
        .collect();
    let mut json = String::from("{");
    for (name, value) in &members.0 {
        push_member(&mut json, name, |out| {
            if name == MEMBER {
                out.push_str(&format!("[{}]", kept.join(",")));
            } else {
                out.push_str(value.get());
            }
        });
    }
    json.push('}');
    Some(Cold::from_checked(json))
}
