//! Delete, rename, reset: one device changes, the others do not, `_rev` included.

use device_core::strategies::device_name;
use device_core::{Action, Device, DeviceSet, IfMatch, Refusal, Revision, Skip, rules};
use proptest::prelude::*;

use crate::{any_set, id, moment, others, set_and_device};

proptest! {
    #[test]
    fn delete_takes_one_device((kind, set, at) in set_and_device()) {
        let device = set.devices[at].clone();
        let step = rules::delete(&set, kind, &device.id, IfMatch::Any, moment(1)).unwrap();
        prop_assert_eq!(&step.answer, &device, "the device as it last was");
        let write = step.write.unwrap();
        prop_assert_eq!(&write.next.devices, &others(&set, &device.id));
        prop_assert_eq!(write.next.revision, set.revision.next(0));
        prop_assert_eq!(&write.next.owner, &set.owner);
        let skip = if kind.row().skip { Skip::NotSet } else { set.skip };
        prop_assert_eq!(write.next.skip, skip, "oath and push only");
        prop_assert_eq!(write.skip, (skip != set.skip).then_some(skip));
        prop_assert_eq!(write.devices.len(), 1);
        prop_assert_eq!(write.devices[0].action, Action::Deleted);
        prop_assert_eq!(&write.devices[0].id, &device.id);
    }

    #[test]
    fn rename_changes_the_name((_, set, at) in set_and_device(), name in device_name()) {
        let device = &set.devices[at];
        let step = rules::rename(&set, &device.id, name.clone(), IfMatch::Any, moment(1)).unwrap();
        if name == device.name {
            prop_assert_eq!(&step.answer, device);
            prop_assert_eq!(step.write, None, "the name it has already is no change");
            return Ok(());
        }
        let revision = set.revision.next(0);
        let renamed = Device { name, revision, ..device.clone() };
        prop_assert_eq!(&step.answer, &renamed);
        let mut expected = DeviceSet { revision, ..set.clone() };
        expected.devices.change(at, |device| *device = renamed);
        let write = step.write.unwrap();
        prop_assert_eq!(write.next, expected, "nothing but the name");
        prop_assert_eq!(write.skip, None);
    }

    #[test]
    fn reset_leaves_nothing((kind, set) in any_set()) {
        let Some(write) = rules::reset(&set, kind, IfMatch::Any, moment(1)).unwrap().write else {
            prop_assert!(set.devices.is_empty() && set.skip == Skip::NotSet);
            return Ok(());
        };
        let expected = DeviceSet {
            revision: set.revision.next(0),
            owner: set.owner.clone(),
            ..DeviceSet::default()
        };
        prop_assert_eq!(&write.next, &expected);
        prop_assert!(write.devices.iter().all(|change| change.action == Action::Reset));
        let ids: Vec<_> = write.devices.iter().map(|change| &change.id).collect();
        prop_assert_eq!(ids, set.devices.iter().map(|device| &device.id).collect::<Vec<_>>());
        prop_assert_eq!(rules::reset(&write.next, kind, IfMatch::Any, moment(2)).unwrap().write, None);
    }

    #[test]
    fn if_match_is_the_device_s_revision((kind, set, at) in set_and_device(), other in any::<u64>(), name in device_name()) {
        let device = &set.devices[at];
        let other = Revision::from_record(other);
        for (if_match, allowed) in [
            (IfMatch::Exactly(device.revision), true),
            (IfMatch::Exactly(other), other == device.revision),
            (IfMatch::Exactly(set.revision), set.revision == device.revision),
            (IfMatch::Exactly(Revision::NONE), false),
        ] {
            let stale = Refusal::Stale { id: device.id.as_str().into(), current: device.revision };
            let deleted = rules::delete(&set, kind, &device.id, if_match, moment(1));
            prop_assert_eq!(deleted.err(), (!allowed).then(|| stale.clone()));
            let renamed = rules::rename(&set, &device.id, name.clone(), if_match, moment(1));
            prop_assert_eq!(renamed.err(), (!allowed).then(|| stale.clone()));
            let used = rules::record_use(&set, kind, &device.id, &rules::Use::Access, if_match, moment(1));
            prop_assert_eq!(used.err(), (!allowed).then_some(stale));
        }
    }

    #[test]
    fn if_match_of_a_reset_is_the_set_s_revision((kind, set) in any_set(), other in any::<u64>()) {
        let other = Revision::from_record(other);
        prop_assert!(rules::reset(&set, kind, IfMatch::Exactly(set.revision), moment(1)).is_ok());
        let reset = rules::reset(&set, kind, IfMatch::Exactly(other), moment(1));
        prop_assert_eq!(reset.is_ok(), other == set.revision);
    }

    #[test]
    fn unknown_devices_are_not_found((kind, set) in any_set(), name in device_name()) {
        let unknown = id("no device has this id");
        let refusal = Refusal::NotFound(unknown.clone());
        for if_match in [IfMatch::Any, IfMatch::Exactly(set.revision)] {
            let deleted = rules::delete(&set, kind, &unknown, if_match, moment(1));
            prop_assert_eq!(deleted, Err(refusal.clone()));
            let renamed = rules::rename(&set, &unknown, name.clone(), if_match, moment(1));
            prop_assert_eq!(renamed, Err(refusal.clone()));
        }
    }
}
