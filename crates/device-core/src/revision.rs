//! Revisions: what `_rev`, `ETag` and `If-Match` carry, and what compare-and-swap compares.

use std::fmt;

use crate::json::push_number;

/// The number of a change of one device set. A device's `_rev` is the revision of the set at the device's last change.
///
/// 0 is the revision of a set that was never stored. The first stored one is random (48 bits, so that a user who
/// is purged and enrolled again does not get old numbers back), each change adds one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

/// Why a string is not a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a revision is a decimal number without sign or leading zeros")]
pub struct RevisionError;

impl Revision {
    /// The revision of a set that was never stored.
    pub const NONE: Self = Self(0);

    /// Reads the decimal form that [`fmt::Display`] writes, and nothing else.
    ///
    /// # Errors
    /// [`RevisionError`] for everything else: signs, blanks, leading zeros, numbers over 64 bits.
    pub fn parse(text: &str) -> Result<Self, RevisionError> {
        let canonical = text == "0"
            || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
        if !canonical {
            return Err(RevisionError);
        }
        text.parse().map(Self).map_err(|_| RevisionError)
    }

    /// Restores a revision from a record. For record codecs only: everybody else parses.
    #[must_use]
    pub fn from_record(number: u64) -> Self {
        Self(number)
    }

    /// The number itself, for record codecs.
    #[must_use]
    pub fn to_record(self) -> u64 {
        self.0
    }

    /// Appends its decimal form, the one that [`fmt::Display`] writes.
    pub fn push(self, out: &mut String) {
        push_number(out, self.0);
    }

    /// The revision of the next change. `random` is used only for the first one, of which 48 bits are taken (never 0).
    #[must_use]
    pub fn next(self, random: u64) -> Self {
        const FIRST_MASK: u64 = (1 << 48) - 1;
        if self == Self::NONE {
            return Self((random & FIRST_MASK).max(1));
        }
        // 2^64 - 2^48 changes of one set away from wrapping.
        Self(self.0.wrapping_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// The condition of a write, from `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfMatch {
    /// No condition (`If-Match` absent or `*`): the change is repeated on whatever is current.
    #[default]
    Any,
    /// Only if the revision is still this one.
    Exactly(Revision),
}

impl IfMatch {
    /// Whether a thing at `current` meets the condition.
    #[must_use]
    pub fn allows(self, current: Revision) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => wanted == current,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_a_revision() {
        for text in ["0", "1", "163664231", "18446744073709551615"] {
            let revision = Revision::parse(text).unwrap();
            assert_eq!(revision.to_string(), text);
            let mut pushed = String::new();
            revision.push(&mut pushed);
            assert_eq!(pushed, text);
        }
        for text in ["", "-1", "+1", "01", " 1", "1 ", "1.0", "x", "18446744073709551616", "١"] {
            assert_eq!(Revision::parse(text), Err(RevisionError), "{text:?}");
        }
    }

    #[test]
    fn the_first_is_random_and_never_none() {
        assert_eq!(Revision::NONE.next(0).to_string(), "1");
        assert!(Revision::NONE.next(u64::MAX).0 < 1 << 48);
        assert_eq!(Revision(41).next(7), Revision(42));
    }
}
