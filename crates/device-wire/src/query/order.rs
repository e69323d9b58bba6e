//! `_sortKeys`, and the place of an entry in the order they make.

use std::cmp::Ordering;
use std::fmt;

use device_core::DeviceKind;
use device_core::fold::fold;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pointer::{Pointer, PointerError};

/// Sort keys of a query.
pub const SORT_KEYS_MAX: usize = 8;

/// Bytes of a text that count when it is sorted: the cookie of a page carries them. The rest decides nothing, the device's id does.
pub const SORT_TEXT_BYTES_MAX: usize = 256;

/// One of `_sortKeys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    field: Pointer,
    descending: bool,
}

impl SortKey {
    /// Reads a key: a field, after `-` if the greatest comes first, after `+` or nothing if the least does.
    ///
    /// # Errors
    /// [`PointerError`].
    pub fn parse(text: &str, kind: DeviceKind) -> Result<Self, PointerError> {
        let (descending, field) = match text.strip_prefix('-') {
            Some(field) => (true, field),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        Ok(Self { field: Pointer::parse(field, kind)?, descending })
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.descending { '-' } else { '+' };
        write!(formatter, "{sign}{:?}", self.field.tokens())
    }
}

/// A value as it is sorted, in this order: what is not there, booleans, numbers, text without regard to case, everything else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Rank {
    Missing,
    Boolean(bool),
    /// The bits of the number, turned so that they sort as it does.
    Number(u64),
    Text(String),
    Structure,
}

impl Rank {
    fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Missing,
            Some(Value::Bool(value)) => Self::Boolean(*value),
            Some(Value::Number(number)) => Self::Number(sortable(number.as_f64().unwrap_or(0.0))),
            Some(Value::String(text)) => {
                // Folding makes one character of one, and of four bytes at least one.
                let start = &text[..text.floor_char_boundary(4 * SORT_TEXT_BYTES_MAX)];
                let mut text = fold(start).into_owned();
                text.truncate(text.floor_char_boundary(SORT_TEXT_BYTES_MAX));
                Self::Text(text)
            }
            Some(Value::Array(_) | Value::Object(_)) => Self::Structure,
        }
    }
}

fn sortable(number: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    // Adding makes one zero of the two.
    let bits = (number + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The place of an entry in the order of a list: it stays where it is when others go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    ranks: Vec<Rank>,
    created_ms: u64,
    id: String,
}

impl Position {
    pub(super) fn of(keys: &[SortKey], entry: &Value, created_ms: u64, id: &str) -> Self {
        let ranks = keys.iter().map(|key| Rank::of(key.field.find(entry))).collect();
        Self { ranks, created_ms, id: id.to_owned() }
    }

    /// Whether the position is one in the order of these keys.
    pub(super) fn is_of(&self, keys: &[SortKey]) -> bool {
        self.ranks.len() == keys.len()
    }

    /// By the keys, then as lists are without any: oldest first, then by id, which no other device of the set has.
    pub(super) fn compare(&self, other: &Self, keys: &[SortKey]) -> Ordering {
        let ranks = self.ranks.iter().zip(&other.ranks).zip(keys);
        let mut by_key = ranks.map(
            |((left, right), key)| {
                if key.descending { right.cmp(left) } else { left.cmp(right) }
            },
        );
        by_key
            .find(|ordering| ordering.is_ne())
            .unwrap_or_else(|| (self.created_ms, &self.id).cmp(&(other.created_ms, &other.id)))
    }
}
