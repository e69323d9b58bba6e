//! Records of arbitrary sets: a full round trip, and no other data from a damaged one.

use device_core::strategies::{device_set, owner, realm};
use device_core::{DeviceKind, DeviceSet, SetKey};
use device_store::codec::{
    DecodeError, FORMAT, HEADER_BYTES, RECORD_BYTES_MAX, decode_alias, decode_change, decode_set,
    encode_alias, encode_set, set_revision,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn any_set() -> impl Strategy<Value = DeviceSet> {
    select(&DeviceKind::ALL[..]).prop_flat_map(device_set)
}

proptest! {
    #[test]
    fn a_set_comes_back_as_it_was(set in any_set(), key in "[a-z]{0,8}") {
        let record = encode_set(key.as_bytes(), &set).unwrap();
        prop_assert_eq!(set_revision(key.as_bytes(), &record), Ok(set.revision));
        prop_assert_eq!(decode_set(key.as_bytes(), &record), Ok(set));
    }

    #[test]
    fn an_alias_comes_back_as_it_was(owner in owner(), realm in realm()) {
        let key = SetKey::name_bytes(&realm, owner.user_id.as_str());
        let record = encode_alias(&key, &owner.username);
        prop_assert_eq!(decode_alias(&key, &record), Ok(owner.username));
    }

    #[test]
    fn a_damaged_record_is_an_error(set in any_set(), at in any::<Index>(), flip in 1_u8..) {
        let record = encode_set(b"key", &set).unwrap();
        let mut damaged = record.clone();
        damaged[at.index(record.len())] ^= flip;
        prop_assert!(decode_set(b"key", &damaged).is_err());
        prop_assert!(set_revision(b"key", &damaged).is_err());
        prop_assert!(decode_set(b"key", &record[..at.index(record.len())]).is_err());
        prop_assert_eq!(decode_set(b"other key", &record), Err(DecodeError::Checksum));
    }

    #[test]
    fn garbage_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(decode_set(b"key", &bytes).is_err());
        prop_assert!(decode_alias(b"key", &bytes).is_err());
        prop_assert!(decode_change(b"key", &bytes).is_err());
    }
}

#[test]
fn a_set_without_an_owner_has_no_record() {
    assert_eq!(encode_set(b"key", &DeviceSet::default()), None);
}

/// Each reason for a refusal, so that whoever reads the log can tell an old program from a bad disk.
#[test]
fn refusals_have_their_reasons() {
    let username = device_core::Username::parse("bjensen").unwrap();
    let record = encode_alias(b"key", &username);
    let other_format = [&[FORMAT + 1], &record[1..]].concat();
    for (bytes, reason) in [
        (&record[..HEADER_BYTES - 1], DecodeError::Length),
        (&[], DecodeError::Length),
        (&vec![FORMAT; RECORD_BYTES_MAX + 1], DecodeError::Length),
        (&other_format, DecodeError::Format(FORMAT + 1)),
        (&record[..HEADER_BYTES], DecodeError::Checksum),
    ] {
        assert_eq!(decode_alias(b"key", bytes), Err(reason));
    }
    assert_eq!(decode_set(b"key", &record), Err(DecodeError::Body), "an alias is no set");
    assert_eq!(decode_change(b"key", &record), Err(DecodeError::Body), "an alias is no change");
}
