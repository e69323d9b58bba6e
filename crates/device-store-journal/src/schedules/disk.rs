//! A disk that lets others go on before, in and after each operation, and knows which commits are durable.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::files::{Files, JournalFile};
use crate::format::{Frame, FrameKind};
use crate::simulation::{SimulatedDisk, SimulatedFile};

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    pub(super) inner: SimulatedDisk,
    durable: Arc<AtomicU64>,
}

/// A file.
#[derive(Debug)]
pub(super) struct File {
    inner: SimulatedFile,
    /// The last commit that was written to it.
    written: AtomicU64,
    durable: Arc<AtomicU64>,
}

impl Disk {
    pub(super) fn new(inner: SimulatedDisk) -> Self {
        Self { inner, durable: Arc::default() }
    }

    /// The last commit whose sync has returned.
    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::SeqCst)
    }

    fn file(&self, inner: SimulatedFile) -> File {
        File { inner, written: AtomicU64::new(0), durable: Arc::clone(&self.durable) }
    }
}

/// Lets the scheduler choose who goes on. Not `yield_now`, which PCT takes for a sign that there is nothing to do.
fn switch() {
    shuttle::sync::atomic::AtomicBool::new(false).load(Ordering::SeqCst);
}

/// Runs an operation between two switches.
fn between<T>(operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    switch();
    let done = operation();
    switch();
    done
}

impl Files for Disk {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        between(|| self.inner.create(name)).map(|inner| self.file(inner))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        self.inner.open(name).map(|inner| self.file(inner))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        between(|| self.inner.rename(from, to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        between(|| self.inner.remove(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        between(|| self.inner.sync_names())
    }
}

impl JournalFile for File {
    /// Reads in two halves: whoever writes there meanwhile does harm.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let half = bytes.len() / 2;
        let (first, second) = bytes.split_at_mut(half);
        between(|| self.inner.read_exact_at(first, offset))?;
        self.inner.read_exact_at(second, offset + half as u64)?;
        switch();
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        between(|| self.inner.write_all_at(bytes, offset))?;
        if let Some(frame) = Frame::parse(bytes).filter(|frame| frame.kind == FrameKind::Commit) {
            self.written.fetch_max(frame.state.commit, Ordering::SeqCst);
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        switch();
        let written = self.written.load(Ordering::SeqCst);
        self.inner.sync()?;
        self.durable.fetch_max(written, Ordering::SeqCst);
        switch();
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        self.inner.length()
    }

    fn is_shared(&self) -> io::Result<bool> {
        self.inner.is_shared()
    }
}
