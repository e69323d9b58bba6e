//! Cases 17 to 20: names that are none, members of a rename that are not read, kinds that are not renamed.

use serde_json::{Value, json};

use crate::http::Request;
use crate::place::Place;
use crate::server::alpha;
use crate::users::{DEVICE, OATH, PUSH, USER};
use crate::watched::{Watched, bad};

#[test]
fn case_17_names_that_are_none() {
    let watched = Watched::new();
    let put = |rest: &str, body: &str| {
        Request::new("PUT", &alpha(USER, rest)).json(body).bearer(&watched.administrator)
    };
    let webauthn = format!("2fa/webauthn/{DEVICE}");
    let mut table = Vec::new();
    let mut refuse = |what: &str, name: Value, message: &'static str| {
        let body = json!({"deviceName": name, "alias": name}).to_string();
        for rest in [&webauthn, &format!("2fa/binding/{DEVICE}")] {
            table.push(bad(format!("{what} in {rest}"), put(rest, &body), 400, message));
        }
        table.push(bad(
            format!("{what} in profile"),
            put("profile/profile-1", &body),
            400,
            message.trim_start_matches("`deviceName` "),
        ));
    };
    for blank in ["", " ", "\t", "\u{a0}\u{3000}"] {
        refuse("blank", blank.into(), "`deviceName` must not be blank");
    }
    for long in ["x".repeat(256), "\u{1f511}".repeat(256), "x".repeat(20_000)] {
        refuse("too long", long.into(), "`deviceName` must not be longer than 255 characters");
    }
    for control in ["\0", "\n", "\r\n", "\t", "\u{1b}[2J", "\u{7f}", "\u{85}", "\u{9f}"] {
        refuse(
            "a control character",
            format!("a{control}b").into(),
            "`deviceName` must not contain control characters",
        );
    }
    for bidirectional in ["\u{202a}", "\u{202d}", "\u{202e}", "\u{2066}", "\u{2069}"] {
        refuse(
            "an override",
            format!("a{bidirectional}b").into(),
            "`deviceName` must not contain characters that override",
        );
    }
    for other in [Value::Null, true.into(), 1.into(), json!([]), json!({"deviceName": "x"})] {
        refuse("no string", other, "`deviceName` must be a string");
    }
    // The profile's name is its alias, and the others' is not.
    table.push(bad(
        "missing",
        put(&webauthn, r#"{"alias":"x","devicename":"x"}"#),
        400,
        "`deviceName` is missing",
    ));
    table.push(bad(
        "missing",
        put("profile/profile-1", r#"{"deviceName":"x"}"#),
        400,
        "`alias` is missing",
    ));
    for surrogate in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud83d x"] {
        let body = format!(r#"{{"deviceName":"a{surrogate}b"}}"#);
        table.push(bad("a lone surrogate", put(&webauthn, &body), 400, ""));
    }
    watched.refuses_all(&table);
    // A name that is larger than a body may be.
    let name = json!({"deviceName": "x".repeat(70_000)}).to_string();
    watched.refuses(&bad("70,000 characters", put(&webauthn, &name), 413, "65536 bytes"));
    // No line of the log was split, and none repeats a name.
    for line in watched.place.log().lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["message"].is_string(), "{line}");
    }
    watched.end();
}

/// Clients send the whole device back, and junk with it: only the name is taken.
#[test]
fn case_18_other_members_are_not_read() {
    let watched = Watched::new();
    let token = watched.place.user("/alpha", USER);
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let junk = json!({
        "_id": "other", "_rev": "1", "uuid": "other", "credentialId": "other", "key": null, "signCount": 99, "recoveryCodes": ["mine"],
        "createdDate": 1.5, "lastAccessDate": "never", "sharedSecret": "mine", "type": "a.b.C", "urlSuffix": "x", "location": null,
        "deviceManagementStatus": "yes", "alias": "other", "deviceName": "Renamed"
    });
    let answer =
        watched.server.ask(&Request::put(&target, &junk).bearer(&token)).expect(200).json();
    assert_eq!((&answer["_id"], &answer["deviceName"]), (&json!(DEVICE), &json!("Renamed")));
    watched.ends_as(|before| {
        let (others, from_user) = before.split_at(before.find(USER).unwrap());
        format!("{others}{}", from_user.replacen("New Security Key", "Renamed", 1))
    });
}

/// Unless `rename_oath_push` allows it; trusted devices have no rename at all.
#[test]
fn case_19_kinds_that_are_not_renamed() {
    const TRUSTED: &str = "51b7e05e-b0d6-46f7-8d95-4f915571f1e8";
    for compatibility in ["aic", "am"] {
        let watched =
            Watched::on_with(Place::with_users(), &[("DEVREG_COMPATIBILITY", compatibility)]);
        for token in [watched.administrator.clone(), watched.place.user("/alpha", USER)] {
            for (collection, id) in
                [("2fa/oath", OATH), ("2fa/push", PUSH), ("push", PUSH), ("trusted", TRUSTED)]
            {
                let target = alpha(USER, &format!("{collection}/{id}"));
                let name = json!({"deviceName": "Mine", "name": "Mine"});
                let rename = Request::put(&target, &name).bearer(&token);
                watched.refuses(&bad(target, rename, 501, "Operation is not supported."));
            }
        }
        watched.end();
    }
}

#[test]
fn case_20_a_member_twice() {
    let watched = Watched::new();
    let put = |rest: &str, body: &str| {
        Request::new("PUT", &alpha(USER, rest)).json(body).bearer(&watched.administrator)
    };
    for second in ["deviceName", r"device\u004eame"] {
        for other in ["Changed", "Other"] {
            let body = format!(r#"{{"deviceName":"Changed","{second}":"{other}"}}"#);
            for kind in ["webauthn", "binding"] {
                let rename = put(&format!("2fa/{kind}/{DEVICE}"), &body);
                watched.refuses(&bad(&body, rename, 400, "`deviceName` is given twice"));
            }
        }
    }
    let alias = r#"{"alias":"Changed","alias":"Changed"}"#;
    let rename = put("profile/profile-1", alias);
    watched.refuses(&bad("alias", rename, 400, "`alias` is given twice"));
    watched.end();
}
