//! The bounded queue between the writers and the committer.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

use super::request::Request;
use crate::store::StoreError;

/// Requests that may wait until the committer takes all that wait. Beyond them writers are refused: the disk is slower than they are, and a longer queue would only make them wait longer.
pub const WAITING_MAX: usize = 8_192;

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
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
    pub(super) fn push(&self, request: Request) -> Result<(), StoreError> {
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

    /// Takes all requests that wait, with one turn at the lock, into the empty `taken`.
    pub(super) fn take(&self, taken: &mut VecDeque<Request>) {
        debug_assert!(taken.is_empty());
        std::mem::swap(&mut self.state.lock().waiting, taken);
    }

    /// Waits for requests and takes all that wait, unless there are `taken` ones already. `false` when there are none left and none will come.
    pub(super) fn wait(&self, taken: &mut VecDeque<Request>) -> bool {
        if !taken.is_empty() {
            return true;
        }
        let mut state = self.state.lock();
        while state.waiting.is_empty() {
            if state.refusal.is_some() {
                return false;
            }
            self.arrived.wait(&mut state);
        }
        std::mem::swap(&mut state.waiting, taken);
        true
    }

    /// Takes no further requests. Those that wait are still served.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.refusal = Some(StoreError::Unavailable("it is closed".into()));
        drop(state);
        self.arrived.notify_all();
    }

    /// Refuses all requests, also those that wait.
    pub(super) fn refuse_all(&self, error: &StoreError) {
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
