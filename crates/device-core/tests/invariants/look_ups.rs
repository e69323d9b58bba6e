//! A look-up by username finds exactly what enrol, delete and reset have left, whatever the name and the order.

use std::collections::HashMap;

use device_core::rules::Room;
use device_core::strategies::username;
use device_core::{DeviceKind, DeviceSet, IfMatch, Owner, Realm, SetKey, Username, rules};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{draft, id, moment};

#[derive(Debug, Clone)]
enum Operation {
    Enrol(&'static str),
    Delete(&'static str),
    Reset,
}

const IDS: [&str; 4] = ["a", "b", "c", "A"];
const REALMS: [&str; 4] = ["/", "/a", "/a/b", "/A"];

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => select(&IDS[..]).prop_map(Operation::Enrol),
        2 => select(&IDS[..]).prop_map(Operation::Delete),
        1 => Just(Operation::Reset),
    ]
}

/// One user's device, as a list without any index: the name is compared with each.
struct Row {
    realm: &'static str,
    username: Username,
    kind: DeviceKind,
    id: &'static str,
}

impl Row {
    fn is_of(&self, realm: &str, username: &Username, kind: DeviceKind) -> bool {
        self.realm == realm && self.kind == kind && self.username.matches(username.as_str())
    }
}

proptest! {
    #[test]
    fn a_look_up_finds_what_is_there(
        names in vec(username(), 1..6),
        operations in vec((any::<Index>(), select(&REALMS[..]), select(&DeviceKind::ALL[..2]), operation()), 0..60),
    ) {
        let mut sets: HashMap<SetKey, DeviceSet> = HashMap::new();
        let mut rows: Vec<Row> = Vec::new();
        for (number, (name, realm, kind, operation)) in operations.into_iter().enumerate() {
            let username = name.get(&names);
            let key = SetKey::new(&Realm::parse(realm).unwrap(), username, kind);
            let set = sets.entry(key).or_default();
            let moment = moment(number as u128);
            let write = match operation {
                Operation::Enrol(text) => {
                    let draft = draft(kind, &format!("{{\"uuid\":\"{text}\"}}"));
                    let owner = Owner::named(username.clone());
                    let step = rules::enrol(set, kind, &owner, draft, Room::up_to(64), moment);
                    let taken = rows.iter().any(|row| row.is_of(realm, username, kind) && row.id == text);
                    prop_assert_eq!(step.is_err(), taken);
                    if !taken {
                        rows.push(Row { realm, username: username.clone(), kind, id: text });
                    }
                    step.ok().and_then(|step| step.write)
                }
                Operation::Delete(text) => {
                    let step = rules::delete(set, kind, &id(text), IfMatch::Any, moment);
                    let before = rows.len();
                    rows.retain(|row| !(row.is_of(realm, username, kind) && row.id == text));
                    prop_assert_eq!(step.is_ok(), rows.len() < before);
                    step.ok().and_then(|step| step.write)
                }
                Operation::Reset => {
                    rows.retain(|row| !row.is_of(realm, username, kind));
                    rules::reset(set, kind, IfMatch::Any, moment).unwrap().write
                }
            };
            if let Some(write) = write {
                *set = write.next;
            }
        }
        for username in &names {
            for realm in REALMS {
                for kind in DeviceKind::ALL {
                    let key = SetKey::new(&Realm::parse(realm).unwrap(), username, kind);
                    let found = sets.get(&key).map(|set| set.devices.iter()).into_iter().flatten();
                    let found: Vec<_> = found.map(|device| device.id.as_str()).collect();
                    let expected: Vec<_> = rows.iter().filter(|row| row.is_of(realm, username, kind)).map(|row| row.id).collect();
                    prop_assert_eq!(found, expected, "{} in {}", username, realm);
                }
            }
        }
        let found: usize = sets.values().map(|set| set.devices.len()).sum();
        prop_assert_eq!(found, rows.len(), "no device that no look-up finds");
    }
}
