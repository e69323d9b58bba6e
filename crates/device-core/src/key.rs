//! The key of a device set: realm, folded username, kind, as bytes that sort realms as a tree.
//!
//! ```text
//! name 01 name 01 ... 00 folded username 00 kind
//! ```
//! The names of the realm's path come first, with byte 1 between them (none for the top level realm), then a zero, the folded username, a
//! zero, the kind's number. Names contain no control characters, so the bytes 0 and 1 cannot be mistaken, and everything of a realm
//! sorts before everything of its children, which sort before its siblings.

use std::fmt;

use smallvec::SmallVec;

use crate::fold;
use crate::{DeviceKind, Realm, Username};

/// Bytes a key keeps inline: realm, a UUID as the username, and some room. Longer ones take an allocation.
const INLINE_BYTES: usize = 64;

/// The key of one device set.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetKey(SmallVec<[u8; INLINE_BYTES]>);

impl Clone for SetKey {
    fn clone(&self) -> Self {
        // The derived one copies byte by byte, in ten times as many instructions.
        Self(SmallVec::from_slice(&self.0))
    }
}

impl SetKey {
    /// The key of a user's set of one kind.
    #[must_use]
    pub fn new(realm: &Realm, username: &Username, kind: DeviceKind) -> Self {
        let mut bytes = Self::name_bytes(realm, username.as_str());
        bytes.push(kind as u8);
        Self(bytes)
    }

    /// The key of the same user's set of that kind.
    #[must_use]
    pub fn of_kind(&self, kind: DeviceKind) -> Self {
        let mut key = self.clone();
        if let Some(last) = key.0.last_mut() {
            *last = kind as u8;
        }
        key
    }

    /// The bytes of a name inside a realm, folded, without a kind: what the keys of all sets of a user start with, and the key of an alias.
    #[must_use]
    pub fn name_bytes(realm: &Realm, name: &str) -> SmallVec<[u8; INLINE_BYTES]> {
        let (path, name) = (realm.as_str().as_bytes(), fold::fold(name));
        // Without the slash before the first name; those between the names become bytes 1.
        let names = path.get(1..).unwrap_or_default();
        let length = names.len() + name.len() + 2;
        let mut bytes = match length <= INLINE_BYTES {
            true => SmallVec::from_buf_and_len([0; INLINE_BYTES], length),
            false => SmallVec::from_elem(0, length),
        };
        bytes[..names.len()].copy_from_slice(names);
        for byte in bytes[..names.len()].iter_mut().filter(|byte| **byte == b'/') {
            *byte = 1;
        }
        bytes[names.len() + 1..length - 1].copy_from_slice(name.as_bytes());
        bytes
    }

    /// Takes the bytes of a key back, if they are one: bytes that [`SetKey::new`] would not make, such as a name that is not folded, are no key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key = Self(SmallVec::from_slice(bytes));
        let (realm, username, kind) = key.parts()?;
        (Self::new(&realm, &Username::parse(username).ok()?, kind) == key).then_some(key)
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Realm, folded username and kind.
    #[must_use]
    pub fn parts(&self) -> Option<(Realm, &str, DeviceKind)> {
        let mut parts = self.0.split(|byte| *byte == 0);
        let realm = std::str::from_utf8(parts.next()?).ok()?;
        let username = std::str::from_utf8(parts.next()?).ok()?;
        let [kind] = parts.next()? else { return None };
        if parts.next().is_some() || Username::parse(username).is_err() {
            return None;
        }
        let realm = Realm::parse(&format!("/{}", realm.replace('\u{1}', "/"))).ok()?;
        Some((realm, username, DeviceKind::from_number(*kind)?))
    }

    /// The kind of the set.
    #[must_use]
    pub fn kind(&self) -> DeviceKind {
        // The only ways to make a key end it with a kind's number.
        self.0
            .last()
            .and_then(|number| DeviceKind::from_number(*number))
            .unwrap_or(DeviceKind::Oath)
    }
}

impl fmt::Debug for SetKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for SetKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Some((realm, username, kind)) => {
                write!(formatter, "{kind} of `{}` in `{realm}`", username.escape_debug())
            }
            None => write!(formatter, "{}", self.0.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(realm: &str, username: &str, kind: DeviceKind) -> SetKey {
        SetKey::new(&Realm::parse(realm).unwrap(), &Username::parse(username).unwrap(), kind)
    }

    #[test]
    fn realms_sort_as_a_tree() {
        let realms = ["/", "/a", "/a/b", "/a/b/c", "/a/c", "/a b", "/a-b", "/b"];
        let keys: Vec<_> =
            realms.iter().map(|realm| key(realm, "\u{10ffff}", DeviceKind::Trusted)).collect();
        assert!(keys.is_sorted());
        assert!(key("/a/b", "a", DeviceKind::Oath) > key("/a", "zz", DeviceKind::Trusted));
    }

    #[test]
    fn garbage_is_not_a_key() {
        for bytes in [
            &b""[..],
            b"alpha\0",
            b"alpha\0x\0",
            b"alpha\0x\0\x09",
            b"alpha\0x\0\x01\0",
            b"alpha\0\0\x01",
            b"\xff\0x\0\x01",
            b"alpha\0BJensen\0\x01",
            b"a/b\0x\0\x01",
            b"a\x01\0x\0\x01",
        ] {
            assert_eq!(SetKey::from_bytes(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn keys_are_one_to_one(left in "[a-zA-ZäÄ./ \u{212a}-]{1,8}", right in "[a-zA-ZäÄ./ \u{212a}-]{1,8}") {
            let (Ok(first), Ok(second)) = (Username::parse(&left), Username::parse(&right)) else { return Ok(()) };
            let realm = Realm::parse("/alpha").unwrap();
            let keys = [&first, &second].map(|name| SetKey::new(&realm, name, DeviceKind::Push));
            prop_assert_eq!(keys[0] == keys[1], first.matches(&right));
            prop_assert_eq!(keys[0].of_kind(DeviceKind::Oath), SetKey::new(&realm, &first, DeviceKind::Oath));
            let (parsed, folded, kind) = keys[0].parts().unwrap();
            prop_assert_eq!(parsed, realm);
            prop_assert_eq!(folded, &*fold::fold(&left));
            prop_assert_eq!(kind, DeviceKind::Push);
            prop_assert_eq!(SetKey::from_bytes(keys[0].as_bytes()), Some(keys[0].clone()));
        }
    }
}
