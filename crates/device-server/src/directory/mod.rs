//! Users as the directory of PingAM keeps them: entries below a base, with a value for each device. Source: `am-behaviour.md` 6.
//!
//! A [`Directory`] knows which entries are users of which realm ([`BaseMap`]), which attributes hold devices ([`attributes`]), and how to
//! open those that are encrypted ([`Keys`]). It makes of an entry what an interchange line would say.

pub mod attributes;
pub mod base_map;
pub mod jwe;
pub mod key_file;

use device_core::{DeviceKind, Draft, Owner, Realm, Skip, UserId, Username};
use device_ldif::{Dn, Entry, Fault, Value};

pub use base_map::BaseMap;
pub use jwe::Keys;

use crate::interchange::{Rejected, SetLine, UserLine};

/// How the entries of a directory become users.
#[derive(Debug)]
pub struct Directory {
    maps: Vec<BaseMap>,
    keys: Keys,
}

/// What an entry is.
#[derive(Debug)]
pub enum Found {
    /// A user, perhaps without devices.
    User(UserLine),
    /// Something that would be a user with devices, and cannot be taken; with what else could not be read.
    Rejected(Vec<Rejected>),
    /// Devices, but below no base that is mapped.
    Elsewhere,
    /// A group, a container, an account without devices.
    Nobody,
}

impl Directory {
    /// A directory with these bases, and the keys for what is encrypted.
    #[must_use]
    pub fn new(maps: Vec<BaseMap>, keys: Keys) -> Self {
        Self { maps, keys }
    }

    /// Whether values of this attribute are looked at.
    #[must_use]
    pub fn wants(&self, attribute: &str) -> bool {
        attributes::kind_of(attribute).is_some()
            || attributes::skip_of(attribute).is_some()
            || self.maps.iter().any(|map| map.names_users_by(attribute))
    }

    /// The bases.
    #[must_use]
    pub fn maps(&self) -> &[BaseMap] {
        &self.maps
    }

    /// What an entry is, and the place of the map whose base it is below.
    #[must_use]
    pub fn read(&self, entry: &Entry) -> (Option<usize>, Found) {
        let tells = entry.values.iter().map(|value| &*value.attribute);
        let faults = entry.faults.iter().filter_map(|fault| fault.attribute.as_deref());
        let tells = tells.chain(faults.map(without_options)).any(attributes::tells_of_devices);
        let name = match Dn::parse(&entry.dn) {
            Ok(name) => name,
            Err(_) if !tells => return (None, Found::Nobody),
            Err(error) => {
                return (None, Found::Rejected(vec![rejected(entry.line, "dn", &error)]));
            }
        };
        match BaseMap::of(&self.maps, &name) {
            None if tells => (None, Found::Elsewhere),
            None => (None, Found::Nobody),
            Some(map) => (Some(map), self.user(&self.maps[map], entry, tells)),
        }
    }

    fn user(&self, map: &BaseMap, entry: &Entry, tells: bool) -> Found {
        let mut user = Reading::new(&self.keys);
        for fault in &entry.faults {
            user.fault(fault);
        }
        for value in &entry.values {
            user.value(value);
        }
        match username(map, entry) {
            Ok(Some(username)) => Found::User(user.finish(map.realm(), username)),
            // Groups and containers have no such name, and nothing that could be lost.
            Ok(None) if !tells && user.rejected.is_empty() => Found::Nobody,
            Ok(None) => {
                let reason = "there is no value, so it cannot be said whose devices these are";
                user.rejected.push(rejected(entry.line, map.attribute(), &reason));
                Found::Rejected(user.rejected)
            }
            Err(error) => {
                user.rejected.push(error);
                Found::Rejected(user.rejected)
            }
        }
    }
}

/// The name of a user: the one value of the attribute of the map.
fn username(map: &BaseMap, entry: &Entry) -> Result<Option<Username>, Rejected> {
    let names = |value: &&Value| !value.has_options && map.names_users_by(&value.attribute);
    let mut values = entry.values.iter().filter(names);
    let Some(value) = values.next() else { return Ok(None) };
    if let Some(other) = values.next() {
        let reason = "there is more than one value, so it cannot be said which names the user";
        return Err(rejected(other.line, map.attribute(), &reason));
    }
    let username = Username::parse(&value.text);
    username.map(Some).map_err(|error| rejected(value.line, map.attribute(), &error))
}

/// The sets of a user, as they come out of the values.
struct Reading<'a> {
    keys: &'a Keys,
    sets: Vec<SetLine>,
    /// The kinds whose skip setting was given.
    skips: Vec<DeviceKind>,
    rejected: Vec<Rejected>,
}

impl<'a> Reading<'a> {
    fn new(keys: &'a Keys) -> Self {
        let sets = DeviceKind::ALL.into_iter().map(SetLine::empty).collect();
        Self { keys, sets, skips: Vec::new(), rejected: Vec::new() }
    }

    fn fault(&mut self, fault: &Fault) {
        let description = fault.attribute.as_deref().unwrap_or_default();
        self.reject(without_options(description), description, fault.line, &fault.reason);
    }

    fn value(&mut self, value: &Value) {
        let attribute = &*value.attribute;
        let outcome = if !attributes::tells_of_devices(attribute) {
            Ok(())
        } else if value.has_options {
            Err("attribute options are not understood here".to_owned())
        } else if let Some(kind) = attributes::kind_of(attribute) {
            self.device(kind, &value.text)
        } else {
            self.skip(attribute, &value.text)
        };
        if let Err(reason) = outcome {
            self.reject(attribute, attributes::documented(attribute), value.line, &reason);
        }
    }

    fn device(&mut self, kind: DeviceKind, text: &str) -> Result<(), String> {
        let json = self.keys.profile(text.trim()).map_err(|error| error.to_string())?;
        let draft = Draft::parse(kind, &json).map_err(|error| error.to_string())?;
        if draft.id.is_none() {
            return Err(format!("member `{}` is missing", kind.row().id_member));
        }
        self.set(kind).devices.push(draft);
        Ok(())
    }

    fn skip(&mut self, attribute: &str, text: &str) -> Result<(), String> {
        let Some(kind) = attributes::skip_of(attribute) else { return Ok(()) };
        if self.skips.contains(&kind) {
            return Err("is given twice".to_owned());
        }
        self.skips.push(kind);
        self.set(kind).skip = match text.trim() {
            "0" => Skip::NotSet,
            "1" => Skip::Skippable,
            "2" => Skip::NotSkippable,
            _ => return Err("must be 0, 1 or 2".to_owned()),
        };
        Ok(())
    }

    fn set(&mut self, kind: DeviceKind) -> &mut SetLine {
        let at = self.sets.iter().position(|set| set.kind == kind);
        &mut self.sets[at.unwrap_or_default()]
    }

    fn reject(&mut self, attribute: &str, shown: &str, line: u64, reason: &impl ToString) {
        if let Some(kind) = attributes::kind_of(attribute).or(attributes::skip_of(attribute)) {
            self.set(kind).complete = false;
        }
        self.rejected.push(rejected(line, shown, reason));
    }

    fn finish(mut self, realm: &Realm, username: Username) -> UserLine {
        self.rejected.sort_by_key(|rejected| rejected.line);
        let owner = Owner { user_id: UserId::from(&username), username };
        UserLine { realm: realm.clone(), owner, sets: self.sets, rejected: self.rejected }
    }
}

/// What is to be said of an entry that is lost as a whole, or of something in it.
fn rejected(line: u64, what: &str, reason: &impl ToString) -> Rejected {
    Rejected { line: Some(line), what: what.to_owned(), reason: reason.to_string() }
}

fn without_options(description: &str) -> &str {
    description.split(';').next().unwrap_or_default()
}
