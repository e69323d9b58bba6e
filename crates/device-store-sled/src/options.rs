//! What can be chosen when a store is opened.

use device_store::CHANGES_KEPT_DEFAULT;

/// Bytes of decoded sets that are kept in memory unless told otherwise.
pub const CACHE_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// Bytes of pages that sled keeps in memory unless told otherwise.
pub const ENGINE_CACHE_BYTES_DEFAULT: u64 = 256 * 1024 * 1024;

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Bytes of decoded sets that are kept in memory. 0 keeps none.
    pub cache_bytes: u64,
    /// Bytes of pages that sled keeps in memory, as sled counts them: the process was seen to take half as much again.
    /// Should hold the data; at least [`ENGINE_CACHE_BYTES_MIN`].
    pub engine_cache_bytes: u64,
    /// Changes that are kept: the oldest beyond them are forgotten with each commit.
    pub changes_kept: u64,
}

/// The least that sled takes for its cache, in bytes: one page of a usual size in each of its 256 shards.
pub const ENGINE_CACHE_BYTES_MIN: u64 = 8 * 1024 * 1024;

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            cache_bytes: CACHE_BYTES_DEFAULT,
            engine_cache_bytes: ENGINE_CACHE_BYTES_DEFAULT,
            changes_kept: CHANGES_KEPT_DEFAULT,
        }
    }
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Power loss: the disk has confirmed it.
    #[default]
    Sync,
    /// The end of the process, not that of the machine: the operating system has it.
    Process,
}
