//! Group commit in front of any embedded engine: one thread takes all swaps that wait and commits them as one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::{fmt, io};

use device_core::Revision;
use device_store::codec::set_revision;
use tokio::sync::oneshot;

use crate::Failure;
use crate::store::{Record, Records};

/// An engine in this process, of which one thread writes.
pub trait Embedded: Send + Sync + 'static {
    /// The last committed record of a key.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure>;

    /// Commits records, each of another key, all or none, and returns when they are durable.
    ///
    /// # Errors
    /// If they cannot be written.
    fn write(&self, records: &HashMap<&[u8], &Record>) -> Result<(), Failure>;
}

/// An engine and the thread that writes.
pub struct Group<E> {
    engine: Arc<E>,
    queue: Option<Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
}

/// A swap that waits.
struct Waiting {
    key: Vec<u8>,
    expected: Revision,
    next: Record,
    done: oneshot::Sender<Result<bool, Arc<str>>>,
}

impl<E: Embedded> Group<E> {
    /// Starts the thread, which commits at most `together` swaps as one.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(engine: E, together: usize) -> io::Result<Self> {
        let engine = Arc::new(engine);
        let (queue, waiting) = channel();
        let writing = Arc::clone(&engine);
        let thread = thread::Builder::new()
            .name("committer".into())
            .spawn(move || commit_all(&*writing, &waiting, together))?;
        Ok(Self { engine, queue: Some(queue), thread: Some(thread) })
    }
}

fn commit_all(engine: &impl Embedded, waiting: &Receiver<Waiting>, together: usize) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<_> =
            std::iter::once(first).chain(waiting.try_iter()).take(together).collect();
        let outcomes: Result<_, Arc<str>> =
            commit(engine, &group).map_err(|error| Arc::from(error.to_string()));
        for (at, Waiting { done, .. }) in group.into_iter().enumerate() {
            // Whoever has gone does not want to know.
            let _ = done.send(outcomes.as_ref().map(|stored| stored[at]).map_err(Arc::clone));
        }
    }
}

/// Which swaps of a group were stored. A later one of the same key meets the revision of an earlier one.
fn commit(engine: &impl Embedded, group: &[Waiting]) -> Result<Vec<bool>, Failure> {
    let mut records: HashMap<&[u8], &Record> = HashMap::with_capacity(group.len());
    let mut stored = Vec::with_capacity(group.len());
    for Waiting { key, expected, next, .. } in group {
        let current = match records.get(key.as_slice()) {
            Some(record) => record.revision,
            None => match engine.read(key)? {
                Some(record) => set_revision(key, &record)?,
                None => Revision::NONE,
            },
        };
        stored.push(current == *expected);
        if current == *expected {
            records.insert(key, next);
        }
    }
    if !records.is_empty() {
        engine.write(&records)?;
    }
    Ok(stored)
}

impl<E: Embedded> Records for Group<E> {
    /// Here and not on another thread: what is asked for lies in memory, and handing it over takes longer than finding it.
    async fn load(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        self.engine.read(key)
    }

    async fn swap(&self, key: &[u8], expected: Revision, next: Record) -> Result<bool, Failure> {
        let (done, outcome) = oneshot::channel();
        let waiting = Waiting { key: key.into(), expected, next, done };
        let queue = self.queue.as_ref().ok_or("the store is closed")?;
        queue.send(waiting).map_err(|_| "the committer has ended")?;
        Ok(outcome.await?.map_err(|error| error.to_string())?)
    }
}

impl<E> Drop for Group<E> {
    /// Commits what waits; the engine is closed when this returns.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // If it has panicked, everybody who waited knows.
            let _ = thread.join();
        }
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Group").finish_non_exhaustive()
    }
}
