//! A population of users who do not exist, for trials and measurements: `devreg demo-data`.
//!
//! A user follows from the seed, the realms and the user's number alone. So the users of a smaller population are the first ones of a larger one, on every machine, and
//! nothing is kept from one user to the next. What the population looks like is in the tables of [`shape`]; the documentation shows the same tables.

mod collected;
mod names;
mod profiles;
mod random;
pub mod shape;
#[cfg(test)]
mod tests;

use device_core::{DeviceKind, Realm};
use serde::Serialize;

use collected::{Profile, Trusted};
use names::Person;
use profiles::{Binding, Oath, Push, WebAuthn};
use random::Random;
use shape::Naming;

/// Users by number.
#[derive(Debug, Clone)]
pub struct Population {
    seed: u64,
    realms: Vec<Realm>,
}

/// One interchange line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    realm: &'a str,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Skips::are_not_set")]
    skip: Skips,
    devices: Devices,
}

/// What is not set is left out, as in an export.
#[derive(Debug, Serialize)]
struct Skips {
    #[serde(skip_serializing_if = "Option::is_none")]
    oath: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    push: Option<&'static str>,
}

/// In the order of [`DeviceKind::ALL`].
#[derive(Debug, Default, Serialize)]
struct Devices {
    oath: Vec<Oath>,
    push: Vec<Push>,
    webauthn: Vec<WebAuthn>,
    binding: Vec<Binding>,
    profile: Vec<Profile>,
    trusted: Vec<Trusted>,
}

impl Population {
    /// The population of a seed, spread evenly over these realms; a realm that is given twice gets twice as many. Without any, all users are in the top level realm.
    #[must_use]
    pub fn new(seed: u64, realms: Vec<Realm>) -> Self {
        let realms = if realms.is_empty() { vec![Realm::top()] } else { realms };
        Self { seed, realms }
    }

    /// Appends the line of a user, with its line feed. Returns how many devices the user has.
    ///
    /// # Errors
    /// None that is known: a line is nothing that could not be written as JSON.
    pub fn write_user(&self, number: u64, out: &mut Vec<u8>) -> serde_json::Result<usize> {
        let mut random = Random::of(self.seed, number);
        let realm = random.pick(&self.realms);
        let person = Person::draw(&mut random);
        let (username, user_id) = match shape::NAMING.draw(&mut random) {
            Naming::Id => (random.uuid(), None),
            Naming::Name => (person.username(number, &mut random), None),
            Naming::NameAndId => (person.username(number, &mut random), Some(random.uuid())),
        };
        let count = shape::DEVICES.draw(&mut random);
        let mut devices = Devices::default();
        for at in 0..count {
            let kinds = if at == 0 { &shape::FIRST } else { &shape::FURTHER };
            devices.add(kinds.draw(&mut random), &person, &mut random);
        }
        let skip = Skips {
            oath: skip(!devices.oath.is_empty(), &mut random),
            push: skip(!devices.push.is_empty(), &mut random),
        };
        let line = Line { realm: realm.as_str(), username, user_id, skip, devices };
        serde_json::to_writer(&mut *out, &line)?;
        out.push(b'\n');
        Ok(count)
    }
}

impl Skips {
    fn are_not_set(&self) -> bool {
        self.oath.is_none() && self.push.is_none()
    }
}

impl Devices {
    fn add(&mut self, kind: DeviceKind, person: &Person, random: &mut Random) {
        match kind {
            DeviceKind::Oath => self.oath.push(Oath::draw(person, random)),
            DeviceKind::Push => self.push.push(Push::draw(person, random)),
            DeviceKind::WebAuthn => self.webauthn.push(WebAuthn::draw(person, random)),
            DeviceKind::Binding => self.binding.push(Binding::draw(person, random)),
            DeviceKind::Profile => self.profile.push(Profile::draw(person, random)),
            DeviceKind::Trusted => self.trusted.push(Trusted::draw(random)),
        }
    }
}

fn skip(has_device: bool, random: &mut Random) -> Option<&'static str> {
    let table = if has_device { &shape::SKIP_WITH_DEVICE } else { &shape::SKIP_WITHOUT_DEVICE };
    let skip = table.draw(random);
    (skip != device_core::Skip::NotSet).then(|| skip.name())
}
