//! What the committer is asked to do.

use std::fmt;
use std::sync::Arc;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, Username};
use futures_channel::oneshot;

use crate::store::{Cursor, Purged, StoreError, Swap};

/// Where an answer goes. Whoever asked may have gone away; that is not an error.
pub type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the committer is asked to do.
#[derive(Debug)]
pub enum Request {
    /// Store a set if the revision of the current one is the expected one.
    Swap(SwapRequest),
    /// Forget a user.
    Purge(PurgeRequest),
    /// Forget changes.
    Trim(TrimRequest),
}

/// A swap that was checked ([`check_swap`](crate::check_swap)) and encoded by who asked for it.
pub struct SwapRequest {
    /// Which set.
    pub key: SetKey,
    /// The revision that the current set must have.
    pub expected: Revision,
    /// The set to store.
    pub next: Arc<DeviceSet>,
    /// Its record, as the engine stores it.
    pub record: Vec<u8>,
    /// The change to store with it.
    pub change: Change,
    /// Where the answer goes.
    pub reply: Reply<Swap>,
}

/// A purge that was checked ([`check_purge`](crate::check_purge)) by who asked for it.
pub struct PurgeRequest {
    /// The user's realm.
    pub realm: Realm,
    /// The user.
    pub username: Username,
    /// The change to store with it.
    pub change: Change,
    /// Where the answer goes.
    pub reply: Reply<Purged>,
}

/// A trim, or what is left of it: a long one takes several batches.
#[derive(Debug)]
pub struct TrimRequest {
    /// The last change to forget.
    pub through: Cursor,
    /// How many changes earlier batches have forgotten for it; 0 at first.
    pub forgotten: u64,
    /// Where the answer goes: how many changes were forgotten.
    pub reply: Reply<u64>,
}

impl Request {
    /// Answers that nothing was stored, and why.
    pub(super) fn refuse(self, error: StoreError) {
        // A reply that cannot be delivered has nobody who waits for it.
        match self {
            Self::Swap(swap) => drop(swap.reply.send(Err(error))),
            Self::Purge(purge) => drop(purge.reply.send(Err(error))),
            Self::Trim(trim) => drop(trim.reply.send(Err(error))),
        }
    }
}

impl fmt::Debug for SwapRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it holds secrets.
        formatter
            .debug_struct("SwapRequest")
            .field("change", &self.change.id)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PurgeRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PurgeRequest")
            .field("change", &self.change.id)
            .finish_non_exhaustive()
    }
}
