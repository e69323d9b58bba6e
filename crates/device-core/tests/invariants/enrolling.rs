//! Enrol: limits, who makes room, what a new device is.

use device_core::limits::DEVICES_MAX;
use device_core::rules::{OnLimit, Room};
use device_core::strategies::{draft, draft_with_id, owner};
use device_core::{Action, DeviceKind, DeviceSet, Refusal, Skip, rules};
use proptest::prelude::*;

use crate::{any_set, id, kind, moment, others};

const ROOMY: Room = Room { limit: DEVICES_MAX, on_limit: OnLimit::Refuse };

proptest! {
    #[test]
    fn a_device_joins_the_others(
        ((kind, set), draft) in any_set().prop_flat_map(|(kind, set)| (Just((kind, set)), draft_with_id(kind))),
        owner in owner(),
    ) {
        let given = draft.id.clone().unwrap();
        let enrolled = rules::enrol(&set, kind, &owner, draft.clone(), ROOMY, moment(1));
        if set.device(&given).is_some() {
            prop_assert_eq!(enrolled, Err(Refusal::Exists(given)));
            return Ok(());
        }
        let step = enrolled.unwrap();
        let write = step.write.unwrap();
        let expected = set.devices.iter().chain([&step.answer]);
        prop_assert!(write.next.devices.iter().eq(expected), "it comes last, the others stay as they are");
        prop_assert_eq!(&step.answer.id, &given);
        prop_assert_eq!(step.answer.revision, write.next.revision);
        prop_assert_eq!(step.answer.created_ms, draft.created_ms.unwrap_or(moment(1).now_ms));
        prop_assert_eq!((&step.answer.name, &step.answer.facts, &step.answer.cold), (&draft.name, &draft.facts, &draft.cold));
        prop_assert_eq!(write.next.skip, if kind.row().skip { Skip::NotSkippable } else { set.skip });
        prop_assert_eq!(&write.next.owner, &set.owner, "as first given");
    }

    #[test]
    fn a_new_device_gets_a_new_id(
        (kind, draft) in kind().prop_flat_map(|kind| (Just(kind), draft(kind))),
        owner in owner(),
        random in any::<u128>(),
    ) {
        let draft = device_core::Draft { id: None, ..draft };
        let enrolled = rules::enrol(&DeviceSet::default(), kind, &owner, draft, ROOMY, moment(random));
        if kind == DeviceKind::Profile {
            prop_assert_eq!(enrolled, Err(Refusal::NoId("identifier")));
            return Ok(());
        }
        let step = enrolled.unwrap();
        let uuid = uuid::Uuid::parse_str(step.answer.id.as_str()).unwrap();
        prop_assert_eq!((uuid.get_version_num(), uuid.hyphenated().to_string()), (4, step.answer.id.as_str().to_owned()));
        prop_assert_eq!(step.write.unwrap().next.owner, Some(owner));
    }

    #[test]
    fn at_the_limit_the_least_recently_used_makes_room(
        ((kind, set), draft) in any_set().prop_flat_map(|(kind, set)| (Just((kind, set)), draft(kind))),
        owner in owner(),
        limit in 0..8_usize,
    ) {
        let new = id("no device has this id");
        let draft = device_core::Draft { id: Some(new.clone()), ..draft };
        let enrol = |on_limit| {
            rules::enrol(&set, kind, &owner, draft.clone(), Room { limit, on_limit }, moment(1))
        };
        // A limit of nothing would mean that nobody could ever enrol.
        let limit = limit.max(1);
        let refused = set.devices.len() >= limit;
        prop_assert_eq!(enrol(OnLimit::Refuse).err(), refused.then_some(Refusal::LimitReached { kind, limit }));

        let write = enrol(OnLimit::Replace).unwrap().write.unwrap();
        let kept = others(&write.next, &new);
        prop_assert_eq!(kept.len(), set.devices.len().min(limit - 1));
        let gone: Vec<_> = set.devices.iter().filter(|device| write.next.device(&device.id).is_none()).collect();
        for device in &gone {
            prop_assert!(kept.iter().all(|kept| kept.last_access_ms >= device.last_access_ms));
        }
        let expected = set.devices.iter().filter(|device| kept.iter().any(|kept| kept == *device));
        prop_assert!(kept.iter().eq(expected), "the others keep order and revision");
        let replaced = write.devices.iter().filter(|change| change.action == Action::Replaced).count();
        prop_assert_eq!((replaced, write.devices.len()), (gone.len(), gone.len() + 1));
    }

    #[test]
    fn replace_overwrites_the_same_id(
        (kind, first, second) in kind().prop_flat_map(|kind| (Just(kind), draft_with_id(kind), draft(kind))),
        owner in owner(),
    ) {
        let set = rules::enrol(&DeviceSet::default(), kind, &owner, first.clone(), ROOMY, moment(9)).unwrap().write.unwrap().next;
        let second = device_core::Draft { id: first.id, ..second };
        let room = Room { limit: DEVICES_MAX, on_limit: OnLimit::Replace };
        let step = rules::enrol(&set, kind, &owner, second, room, moment(7)).unwrap();
        prop_assert!(step.write.unwrap().next.devices.iter().eq([&step.answer]));
        prop_assert!(step.answer.revision > set.devices[0].revision, "never the same `_rev` again");
    }
}

#[test]
fn no_limit_goes_beyond_the_hard_one() {
    let owner = device_core::Owner::named(device_core::Username::parse("bjensen").unwrap());
    let kind = DeviceKind::Trusted;
    let mut set = DeviceSet::default();
    for number in 0..DEVICES_MAX {
        let draft = crate::draft(kind, &format!("{{\"uuid\":\"{number}\"}}"));
        let step = rules::enrol(&set, kind, &owner, draft, Room::up_to(1_000), moment(1)).unwrap();
        set = step.write.unwrap().next;
    }
    let one_more =
        rules::enrol(&set, kind, &owner, crate::draft(kind, "{}"), Room::up_to(1_000), moment(1));
    assert_eq!(one_more, Err(Refusal::LimitReached { kind, limit: DEVICES_MAX }));
}
