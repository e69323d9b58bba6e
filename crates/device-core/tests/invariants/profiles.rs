//! Profiles: what was read is written, and what is unknown survives as it was written.

use device_core::strategies::{full_profile, json_value, least_profile, profile};
use device_core::{Device, DeviceKind, Draft, Revision, Show};
use proptest::collection::btree_map;
use proptest::prelude::*;

use crate::{draft, exported, id, kind, shown};

fn device(draft: Draft) -> Device {
    let id = draft.id.clone().unwrap_or_else(|| id("given later"));
    draft.into_device(id, Revision::from_record(1), 1_000)
}

proptest! {
    #[test]
    fn what_is_written_is_read_alike((kind, json) in kind().prop_flat_map(|kind| (Just(kind), profile(kind)))) {
        let first = device(draft(kind, &json));
        let written = exported(kind, &first);
        let second = draft(kind, &written);
        prop_assert_eq!(&second.facts, &first.facts);
        prop_assert_eq!((&second.id, &second.name), (&Some(first.id.clone()), &first.name));
        // The documented order is the written one; from then on nothing moves.
        let again = device(second.clone());
        prop_assert_eq!(&exported(kind, &again), &written);
        prop_assert_eq!(draft(kind, &exported(kind, &again)), second);
        if has_dates(kind) {
            prop_assert_eq!((again.created_ms, again.last_access_ms), (first.created_ms, first.last_access_ms));
        }
    }

    #[test]
    fn unknown_members_survive_as_they_were_written(kind in kind(), unknown in btree_map("[p-z]{4}", json_value(), 0..5)) {
        let minified = |value: &str| {
            let value: &serde_json::value::RawValue = serde_json::from_str(value).unwrap();
            without_blanks(value.get())
        };
        let least = least_profile(kind);
        let members: String = unknown.iter().map(|(name, value)| format!(", \"{name}\" : {value} ")).collect();
        let written = exported(kind, &device(draft(kind, &format!("{}{members}}}", &least[..least.len() - 1]))));
        for (name, value) in unknown {
            let expected = format!(",\"{name}\":{}", minified(&value));
            prop_assert!(written.contains(&expected), "{} is not in {}", expected, written);
        }
    }

    #[test]
    fn what_answers_show_is_json((kind, json) in kind().prop_flat_map(|kind| (Just(kind), profile(kind)))) {
        let device = device(draft(kind, &json));
        for show in [Show::Stored, Show::StoredWithoutSecrets, Show::Answer, Show::AnswerRedacted] {
            let shown = shown(kind, &device, show);
            let parsed: Result<Members, _> = serde_json::from_str(&shown);
            prop_assert!(parsed.is_ok(), "{shown}");
        }
    }
}

/// Any JSON object; numbers that no type holds are not looked at.
type Members = std::collections::HashMap<String, serde::de::IgnoredAny>;

fn has_dates(kind: DeviceKind) -> bool {
    !matches!(kind, DeviceKind::Profile | DeviceKind::Trusted)
}

/// The value without blanks outside of strings, found in another way than by the code under test: token by token.
fn without_blanks(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let token = if first == '"' {
            let mut strings = serde_json::Deserializer::from_str(rest)
                .into_iter::<&serde_json::value::RawValue>();
            strings.next().unwrap().unwrap().get().len()
        } else {
            first.len_utf8()
        };
        if !first.is_ascii_whitespace() {
            out.push_str(&rest[..token]);
        }
        rest = &rest[token..];
    }
    out
}

#[test]
fn numbers_and_nulls_stay_as_they_were_written() {
    let json = r#"{"uuid":"a", "big": 9007199254740993, "nested": {"null": null, "price": 1.50, "tiny":1e-7}, "none": null, "huge": 1E400}"#;
    let written = exported(DeviceKind::Oath, &device(draft(DeviceKind::Oath, json)));
    assert!(
        written.ends_with(r#","big":9007199254740993,"nested":{"null":null,"price":1.50,"tiny":1e-7},"none":null,"huge":1E400}"#),
        "{written}"
    );
}

#[test]
fn documented_members_come_in_documented_order() {
    for kind in DeviceKind::ALL {
        let json = full_profile(kind);
        assert_eq!(exported(kind, &device(draft(kind, &json))), json);
    }
}

#[test]
fn answers_show_members_that_clients_expect() {
    let least = |kind| device(draft(kind, &least_profile(kind)));
    for (kind, expected) in [
        (
            DeviceKind::WebAuthn,
            r#"{"uuid":"least","recoveryCodes":[],"createdDate":1000,"lastAccessDate":1000,"credentialId":"least","deviceName":"New Security Key","signCount":0}"#,
        ),
        (
            DeviceKind::Profile,
            r#"{"identifier":"least","metadata":{},"lastSelectedDate":0,"alias":"Device Profile","recoveryCodes":[]}"#,
        ),
    ] {
        assert_eq!(shown(kind, &least(kind), Show::Answer), expected);
    }
    assert_eq!(
        exported(DeviceKind::Profile, &least(DeviceKind::Profile)),
        r#"{"identifier":"least","alias":"Device Profile"}"#,
        "exports show what is stored"
    );
}
