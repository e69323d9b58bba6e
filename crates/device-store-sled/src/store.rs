//! The store itself: what the contract asks for, put together from the other modules.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, UserId, Username};
use device_store::codec::{RECORD_BYTES_MAX, encode_set};
use device_store::{
    ChangePage, Cursor, DeviceStore, PAGE_MAX, Page, Purged, StoreError, Swap, check_purge,
    check_swap,
};
use futures_channel::oneshot;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::committer::Committer;
use crate::durable::SyncPoint;
use crate::engine::Engine;
use crate::error::OpenError;
use crate::folder::Folder;
use crate::keys;
use crate::open::{Opened, open};
use crate::options::Options;
use crate::queue::{PurgeRequest, Queue, Request, SwapRequest, TrimRequest};
use crate::visible::Visible;

/// A persistent store of device sets. One process at a time can open its folder.
///
/// Futures of reads are ready at once; a read beyond the caches waits for the disk in the calling thread. Futures of writes wait for the committer thread, and need no
/// runtime for that.
///
/// Dropping the store, or [`close`](Self::close), waits until all accepted writes are durable.
pub struct SledStore {
    visible: Arc<Visible<Engine>>,
    queue: Arc<Queue>,
    committer: Mutex<Option<JoinHandle<()>>>,
    failure: Arc<Mutex<Option<Box<str>>>>,
    /// Dropped last, so that the folder is free only when nothing uses it any more.
    folder: Folder,
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
        let Opened { folder, tree, sync_point: real, changes } = opened;
        let visible =
            Arc::new(Visible::new(Engine::new(tree), options.cache_bytes, changes.clone()));
        let queue = Arc::new(Queue::default());
        let failure = Arc::new(Mutex::new(None));
        let committer = Committer {
            queue: Arc::clone(&queue),
            visible: Arc::clone(&visible),
            sync_point: sync_point(real),
            changes_kept: options.changes_kept,
            kept: changes,
            failure: Arc::clone(&failure),
        };
        let committer = committer
            .start()
            .map_err(|error| OpenError::Folder { folder: folder.path().to_owned(), error })?;
        Ok(Self { visible, queue, committer: Mutex::new(Some(committer)), failure, folder })
    }

    /// Why the store takes no writes any more ([`StoreError::ReadOnly`]), once it does not.
    #[must_use]
    pub fn failure(&self) -> Option<Box<str>> {
        self.failure.lock().clone()
    }

    /// Bytes of decoded sets in the cache now, as it counts them.
    #[must_use]
    pub fn cached_bytes(&self) -> u64 {
        self.visible.cache_bytes()
    }

    /// Takes no further requests, waits until those that were accepted are durable, and closes sled. What is asked afterwards is answered with
    /// [`StoreError::Unavailable`]. The folder is free for others when the store is dropped.
    pub fn close(&self) {
        self.queue.close();
        if let Some(committer) = self.committer.lock().take() {
            // If it panicked, those who waited for it were told, and writes were refused since.
            let _ended = committer.join();
        }
        self.visible.log().close();
        self.visible.close();
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
        change: Uuid,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(request(reply))?;
        // The committer answers everybody unless it panics.
        answer.await.unwrap_or(Err(StoreError::Unknown { change }))
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
        let id = change.id;
        let key = key.clone();
        let request =
            |reply| Request::Swap(SwapRequest { key, expected, next, record, change, reply });
        self.ask(request, id).await
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
        let request = |reply| Request::Trim(TrimRequest { through, forgotten: 0, reply });
        self.ask(request, Uuid::nil()).await
    }

    async fn purge(
        &self,
        realm: &Realm,
        username: &Username,
        change: Change,
    ) -> Result<Purged, StoreError> {
        check_purge(realm, username, &change)?;
        let id = change.id;
        let (realm, username) = (realm.clone(), username.clone());
        let request = |reply| Request::Purge(PurgeRequest { realm, username, change, reply });
        self.ask(request, id).await
    }
}
