//! Applies the rules of a history: what the registry does, without its loop.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_core::rules::{self, Moment, OnRetired, Room, Use};
use device_core::strategies::Signed;
use device_core::{
    Device, DeviceId, DeviceKind, DeviceSet, Draft, Facts, IfMatch, OathFacts, RefreshMessage,
    Secret, Write,
};
use proptest::sample::Index;

use super::operation::Rule;
use crate::conformance::fixtures::User;

impl Rule {
    /// What becomes of `set`, if the rule changes anything.
    pub(super) fn apply(
        &self,
        set: &DeviceSet,
        kind: DeviceKind,
        user: &User,
        moment: Moment,
    ) -> Option<Write> {
        let owner = &user.owner;
        match self {
            Self::Enrol { profile, limit, on_limit } => {
                let room = Room { limit: *limit, on_limit: *on_limit };
                let draft = Draft::parse(kind, profile).unwrap();
                rules::enrol(set, kind, owner, draft, room, moment).ok()?.write
            }
            Self::Delete { device } => {
                rules::delete(set, kind, &chosen(set, device)?.id, IfMatch::Any, moment).ok()?.write
            }
            Self::Rename { device, name } => {
                let id = &chosen(set, device)?.id;
                rules::rename(set, id, name.clone(), IfMatch::Any, moment).ok()?.write
            }
            Self::Reset => rules::reset(set, kind, IfMatch::Any, moment).ok()?.write,
            Self::Refresh { device, token } => {
                let message = message(chosen(set, device)?, token)?;
                rules::refresh(set, &message, OnRetired::Reject, moment).ok()?.write
            }
            Self::SetSkip { skip } => rules::set_skip(set, owner, *skip, moment).write,
            Self::Use { device, counter } => {
                let device = chosen(set, device)?;
                let used = match device.facts {
                    Facts::Oath(_) => {
                        Use::Oath(OathFacts { counter: Some(*counter), ..OathFacts::default() })
                    }
                    Facts::WebAuthn { .. } | Facts::Binding { .. } => Use::SignCount(*counter),
                    Facts::Push(_) => Use::Access,
                    Facts::Profile { .. } | Facts::Trusted { .. } => Use::Selected,
                };
                rules::record_use(set, kind, &device.id, &used, IfMatch::Any, moment).ok()?.write
            }
            Self::UseCode { device, code } => {
                let device = chosen(set, device)?;
                let used = Use::RecoveryCode(recovery_code(device, code)?);
                rules::record_use(set, kind, &device.id, &used, IfMatch::Any, moment).ok()?.write
            }
            Self::Restore { profiles, skip, replace } => {
                let drafts = profiles.iter().enumerate().map(|(at, profile)| {
                    let draft = Draft::parse(kind, profile).unwrap();
                    let id = draft.id.clone().or(DeviceId::parse(&format!("restored-{at}")).ok());
                    Draft { id, ..draft }
                });
                rules::restore(set, kind, owner, drafts.collect(), *skip, *replace, moment)
                    .ok()?
                    .write
            }
        }
    }
}

fn chosen<'a>(set: &'a DeviceSet, device: &Index) -> Option<&'a Device> {
    (!set.devices.is_empty()).then(|| &set.devices[device.index(set.devices.len())])
}

/// A message signed with the device's own key, if it has one and a mechanism that messages can name.
fn message(device: &Device, token: &str) -> Option<RefreshMessage<'static>> {
    let Facts::Push(push) = &device.facts else { return None };
    let key = STANDARD.decode(push.shared_secret.as_ref()?.expose()).ok()?;
    let signed = Signed {
        mechanism_uid: push.mechanism_uid.as_deref()?,
        device_token: token,
        key: &key,
        ..Signed::default()
    };
    Some(RefreshMessage::parse(signed.body().as_bytes()).ok()?.into_owned())
}

fn recovery_code(device: &Device, code: &Index) -> Option<Secret> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Cold {
        recovery_codes: Vec<String>,
    }
    let cold: Cold = serde_json::from_str(device.cold.expose()).ok()?;
    let codes = cold.recovery_codes;
    (!codes.is_empty()).then(|| Secret::new(codes[code.index(codes.len())].as_str()))
}
