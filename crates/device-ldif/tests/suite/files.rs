//! Files as directories write them.

use device_ldif::fuzz_target::read_all;

/// Entries as text: line, name, and each value with its line.
fn shown(file: &str) -> Vec<String> {
    let entries = read_all(file.as_bytes()).into_iter();
    let entry = |entry: Result<device_ldif::Entry, device_ldif::Fault>| {
        let entry = entry.unwrap();
        assert_eq!(entry.faults, []);
        let values = entry.values.iter().map(|value| {
            let options = if value.has_options { ";..." } else { "" };
            format!(" {}:{}{options}={}", value.line, value.attribute, value.text)
        });
        format!("{}:{}{}", entry.line, entry.dn, values.collect::<String>())
    };
    entries.map(entry).collect()
}

#[test]
fn every_form_of_a_line() {
    let file = "version: 1
# a comment
 that goes on
dn: uid=a,
  dc=x
cn:a
cn:   b:c 
CN:: YmzDqQ== 
cn;lang-en;x-y:# no comment
description:
member;range=0-1: m
o: f
 ol
 ded
# in between
2.5.4.3: oid


dn:: dWlkPWI=
uid: b

";
    let expected = [
        "4:uid=a, dc=x 6:cn=a 7:cn=b:c  8:CN=bl\u{e9} 9:cn;...=# no comment 10:description= 11:member;...=m 12:o=folded 16:2.5.4.3=oid",
        "19:uid=b 20:uid=b",
    ];
    assert_eq!(shown(file), expected);
    let with_returns = file.replace('\n', "\r\n");
    assert_eq!(shown(&with_returns), expected);
}

#[test]
fn files_with_nothing_in_them() {
    for file in ["", "\n\n", "version: 1\n", "# nothing\n\n"] {
        assert_eq!(shown(file), [""; 0], "{file}");
    }
}

/// The version may be missing or stand right before the first entry.
#[test]
fn versions() {
    for file in ["dn: a=b\n\n", "version: 1\ndn: a=b\n\n", "VERSION:1\n\n\ndn: a=b\n\n"] {
        assert_eq!(shown(file).len(), 1, "{file}");
    }
    // Behind the first entry it is an attribute like others, but not the name of an entry.
    assert!(read_all(&b"dn: a=b\n\nversion: 1\n\n"[..])[1].is_err());
}

/// Whether the file ended before the entry did.
#[test]
fn the_end_of_the_last_entry() {
    for (file, ended) in [("dn: a=b\n\n", true), ("dn: a=b\n# end\n", false), ("dn: a=b\n", false)]
    {
        assert_eq!(read_all(file.as_bytes())[0].as_ref().unwrap().ended, ended, "{file}");
    }
}

/// A character may be divided between two lines.
#[test]
fn folded_inside_of_a_character() {
    let entries = read_all(&b"dn: a=b\ncn: \xc3\n \xa9\n\n"[..]);
    assert_eq!(entries[0].as_ref().unwrap().values[0].text, "\u{e9}");
}
