//! What a reader gives: entries, and what was wrong.

use std::fmt;

use crate::limits::{ENTRY_BYTES_MAX, ENTRY_VALUES_MAX, LINE_BYTES_MAX};

/// An entry of the directory, with the values that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line of its `dn:`.
    pub line: u64,
    /// Its distinguished name, as written.
    pub dn: String,
    /// Whether an empty line follows, as after every entry that a directory exports. Where the file ends instead, it may have been cut off.
    pub ended: bool,
    /// The values that were asked for, in their order.
    pub values: Vec<Value>,
    /// What could not be read of it. The other values can be used.
    pub faults: Vec<Fault>,
}

/// One value of an attribute. It may be a secret: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// The line on which it starts.
    pub line: u64,
    /// The attribute, as written, without options.
    pub attribute: Box<str>,
    /// Whether the attribute has options: `description;lang-en` is another attribute than `description`.
    pub has_options: bool,
    /// The value.
    pub text: String,
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, attribute, has_options, .. } = self;
        write!(formatter, "Value({attribute}, line {line}, has_options {has_options}, ***)")
    }
}

/// Something that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line on which it starts.
    pub line: u64,
    /// The attribute with its options, as written; of an entry that is lost as a whole `None`.
    pub attribute: Option<Box<str>>,
    /// What is wrong.
    pub reason: Reason,
}

/// Why something cannot be read. Never quotes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The file ends without the end of a line: the last value may be a part, and others may be missing.
    #[error(
        "the file ends in the middle of a line: it is cut off, or its last line lacks a line feed"
    )]
    CutOff,
    /// A line is not `attribute: value`. What it continues may be a part, so the entry is lost.
    #[error("not a line of an LDIF file: `attribute: value` is expected")]
    NotALine,
    /// An entry does not start with its name.
    #[error("an entry must start with `dn:`")]
    NoName,
    /// An entry says what to change and not what there is.
    #[error(
        "a list of changes (`changetype`, `control`) is not an export: only whole entries can be read"
    )]
    Changes,
    /// The file has another version of the format; nothing of it is read.
    #[error("only version 1 of LDIF can be read")]
    Version,
    /// A line and its continuations have more than [`LINE_BYTES_MAX`] bytes.
    #[error("longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// The values of an entry have more than [`ENTRY_BYTES_MAX`] bytes, or there are more than [`ENTRY_VALUES_MAX`].
    #[error("an entry of more than {ENTRY_BYTES_MAX} bytes or {ENTRY_VALUES_MAX} values")]
    EntryTooLarge,
    /// An option of the attribute is given twice.
    #[error("an attribute option is given twice")]
    OptionTwice,
    /// Two colons are not followed by Base64.
    #[error("not Base64, or not all of it")]
    NotBase64,
    /// The value is in another file (`:<`). A file that somebody gave must not make the reader open others.
    #[error("values in other files (`:<`) are not read")]
    Elsewhere,
    /// The bytes are no text in UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// Text with a NUL in it.
    #[error("contains a NUL")]
    Nul,
}
