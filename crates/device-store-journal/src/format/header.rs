//! The header of a segment.

use device_core::fold::UNICODE_VERSION;

use super::HEADER_BYTES;
use super::fields::{Fields, put};

const MAGIC: [u8; 8] = *b"\xFEdevreg\xFF";
const FORMAT: u16 = 1;
const FOLDING_AT: usize = 20;
const FOLDING_BYTES: usize = 16;
const CHECKSUM_AT: usize = 60;

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Its number, the same as in its name. Greater than that of all segments that were there when it was made.
    pub(crate) id: u32,
    /// What is in it.
    pub(crate) kind: Kind,
}

/// What is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Commits in their order.
    Commits {
        /// The segment that was written before this one; 0 for the first one.
        previous: u32,
    },
    /// Copies that compaction made. Such a file is complete before it gets its name.
    Copies {
        /// Where its frames of copies end.
        end: u32,
    },
}

/// Why bytes are not the header of a segment that this version reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("its header is damaged")]
    Damaged,
    #[error("its format is {0}; this version reads {FORMAT}")]
    Format(u16),
    #[error("its names are folded with Unicode {found}; this version folds with {expected}")]
    Folding { found: Box<str>, expected: Box<str> },
}

impl Header {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES as usize] {
        let mut bytes = [0; HEADER_BYTES as usize];
        let (kind, number) = match self.kind {
            Kind::Commits { previous } => (1, previous),
            Kind::Copies { end } => (2, end),
        };
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 8, FORMAT.to_le_bytes());
        put(&mut bytes, 10, [kind]);
        put(&mut bytes, 12, self.id.to_le_bytes());
        put(&mut bytes, 16, number.to_le_bytes());
        bytes[FOLDING_AT..FOLDING_AT + FOLDING_BYTES].copy_from_slice(&folding());
        let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
        put(&mut bytes, CHECKSUM_AT, checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; HEADER_BYTES as usize]) -> Result<Self, HeaderError> {
        Self::fields(bytes).ok_or(HeaderError::Damaged)?
    }

    fn fields(bytes: &[u8]) -> Option<Result<Self, HeaderError>> {
        let checksum = Fields(&bytes[CHECKSUM_AT..]).u32()?;
        let mut fields = Fields(bytes);
        if fields.array()? != MAGIC || checksum != crc32c::crc32c(&bytes[..CHECKSUM_AT]) {
            return None;
        }
        let format = fields.u16()?;
        if format != FORMAT {
            return Some(Err(HeaderError::Format(format)));
        }
        let (kind, _reserved) = (fields.u8()?, fields.u8()?);
        let (id, number) = (fields.u32()?, fields.u32()?);
        let found = fields.array::<FOLDING_BYTES>()?;
        if found != folding() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').into();
            let (found, expected) = (text(&found), text(&folding()));
            return Some(Err(HeaderError::Folding { found, expected }));
        }
        let kind = match kind {
            1 => Kind::Commits { previous: number },
            2 => Kind::Copies { end: number },
            _ => return None,
        };
        Some(Ok(Self { id, kind }))
    }
}

fn folding() -> [u8; FOLDING_BYTES] {
    let (major, minor, update) = UNICODE_VERSION;
    let mut bytes = [0; FOLDING_BYTES];
    for (byte, character) in bytes.iter_mut().zip(format!("{major}.{minor}.{update}").bytes()) {
        *byte = character;
    }
    bytes
}
