//! What cannot be read is named by its line, and the rest is read.

use std::io::{BufReader, Read as _};

use device_ldif::fuzz_target::read_all;
use device_ldif::limits::{ENTRY_BYTES_MAX, ENTRY_VALUES_MAX, LINE_BYTES_MAX};
use device_ldif::{Reader, Reason};

/// Entries that are lost, values that are lost, values that are there; each by its line.
type Read = (Vec<(u64, Reason)>, Vec<(u64, Reason)>, Vec<u64>);

fn read(bytes: &[u8]) -> Read {
    let mut read: Read = Default::default();
    for entry in read_all(bytes) {
        match entry {
            Ok(entry) => {
                read.1.extend(entry.faults.iter().map(|fault| (fault.line, fault.reason)));
                read.2.extend(entry.values.iter().map(|value| value.line));
            }
            Err(fault) => read.0.push((fault.line, fault.reason)),
        }
    }
    read
}

/// Between two good entries.
fn between(lines: &[u8]) -> Read {
    read(&[b"dn: a=1\ncn: a\n\n", lines, b"\n\ndn: a=3\ncn: c\n\n"].concat())
}

#[test]
fn a_value_is_lost_and_the_others_are_read() {
    for (line, reason) in [
        (&b"cn:: YWJ"[..], Reason::NotBase64),
        (b"cn:: YWJ*", Reason::NotBase64),
        (b"cn:< file:///etc/passwd", Reason::Elsewhere),
        (b"cn: M\xfcller", Reason::NotUtf8),
        (b"cn:: TfxsbGVy", Reason::NotUtf8),
        (b"cn: a\0b", Reason::Nul),
        (b"cn:: YQBi", Reason::Nul),
        (b"description;lang-en;LANG-EN: x", Reason::OptionTwice),
    ] {
        let lines = [b"dn: a=2\ncn: b\n", line, b"\ncn: b"].concat();
        assert_eq!(between(&lines), (vec![], vec![(6, reason)], vec![2, 5, 7, 10]), "{reason:?}");
    }
}

#[test]
fn an_entry_is_lost_and_the_others_are_read() {
    for (lines, line, reason) in [
        (&b"cn: b\ndn: a=2"[..], 4, Reason::NoName),
        (b"dn: a=2\ncn: b\nwithout a colon\ncn: b", 6, Reason::NotALine),
        (b"dn: a=2\n\xfc: b", 5, Reason::NotALine),
        (b"dn: a=2\n: b", 5, Reason::NotALine),
        (b"dn: a=2\ncn;: b", 5, Reason::NotALine),
        (b"dn: a=2\n\0\0\0\0", 5, Reason::NotALine),
        (b" dn: a=2\ncn: b", 4, Reason::NotALine),
        (b"dn: a=2\nchangetype: modify\nreplace: cn\ncn: b\n-", 5, Reason::Changes),
        (b"dn: a=2\nControl: 1.2.3 true\nchangetype: delete", 5, Reason::Changes),
        (b"dn: M\xfcller\ncn: b", 4, Reason::NotUtf8),
        (b"dn:: YWJ\ncn: b", 4, Reason::NotBase64),
        (b"dn:< file:///x", 4, Reason::Elsewhere),
    ] {
        let text = String::from_utf8_lossy(lines);
        let (lost, faults, values) = between(lines);
        assert_eq!((lost, faults), (vec![(line, reason)], vec![]), "{text}");
        assert_eq!((values.len(), values[0]), (2, 2), "{text}");
    }
}

/// What stands before the place where a file was cut off may be a part of something.
#[test]
fn cut_off() {
    let file = b"version: 1\n\ndn: a=1\ncn: a\n\ndn: a=2\nuid: bjensen\n";
    for end in 0..file.len() {
        let (lost, faults, values) = read(&file[..end]);
        let whole_lines = end == 0 || file[end - 1] == b'\n';
        assert_eq!(lost.iter().any(|(_, reason)| *reason == Reason::CutOff), !whole_lines, "{end}");
        assert_eq!((lost.len() <= 1, faults), (true, vec![]));
        assert_eq!(values, if end >= 26 { vec![4] } else { vec![] }, "{end}");
    }
}

#[test]
fn another_version_ends_it() {
    for version in ["0", "2", "", "1.0"] {
        let file = format!("version: {version}\n\ndn: a=1\ncn: a\n\n");
        assert_eq!(read(file.as_bytes()), (vec![(1, Reason::Version)], vec![], vec![]));
    }
}

/// Much larger than anything that is kept; it comes out of nowhere and is never in memory.
#[test]
fn a_line_without_end() {
    const BYTES: u64 = 100 * 1024 * 1024;
    for (start, lost, faults) in [
        ("cn: ", vec![], vec![(3, Reason::LineTooLong)]),
        ("", vec![(3, Reason::LineTooLong)], vec![]),
        ("# ", vec![], vec![]),
        ("unwanted: ", vec![], vec![]),
    ] {
        let before = format!("dn: a=1\nuid: a\n{start}");
        let after = &b"\nuid: a\n\ndn: a=2\n\n"[..];
        let file = before.as_bytes().chain(std::io::repeat(b'x').take(BYTES)).chain(after);
        let mut reader = Reader::new(BufReader::new(file), |name| matches!(name, "cn" | "uid"));
        let mut read = (vec![], vec![]);
        while let Some(entry) = reader.next_entry().unwrap() {
            match entry {
                Ok(entry) => {
                    read.1.extend(entry.faults.iter().map(|fault| (fault.line, fault.reason)));
                }
                Err(fault) => read.0.push((fault.line, fault.reason)),
            }
        }
        assert_eq!(read, (lost, faults), "{start}");
    }
}

#[test]
fn at_the_limits_and_above() {
    let of = |value: usize, folded: usize| {
        let line = format!("cn: {}", "x".repeat(value - 4));
        let (first, rest) = line.split_at(line.len() - folded);
        format!("dn: a=1\n{first}\n {rest}\n\n")
    };
    for folded in [0, 1, 5000] {
        assert_eq!(read(of(LINE_BYTES_MAX, folded).as_bytes()).2, [2]);
        let above = read(of(LINE_BYTES_MAX + 1, folded).as_bytes());
        assert_eq!(above, (vec![], vec![(2, Reason::LineTooLong)], vec![]));
    }
    let many = |count| format!("dn: a=1\n{}\ndn: a=2\n\n", "cn:\n".repeat(count));
    assert_eq!(read(many(ENTRY_VALUES_MAX).as_bytes()).2.len(), ENTRY_VALUES_MAX);
    let lost = (u64::try_from(ENTRY_VALUES_MAX).unwrap() + 2, Reason::EntryTooLarge);
    assert_eq!(read(many(ENTRY_VALUES_MAX + 1).as_bytes()), (vec![lost], vec![], vec![]));
    let line = format!("cn: {}\n", "x".repeat(LINE_BYTES_MAX - 4));
    let large = format!("dn: a=1\n{}\n", line.repeat(ENTRY_BYTES_MAX / LINE_BYTES_MAX + 1));
    assert_eq!(read(large.as_bytes()).0.len(), 1);
}
