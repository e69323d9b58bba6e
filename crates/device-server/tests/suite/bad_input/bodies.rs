//! Content types and bodies.

use serde_json::json;

use super::{Bad, Watched, bad};
use crate::http::Request;
use crate::server::alpha;
use crate::users::{DEVICE, OATH, USER};

const NOT_AN_OBJECT: &str = "The body is not a JSON object";

/// What no reader of JSON may take for `{"deviceName": "Changed"}`.
fn malformed() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    const GOOD: &str = r#"{"deviceName":"Changed"}"#;
    let text = |text: String| text.into_bytes();
    let utf16: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_with_mark: Vec<u8> = [b"\xff\xfe".to_vec(), utf16.clone()].concat();
    vec![
        ("nothing", Vec::new(), NOT_AN_OBJECT),
        ("blanks", b" \n".to_vec(), NOT_AN_OBJECT),
        ("a cut object", b"{\"deviceName\":\"Chan".to_vec(), NOT_AN_OBJECT),
        ("single quotes", b"{'deviceName':'Changed'}".to_vec(), NOT_AN_OBJECT),
        ("a comment", b"{\"deviceName\":\"Changed\"/*x*/}".to_vec(), NOT_AN_OBJECT),
        ("a comma too many", b"{\"deviceName\":\"Changed\",}".to_vec(), NOT_AN_OBJECT),
        ("a raw line end", b"{\"deviceName\":\"Chan\nged\"}".to_vec(), NOT_AN_OBJECT),
        ("an array", b"[{\"deviceName\":\"Changed\"}]".to_vec(), NOT_AN_OBJECT),
        ("a string", b"\"Changed\"".to_vec(), NOT_AN_OBJECT),
        ("a number", b"1".to_vec(), NOT_AN_OBJECT),
        ("null", b"null".to_vec(), NOT_AN_OBJECT),
        ("trailing data", text(format!("{GOOD}x")), NOT_AN_OBJECT),
        ("a second object", text(format!("{GOOD}{GOOD}")), NOT_AN_OBJECT),
        ("a trailing NUL", text(format!("{GOOD}\0")), NOT_AN_OBJECT),
        (
            "the name twice",
            br#"{"deviceName":"Changed","deviceName":"Changed"}"#.to_vec(),
            "`deviceName` is given twice",
        ),
        (
            "the name twice, escaped",
            br#"{"deviceName":"Changed","device\u004eame":"Other"}"#.to_vec(),
            "`deviceName` is given twice",
        ),
        (
            "20,000 levels",
            text(format!(
                "{{\"deviceName\":\"Changed\",\"x\":{}{}}}",
                "[".repeat(20_000),
                "]".repeat(20_000)
            )),
            NOT_AN_OBJECT,
        ),
        (
            "20,000 levels, open",
            text("{\"a\":".repeat(10_000) + &"[".repeat(10_000)),
            NOT_AN_OBJECT,
        ),
        ("an endless number", br#"{"deviceName":"Changed","x":1e999999}"#.to_vec(), NOT_AN_OBJECT),
        ("bad UTF-8", b"{\"deviceName\":\"Chan\xffged\"}".to_vec(), NOT_AN_OBJECT),
        ("an overlong form", b"{\"deviceName\":\"Chan\xc0\xafged\"}".to_vec(), NOT_AN_OBJECT),
        (
            "a surrogate in UTF-8",
            b"{\"deviceName\":\"Chan\xed\xa0\x80ged\"}".to_vec(),
            NOT_AN_OBJECT,
        ),
        ("UTF-16", utf16, NOT_AN_OBJECT),
        ("UTF-16 with its mark", utf16_with_mark, NOT_AN_OBJECT),
        ("a byte order mark", text(format!("\u{feff}{GOOD}")), NOT_AN_OBJECT),
    ]
}

#[test]
fn of_a_rename() {
    let watched = Watched::new();
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let put = |body: &[u8]| Request::new("PUT", &target).json(body).bearer(&watched.administrator);
    let table: Vec<Bad> = malformed()
        .iter()
        .map(|(what, body, message)| bad(*what, put(body), 400, message))
        .collect();
    watched.refuses_all(&table);
    watched.end();
}

/// Actions that need no body take none, and any object, but nothing that is not one.
#[test]
fn of_actions() {
    let watched = Watched::new();
    let post = |rest: &str, body: &[u8]| {
        Request::new("POST", &alpha(USER, rest)).json(body).bearer(&watched.administrator)
    };
    let mut table = Vec::new();
    for (what, body, _) in malformed() {
        let empty = body.iter().all(u8::is_ascii_whitespace);
        let twice = what.starts_with("the name twice");
        if !empty && !twice {
            table.push(bad(
                format!("reset: {what}"),
                post("2fa/oath?_action=reset", &body),
                400,
                NOT_AN_OBJECT,
            ));
            table.push(bad(
                format!("check: {what}"),
                post("2fa/oath?_action=check", &body),
                400,
                NOT_AN_OBJECT,
            ));
        }
        table.push(bad(
            format!("create: {what}"),
            post("2fa/webauthn?_action=create", &body),
            400,
            "",
        ));
        if !empty {
            let record_use = format!("2fa/oath/{OATH}?_action=recordUse");
            table.push(bad(
                format!("use: {what}"),
                post(&record_use, &body),
                400,
                "The body must be an object",
            ));
        }
    }
    for value in
        ["{}", r#"{"value":null}"#, r#"{"value":"true"}"#, r#"{"value":1}"#, r#"{"Value":true}"#]
    {
        table.push(bad(
            format!("skip: {value}"),
            post("2fa/oath?_action=skip", value.as_bytes()),
            400,
            "`value`",
        ));
    }
    table.push(bad(
        "skip: twice",
        post("2fa/oath?_action=skip", br#"{"value":true,"value":true}"#),
        400,
        "`value` is given twice",
    ));
    for used in [
        r#"{"counter":-1}"#,
        r#"{"counter":4.5}"#,
        r#"{"counter":"4"}"#,
        r#"{"counter":4,"recoveryCode":"x"}"#,
        r#"{"unknown":1}"#,
    ] {
        let record_use = format!("2fa/oath/{OATH}?_action=recordUse");
        table.push(bad(
            format!("use: {used}"),
            post(&record_use, used.as_bytes()),
            400,
            "The body must",
        ));
    }
    for (used, message) in
        [(r#"{"signCount":4}"#, "has no sign count"), (r#"{"selected":true}"#, "has no selection")]
    {
        let record_use = format!("2fa/oath/{OATH}?_action=recordUse");
        table.push(bad(format!("use: {used}"), post(&record_use, used.as_bytes()), 400, message));
    }
    watched.refuses_all(&table);
    watched.end();
}

#[test]
fn of_an_enrolment() {
    let watched = Watched::new();
    let create = |rest: &str, body: &str| {
        Request::new("POST", &alpha(USER, &format!("{rest}_action=create")))
            .json(body)
            .bearer(&watched.administrator)
    };
    let deep = format!(
        r#"{{"uuid":"x","credentialId":"y","key":{}{}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    let table = [
        bad(
            "a number for a string",
            create("2fa/webauthn?", r#"{"uuid":1}"#),
            400,
            "`uuid` must be a string",
        ),
        bad(
            "a string for a number",
            create("2fa/oath?", r#"{"uuid":"x","counter":"1"}"#),
            400,
            "`counter`",
        ),
        bad(
            "a fraction",
            create("2fa/oath?", r#"{"uuid":"x","createdDate":1.5}"#),
            400,
            "`createdDate`",
        ),
        bad(
            "codes that are none",
            create("2fa/oath?", r#"{"uuid":"x","recoveryCodes":[1]}"#),
            400,
            "`recoveryCodes`",
        ),
        bad(
            "a blank name",
            create("2fa/oath?", r#"{"uuid":"x","deviceName":" "}"#),
            400,
            "`deviceName` must not be blank",
        ),
        bad("a blank id", create("2fa/oath?", r#"{"uuid":""}"#), 400, "`uuid` must not be blank"),
        bad(
            "a member twice",
            create("2fa/webauthn?", r#"{"uuid":"x","uuid":"y","credentialId":"z"}"#),
            400,
            "",
        ),
        bad("a deep key", create("2fa/webauthn?", &deep), 400, "nested deeper"),
        bad("a profile without its identifier", create("profile?", "{}"), 400, "`identifier`"),
        bad(
            "a blank username",
            create("2fa/webauthn?username=%20&", r#"{"uuid":"x","credentialId":"y"}"#),
            400,
            "`username`",
        ),
        bad(
            "an id that is there",
            create("2fa/webauthn?", &json!({"uuid": DEVICE, "credentialId": "y"}).to_string()),
            409,
            "already",
        ),
        bad(
            "somebody else's username",
            create("2fa/webauthn?username=scarter&", r#"{"uuid":"x","credentialId":"y"}"#),
            409,
            "belongs to another user",
        ),
    ];
    watched.refuses_all(&table);
    watched.end();
}

#[test]
fn content_types() {
    let watched = Watched::new();
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let put = || {
        Request::new("PUT", &target)
            .body(r#"{"deviceName":"Changed"}"#)
            .bearer(&watched.administrator)
    };
    let reset = || {
        Request::new("POST", &alpha(USER, "2fa/oath?_action=reset"))
            .body("{}")
            .bearer(&watched.administrator)
    };
    let delete = || Request::delete(&target).bearer(&watched.administrator);
    const MESSAGE: &str = "The content type must be application/json";
    let mut table = vec![
        bad("PUT without one", put(), 400, MESSAGE),
        bad(
            "two",
            put()
                .header("Content-Type", "application/json")
                .header("Content-Type", "application/json"),
            400,
            "`content-type` is given twice",
        ),
    ];
    let wrong = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json, text/plain",
        "application/merge-patch+json",
        "json",
        "",
    ];
    for content_type in wrong {
        for request in [put(), reset(), delete()] {
            let request = request.header("Content-Type", content_type);
            table.push(bad(format!("`{content_type}`"), request, 400, MESSAGE));
        }
    }
    watched.refuses_all(&table);
    // Reading has no body, and clients send any type with it.
    let list =
        Request::get(&alpha(USER, "2fa/oath?_queryFilter=true")).bearer(&watched.administrator);
    watched.server.ask(&list.header("Content-Type", "text/plain")).expect(200);
    watched.end();
}
