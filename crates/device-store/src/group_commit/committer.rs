//! The one thread that writes.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use super::commit::{BatchLimits, Engine};
use super::plan::Plan;
use super::queue::Queue;
use super::request::Request;
use crate::store::StoreError;

/// Owns all writes: takes what waits, makes one batch of it, has it made durable and shown, wakes who waited.
pub(super) struct Committer<E> {
    pub(super) queue: Arc<Queue>,
    pub(super) engine: E,
    pub(super) limits: BatchLimits,
    pub(super) changes_kept: u64,
    /// The numbers of the changes that are kept.
    pub(super) kept: Range<u64>,
    /// Why nothing is written any more.
    pub(super) failure: Arc<Mutex<Option<Box<str>>>>,
}

impl<E: Engine> Committer<E> {
    /// Starts the thread. It ends when the queue is closed and empty, or when a batch fails.
    pub(super) fn start(self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("devreg-committer".into()).spawn(move || {
            // Also when this thread panics, nobody must wait for it.
            let _guard = RefuseAtEnd(Arc::clone(&self.queue));
            self.run();
        })
    }

    fn run(mut self) {
        let mut taken = Taken::default();
        while self.queue.wait(&mut taken.0) {
            let mut plan =
                Plan::new(&self.engine, self.limits, self.changes_kept, self.kept.clone());
            while let Some(request) = taken.0.pop_front() {
                if let Some(left) = plan.add(request) {
                    taken.0.push_front(left);
                    break;
                }
                if plan.is_full() {
                    break;
                }
                // No waiting for more: while this batch waits for the disk, the next one gathers by itself.
                if taken.0.is_empty() {
                    self.queue.take(&mut taken.0);
                }
            }
            let (commit, waiters) = plan.into_parts();
            if commit.is_empty() {
                waiters.succeed();
                continue;
            }
            let kept = commit.kept.clone();
            if let Err(error) = self.engine.commit(commit) {
                // Nobody knows what is on the disk, and after a failed sync the kernel may have thrown away what was not written: trying again could only claim what is
                // not so.
                *self.failure.lock() = Some(error.to_string().into());
                self.queue.refuse_all(&StoreError::ReadOnly);
                waiters.fail();
                return;
            }
            self.kept = kept;
            waiters.succeed();
        }
    }
}

/// What was taken from the queue and is in no batch yet. Refused at the end, however that comes: nothing of it was written.
#[derive(Default)]
struct Taken(VecDeque<Request>);

impl Drop for Taken {
    fn drop(&mut self) {
        for request in self.0.drain(..) {
            request.refuse(StoreError::ReadOnly);
        }
    }
}

struct RefuseAtEnd(Arc<Queue>);

impl Drop for RefuseAtEnd {
    fn drop(&mut self) {
        self.0.refuse_all(&StoreError::ReadOnly);
    }
}
