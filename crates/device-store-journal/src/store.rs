//! The store itself: what the contract asks for, put together from the other modules.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, UserId, Username};
use device_store::codec::{RECORD_BYTES_MAX, encode_set};
use device_store::folder::LockedFolder;
use device_store::group_commit::{BatchLimits, GroupCommit};
use device_store::{
    ChangePage, Cursor, DeviceStore, PAGE_MAX, Page, Purged, StoreError, Swap, check_purge,
    check_swap,
};

use crate::error::OpenError;
use crate::files::{Files, RealFiles};
use crate::journal::Journal;
use crate::open::{Reading, is_ours, open};
use crate::options::Options;
use crate::thread::UpkeepThread;
use crate::upkeep::Upkeep;
use crate::writer::Writer;

/// What one commit takes. A large one costs nobody more than a small one: the disk waits dominate up to about a mebibyte.
pub(crate) const LIMITS: BatchLimits =
    BatchLimits { requests_max: 1_024, bytes_max: 1024 * 1024, forgotten_max: 65_536 };

/// What a store takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Keys in the directory: sets, aliases, and what was forgotten not long ago.
    pub keys: usize,
    /// Bytes of memory of the directory, the keys themselves included, what the allocator adds not.
    pub directory_bytes: usize,
    /// Bytes of decoded sets in the cache, as it counts them.
    pub cached_bytes: u64,
    /// Files of records.
    pub segments: usize,
    /// Bytes of records in force.
    pub live_bytes: u64,
    /// Bytes of records that compaction may free.
    pub dead_bytes: u64,
}

/// A persistent store of device sets. One process at a time can open its folder.
///
/// Futures of reads are ready at once; a read beyond the cache waits for the file in the calling thread. Futures of writes wait for the committer thread, and need no runtime for that.
///
/// Dropping the store, or [`close`](Self::close), waits until all accepted writes are durable.
pub struct JournalStore<F: Files = RealFiles> {
    pub(crate) journal: Arc<Journal<F>>,
    writes: GroupCommit,
    pub(crate) upkeep: UpkeepThread<F>,
    /// Dropped last, so that the folder is free only when nothing uses it any more.
    _folder: Option<LockedFolder>,
}

impl JournalStore<RealFiles> {
    /// Opens the store in `folder`, or makes a new one. Everything that can be read after this is durable.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::is_in_use`] while somebody else has it open.
    pub fn open(folder: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let taken = LockedFolder::take(folder.as_ref(), is_ours)?;
        let files = RealFiles::new(taken.path());
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self::start(files, options, threads, Some(taken))
    }
}

impl<F: Files> JournalStore<F> {
    /// Opens the store in other files than those of a folder: for tests with a file system of their own. Nothing is locked.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_on(files: F, options: &Options) -> Result<Self, OpenError> {
        Self::start(files, options, 1, None)
    }

    fn start(
        files: F,
        options: &Options,
        threads: usize,
        folder: Option<LockedFolder>,
    ) -> Result<Self, OpenError> {
        let segment_bytes = options.segment_bytes();
        let use_indexes = options.use_indexes;
        let opened = open(files, Reading { threads, use_indexes, segment_bytes })?;
        let kept = opened.durable.kept.clone();
        let (active, index_bytes) = opened.active.clone();
        let journal = Arc::new(Journal::new(opened, options.cache_bytes));
        let upkeep = UpkeepThread::start(Upkeep::new(Arc::clone(&journal), segment_bytes))?;
        let writer = Writer::new(Arc::clone(&journal), active, index_bytes, segment_bytes);
        let writes = GroupCommit::start(writer, LIMITS, options.changes_kept, kept)?;
        Ok(Self { journal, writes, upkeep, _folder: folder })
    }

    /// Why the store takes no writes any more ([`StoreError::ReadOnly`]), or why compaction has stopped, once one of them has. Opening it again tells whether that lasts.
    #[must_use]
    pub fn failure(&self) -> Option<Box<str>> {
        self.writes.failure().or_else(|| self.upkeep.failure())
    }

    /// What the store takes in memory and on the disk now. Walks through the directory, a part at a time.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let (keys, directory_bytes) = self.journal.directory.size();
        let segments = self.journal.segments.all();
        Usage {
            keys,
            directory_bytes,
            cached_bytes: self.journal.cache.weight(),
            segments: segments.len(),
            live_bytes: segments.iter().map(|segment| segment.live()).sum(),
            dead_bytes: segments.iter().map(|segment| segment.dead()).sum(),
        }
    }

    /// Takes no further requests and waits until those that were accepted are durable. What is written afterwards is answered with
    /// [`StoreError::Unavailable`]. The folder is free for others when the store is dropped.
    pub fn close(&self) {
        self.writes.close();
        self.upkeep.end();
    }
}

impl<F: Files> Drop for JournalStore<F> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<F: Files> fmt::Debug for JournalStore<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it holds secrets.
        formatter.debug_struct("JournalStore").finish_non_exhaustive()
    }
}

impl<F: Files> DeviceStore for JournalStore<F> {
    async fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        self.journal.load(key)
    }

    async fn swap(
        &self,
        key: &SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        change: Change,
    ) -> Result<Swap, StoreError> {
        check_swap(key, expected, &next, &change)?;
        // Who has lost already does not need the committer; and a set that cannot be read is never overwritten.
        let current = self.journal.load(key)?;
        if current.revision != expected {
            return Ok(Swap::Conflict(current));
        }
        let record = encode_set(key.as_bytes(), &next)
            .ok_or(StoreError::Misused("a stored set has an owner"))?;
        if record.len() > RECORD_BYTES_MAX {
            return Err(StoreError::Misused("the set is larger than any record that is read"));
        }
        let swapped = self.writes.swap(key.clone(), expected, next, record, change).await;
        // Held until now, so that it is freed here and not by the committer, for whom all others wait.
        drop(current);
        swapped
    }

    async fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Username>, StoreError> {
        self.journal.alias(&SetKey::name_bytes(realm, user_id.as_str()))
    }

    async fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<Page, StoreError> {
        self.journal.scan(after, limit.min(PAGE_MAX))
    }

    async fn changes(&self, after: Option<Cursor>, limit: usize) -> Result<ChangePage, StoreError> {
        self.journal.changes(after, limit.min(PAGE_MAX))
    }

    async fn trim(&self, through: Cursor) -> Result<u64, StoreError> {
        self.writes.trim(through).await
    }

    async fn purge(
        &self,
        realm: &Realm,
        username: &Username,
        change: Change,
    ) -> Result<Purged, StoreError> {
        check_purge(realm, username, &change)?;
        self.writes.purge(realm.clone(), username.clone(), change).await
    }
}
