//! Realms: the tree of tenants. `/` is the top level realm, `/customers/europe` a realm two levels below.

use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::limits::{NAME_CHARS_MAX, REALM_DEPTH_MAX};

/// The full path of a realm. Exists only if it is valid; compared exactly.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm(Arc<str>);

/// Why a string is not the path of a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RealmError {
    /// A realm's path starts with `/`; only the top level realm ends with one.
    #[error("the path of a realm starts with `/` and does not end with one")]
    NotAPath,
    /// An empty name, `.` or `..`, a name over [`NAME_CHARS_MAX`] characters or with control characters.
    #[error(
        "a realm's name must have 1 to {NAME_CHARS_MAX} printable characters and not be `.` or `..`"
    )]
    BadName,
    /// More than [`REALM_DEPTH_MAX`] names.
    #[error("a realm must not be deeper than {REALM_DEPTH_MAX} levels")]
    TooDeep,
}

impl Realm {
    /// Takes a full path such as `/` or `/customers/europe`.
    ///
    /// # Errors
    /// A [`RealmError`] that says what is wrong with it.
    pub fn parse(path: &str) -> Result<Self, RealmError> {
        if path == "/" {
            return Ok(Self(path.into()));
        }
        let names = path.strip_prefix('/').ok_or(RealmError::NotAPath)?;
        if names.ends_with('/') {
            return Err(RealmError::NotAPath);
        }
        if names.split('/').count() > REALM_DEPTH_MAX {
            return Err(RealmError::TooDeep);
        }
        if !names.split('/').all(is_name) {
            return Err(RealmError::BadName);
        }
        Ok(Self(path.into()))
    }

    /// The top level realm, `/`.
    #[must_use]
    pub fn top() -> Self {
        static TOP: LazyLock<Realm> = LazyLock::new(|| Realm("/".into()));
        TOP.clone()
    }

    /// The realm called `name` below this one.
    ///
    /// # Errors
    /// As [`Realm::parse`].
    pub fn child(&self, name: &str) -> Result<Self, RealmError> {
        if !is_name(name) {
            return Err(RealmError::BadName);
        }
        Self::parse(&format!("{}/{name}", self.0.trim_end_matches('/')))
    }

    /// The full path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names on the way from the top level realm, none for the top level realm itself.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }
}

/// Realms are hashed and compared as their paths are.
impl Borrow<str> for Realm {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.chars().nth(NAME_CHARS_MAX).is_none()
        && !name.chars().any(|character| character.is_control() || character == '/')
}

impl fmt::Debug for Realm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, formatter)
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_or_refused() {
        for path in ["/", "/alpha", "/customers/europe", "/a b", "/münchen"] {
            assert_eq!(Realm::parse(path).unwrap().as_str(), path);
        }
        for path in ["", "alpha", "/alpha/", "//", "/a//b", "/..", "/a/../b", "/a\u{0}", "/."] {
            assert!(Realm::parse(path).is_err(), "{path:?}");
        }
        assert_eq!(Realm::parse(&"/x".repeat(REALM_DEPTH_MAX + 1)), Err(RealmError::TooDeep));
    }

    #[test]
    fn children_nest() {
        let europe = Realm::top().child("customers").unwrap().child("europe").unwrap();
        assert_eq!(europe.as_str(), "/customers/europe");
        assert_eq!(europe.names().collect::<Vec<_>>(), ["customers", "europe"]);
        assert!(europe.child("a/b").is_err());
    }
}
