//! Frames: what is written, and checked, as one.

use std::ops::Range;

use super::fields::{Fields, put};
use super::{ALIGNMENT, FRAME_HEADER_BYTES, aligned};
use crate::planted::planted;

/// Bytes that a frame starts with.
pub(crate) const MAGIC_BYTES: usize = 4;

const CHECKED_FROM: usize = 8;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// The entries of one commit.
    Commit,
    /// Entries that compaction copied.
    Copies,
    /// The entries of the segment's index.
    Index,
}

impl FrameKind {
    const ALL: [Self; 3] = [Self::Commit, Self::Copies, Self::Index];

    /// What a frame of this kind starts with.
    pub(crate) fn magic(self) -> [u8; MAGIC_BYTES] {
        *match self {
            Self::Commit => b"\xFEdjc",
            Self::Copies => b"\xFEdjk",
            Self::Index => b"\xFEdji",
        }
    }
}

/// What every frame says of the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FrameState {
    /// The number of the commit, or of the last one that was durable.
    pub(crate) commit: u64,
    /// The first commit in this frame, or in the segment if this is its index; 0 in copies.
    pub(crate) first: u64,
    /// The numbers of the changes that are kept after it.
    pub(crate) kept: Range<u64>,
}

/// The header of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    pub(crate) segment: u32,
    pub(crate) payload_bytes: u32,
    pub(crate) state: FrameState,
    pub(crate) entries: u32,
    checksum: u32,
}

impl Frame {
    /// Reads a header. Nothing is checked but that it begins like one: the checksum covers the payload, too.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let magic = fields.array()?;
        let kind = FrameKind::ALL.into_iter().find(|kind| kind.magic() == magic)?;
        let checksum = fields.u32()?;
        let (segment, payload_bytes) = (fields.u32()?, fields.u32()?);
        let commit = fields.u64()?;
        let kept = fields.u64()?..fields.u64()?;
        let entries = fields.u32()?;
        let state = FrameState { commit, first: fields.u64()?, kept };
        Some(Self { kind, segment, payload_bytes, state, entries, checksum })
    }

    /// Bytes from its start to where the next one may start.
    pub(crate) fn bytes(&self) -> u64 {
        (FRAME_HEADER_BYTES as u64 + u64::from(self.payload_bytes))
            .next_multiple_of(ALIGNMENT as u64)
    }

    /// The payload, if the checksum of these bytes, which begin with the frame, is right.
    pub(crate) fn payload<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let is_right = self.right_checksum(bytes)? == self.checksum || planted!(ChecksumIgnored);
        is_right.then(|| bytes.get(FRAME_HEADER_BYTES..self.end()?))?
    }

    /// The checksum that these bytes, which begin with the frame, should have. `None` if they are too few.
    pub(crate) fn right_checksum(&self, bytes: &[u8]) -> Option<u32> {
        bytes.get(CHECKED_FROM..self.end()?).map(|checked| checksum(self.kind.magic(), checked))
    }

    fn end(&self) -> Option<usize> {
        FRAME_HEADER_BYTES.checked_add(usize::try_from(self.payload_bytes).ok()?)
    }
}

/// Of the magic, too: those of two kinds differ by one bit.
fn checksum(magic: [u8; MAGIC_BYTES], checked: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&magic), checked)
}

/// Puts frames together.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    bytes: Vec<u8>,
    entries: u32,
}

impl FrameWriter {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; FRAME_HEADER_BYTES], entries: 0 }
    }

    /// Empties it for the next frame; the memory stays.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.resize(FRAME_HEADER_BYTES, 0);
        self.entries = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Where the next entry goes, for the functions of `entry.rs`.
    pub(crate) fn entry(&mut self) -> &mut Vec<u8> {
        self.entries += 1;
        &mut self.bytes
    }

    /// Bytes that the frame would have now.
    pub(crate) fn frame_bytes(&self) -> usize {
        aligned(self.bytes.len())
    }

    /// The frame: header and checksum are put in, zeros at the end.
    pub(crate) fn finish(&mut self, kind: FrameKind, segment: u32, state: &FrameState) -> &[u8] {
        let end = self.bytes.len();
        // A frame is far below 4 GiB: batches are bounded, and so are segments.
        let payload_bytes = u32::try_from(end - FRAME_HEADER_BYTES).unwrap_or(u32::MAX);
        let block = &mut self.bytes;
        put(block, 0, kind.magic());
        put(block, 8, segment.to_le_bytes());
        put(block, 12, payload_bytes.to_le_bytes());
        put(block, 16, state.commit.to_le_bytes());
        put(block, 24, state.kept.start.to_le_bytes());
        put(block, 32, state.kept.end.to_le_bytes());
        put(block, 40, self.entries.to_le_bytes());
        put(block, 44, state.first.to_le_bytes());
        let checksum = checksum(kind.magic(), &block[CHECKED_FROM..]);
        put(block, 4, checksum.to_le_bytes());
        block.resize(aligned(end), 0);
        block
    }
}
