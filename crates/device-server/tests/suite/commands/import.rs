//! `devreg import`: what is new comes in, what is there is left alone, what cannot be read is named.

use device_server::limits::LINE_BYTES_MAX;
use serde_json::{Value, json};

use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::place::{Ended, Place};
use crate::server::{REFRESH, alpha};
use crate::users::{DEVICE, LINES, PHONE, USER};

fn import(place: &Place, lines: &str, flags: &[&str]) -> Ended {
    place.run_on(lines, &[&["import", "--output", "json"], flags, &["-"]].concat())
}

/// The summary on stdout.
fn counts(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// Written, unchanged, left alone, rejected.
fn outcome(ended: &Ended) -> [u64; 4] {
    let counts = counts(ended);
    ["written", "unchanged", "left_alone", "rejected"].map(|name| counts[name].as_u64().unwrap())
}

#[test]
fn twice() {
    let place = Place::empty();
    let first = import(&place, LINES, &[]);
    let expected = json!({
        "users": 5, "devices": {"oath": 3, "push": 4, "webauthn": 4, "binding": 4, "profile": 1, "trusted": 1},
        "written": 15, "unchanged": 15, "left_alone": 0, "rejected": 0
    });
    assert_eq!((first.code, counts(&first)), (0, expected));
    let revisions = || {
        let server = place.serve(&[]);
        let snapshot = server.snapshot(&place.administrator("/alpha"), &place.administrator("/"));
        server.stop();
        snapshot
    };
    let (stored, before) = (place.export(), revisions());
    for flags in [&[][..], &["--replace"], &["--dry-run"]] {
        let again = import(&place, LINES, flags);
        assert_eq!((again.code, outcome(&again)), (0, [0, 30, 0, 0]), "{flags:?}");
    }
    assert_eq!((place.export(), revisions()), (stored, before), "nothing was written");
}

/// The summary for people goes to stderr, with the messages; a file is as good as stdin.
#[test]
fn from_a_file() {
    let place = Place::empty();
    std::fs::write(place.path("users.jsonl"), LINES.replace('\n', "\r\n\r\n")).unwrap();
    let ended = place.run(&["import", "users.jsonl"]);
    assert_eq!((ended.code, &*ended.stdout), (0, ""));
    assert_eq!(
        ended.stderr,
        "5 users (oath 3,push 4,webauthn 4,binding 4,profile 1,trusted 1): 15 sets written, 15 unchanged, 0 left alone, 0 rejected\n"
    );
    place.run(&["import", "nothing.jsonl"]).assert_failed(1, "nothing.jsonl");
    place.run(&["import", "--format", "xml", "users.jsonl"]).assert_failed(2, "xml");
    place.run(&["import", "--store", "memory", "users.jsonl"]).assert_failed(1, "memory");
}

/// An old export must not roll back a refreshed token or revive a deleted device.
#[test]
fn what_differs_is_left_alone() {
    let place = Place::with_users();
    let old = place.export();
    let server = place.serve(&[]);
    server.ask(&Request::post(REFRESH, &refresh(&PHONE, &claims("new-token")))).expect(200);
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    server.ask(&Request::delete(&webauthn).bearer(&place.administrator("/alpha"))).expect(200);
    server.stop();
    let current = place.export();

    let message = |kind| {
        format!("line 2: {kind} of `{USER}`: differs from what is stored and was left alone")
    };
    for flags in [&[][..], &["--dry-run"], &["--dry-run", "--replace"]] {
        let ended = import(&place, &old, flags);
        let replaces = flags.contains(&"--replace");
        let expected = if replaces { (0, [2, 28, 0, 0]) } else { (4, [0, 28, 2, 0]) };
        assert_eq!((ended.code, outcome(&ended)), expected, "{flags:?}");
        for kind in ["push", "webauthn"] {
            assert_eq!(ended.stderr.contains(&message(kind)), !replaces, "{ended:?}");
        }
        assert_eq!(place.export(), current, "{flags:?}");
    }
    let ended = import(&place, &old, &["--replace"]);
    assert_eq!((ended.code, outcome(&ended)), (0, [2, 28, 0, 0]));
    assert_eq!(place.export(), old);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::empty();
    let ended = import(&place, LINES, &["--dry-run"]);
    assert_eq!((ended.code, outcome(&ended)), (0, [15, 15, 0, 0]));
    assert_eq!(place.export(), "");
}

#[test]
fn realms_that_are_not_configured() {
    let place = Place::empty();
    let lines = LINES.replace("\"/alpha\"", "\"/bravo\"");
    let ended = import(&place, &lines, &[]);
    assert_eq!((ended.code, outcome(&ended)), (0, [15, 15, 0, 0]));
    assert_eq!(ended.stderr.matches("realm `/bravo` is not configured").count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("line 1: "), "{ended:?}");
    assert_eq!(place.export().matches("\"/bravo\"").count(), 4);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_comes_in() {
    let good = |name: &str| {
        format!(
            r#"{{"realm":"/alpha","username":"{name}","devices":{{"webauthn":[{{"uuid":"a","credentialId":"b"}}]}}}}"#
        )
    };
    let device = |kind: &str, profile: &str| {
        format!(r#"{{"realm":"/alpha","username":"u","devices":{{"{kind}":[{profile}]}}}}"#)
    };
    let skip = |kind: &str, value: &str| {
        format!(r#"{{"realm":"/alpha","username":"u","skip":{{"{kind}":"{value}"}}}}"#)
    };
    let secret = "canary-code-in-a-bad-line";
    let malformed = [
        ("{".to_owned(), "line: not a JSON object"),
        ("[]".into(), "line: "),
        ("\u{feff}{}".into(), "line: not a JSON object"),
        (format!("\"{secret}\""), "line: not of the documented form"),
        (
            format!(r#"{{"realm":"/alpha","username":"u","devices":{{"oath":"{secret}"}}}}"#),
            "line: not of the documented form",
        ),
        (
            format!(r#"{{"realm":"/alpha","username":["{secret}"]}}"#),
            "line: not of the documented form",
        ),
        ("{}".into(), "line: missing field `realm`"),
        (r#"{"realm":"/alpha"}"#.into(), "line: missing field `username`"),
        (r#"{"realm":"alpha","username":"u"}"#.into(), "`realm`"),
        (r#"{"realm":"/alpha","username":" "}"#.into(), "`username` must not be blank"),
        (
            r#"{"realm":"/alpha","username":"u","user_id":"\u0000"}"#.into(),
            "`user_id` must not contain",
        ),
        (r#"{"realm":"/alpha","username":"u","device":{}}"#.into(), "unknown field `device`"),
        (device("totp", "{}"), "totp: there is no such kind"),
        (device("oath", r#"{"deviceName":"x"}"#), "oath: member `uuid` is missing"),
        (device("oath", r#"{"uuid":"a","counter":"1"}"#), "oath: member `counter` must be"),
        (
            device("oath", &format!(r#"{{"uuid":"a","recoveryCodes":"{secret}"}}"#)),
            "oath: member `recoveryCodes` must be an array",
        ),
        (device("oath", r#"{"uuid":"a","sharedSecret":5}"#), "oath: member `sharedSecret` must be"),
        (device("oath", &format!("\"{secret}\"")), "oath: not a JSON object"),
        (device("profile", r#"{"alias":"x"}"#), "profile: member `identifier` is missing"),
        (device("oath", r#"{"uuid":"a"},{"uuid":"a"}"#), "the user has a device `a` already"),
        (device("oath", &vec![r#"{"uuid":"a"}"#; 65].join(",")), "at most 64 devices"),
        (skip("oath", "maybe"), "skip.oath: there is no such setting"),
        (skip("webauthn", "skippable"), "skip.webauthn: there is no such setting"),
    ];
    for (line, reason) in malformed {
        let place = Place::empty();
        let ended = import(&place, &[good("first"), line, good("third")].join("\n"), &[]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert_eq!(counts(&ended)["rejected"], 1, "{ended:?}");
        assert!(
            ended.stderr.contains("line 2: ") && ended.stderr.contains(reason),
            "`{reason}`: {ended:?}"
        );
        assert!(!ended.stderr.contains(secret), "{ended:?}");
        let export = place.export();
        assert!(export.contains("\"first\"") && export.contains("\"third\""), "{export}");
    }
}

#[test]
fn a_line_that_is_not_utf_8() {
    let place = Place::empty();
    std::fs::write(place.path("users.jsonl"), b"{\"realm\":\"/alpha\",\"username\":\"\xff\"}\n")
        .unwrap();
    place.run(&["import", "users.jsonl"]).assert_failed(1, "line 1: line: not UTF-8");
}

/// Names are compared without regard to case, and an `_id` belongs to one user.
#[test]
fn names_of_somebody_else() {
    let user = |username: &str, user_id: &str, kind: &str| {
        let device = r#"{"uuid":"a","credentialId":"b"}"#;
        format!(
            r#"{{"realm":"/alpha","username":"{username}","user_id":"{user_id}","devices":{{"{kind}":[{device}]}}}}"#
        )
    };
    for (second, reason) in [
        (user("ALICE", "id-2", "oath"), "the name `ALICE` belongs to another user"),
        (user("ALICE", "id-2", "webauthn"), "the name `ALICE` belongs to another user"),
        (user("bob", "ID-1", "webauthn"), "the name `ID-1` belongs to another user"),
    ] {
        // Not even overwriting hands a user's devices to another one.
        for flags in [&[][..], &["--replace"]] {
            let place = Place::empty();
            import(&place, &user("alice", "id-1", "webauthn"), &[]);
            let before = place.export();
            import(&place, &second, flags).assert_failed(1, reason);
            assert_eq!(place.export(), before);
        }
    }
}

/// An export without `--secrets` is not a backup: sets that lack a secret are left out, named, and the import fails.
#[test]
fn empty_secrets_are_refused() {
    let place = Place::with_users();
    let without = place.run(&["export"]).done();
    for flags in [&[][..], &["--dry-run"], &["--replace"]] {
        let restored = Place::empty();
        let ended = import(&restored, &without, flags);
        assert_eq!((ended.code, outcome(&ended)[3]), (1, 6), "{ended:?}");
        let said = "an export without --secrets is not a backup, and this set was left out";
        assert_eq!(ended.stderr.matches(said).count(), 6, "{ended:?}");
        assert!(!restored.export().contains("sharedSecret"));
    }
    // Those who have their secrets keep them.
    let before = place.export();
    assert_eq!(import(&place, &without, &["--replace"]).code, 1);
    let secrets = |export: &str| export.matches("\"sharedSecret\":").count();
    assert_eq!(secrets(&place.export()), secrets(&before));
    assert!(!place.export().contains("\"sharedSecret\":\"\""));
}

/// A user with one WebAuthn device of that id.
fn with_device(username: &str, user_id: &str, device: &str) -> String {
    let device = format!(
        r#"{{"uuid":"{device}","credentialId":"{device}","createdDate":1,"lastAccessDate":2}}"#
    );
    format!(
        r#"{{"realm":"/alpha","username":"{username}","user_id":"{user_id}","devices":{{"webauthn":[{device}]}}}}"#
    )
}

/// Many threads read and many users are under way, and still everything is said in the order of the lines.
#[test]
fn what_is_said_comes_in_the_order_of_the_lines() {
    let place = Place::empty();
    import(&place, &with_device("stored", "stored", "old"), &[]);
    let mut lines = Vec::new();
    let mut expected = Vec::new();
    for number in 1..=3_000 {
        let name = format!("user-{number}");
        let line = match number % 5 {
            0 => "{".to_owned(),
            1 => with_device(&name, &name, "a").replace("webauthn", "totp"),
            2 => with_device(&name, "stored", "a"),
            3 => with_device("stored", "stored", "new"),
            _ => with_device(&name, &name, "a"),
        };
        lines.push(line);
        if number % 5 != 4 {
            expected.push(number);
        }
    }
    let ended = import(&place, &lines.join("\n"), &[]);
    assert_eq!(ended.code, 1);
    assert_eq!(outcome(&ended), [600, 600 * 15, 600, 1_800], "{:?}", ended.stdout);
    let number = |said: &str| -> u64 {
        let said = said.strip_prefix("line ").and_then(|said| said.split_once(':'));
        said.unwrap_or_else(|| panic!("{said:?}")).0.parse().unwrap()
    };
    assert_eq!(ended.stderr.lines().map(number).collect::<Vec<_>>(), expected);
}

/// What a line does is what it would do if the lines before it were stored already, also if they stand right before it.
#[test]
fn a_user_given_twice() {
    let first = with_device("alice", "id-1", "a");
    let nothing = r#"{"realm":"/alpha","username":"alice","user_id":"id-1"}"#;
    for (second, code, counted, said) in [
        (first.clone(), 0, [1, 11, 0, 0], ""),
        (with_device("alice", "id-1", "b"), 4, [1, 10, 1, 0], "webauthn of `alice`: differs"),
        (nothing.to_owned(), 4, [1, 5, 1, 0], "webauthn of `alice`: differs"),
        (with_device("alice", "id-2", "a"), 1, [1, 10, 0, 1], "`alice` belongs to another user"),
        (with_device("bob", "ID-1", "a"), 1, [1, 10, 0, 1], "`ID-1` belongs to another user"),
    ] {
        let place = Place::empty();
        let ended = import(&place, &[&*first, &second].join("\n"), &[]);
        assert_eq!((ended.code, outcome(&ended)), (code, counted), "{second}: {ended:?}");
        assert!(said.is_empty() || ended.stderr.starts_with("line 2: "), "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
        assert_eq!(place.export().lines().count(), 1);
        let apart = Place::empty();
        import(&apart, &first, &[]);
        import(&apart, &second, &[]);
        assert_eq!(place.export(), apart.export(), "{second}");
    }
    let place = Place::empty();
    let replaced = [&*first, &with_device("alice", "id-1", "b"), &first].join("\n");
    let ended = import(&place, &replaced, &["--replace"]);
    assert_eq!((ended.code, outcome(&ended)), (0, [3, 15, 0, 0]), "{ended:?}");
    assert!(place.export().contains(r#""uuid":"a""#), "the last one counts");
}

/// The import ends at a line that is too long; what stands before it is in, and nothing of what stands behind it.
#[test]
fn a_line_that_is_too_long() {
    let place = Place::empty();
    let mut lines: String = (1..=1_000)
        .map(|number| with_device(&format!("user-{number}"), &format!("user-{number}"), "a") + "\n")
        .collect();
    lines.push_str(&"x".repeat(LINE_BYTES_MAX + 1));
    lines.push('\n');
    lines.push_str(&with_device("behind", "behind", "a"));
    import(&place, &lines, &[]).assert_failed(1, "line 1001: longer than 33554432 bytes");
    let export = place.export();
    assert_eq!((export.lines().count(), export.contains("behind")), (1_000, false));
}
