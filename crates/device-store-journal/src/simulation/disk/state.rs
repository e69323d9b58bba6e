//! What all handles of a disk share.

use std::sync::Arc;
use std::{fmt, io};

use parking_lot::{Mutex, MutexGuard};

use super::faults::{Faults, Operation, crash, is_crash};
use super::hook::HookPlace;
use super::names::Names;
use super::survival::Stamp;
use crate::simulation::Random;

/// What was done since the counters were set to zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Operations that are counted, also failed ones: `create`, `open`, `write`, `sync`, `rename`, `remove`, `sync_names`.
    pub operations: u64,
    /// Bytes of successful writes.
    pub bytes_written: u64,
    /// Successful syncs of files and of names.
    pub syncs: u64,
}

/// Syncs that are left out, to show that their absence is found.
#[derive(Debug, Clone, Default)]
pub(super) struct IgnoredSyncs {
    pub(super) files: Vec<String>,
    pub(super) names: bool,
}

/// A disk. Its lock comes before that of a file.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) hook: HookPlace,
}

/// The changing part of a disk, without the bytes of its files.
#[derive(Debug)]
pub(super) struct State {
    pub(super) names: Names,
    pub(super) random: Random,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) ignored: IgnoredSyncs,
    pub(super) dead: bool,
    changes: u64,
}

impl Shared {
    /// Begins an operation: runs the hook, counts, and says how it must fail.
    pub(super) fn begin(
        &self,
        operation: Operation,
        name: impl FnOnce() -> Arc<str>,
    ) -> io::Result<(MutexGuard<'_, State>, Option<io::Error>)> {
        if self.hook.is_ready() && !self.state.lock().dead {
            self.hook.run(operation.name(), &name());
        }

        let mut state = self.state.lock();
        if state.dead {
            return Err(crash());
        }
        let mut failure = None;
        if state.faults.counts(operation) {
            state.counters.operations += 1;
            let number = state.counters.operations;
            failure = state.faults.failure(number, operation);
            state.dead = failure.as_ref().is_some_and(is_crash);
        }
        Ok((state, failure))
    }
}

impl State {
    /// A disk with these names.
    pub(super) fn new(names: Names, random: Random, ignored: IgnoredSyncs) -> Self {
        Self {
            names,
            random,
            faults: Faults::default(),
            counters: Counters::default(),
            ignored,
            dead: false,
            changes: 0,
        }
    }

    /// The same disk for another process.
    pub(super) fn copy(&self) -> Self {
        Self {
            changes: self.changes,
            ..Self::new(self.names.copy(), self.random.clone(), self.ignored.clone())
        }
    }

    /// The stamp of the next change, the first of a call or a further one.
    pub(super) fn stamp(&mut self, call: Option<u64>) -> Stamp {
        self.changes += 1;
        Stamp { change: self.changes, call: call.unwrap_or(self.changes) }
    }

    /// One more than the last change.
    pub(super) const fn changes_end(&self) -> u64 {
        self.changes + 1
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The bytes of a disk tell a reader nothing.
        let state = self.state.lock();
        let names: Vec<&String> = state.names.current().keys().collect();
        formatter
            .debug_struct("Shared")
            .field("names", &names)
            .field("counters", &state.counters)
            .field("dead", &state.dead)
            .finish_non_exhaustive()
    }
}
