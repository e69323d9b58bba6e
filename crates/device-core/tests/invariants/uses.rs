//! Record a use: nothing moves backwards, a recovery code is good once.

use std::collections::BTreeMap;

use device_core::rules::Use;
use device_core::strategies::{draft_with_id, profile};
use device_core::{
    Action, Device, DeviceKind, DeviceSet, Devices, Facts, IfMatch, OathFacts, Refusal, Revision,
    Secret, rules,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::value::RawValue;

use crate::{draft, id, moment, others, set_and_device};

/// A set of one device of that profile, and its id.
fn one(kind: DeviceKind, json: &str) -> DeviceSet {
    let device = draft(kind, json).into_device(id("the one"), Revision::from_record(5), 1_000);
    DeviceSet {
        revision: Revision::from_record(5),
        devices: Devices::from_iter([device]),
        ..DeviceSet::default()
    }
}

fn record(set: &DeviceSet, kind: DeviceKind, used: &Use) -> Result<DeviceSet, Refusal> {
    let step = rules::record_use(set, kind, &set.devices[0].id, used, IfMatch::Any, moment(1))?;
    let next = step.write.unwrap().next;
    assert_eq!(next.devices[0], step.answer);
    Ok(next)
}

/// The cold members, values as they were written: no type holds every number.
fn cold(device: &Device) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(device.cold.expose()).unwrap();
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

fn codes(device: &Device) -> Vec<String> {
    cold(device)
        .get("recoveryCodes")
        .map(|codes| serde_json::from_str(codes).unwrap())
        .unwrap_or_default()
}

/// Whether a counter may go from one value to the other.
fn advances(stored: Option<u64>, moved: Option<u64>) -> bool {
    match (stored, moved) {
        (Some(stored), Some(moved)) => moved > stored,
        _ => true,
    }
}

proptest! {
    #[test]
    fn the_others_stay_as_they_are((kind, set, at) in set_and_device(), now_ms in any::<u64>()) {
        let device = &set.devices[at];
        let moment = rules::Moment { now_ms, random: 1 };
        let step = rules::record_use(&set, kind, &device.id, &Use::Access, IfMatch::Any, moment).unwrap();
        let revision = set.revision.next(0);
        let last_access_ms = device.last_access_ms.max(now_ms);
        prop_assert_eq!(&step.answer, &Device { revision, last_access_ms, ..device.clone() });
        let write = step.write.unwrap();
        prop_assert_eq!(others(&write.next, &device.id), others(&set, &device.id));
        prop_assert_eq!((write.next.skip, write.skip), (set.skip, None));
        prop_assert_eq!(write.devices[0].action, Action::Used);
    }

    #[test]
    fn one_time_passwords_only_move_forward(
        (first, moves) in (draft_with_id(DeviceKind::Oath), vec((option::of(0..6_u64), option::of(0..6_u64), option::of(-3..3_i64)), 1..9))
    ) {
        let given = first.id.clone().unwrap();
        let mut set = DeviceSet {
            revision: Revision::from_record(5),
            devices: Devices::from_iter([first.into_device(given, Revision::from_record(5), 0)]),
            ..DeviceSet::default()
        };
        for (counter, last_login_seconds, clock_drift_seconds) in moves {
            let Facts::Oath(stored) = set.devices[0].facts else { panic!("not an oath device") };
            let used = Use::Oath(OathFacts { counter, last_login_seconds, clock_drift_seconds });
            let recorded = record(&set, DeviceKind::Oath, &used);
            if !advances(stored.counter, counter) || !advances(stored.last_login_seconds, last_login_seconds) {
                prop_assert_eq!(recorded, Err(Refusal::Replayed));
                continue;
            }
            set = recorded.unwrap();
            let expected = OathFacts {
                counter: counter.or(stored.counter),
                last_login_seconds: last_login_seconds.or(stored.last_login_seconds),
                clock_drift_seconds: clock_drift_seconds.or(stored.clock_drift_seconds),
            };
            prop_assert_eq!(&set.devices[0].facts, &Facts::Oath(expected));
        }
    }

    #[test]
    fn sign_counts_only_move_forward(stored in option::of(0..5_u64), counts in vec(0..5_u64, 1..9), binding in any::<bool>()) {
        let kind = if binding { DeviceKind::Binding } else { DeviceKind::WebAuthn };
        let signed = stored.map(|count| format!(",\"signCount\":{count}")).unwrap_or_default();
        let mut set = one(kind, &format!("{{\"credentialId\":\"a\",\"deviceId\":\"b\"{signed}}}"));
        let mut stored = stored;
        for count in counts {
            let recorded = record(&set, kind, &Use::SignCount(count));
            let without = count == 0 && stored.unwrap_or(0) == 0;
            if !without && !advances(stored, Some(count)) {
                prop_assert_eq!(recorded, Err(Refusal::Replayed));
                continue;
            }
            stored = if without { stored } else { Some(count) };
            set = recorded.unwrap();
            let (Facts::WebAuthn { sign_count, .. } | Facts::Binding { sign_count, .. }) = &set.devices[0].facts else {
                panic!("the kind has changed")
            };
            prop_assert_eq!(*sign_count, stored);
        }
    }

    #[test]
    fn a_recovery_code_is_good_once(json in profile(DeviceKind::WebAuthn), other in "[a-z]{1,4}") {
        let mut set = one(DeviceKind::WebAuthn, &json);
        let mut expected = cold(&set.devices[0]);
        let mut left = codes(&set.devices[0]);
        let unknown = Use::RecoveryCode(Secret::new(other));
        while let Some(code) = left.pop() {
            prop_assert_eq!(record(&set, DeviceKind::WebAuthn, &unknown), Err(Refusal::NoSuchCode));
            let used = Use::RecoveryCode(Secret::new(code.clone()));
            set = record(&set, DeviceKind::WebAuthn, &used).unwrap();
            // Of equal codes one is used up, whichever.
            prop_assert_eq!(codes(&set.devices[0]), left.clone());
            let again = record(&set, DeviceKind::WebAuthn, &used);
            prop_assert_eq!(again.is_ok(), left.contains(&code));
        }
        if let Some(codes) = expected.get_mut("recoveryCodes") {
            "[]".clone_into(codes);
        }
        prop_assert_eq!(cold(&set.devices[0]), expected);
    }
}

#[test]
fn the_rest_of_the_profile_stays_as_it_was_written() {
    let kind = DeviceKind::Oath;
    let set = one(
        kind,
        r#"{"b":1.50,"recoveryCodes":["one","{SCRYPT}two","\u0074hree"," ","one"],"a":{"n":9007199254740993,"z":null},"sharedSecret":"x"}"#,
    );
    let rest = |codes: &str| {
        format!(
            r#"{{"b":1.50,"recoveryCodes":[{codes}],"a":{{"n":9007199254740993,"z":null}},"sharedSecret":"x"}}"#
        )
    };
    for (code, left) in [
        ("three", r#""one","{SCRYPT}two"," ","one""#),
        ("{SCRYPT}two", r#""one","\u0074hree"," ","one""#),
        ("one", r#""one","{SCRYPT}two","\u0074hree"," ""#),
    ] {
        let next = record(&set, kind, &Use::RecoveryCode(Secret::new(code))).unwrap();
        assert_eq!(next.devices[0].cold.expose(), rest(left));
    }
    for code in ["", "two", "ONE", "{SCRYPT}", "on", "onee"] {
        let refused = record(&set, kind, &Use::RecoveryCode(Secret::new(code)));
        assert_eq!(refused, Err(Refusal::NoSuchCode), "{code:?}");
    }
}

#[test]
fn an_empty_code_is_no_code() {
    let set = one(DeviceKind::Oath, r#"{"recoveryCodes":["","one"]}"#);
    let refused = record(&set, DeviceKind::Oath, &Use::RecoveryCode(Secret::new("")));
    assert_eq!(refused, Err(Refusal::NoSuchCode));
}

#[test]
fn a_selection_counts_and_keeps_the_time() {
    let set = one(
        DeviceKind::Trusted,
        r#"{"selectionCounter":18446744073709551615,"lastSelectedDate":18446744073709551615}"#,
    );
    let set = record(&set, DeviceKind::Trusted, &Use::Selected).unwrap();
    let at_the_end =
        Facts::Trusted { selection_counter: Some(u64::MAX), last_selected_ms: Some(u64::MAX) };
    assert_eq!(set.devices[0].facts, at_the_end);
    let set = record(&one(DeviceKind::Trusted, "{}"), DeviceKind::Trusted, &Use::Selected).unwrap();
    let now = Some(moment(1).now_ms);
    assert_eq!(
        set.devices[0].facts,
        Facts::Trusted { selection_counter: Some(1), last_selected_ms: now }
    );
    let set = record(&one(DeviceKind::Profile, "{}"), DeviceKind::Profile, &Use::Selected).unwrap();
    assert_eq!(set.devices[0].facts, Facts::Profile { last_selected_ms: now });
}

#[test]
fn a_use_fits_its_kind() {
    let oath = Use::Oath(OathFacts::default());
    for kind in DeviceKind::ALL {
        let set = one(kind, r#"{"credentialId":"a","deviceId":"b"}"#);
        for (used, fits) in [
            (&Use::Access, true),
            (&oath, kind == DeviceKind::Oath),
            (&Use::SignCount(1), matches!(kind, DeviceKind::WebAuthn | DeviceKind::Binding)),
            (&Use::Selected, matches!(kind, DeviceKind::Profile | DeviceKind::Trusted)),
        ] {
            let recorded = record(&set, kind, used);
            assert_eq!(recorded.is_ok(), fits, "{kind} {used:?}");
            assert!(fits || matches!(recorded, Err(Refusal::NotOfKind { .. })));
        }
    }
}
