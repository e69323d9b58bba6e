//! The bytes of a segment: header, frames, entries, index, trailer. Everything here is pure: bytes in, values out.
//!
//! Numbers are little endian. Checksums are CRC32C. A segment is a file `segment-<id>`:
//!
//! ```text
//! header (64 bytes) | frame | frame | ... | index frame | anything | trailer (64 bytes)
//! ```
//! Frames start at multiples of 64 bytes. Index and trailer come when the segment is full; until then the bytes after the last frame are zeros or what the
//! file held in an earlier life.
//!
//! **Header** (durable before the file gets its name)
//! ```text
//! offset  bytes  field
//!      0      8  FE "devreg" FF
//!      8      2  format (1)
//!     10      1  kind: 1 = commits in their order, 2 = copies that compaction made
//!     11      1  0
//!     12      4  id of the segment
//!     16      4  commits: id of the segment of commits before it, 0 = none; copies: where the frames end
//!     20     16  version of the Unicode table that names are folded with, ASCII, filled with zeros
//!     36     24  0
//!     60      4  checksum of bytes 0 to 59
//! ```
//! **Frame**: one commit, or a batch of copies, or the index
//! ```text
//!      0      4  FE "djc" = commit, FE "djk" = copies, FE "dji" = index (FE is in no text, so no record holds this by chance)
//!      4      4  checksum of bytes 0 to 3, and 8 to the end of the payload
//!      8      4  id of the segment
//!     12      4  bytes of the payload
//!     16      8  number of the commit; in copies and index: of the last commit that was durable
//!     24      8  changes: number of the first one that is kept after this commit
//!     32      8  changes: number of the next one after this commit
//!     40      4  entries in the payload
//!     44      8  number of the first commit in it; in the index: in the segment; in copies: 0
//!     52     12  0
//!     64      -  payload, then zeros up to the next multiple of 64
//! ```
//! **Entry** of a commit or of copies
//! ```text
//!      0      1  1 = set, 2 = alias, 3 = change, 4 = set forgotten, 5 = alias forgotten
//!      1      2  bytes of the key
//!      3      4  bytes of the value; 0 if forgotten
//!      7      8  number of the commit that wrote it first: of several records of a key the one with the greatest number is in force
//!     15      8  revision of the set, 0 in others
//!     23      -  key: of a set its `SetKey`, of an alias `SetKey::name_bytes`, of a change its number in 8 bytes, big endian
//!      -      -  value: the record (`device_store::codec`), with a checksum of its own that covers the key
//! ```
//! **Entry of the index**: as above, with 4 bytes more after the revision, the value's offset in the file, and without the value.
//!
//! **Trailer**: the last 64 bytes of the file
//! ```text
//!      0      4  FE "djt"
//!      4      4  checksum of bytes 8 to 63
//!      8      4  id of the segment
//!     12      4  offset of the index frame
//!     16     48  0
//! ```

mod entry;
mod fields;
mod frame;
mod header;
#[cfg(test)]
mod tests;
mod trailer;

pub(crate) use entry::{
    INDEX_ENTRY_BYTES, Record, Space, Tag, entries, index_entries, push_entry, push_index_entry,
    segment_bytes,
};
pub(crate) use frame::{Frame, FrameKind, FrameState, FrameWriter, MAGIC_BYTES};
pub(crate) use header::{Header, Kind};
pub(crate) use trailer::Trailer;

/// Bytes of the header of a segment.
pub(crate) const HEADER_BYTES: u32 = 64;

/// Bytes of the header of a frame.
pub(crate) const FRAME_HEADER_BYTES: usize = 64;

/// Frames start at multiples of this.
pub(crate) const ALIGNMENT: usize = 64;

/// Bytes of the trailer.
pub(crate) const TRAILER_BYTES: u32 = 64;

/// Bytes up to the next place where a frame may start.
pub(crate) fn aligned(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGNMENT)
}
