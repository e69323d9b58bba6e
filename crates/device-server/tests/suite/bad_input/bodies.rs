//! Bodies of actions.

use serde_json::json;

use crate::abuse_cases::{NOT_AN_OBJECT, malformed};
use crate::http::Request;
use crate::server::alpha;
use crate::users::{DEVICE, OATH, USER};
use crate::watched::{Watched, bad};

/// Actions that need no body take none, and any object, but nothing that is not one.
#[test]
fn of_actions() {
    let watched = Watched::new();
    let post = |rest: &str, body: &[u8]| {
        Request::new("POST", &alpha(USER, rest)).json(body).bearer(&watched.administrator)
    };
    let mut table = Vec::new();
    for (what, body) in malformed() {
        let empty = body.iter().all(u8::is_ascii_whitespace);
        if !empty {
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
