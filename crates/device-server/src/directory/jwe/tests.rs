use std::path::Path;

use super::*;
use crate::directory::key_file;

/// An export of the tests, whose encrypted values were made by openssl.
const EXPORT: &str = include_str!("../../../tests/suite/ldif/export.ldif");

fn keys() -> Keys {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/ldif");
    Keys::new(key_file::read(&folder.join("key.pem")).unwrap())
}

/// The encrypted values: one of each kind for the key, one for another, one that is cut off.
fn values() -> Vec<String> {
    let unfolded = EXPORT.replace("\n ", "");
    let values = unfolded.lines().filter_map(|line| line.split_once(": "));
    let values = values.filter(|(attribute, _)| !attribute.ends_with(':'));
    values
        .filter(|(_, value)| value.starts_with("eyJ"))
        .map(|(_, value)| value.to_owned())
        .collect()
}

#[test]
fn both_encryptions_are_opened() {
    let (keys, values) = (keys(), values());
    let opened: Vec<_> = values
        .iter()
        .map(|value| keys.profile(value).map(|json| json.contains("\"uuid\":")))
        .collect();
    let expected = [Ok(true), Ok(true), Err(NotAProfile::NoKeyFits), Err(NotAProfile::NotWhole)];
    assert_eq!(opened, expected);
    assert_eq!(Keys::default().profile(&values[0]), Err(NotAProfile::NoKeys));
}

/// Whatever is changed, nothing is opened, and what was wrong is not told apart.
#[test]
fn nothing_that_was_changed_is_opened() {
    let keys = keys();
    for value in &values()[..2] {
        let parts: Vec<&str> = value.split('.').collect();
        for part in 0..5 {
            for place in [0, parts[part].len() / 2, parts[part].len() - 2] {
                let mut changed: Vec<String> =
                    parts.iter().map(|part| (*part).to_owned()).collect();
                let other = if &parts[part][place..=place] == "A" { "B" } else { "A" };
                changed[part].replace_range(place..=place, other);
                assert!(keys.profile(&changed.join(".")).is_err(), "{part} {place}");
            }
            let mut without = parts.clone();
            without[part] = "";
            assert!(keys.profile(&without.join(".")).is_err(), "{part}");
        }
        // The other kind of encryption has another length of key.
        let header =
            |enc: &str| URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"RSA1_5","enc":"{enc}"}}"#));
        for enc in ["A128CBC-HS256", "A256CBC-HS512"] {
            let other = [&[&*header(enc)], &parts[1..]].concat().join(".");
            assert_eq!(keys.profile(&other), Err(NotAProfile::NoKeyFits));
        }
    }
}

#[test]
fn other_encryptions_are_refused() {
    for (header, error) in [
        (r#"{"alg":"RSA-OAEP","enc":"A128CBC-HS256"}"#, NotAProfile::Otherwise),
        (r#"{"alg":"none","enc":"A128CBC-HS256"}"#, NotAProfile::Otherwise),
        (r#"{"alg":"RSA1_5","enc":"A128GCM"}"#, NotAProfile::Otherwise),
        (r#"{"alg":"RSA1_5","enc":"A128CBC-HS256","zip":"DEF"}"#, NotAProfile::Otherwise),
        (r#"{"alg":"RSA1_5","enc":"A128CBC-HS256","crit":["exp"]}"#, NotAProfile::Otherwise),
        (r#"{"alg":"RSA1_5"}"#, NotAProfile::NotWhole),
        (r#"{"alg":7}"#, NotAProfile::NotWhole),
    ] {
        let value = format!("{}.AA.AAAAAAAAAAAAAAAAAAAAAA.AA.AA", URL_SAFE_NO_PAD.encode(header));
        assert_eq!(keys().profile(&value), Err(error), "{header}");
    }
    for value in ["", "uuid", "[]", "eyJ", "eyJ.a.b", "eyJ.a.b.c.d.e"] {
        assert!(keys().profile(value).is_err(), "{value}");
    }
}
