//! Bodies and conditions: what is read of them, and what is refused.

use device_core::rules::Use;
use device_core::{IfMatch, Revision};
use device_wire::call::{Fault, Operation};

use crate::read;

const JSON: (&str, &str) = ("content-type", "application/json");

fn name(target: &str, body: &[u8]) -> Result<String, String> {
    match read("PUT", target, &[JSON], body) {
        Ok(Operation::Rename { name, .. }) => Ok(name.as_str().to_owned()),
        Err(Fault::Bad(message)) => Err(message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rename_takes_the_name_and_nothing_else() {
    let junk = br#"{"type":"x","_rev":"1","createdDate":1749572704744.0002,"location":null,"key":{"kty":[]},"deviceName":"Work \u00e9"}"#;
    assert_eq!(name("2fa/webauthn/7", junk).as_deref(), Ok("Work é"));
    assert_eq!(name("profile/7", br#"{"alias":"Pixel","deviceName":7}"#).as_deref(), Ok("Pixel"));
    for (body, message) in [
        (&b"{}"[..], "`deviceName` is missing"),
        (br#"{"alias":"Pixel"}"#, "`deviceName` is missing"),
        (br#"{"deviceName":7}"#, "`deviceName` must be a string"),
        (br#"{"deviceName":null}"#, "`deviceName` must be a string"),
        (br#"{"deviceName":" "}"#, "`deviceName` must not be blank"),
        (br#"{"deviceName":"a\u0000"}"#, "`deviceName` must not contain control characters"),
        (br#"{"deviceName":"a","deviceName":"b"}"#, "`deviceName` is given twice"),
        (b"", "The body is not a JSON object"),
        (b"[]", "The body is not a JSON object"),
        (br#"{"deviceName":"a"} x"#, "The body is not a JSON object"),
        (br#"{"deviceName":"\ud800"}"#, "The body is not a JSON object"),
        (b"{\"deviceName\":\"\xff\"}", "The body is not a JSON object"),
        (b"\xef\xbb\xbf{\"deviceName\":\"a\"}", "The body is not a JSON object"),
    ] {
        assert_eq!(
            name("2fa/webauthn/7", body),
            Err(message.to_owned()),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    let deep =
        format!("{{\"x\":{}{},\"deviceName\":\"a\"}}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(name("2fa/webauthn/7", deep.as_bytes()).is_err());
}

#[test]
fn content_types_other_than_json_are_refused() {
    let with = |value| read("POST", "2fa/oath?_action=reset", &[("content-type", value)], b"{}");
    for value in [
        "application/json",
        "application/json;charset=utf-8",
        "Application/JSON; charset=\"UTF-8\"",
    ] {
        assert!(with(value).is_ok(), "{value}");
    }
    for value in ["text/plain", "application/json; charset=latin1", "application/jsonx", ""] {
        assert!(matches!(with(value), Err(Fault::Bad(_))), "{value}");
    }
    assert!(
        matches!(read("PUT", "2fa/webauthn/7", &[], b"{}"), Err(Fault::Bad(_))),
        "PUT must say what it sends"
    );
    assert!(
        read("DELETE", "2fa/push/7", &[JSON], br#"{"uuid":"7"}"#).is_ok(),
        "a body of DELETE is ignored"
    );
}

#[test]
fn conditions_are_one_revision_or_none() {
    let with = |value| match read("DELETE", "2fa/push/7", &[("if-match", value)], b"") {
        Ok(Operation::Delete { if_match, .. }) => Some(if_match),
        _ => None,
    };
    let exactly = Some(IfMatch::Exactly(Revision::parse("42").unwrap()));
    for (value, expected) in [
        ("*", Some(IfMatch::Any)),
        ("\"42\"", exactly),
        ("42", exactly),
        ("", None),
        ("\"42", None),
        ("\"42\", \"43\"", None),
        ("W/\"42\"", None),
        ("042", None),
    ] {
        assert_eq!(with(value), expected, "{value}");
    }
    let twice = [("if-match", "42"), ("if-match", "42")];
    assert!(matches!(read("DELETE", "2fa/push/7", &twice, b""), Err(Fault::Bad(_))));
}

#[test]
fn a_use_is_one_thing() {
    let used =
        |body: &str| match read("POST", "2fa/oath/7?_action=recordUse", &[JSON], body.as_bytes()) {
            Ok(Operation::RecordUse { used, .. }) => Some(used),
            _ => None,
        };
    assert_eq!(used(""), Some(Use::Access));
    assert_eq!(used("{}"), Some(Use::Access));
    assert_eq!(used(r#"{"signCount":7}"#), Some(Use::SignCount(7)));
    assert_eq!(used(r#"{"selected":true}"#), Some(Use::Selected));
    assert!(matches!(used(r#"{"recoveryCode":"x"}"#), Some(Use::RecoveryCode(_))));
    assert!(matches!(used(r#"{"lastLogin":1,"clockDriftSeconds":-3}"#), Some(Use::Oath(_))));
    for body in
        [r#"{"signCount":-1}"#, r#"{"signCount":7,"recoveryCode":"x"}"#, r#"{"typo":1}"#, "[]", "7"]
    {
        assert_eq!(used(body), None, "{body}");
    }
}
