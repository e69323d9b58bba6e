//! What an engine is given to write, and what it owes.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use device_core::{Change, DeviceSet, Revision, SetKey, Username};

use crate::store::StoreError;

/// What is durable now, as a plan sees it.
///
/// The committer asks between commits only, so that an answer holds until the next commit. A request for which something cannot be read is answered with that error, and
/// nothing is written for it.
pub trait Durable {
    /// The revision of the stored set; [`Revision::NONE`] if none is stored. Asked for the key of each swap before the swap is accepted.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if a set is there that must not be overwritten, [`StoreError::Unavailable`].
    fn revision(&self, key: &SetKey) -> Result<Revision, StoreError>;

    /// The stored set, [`DeviceSet::unknown`] if none is stored. Asked for who lost a swap and for what a purge removes.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Unavailable`].
    fn set(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError>;

    /// The stored alias under [`SetKey::name_bytes`] of realm and user id.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Unavailable`].
    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError>;
}

/// An engine that the committer writes to. It lives in the committer's thread and is dropped there, when that ends.
pub trait Engine: Durable + Send + 'static {
    /// Makes a batch durable, then visible: all of it or nothing survives a crash, and no reader sees any of it before it is durable. When this returns, [`Durable`]
    /// and every reader see it, since those who wait for it are told next. Never called with a batch in which there is nothing.
    ///
    /// # Errors
    /// Whatever the engine or the operating system said. It is then not known what of the batch is durable. After an error this is not called again, readers must go on seeing what was
    /// durable before, and the store is read-only.
    fn commit(&mut self, commit: Commit) -> io::Result<()>;
}

/// What an engine takes in one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Requests, at least one.
    pub requests_max: usize,
    /// Bytes of set records, not counting the last one, so that a large set fits in.
    pub bytes_max: usize,
    /// Changes that are forgotten, at least one, so that a trim of many does not stop everybody else.
    pub forgotten_max: u64,
}

/// One atomic batch.
#[derive(Default)]
pub struct Commit {
    /// The sets it stores; `None` forgets the set, which was stored before unless the same batch would have stored it.
    pub sets: BTreeMap<SetKey, Option<NewSet>>,
    /// The aliases it stores, by [`SetKey::name_bytes`] of realm and user id; `None` forgets the alias, as with sets.
    pub aliases: BTreeMap<Box<[u8]>, Option<Username>>,
    /// The changes it adds, by their numbers, which ascend without gaps. Those that are not in `kept` are forgotten at once.
    pub changes: Vec<(u64, Change)>,
    /// The numbers of the changes that are kept after it. May be empty; its end is the number of the next change, and never goes back.
    pub kept: Range<u64>,
    /// The numbers of the changes it forgets, up to the start of `kept`. Changes of this batch may be among them.
    pub forgotten: Range<u64>,
}

/// A set that a batch stores.
pub struct NewSet {
    /// The set.
    pub set: Arc<DeviceSet>,
    /// Its record, as who asked for the swap encoded it.
    pub record: Vec<u8>,
}

impl Commit {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.sets.is_empty()
            && self.aliases.is_empty()
            && self.changes.is_empty()
            && self.forgotten.is_empty()
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it holds secrets.
        formatter
            .debug_struct("Commit")
            .field("sets", &self.sets.len())
            .field("aliases", &self.aliases.len())
            .field("changes", &self.changes.len())
            .field("kept", &self.kept)
            .field("forgotten", &self.forgotten)
            .finish()
    }
}

impl fmt::Debug for NewSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewSet")
            .field("revision", &self.set.revision)
            .field("record_bytes", &self.record.len())
            .finish_non_exhaustive()
    }
}
