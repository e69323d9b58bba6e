//! Long records in parts, so that no page of sled grows beyond what its log takes.
//!
//! sled 0.34 puts pages of a quarter of a segment and more into files of their own, which it writes and removes without ever syncing them: a power loss then takes sets that were acknowledged
//! long ago (`docs/power-loss.md`). A page has about twenty records; so a record beyond [`PART_BYTES`] is stored as a head and parts under keys that follow its own:
//!
//! ```text
//! key                                   head: ff, length of the record (4 bytes), version (8 bytes), the first bytes
//! key  version (8 bytes) 00 00          the next bytes
//! key  version (8 bytes) 00 01          ...
//! ```
//! All numbers are big endian. No record begins with ff: formats are counted from 1. Head and parts are written in one batch, but not read in one: a reader may find the
//! head of one version and no parts, because they were just replaced. The version in the keys makes that a gap and never a mixture, and the reader begins again.

use std::ops::RangeInclusive;

use device_store::codec::RECORD_BYTES_MAX;
use sled::{Batch, IVec, Tree};

/// Bytes of a record, or of a part of one, under one key. Twenty of them stay far below what a page may have, whatever their keys are.
pub(crate) const PART_BYTES: usize = 4 * 1024;

const MARK: u8 = 0xff;
const HEAD_BYTES: usize = 13;

/// Puts a record into a batch, in parts if it is long.
pub(crate) fn insert(batch: &mut Batch, key: Vec<u8>, version: u64, record: &[u8]) {
    let length = match u32::try_from(record.len()) {
        Ok(length) if record.len() > PART_BYTES => length,
        _ => return batch.insert(key, record),
    };
    let (first, rest) = record.split_at(PART_BYTES);
    let mut head = Vec::with_capacity(HEAD_BYTES + PART_BYTES);
    head.push(MARK);
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&version.to_be_bytes());
    head.extend_from_slice(first);
    for (number, part) in (0..=u16::MAX).zip(rest.chunks(PART_BYTES)) {
        batch.insert(part_key(&key, version, number), part);
    }
    batch.insert(key, head);
}

/// Puts into a batch that the parts of a record go. The record of that key is replaced or removed by somebody else.
pub(crate) fn remove_parts(batch: &mut Batch, key: &[u8], version: u64, record_bytes: usize) {
    let parts = record_bytes.div_ceil(PART_BYTES).saturating_sub(1);
    for number in (0..=u16::MAX).take(parts) {
        batch.remove(part_key(key, version, number));
    }
}

/// Reads a record. What is not complete is given back as far as it goes: its checksum tells.
pub(crate) fn get(tree: &Tree, key: &[u8]) -> sled::Result<Option<IVec>> {
    match tree.get(key)? {
        Some(value) => complete(tree, key, value),
        None => Ok(None),
    }
}

/// As [`get`], where the value of the record's key was read already.
pub(crate) fn complete(tree: &Tree, key: &[u8], value: IVec) -> sled::Result<Option<IVec>> {
    let mut read = Some(value);
    while let Some(first) = &read {
        let Some((head, beginning)) = Head::of(first) else { break };
        let mut record = Vec::with_capacity(head.length);
        record.extend_from_slice(beginning);
        for part in tree.range(parts(key, head.version)) {
            record.extend_from_slice(&part?.1);
        }
        if record.len() == head.length {
            return Ok(Some(record.into()));
        }
        // Replaced while it was read, unless it is still the same.
        let again = tree.get(key)?;
        if again == read {
            return Ok(Some(record.into()));
        }
        read = again;
    }
    Ok(read)
}

struct Head {
    length: usize,
    version: u64,
}

impl Head {
    /// The head in the value of a record's key, and the bytes after it. `None` if the value is the whole record.
    fn of(value: &[u8]) -> Option<(Self, &[u8])> {
        let (&MARK, rest) = value.split_first()? else { return None };
        let (length, rest) = rest.split_first_chunk()?;
        let (version, beginning) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let plausible =
            beginning.len() == PART_BYTES && (PART_BYTES..=RECORD_BYTES_MAX).contains(&length);
        plausible.then_some((Self { length, version: u64::from_be_bytes(*version) }, beginning))
    }
}

fn part_key(key: &[u8], version: u64, number: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len() + 10);
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes
}

fn parts(key: &[u8], version: u64) -> RangeInclusive<Vec<u8>> {
    part_key(key, version, 0)..=part_key(key, version, u16::MAX)
}
