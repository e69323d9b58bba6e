//! The durability point: what happens between a batch and its acknowledgement.
//!
//! sled's `flush` writes its log and ends in `sync_file_range` on Linux, which empties no disk cache and writes no file sizes: after it, a batch survives the
//! process but not a power loss. So for [`Durability::Sync`] this module syncs the data file through a handle of its own.
//!
//! Pages of a quarter of a segment (4 MiB) and more go to files of their own in `blobs`, which sled never syncs. Records are stored in parts so that pages stay far below that
//! (`parts.rs`). Should there be such files all the same, they are synced here too.
//!
//! A blob must be durable *before* the log that points to it, or a power loss in between leaves a page without its content, and with it sets that were acknowledged
//! long ago. That is why the store runs without sled's own flusher thread: the end of a batch is sent on its way only by [`SyncPoint::sync`], and sled
//! recovers no batch whose end is missing.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::options::Durability;

/// Makes everything durable that was written before. A seam: tests put their own before the real one.
pub trait SyncPoint: Send {
    /// Called by the committer after each batch; the batch is shown and acknowledged when this returns. After an error it is not called again.
    ///
    /// # Errors
    /// What the operating system said. It is then not known what is durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// The sync point for `durability`, after it was used for all that is in the folder.
pub(crate) fn sync_point(
    folder: &Path,
    tree: &sled::Db,
    durability: Durability,
) -> io::Result<Box<dyn SyncPoint>> {
    if durability == Durability::Process {
        return Ok(Box::new(ToTheSystem(tree.clone())));
    }
    let mut files = ToTheDisk {
        tree: tree.clone(),
        data: File::open(folder.join("db"))?,
        blobs: folder.join("blobs"),
        synced: BTreeSet::new(),
    };
    files.sync()?;
    sync_files(folder)?;
    Ok(Box::new(files))
}

/// sled hands its log to the operating system.
struct ToTheSystem(sled::Db);

impl SyncPoint for ToTheSystem {
    fn sync(&mut self) -> io::Result<()> {
        flush(&self.0)
    }
}

/// sled hands its log to the operating system, which hands it to the disk.
struct ToTheDisk {
    tree: sled::Db,
    /// sled's data file. A handle of its own: the kernel tells each handle of a failed write-back once, and nobody else must take that news away.
    data: File,
    blobs: PathBuf,
    /// Names of the blob files that are durable. They are written once and never changed.
    synced: BTreeSet<OsString>,
}

impl SyncPoint for ToTheDisk {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_blobs()?;
        flush(&self.tree)?;
        // A reader that finishes the split of a page may have written one meanwhile.
        self.sync_blobs()?;
        self.data.sync_data()
    }
}

impl ToTheDisk {
    /// Syncs the blob files that are new, then their names. The folder is usually empty, so that reading it costs microseconds.
    fn sync_blobs(&mut self) -> io::Result<()> {
        let mut present = BTreeSet::new();
        for entry in fs::read_dir(&self.blobs)? {
            present.insert(entry?.file_name());
        }
        let mut any = false;
        for name in present.difference(&self.synced) {
            any = true;
            match File::open(self.blobs.join(name)) {
                Ok(file) => file.sync_all()?,
                // Replaced meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if any {
            File::open(&self.blobs)?.sync_all()?;
        }
        self.synced = present;
        Ok(())
    }
}

fn flush(tree: &sled::Db) -> io::Result<()> {
    match tree.flush() {
        Ok(_bytes) => Ok(()),
        Err(sled::Error::Io(error)) => Err(error),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Syncs all files in a folder, then their names. sled makes files there only while it opens.
fn sync_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(folder)?.sync_all()
}
