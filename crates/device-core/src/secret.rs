//! Text that must not be printed: it has no `Display`, its `Debug` hides it, and its memory is wiped when it goes.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A shared secret, recovery codes or anything else that would let somebody else in.
///
/// Reading it is a call with a name to search for: [`Secret::expose`].
/// Clones share the text: there is one copy of it in memory, which is wiped when the last of them goes.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Box<str>>>);

impl Secret {
    /// Hides `text`.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// The text itself. Callers must not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide, as in an export without secrets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    /// Takes the same time wherever the texts differ (their lengths may show).
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
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
    fn debug_hides_the_text() {
        assert_eq!(format!("{:?}", Secret::new("canary")), "Secret(***)");
        assert_eq!(Secret::new("a"), Secret::new("a"));
        assert_ne!(Secret::new("a"), Secret::new("b"));
    }
}
