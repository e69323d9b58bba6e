//! Files of the journal without some of the syncs it asks for: controls, in which the instrument must find a loss.

use std::fs::File;
use std::io;
use std::path::Path;

use device_store_journal::{Files, JournalFile, RealFiles};

use crate::options::Sync;

/// The files of a folder, without what [`Sync`] leaves out.
#[derive(Debug)]
pub(crate) struct Careless {
    real: RealFiles,
    sync: Sync,
}

impl Careless {
    pub(crate) fn new(folder: &Path, sync: Sync) -> Self {
        Self { real: RealFiles::new(folder), sync }
    }

    fn file(&self, real: File) -> CarelessFile {
        CarelessFile { real, is_synced: matches!(self.sync, Sync::Disk | Sync::Bytes) }
    }
}

/// One of them.
#[derive(Debug)]
pub(crate) struct CarelessFile {
    real: File,
    is_synced: bool,
}

impl Files for Careless {
    type File = CarelessFile;

    fn list(&self) -> io::Result<Vec<String>> {
        self.real.list()
    }

    fn create(&self, name: &str) -> io::Result<CarelessFile> {
        Ok(self.file(self.real.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<CarelessFile> {
        Ok(self.file(self.real.open(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.real.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.real.remove(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        if self.sync == Sync::Bytes { Ok(()) } else { self.real.sync_names() }
    }
}

impl JournalFile for CarelessFile {
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        JournalFile::read_exact_at(&self.real, bytes, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        JournalFile::write_all_at(&self.real, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        if self.is_synced { self.real.sync() } else { Ok(()) }
    }

    fn length(&self) -> io::Result<u64> {
        self.real.length()
    }

    fn is_shared(&self) -> io::Result<bool> {
        self.real.is_shared()
    }
}
