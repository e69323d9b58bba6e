//! The file system as the journal uses it: a small trait, so that tests can put one below it that fails, tears, reorders and forgets.
//!
//! What the journal relies on, and nothing else:
//! * after [`JournalFile::sync`] returned, the bytes that were written to that file before are durable, and so is its length;
//! * after [`Files::sync_names`] returned, the names that were made, changed or removed before are durable;
//! * before that, any part of it may be durable and any other not, in any order, down to a sector of 512 bytes;
//! * a rename replaces the name or does not.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// One folder of files.
pub trait Files: fmt::Debug + Send + Sync + 'static {
    /// An open file of the folder.
    type File: JournalFile;

    /// The names of all files in the folder, in no order.
    ///
    /// # Errors
    /// What the operating system said, as everywhere in this trait.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes a new, empty file for reading and writing.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is one of that name.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none of that name.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Gives a file another name. A file that had that name before is gone.
    ///
    /// # Errors
    /// See [`list`](Self::list).
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a name. The bytes are there for those who have the file open.
    ///
    /// # Errors
    /// See [`list`](Self::list).
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names durable.
    ///
    /// # Errors
    /// See [`list`](Self::list).
    fn sync_names(&self) -> io::Result<()>;
}

/// An open file. Reads and writes go to stated positions and may overlap in time.
pub trait JournalFile: fmt::Debug + Send + Sync + 'static {
    /// Fills `bytes` from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] beyond the end, or what the operating system said.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes `bytes` at `offset`, making the file longer where they go beyond its end.
    ///
    /// # Errors
    /// What the operating system said; then any part of the bytes may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the bytes and the length durable.
    ///
    /// # Errors
    /// What the operating system said. It is then not known what is durable, and trying again tells nothing.
    fn sync(&self) -> io::Result<()>;

    /// Bytes of the file.
    ///
    /// # Errors
    /// What the operating system said.
    fn length(&self) -> io::Result<u64>;

    /// Whether the bytes have another name elsewhere, such as in a snapshot: then they must not be written over.
    ///
    /// # Errors
    /// What the operating system said.
    fn is_shared(&self) -> io::Result<bool>;
}

/// Only the owner may read: the sets hold the users' secrets.
const FILE_MODE: u32 = 0o600;

/// A real folder.
#[derive(Debug, Clone)]
pub struct RealFiles {
    folder: PathBuf,
}

impl RealFiles {
    /// The files of an existing folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Files for RealFiles {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            // A name that is not text is not one of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(FILE_MODE);
        options.open(self.folder.join(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.folder.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

impl JournalFile for File {
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, bytes, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn is_shared(&self) -> io::Result<bool> {
        Ok(self.metadata()?.nlink() > 1)
    }
}
