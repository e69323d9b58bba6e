//! The bounded queue between the writers and the committer.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

use super::request::Request;
use crate::store::StoreError;

/// Requests that may wait for the committer. Beyond them writers are refused: the disk is slower than they are, and a longer queue would only make them wait longer.
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

    /// Puts back what is left of a request: it is the next one.
    pub(super) fn push_front(&self, request: Request) {
        self.state.lock().waiting.push_front(request);
    }

    /// The next request if there is one.
    pub(super) fn pop(&self) -> Option<Request> {
        self.state.lock().waiting.pop_front()
    }

    /// Waits for a request. `None` when there are none left and none will come.
    pub(super) fn wait(&self) -> Option<Request> {
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
