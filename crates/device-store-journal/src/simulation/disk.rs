//! The simulated disk: one folder of files in memory.

mod faults;
mod file;
mod hook;
mod inode;
mod names;
mod state;
mod survival;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use self::faults::{Faults, Operation};
use self::hook::HookPlace;
use self::inode::Inode;
use self::names::Names;
use self::state::{IgnoredSyncs, Shared, State};
use self::survival::{PowerLoss, Stamp};
use super::Random;
use crate::files::Files;

pub use self::faults::{Fault, FaultKind, is_crash};
pub use self::file::SimulatedFile;
pub use self::state::Counters;

/// A folder of files in memory, of which only what was synced survives a [`crash`](Self::crash) for certain. Clones are the same disk.
///
/// # Counting
/// `create`, `open`, `write`, `sync`, `rename`, `remove` and `sync_names` are numbered from 1 on, since the disk was made or
/// [`reset_counters`](Self::reset_counters) was called; `list` and `read` are too after [`count_reads`](Self::count_reads).
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    shared: Arc<Shared>,
}

impl SimulatedDisk {
    /// An empty disk. The seed decides what failed operations leave behind and the order of names.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with(State::new(Names::default(), Random::new(seed), IgnoredSyncs::default()))
    }

    /// The disk as it may be found after the power was lost now. All handles of this one are dead from here on, and its hook is removed.
    ///
    /// Ignored syncs stay ignored; faults do not stay, and counters begin anew.
    #[must_use]
    pub fn crash(&self, random: &mut Random) -> Self {
        self.die();
        self.after_crash(random)
    }

    /// What [`crash`](Self::crash) would give, while this disk lives on: for all that may be found at one moment, or at each.
    #[must_use]
    pub fn after_crash(&self, random: &mut Random) -> Self {
        let state = self.shared.state.lock();
        let end = state.changes_end();
        let loss = PowerLoss::new(state.names.first_unsynced().unwrap_or(end), end, random);

        let survival = loss.survival(random);
        let mut names = state.names.after_loss(|stamp| survival.keeps(stamp, random));
        for (name, node) in &mut names {
            let before = node.lock();
            let content = before.after_loss(loss.survival(random), random);
            let inode = Inode::durable(name.as_str().into(), before.shared, content);
            drop(before);
            *node = Arc::new(Mutex::new(inode));
        }
        Self::with(State::new(Names::durable(names), random.fork(), state.ignored.clone()))
    }

    /// The disk as the next process finds it after this one died: all is there, and what was not durable is not. Otherwise as [`crash`](Self::crash).
    #[must_use]
    pub fn kill(&self) -> Self {
        self.die();
        let state = self.shared.state.lock().copy();
        Self::with(state)
    }

    /// Whether the disk answers with nothing but errors, after [`crash`](Self::crash), [`kill`](Self::kill) or [`crash_at`](Self::crash_at).
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.shared.state.lock().dead
    }

    fn with(state: State) -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::new(state), hook: HookPlace::default() }) }
    }

    fn die(&self) {
        self.shared.state.lock().dead = true;
        self.remove_hook();
    }
}

/// What goes wrong.
impl SimulatedDisk {
    /// Makes the operation of this number fail. Several may be planned.
    ///
    /// * A write may then have been done in part.
    /// * A sync has made some sectors durable. The others are read as before, and never become durable unless they are written again.
    /// * A sync of names has made some changes durable. The others become so only in a sync after a further change of names.
    /// * Any other operation has done nothing.
    pub fn fail_at(&self, number: u64, fault: Fault) {
        self.shared.state.lock().faults.planned.insert(number, fault);
    }

    /// Turns the machine off in the operation of this number: it and all after it, reads too, fail with an error of which [`is_crash`] says yes.
    /// The operation may have had an effect. Then the caller takes [`crash`](Self::crash) or [`kill`](Self::kill).
    pub fn crash_at(&self, number: u64) {
        self.shared.state.lock().faults.crash_at = Some(number);
    }

    /// Takes back [`fail_at`](Self::fail_at), [`crash_at`](Self::crash_at) and [`count_reads`](Self::count_reads). A dead disk stays dead.
    pub fn clear_faults(&self) {
        self.shared.state.lock().faults = Faults::default();
    }

    /// Whether `list` and `read` have numbers too and may fail.
    pub fn count_reads(&self, count: bool) {
        self.shared.state.lock().faults.reads = count;
    }

    /// Syncs of files whose name contains the text do nothing from now on.
    pub fn ignore_syncs(&self, pattern: &str) {
        self.shared.state.lock().ignored.files.push(pattern.to_owned());
    }

    /// Syncs of names do nothing from now on.
    pub fn ignore_name_syncs(&self) {
        self.shared.state.lock().ignored.names = true;
    }

    /// Whether a file says that its bytes have another name elsewhere. Nothing if there is no such file.
    pub fn set_shared(&self, name: &str, shared: bool) {
        if let Ok(node) = self.shared.state.lock().names.find(name) {
            node.lock().shared = shared;
        }
    }
}

/// What there is to see.
impl SimulatedDisk {
    /// Calls `hook` before each operation with the operation's name, that of the method or `read` or `write`, and the file's, without a lock held.
    ///
    /// Of `rename`, it gets the old name; of `list` and `sync_names`, none. While it runs, operations do not call it. It may set and remove hooks.
    /// A hook that owns a clone of this disk keeps it in memory until it is removed.
    pub fn on_operation(&self, hook: impl FnMut(&str, &str) + Send + 'static) {
        self.shared.hook.set(Some(Box::new(hook)));
    }

    /// Removes the hook.
    pub fn remove_hook(&self) {
        self.shared.hook.set(None);
    }

    /// What was done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.state.lock().counters
    }

    /// Sets the counters to zero, and with them the numbers of operations.
    pub fn reset_counters(&self) {
        self.shared.state.lock().counters = Counters::default();
    }

    /// The names of all files, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.shared.state.lock().names.current().keys().cloned().collect()
    }

    /// The bytes of a file as a read sees them, or none if there is no such file.
    #[must_use]
    pub fn content(&self, name: &str) -> Vec<u8> {
        self.shared
            .state
            .lock()
            .names
            .find(name)
            .map(|node| node.lock().content().to_vec())
            .unwrap_or_default()
    }

    /// Sets the bytes of a file, which need not exist. They are durable at once; so are all names, if that of the file was not.
    pub fn set_content(&self, name: &str, content: Vec<u8>) {
        self.shared.state.lock().names.set(name, content);
    }
}

impl Files for SimulatedDisk {
    type File = SimulatedFile;

    fn list(&self) -> io::Result<Vec<String>> {
        let (mut state, failure) = self.shared.begin(Operation::List, || "".into())?;
        let mut names: Vec<String> = state.names.current().keys().cloned().collect();
        state.random.shuffle(&mut names);
        failure.map_or(Ok(names), Err)
    }

    fn create(&self, name: &str) -> io::Result<SimulatedFile> {
        let node =
            self.change(Operation::Create, name, |names, stamp| names.create(name, stamp))?;
        Ok(SimulatedFile::new(Arc::clone(&self.shared), node))
    }

    fn open(&self, name: &str) -> io::Result<SimulatedFile> {
        let node = self.change(Operation::Open, name, |names, _| names.find(name))?;
        Ok(SimulatedFile::new(Arc::clone(&self.shared), node))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(Operation::Rename, from, |names, stamp| names.rename(from, to, stamp))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change(Operation::Remove, name, |names, stamp| names.remove(name, stamp))
    }

    fn sync_names(&self) -> io::Result<()> {
        let (mut state, failure) = self.shared.begin(Operation::SyncNames, || "".into())?;
        let State { names, random, .. } = &mut *state;
        if let Some(error) = failure {
            // A crash decides by itself what of the unsynced is there.
            if !is_crash(&error) {
                names.fail_sync(random);
            }
            return Err(error);
        }
        if !state.ignored.names {
            state.names.sync();
        }
        state.counters.syncs += 1;
        Ok(())
    }
}

impl SimulatedDisk {
    /// An operation on names. If the machine goes off in it, it may have been done.
    fn change<T>(
        &self,
        operation: Operation,
        name: &str,
        act: impl FnOnce(&mut Names, Stamp) -> io::Result<T>,
    ) -> io::Result<T> {
        let (mut state, failure) = self.shared.begin(operation, || name.into())?;
        let stamp = state.stamp(None);
        let Some(error) = failure else { return act(&mut state.names, stamp) };
        if is_crash(&error) && state.random.coin() {
            drop(act(&mut state.names, stamp));
        }
        Err(error)
    }
}
