//! What one batch changes, and what each thing was before: the value that plan, engine and readers' table share.

use std::collections::BTreeMap;
use std::mem::size_of;
use std::ops::Range;
use std::sync::Arc;

use device_core::SetKey;
use device_core::{Change, Device, DeviceSet, PushFacts, Username};

/// One atomic batch.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    /// The sets it stores or forgets.
    pub(crate) sets: BTreeMap<SetKey, SetStep>,
    /// The aliases it stores or forgets, by [`SetKey::name_bytes`] of realm and user id.
    pub(crate) aliases: BTreeMap<Box<[u8]>, AliasStep>,
    /// The changes it adds, by their numbers.
    pub(crate) changes: Vec<(u64, Change)>,
    /// The numbers of the changes that are kept after it.
    pub(crate) kept: Range<u64>,
    /// The numbers of the changes it forgets.
    pub(crate) forgotten: Range<u64>,
}

/// From one durable value of a set to the next.
#[derive(Debug)]
pub(crate) struct SetStep {
    /// The last durable one.
    pub(crate) before: StoredSet,
    /// The next one with its record; `None` if the set is forgotten.
    pub(crate) after: Option<(StoredSet, Vec<u8>)>,
}

/// From one durable value of an alias to the next.
#[derive(Debug)]
pub(crate) struct AliasStep {
    /// The last durable one.
    pub(crate) before: Option<Username>,
    /// The next one.
    pub(crate) after: Option<Username>,
}

/// A set and what its record takes.
#[derive(Debug, Clone)]
pub(crate) struct StoredSet {
    /// The set.
    pub(crate) set: Arc<DeviceSet>,
    /// Bytes of its record; 0 if it has none.
    pub(crate) record_bytes: usize,
    /// Bytes of memory it takes in the cache, counted rather high.
    pub(crate) memory_bytes: u64,
}

impl StoredSet {
    /// A set and the length of its record. The texts of a set are as long in memory as in its record, so the record's length stands for them all
    /// and nothing has to be walked through.
    pub(crate) fn new(set: Arc<DeviceSet>, record_bytes: usize) -> Self {
        /// Key, reference counts and the cache's own entry.
        const ENTRY_BYTES: usize = 256;
        /// About ten texts a device, each with an allocation and its header.
        const ALLOCATIONS_BYTES: usize = 10 * 16;
        let device_bytes = size_of::<Device>() + size_of::<PushFacts>() + ALLOCATIONS_BYTES;
        let bytes = ENTRY_BYTES + record_bytes + set.devices.len() * device_bytes;
        Self { set, record_bytes, memory_bytes: bytes as u64 }
    }

    /// The set nobody stored.
    pub(crate) fn unknown() -> Self {
        Self { set: DeviceSet::unknown(), record_bytes: 0, memory_bytes: 0 }
    }
}

impl Commit {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.sets.is_empty()
            && self.aliases.is_empty()
            && self.changes.is_empty()
            && self.forgotten.is_empty()
    }
}
