//! Text that must not be printed: it has no `Display`, its `Debug` hides it, and its memory is wiped when it goes.

use std::fmt;
use std::sync::Arc;

use arrayvec::ArrayString;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A shared secret, recovery codes or anything else that would let somebody else in.
///
/// Reading it is a call with a name to search for: [`Secret::expose`].
/// Clones share the text: there is one copy of it in memory, which is wiped when the last of them goes.
#[derive(Clone)]
pub struct Secret(Place);

/// As many bytes as need one allocation and not two: a key of 32 bytes has 44 in Base64.
const SHORT_BYTES: usize = 60;

#[derive(Clone)]
enum Place {
    Short(Arc<Zeroizing<ArrayString<SHORT_BYTES>>>),
    Long(Arc<Zeroizing<Box<str>>>),
}

impl Secret {
    /// Hides `text`, which is wiped if it is not the copy that stays.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        let text = Zeroizing::new(text.into());
        Self::short(&text).unwrap_or_else(|| Self(Place::Long(Arc::new(text))))
    }

    /// Hides a copy of `text`, which somebody else has to wipe.
    #[must_use]
    pub fn copied(text: &str) -> Self {
        Self::short(text).unwrap_or_else(|| Self::new(text))
    }

    fn short(text: &str) -> Option<Self> {
        if text.len() > SHORT_BYTES {
            return None;
        }
        // Written where it stays: a move would leave a copy behind.
        let mut short = Arc::new(Zeroizing::new(ArrayString::new()));
        Arc::get_mut(&mut short)?.try_push_str(text).ok()?;
        Some(Self(Place::Short(short)))
    }

    /// The text itself. Callers must not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        match &self.0 {
            Place::Short(text) => text,
            Place::Long(text) => text,
        }
    }

    /// Whether there is nothing to hide, as in an export without secrets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl PartialEq for Secret {
    /// Takes the same time wherever the texts differ (their lengths may show).
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_its_length_a_text_is_hidden_and_kept() {
        for length in [0, 1, SHORT_BYTES, SHORT_BYTES + 1] {
            let text = "x".repeat(length);
            let secret = Secret::new(text.as_str());
            assert_eq!(format!("{secret:?}"), "Secret(***)");
            assert_eq!(secret.expose(), text);
            assert_eq!(secret.is_empty(), text.is_empty());
            assert_eq!(secret, Secret::copied(&text));
            assert_ne!(secret, Secret::new(text + "y"));
        }
    }
}
