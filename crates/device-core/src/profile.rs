//! The stored profile of a device as JSON: reading one ([`Draft::parse`]) and writing one ([`write_profile`], [`write_listed`]).
//!
//! Which members a kind has, in which order, and what must be hidden is in the table of [`crate::kind`]; unknown members are kept, with
//! their numbers as they were written. Sources: `am-behaviour.md` 2.2 and 2.7, `cli.md` (interchange).

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::json::{Members, is_null, push_minified, push_number};
pub use crate::json::{needs_escapes, push_text};
use crate::kind::{Hidden, Member, Source, TABLE};
use crate::limits::{FACT_BYTES_MAX, PROFILE_BYTES_MAX, PROFILE_DEPTH_MAX, PROFILE_TEXT_BYTES_MAX};
use crate::{Cold, Device, DeviceId, DeviceKind, DeviceName, Facts, NameError, Revision};

/// Why a text is not the profile of a device. Never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not one JSON object, or a member given twice.
    #[error("not a JSON object: {0}")]
    NotAnObject(String),
    /// More than [`PROFILE_BYTES_MAX`] bytes beside the facts, more than [`FACT_BYTES_MAX`] in one of them, or more than [`PROFILE_TEXT_BYTES_MAX`] at all.
    #[error("larger than {PROFILE_BYTES_MAX} bytes, or a member larger than {FACT_BYTES_MAX}")]
    TooLarge,
    /// A member is not of the documented type.
    #[error("member `{member}` must be {expected}")]
    WrongType {
        /// Which member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A name or id is not valid.
    #[error("member `{member}` {reason}")]
    BadName {
        /// Which member.
        member: &'static str,
        /// What is wrong with it.
        reason: NameError,
    },
    /// A member the kind cannot be without is not there.
    #[error("member `{0}` is missing")]
    Missing(&'static str),
    /// Arrays and objects nest more than [`PROFILE_DEPTH_MAX`] levels.
    #[error("nested deeper than {PROFILE_DEPTH_MAX} levels")]
    TooDeep,
}

/// A device as somebody describes it: not yet in a set, some of it still to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its id, if one was given.
    pub id: Option<DeviceId>,
    /// Its name, or the kind's default.
    pub name: DeviceName,
    /// When it was registered, in milliseconds since 1970, if given.
    pub created_ms: Option<u64>,
    /// When it was last used, in milliseconds since 1970, if given.
    pub last_access_ms: Option<u64>,
    /// What rules read.
    pub facts: Facts,
    /// Everything else.
    pub cold: Cold,
}

impl Draft {
    /// Reads the JSON text of a stored profile. `_id` and `_rev` are ignored, `null` counts as absent for documented members,
    /// unknown members are kept.
    ///
    /// # Errors
    /// A [`ProfileError`] that names the member.
    pub fn parse(kind: DeviceKind, json: &str) -> Result<Self, ProfileError> {
        if json.len() > PROFILE_TEXT_BYTES_MAX {
            return Err(ProfileError::TooLarge);
        }
        let row = kind.row();
        let mut reader = Reader(
            Members::parse(json)
                .map_err(|error| ProfileError::NotAnObject(described(json, &error)))?,
        );
        reader.0.take("_id");
        reader.0.take("_rev");
        let id = reader.text(row.id_member)?;
        let id = id.map(|id| DeviceId::parse(&id)).transpose();
        let id = id.map_err(|reason| ProfileError::BadName { member: row.id_member, reason })?;
        let name = reader.text(row.name_member)?.unwrap_or(Cow::Borrowed(row.default_name));
        let name = DeviceName::parse(&name);
        let name =
            name.map_err(|reason| ProfileError::BadName { member: row.name_member, reason })?;
        let has = |source| row.members.iter().any(|member| member.source == source);
        let created_ms = if has(Source::Created) { reader.whole("createdDate")? } else { None };
        let last_access_ms =
            if has(Source::LastAccess) { reader.whole("lastAccessDate")? } else { None };
        let facts = Facts::read(kind, &mut reader)?;
        Ok(Self { id, name, created_ms, last_access_ms, facts, cold: read_cold(kind, &reader)? })
    }

    /// The device this draft becomes.
    #[must_use]
    pub fn into_device(self, id: DeviceId, revision: Revision, now_ms: u64) -> Device {
        let created_ms = self.created_ms.unwrap_or(now_ms);
        let last_access_ms =
            self.last_access_ms.or(self.facts.last_selected_ms()).unwrap_or(created_ms);
        Device {
            id,
            revision,
            created_ms,
            last_access_ms,
            name: self.name,
            facts: self.facts,
            cold: self.cold,
        }
    }
}

/// What the JSON reader complains of, without the text it read: of a lone string it would quote the value.
fn described(json: &str, error: &serde_json::Error) -> String {
    if !json.trim_ascii_start().starts_with('{') {
        return "it does not start with `{`".to_owned();
    }
    if error.is_data() { error.to_string() } else { format!("syntax at column {}", error.column()) }
}

/// Takes documented members out of an object, type by type.
pub(crate) struct Reader<'a>(Members<'a>);

impl<'a> Reader<'a> {
    fn present(&mut self, name: &str) -> Option<&'a RawValue> {
        self.0.take(name).filter(|value| !is_null(value))
    }

    pub(crate) fn text(
        &mut self,
        member: &'static str,
    ) -> Result<Option<Cow<'a, str>>, ProfileError> {
        let Some(value) = self.present(member) else { return Ok(None) };
        if value.get().len() > FACT_BYTES_MAX {
            return Err(ProfileError::TooLarge);
        }
        let text = serde_json::from_str::<String>(value.get());
        text.map(|text| Some(Cow::Owned(text)))
            .map_err(|_| ProfileError::WrongType { member, expected: "a string" })
    }

    pub(crate) fn whole(&mut self, member: &'static str) -> Result<Option<u64>, ProfileError> {
        let Some(value) = self.present(member) else { return Ok(None) };
        let number = serde_json::from_str(value.get());
        number.map(Some).map_err(|_| ProfileError::WrongType {
            member,
            expected: "a whole number, not negative",
        })
    }

    pub(crate) fn signed(&mut self, member: &'static str) -> Result<Option<i64>, ProfileError> {
        let Some(value) = self.present(member) else { return Ok(None) };
        let number = serde_json::from_str(value.get());
        number.map(Some).map_err(|_| ProfileError::WrongType { member, expected: "a whole number" })
    }

    pub(crate) fn raw(&mut self, member: &str) -> Option<&'a RawValue> {
        self.present(member)
    }
}

/// What is left after the facts: documented cold members are checked, all are kept in their order.
fn read_cold(kind: DeviceKind, reader: &Reader<'_>) -> Result<Cold, ProfileError> {
    for member in kind.row().members.iter().filter(|member| member.source == Source::Cold) {
        let Some(value) = reader.0.find(member.name).filter(|value| !is_null(value)) else {
            continue;
        };
        let (good, expected) = match member.secret {
            Hidden::RecoveryCodes => {
                (serde_json::from_str::<Vec<String>>(value.get()).is_ok(), "an array of strings")
            }
            Hidden::Text => (value.get().starts_with('"'), "a string"),
            Hidden::Nothing => (true, ""),
        };
        if !good {
            return Err(ProfileError::WrongType { member: member.name, expected });
        }
    }
    let documented = |name: &str| kind.row().members.iter().any(|member| member.name == name);
    let mut json = String::from("{");
    for (name, value) in &reader.0.0 {
        if is_null(value) && documented(name) {
            continue;
        }
        push_member(&mut json, name, |out| push_minified(out, value.get(), PROFILE_DEPTH_MAX))
            .then_some(())
            .ok_or(ProfileError::TooDeep)?;
    }
    json.push('}');
    if json.len() > PROFILE_BYTES_MAX {
        return Err(ProfileError::TooLarge);
    }
    Ok(Cold::from_checked(json))
}

/// How much of a profile is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Everything that is stored, what is remembered of refresh messages included: for exports with secrets and copies.
    Stored,
    /// What is stored without secrets and recovery codes: for exports without secrets, which are not backups.
    StoredWithoutSecrets,
    /// An answer with secrets, as AM gives it.
    Answer,
    /// An answer in which secrets are empty and clear recovery codes are `***`; hashed ones (`{ALG}...`) are shown. Keys stay, so that typed clients parse.
    AnswerRedacted,
}

/// Appends the members of a device's stored profile to an open JSON object: documented ones in documented order, then unknown ones.
pub fn write_profile(out: &mut String, kind: DeviceKind, device: &Device, show: Show) {
    // Cold text was checked when it was made.
    let cold = Members::parse(device.cold.expose()).unwrap_or(Members(Vec::new()));
    for member in kind.row().members {
        write_member(out, member, device, &cold, show);
    }
    if show == Show::Stored {
        device.facts.write_refreshes(out);
    }
    for (name, value) in &cold.0 {
        if !kind.row().members.iter().any(|member| member.name == name) {
            let shown = if hides(show) && is_secret_elsewhere(name) { "\"\"" } else { value.get() };
            push_member(out, name, |out| out.push_str(shown));
        }
    }
}

fn hides(show: Show) -> bool {
    matches!(show, Show::AnswerRedacted | Show::StoredWithoutSecrets)
}

/// Whether an undocumented member has the name of one that some kind must hide.
fn is_secret_elsewhere(name: &str) -> bool {
    let mut members = TABLE.iter().flat_map(|row| row.members);
    members.any(|member| member.name == name && member.secret != Hidden::Nothing)
}

/// Appends the members that a list shows. Nothing secret is among them, whatever the deployment shows elsewhere.
pub fn write_listed(out: &mut String, kind: DeviceKind, device: &Device) {
    let row = kind.row();
    let listed = row.listed_members();
    let needs_cold = listed.iter().any(|member| member.source == Source::Cold);
    let cold = needs_cold
        .then(|| Members::parse(device.cold.expose()).ok())
        .flatten()
        .unwrap_or(Members(Vec::new()));
    for member in listed {
        write_member(out, member, device, &cold, Show::AnswerRedacted);
    }
}

fn write_member(
    out: &mut String,
    member: &Member,
    device: &Device,
    cold: &Members<'_>,
    show: Show,
) {
    let hide = hides(show);
    let before = out.len();
    let written = push_member(out, member.name, |out| match member.source {
        Source::Id => pushed(out, |out| push_text(out, device.id.as_str())),
        Source::Name => pushed(out, |out| push_text(out, device.name.as_str())),
        Source::Created => pushed(out, |out| push_number(out, device.created_ms)),
        Source::LastAccess => pushed(out, |out| push_number(out, device.last_access_ms)),
        Source::Fact if hide && member.secret == Hidden::Text => {
            device.facts.write(member.name, &mut String::new())
                && pushed(out, |out| out.push_str("\"\""))
        }
        Source::Fact => device.facts.write(member.name, out),
        Source::Cold => cold.find(member.name).is_some_and(|value| match member.secret {
            Hidden::Text if hide => pushed(out, |out| out.push_str("\"\"")),
            Hidden::RecoveryCodes if show == Show::StoredWithoutSecrets => {
                pushed(out, |out| out.push_str("[]"))
            }
            Hidden::RecoveryCodes if hide => pushed(out, |out| push_hidden_codes(out, value.get())),
            _ => pushed(out, |out| out.push_str(value.get())),
        }),
    });
    if written {
        return;
    }
    out.truncate(before);
    if let (Some(default), Show::Answer | Show::AnswerRedacted) = (member.answer_default, show) {
        push_member(out, member.name, |out| out.push_str(default));
    }
}

fn pushed(out: &mut String, write: impl FnOnce(&mut String)) -> bool {
    write(out);
    true
}

/// Recovery codes with the clear ones replaced: a hash shows nothing that logs somebody in.
fn push_hidden_codes(out: &mut String, codes: &str) {
    let codes: Vec<String> = serde_json::from_str(codes).unwrap_or_default();
    out.push('[');
    for (at, code) in codes.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        push_text(out, if is_hashed(code) { code } else { "***" });
    }
    out.push(']');
}

/// Whether a recovery code is kept in hashed form, `{ALG}...`.
pub(crate) fn is_hashed(code: &str) -> bool {
    code.strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .is_some_and(|(algorithm, hash)| !algorithm.is_empty() && !hash.is_empty())
}

/// Appends `"name":` and what `write` writes, after a comma where one is needed. Gives back what `write` gives.
pub(crate) fn push_member<T>(
    out: &mut String,
    name: &str,
    write: impl FnOnce(&mut String) -> T,
) -> T {
    if !out.is_empty() && !out.ends_with('{') {
        out.push(',');
    }
    push_text(out, name);
    out.push(':');
    write(out)
}

#[cfg(test)]
mod tests;
