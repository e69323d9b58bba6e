//! Records of every format ever written can be read, byte for byte as they are in `golden/`.
//!
//! `DEVREG_WRITE_GOLDEN=1` writes the files of the current format. A file that changes is a new format: it needs a new number, and the old files stay.

use std::path::{Path, PathBuf};
use std::{env, fs};

use device_core::{
    Action, Change, DeviceChange, DeviceChanges, DeviceId, DeviceKind, DeviceName, DeviceSet,
    Draft, Facts, Owner, Realm, Revision, Skip, UserId, Username, What,
};
use device_store::codec::{
    DecodeError, decode_alias, decode_change, decode_set, encode_alias, encode_change, encode_set,
};
use uuid::Uuid;

const KEY: &[u8] = b"alpha\0bjensen\0\x01";

/// One device of each kind with all its members and an unknown one. Literal, because these are what the files say.
const PROFILES: [(DeviceKind, &str); 6] = [
    (
        DeviceKind::Oath,
        r#"{"uuid":"3f2a","recoveryCodes":["kc1AFjBHpZ","{SCRYPT}aGFzaA=="],"createdDate":1749572704744,"lastAccessDate":1749572704745,
            "sharedSecret":"6Q==","deviceName":"OATH Device","lastLogin":58319090,"counter":18446744073709551615,"checksumDigit":false,
            "truncationOffset":-1,"clockDriftSeconds":-30,"unknown":9007199254740993}"#,
    ),
    (
        DeviceKind::Push,
        r#"{"uuid":"4a","recoveryCodes":[],"createdDate":1,"lastAccessDate":2,"sharedSecret":"olVsCC00XtifveplR0fI7ZeE3r0i3ei+lERaPESSoPg=",
            "deviceName":"Téléphone","communicationId":"arn:aws:sns:1","communicationType":"gcm","deviceId":"token","deviceMechanismUID":"6B3E",
            "deviceType":"android","issuer":"example","_refreshes":{"current":"AAECAwQFBgcICQoLDA0ODw","retired":["_____________________w"],
            "issuedAt":1749572704},"unknown":{"a":[null,1.50]}}"#,
    ),
    (
        DeviceKind::WebAuthn,
        r#"{"uuid":"5b","recoveryCodes":[],"createdDate":1,"lastAccessDate":2,"credentialId":"XGJpYNYv4AHG9sHHgxFfTw","algorithm":"ES256",
            "deviceName":"New Security Key","signCount":7,"key":{"kty":"EC","x":"x"},"unknown":"\u00e9"}"#,
    ),
    (
        DeviceKind::Binding,
        r#"{"uuid":"6c","recoveryCodes":[],"createdDate":1,"lastAccessDate":2,"deviceId":"0bd4","deviceName":"Pixel","signCount":0,
            "key":{"kty":"RSA"},"unknown":true}"#,
    ),
    (
        DeviceKind::Profile,
        r#"{"identifier":"7d","metadata":{"platform":{"version":30}},"location":{"latitude":59.3},"lastSelectedDate":1749572704744,
            "alias":"Phone","recoveryCodes":[],"unknown":[]}"#,
    ),
    (
        DeviceKind::Trusted,
        r#"{"uuid":"8e","name":"Browser","selectionCounter":3,"lastSelectedDate":1749572704744,"devicePrint":{"fonts":"a;b"},"unknown":0}"#,
    ),
];

/// What a golden file holds.
#[derive(Debug, PartialEq)]
enum Record {
    Set(DeviceSet),
    Alias(Username),
    Change(Change),
}

impl Record {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Set(set) => encode_set(KEY, set).unwrap(),
            Self::Alias(username) => encode_alias(KEY, username),
            Self::Change(change) => encode_change(KEY, change),
        }
    }

    /// Decodes bytes as a record of the same sort.
    fn decode_alike(&self, key: &[u8], bytes: &[u8]) -> Result<Self, DecodeError> {
        match self {
            Self::Set(_) => decode_set(key, bytes).map(Self::Set),
            Self::Alias(_) => decode_alias(key, bytes).map(Self::Alias),
            Self::Change(_) => decode_change(key, bytes).map(Self::Change),
        }
    }
}

fn owner() -> Owner {
    Owner {
        username: Username::parse("BJensen").unwrap(),
        user_id: UserId::parse("014c54bd-6078-4639-8316-8ce0e7746fa4").unwrap(),
    }
}

fn records() -> Vec<(String, Record)> {
    let mut records = vec![
        ("alias".to_owned(), Record::Alias(Username::parse("BJensen").unwrap())),
        ("alias-unicode".to_owned(), Record::Alias(Username::parse("Zoë \u{1f600}").unwrap())),
        ("set-empty".to_owned(), Record::Set(set(DeviceKind::Oath, &[], Skip::NotSet))),
    ];
    for (kind, profile) in PROFILES {
        let least = match kind {
            DeviceKind::WebAuthn => r#"{"uuid":"9f","credentialId":"AA"}"#,
            DeviceKind::Binding => r#"{"uuid":"9f","deviceId":"AA"}"#,
            DeviceKind::Profile => r#"{"identifier":"9f"}"#,
            _ => r#"{"uuid":"9f"}"#,
        };
        let skip = if kind == DeviceKind::Push { Skip::Skippable } else { Skip::NotSkippable };
        records.push((format!("set-{kind}"), Record::Set(set(kind, &[profile, least], skip))));
    }
    let devices = Action::ALL.into_iter().map(|action| DeviceChange {
        id: DeviceId::parse("3f2a").unwrap(),
        name: DeviceName::parse("OATH Device").unwrap(),
        action,
    });
    let revision = Revision::from_record(163_664_231);
    let all = What::Set {
        kind: DeviceKind::Oath,
        revision,
        devices: devices.collect(),
        skip: Some(Skip::NotSkippable),
    };
    let least = What::Set {
        kind: DeviceKind::Trusted,
        revision,
        devices: DeviceChanges::new(),
        skip: None,
    };
    let reason = Some("lost phone");
    for (name, what, reason) in
        [("set", all, reason), ("set-least", least, None), ("purged", What::Purged, None)]
    {
        records.push((format!("change-{name}"), Record::Change(change(what, reason))));
    }
    records
}

fn set(kind: DeviceKind, profiles: &[&str], skip: Skip) -> DeviceSet {
    let devices = profiles.iter().zip(1..).map(|(json, number)| {
        let draft = Draft::parse(kind, json).unwrap();
        let id = draft.id.clone().unwrap();
        draft.into_device(id, Revision::from_record(163_664_230 + number), 1_749_572_704_744)
    });
    DeviceSet {
        revision: Revision::from_record(163_664_232),
        owner: Some(owner()),
        skip,
        devices: devices.collect(),
    }
}

fn change(what: What, reason: Option<&str>) -> Change {
    Change {
        id: Uuid::from_u128(0x014c_54bd_6078_4639_8316_8ce0_e774_6fa4),
        at_ms: 1_749_572_704_744,
        actor: "amadmin".into(),
        request_id: reason.map(|_| "b1946ac9".into()),
        reason: reason.map(Into::into),
        realm: Realm::parse("/alpha").unwrap(),
        username: owner().username,
        what,
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/format-1").join(name)
}

#[test]
fn golden_records_are_read_and_written_byte_for_byte() {
    let write = env::var_os("DEVREG_WRITE_GOLDEN").is_some();
    for (name, record) in records() {
        if write {
            fs::create_dir_all(file("")).unwrap();
            fs::write(file(&name), record.encode()).unwrap();
        }
        let bytes = fs::read(file(&name)).unwrap();
        assert_eq!(record.decode_alike(KEY, &bytes).as_ref(), Ok(&record), "{name}");
        assert_eq!(record.encode(), bytes, "{name}");
    }
    let files = fs::read_dir(file("")).unwrap().count();
    assert_eq!(files, records().len(), "a golden file that no test reads");
}

#[test]
fn the_golden_push_device_remembers_its_refreshes() {
    let (_, json) = PROFILES[1];
    let Facts::Push(push) = Draft::parse(DeviceKind::Push, json).unwrap().facts else { panic!() };
    assert_eq!(
        push.refreshes.current,
        Some([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    );
    assert_eq!(push.refreshes.retired, [[0xff; 16]]);
}

#[test]
fn every_flipped_bit_and_every_truncation_is_an_error() {
    for (name, record) in records() {
        let bytes = record.encode();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                assert!(
                    record.decode_alike(KEY, &damaged).is_err(),
                    "{name}, byte {at}, bit {bit}"
                );
            }
            let mut replaced = bytes.clone();
            replaced[at] = !replaced[at];
            assert!(record.decode_alike(KEY, &replaced).is_err(), "{name}, byte {at}");
            assert!(record.decode_alike(KEY, &bytes[..at]).is_err(), "{name}, {at} bytes");
        }
        for more in [0, 1, 0xff] {
            let longer = [bytes.as_slice(), &[more]].concat();
            assert!(record.decode_alike(KEY, &longer).is_err(), "{name}, one byte more");
        }
    }
}

#[test]
fn a_record_under_another_key_is_refused() {
    for (name, record) in records() {
        let bytes = record.encode();
        for key in
            [&b""[..], b"alpha\0bjensen\0\x02", b"bravo\0bjensen\0\x01", b"alpha\0bjensen\0\x01\0"]
        {
            assert_eq!(record.decode_alike(key, &bytes), Err(DecodeError::Checksum), "{name}");
        }
    }
}
