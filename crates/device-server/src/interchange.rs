//! Interchange lines: one user an object, one object a line. The form is that of `cli.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use device_core::profile::write_profile;
use device_core::{DeviceKind, DeviceSet, Draft, Owner, Realm, Show, Skip, UserId, Username};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a line says of a user.
#[derive(Debug, Clone)]
pub struct UserLine {
    /// The user's realm.
    pub realm: Realm,
    /// The user.
    pub owner: Owner,
    /// The devices that could be read and the skip setting, by kind.
    pub sets: Vec<(DeviceKind, Vec<Draft>, Skip)>,
    /// What could not be read: the member and the reason.
    pub rejected: Vec<(String, String)>,
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
            rejected.push((name.to_owned(), "there is no such kind".to_owned()));
        }
    }
    let mut sets = Vec::with_capacity(DeviceKind::ALL.len());
    for kind in DeviceKind::ALL {
        let name = kind.row().name;
        let mut drafts = Vec::new();
        for profile in line.devices.get(name).into_iter().flatten() {
            match Draft::parse(kind, profile.get()) {
                Ok(draft) if draft.id.is_some() => drafts.push(draft),
                Ok(_) => rejected.push((
                    name.to_owned(),
                    format!("member `{}` is missing", kind.row().id_member),
                )),
                Err(error) => rejected.push((name.to_owned(), error.to_string())),
            }
        }
        let skip = line.skip.get(name).map_or(Some(Skip::NotSet), |skip| Skip::named(skip));
        let skip =
            skip.filter(|skip| kind.row().skip || *skip == Skip::NotSet).unwrap_or_else(|| {
                rejected.push((format!("skip.{name}"), "there is no such setting".to_owned()));
                Skip::NotSet
            });
        sets.push((kind, drafts, skip));
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
