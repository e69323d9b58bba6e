//! Short texts that stand where they are used.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use arrayvec::ArrayString;

/// As many bytes as need no allocation: a UUID has 36.
const INLINE_BYTES: usize = 40;

/// What identifies something: nearly always a UUID, so it stands in place up to 40 bytes; a longer one is shared by its clones.
#[derive(Clone)]
pub struct IdText(Place);

#[derive(Clone)]
enum Place {
    Inline(ArrayString<INLINE_BYTES>),
    Shared(Arc<str>),
}

impl Deref for IdText {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Place::Inline(text) => text,
            Place::Shared(text) => text,
        }
    }
}

impl From<&str> for IdText {
    fn from(text: &str) -> Self {
        Self(ArrayString::from(text).map_or_else(|_| Place::Shared(text.into()), Place::Inline))
    }
}

impl From<Cow<'_, str>> for IdText {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(&*text)
    }
}

impl PartialEq for IdText {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for IdText {}

impl PartialOrd for IdText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IdText {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for IdText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for IdText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}
