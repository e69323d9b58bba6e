//! The trailer: the last bytes of a full segment, which lead to its index.

use super::TRAILER_BYTES;
use super::fields::{Fields, put};

const MAGIC: [u8; 4] = *b"\xFEdjt";

/// Where the index of a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// The segment's id.
    pub(crate) segment: u32,
    /// Where the index frame starts in the file.
    pub(crate) index: u32,
}

impl Trailer {
    pub(crate) fn to_bytes(self) -> [u8; TRAILER_BYTES as usize] {
        let mut bytes = [0; TRAILER_BYTES as usize];
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 8, self.segment.to_le_bytes());
        put(&mut bytes, 12, self.index.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[8..]);
        put(&mut bytes, 4, checksum.to_le_bytes());
        bytes
    }

    /// The trailer in these bytes, if it is one.
    pub(crate) fn parse(bytes: &[u8; TRAILER_BYTES as usize]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.array()? != MAGIC || fields.u32()? != crc32c::crc32c(fields.0) {
            return None;
        }
        let checked = fields.0;
        debug_assert_eq!(checked.len(), TRAILER_BYTES as usize - 8);
        Some(Self { segment: fields.u32()?, index: fields.u32()? })
    }
}
