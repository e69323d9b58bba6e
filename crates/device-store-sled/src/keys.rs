//! The keys of the one tree: a letter for the kind of record, then the record's own key.
//!
//! ```text
//! a realm 00 folded id 00            alias: the username of a user id
//! c 8 bytes, big endian              change, by its number
//! m name                             what the store says of itself
//! s realm 00 folded username 00 kind set
//! ```
//! The parts of long records follow under longer keys (`parts.rs`). Everything is in one tree because sled's batches are atomic within a tree only.

use std::ops::{Bound, Range};

use device_core::SetKey;

/// The key of the record that says which layout the tree has.
pub(crate) const FORMAT: &[u8] = b"mformat";

/// The key of the record that says which table names are folded with.
pub(crate) const FOLDING: &[u8] = b"mfolding";

/// The key of the record that holds the number of the next change while no change is kept.
pub(crate) const NEXT_CHANGE: &[u8] = b"mnext-change";

const ALIAS: u8 = b'a';
const CHANGE: u8 = b'c';
const SET: u8 = b's';

/// The key of a set's record.
pub(crate) fn set(key: &SetKey) -> Vec<u8> {
    prefixed(SET, key.as_bytes())
}

/// The set a record's key speaks of; `None` for the key of a part. Takes keys of sets only.
pub(crate) fn set_of(record_key: &[u8]) -> Option<SetKey> {
    record_key.split_first().and_then(|(_, key)| SetKey::from_bytes(key))
}

/// The range of all sets with keys greater than `after`.
pub(crate) fn sets_after(after: Option<&SetKey>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let from = after.map_or(Bound::Included(vec![SET]), |key| Bound::Excluded(set(key)));
    (from, Bound::Excluded(vec![SET + 1]))
}

/// The key of an alias; `name` is [`SetKey::name_bytes`] of realm and user id.
pub(crate) fn alias(name: &[u8]) -> Vec<u8> {
    prefixed(ALIAS, name)
}

/// The key of a change.
pub(crate) fn change(sequence: u64) -> Vec<u8> {
    prefixed(CHANGE, &sequence.to_be_bytes())
}

/// The number of the change with that key, or of which this is the key of a part.
pub(crate) fn sequence_of(record_key: &[u8]) -> Option<u64> {
    let (_, number) = record_key.split_first()?;
    Some(u64::from_be_bytes(*number.first_chunk()?))
}

/// Whether the key of a change is that of a part.
pub(crate) fn is_part_of_change(record_key: &[u8]) -> bool {
    record_key.len() > 1 + size_of::<u64>()
}

/// The range of changes with these numbers.
pub(crate) fn changes(numbers: &Range<u64>) -> Range<Vec<u8>> {
    change(numbers.start)..change(numbers.end)
}

/// What the keys of all changes start with.
pub(crate) const CHANGES: &[u8] = &[CHANGE];

fn prefixed(prefix: u8, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + key.len());
    bytes.push(prefix);
    bytes.extend_from_slice(key);
    bytes
}
