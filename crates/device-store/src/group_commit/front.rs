//! What a store asks: requests in, answers out.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, Username};
use futures_channel::oneshot;
use parking_lot::Mutex;
use uuid::Uuid;

use super::commit::{BatchLimits, Engine};
use super::committer::Committer;
use super::queue::Queue;
use super::request::{PurgeRequest, Reply, Request, SwapRequest, TrimRequest};
use crate::store::{Cursor, Purged, StoreError, Swap};

/// Front of a store: queue, committer thread, its end and its failure.
///
/// Futures wait for the committer thread, and need no runtime for that. One that is dropped leaves its request in the queue, if it was polled once.
///
/// Dropping it, or [`close`](Self::close), waits until all accepted writes are durable.
pub struct GroupCommit {
    queue: Arc<Queue>,
    committer: Mutex<Option<JoinHandle<()>>>,
    failure: Arc<Mutex<Option<Box<str>>>>,
}

impl GroupCommit {
    /// Starts the committer thread of an engine in which everything is durable and whose changes have the numbers `kept`. Of these at most `changes_kept` stay: the
    /// oldest beyond them are forgotten with each commit that adds some.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start<E: Engine>(
        engine: E,
        limits: BatchLimits,
        changes_kept: u64,
        kept: Range<u64>,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let failure = Arc::new(Mutex::new(None));
        let committer = Committer {
            queue: Arc::clone(&queue),
            engine,
            limits,
            changes_kept,
            kept,
            failure: Arc::clone(&failure),
        };
        Ok(Self { queue, committer: Mutex::new(Some(committer.start()?)), failure })
    }

    /// [`DeviceStore::swap`](crate::DeviceStore::swap) of what the caller has checked ([`check_swap`](crate::check_swap)) and encoded.
    ///
    /// # Errors
    /// As there.
    pub async fn swap(
        &self,
        key: SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        record: Vec<u8>,
        change: Change,
    ) -> Result<Swap, StoreError> {
        let id = change.id;
        let request =
            |reply| Request::Swap(SwapRequest { key, expected, next, record, change, reply });
        self.ask(request, id).await
    }

    /// [`DeviceStore::purge`](crate::DeviceStore::purge) of what the caller has checked ([`check_purge`](crate::check_purge)).
    ///
    /// # Errors
    /// As there.
    pub async fn purge(
        &self,
        realm: Realm,
        username: Username,
        change: Change,
    ) -> Result<Purged, StoreError> {
        let id = change.id;
        let request = |reply| Request::Purge(PurgeRequest { realm, username, change, reply });
        self.ask(request, id).await
    }

    /// [`DeviceStore::trim`](crate::DeviceStore::trim).
    ///
    /// # Errors
    /// As there.
    pub async fn trim(&self, through: Cursor) -> Result<u64, StoreError> {
        let request = |reply| Request::Trim(TrimRequest { through, forgotten: 0, reply });
        self.ask(request, Uuid::nil()).await
    }

    /// Why no writes are taken any more ([`StoreError::ReadOnly`]), once they are not.
    #[must_use]
    pub fn failure(&self) -> Option<Box<str>> {
        self.failure.lock().clone()
    }

    /// Takes no further requests, waits until those that were accepted are durable, and ends the thread, with which the engine is dropped. What is asked afterwards is answered with
    /// [`StoreError::Unavailable`]. May be called twice: whoever comes second waits as well.
    pub fn close(&self) {
        self.queue.close();
        // Locked until the thread has ended, for who comes second.
        let mut committer = self.committer.lock();
        if let Some(committer) = committer.take() {
            // If it panicked, those who waited for it were told, and writes were refused since.
            let _ended = committer.join();
        }
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(Reply<T>) -> Request,
        change: Uuid,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(request(reply))?;
        // The committer answers everybody unless it panics.
        answer.await.unwrap_or(Err(StoreError::Unknown { change }))
    }
}

impl Drop for GroupCommit {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it holds secrets.
        formatter.debug_struct("GroupCommit").finish_non_exhaustive()
    }
}
