//! The population has the shape of the tables, and the documentation shows them.

use std::collections::{BTreeMap, BTreeSet};

use device_core::Skip;
use serde_json::Value;

use super::shape::{self, Shares};
use super::*;
use crate::interchange;

/// So many that a share of one in a thousand is seen some twenty times.
const USERS: u64 = 20_000;

fn line(population: &Population, number: u64) -> Vec<u8> {
    let mut line = Vec::new();
    population.write_user(number, &mut line).unwrap();
    line
}

fn realms() -> Vec<Realm> {
    ["/alpha", "/bravo"].map(|path| Realm::parse(path).unwrap()).into()
}

fn users() -> Vec<Value> {
    let population = Population::new(1, realms());
    (0..USERS).map(|number| serde_json::from_slice(&line(&population, number)).unwrap()).collect()
}

/// Counts by the name of the choice.
#[derive(Default)]
struct Counted(BTreeMap<&'static str, u64>);

impl Counted {
    fn add<T: PartialEq>(&mut self, table: &Shares<T>, is: impl Fn(&T) -> bool) {
        let (_, name, _) = table.choices.iter().find(|(value, ..)| is(value)).unwrap();
        *self.0.entry(name).or_default() += 1;
    }

    /// Within four standard deviations: the seed is fixed, so it holds always or never.
    fn assert_like<T>(&self, table: &Shares<T>) {
        let total: u64 = self.0.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let total = total as f64;
        assert_eq!(table.choices.iter().map(|(.., share)| share).sum::<u32>(), shape::OF);
        for (_, name, share) in table.choices {
            let count = self.0.get(name).copied().unwrap_or_default();
            let expected = f64::from(*share) / f64::from(shape::OF);
            #[expect(clippy::cast_precision_loss, reason = "counts are small")]
            let found = count as f64 / total;
            let tolerance = 4.0 * (expected * (1.0 - expected) / total).sqrt();
            assert!(
                (found - expected).abs() <= tolerance,
                "{}, {name}: {found:.4}, and {expected} is said (of {total})",
                table.what
            );
        }
    }
}

fn devices(user: &Value, kind: DeviceKind) -> &[Value] {
    user["devices"][kind.row().name].as_array().unwrap()
}

#[test]
fn users_are_shared_out_as_the_tables_say() {
    let [mut naming, mut counts, mut kinds] = [const { Counted(BTreeMap::new()) }; 3];
    let [mut with, mut without, mut language] = [const { Counted(BTreeMap::new()) }; 3];
    let mut in_alpha = 0;
    let mut names = BTreeSet::new();
    for user in users() {
        let username = user["username"].as_str().unwrap();
        let is_id = uuid::Uuid::parse_str(username).is_ok();
        let called = match user.get("user_id") {
            Some(user_id) => {
                assert!(uuid::Uuid::parse_str(user_id.as_str().unwrap()).is_ok());
                Naming::NameAndId
            }
            None if is_id => Naming::Id,
            None => Naming::Name,
        };
        naming.add(&shape::NAMING, |value| *value == called);
        assert!(names.insert(device_core::fold::fold(username).into_owned()), "{username} twice");
        if !is_id {
            let letters = letters(username);
            language.add(&shape::LANGUAGE, |value| *value == letters);
        }
        in_alpha += u64::from(user["realm"] == "/alpha");
        let count = DeviceKind::ALL.map(|kind| devices(&user, kind).len()).iter().sum::<usize>();
        counts.add(&shape::DEVICES, |value| *value == count);
        // Of users with one device it is known which was the first.
        for kind in DeviceKind::ALL.into_iter().filter(|_| count == 1) {
            if !devices(&user, kind).is_empty() {
                kinds.add(&shape::FIRST, |value| *value == kind);
            }
        }
        assert!(devices(&user, DeviceKind::Oath).len() <= 1);
        for kind in [DeviceKind::Oath, DeviceKind::Push] {
            let skip = &user["skip"][kind.row().name];
            let skip = Skip::named(skip.as_str().unwrap_or("not_set")).unwrap();
            if devices(&user, kind).is_empty() {
                without.add(&shape::SKIP_WITHOUT_DEVICE, |value| *value == skip);
            } else {
                with.add(&shape::SKIP_WITH_DEVICE, |value| *value == skip);
            }
        }
    }
    naming.assert_like(&shape::NAMING);
    language.assert_like(&shape::LANGUAGE);
    counts.assert_like(&shape::DEVICES);
    kinds.assert_like(&shape::FIRST);
    with.assert_like(&shape::SKIP_WITH_DEVICE);
    without.assert_like(&shape::SKIP_WITHOUT_DEVICE);
    assert!((USERS * 48 / 100..USERS * 52 / 100).contains(&in_alpha), "{in_alpha}");
}

/// The letters of a name, without its number.
fn letters(name: &str) -> shape::Language {
    use shape::Language::{Accents, Arabic, Cyrillic, Japanese, Plain};
    let of = |letter| match letter {
        '\u{400}'..='\u{4ff}' => Cyrillic,
        '\u{600}'..='\u{6ff}' => Arabic,
        '\u{3040}'..='\u{9fff}' => Japanese,
        _ => Accents,
    };
    name.chars().find(|letter| !letter.is_ascii()).map_or(Plain, of)
}

#[test]
fn devices_are_shared_out_as_the_tables_say() {
    let [mut codes, mut named, mut platforms, mut keys] = [const { Counted(BTreeMap::new()) }; 4];
    let mut further = Counted::default();
    for user in users() {
        let all: Vec<(DeviceKind, &Value)> = DeviceKind::ALL
            .into_iter()
            .flat_map(|kind| devices(&user, kind).iter().map(move |device| (kind, device)))
            .collect();
        // Nobody has a second oath device, so of users with one and another device it is known which was further.
        if let [(DeviceKind::Oath, _), (kind, _)] = all[..] {
            further.add(&shape::FURTHER, |value| *value == kind);
        }
        for (kind, device) in all {
            assert_members(kind, device);
            if kind.row().members.iter().any(|member| member.name == "recoveryCodes")
                && !matches!(kind, DeviceKind::Binding | DeviceKind::Profile)
            {
                let given = codes_of(device);
                codes.add(&shape::CODES, |value| *value == given);
            }
            if kind != DeviceKind::Trusted {
                let given = naming_of(kind, device[kind.row().name_member].as_str().unwrap());
                named.add(&shape::DEVICE_NAME, |value| *value == given);
            }
            if kind == DeviceKind::Push {
                let platform = platform_of(device);
                platforms.add(&shape::PLATFORM, |value| *value == platform);
            }
            if kind == DeviceKind::WebAuthn {
                let is_rsa = device["key"]["kty"] == "RSA";
                keys.add(&shape::KEY, |value| (*value == shape::Key::Rsa) == is_rsa);
            }
        }
    }
    further.assert_like(&shape::FURTHER);
    codes.assert_like(&shape::CODES);
    named.assert_like(&shape::DEVICE_NAME);
    platforms.assert_like(&shape::PLATFORM);
    keys.assert_like(&shape::KEY);
}

/// Exactly the members of the stored profile. A location may be missing; of bound devices only answers have a `signCount`.
fn assert_members(kind: DeviceKind, device: &Value) {
    let is_stored = |name: &&str| kind != DeviceKind::Binding || *name != "signCount";
    let members = kind.row().members.iter().map(|member| member.name);
    let expected: BTreeSet<&str> = members.filter(is_stored).collect();
    let mut given: BTreeSet<&str> =
        device.as_object().unwrap().keys().map(String::as_str).collect();
    given.extend(expected.get("location"));
    assert_eq!(given, expected, "{kind}");
}

fn codes_of(device: &Value) -> shape::Codes {
    let codes = device["recoveryCodes"].as_array().unwrap();
    let left = match codes.len() {
        0 => shape::Left::None,
        10 => shape::Left::All,
        1..10 => shape::Left::Some,
        _ => panic!("{codes:?}"),
    };
    let hashed = codes.iter().any(|code| code.as_str().unwrap().starts_with("{SCRYPT}"));
    shape::Codes { hashed, left }
}

fn naming_of(kind: DeviceKind, name: &str) -> shape::DeviceNaming {
    use shape::DeviceNaming::{Default, Long, Model, Owner, Quoted};
    match name {
        _ if name.chars().count() >= 64 => Long,
        _ if name == kind.row().default_name => Default,
        _ if name.starts_with('"') => Quoted,
        _ if name.contains("'s ") || name.contains(", ") || !name.is_ascii() => Owner,
        _ => Model,
    }
}

fn platform_of(device: &Value) -> shape::Platform {
    let text = |member: &str| device[member].as_str().unwrap();
    let token = text("deviceId");
    assert!(text("communicationId").starts_with("arn:aws:sns:"));
    match text("communicationType") {
        "gcm" => {
            assert_eq!(
                (text("deviceType"), token.len(), token.find(':')),
                ("android", 163, Some(22))
            );
            shape::Platform::Android
        }
        other => {
            assert_eq!((other, text("deviceType"), token.len()), ("apns", "ios", 64));
            assert!(token.bytes().all(|digit| digit.is_ascii_hexdigit()), "{token}");
            shape::Platform::Ios
        }
    }
}

/// What the import reads is what an export writes, so a population that was imported and exported is the same.
#[test]
fn lines_are_those_of_an_export() {
    let population = Population::new(7, realms());
    for number in 0..2_000 {
        let line = String::from_utf8(line(&population, number)).unwrap();
        let user = interchange::read(line.trim_end()).unwrap();
        assert_eq!(user.rejected, []);
        let sets: Vec<_> = user
            .sets
            .into_iter()
            .map(|interchange::SetLine { kind, devices, skip, .. }| {
                let device = |draft: device_core::Draft| {
                    let id = draft.id.clone().unwrap();
                    draft.into_device(id, device_core::Revision::NONE, 0)
                };
                let devices = devices.into_iter().map(device).collect();
                (kind, device_core::DeviceSet { skip, devices, ..Default::default() })
            })
            .collect();
        let sets: Vec<_> = sets.iter().map(|(kind, set)| (*kind, set)).collect();
        let written =
            interchange::write(&user.realm, &user.owner, &sets, device_core::Show::Stored);
        assert_eq!(written, line.trim_end());
    }
}

/// A user depends on nothing but the seed, the realms and the number.
#[test]
fn users_are_independent_of_each_other() {
    let population = Population::new(1, realms());
    let alone = line(&population, 4_711);
    assert_eq!(line(&population, 4_711), alone);
    assert_ne!(line(&population, 4_712), alone);
    assert_ne!(line(&Population::new(2, realms()), 4_711), alone);
    let elsewhere = Population::new(1, vec![Realm::parse("/x/y").unwrap()]);
    let text = String::from_utf8(line(&elsewhere, 4_711)).unwrap();
    let rest = |text: &str| text.split_once(",\"username\"").unwrap().1.to_owned();
    assert!(text.starts_with(r#"{"realm":"/x/y","#), "{text}");
    assert_eq!(rest(&text), rest(&String::from_utf8(alone).unwrap()));
}

#[test]
fn the_documentation_shows_the_tables() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/demo-data.md");
    let documented = std::fs::read_to_string(path).unwrap();
    let tables = shape::document();
    assert!(documented.contains(&tables), "docs/demo-data.md should have this table:\n{tables}");
}
