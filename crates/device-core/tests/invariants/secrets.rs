//! No secret where none may be seen: each arbitrary secret contains a canary, and where it sings something leaks.

use device_core::profile::write_listed;
use device_core::strategies::{CANARY, device_set, draft_with_id};
use device_core::{
    Device, DeviceKind, Draft, Facts, IfMatch, ProfileError, Revision, Secret, Show, rules,
};
use proptest::prelude::*;

use crate::{any_set, kind, moment, set_and_device, shown};

/// A text that is neither in names nor in ids.
const SINGS: &str = "Canary7";

fn listed(kind: DeviceKind, device: &Device) -> String {
    let mut json = String::from("{");
    write_listed(&mut json, kind, device);
    json + "}"
}

proptest! {
    #[test]
    fn neither_lists_nor_redacted_answers_show_secrets((kind, set) in any_set()) {
        for device in &set.devices {
            for json in [
                listed(kind, device),
                shown(kind, device, Show::AnswerRedacted),
                shown(kind, device, Show::StoredWithoutSecrets),
            ] {
                prop_assert!(!json.contains(SINGS), "{json}");
                prop_assert!(!json.contains("_refreshes"), "{json}");
            }
            prop_assert!(!shown(kind, device, Show::Answer).contains("_refreshes"));
        }
    }

    #[test]
    fn secrets_are_there_where_they_are_asked_for(draft in draft_with_id(DeviceKind::Push)) {
        let id = draft.id.clone().unwrap();
        let mut device = draft.into_device(id, Revision::from_record(1), 1);
        if let Facts::Push(push) = &mut device.facts {
            push.shared_secret = Some(Secret::new(CANARY));
        }
        for show in [Show::Stored, Show::Answer] {
            prop_assert!(shown(DeviceKind::Push, &device, show).contains(CANARY));
        }
        let redacted = shown(DeviceKind::Push, &device, Show::AnswerRedacted);
        prop_assert!(redacted.contains("\"sharedSecret\":\"\""), "the key stays, so that typed clients parse: {redacted}");
    }

    #[test]
    fn lists_do_not_show_push_tokens(set in device_set(DeviceKind::Push)) {
        for device in &set.devices {
            let mut device = device.clone();
            if let Facts::Push(push) = &mut device.facts {
                push.device_token = Some(CANARY.into());
            }
            prop_assert!(!listed(DeviceKind::Push, &device).contains(SINGS));
        }
    }

    #[test]
    fn codes_in_hashed_form_are_shown_and_clear_ones_are_stars(codes in proptest::collection::vec(any::<bool>(), 0..9)) {
        let quoted: Vec<_> = codes.iter().map(|hashed| if *hashed { "\"{SCRYPT}aGFzaA==\"" } else { "\"kc1AFjBHpZ\"" }).collect();
        let device = Draft::parse(DeviceKind::Oath, &format!("{{\"uuid\":\"a\",\"recoveryCodes\":[{}]}}", quoted.join(" ,"))).unwrap();
        let device = device.into_device(crate::id("a"), Revision::from_record(1), 1);
        let redacted = format!("\"recoveryCodes\":[{}]", quoted.join(",").replace("kc1AFjBHpZ", "***"));
        prop_assert!(shown(DeviceKind::Oath, &device, Show::AnswerRedacted).contains(&redacted));
        prop_assert!(shown(DeviceKind::Oath, &device, Show::StoredWithoutSecrets).contains("\"recoveryCodes\":[]"));
    }

    #[test]
    fn neither_debug_output_nor_refusals_show_secrets((kind, set, at) in set_and_device()) {
        let printed = format!("{set:?}");
        prop_assert!(!printed.contains(SINGS), "{printed}");
        let used = rules::Use::RecoveryCode(Secret::new(CANARY));
        let printed = format!("{used:?}");
        prop_assert!(!printed.contains(SINGS), "{printed}");
        let step = rules::record_use(&set, kind, &set.devices[at].id, &used, IfMatch::Any, moment(1));
        let printed = format!("{step:?}");
        prop_assert!(!printed.contains(SINGS), "{printed}");
    }

    #[test]
    fn profile_errors_do_not_quote_values(kind in kind(), bad in "[\\[{1-9tn\"]Canary7[\\]}\":, ]{0,3}", at in 0..9_usize) {
        let member = kind.row().members[at % kind.row().members.len()].name;
        let parsed = Draft::parse(kind, &format!("{{\"{member}\":{bad}}}"));
        let other = Draft::parse(kind, &format!("{{\"{member}\":[\"{SINGS}\",{{\"{SINGS}\":1}}]}}"));
        for error in [parsed.err(), other.err()].into_iter().flatten() {
            let message = error.to_string();
            prop_assert!(!message.contains(SINGS), "{message}");
            prop_assert!(!matches!(error, ProfileError::TooLarge));
        }
    }
}
