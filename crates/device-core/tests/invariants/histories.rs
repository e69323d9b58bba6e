//! What holds after every rule, in any history: revisions grow, a device's `_rev` never comes back, and what was not meant was not touched.

use std::collections::{HashMap, HashSet};

use device_core::limits::DEVICES_MAX;
use device_core::rules::{OnLimit, Room, Use};
use device_core::strategies::{device_name, draft, skip};
use device_core::{
    Action, DeviceId, DeviceKind, DeviceName, DeviceSet, Draft, IfMatch, Owner, Revision, Skip,
    Username, Write, rules,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{id, kind, moment};

const IDS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Operation {
    Enrol(Box<Draft>, Room),
    Delete(DeviceId),
    Rename(DeviceId, DeviceName),
    Reset,
    Skip(Skip),
    Use(DeviceId),
    Restore(Vec<Draft>, Skip),
}

fn operation(kind: DeviceKind) -> BoxedStrategy<Operation> {
    let known = || select(&IDS[..]).prop_map(id);
    let with_known_id =
        || (draft(kind), known()).prop_map(|(draft, id)| Draft { id: Some(id), ..draft });
    let room = (select(&[1, 2, DEVICES_MAX][..]), any::<bool>()).prop_map(|(limit, replace)| {
        Room { limit, on_limit: if replace { OnLimit::Replace } else { OnLimit::Refuse } }
    });
    prop_oneof![
        6 => (with_known_id(), room).prop_map(|(draft, room)| Operation::Enrol(draft.into(), room)),
        3 => known().prop_map(Operation::Delete),
        2 => (known(), device_name()).prop_map(|(id, name)| Operation::Rename(id, name)),
        1 => Just(Operation::Reset),
        1 => skip().prop_map(Operation::Skip),
        1 => known().prop_map(Operation::Use),
        1 => (vec(with_known_id(), 0..3), skip()).prop_map(|(drafts, skip)| Operation::Restore(drafts, skip)),
    ]
    .boxed()
}

fn apply(set: &DeviceSet, kind: DeviceKind, operation: Operation, random: u128) -> Option<Write> {
    let owner = Owner::named(Username::parse("bjensen").unwrap());
    let moment = moment(random);
    match operation {
        Operation::Enrol(draft, room) => {
            rules::enrol(set, kind, &owner, *draft, room, moment).ok()?.write
        }
        Operation::Delete(id) => rules::delete(set, kind, &id, IfMatch::Any, moment).ok()?.write,
        Operation::Rename(id, name) => {
            rules::rename(set, &id, name, IfMatch::Any, moment).ok()?.write
        }
        Operation::Reset => rules::reset(set, kind, IfMatch::Any, moment).ok()?.write,
        Operation::Skip(skip) => rules::set_skip(set, &owner, skip, moment).write,
        Operation::Use(id) => {
            rules::record_use(set, kind, &id, &Use::Access, IfMatch::Any, moment).ok()?.write
        }
        Operation::Restore(drafts, skip) => {
            rules::restore(set, kind, &owner, drafts, skip, true, moment).ok()?.write
        }
    }
}

/// What every write must be, whichever rule made it.
fn check(set: &DeviceSet, write: &Write) {
    let next = &write.next;
    assert!(next.revision > set.revision, "set revisions strictly grow");
    assert!(set.revision == Revision::NONE || next.revision == set.revision.next(0));
    assert!(next.owner.is_some(), "a stored set has an owner");
    assert!(next.devices.len() <= DEVICES_MAX);
    let ids: HashSet<_> = next.devices.iter().map(|device| &device.id).collect();
    assert_eq!(ids.len(), next.devices.len(), "ids are unique");
    for device in &next.devices {
        let named = write.devices.iter().any(|change| change.id == device.id);
        if named {
            assert_eq!(
                device.revision, next.revision,
                "a changed device has the revision of its change"
            );
        } else {
            assert_eq!(
                set.device(&device.id),
                Some(device),
                "what the change does not name is untouched"
            );
        }
    }
    for device in set.devices.iter().filter(|device| next.device(&device.id).is_none()) {
        let gone = [Action::Deleted, Action::Reset, Action::Replaced];
        let named = write
            .devices
            .iter()
            .any(|change| change.id == device.id && gone.contains(&change.action));
        assert!(named, "the change names what is gone");
    }
    assert_eq!(write.skip.unwrap_or(set.skip), next.skip, "the change names the skip setting");
}

proptest! {
    #[test]
    fn a_revision_never_comes_back(
        (kind, operations) in kind().prop_flat_map(|kind| (Just(kind), vec(operation(kind), 0..40))),
        random in any::<u128>(),
    ) {
        let mut set = DeviceSet::default();
        let mut seen: HashMap<(DeviceId, Revision), device_core::Device> = HashMap::new();
        for (number, operation) in operations.into_iter().enumerate() {
            let Some(write) = apply(&set, kind, operation, random ^ number as u128) else { continue };
            check(&set, &write);
            for device in &write.next.devices {
                let key = (device.id.clone(), device.revision);
                let same = seen.entry(key).or_insert_with(|| device.clone());
                prop_assert_eq!(&*same, device, "one `_rev` of a device is one state of it");
            }
            // A device that is gone and comes back must not get a number it had, so forgetting is not possible here.
            for device in set.devices.iter().filter(|device| write.next.device(&device.id).is_none()) {
                prop_assert!(seen.contains_key(&(device.id.clone(), device.revision)));
                prop_assert!(device.revision < write.next.revision);
            }
            set = write.next;
        }
    }
}
