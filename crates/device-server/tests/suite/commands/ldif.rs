//! `devreg import` of what a directory exports.
//!
//! `export.ldif` has a handful of users with every oddity, and `expected.jsonl` what must become of it; the encrypted values were made by openssl (`make-jwe`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use device_core::DeviceKind;
use serde_json::{Value, json};

use crate::place::{Ended, Place};

const EXPORT: &str = include_str!("../ldif/export.ldif");
const EXPECTED: &str = include_str!("../ldif/expected.jsonl");

const ALPHA: &str = "ou=people,dc=alpha,ou=identities=/alpha:fr-idm-uuid";
const EUROPE: &str = "OU=people, dc=europe,dc=customers,ou=identities=/customers/europe:uid";

/// What cannot be read of it: line and attribute.
const REJECTED: [(u64, &str); 15] = [
    (103, "oathDeviceProfiles"),
    (104, "oathDeviceProfiles"),
    (109, "pushDeviceProfiles"),
    (112, "boundDevices"),
    (130, "boundDevices"),
    (140, "webauthnDeviceProfiles"),
    (141, "webauthnDeviceProfiles"),
    (147, "deviceProfiles"),
    (148, "push2faEnabled"),
    (149, "description;lang-en;lang-EN"),
    (166, "oathDeviceProfiles"),
    (179, "entry"),
    (187, "entry"),
    (194, "uid"),
    (203, "uid"),
];

/// The same of the large export that lies beside the project.
const REJECTED_BESIDE: [(u64, &str); 13] = [
    (177, "webauthnDeviceProfiles"),
    (1079, "webauthnDeviceProfiles"),
    (1788, "oathDeviceProfiles"),
    (2181, "oathDeviceProfiles"),
    (2545, "pushDeviceProfiles"),
    (3092, "pushDeviceProfiles"),
    (3151, "boundDevices"),
    (3461, "oathDeviceProfiles"),
    (3838, "webauthnDeviceProfiles"),
    (4407, "pushDeviceProfiles"),
    (6319, "oathDeviceProfiles"),
    (7753, "oathDeviceProfiles"),
    (8045, "pushDeviceProfiles"),
];

/// Where the large export is, seen from the workspace. It is no part of the project.
const BESIDE: &str = "../shared/data";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/ldif").join(name)
}

fn import(place: &Place, ldif: impl AsRef<[u8]>, flags: &[&str]) -> Ended {
    let fixed = ["import", "--output", "json", "--format", "ldif", "--map", ALPHA, "--map", EUROPE];
    place.run_on_bytes(ldif.as_ref(), &[&fixed, flags, &["-"]].concat())
}

/// Exit code; sets written, unchanged, left alone; what is rejected.
fn outcome(ended: &Ended) -> (i32, [u64; 4]) {
    let counts: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let names = ["written", "unchanged", "left_alone", "rejected"];
    (ended.code, names.map(|name| counts[name].as_u64().unwrap()))
}

/// Lines and attributes of the messages that name something that was rejected.
fn rejected(ended: &Ended) -> Vec<(u64, String)> {
    let message = |line: &str| {
        let (number, rest) = line.strip_prefix("line ")?.split_once(": ")?;
        let (what, _) = rest.split_once(": ")?;
        Some((number.parse().ok()?, what.to_owned()))
    };
    let is_attribute = |(_, what): &(u64, String)| !what.contains([' ', '`']);
    ended.stderr.lines().filter_map(message).filter(is_attribute).collect()
}

fn owned(rejected: &[(u64, &str)]) -> Vec<(u64, String)> {
    rejected.iter().map(|(line, what)| (*line, (*what).to_owned())).collect()
}

/// Users by realm and name; devices by id, since the values of an attribute have no order; what is not set is left out.
fn users(lines: &str) -> BTreeMap<(String, String), Value> {
    let user = |line: &str| {
        let mut user: Value = serde_json::from_str(line).unwrap();
        let name = |member: &str| user[member].as_str().unwrap().to_owned();
        let key = (name("realm"), name("username"));
        for kind in DeviceKind::ALL {
            let devices = user["devices"][kind.row().name].as_array_mut().unwrap();
            devices.sort_by_key(|device| device[kind.row().id_member].to_string());
        }
        let mut skip = user["skip"].take();
        if let Some(skip) = skip.as_object_mut() {
            skip.retain(|_, setting| setting != "not_set");
        }
        user["skip"] =
            if skip.as_object().is_none_or(serde_json::Map::is_empty) { Value::Null } else { skip };
        (key, user)
    };
    lines.lines().map(user).collect()
}

/// Compares an export with what is expected of it; a date that is expected to be `null` may be any one time.
fn assert_expected(export: &str, expected: &str) {
    let (users, mut expected) = (users(export), users(expected));
    for (key, expected) in &mut expected {
        let user = users.get(key).unwrap_or_else(|| panic!("{key:?} is missing"));
        for kind in DeviceKind::ALL.map(|kind| kind.row().name) {
            let given = user["devices"][kind].as_array().unwrap();
            let devices = expected["devices"][kind].as_array_mut().unwrap();
            for (device, given) in devices.iter_mut().zip(given) {
                for date in ["createdDate", "lastAccessDate"] {
                    if device.get(date) == Some(&Value::Null) {
                        assert!(given[date].as_u64().unwrap() > 1_700_000_000_000);
                        assert_eq!(given["createdDate"], given["lastAccessDate"]);
                        device[date] = given[date].clone();
                    }
                }
            }
        }
    }
    assert_eq!(users, expected);
}

/// Importing once brings in what is expected, importing again writes nothing.
fn assert_imported(
    place: &Place,
    export: &Path,
    flags: &[&str],
    expected: &str,
    rejects: &[(u64, &str)],
) {
    let arguments = |flags: &[&str]| -> Vec<String> {
        let fixed = ["import", "--output", "json", "--map", ALPHA, "--map", EUROPE];
        let export = export.to_str().unwrap();
        fixed.iter().chain(flags).chain([&export]).map(|text| (*text).to_owned()).collect()
    };
    let run = |flags: &[&str]| {
        let arguments = arguments(flags);
        place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let trial = run(&[flags, &["--dry-run"]].concat());
    assert_eq!(place.export(), "");
    let first = run(flags);
    assert_eq!((trial.code, &trial.stdout, &trial.stderr), (1, &first.stdout, &first.stderr));
    assert_eq!((first.code, rejected(&first)), (1, owned(rejects)), "{first:?}");
    let counts: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!(counts["rejected"], rejects.len());
    assert_eq!(counts["users"], expected.lines().count());
    let stored = place.export();
    assert_expected(&stored, expected);
    for again in [&[][..], &["--replace"], &["--dry-run"]] {
        let ended = run(&[flags, again].concat());
        let (code, [written, _, left_alone, _]) = outcome(&ended);
        assert_eq!((code, written, left_alone), (1, 0, 0), "{ended:?}");
        assert_eq!(place.export(), stored);
    }
}

#[test]
fn a_small_export() {
    let place = Place::empty();
    let key = file("key.pem");
    let flags = ["--jwe-key", key.to_str().unwrap()];
    assert_imported(&place, &file("export.ldif"), &flags, EXPECTED, &REJECTED);
    let ended = import(&place, EXPORT, &flags);
    assert!(
        ended.stderr.contains("line 210: entries with devices below no base of a --map"),
        "{ended:?}"
    );
    assert!(!ended.stderr.contains("canary"), "{ended:?}");
    assert!(place.export().contains(r#"{"nested":[null,9007199254740993,{"a":1.5}],"null":null}"#));
    // With returns at the ends of its lines it is the same.
    let elsewhere = Place::empty();
    let ended = import(&elsewhere, EXPORT.replace('\n', "\r\n"), &flags);
    assert_eq!(rejected(&ended), owned(&REJECTED));
    assert_expected(&elsewhere.export(), EXPECTED);
}

/// The large export with its expectation, where they lie beside the project.
#[test]
fn the_export_beside_the_project() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(BESIDE);
    let Ok(expected) = std::fs::read_to_string(folder.join("am-export.expected.jsonl")) else {
        return;
    };
    let key = folder.join("jwe-private-key.der");
    let flags = ["--jwe-key", key.to_str().unwrap()];
    let place = Place::empty();
    assert_imported(&place, &folder.join("am-export.ldif"), &flags, &expected, &REJECTED_BESIDE);
    // The interchange lines of the same users are the same sets.
    let lines = place.run_on(&expected, &["import", "--output", "json", "-"]);
    assert_eq!(outcome(&lines), (0, [0, 6 * expected.lines().count() as u64, 0, 0]));
}

fn device(uuid: &str, name: &str) -> String {
    format!(
        r#"webauthnDeviceProfiles: {{"uuid":"{uuid}","deviceName":"{name}","credentialId":"c"}}"#
    )
}

/// An entry of `/alpha` with these lines.
fn entry(name: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!(
        "dn: fr-idm-uuid={name},ou=people,dc=alpha,ou=identities\nfr-idm-uuid: {name}\n{lines}\n"
    )
}

/// An old export must not roll back what happened since, nor revive what was deleted.
#[test]
fn an_older_export() {
    let place = Place::empty();
    let (old, new) = (device("1", "old"), device("1", "new"));
    let other = device("2", "other");
    let newer = [entry("a", &[&new]), entry("b", &[]), entry("c", &[&new])].concat();
    let older = [entry("a", &[&old, &other]), entry("b", &[]), entry("c", &[])].concat();
    assert_eq!(outcome(&import(&place, &newer, &[])), (0, [2, 10, 0, 0]));
    let stored = place.export();
    let ended = import(&place, &older, &[]);
    assert_eq!(outcome(&ended), (4, [0, 5, 2, 0]));
    for message in ["line 1: webauthn of `a`: differs", "line 9: webauthn of `c`: differs"] {
        assert!(ended.stderr.contains(message), "{ended:?}");
    }
    assert_eq!(place.export(), stored);
    assert_eq!(outcome(&import(&place, &older, &["--replace"])), (0, [2, 5, 0, 0]));
    let export = place.export();
    assert!(export.contains("\"old\"") && export.lines().count() == 1, "{export}");
}

/// Who forgets the key does not lose what is stored.
#[test]
fn a_part_of_a_set_replaces_nothing() {
    let place = Place::empty();
    let key = file("key.pem");
    import(&place, EXPORT, &["--jwe-key", key.to_str().unwrap()]);
    let stored = place.export();
    let ended = import(&place, EXPORT, &["--replace"]);
    let (code, [written, _, left_alone, _]) = outcome(&ended);
    assert_eq!((code, written, left_alone), (1, 0, 2), "{ended:?}");
    assert!(ended.stderr.contains("boundDevices: encrypted, and no key was given"), "{ended:?}");
    assert!(ended.stderr.contains("left alone, for not all of it could be read"), "{ended:?}");
    assert_eq!(place.export(), stored);
}

#[test]
fn what_is_malformed_is_named_by_its_line() {
    let good = |name| entry(name, &[&device("1", "good")]);
    let whole = entry("u", &[&device("2", "bad")]);
    let bytes = |text: &str| text.as_bytes().to_vec();
    for (bad, said, remains) in [
        (
            bytes(whole.trim_end().trim_end_matches('}')),
            "line 7: entry: the file ends in the middle of a line",
            false,
        ),
        (bytes("\0\0\0\0\n\n"), "line 5: entry: not a line of an LDIF file", false),
        (
            [bytes(whole.trim_end()), bytes("\n\0\0\0\n\n")].concat(),
            "line 8: entry: not a line",
            false,
        ),
        (
            bytes(&entry("u", &[&device("2", "bad\0")])),
            "line 7: webauthnDeviceProfiles: contains a NUL",
            false,
        ),
        (
            [&bytes(&whole[..whole.len() - 25])[..], b"\xfc\"}\n\n"].concat(),
            "line 7: webauthnDeviceProfiles: not UTF-8",
            false,
        ),
        (
            bytes(&entry("u", &["description;lang-en;lang-en: x", &device("2", "bad")])),
            "line 7: description;lang-en;lang-en: an attribute option",
            true,
        ),
        (
            bytes(&entry("u", &["webauthnDeviceProfiles:: eyJ1dWlkIjoi"])),
            "line 7: webauthnDeviceProfiles: not a JSON object",
            false,
        ),
        (
            bytes(&entry("u", &["webauthnDeviceProfiles:: eyJ1dWlkIj"])),
            "line 7: webauthnDeviceProfiles: not Base64",
            false,
        ),
        (bytes(&entry("u\\z", &[&device("2", "bad")])), "line 5: dn: a `\\`", false),
        (
            bytes(&whole.replace("fr-idm-uuid: u", "fr-idm-uuid: \u{7}")),
            "line 6: fr-idm-uuid: must not contain control",
            false,
        ),
    ] {
        let place = Place::empty();
        let ended = import(&place, [good("first").as_bytes(), &bad].concat(), &[]);
        ended.assert_failed(1, said);
        assert_eq!(outcome(&ended).1[3], 1, "{ended:?}");
        let export = place.export();
        assert_eq!((export.contains("good"), export.contains("bad")), (true, remains), "{said}");
        if !said.contains("file ends") {
            let place = Place::empty();
            let ended = import(&place, [&bad, good("last").as_bytes()].concat(), &[]);
            assert_eq!((ended.code, place.export().contains("good")), (1, true), "{said}");
        }
    }
}

/// A whole version of the format that is not known, and files that are something else.
#[test]
fn files_that_are_no_export() {
    for (content, said) in [
        ("version: 2\n\ndn: uid=a\n\n", "line 1: entry: only version 1 of LDIF"),
        ("{\"realm\":\"/alpha\"}\n", "line 1: entry: not a line of an LDIF file"),
        ("\u{feff}dn: uid=a\n\n", "line 1: entry: not a line of an LDIF file"),
    ] {
        let ended = import(&Place::empty(), content, &[]);
        ended.assert_failed(1, said);
    }
    let ended = import(&Place::empty(), "", &[]);
    ended.assert_failed(
        0,
        "--map ou=people,dc=alpha,ou=identities=/alpha:fr-idm-uuid: no entry is below this base",
    );
    let cut = entry("u", &[]);
    let ended = import(&Place::empty(), cut.trim_end().to_owned() + "\n", &[]);
    ended.assert_failed(0, "line 1: the file ends with this entry, without an empty line");
}

/// It comes through a pipe and is never in memory.
#[test]
fn a_line_of_100_megabytes() {
    use std::io::Write as _;
    let good = entry("good", &[&device("1", "good")]);
    for start in ["webauthnDeviceProfiles: ", "webauthnDeviceProfiles:: ", ""] {
        let place = Place::empty();
        let mut command =
            place.command(&["import", "--output", "json", "--format", "ldif", "--map", ALPHA, "-"]);
        command.stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let before = entry("long", &[&device("1", "before")]);
        pipe.write_all(before.trim_end().as_bytes()).unwrap();
        pipe.write_all(format!("\n{start}").as_bytes()).unwrap();
        for _ in 0..100 {
            pipe.write_all(&vec![b'A'; 1024 * 1024]).unwrap();
        }
        pipe.write_all(format!("\n\n{good}").as_bytes()).unwrap();
        drop(pipe);
        let ended = Ended::of(child.wait_with_output().unwrap());
        ended.assert_failed(1, "longer than 1048576 bytes");
        assert!(ended.stderr.starts_with("line 4: "), "{ended:?}");
        let export = place.export();
        // A value is lost, or the entry as a whole.
        assert_eq!(
            (export.contains("\"good\""), export.contains("before")),
            (true, !start.is_empty())
        );
    }
}

#[test]
fn flags_and_formats() {
    let place = Place::empty();
    std::fs::write(place.path("users.LDIF"), entry("a", &[&device("1", "x")])).unwrap();
    std::fs::write(place.path("users.txt"), entry("a", &[&device("1", "x")])).unwrap();
    std::fs::write(place.path("lines.ldif"), EXPECTED).unwrap();
    place.run(&["import", "users.LDIF"]).assert_failed(2, "at least one --map");
    place.run(&["import", "--map", ALPHA, "users.txt"]).assert_failed(2, "--format ldif");
    place.run(&["import", "--map", "alpha", "users.LDIF"]).assert_failed(2, "BASE=REALM:ATTRIBUTE");
    place
        .run(&[
            "import",
            "--map",
            ALPHA,
            "--map",
            &ALPHA.to_uppercase().replace("/ALPHA", "/b"),
            "users.LDIF",
        ])
        .assert_failed(2, "another --map");
    for (key, said) in
        [("nothing.pem", "nothing.pem: "), ("users.txt", "users.txt: has no private key")]
    {
        place
            .run(&["import", "--map", ALPHA, "--jwe-key", key, "users.LDIF"])
            .assert_failed(1, said);
    }
    assert!(!place.path("data").exists(), "nothing is opened before the flags are good");
    place.run(&["import", "--format", "jsonl", "lines.ldif"]).done();
    let counts = place
        .run(&["import", "--output", "json", "--format", "ldif", "--map", ALPHA, "users.txt"])
        .done();
    let devices =
        json!({"oath": 0, "push": 0, "webauthn": 1, "binding": 0, "profile": 0, "trusted": 0});
    assert_eq!(serde_json::from_str::<Value>(&counts).unwrap()["devices"], devices);
}
