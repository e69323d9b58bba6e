//! Files for the floors of writes, and files that remember what a journal wrote, so that the floor can write the same.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use device_store_journal::{Files, JournalFile, RealFiles};
use parking_lot::Mutex;

use crate::swapping::Stretch;
use crate::usage::processor_time;

/// Bytes of a file that was written before.
pub const WRITTEN_BYTES: usize = 64 << 20;

/// The name of the thread whose writes are commits; all others are the upkeep's.
const COMMITTER: &str = "devreg-committer";

/// A file of a floor.
#[derive(Debug)]
pub struct FloorFile {
    path: PathBuf,
    file: File,
    written: bool,
    position: usize,
}

impl FloorFile {
    /// A new file in `folder`. If it is `written`, its bytes were on the disk before: the least a write can cost. Otherwise each write makes it longer, and the file system must record that too.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new(folder: &Path, written: bool) -> Self {
        let path = folder.join("floor");
        let file = File::create(&path).expect("a file");
        if written {
            file.write_all_at(&vec![1; WRITTEN_BYTES], 0).expect("a write");
            file.sync_all().expect("a sync");
        }
        Self { path, file, written, position: 0 }
    }

    /// One write and one fdatasync.
    ///
    /// # Panics
    /// If the disk fails.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.written && self.position + bytes.len() > WRITTEN_BYTES {
            self.position = 0;
        }
        self.file.write_all_at(bytes, self.position as u64).expect("a write");
        self.file.sync_data().expect("a sync");
        self.position += bytes.len();
    }
}

impl Drop for FloorFile {
    fn drop(&mut self) {
        // The folder goes anyway.
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// Writes as many bytes as each of `writes` says, one write and one fdatasync each, into a file that was written before: what a journal wrote, bare. `operations` is how
/// many operations that was.
#[must_use]
pub fn write_again(folder: &Path, writes: &[usize], operations: usize) -> Stretch {
    let mut file = FloorFile::new(folder, true);
    let bytes = vec![7; writes.iter().copied().max().unwrap_or(0)];
    let (started, used) = (Instant::now(), processor_time());
    let mut waits = Vec::new();
    for length in writes {
        let asked = Instant::now();
        file.write(&bytes[..*length]);
        waits.push(asked.elapsed());
    }
    let (elapsed, processor) = (started.elapsed(), processor_time().saturating_sub(used));
    Stretch { operations, elapsed, processor, waits }
}

/// What a journal wrote.
#[derive(Debug, Default)]
pub struct Written {
    /// Bytes of each write of the committer, in their order.
    pub commits: Vec<usize>,
    /// Bytes that the upkeep wrote: files prepared, indexes, copies.
    pub upkeep_bytes: u64,
}

/// Real files that remember how much was written to them.
#[derive(Debug, Clone)]
pub struct CountedFiles {
    real: RealFiles,
    written: Arc<Mutex<Written>>,
}

impl CountedFiles {
    /// The files of a folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { real: RealFiles::new(folder), written: Arc::default() }
    }

    /// What was written since the last call.
    #[must_use]
    pub fn take(&self) -> Written {
        std::mem::take(&mut self.written.lock())
    }

    fn counted(&self, file: File) -> CountedFile {
        CountedFile { real: file, written: Arc::clone(&self.written) }
    }
}

/// A file of [`CountedFiles`].
#[derive(Debug)]
pub struct CountedFile {
    real: File,
    written: Arc<Mutex<Written>>,
}

impl Files for CountedFiles {
    type File = CountedFile;

    fn list(&self) -> io::Result<Vec<String>> {
        self.real.list()
    }

    fn create(&self, name: &str) -> io::Result<CountedFile> {
        self.real.create(name).map(|file| self.counted(file))
    }

    fn open(&self, name: &str) -> io::Result<CountedFile> {
        self.real.open(name).map(|file| self.counted(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.real.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.real.remove(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.real.sync_names()
    }
}

impl JournalFile for CountedFile {
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        JournalFile::read_exact_at(&self.real, bytes, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let committer = std::thread::current().name() == Some(COMMITTER);
        let mut written = self.written.lock();
        if committer {
            written.commits.push(bytes.len());
        } else {
            written.upkeep_bytes += bytes.len() as u64;
        }
        drop(written);
        JournalFile::write_all_at(&self.real, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.real.sync()
    }

    fn length(&self) -> io::Result<u64> {
        self.real.length()
    }

    fn is_shared(&self) -> io::Result<bool> {
        self.real.is_shared()
    }
}
