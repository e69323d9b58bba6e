//! The one thread that writes.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use device_store::StoreError;
use parking_lot::Mutex;

use crate::commit::Commit;
use crate::durable::SyncPoint;
use crate::engine::Engine;
use crate::plan::Plan;
use crate::queue::Queue;
use crate::visible::Visible;

/// Owns all writes: takes what waits, makes one batch of it, makes that durable, shows it, wakes who waited.
pub(crate) struct Committer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) visible: Arc<Visible<Engine>>,
    pub(crate) sync_point: Box<dyn SyncPoint>,
    pub(crate) changes_kept: u64,
    /// The numbers of the changes that are kept.
    pub(crate) kept: Range<u64>,
    /// Why nothing is written any more.
    pub(crate) failure: Arc<Mutex<Option<Box<str>>>>,
}

impl Committer {
    /// Starts the thread. It ends when the queue is closed and empty, or when a batch fails.
    pub(crate) fn start(self) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name("devreg-committer".into()).spawn(move || {
            // Also when this thread panics, nobody must wait for it.
            let _guard = RefuseAtEnd(Arc::clone(&self.queue));
            self.run();
        })
    }

    fn run(mut self) {
        while let Some(first) = self.queue.wait() {
            let mut plan = Plan::new(&*self.visible, self.changes_kept, self.kept.clone());
            let mut next = Some(first);
            while let Some(request) = next {
                let left = plan.add(request);
                let full = plan.is_full() || left.is_some();
                if let Some(left) = left {
                    self.queue.push_front(left);
                }
                // No waiting for more: while this batch waits for the disk, the next one gathers by itself.
                next = if full { None } else { self.queue.pop() };
            }
            let (commit, waiters) = plan.into_parts();
            if commit.is_empty() {
                waiters.succeed();
                continue;
            }
            let kept = commit.kept.clone();
            if let Err(error) = self.commit(commit) {
                // Nobody knows what is on the disk, and after a failed sync the kernel may have thrown away what was not written: trying again could only claim what is
                // not so. The table in front of readers stays as it is.
                *self.failure.lock() = Some(error.to_string().into());
                self.queue.refuse_all(&StoreError::ReadOnly);
                waiters.fail();
                return;
            }
            self.kept = kept;
            waiters.succeed();
        }
    }

    fn commit(&mut self, commit: Commit) -> io::Result<()> {
        self.visible.begin(&commit);
        self.visible.log().apply(&commit).map_err(io::Error::other)?;
        self.sync_point.sync()?;
        self.visible.publish(commit);
        Ok(())
    }
}

struct RefuseAtEnd(Arc<Queue>);

impl Drop for RefuseAtEnd {
    fn drop(&mut self) {
        self.0.refuse_all(&StoreError::ReadOnly);
    }
}
