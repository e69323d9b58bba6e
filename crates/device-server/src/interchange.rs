//! Interchange lines: one user an object, one object a line. The form is that of `cli.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use device_core::profile::write_profile;
use device_core::{DeviceKind, DeviceSet, Draft, Owner, Realm, Show, Skip, UserId, Username};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a line says of a user. An entry of a directory becomes the same ([`crate::directory`]).
#[derive(Debug, Clone)]
pub struct UserLine {
    /// The user's realm.
    pub realm: Realm,
    /// The user.
    pub owner: Owner,
    /// A set of each kind.
    pub sets: Vec<SetLine>,
    /// What could not be read.
    pub rejected: Vec<Rejected>,
}

/// What a line says of one set.
#[derive(Debug, Clone)]
pub struct SetLine {
    /// Which kind.
    pub kind: DeviceKind,
    /// The devices that could be read.
    pub devices: Vec<Draft>,
    /// The skip setting.
    pub skip: Skip,
    /// Whether everything could be read. What is only a part must not take the place of what is stored.
    pub complete: bool,
}

impl SetLine {
    /// A set without devices.
    #[must_use]
    pub fn empty(kind: DeviceKind) -> Self {
        Self { kind, devices: Vec::new(), skip: Skip::NotSet, complete: true }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty() && self.skip == Skip::NotSet
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its line, if that is another than the user's.
    pub line: Option<u64>,
    /// The member or attribute.
    pub what: String,
    /// The reason. It quotes no values.
    pub reason: String,
}

impl Rejected {
    fn member(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { line: None, what: what.into(), reason: reason.into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    realm: Cow<'a, str>,
    #[serde(borrow)]
    username: Cow<'a, str>,
    #[serde(borrow)]
    user_id: Option<Cow<'a, str>>,
    #[serde(default)]
    skip: BTreeMap<String, String>,
    #[serde(borrow, default)]
    devices: BTreeMap<Cow<'a, str>, Vec<&'a RawValue>>,
}

/// Reads a line. A device that cannot be read does not spoil the others.
///
/// # Errors
/// Why nothing of the line can be used; it quotes no values.
pub fn read(line: &str) -> Result<UserLine, String> {
    let line: Line<'_> = serde_json::from_str(line).map_err(|error| described(&error))?;
    let realm = Realm::parse(&line.realm).map_err(|error| format!("`realm`: {error}"))?;
    let username =
        Username::parse(&line.username).map_err(|error| format!("`username` {error}"))?;
    let user_id = match &line.user_id {
        Some(user_id) => UserId::parse(user_id).map_err(|error| format!("`user_id` {error}"))?,
        None => UserId::from(&username),
    };
    let mut rejected = Vec::new();
    for name in line.devices.keys().map(Cow::as_ref).chain(line.skip.keys().map(String::as_str)) {
        if DeviceKind::named(name).is_none() {
            rejected.push(Rejected::member(name, "there is no such kind"));
        }
    }
    let mut sets = Vec::with_capacity(DeviceKind::ALL.len());
    for kind in DeviceKind::ALL {
        let name = kind.row().name;
        let mut devices = Vec::new();
        let rejected_before = rejected.len();
        for profile in line.devices.get(name).into_iter().flatten() {
            match Draft::parse(kind, profile.get()) {
                Ok(draft) if draft.id.is_some() => devices.push(draft),
                Ok(_) => {
                    let reason = format!("member `{}` is missing", kind.row().id_member);
                    rejected.push(Rejected::member(name, reason));
                }
                Err(error) => rejected.push(Rejected::member(name, error.to_string())),
            }
        }
        let skip = line.skip.get(name).map_or(Some(Skip::NotSet), |skip| Skip::named(skip));
        let skip =
            skip.filter(|skip| kind.row().skip || *skip == Skip::NotSet).unwrap_or_else(|| {
                rejected.push(Rejected::member(format!("skip.{name}"), "there is no such setting"));
                Skip::NotSet
            });
        let complete = rejected.len() == rejected_before;
        sets.push(SetLine { kind, devices, skip, complete });
    }
    Ok(UserLine { realm, owner: Owner { username, user_id }, sets, rejected })
}

/// What the JSON reader complains of, without the values it read: they may be secrets.
fn described(error: &serde_json::Error) -> String {
    const OF_MEMBERS: [&str; 3] = ["missing field", "unknown field", "duplicate field"];
    let text = error.to_string();
    if !error.is_data() {
        format!("not a JSON object (at column {})", error.column())
    } else if OF_MEMBERS.iter().any(|start| text.starts_with(start)) {
        text
    } else {
        format!("not of the documented form (at column {})", error.column())
    }
}

/// Writes the line of a user from all its sets, which must be of one user. Kinds without a set are empty.
#[must_use]
pub fn write(
    realm: &Realm,
    owner: &Owner,
    sets: &[(DeviceKind, &DeviceSet)],
    show: Show,
) -> String {
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let mut line = format!(
        "{{\"realm\":{},\"username\":{}",
        text(realm.as_str()),
        text(owner.username.as_str())
    );
    if owner.user_id.as_str() != owner.username.as_str() {
        line.push_str(&format!(",\"user_id\":{}", text(owner.user_id.as_str())));
    }
    let skips: Vec<String> = sets
        .iter()
        .filter(|(_, set)| set.skip != Skip::NotSet)
        .map(|(kind, set)| format!("\"{kind}\":\"{}\"", set.skip.name()))
        .collect();
    if !skips.is_empty() {
        line.push_str(&format!(",\"skip\":{{{}}}", skips.join(",")));
    }
    line.push_str(",\"devices\":{");
    for (at, kind) in DeviceKind::ALL.into_iter().enumerate() {
        line.push_str(if at > 0 { "," } else { "" });
        line.push_str(&format!("\"{kind}\":["));
        let devices = sets.iter().filter(|(of, _)| *of == kind).flat_map(|(_, set)| &set.devices);
        for (at, device) in devices.enumerate() {
            line.push_str(if at > 0 { ",{" } else { "{" });
            write_profile(&mut line, kind, device, show);
            line.push('}');
        }
        line.push(']');
    }
    line.push_str("}}");
    line
}
