//! The store itself: what the contract asks for, put together from the other modules.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, UserId, Username};
use device_store::codec::{RECORD_BYTES_MAX, encode_set};
use device_store::folder::LockedFolder;
use device_store::group_commit::GroupCommit;
use device_store::{
    ChangePage, Cursor, DeviceStore, PAGE_MAX, Page, Purged, StoreError, Swap, check_purge,
    check_swap,
};

use crate::durable::SyncPoint;
use crate::engine::Engine;
use crate::error::OpenError;
use crate::keys;
use crate::open::{Opened, open};
use crate::options::Options;
use crate::visible::Visible;
use crate::writer::{LIMITS, Writer};

/// A persistent store of device sets. One process at a time can open its folder.
///
/// Futures of reads are ready at once; a read beyond the caches waits for the disk in the calling thread. Futures of writes wait for the committer thread, and need no
/// runtime for that.
///
/// Dropping the store, or [`close`](Self::close), waits until all accepted writes are durable.
pub struct SledStore {
    visible: Arc<Visible<Engine>>,
    writes: GroupCommit,
    /// Dropped last, so that the folder is free only when nothing uses it any more.
    folder: LockedFolder,
}

impl SledStore {
    /// Opens the store in `folder`, or makes a new one. Everything that can be read after this is durable, as far as [`Options::durability`] promises it.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::InUse`] while somebody else has it open.
    pub fn open(folder: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        Self::open_with(folder, options, |sync_point| sync_point)
    }

    /// As [`open`](Self::open), with a [`SyncPoint`] of one's own, made of the real one: for tests that hold a sync or let it fail.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        folder: impl AsRef<Path>,
        options: Options,
        sync_point: impl FnOnce(Box<dyn SyncPoint>) -> Box<dyn SyncPoint>,
    ) -> Result<Self, OpenError> {
        let opened = open(folder.as_ref(), &options)?;
        let Opened { folder, open, sync_point: real, changes } = opened;
        let visible =
            Arc::new(Visible::new(Engine::new(open), options.cache_bytes, changes.clone()));
        let writer = Writer { visible: Arc::clone(&visible), sync_point: sync_point(real) };
        let writes = GroupCommit::start(writer, LIMITS, options.changes_kept, changes)
            .map_err(|error| OpenError::Folder { folder: folder.path().to_owned(), error })?;
        Ok(Self { visible, writes, folder })
    }

    /// Why the store takes no writes any more ([`StoreError::ReadOnly`]), once it does not.
    #[must_use]
    pub fn failure(&self) -> Option<Box<str>> {
        self.writes.failure()
    }

    /// Bytes of decoded sets in the cache now, as it counts them.
    #[must_use]
    pub fn cached_bytes(&self) -> u64 {
        self.visible.cache_bytes()
    }

    /// Takes no further requests, waits until those that were accepted are durable, and closes sled. What is asked afterwards is answered with
    /// [`StoreError::Unavailable`]. The folder is free for others when the store is dropped.
    pub fn close(&self) {
        self.writes.close();
        self.visible.log().close();
        self.visible.close();
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it holds secrets.
        formatter
            .debug_struct("SledStore")
            .field("folder", &self.folder.path())
            .finish_non_exhaustive()
    }
}

impl DeviceStore for SledStore {
    async fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        Ok(self.visible.load(key)?.set)
    }

    async fn swap(
        &self,
        key: &SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        change: Change,
    ) -> Result<Swap, StoreError> {
        check_swap(key, expected, &next, &change)?;
        // Who has lost already does not need the committer; and if the set has to be read and decoded, this thread does it instead of that one.
        let current = self.visible.load(key)?.set;
        if current.revision != expected {
            return Ok(Swap::Conflict(current));
        }
        let record = encode_set(&keys::set(key), &next)
            .ok_or(StoreError::Misused("a stored set has an owner"))?;
        if record.len() > RECORD_BYTES_MAX {
            return Err(StoreError::Misused("the set is larger than any record that is read"));
        }
        self.writes.swap(key.clone(), expected, next, record, change).await
    }

    async fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Username>, StoreError> {
        self.visible.resolve(realm, user_id)
    }

    async fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<Page, StoreError> {
        self.visible.scan(after, limit.min(PAGE_MAX))
    }

    async fn changes(&self, after: Option<Cursor>, limit: usize) -> Result<ChangePage, StoreError> {
        self.visible.changes(after, limit.min(PAGE_MAX))
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
