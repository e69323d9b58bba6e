//! An open file of the simulated disk.

use std::io;
use std::sync::Arc;

use super::faults::{Operation, is_crash};
use super::inode::{Inode, sectors};
use super::names::Node;
use super::state::{Shared, State};
use crate::files::JournalFile;

/// An open file of a [`SimulatedDisk`](super::SimulatedDisk). It does not outlive a crash.
#[derive(Debug)]
pub struct SimulatedFile {
    shared: Arc<Shared>,
    node: Node,
}

impl SimulatedFile {
    pub(super) const fn new(shared: Arc<Shared>, node: Node) -> Self {
        Self { shared, node }
    }

    fn name(&self) -> Arc<str> {
        Arc::clone(&self.node.lock().name)
    }

    /// Reads something of the file.
    fn read<T>(
        &self,
        operation: Operation,
        read: impl FnOnce(&Inode) -> io::Result<T>,
    ) -> io::Result<T> {
        let (state, failure) = self.shared.begin(operation, || self.name())?;
        let inode = self.node.lock();
        drop(state);
        match failure {
            None => read(&inode),
            Some(error) => Err(error),
        }
    }

    /// Writes the sectors that `wanted` says.
    fn write_sectors(
        &self,
        state: &mut State,
        offset: usize,
        bytes: &[u8],
        mut wanted: impl FnMut(&mut State) -> bool,
    ) {
        let mut inode = self.node.lock();
        let mut call = None;
        for (at, part) in sectors(offset, bytes) {
            if wanted(state) {
                let stamp = state.stamp(call);
                call = Some(stamp.call);
                inode.write(at, part, stamp);
            }
        }
    }

    /// A write that is interrupted: as far as any byte, or any of its sectors.
    fn write_some(&self, state: &mut State, offset: usize, bytes: &[u8]) {
        if state.random.coin() {
            let written = state.random.index(bytes.len() + 1);
            self.write_sectors(state, offset, &bytes[..written], |_| true);
        } else {
            self.write_sectors(state, offset, bytes, |state| state.random.coin());
        }
    }
}

impl JournalFile for SimulatedFile {
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.read(Operation::Read, |inode| inode.read(bytes, offset))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (mut state, failure) = self.shared.begin(Operation::Write, || self.name())?;
        let offset = usize::try_from(offset)
            .ok()
            .filter(|offset| offset.saturating_add(bytes.len()) <= FILE_BYTES_MAX);
        let Some(offset) = offset else {
            return Err(failure.unwrap_or_else(|| io::ErrorKind::FileTooLarge.into()));
        };
        if let Some(error) = failure {
            self.write_some(&mut state, offset, bytes);
            return Err(error);
        }
        self.write_sectors(&mut state, offset, bytes, |_| true);
        state.counters.bytes_written += bytes.len() as u64;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let (mut state, failure) = self.shared.begin(Operation::Sync, || self.name())?;
        let mut inode = self.node.lock();
        if let Some(error) = failure {
            // A crash decides by itself what of the unsynced is there.
            if !is_crash(&error) {
                inode.fail_sync(&mut state.random);
            }
            return Err(error);
        }
        if !state.ignored.files.iter().any(|pattern| inode.name.contains(pattern.as_str())) {
            inode.sync();
        }
        state.counters.syncs += 1;
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        self.read(Operation::Length, |inode| Ok(inode.content().len() as u64))
    }

    fn is_shared(&self) -> io::Result<bool> {
        self.read(Operation::IsShared, |inode| Ok(inode.shared))
    }
}

/// No simulation needs more, and a wrong offset must not take the machine's memory.
const FILE_BYTES_MAX: usize = 64 << 20;
