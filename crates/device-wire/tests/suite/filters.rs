//! Filters: what is read, where reading ends, what matches.

use device_core::DeviceKind;
use device_wire::query::filter::{
    FILTER_BYTES_MAX, FILTER_COMPARISONS_MAX, FILTER_DEPTH_MAX, Filter,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn matches(filter: &str, kind: DeviceKind, entry: &Value) -> bool {
    Filter::parse(filter, kind).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(entry)
}

/// Which of the filters match the entry, and that their contraries do not.
fn check(kind: DeviceKind, entry: &Value, table: &[(&str, bool)]) {
    for (filter, expected) in table {
        assert_eq!(matches(filter, kind, entry), *expected, "{filter}");
        assert_eq!(matches(&format!("!({filter})"), kind, entry), !expected, "!({filter})");
    }
}

#[test]
fn text_numbers_and_booleans_are_compared_with_their_like() {
    let entry = json!({"_id": "7", "_rev": "41", "createdDate": 1749572704744_u64, "lastAccessDate": 0,
        "deviceName": "Straße's \"Phone\"\\\n", "uuid": "7", "deviceManagementStatus": true});
    check(
        DeviceKind::Oath,
        &entry,
        &[
            ("true", true),
            ("FALSE", false),
            ("_id eq \"7\"", true),
            ("/_id eq '7'", true),
            ("_id eq 7", false),
            ("_id gt \"10\"", true),
            ("deviceName sw \"STRAße\"", true),
            ("deviceName sw 'straße\\'s \"P'", true),
            ("deviceName co \"phone\\\"\\\\\\n\"", true),
            ("deviceName co \"\\u0050hone\"", true),
            ("deviceName eq \"straße\"", false),
            ("deviceName lt \"T\"", true),
            ("deviceName ge \"t\"", false),
            ("createdDate eq 1749572704744", true),
            ("createdDate eq 1749572704744.0", true),
            ("createdDate co 1749572704744", true),
            ("createdDate gt 1749572704743", true),
            ("createdDate le 1.749572704743e12", false),
            ("lastAccessDate eq -0.0", true),
            ("lastAccessDate ge -1", true),
            ("createdDate sw \"17\"", false),
            ("deviceManagementStatus eq true", true),
            ("deviceManagementStatus eq \"true\"", false),
            ("deviceManagementStatus gt false", true),
            ("uuid in [\"6\",\"7\"]", true),
            ("uuid in '[\"6\", 7]'", false),
            ("uuid in []", false),
            ("uuid pr", true),
        ],
    );
}

#[test]
fn operators_bind_as_in_the_grammar() {
    let entry = json!({"_id": "7"});
    check(
        DeviceKind::Push,
        &entry,
        &[
            ("true or false and false", true),
            ("(true or false) and false", false),
            ("false AND true oR true", true),
            ("!false and true", true),
            ("!(_id pr)", false),
            ("!_id pr", false),
            ("  ( (_id   pr) )and(true)", true),
            ("_id pr and deviceName pr", false),
        ],
    );
}

#[test]
fn pointers_lead_into_what_is_listed() {
    let entry = json!({"identifier": "8", "alias": null, "recoveryCodes": [],
        "metadata": {"platform": {"version": 33}, "list": [1, "A", [2], {"x": 1}], "a/b": {"c~d": true}}});
    check(
        DeviceKind::Profile,
        &entry,
        &[
            ("metadata/platform/version ge 33", true),
            ("/metadata/platform pr", true),
            ("/metadata/nothing/version pr", false),
            ("metadata/platform eq 33", false),
            ("metadata/list eq 1 and metadata/list eq \"a\"", true),
            ("metadata/list eq 2", false),
            ("metadata/list/0 eq 1", true),
            ("metadata/list/3/x eq 1", true),
            ("metadata/a~1b/c~0d eq true", true),
            ("alias pr", false),
            ("recoveryCodes pr", false),
            ("location pr", false),
        ],
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let deep = |depth| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    let many = |count| vec!["true"; count].join(" or ");
    let in_many = format!("_id in [{}]", vec!["1"; FILTER_COMPARISONS_MAX + 1].join(","));
    assert!(Filter::parse(&deep(FILTER_DEPTH_MAX), DeviceKind::Oath).is_ok());
    assert!(Filter::parse(&many(FILTER_COMPARISONS_MAX), DeviceKind::Oath).is_ok());
    for (filter, at, what) in [
        ("", 1, "a field"),
        ("   ", 4, "a field"),
        ("deviceName", 11, "`eq`"),
        ("deviceName is 7", 12, "`eq`"),
        ("deviceName eq", 14, "a string in quotes"),
        ("deviceName eq x", 15, "a string in quotes"),
        ("deviceName eq null", 15, "a string in quotes"),
        ("deviceName eq \"x", 15, "ends with the quote"),
        ("deviceName eq \"x\\q\"", 15, "escapes of JSON"),
        ("deviceName eq \"\\ud800\"", 15, "escapes of JSON"),
        ("deviceName eq 'ß' x", 19, "`and`, `or` or the end"),
        ("deviceName pr true", 15, "`and`, `or` or the end"),
        ("(deviceName pr", 15, "`)`"),
        ("deviceName pr)", 14, "the end"),
        ("deviceName pr and", 18, "a field"),
        ("!!true", 2, "a field"),
        ("_id in 7", 8, "a JSON array"),
        ("_id in [7", 8, "a JSON array"),
        ("_id in [{}]", 8, "a JSON array"),
        ("a~b pr", 1, "'a~b' is not a JSON pointer"),
        ("true and owner pr", 10, "'owner' is not a field that the list shows"),
        (&deep(FILTER_DEPTH_MAX + 1), FILTER_DEPTH_MAX + 2, "nested deeper"),
        (&"(".repeat(FILTER_BYTES_MAX + 1), FILTER_BYTES_MAX + 1, "longer than"),
        (
            &many(FILTER_COMPARISONS_MAX + 1),
            many(FILTER_COMPARISONS_MAX + 1).len() + 1,
            "more than",
        ),
        (&in_many, in_many.len() + 1, "more than"),
    ] {
        let error = Filter::parse(filter, DeviceKind::Oath).unwrap_err();
        assert!(error.at == at && error.to_string().contains(what), "{filter}: {error}");
    }
}

/// What is stored and not listed is answered like what nobody has heard of.
#[test]
fn a_secret_is_as_unknown_as_nothing() {
    for kind in DeviceKind::ALL {
        let hidden = kind.row().members.iter().map(|member| member.name);
        for name in hidden.filter(|name| !kind.row().listed.contains(name)) {
            for filter in [format!("{name} pr"), format!("/{name}/x sw \"A\"")] {
                let said = Filter::parse(&filter, kind).unwrap_err().to_string();
                let nothing = Filter::parse(&filter.replacen(name, "nothing", 1), kind);
                assert_eq!(said.replacen(name, "nothing", 1), nothing.unwrap_err().to_string());
            }
        }
    }
}

/// A filter with its text.
#[derive(Debug, Clone)]
struct Written {
    text: String,
    expected: bool,
}

/// Names as the entry of [`written`] has them.
fn values(entry: &Value) -> Vec<(&'static str, &Value)> {
    ["_id", "deviceName", "createdDate", "deviceManagementStatus"]
        .map(|name| (name, &entry[name]))
        .to_vec()
}

const OPERATORS: [&str; 7] = ["eq", "co", "sw", "lt", "le", "gt", "ge"];

/// Filters over an entry, with what the grammar's meaning makes of them, worked out beside them.
fn written(entry: &Value) -> impl Strategy<Value = Written> + use<> {
    let fields =
        values(entry).into_iter().map(|(name, value)| (name, value.clone())).collect::<Vec<_>>();
    let wanted = prop_oneof![
        "[a-cA-C]{0,3}".prop_map(Value::from),
        (0..4_u64).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let compared =
        (proptest::sample::select(fields), proptest::sample::select(&OPERATORS[..]), wanted)
            .prop_map(|((name, value), operator, wanted)| {
                let text = format!("{name} {operator} {wanted}");
                let order = match (&value, &wanted) {
                    (Value::String(left), Value::String(right)) => {
                        let (left, right) = (left.to_lowercase(), right.to_lowercase());
                        let found = match operator {
                            "co" => Some(left.contains(&right)),
                            "sw" => Some(left.starts_with(&right)),
                            _ => None,
                        };
                        if let Some(expected) = found {
                            return Written { text, expected };
                        }
                        Some(left.cmp(&right))
                    }
                    (Value::Number(left), Value::Number(right)) => {
                        Some(left.as_u64().cmp(&right.as_u64()))
                    }
                    (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
                    _ => None,
                };
                let expected = order.is_some_and(|order| match operator {
                    "lt" => order.is_lt(),
                    "le" => order.is_le(),
                    "gt" => order.is_gt(),
                    "ge" => order.is_ge(),
                    _ => order.is_eq(),
                });
                Written { text, expected }
            });
    let literal =
        any::<bool>().prop_map(|value| Written { text: value.to_string(), expected: value });
    prop_oneof![4 => compared, 1 => literal].prop_recursive(4, 24, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|part| Written {
                text: format!("!({})", part.text),
                expected: !part.expected
            }),
            several.clone().prop_map(|parts| joined(
                &parts,
                " and ",
                parts.iter().all(|part| part.expected)
            )),
            several.prop_map(|parts| joined(
                &parts,
                " or ",
                parts.iter().any(|part| part.expected)
            )),
        ]
    })
}

fn joined(parts: &[Written], word: &str, expected: bool) -> Written {
    let texts: Vec<String> = parts.iter().map(|part| format!("({})", part.text)).collect();
    Written { text: texts.join(word), expected }
}

fn entry_and_filter() -> impl Strategy<Value = (Value, Written)> {
    let entry = ("[a-cA-C]{0,3}", "[a-cA-C]{0,3}", 0..4_u64, any::<bool>()).prop_map(
        |(id, name, created, may_manage)| json!({"_id": id, "deviceName": name, "createdDate": created, "deviceManagementStatus": may_manage}),
    );
    entry.prop_flat_map(|entry| (Just(entry.clone()), written(&entry)))
}

proptest! {
    #[test]
    fn filters_mean_what_they_say((entry, filter) in entry_and_filter()) {
        prop_assert_eq!(matches(&filter.text, DeviceKind::Oath, &entry), filter.expected, "{}", filter.text);
    }

    /// Any text, in any quotes, is found as it is.
    #[test]
    fn any_text_can_be_asked_for(text in "\\PC{0,20}") {
        let entry = json!({"deviceName": text});
        let double = format!("deviceName eq {}", json!(text));
        let single = format!("deviceName eq '{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        prop_assert!(matches(&double, DeviceKind::Push, &entry), "{}", double);
        prop_assert!(matches(&single, DeviceKind::Push, &entry), "{}", single);
    }

    #[test]
    fn nothing_makes_reading_a_filter_panic(text in "[ ()!a-z_/~'\"\\\\\\[\\],0-9.]{0,40}|\\PC{0,40}") {
        device_wire::fuzz_target::query_filter(text.as_bytes());
    }
}
