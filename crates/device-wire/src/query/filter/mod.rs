//! `_queryFilter`: the filter expressions of Common REST.
//!
//! ```text
//! filter     = and *( "or" and )
//! and        = not *( "and" not )
//! not        = [ "!" ] primary
//! primary    = "(" filter ")" / "true" / "false" / field "pr" / field operator value / field "in" values
//! operator   = "eq" / "co" / "sw" / "lt" / "le" / "gt" / "ge"
//! field      = JSON pointer, the first slash may be left out
//! value      = "true" / "false" / number / string in double or single quotes, with the escapes of JSON
//! values     = a JSON array of such values, which may stand in quotes
//! ```
//!
//! Keywords are compared without regard to case; only the blank (U+0020) separates. Text is compared without regard to case and numbers by value; values of
//! different types never match; of a field with several values any may match; `co` and `sw` of anything but text are `eq`; an empty array is not present.
//! Sources: `am-behaviour.md` 4.2 for the grammar, the reference back end of Common REST for the rest.

mod evaluate;
mod parse;

use super::pointer::{Pointer, PointerError};

/// Bytes of a filter.
pub const FILTER_BYTES_MAX: usize = 2048;

/// Levels of brackets in a filter.
pub const FILTER_DEPTH_MAX: usize = 64;

/// Comparisons in a filter, each value of `in` counted.
pub const FILTER_COMPARISONS_MAX: usize = 100;

/// Bytes that all comparisons of a filter may look at, that is comparisons times bytes of the list. Devices collect what they like: without a limit, 64 times
/// 64 KiB of it kept a processor busy for three seconds. At the limit it is a quarter of a second.
pub const FILTER_WORK_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A filter expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// `true` and `false`.
    Literal(bool),
    /// The field is there, and neither `null` nor an empty array.
    Present(Pointer),
    /// The field, or one of its values, compares to a value.
    Compare(Pointer, Operator, Scalar),
    /// The field, or one of its values, equals one of several.
    In(Pointer, Vec<Scalar>),
    /// The contrary.
    Not(Box<Self>),
    /// All of them.
    And(Vec<Self>),
    /// At least one of them.
    Or(Vec<Self>),
}

impl Filter {
    /// How many comparisons it has, each value of `in` counted.
    #[must_use]
    pub fn comparisons(&self) -> usize {
        match self {
            Self::Literal(_) | Self::Present(_) | Self::Compare(..) => 1,
            Self::In(_, values) => values.len().max(1),
            Self::Not(filter) => filter.comparisons(),
            Self::And(filters) | Self::Or(filters) => filters.iter().map(Self::comparisons).sum(),
        }
    }
}

/// How a field is compared to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the operator of its name")]
pub enum Operator {
    Equal,
    Contains,
    StartsWith,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` and `false`.
    Boolean(bool),
    /// Whole or not.
    Number(serde_json::Number),
    /// Text, folded.
    Text(String),
}

/// Why a text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {what}")]
pub struct FilterError {
    /// The character at which reading ended; the first is 1.
    pub at: usize,
    /// What is wrong there.
    pub what: Wrong,
}

/// What is wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Longer than [`FILTER_BYTES_MAX`].
    #[error("longer than {FILTER_BYTES_MAX} bytes")]
    TooLong,
    /// Brackets nest deeper than [`FILTER_DEPTH_MAX`].
    #[error("nested deeper than {FILTER_DEPTH_MAX} brackets")]
    TooDeep,
    /// More comparisons than [`FILTER_COMPARISONS_MAX`].
    #[error("more than {FILTER_COMPARISONS_MAX} comparisons")]
    TooMany,
    /// Something else stands there, or nothing.
    #[error("{0} is expected")]
    Expected(&'static str),
    /// Not a field.
    #[error(transparent)]
    Field(#[from] PointerError),
}
