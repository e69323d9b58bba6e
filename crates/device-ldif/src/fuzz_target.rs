//! What the fuzzer calls, as a plain function. Panics if something does not hold for the bytes.

use std::io::{BufRead, BufReader};

use crate::limits::{ENTRY_BYTES_MAX, ENTRY_VALUES_MAX};
use crate::{Dn, Entry, Fault, Reader};

/// Everything that a reader gives, which keeps all attributes.
///
/// # Panics
/// Where the input fails.
pub fn read_all(input: impl BufRead) -> Vec<Result<Entry, Fault>> {
    let mut reader = Reader::new(input, |_| true);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().expect("the input does not fail") {
        entries.push(entry);
    }
    entries
}

/// Bytes as an LDIF file. What is read does not depend on the pieces in which the bytes arrive, lines only grow, nothing is above a limit, and a
/// value is read alike on its own.
///
/// # Panics
/// Where that does not hold.
pub fn ldif(bytes: &[u8]) {
    let entries = read_all(bytes);
    assert_eq!(entries, read_all(BufReader::with_capacity(1, bytes)));
    let mut line = 0;
    for entry in &entries {
        let (first, last) = match entry {
            Ok(entry) => {
                let values = entry.values.iter().map(|value| value.line);
                let faults = entry.faults.iter().map(|fault| fault.line);
                (entry.line, values.chain(faults).max().unwrap_or(entry.line))
            }
            Err(fault) => (fault.line, fault.line),
        };
        assert!(line < first && first <= last, "line {first} after line {line}");
        line = last;
    }
    for entry in entries.into_iter().flatten() {
        let size: usize = entry.values.iter().map(|value| value.text.len()).sum();
        assert!(size <= ENTRY_BYTES_MAX && entry.values.len() <= ENTRY_VALUES_MAX);
        if let Ok(name) = Dn::parse(&entry.dn) {
            assert!(!name.is_below(&name));
            assert_eq!(name.is_below(&Dn::parse("").expect("the root")), name.depth() > 0);
        }
        let alone = |value: &crate::Value| {
            let Entry { dn, .. } = &entry;
            let text =
                format!("dn:: {}\n{}:: {}\n", base64(dn), value.attribute, base64(&value.text));
            matches!(&read_all(text.as_bytes())[..], [Ok(entry)] if entry.values[0].text == value.text)
        };
        let reserved = |value: &&crate::Value| {
            ["changetype", "control"].iter().any(|name| value.attribute.eq_ignore_ascii_case(name))
        };
        assert!(entry.values.iter().filter(|value| !reserved(value)).all(alone));
    }
}

/// Text as it stands after two colons.
#[must_use]
pub fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
