//! How a journal is opened.

use device_store::CHANGES_KEPT_DEFAULT;

use crate::writer::SegmentBytes;

/// Bytes of decoded sets kept in memory unless told otherwise.
pub const CACHE_BYTES_DEFAULT: u64 = 256 * 1024 * 1024;

/// Bytes of the smallest segment: what a small store takes on the disk.
pub const SEGMENT_BYTES_MIN_DEFAULT: u32 = 4 * 1024 * 1024;

/// Bytes of the largest segment, unless one record needs more: a store of 100 GB has some 400 files then.
pub const SEGMENT_BYTES_MAX_DEFAULT: u32 = 256 * 1024 * 1024;

/// How a journal is opened. All of it may be different the next time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Bytes of decoded sets kept in memory. The directory of keys comes on top: about 75 bytes a set and its key.
    pub cache_bytes: u64,
    /// Changes that are kept: the oldest beyond these are forgotten.
    pub changes_kept: u64,
    /// Bytes of the smallest segment. Segments grow with the store, to a sixteenth of it.
    pub segment_bytes_min: u32,
    /// Bytes of the largest segment.
    pub segment_bytes_max: u32,
    /// Whether a start uses the indexes of full segments. Without them it reads and checks every frame, which takes longer and finds damage that would otherwise be found when it is read.
    pub use_indexes: bool,
}

impl Options {
    pub(crate) fn segment_bytes(&self) -> SegmentBytes {
        SegmentBytes { min: self.segment_bytes_min, max: self.segment_bytes_max }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: CACHE_BYTES_DEFAULT,
            changes_kept: CHANGES_KEPT_DEFAULT,
            segment_bytes_min: SEGMENT_BYTES_MIN_DEFAULT,
            segment_bytes_max: SEGMENT_BYTES_MAX_DEFAULT,
            use_indexes: true,
        }
    }
}
