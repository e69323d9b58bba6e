//! Restore: an import of what an export gave is nothing new, and never overwrites without being told to.

use device_core::limits::{DEVICES_MAX, FACT_BYTES_MAX, PROFILE_BYTES_MAX};
use device_core::rules::Restored;
use device_core::strategies::{draft_with_id, owner, skip};
use device_core::{
    Action, DeviceKind, DeviceName, DeviceSet, Devices, Draft, Facts, IfMatch, Owner, Refusal,
    Revision, Skip, rules,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{any_set, draft, exported, id, kind, moment};

/// Drafts of all devices, as an export shows them.
fn drafts(kind: DeviceKind, set: &DeviceSet) -> Vec<Draft> {
    set.devices.iter().map(|device| draft(kind, &exported(kind, device))).collect()
}

fn restore(
    set: &DeviceSet,
    kind: DeviceKind,
    drafts: Vec<Draft>,
    owner: &Owner,
    skip: Skip,
    replace: bool,
) -> (Restored, Option<DeviceSet>) {
    let step = rules::restore(set, kind, owner, drafts, skip, replace, moment(77)).unwrap();
    (step.answer, step.write.map(|write| write.next))
}

proptest! {
    #[test]
    fn what_was_exported_is_stored_already((kind, set) in any_set(), replace in any::<bool>()) {
        let owner = set.owner.clone().unwrap();
        let restored = restore(&set, kind, drafts(kind, &set), &owner, set.skip, replace);
        prop_assert_eq!(restored, (Restored::Unchanged, None));
    }

    #[test]
    fn a_lost_set_comes_back((kind, set) in any_set()) {
        let owner = set.owner.clone().unwrap();
        let (answer, next) = restore(&DeviceSet::default(), kind, drafts(kind, &set), &owner, set.skip, false);
        let Some(next) = next else {
            prop_assert_eq!(answer, Restored::Unchanged);
            prop_assert!(set.devices.is_empty() && set.skip == Skip::NotSet);
            return Ok(());
        };
        prop_assert_eq!(answer, Restored::Written);
        let shown = |set: &DeviceSet| set.devices.iter().map(|device| exported(kind, device)).collect::<Vec<_>>();
        prop_assert_eq!(shown(&next), shown(&set));
        prop_assert_eq!((next.skip, &next.owner), (set.skip, &set.owner));
        prop_assert!(next.devices.iter().all(|device| device.revision == next.revision), "`_rev` starts anew");
        let again = restore(&next, kind, drafts(kind, &set), &owner, set.skip, true);
        prop_assert_eq!(again, (Restored::Unchanged, None), "the same input a second time");
    }

    #[test]
    fn a_set_that_differs_is_left_alone_or_replaced(
        ((kind, set), given) in any_set().prop_flat_map(|(kind, set)| (Just((kind, set)), vec(draft_with_id(kind), 0..4))),
        owner in owner(),
        skip in skip(),
    ) {
        // Some of what is stored, and something else.
        let mut given: Vec<_> =
            drafts(kind, &set).into_iter().step_by(2).chain(given).collect();
        given.sort_by(|left, right| left.id.cmp(&right.id));
        given.dedup_by(|left, right| left.id == right.id);
        let left_alone = restore(&set, kind, given.clone(), &owner, skip, false);
        let step = rules::restore(&set, kind, &owner, given.clone(), skip, true, moment(77)).unwrap();
        let Some(write) = step.write else {
            prop_assert_eq!(left_alone, (Restored::Unchanged, None));
            return Ok(());
        };
        prop_assert_eq!(left_alone, (Restored::Differs, None));
        prop_assert_eq!(write.next.revision, set.revision.next(0));
        prop_assert_eq!((write.next.skip, &write.next.owner), (skip, &Some(owner)));
        let ids: Vec<_> = write.next.devices.iter().map(|device| Some(device.id.clone())).collect();
        prop_assert_eq!(ids, given.iter().map(|draft| draft.id.clone()).collect::<Vec<_>>());
        for device in &write.next.devices {
            let changed = write.devices.iter().any(|change| change.id == device.id && change.action == Action::Imported);
            prop_assert_eq!(changed, device.revision == write.next.revision);
            prop_assert!(changed || set.devices.iter().any(|stored| stored == device), "a device that is shown alike keeps its `_rev`");
        }
        for device in &set.devices {
            let gone = write.devices.iter().any(|change| change.id == device.id && change.action == Action::Replaced);
            prop_assert_eq!(gone, write.next.device(&device.id).is_none());
        }
    }

    #[test]
    fn missing_dates_are_those_that_are_stored((kind, set) in any_set()) {
        let mut drafts = drafts(kind, &set);
        for draft in &mut drafts {
            draft.created_ms = None;
            draft.last_access_ms = None;
        }
        let owner = set.owner.clone().unwrap();
        prop_assert_eq!(restore(&set, kind, drafts, &owner, set.skip, true), (Restored::Unchanged, None));
    }

    #[test]
    fn an_id_comes_once((kind, draft) in kind().prop_flat_map(|kind| (Just(kind), draft_with_id(kind))), owner in owner()) {
        let twice = vec![draft.clone(), draft.clone()];
        let refused = rules::restore(&DeviceSet::default(), kind, &owner, twice, Skip::NotSet, false, moment(1));
        prop_assert_eq!(refused.err(), Some(Refusal::Exists(draft.id.clone().unwrap())));
        let nameless = vec![Draft { id: None, ..draft }];
        let refused = rules::restore(&DeviceSet::default(), kind, &owner, nameless, Skip::NotSet, false, moment(1));
        prop_assert_eq!(refused.err(), Some(Refusal::NoId(kind.row().id_member)));
    }
}

#[test]
fn the_hard_limit_applies() {
    let owner = Owner::named(device_core::Username::parse("bjensen").unwrap());
    let drafts = |count: usize| {
        (0..count)
            .map(|number| draft(DeviceKind::Oath, &format!("{{\"uuid\":\"{number}\"}}")))
            .collect::<Vec<_>>()
    };
    let restore = |count| {
        let drafts = drafts(count);
        rules::restore(
            &DeviceSet::default(),
            DeviceKind::Oath,
            &owner,
            drafts,
            Skip::NotSet,
            false,
            moment(1),
        )
    };
    assert_eq!(restore(DEVICES_MAX).map(|step| step.answer), Ok(Restored::Written));
    assert_eq!(restore(DEVICES_MAX + 1).err(), Some(Refusal::TooMany));
}

#[test]
fn the_largest_profile_can_be_imported_after_it_has_grown() {
    let longest = |kind: DeviceKind, more: &str| {
        let note = "n".repeat(PROFILE_BYTES_MAX - "{\"note\":\"\"}".len());
        draft(kind, &format!("{{\"note\":\"{note}\"{more}}}"))
    };
    let fact = format!("\"{}\"", "\\\"".repeat(FACT_BYTES_MAX / 2 - 1));
    let more = format!(
        ",\"deviceMechanismUID\":{fact},\"sharedSecret\":{fact},\"deviceId\":{fact},\"deviceType\":{fact},\"communicationType\":{fact}"
    );
    let mut device = longest(DeviceKind::Push, &more).into_device(
        id(&"\"".repeat(255)),
        Revision::from_record(1),
        u64::MAX,
    );
    if let Facts::Push(push) = &mut device.facts {
        push.refreshes.current = Some([0; 16]);
        push.refreshes.retired = vec![[0xff; 16]; 8];
        push.refreshes.issued_at_seconds = Some(u64::MAX);
    }
    let set = DeviceSet {
        revision: Revision::from_record(1),
        devices: Devices::from_iter([device]),
        ..DeviceSet::default()
    };
    let name = DeviceName::parse(&"\u{10ffff}".repeat(255)).unwrap();
    let step = rules::rename(&set, &set.devices[0].id, name, IfMatch::Any, moment(1)).unwrap();
    let grown = exported(DeviceKind::Push, &step.answer);
    assert_eq!(
        exported(
            DeviceKind::Push,
            &draft(DeviceKind::Push, &grown).into_device(step.answer.id, Revision::NONE, 0)
        ),
        grown
    );
}
