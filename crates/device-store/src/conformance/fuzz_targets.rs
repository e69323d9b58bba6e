//! What the fuzzer calls, as plain functions, so that an ordinary test can replay its corpus. Each panics if something does not hold for the bytes.

use std::str;

use device_core::profile::{write_listed, write_profile};
use device_core::rules::{self, OnRetired};
use device_core::strategies::{full_profile, refresh_body, sign};
use device_core::{
    DeviceId, DeviceKind, DeviceSet, Devices, Draft, Facts, Realm, RefreshMessage, Revision,
    SetKey, Show, Username,
};

use super::fixtures::{User, moment};
use crate::codec::{
    CHECKSUM_AT, FORMAT, HEADER_BYTES, checksum, decode_alias, decode_change, decode_set,
    encode_alias, encode_change, encode_set, set_revision,
};

/// Bytes as the body of a refresh request; and, so that the fuzzer gets beyond the signature, their lines as header and claims of a genuine message.
pub fn push_message(bytes: &[u8]) {
    if let Ok(message) = RefreshMessage::parse(bytes) {
        assert!(!message.is_signed_with(None), "nobody's key signs nothing");
        assert!(!format!("{message:?}").contains("device_token"));
        assert_eq!(message.digest(), RefreshMessage::parse(bytes).unwrap().digest());
    }
    let Some((header, claims)) = str::from_utf8(bytes).ok().and_then(|text| text.split_once('\n'))
    else {
        return;
    };
    let set = set_with_a_phone();
    let Facts::Push(phone) = &set.devices[0].facts else { return };
    let body = refresh_body(
        phone.mechanism_uid.as_deref().unwrap(),
        "bjensen",
        &sign(&[7; 32], header, claims),
    );
    let Ok(message) = RefreshMessage::parse(body.as_bytes()) else { return };
    let step = rules::refresh(&set, &message, OnRetired::Reject, moment()).unwrap();
    let Some(write) = step.write else { return };
    let Facts::Push(refreshed) = &write.next.devices[0].facts else {
        panic!("the kind has changed")
    };
    assert_eq!(refreshed.device_token.as_deref(), Some(&*message.device_token));
    assert_eq!(refreshed.shared_secret, phone.shared_secret);
    let again = rules::refresh(&write.next, &message, OnRetired::Reject, moment()).unwrap();
    assert_eq!(again.write, None, "the same message again changes nothing");
}

/// Bytes as a stored profile of every kind: what was read and written is read again, and then written alike.
pub fn profile(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for kind in DeviceKind::ALL {
        let Ok(draft) = Draft::parse(kind, text) else { continue };
        let written = write(kind, draft, Show::Stored);
        let again =
            Draft::parse(kind, &written).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(write(kind, again.clone(), Show::Stored), written);
        for show in [Show::StoredWithoutSecrets, Show::Answer, Show::AnswerRedacted] {
            is_json(&write(kind, again.clone(), show));
        }
    }
}

/// Bytes as a record, as they are and with a header that fits them: what can be decoded is decoded alike when it is encoded again.
pub fn record(bytes: &[u8]) {
    const KEY: &[u8] = b"alpha\0bjensen\0\x01";
    check_record(KEY, bytes);
    let (revision, body) = bytes.split_at(bytes.len().min(8));
    let mut sealed = vec![FORMAT, 0, 0, 0, 0];
    sealed.extend_from_slice(revision);
    sealed.resize(HEADER_BYTES, 0);
    sealed.extend_from_slice(body);
    let checksum = checksum(KEY, &sealed);
    sealed[CHECKSUM_AT..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    check_record(KEY, &sealed);
}

/// Bytes as a key, and as the names that a key is made of.
pub fn set_key(bytes: &[u8]) {
    if let Some(key) = SetKey::from_bytes(bytes) {
        assert_eq!(key.as_bytes(), bytes);
        let (realm, username, kind) = key.parts().unwrap();
        assert_eq!(SetKey::new(&realm, &Username::parse(username).unwrap(), kind), key);
        assert_eq!(key.kind(), kind);
        assert!(!key.to_string().is_empty());
    }
    let Some((realm, username)) = str::from_utf8(bytes).ok().and_then(|text| text.split_once('\n'))
    else {
        return;
    };
    let (Ok(realm), Ok(username)) = (Realm::parse(realm), Username::parse(username)) else {
        return;
    };
    for kind in DeviceKind::ALL {
        let key = SetKey::new(&realm, &username, kind);
        assert_eq!(SetKey::from_bytes(key.as_bytes()), Some(key.clone()));
        let (again, folded, same_kind) = key.parts().unwrap();
        assert_eq!((again, same_kind), (realm.clone(), kind));
        assert!(username.matches(folded));
    }
}

fn check_record(key: &[u8], record: &[u8]) {
    if let Ok(set) = decode_set(key, record) {
        let again = encode_set(key, &set).unwrap();
        assert_eq!(set_revision(key, record), Ok(set.revision));
        for device in &set.devices {
            write_profile(&mut String::new(), DeviceKind::Push, device, Show::AnswerRedacted);
        }
        assert_eq!(decode_set(key, &again), Ok(set));
    }
    if let Ok(username) = decode_alias(key, record) {
        assert_eq!(decode_alias(key, &encode_alias(key, &username)), Ok(username));
    }
    if let Ok(change) = decode_change(key, record) {
        assert_eq!(decode_change(key, &encode_change(key, &change)), Ok(change));
    }
}

fn write(kind: DeviceKind, draft: Draft, show: Show) -> String {
    let id = draft.id.clone().unwrap_or_else(|| DeviceId::parse("id").unwrap());
    let device = draft.into_device(id, Revision::from_record(1), 1_000);
    let mut listed = String::from("{");
    write_listed(&mut listed, kind, &device);
    listed.push('}');
    is_json(&listed);
    let mut written = String::from("{");
    write_profile(&mut written, kind, &device, show);
    written.push('}');
    written
}

fn is_json(text: &str) {
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
}

/// A set with one phone, whose key is 32 times the byte 7.
fn set_with_a_phone() -> DeviceSet {
    let draft = Draft::parse(DeviceKind::Push, &full_profile(DeviceKind::Push)).unwrap();
    let id = DeviceId::parse("phone").unwrap();
    DeviceSet {
        revision: Revision::from_record(1),
        owner: Some(User::named("/a", "bjensen").owner),
        devices: Devices::from_iter([draft.into_device(id, Revision::from_record(1), 1_000)]),
        ..DeviceSet::default()
    }
}
