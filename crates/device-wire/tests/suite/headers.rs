//! Versions and conditions.

use device_core::Revision;
use device_wire::call::{Fault, Operation, content_api_version};

const DEVICE: &str = "2fa/webauthn/7";
const LIST: &str = "2fa/oath?_queryFilter=true";

fn read(
    method: &'static str,
    target: &str,
    headers: &[(&'static str, &'static str)],
    body: &str,
) -> Result<Operation<'static>, Fault> {
    let headers = [headers, &[("content-type", "application/json")]].concat();
    crate::read(method, target, &headers, body.as_bytes())
}

#[test]
fn versions_that_are_here_are_taken() {
    let version = |text| read("GET", LIST, &[("accept-api-version", text)], "");
    for (text, answered) in [
        ("resource=1.0", "protocol=2.1,resource=1.0"),
        ("resource=1", "protocol=2.1,resource=1.0"),
        ("resource=1.0, protocol=2.1", "protocol=2.1,resource=1.0"),
        ("protocol=1.0,resource=1.0", "protocol=1.0,resource=1.0"),
        ("protocol=2.2 , resource=1.0", "protocol=2.2,resource=1.0"),
        ("protocol=2", "protocol=2.0,resource=1.0"),
    ] {
        assert!(version(text).is_ok(), "{text}");
        assert_eq!(content_api_version(Some(text)), answered);
    }
    assert_eq!(content_api_version(None), "protocol=2.1,resource=1.0");
    for text in [
        "",
        "1.0",
        "resource",
        "resource=",
        "resource=x",
        "resource=1.0.0",
        "resource=+1",
        "resource=1,resource=1",
        "resource=1.0;protocol=1.0",
        "resource=999",
        "Resource=1.0",
        "resource=1.0,",
    ] {
        assert!(
            matches!(version(text), Err(Fault::Bad(message)) if message.contains("`Accept-API-Version`")),
            "{text}"
        );
        assert_eq!(content_api_version(Some(text)), "protocol=2.1,resource=1.0");
    }
    for text in ["protocol=3.0", "protocol=0.9", "protocol=2.3,resource=1.0"] {
        assert!(
            matches!(version(text), Err(Fault::Bad(message)) if message.contains("Unsupported m")),
            "{text}"
        );
    }
    for text in ["resource=2.0", "resource=1.1", "resource=0.1"] {
        assert!(matches!(version(text), Err(Fault::NotFound(_))), "{text}");
    }
    let twice = [("accept-api-version", "resource=1.0"), ("accept-api-version", "resource=1.0")];
    assert!(matches!(read("GET", LIST, &twice, ""), Err(Fault::Bad(_))));
}

#[test]
fn a_look_may_ask_for_news_only() {
    for target in [LIST, DEVICE] {
        let condition = |header, value| read("GET", target, &[(header, value)], "");
        for (value, named) in [
            ("\"41\"", true),
            ("41", true),
            ("W/\"41\"", true),
            ("\"7\", \"41\"", true),
            ("\"7\"", false),
            ("", false),
            ("x", false),
        ] {
            let (Ok(Operation::List { none_match, .. }) | Ok(Operation::Read { none_match, .. })) =
                condition("if-none-match", value)
            else {
                panic!("{target} {value}");
            };
            assert_eq!(none_match.names(Revision::parse("41").unwrap()), named, "{value}");
        }
        for (header, value) in [("if-match", "*"), ("if-match", "\"41\""), ("if-none-match", "*")] {
            assert!(
                matches!(condition(header, value), Err(Fault::Condition(_))),
                "{header}: {value}"
            );
        }
    }
}

/// RFC 9110, 13.2.1: preconditions are ignored where the answer without them would be no success.
#[test]
fn conditions_of_what_cannot_be_read_are_ignored() {
    for (method, target, body) in [
        ("GET", "2fa/oath?_queryFilter=true&_pageSize=many", ""),
        ("GET", "2fa/oath?_queryFilter=(", ""),
        ("GET", "2fa/oath/7?_fields=%5B", ""),
        ("DELETE", "2fa/oath/7?_fields=%5B", ""),
        ("POST", "2fa/oath?_action=skip", "{}"),
        ("POST", "2fa/oath?_action=create&_onLimit=maybe", "{}"),
        ("POST", "2fa/webauthn/7?_action=recordUse", "[]"),
    ] {
        for header in ["if-match", "if-none-match"] {
            let answer = read(method, target, &[(header, "*")], body);
            assert!(matches!(answer, Err(Fault::Bad(_))), "{method} {target}: {answer:?}");
        }
    }
}

#[test]
fn conditions_that_a_request_cannot_have_are_refused() {
    let name = r#"{"deviceName":"x"}"#;
    for (method, target, body) in [
        ("DELETE", DEVICE, ""),
        ("POST", "2fa/oath?_action=reset", "{}"),
        ("POST", "2fa/oath?_action=skip", r#"{"value":true}"#),
        ("POST", "2fa/oath?_action=check", "{}"),
        ("POST", "2fa/webauthn/7?_action=recordUse", "{}"),
        ("POST", "?_action=purge", "{}"),
    ] {
        let answer = read(method, target, &[("if-none-match", "\"41\"")], body);
        assert!(matches!(answer, Err(Fault::Condition(_))), "{method} {target}: {answer:?}");
    }
    for (action, body) in [("skip", r#"{"value":true}"#), ("check", "{}"), ("create", "{}")] {
        let answer =
            read("POST", &format!("2fa/oath?_action={action}"), &[("if-match", "*")], body);
        assert!(matches!(answer, Err(Fault::Condition(_))), "{action}: {answer:?}");
    }
    let put = |headers: &[(&'static str, &'static str)]| read("PUT", DEVICE, headers, name);
    assert!(matches!(put(&[("if-none-match", "*")]), Ok(Operation::Put { .. })));
    assert!(matches!(put(&[("if-none-match", "\"41\"")]), Err(Fault::Bad(_))));
    assert!(matches!(put(&[("if-none-match", "*"), ("if-match", "*")]), Err(Fault::Condition(_))));
    for header in ["if-modified-since", "if-unmodified-since"] {
        for (method, target) in
            [("GET", LIST), ("GET", DEVICE), ("DELETE", DEVICE), ("PUT", DEVICE)]
        {
            let answer = read(method, target, &[(header, "Thu, 01 Jan 1970 00:00:00 GMT")], name);
            assert!(matches!(answer, Err(Fault::Conflict(_))), "{method} {header}: {answer:?}");
        }
    }
}
