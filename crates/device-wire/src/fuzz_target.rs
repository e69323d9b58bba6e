//! What the fuzzer calls, as a plain function. Panics if something does not hold for the bytes.

use std::str;

use device_core::DeviceKind;

use crate::call::{self, Operation, RawRequest, Reading};
use crate::query::filter::Filter;
use crate::realms::Realms;

/// Realms of several depths, with aliases and host names.
///
/// # Panics
/// Never: the names are valid.
#[must_use]
pub fn realms() -> Realms {
    let mut realms = Realms::default();
    let hosts = ["alpha.example.com".to_owned()];
    let added = realms
        .add("/", &[], &[])
        .and_then(|()| realms.add("/alpha", &["a1".to_owned()], &hosts))
        .and_then(|()| realms.add("/customers", &[], &[]))
        .and_then(|()| realms.add("/customers/europe", &["eu".to_owned()], &[]));
    added.expect("the names are valid");
    realms
}

/// How requests of the fuzzer and of tests are read.
#[must_use]
pub fn reading() -> Reading {
    Reading { realms: realms(), contexts: vec!["am".to_owned()], require_if_match: false }
}

/// Bytes as a request: a line with method and target, lines with headers, an empty line, the body. What is read is read alike again, names only what is
/// configured, and nothing but a refresh does without a caller.
///
/// # Panics
/// Where that does not hold.
pub fn request(bytes: &[u8]) {
    let (head, body) = split_at_empty_line(bytes);
    let Ok(head) = str::from_utf8(head) else { return };
    let mut lines = head.lines();
    let Some((method, target)) = lines.next().and_then(|line| line.split_once(' ')) else { return };
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let request = RawRequest { method, target, headers: &headers, body };
    let reading = reading();

    let read = call::read(&request, &reading);
    assert_eq!(format!("{read:?}"), format!("{:?}", call::read(&request, &reading)));
    let Ok(call) = read else { return };
    assert!(reading.realms.contains(&call.realm), "{:?} is not configured", call.realm);
    let Ok(operation) = call.operation else { return };
    let changes = !matches!(
        operation,
        Operation::List { .. }
            | Operation::Read { .. }
            | Operation::Check { .. }
            | Operation::Put { .. }
    );
    assert_eq!(call.needs_caller, !matches!(operation, Operation::Refresh(_)));
    assert!(!changes || !matches!(method, "GET" | "HEAD"), "{method} changes something");
    let strict = Reading { require_if_match: true, ..reading };
    let conditional = headers.iter().any(|(name, _)| *name == "if-match");
    if matches!(
        operation,
        Operation::Rename { .. } | Operation::Delete { .. } | Operation::Reset { .. }
    ) {
        let strict = call::read(&request, &strict).map(|call| call.operation.is_ok());
        assert_eq!(strict, Ok(conditional), "a change without a condition got by");
    }
}

/// Entries that have every type of value somewhere.
const ENTRIES: [&str; 3] = [
    r#"{"_id":"7","_rev":"41","createdDate":1749572704744,"lastAccessDate":0,"deviceName":"Straße","uuid":"7","deviceManagementStatus":true}"#,
    r#"{"_id":"8","identifier":"8","metadata":{"platform":{"platform":"Android","version":33.5},"list":[1,"a",null,true,{"x":1}],"empty":[]},"lastSelectedDate":-0.0,"alias":"Pixel","recoveryCodes":[]}"#,
    "{}",
];

/// Bytes as a filter for each kind. What is read lets through, of every entry, what its contrary does not, and names no field that is secret.
///
/// # Panics
/// Where that does not hold.
pub fn query_filter(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for kind in DeviceKind::ALL {
        let filter = match Filter::parse(text, kind) {
            Ok(filter) => filter,
            Err(error) => {
                assert!(error.at <= text.chars().count() + 1, "{error} lies outside");
                continue;
            }
        };
        let contrary = Filter::parse(&format!("!({text})"), kind);
        for entry in ENTRIES {
            let entry = serde_json::from_str(entry).expect("the entries are JSON");
            let matches = filter.matches(&entry);
            // A filter at the limits has no contrary within them.
            assert!(contrary.as_ref().map_or(true, |contrary| contrary.matches(&entry) != matches));
        }
    }
}

fn split_at_empty_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, b""),
    }
}
