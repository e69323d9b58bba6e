//! Each contradiction is named. A memory store takes what no rule would make.

use device_core::{
    Action, Change, Cold, Device, DeviceChange, DeviceId, DeviceKind, DeviceName, Facts, OathFacts,
    Revision, Skip, UserId, Username, What,
};
use device_store::{Cursor, MemoryStore, SequencedChange, Swap};

use super::*;

fn realm() -> Realm {
    Realm::parse("/alpha").unwrap()
}

fn key(username: &str, kind: DeviceKind) -> SetKey {
    SetKey::new(&realm(), &Username::parse(username).unwrap(), kind)
}

fn device(id: &str) -> Device {
    Device {
        id: DeviceId::parse(id).unwrap(),
        revision: Revision::from_record(5),
        created_ms: 1,
        last_access_ms: 2,
        name: DeviceName::parse("Name").unwrap(),
        facts: Facts::Oath(OathFacts::default()),
        cold: Cold::from_checked("{}"),
    }
}

fn set(devices: Vec<Device>) -> DeviceSet {
    let username = Username::parse("bjensen").unwrap();
    let owner = Owner { user_id: UserId::from(&username), username };
    let revision = Revision::from_record(7);
    let devices = devices.into_iter().collect();
    DeviceSet { revision, owner: Some(owner), skip: Skip::NotSet, devices }
}

fn change(kind: DeviceKind, revision: u64, devices: Vec<DeviceChange>) -> Change {
    Change {
        id: uuid::Uuid::nil(),
        at_ms: 0,
        actor: "test".into(),
        request_id: None,
        reason: None,
        realm: realm(),
        username: Username::parse("bjensen").unwrap(),
        what: What::Set {
            kind,
            revision: Revision::from_record(revision),
            devices: devices.into(),
            skip: None,
        },
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// What is found in a store with these sets of one user, each stored by a change of these devices.
fn found(sets: Vec<(DeviceKind, DeviceSet, Vec<DeviceChange>)>) -> Vec<String> {
    let store = MemoryStore::default();
    let mut problems = Vec::new();
    let counts = run(async {
        for (kind, set, devices) in sets {
            let change = change(kind, set.revision.to_record(), devices);
            let key = key("bjensen", kind);
            let swap = store.swap(&key, Revision::NONE, Arc::new(set), change).await;
            assert_eq!(swap.unwrap(), Swap::Stored);
        }
        let seen = |seen| match seen {
            Seen::Problem(problem) => problems.push(problem.to_string()),
            Seen::Set => {}
        };
        verify(&store, seen).await.unwrap()
    });
    assert_eq!(counts.problems, problems.len() as u64);
    problems
}

fn of_oath(set: DeviceSet, devices: Vec<DeviceChange>) -> Vec<String> {
    let found = found(vec![(DeviceKind::Oath, set, devices)]);
    let rest =
        |problem: &String| problem.strip_prefix("oath of `bjensen` in `/alpha`: ").map(Into::into);
    found.iter().map(|problem| rest(problem).unwrap_or_else(|| problem.clone())).collect()
}

#[test]
fn of_a_set() {
    assert_eq!(of_oath(set(vec![device("a"), device("b")]), vec![]), [""; 0]);
    let later = Device { revision: Revision::from_record(8), ..device("a") };
    let facts = Facts::Trusted { selection_counter: None, last_selected_ms: None };
    let other = Device { facts, ..device("a") };
    let unreadable = Device { cold: Cold::from_checked(r#"{"sharedSecret":5}"#), ..device("a") };
    let torn = Device { cold: Cold::from_checked("{\"recoveryCodes\":["), ..device("a") };
    let again = Device { cold: Cold::from_checked(r#"{"uuid":"b"}"#), ..device("a") };
    let many = (0..65).map(|number| device(&number.to_string())).collect();
    for (devices, said) in [
        (vec![device("a"), device("a")], "it has several devices `a`"),
        (vec![later], "device `a` is of a later revision than its set"),
        (vec![other], "device `a` is one of another kind"),
        (
            vec![unreadable],
            "device `a` cannot be read back: member `sharedSecret` must be a string",
        ),
        (vec![torn], "device `a` cannot be read back: not a JSON object (at column 18)"),
        (many, "it has 65 devices, more than a set may have"),
    ] {
        assert_eq!(of_oath(set(devices), vec![]), [said]);
    }
    // What no answer and no export shows of a record does no harm.
    assert_eq!(of_oath(set(vec![again]), vec![]), [""; 0]);
    let nobody = DeviceSet { owner: None, ..set(vec![]) };
    assert_eq!(set::wrong(&key("bjensen", DeviceKind::Oath), &nobody), [Wrong::NeverStored]);
    let wrong = set::wrong(&key("alice", DeviceKind::Oath), &set(vec![]));
    assert_eq!(wrong, [Wrong::OtherKey(Username::parse("bjensen").unwrap())]);
}

#[test]
fn of_a_user() {
    let mut other = set(vec![]);
    other.owner.as_mut().unwrap().user_id = UserId::parse("other").unwrap();
    let sets = vec![(DeviceKind::Oath, set(vec![]), vec![]), (DeviceKind::Binding, other, vec![])];
    let expected =
        "binding of `bjensen` in `/alpha`: another set of the user belongs to the id `bjensen`";
    assert_eq!(found(sets), [expected]);
}

fn did(id: &str, name: &str, action: Action) -> DeviceChange {
    let (id, name) = (DeviceId::parse(id).unwrap(), DeviceName::parse(name).unwrap());
    DeviceChange { id, name, action }
}

#[test]
fn of_a_set_and_its_newest_change() {
    let left = |what| format!("device `a` is not as its newest change, 1, left it: {what}");
    for (changes, expected) in [
        (vec![did("a", "Name", Action::Enrolled)], vec![]),
        (vec![did("a", "Old", Action::Replaced), did("a", "Name", Action::Enrolled)], vec![]),
        (vec![did("b", "Gone", Action::Deleted)], vec![]),
        (vec![did("a", "Name", Action::Deleted)], vec![left("it is still there")]),
        (vec![did("a", "Other", Action::Renamed)], vec![left("it has another name")]),
        (
            vec![did("b", "Name", Action::Imported)],
            vec![left("it is not there").replace("`a`", "`b`")],
        ),
        (
            vec![did("a", "Name", Action::TokenRefreshed)],
            vec!["change 1, oath of `bjensen` in `/alpha`: it did to a device what its kind does not allow".into()],
        ),
    ] {
        assert_eq!(of_oath(set(vec![device("a")]), changes), expected);
    }
}

#[test]
fn of_the_log() {
    let at = |number, change| SequencedChange { cursor: Cursor::from_sequence(number), change };
    let stored = |number, revision| at(number, change(DeviceKind::Oath, revision, vec![]));
    let purged =
        |number| at(number, Change { what: What::Purged, ..change(DeviceKind::Oath, 0, vec![]) });
    let key = key("bjensen", DeviceKind::Oath);
    let compared = |changes: &[SequencedChange]| {
        let mut log = Log::default();
        let said: Vec<String> = changes
            .iter()
            .flat_map(|change| log.add(change))
            .map(|problem| problem.to_string())
            .collect();
        (said, log.compare(&key, &set(vec![])), log.rest().len())
    };
    assert_eq!(compared(&[stored(1, 6), stored(2, 7)]), (vec![], vec![], 0));
    // A set that is stored again after a purge begins at any revision.
    assert_eq!(compared(&[stored(1, 9), purged(2), stored(3, 7)]), (vec![], vec![], 0));
    let gone = vec![Wrong::Purged(Cursor::from_sequence(2))];
    assert_eq!(compared(&[stored(1, 7), purged(2)]), (vec![], gone, 0));
    let (said, wrong, _) = compared(&[stored(1, 8), stored(2, 8)]);
    assert_eq!(
        said,
        [
            "change 2, oath of `bjensen` in `/alpha`: its revision is not beyond that of the change before it"
        ]
    );
    assert!(matches!(wrong[..], [Wrong::OtherRevision { .. }]), "{wrong:?}");

    let mut log = Log::default();
    assert_eq!(log.add(&stored(4, 7)), []);
    assert_eq!(log.rest(), [(key, Wrong::Missing(Cursor::from_sequence(4)))]);
}
