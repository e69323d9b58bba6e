//! The bounded queue between the writers and the committer.

use std::collections::VecDeque;
use std::sync::Arc;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, Username};
use device_store::{Cursor, Purged, StoreError, Swap};
use futures_channel::oneshot;
use parking_lot::{Condvar, Mutex};

use crate::error::closed;

/// Requests that may wait for the committer. Beyond them writers are refused: the disk is slower than they are, and a longer queue would only make them wait longer.
pub const WAITING_MAX: usize = 8_192;

/// Where an answer goes. Whoever asked may have gone away; that is not an error.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the committer is asked to do.
#[derive(Debug)]
pub(crate) enum Request {
    /// Store a set if the revision of the current one is the expected one.
    Swap(SwapRequest),
    /// Forget a user.
    Purge(PurgeRequest),
    /// Forget changes.
    Trim(TrimRequest),
}

/// A swap that was checked and encoded by who asked for it.
#[derive(Debug)]
pub(crate) struct SwapRequest {
    pub(crate) key: SetKey,
    pub(crate) expected: Revision,
    pub(crate) next: Arc<DeviceSet>,
    pub(crate) record: Vec<u8>,
    pub(crate) change: Change,
    pub(crate) reply: Reply<Swap>,
}

/// A purge that was checked by who asked for it.
#[derive(Debug)]
pub(crate) struct PurgeRequest {
    pub(crate) realm: Realm,
    pub(crate) username: Username,
    pub(crate) change: Change,
    pub(crate) reply: Reply<Purged>,
}

/// What is left of a trim: a long one takes several batches.
#[derive(Debug)]
pub(crate) struct TrimRequest {
    pub(crate) through: Cursor,
    pub(crate) forgotten: u64,
    pub(crate) reply: Reply<u64>,
}

impl Request {
    /// Answers that nothing was stored, and why.
    pub(crate) fn refuse(self, error: StoreError) {
        // A reply that cannot be delivered has nobody who waits for it.
        match self {
            Self::Swap(swap) => drop(swap.reply.send(Err(error))),
            Self::Purge(purge) => drop(purge.reply.send(Err(error))),
            Self::Trim(trim) => drop(trim.reply.send(Err(error))),
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Request>,
    /// Why no request is taken any more.
    refusal: Option<StoreError>,
}

impl Queue {
    /// Puts a request at the end.
    ///
    /// # Errors
    /// The reason why it was not taken.
    pub(crate) fn push(&self, request: Request) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if let Some(refusal) = &state.refusal {
            return Err(refusal.clone());
        }
        if state.waiting.len() >= WAITING_MAX {
            return Err(StoreError::Unavailable("too many writes are waiting for the disk".into()));
        }
        state.waiting.push_back(request);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Puts back what is left of a request: it is the next one.
    pub(crate) fn push_front(&self, request: Request) {
        self.state.lock().waiting.push_front(request);
    }

    /// The next request if there is one.
    pub(crate) fn pop(&self) -> Option<Request> {
        self.state.lock().waiting.pop_front()
    }

    /// Waits for a request. `None` when there are none left and none will come.
    pub(crate) fn wait(&self) -> Option<Request> {
        let mut state = self.state.lock();
        loop {
            if let Some(request) = state.waiting.pop_front() {
                return Some(request);
            }
            if state.refusal.is_some() {
                return None;
            }
            self.arrived.wait(&mut state);
        }
    }

    /// Takes no further requests. Those that wait are still served.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.refusal = Some(closed());
        drop(state);
        self.arrived.notify_all();
    }

    /// Refuses all requests, also those that wait.
    pub(crate) fn refuse_all(&self, error: &StoreError) {
        let mut state = self.state.lock();
        if state.refusal.is_none() {
            state.refusal = Some(error.clone());
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for request in waiting {
            request.refuse(error.clone());
        }
    }
}
