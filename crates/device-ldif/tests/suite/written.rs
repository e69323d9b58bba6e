//! Whatever is written is read: a writer that folds, encodes and mixes case at random.

use device_ldif::fuzz_target::{base64, ldif, read_all};
use device_ldif::{Dn, Entry};
use proptest::prelude::*;

/// An attribute, whether it gets an option, and its value.
type Value = (String, bool, String);

/// How one line is written.
#[derive(Debug, Clone)]
struct Hand {
    base64: bool,
    comment: bool,
    /// Where it is folded: after so many bytes each.
    folds: Vec<u8>,
}

fn value() -> impl Strategy<Value = Value> {
    ("[a-zA-Z][a-zA-Z0-9-]{2,9}", any::<bool>(), "[^\0]{0,60}")
}

fn hand() -> impl Strategy<Value = Hand> {
    (any::<bool>(), any::<bool>(), prop::collection::vec(1_u8..40, 0..6))
        .prop_map(|(base64, comment, folds)| Hand { base64, comment, folds })
}

/// Text that must not stand plainly (RFC 2849, SAFE-STRING), but for what is beyond ASCII.
fn needs_base64(text: &str) -> bool {
    text.starts_with([' ', ':', '<']) || text.contains(['\n', '\r'])
}

fn write(file: &mut Vec<u8>, description: &str, text: &str, hand: &Hand, end: &[u8]) {
    let line = if hand.base64 || needs_base64(text) {
        format!("{description}:: {}", base64(text))
    } else {
        format!("{description}: {text}")
    };
    if hand.comment {
        file.extend_from_slice(&[b"# dn: no", end, b" entry", end].concat());
    }
    let mut rest = line.as_bytes();
    for fold in &hand.folds {
        let fold = usize::from(*fold).min(rest.len());
        // A return before the fold would be taken for the end of the line.
        file.extend_from_slice(&[&rest[..fold], end, b" "].concat());
        rest = &rest[fold..];
    }
    file.extend_from_slice(&[rest, end].concat());
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        entries in prop::collection::vec(("[^\0]{1,30}", prop::collection::vec((value(), hand()), 0..6), hand()), 0..5),
        returns: bool,
    ) {
        let end: &[u8] = if returns { b"\r\n" } else { b"\n" };
        let reserved = |name: &str| ["changetype", "control"].iter().any(|known| name.eq_ignore_ascii_case(known));
        prop_assume!(entries.iter().flat_map(|entry| &entry.1).all(|((name, ..), _)| !reserved(name)));
        let mut file = [&b"version: 1"[..], end, end].concat();
        for (name, values, of_name) in &entries {
            write(&mut file, "dn", name, of_name, end);
            for ((attribute, option, text), hand) in values {
                let option = if *option { ";lang-en" } else { "" };
                write(&mut file, &format!("{attribute}{option}"), text, hand, end);
            }
            file.extend_from_slice(end);
        }
        let read: Vec<Entry> = read_all(&file[..]).into_iter().map(Result::unwrap).collect();
        let read: Vec<(String, Vec<Value>)> = read
            .into_iter()
            .map(|entry| {
                assert!(entry.ended && entry.faults.is_empty());
                let values = entry.values.into_iter();
                let value = |value: device_ldif::Value| (value.attribute.into(), value.has_options, value.text);
                (entry.dn, values.map(value).collect())
            })
            .collect();
        let written = entries.into_iter();
        let written: Vec<(String, Vec<Value>)> = written
            .map(|(name, values, _)| (name, values.into_iter().map(|(value, _)| value).collect()))
            .collect();
        prop_assert_eq!(read, written);
    }

    /// Case, blanks and escapes make no difference to a distinguished name.
    #[test]
    fn spellings_of_a_name(steps in prop::collection::vec(("[a-z]{1,4}", "[^\0]{1,12}"), 1..5), upper: bool, blanks in " {0,2}", hex: bool) {
        let spell = |upper: bool, blanks: &str, hex: bool| {
            let step = |(attribute, value): &(String, String)| {
                let value: String = value.bytes().map(|byte| match byte {
                    byte if hex || !byte.is_ascii_alphanumeric() => format!("\\{byte:02x}"),
                    byte if upper => char::from(byte).to_uppercase().to_string(),
                    byte => char::from(byte).to_string(),
                }).collect();
                let attribute = if upper { attribute.to_uppercase() } else { attribute.clone() };
                format!("{blanks}{attribute}{blanks}={blanks}{value}{blanks}")
            };
            steps.iter().map(step).collect::<Vec<_>>().join(",")
        };
        let name = Dn::parse(&spell(false, "", false)).unwrap();
        prop_assert_eq!(&Dn::parse(&spell(upper, &blanks, hex)).unwrap(), &name);
        prop_assert_eq!(name.depth(), steps.len());
    }

    #[test]
    fn nothing_makes_reading_panic(
        bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b' '), Just(b':'), Just(b'd'), Just(b'n'), Just(b'#'), Just(b';'), any::<u8>()], 0..80)
    ) {
        ldif(&bytes);
        ldif(&[b"dn: a=b\n", &bytes[..]].concat());
    }
}
