//! Records: how persistent stores write sets, aliases and changes.
//!
//! ```text
//! offset  bytes  field
//!      0      1  format number (1)
//!      1      4  key id of the seal, little endian; 0 = not sealed
//!      5      8  revision of the set, little endian; 0 in aliases and changes
//!     13      4  CRC32C, little endian, of the record's key, bytes 0 to 12, and the body
//!     17      -  body: bincode 2.0.1, "standard" configuration (little endian, variable length integers)
//! ```
//! The key the record is stored under is part of the checksum, so a record that was put under another key is found out like one with a
//! damaged byte. Golden files of every format ever written are in `golden/`.

mod change;
mod set;

use bincode::config::standard;
use bincode::{BorrowDecode, Encode};

pub use change::{decode_change, encode_change};
pub use set::{decode_alias, decode_set, encode_alias, encode_set, memory_bytes, set_revision};

/// The format that is written.
pub const FORMAT: u8 = 1;

/// Bytes before the body.
pub const HEADER_BYTES: usize = 17;

/// Bytes of the largest record that is read: the hard limits of a set, with room for what bincode adds.
pub const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(crate) const CHECKSUM_AT: usize = 13;

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than a header, or more than any record has.
    #[error("its length is not that of a record")]
    Length,
    /// A format this version does not know.
    #[error("its format is {0}, which this version does not know")]
    Format(u8),
    /// Sealed with a key, which this version cannot open.
    #[error("it is sealed with key {0}, which is not known")]
    Sealed(u32),
    /// The checksum does not fit: a damaged byte, or the record of another key.
    #[error("its checksum does not fit")]
    Checksum,
    /// The checksum fits, the body does not: written by something else.
    #[error("its body is not what the header says")]
    Body,
}

pub(crate) fn checksum(key: &[u8], record: &[u8]) -> u32 {
    let checksum = crc32c::crc32c(key);
    let checksum = crc32c::crc32c_append(checksum, &record[..CHECKSUM_AT]);
    crc32c::crc32c_append(checksum, &record[HEADER_BYTES..])
}

/// The record of a body that takes about `body_bytes`.
fn encode<T: Encode>(key: &[u8], revision: u64, body: &T, body_bytes: usize) -> Vec<u8> {
    let mut record = Vec::with_capacity(HEADER_BYTES + body_bytes);
    record.push(FORMAT);
    record.extend_from_slice(&0_u32.to_le_bytes());
    record.extend_from_slice(&revision.to_le_bytes());
    record.extend_from_slice(&[0; HEADER_BYTES - CHECKSUM_AT]);
    // Writing plain structs into memory has no way to fail.
    let written = bincode::encode_into_std_write(body, &mut record, standard());
    debug_assert!(written.is_ok());
    let checksum = checksum(key, &record);
    record[CHECKSUM_AT..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    record
}

/// Checks header and checksum; gives back the revision and the body.
fn open<'a>(key: &[u8], record: &'a [u8]) -> Result<(u64, &'a [u8]), DecodeError> {
    if record.len() < HEADER_BYTES || record.len() > RECORD_BYTES_MAX {
        return Err(DecodeError::Length);
    }
    let number = |at: usize, bytes: usize| {
        record[at..at + bytes]
            .iter()
            .rev()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    if record[0] != FORMAT {
        return Err(DecodeError::Format(record[0]));
    }
    if u64::from(checksum(key, record)) != number(CHECKSUM_AT, 4) {
        return Err(DecodeError::Checksum);
    }
    match u32::try_from(number(1, 4)) {
        Ok(0) => Ok((number(5, 8), &record[HEADER_BYTES..])),
        key_id => Err(DecodeError::Sealed(key_id.unwrap_or(u32::MAX))),
    }
}

fn body<'a, T: BorrowDecode<'a, ()>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let config = standard().with_limit::<RECORD_BYTES_MAX>();
    match bincode::borrow_decode_from_slice(body, config) {
        Ok((value, read)) if read == body.len() => Ok(value),
        _ => Err(DecodeError::Body),
    }
}
