use super::*;
use crate::limits::NAME_CHARS_MAX;

fn check(kind: DeviceKind, json: &str, expected: &ProfileError) {
    assert_eq!(Draft::parse(kind, json).as_ref(), Err(expected), "{kind} {json}");
}

#[test]
fn only_one_object_is_a_profile() {
    for (json, reason) in [
        ("", "it does not start with `{`"),
        (" []", "it does not start with `{`"),
        ("\"Canary7\"", "it does not start with `{`"),
        ("{", "syntax at column 1"),
        ("{} {}", "syntax at column 4"),
        ("{\"a\":1,}", "syntax at column 8"),
        ("{\"a\":1,\"\\u0061\":2}", "member `a` is given twice at line 1 column 18"),
    ] {
        check(DeviceKind::Oath, json, &ProfileError::NotAnObject(reason.to_owned()));
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(matches!(Draft::parse(DeviceKind::Oath, &deep), Err(ProfileError::NotAnObject(_))));
}

#[test]
fn members_have_their_types() {
    let text = "a string";
    let whole = "a whole number, not negative";
    for (kind, member, expected, values) in [
        (DeviceKind::Oath, "uuid", text, &["1", "[]", "\"\\ud800\""][..]),
        (DeviceKind::Oath, "deviceName", text, &["true", "{}"]),
        (
            DeviceKind::Oath,
            "createdDate",
            whole,
            &["-1", "1.0", "1e3", "\"1\"", "18446744073709551616"],
        ),
        (DeviceKind::Oath, "lastAccessDate", whole, &["-1", "[]"]),
        (DeviceKind::Oath, "counter", whole, &["-1", "\"\""]),
        (DeviceKind::Oath, "lastLogin", whole, &["-1"]),
        (DeviceKind::Oath, "clockDriftSeconds", "a whole number", &["0.5", "9223372036854775808"]),
        (DeviceKind::Oath, "sharedSecret", text, &["5", "[\"a\"]"]),
        (
            DeviceKind::Oath,
            "recoveryCodes",
            "an array of strings",
            &["\"a\"", "[1]", "[[\"a\"]]", "{}"],
        ),
        (DeviceKind::Push, "sharedSecret", text, &["5"]),
        (DeviceKind::Push, "deviceId", text, &["5"]),
        (DeviceKind::Push, "deviceMechanismUID", text, &["{}"]),
        (DeviceKind::Push, "deviceType", text, &["5"]),
        (DeviceKind::Push, "communicationType", text, &["5"]),
        (DeviceKind::WebAuthn, "credentialId", text, &["5"]),
        (DeviceKind::Profile, "identifier", text, &["5"]),
        (DeviceKind::Profile, "lastSelectedDate", whole, &["\"5\""]),
        (DeviceKind::Trusted, "selectionCounter", whole, &["-5"]),
    ] {
        for value in values {
            let json = format!("{{\"{member}\":{value}}}");
            check(kind, &json, &ProfileError::WrongType { member, expected });
        }
    }
    for member in ["credentialId", "signCount"] {
        let json = format!("{{\"credentialId\":\"a\",\"{member}\":[]}}")
            .replace("\"credentialId\":\"a\",\"credentialId\"", "\"credentialId\"");
        assert!(matches!(
            Draft::parse(DeviceKind::WebAuthn, &json),
            Err(ProfileError::WrongType { .. })
        ));
    }
}

#[test]
fn what_is_remembered_of_refreshes_is_as_an_export_wrote_it() {
    let expected =
        ProfileError::WrongType { member: "_refreshes", expected: "as an export wrote it" };
    let digest = "\"AAECAwQFBgcICQoLDA0ODw\"";
    let nine = [digest; 9].join(",");
    for value in [
        "[]",
        "{}",
        "{\"retired\":[1]}",
        "{\"retired\":[\"AA\"]}",
        "{\"retired\":[],\"current\":\"AA\"}",
        "{\"retired\":[],\"current\":\"AAECAwQFBgcICQoLDA0ODw==\"}",
        "{\"retired\":[],\"issuedAt\":-1}",
        &format!("{{\"retired\":[{nine}]}}"),
    ] {
        check(DeviceKind::Push, &format!("{{\"_refreshes\":{value}}}"), &expected);
    }
    let good = format!(
        "{{\"_refreshes\":{{\"current\":{digest},\"retired\":[{digest}],\"issuedAt\":5}}}}"
    );
    assert!(Draft::parse(DeviceKind::Push, &good).is_ok());
}

#[test]
fn names_are_valid_or_refused_with_their_reason() {
    let long = "x".repeat(NAME_CHARS_MAX + 1);
    for (kind, member, name, reason) in [
        (DeviceKind::Oath, "deviceName", "", NameError::Blank),
        (DeviceKind::Oath, "deviceName", &*long, NameError::TooLong),
        (DeviceKind::Profile, "alias", "a\\u0000", NameError::Control),
        (DeviceKind::Trusted, "name", "a\\u202eb", NameError::Bidirectional),
        (DeviceKind::Push, "uuid", "  ", NameError::Blank),
        (DeviceKind::Profile, "identifier", "\\n", NameError::Blank),
    ] {
        check(
            kind,
            &format!("{{\"{member}\":\"{name}\"}}"),
            &ProfileError::BadName { member, reason },
        );
    }
}

#[test]
fn a_kind_cannot_be_without_some_members() {
    for json in ["{}", "{\"credentialId\":null,\"deviceId\":null}"] {
        check(DeviceKind::WebAuthn, json, &ProfileError::Missing("credentialId"));
        check(DeviceKind::Binding, json, &ProfileError::Missing("deviceId"));
        for kind in [DeviceKind::Oath, DeviceKind::Push, DeviceKind::Profile, DeviceKind::Trusted] {
            assert!(Draft::parse(kind, json).is_ok(), "{kind}");
        }
    }
}

#[test]
fn limits_are_exact() {
    let kind = DeviceKind::Push;
    let noted =
        |bytes: usize| format!("{{\"note\":\"{}\"}}", "n".repeat(bytes - "{\"note\":\"\"}".len()));
    assert!(Draft::parse(kind, &noted(PROFILE_BYTES_MAX)).is_ok());
    check(kind, &noted(PROFILE_BYTES_MAX + 1), &ProfileError::TooLarge);
    let blanks = |bytes: usize| format!("{{{}}}", " ".repeat(bytes - 2));
    assert!(Draft::parse(kind, &blanks(PROFILE_TEXT_BYTES_MAX)).is_ok());
    check(kind, &blanks(PROFILE_TEXT_BYTES_MAX + 1), &ProfileError::TooLarge);
    let token = |bytes: usize| format!("{{\"deviceId\":\"{}\"}}", "t".repeat(bytes - 2));
    assert!(Draft::parse(kind, &token(FACT_BYTES_MAX)).is_ok());
    check(kind, &token(FACT_BYTES_MAX + 1), &ProfileError::TooLarge);
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(Draft::parse(kind, &nested(PROFILE_DEPTH_MAX)).is_ok());
    check(kind, &nested(PROFILE_DEPTH_MAX + 1), &ProfileError::TooDeep);
}

#[test]
fn what_is_not_given_gets_its_default() {
    let draft = Draft::parse(DeviceKind::Oath, r#"{"_id":"x","_rev":[1],"counter":null}"#).unwrap();
    assert_eq!((draft.id.clone(), draft.created_ms, draft.cold.expose()), (None, None, "{}"));
    assert_eq!(draft.name.as_str(), "OATH Device");
    let device = draft.into_device(DeviceId::parse("a").unwrap(), Revision::NONE, 7);
    assert_eq!((device.created_ms, device.last_access_ms), (7, 7));
    let selected = Draft::parse(DeviceKind::Trusted, r#"{"lastSelectedDate":9}"#).unwrap();
    let device = selected.into_device(DeviceId::parse("a").unwrap(), Revision::NONE, 7);
    assert_eq!((device.created_ms, device.last_access_ms), (7, 9));
}

/// A kind that should not have secrets may have been given some all the same.
#[test]
fn secrets_are_hidden_where_they_are_not_documented() {
    let json = r#"{"uuid":"7","name":"x","sharedSecret":"Canary1","recoveryCodes":["Canary2"],"note":"kept"}"#;
    let draft = Draft::parse(DeviceKind::Trusted, json).unwrap();
    let device = draft.into_device(DeviceId::parse("7").unwrap(), Revision::NONE.next(1), 1);
    for (show, shown) in [
        (Show::Stored, true),
        (Show::Answer, true),
        (Show::AnswerRedacted, false),
        (Show::StoredWithoutSecrets, false),
    ] {
        let mut written = String::new();
        write_profile(&mut written, DeviceKind::Trusted, &device, show);
        assert_eq!(written.contains("Canary"), shown, "{show:?}: {written}");
        assert!(written.contains("\"note\":\"kept\""));
    }
}
