//! Arbitrary stored profiles, as JSON text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::names::{device_id, device_name};
use crate::kind::{Hidden, Member, Source};
use crate::{DeviceKind, Draft};

/// Every secret that is made here contains this text, so that a test can look for it where no secret may be.
pub const CANARY: &str = "Canary7Canary7Canary7A==";

/// JSON values as somebody may have written them: numbers that floating point cannot hold, escapes, blanks between tokens.
const WRITTEN: [&str; 16] = [
    "null",
    "true",
    "0",
    "-0",
    "9007199254740993",
    "1.50",
    "1e5",
    "1E+400",
    "18446744073709551616",
    "\"\"",
    "\"\\u00e9\\n\\\\\\\"\"",
    "\"\\ud83d\\ude00\"",
    "{ }",
    "[ 1 ,\t2.0 ]",
    "{\"a\":null,\"b\":{\"c\":[ ]}}",
    "\"a b\"",
];

/// The text of an arbitrary JSON value.
pub fn json_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => select(&WRITTEN[..]).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => "\\PC{0,8}".prop_map(|text| quoted(&text)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(", "))),
            vec(inner, 0..4).prop_map(|values| {
                let members: Vec<_> = values
                    .iter()
                    .enumerate()
                    .map(|(at, value)| format!("\"m{at}\" : {value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// The JSON text of an arbitrary profile of a kind: documented members there or not, some of them `null`, unknown ones between them, in any order.
pub fn profile(kind: DeviceKind) -> impl Strategy<Value = String> {
    let documented =
        kind.row().members.iter().map(move |member| documented(kind, member)).collect::<Vec<_>>();
    let unknown = vec(("[x-z]{1,3}", json_value()), 0..3);
    (documented, unknown).prop_flat_map(|(documented, mut unknown)| {
        unknown.sort();
        unknown.dedup_by(|left, right| left.0 == right.0);
        let members: Vec<_> = documented.into_iter().flatten().chain(unknown).collect();
        Just(members).prop_shuffle().prop_map(|members| {
            let members: Vec<_> =
                members.iter().map(|(name, value)| format!("{}: {value}", quoted(name))).collect();
            format!("{{{}}}", members.join(" ,"))
        })
    })
}

/// An arbitrary draft, perhaps without an id.
pub fn draft(kind: DeviceKind) -> impl Strategy<Value = Draft> {
    profile(kind).prop_map(move |json| Draft::parse(kind, &json).unwrap())
}

/// An arbitrary draft that brings its id.
pub fn draft_with_id(kind: DeviceKind) -> impl Strategy<Value = Draft> {
    (draft(kind), device_id()).prop_map(|(draft, id)| Draft { id: draft.id.or(Some(id)), ..draft })
}

/// The JSON text of a profile that has every documented member of its kind.
#[must_use]
pub fn full_profile(kind: DeviceKind) -> String {
    let members: Vec<_> = kind
        .row()
        .members
        .iter()
        .map(|member| {
            let value = match member.name {
                "recoveryCodes" => "[\"kc1AFjBHpZ\",\"{SCRYPT}aGFzaGVk\"]".to_owned(),
                "sharedSecret" => quoted(&STANDARD.encode([7; 32])),
                "metadata" | "location" | "key" => {
                    "{\"a\":[1.50,null,9007199254740993]}".to_owned()
                }
                "clockDriftSeconds" => "-30".to_owned(),
                _ if is_number(member) => "1749572704744".to_owned(),
                name => quoted(&format!("{name} of a device")),
            };
            format!("\"{}\":{value}", member.name)
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The JSON text of a profile that has only what its kind cannot be without, and an id.
#[must_use]
pub fn least_profile(kind: DeviceKind) -> String {
    let members: Vec<_> = kind
        .row()
        .members
        .iter()
        .filter(|member| is_required(kind, member) || member.source == Source::Id)
        .map(|member| format!("\"{}\":\"least\"", member.name))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn documented(
    kind: DeviceKind,
    member: &'static Member,
) -> BoxedStrategy<Option<(String, String)>> {
    let value = value(member).prop_map(|value| (member.name.to_owned(), value));
    if is_required(kind, member) {
        return value.prop_map(Some).boxed();
    }
    let null = Just((member.name.to_owned(), "null".to_owned()));
    option::weighted(0.6, prop_oneof![9 => value, 1 => null]).boxed()
}

fn is_required(kind: DeviceKind, member: &Member) -> bool {
    member.name == "credentialId" || (kind == DeviceKind::Binding && member.name == "deviceId")
}

fn is_number(member: &Member) -> bool {
    const NUMBERS: [&str; 5] =
        ["counter", "lastLogin", "signCount", "selectionCounter", "lastSelectedDate"];
    matches!(member.source, Source::Created | Source::LastAccess) || NUMBERS.contains(&member.name)
}

fn value(member: &'static Member) -> BoxedStrategy<String> {
    let whole =
        || prop_oneof![3 => 0..9_u64, 1 => any::<u64>()].prop_map(|number| number.to_string());
    match (member.source, member.secret) {
        (Source::Id, _) => device_id().prop_map(|id| quoted(id.as_str())).boxed(),
        (Source::Name, _) => device_name().prop_map(|name| quoted(name.as_str())).boxed(),
        (_, Hidden::Text) => Just(quoted(CANARY)).boxed(),
        (_, Hidden::RecoveryCodes) => {
            let code = prop_oneof![
                3 => "[a-z]{1,3}".prop_map(|text| quoted(&format!("{CANARY}{text}"))),
                1 => Just(quoted("{SCRYPT}aGFzaGVk")),
                1 => Just(format!("\"\\u0043{}\"", &CANARY[1..])),
                1 => Just(quoted(&format!("{{}}{CANARY}"))),
            ];
            vec(code, 0..6).prop_map(|codes| format!("[{}]", codes.join(" , "))).boxed()
        }
        _ if is_number(member) => whole().boxed(),
        _ if member.name == "clockDriftSeconds" => {
            any::<i64>().prop_map(|number| number.to_string()).boxed()
        }
        (Source::Fact, _) => "\\PC{0,6}".prop_map(|text| quoted(&text)).boxed(),
        _ => json_value().boxed(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
