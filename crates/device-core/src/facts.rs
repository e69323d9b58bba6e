//! Facts from and to the members of a stored profile.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::device::{MessageDigest, OathFacts, PushFacts, Refreshes};
use crate::json::{Members, push_text};
use crate::limits::RETIRED_DIGESTS_MAX;
use crate::profile::{ProfileError, Reader, push_member};
use crate::{DeviceKind, Facts, Secret};

/// The member of a push profile in which exports with secrets carry [`Refreshes`]. AM has no such member, answers never show it.
const REFRESHES: &str = "_refreshes";

impl Facts {
    /// Takes the facts of a kind out of a profile.
    pub(crate) fn read(kind: DeviceKind, reader: &mut Reader<'_>) -> Result<Self, ProfileError> {
        let required = |reader: &mut Reader<'_>, member| {
            let text = reader.text(member)?.ok_or(ProfileError::Missing(member))?;
            Ok::<Box<str>, ProfileError>(text.into_owned().into_boxed_str())
        };
        Ok(match kind {
            DeviceKind::Oath => Self::Oath(OathFacts {
                counter: reader.whole("counter")?,
                last_login_seconds: reader.whole("lastLogin")?,
                clock_drift_seconds: reader.signed("clockDriftSeconds")?,
            }),
            DeviceKind::Push => Self::Push(PushFacts {
                mechanism_uid: reader.text("deviceMechanismUID")?.map(Into::into),
                shared_secret: reader.text("sharedSecret")?.map(Secret::new),
                device_token: reader.text("deviceId")?.map(Into::into),
                device_type: reader.text("deviceType")?.map(Into::into),
                communication_type: reader.text("communicationType")?.map(Into::into),
                refreshes: match reader.raw(REFRESHES) {
                    Some(value) => read_refreshes(value.get()).ok_or(ProfileError::WrongType {
                        member: REFRESHES,
                        expected: "as an export wrote it",
                    })?,
                    None => Refreshes::default(),
                },
            }),
            // Every mobile client fails a whole list when one entry lacks these (clients.md, 1.3).
            DeviceKind::WebAuthn => Self::WebAuthn {
                credential_id: required(reader, "credentialId")?,
                sign_count: reader.whole("signCount")?,
            },
            DeviceKind::Binding => Self::Binding {
                device_id: required(reader, "deviceId")?,
                sign_count: reader.whole("signCount")?,
            },
            DeviceKind::Profile => {
                Self::Profile { last_selected_ms: reader.whole("lastSelectedDate")? }
            }
            DeviceKind::Trusted => Self::Trusted {
                selection_counter: reader.whole("selectionCounter")?,
                last_selected_ms: reader.whole("lastSelectedDate")?,
            },
        })
    }

    /// Appends the value of a member, if it is stored. Returns whether it is.
    pub(crate) fn write(&self, member: &str, out: &mut String) -> bool {
        let mut text = |value: Option<&str>| value.map(|value| push_text(out, value)).is_some();
        match (self, member) {
            (Self::Push(push), "sharedSecret") => {
                text(push.shared_secret.as_ref().map(Secret::expose))
            }
            (Self::Push(push), "communicationType") => text(push.communication_type.as_deref()),
            (Self::Push(push), "deviceId") => text(push.device_token.as_deref()),
            (Self::Push(push), "deviceMechanismUID") => text(push.mechanism_uid.as_deref()),
            (Self::Push(push), "deviceType") => text(push.device_type.as_deref()),
            (Self::WebAuthn { credential_id, .. }, "credentialId") => text(Some(credential_id)),
            (Self::Binding { device_id, .. }, "deviceId") => text(Some(device_id)),
            (Self::Oath(oath), "clockDriftSeconds") => {
                oath.clock_drift_seconds.map(|number| out.push_str(&number.to_string())).is_some()
            }
            _ => self.number(member).map(|number| out.push_str(&number.to_string())).is_some(),
        }
    }

    fn number(&self, member: &str) -> Option<u64> {
        match (self, member) {
            (Self::Oath(oath), "counter") => oath.counter,
            (Self::Oath(oath), "lastLogin") => oath.last_login_seconds,
            (Self::WebAuthn { sign_count, .. } | Self::Binding { sign_count, .. }, "signCount") => {
                *sign_count
            }
            (
                Self::Profile { last_selected_ms } | Self::Trusted { last_selected_ms, .. },
                "lastSelectedDate",
            ) => *last_selected_ms,
            (Self::Trusted { selection_counter, .. }, "selectionCounter") => *selection_counter,
            _ => None,
        }
    }

    /// When the device was last selected, in milliseconds since 1970, for the kinds that record it.
    #[must_use]
    pub fn last_selected_ms(&self) -> Option<u64> {
        self.number("lastSelectedDate")
    }

    /// Appends what is remembered of refresh messages, if anything is.
    pub(crate) fn write_refreshes(&self, out: &mut String) {
        let Self::Push(push) = self else { return };
        if push.refreshes.is_empty() {
            return;
        }
        push_member(out, REFRESHES, |out| {
            out.push('{');
            if let Some(current) = &push.refreshes.current {
                push_member(out, "current", |out| push_text(out, &URL_SAFE_NO_PAD.encode(current)));
            }
            let retired: Vec<_> = push
                .refreshes
                .retired
                .iter()
                .map(|digest| URL_SAFE_NO_PAD.encode(digest))
                .collect();
            push_member(out, "retired", |out| {
                out.push_str(&serde_json::to_string(&retired).unwrap_or_default());
            });
            if let Some(seconds) = push.refreshes.issued_at_seconds {
                push_member(out, "issuedAt", |out| out.push_str(&seconds.to_string()));
            }
            out.push('}');
        });
    }
}

fn read_refreshes(json: &str) -> Option<Refreshes> {
    let members = Members::parse(json).ok()?;
    let digest = |text: &str| MessageDigest::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let current = match members.find("current") {
        Some(value) => Some(digest(&serde_json::from_str::<String>(value.get()).ok()?)?),
        None => None,
    };
    let retired: Vec<String> = serde_json::from_str(members.find("retired")?.get()).ok()?;
    let retired: Vec<_> = retired.iter().map(|text| digest(text)).collect::<Option<_>>()?;
    let issued_at_seconds = match members.find("issuedAt") {
        Some(value) => Some(serde_json::from_str(value.get()).ok()?),
        None => None,
    };
    (retired.len() <= RETIRED_DIGESTS_MAX).then_some(Refreshes {
        current,
        retired,
        issued_at_seconds,
    })
}
