//! A batch on its way, with what each set was before: the value that writer, engine and readers' table share.

use std::sync::Arc;

use device_core::{DeviceSet, SetKey};
use device_store::codec::memory_bytes;
use device_store::group_commit::{Commit, NewSet};

/// A batch that has begun: readers see what was durable before it.
pub(crate) struct InFlight {
    pub(crate) commit: Commit,
    /// The last durable values of its sets, in their order.
    pub(crate) before: Vec<StoredSet>,
}

impl InFlight {
    /// Its sets: key, what is durable, what comes next (`None` if the set is forgotten).
    pub(crate) fn sets(&self) -> impl Iterator<Item = (&SetKey, &StoredSet, Option<&NewSet>)> {
        let sets = self.commit.sets.iter().zip(&self.before);
        sets.map(|((key, next), before)| (key, before, next.as_ref()))
    }
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
    /// A set and the length of its record.
    pub(crate) fn new(set: Arc<DeviceSet>, record_bytes: usize) -> Self {
        let memory_bytes = memory_bytes(&set, record_bytes);
        Self { set, record_bytes, memory_bytes }
    }

    /// The set nobody stored.
    pub(crate) fn unknown() -> Self {
        Self { set: DeviceSet::unknown(), record_bytes: 0, memory_bytes: 0 }
    }
}
