//! What a process that died has left of its folder: what tells whether the calls it died in were done.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::{Files, Place};
use crate::Error;
use crate::calls::Call;
use crate::events::{Inode, Recording, What};

/// A copy of the folder, made after the process was gone.
#[derive(Debug)]
pub(super) struct Left {
    folder: PathBuf,
}

impl Left {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether there is a file or folder of that path.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.folder.join(path).exists()
    }

    /// How many of `bytes`, from their first one on, are at `offset` of a file.
    pub(super) fn holds(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let file = File::open(self.folder.join(path))?;
        let mut found = vec![0; bytes.len()];
        let mut length = 0;
        while length < found.len() {
            match file.read_at(&mut found[length..], offset + length as u64)? {
                0 => break,
                read => length += read,
            }
        }
        Ok(found[..length].iter().zip(bytes).take_while(|(found, byte)| found == byte).count())
    }
}

impl Files {
    /// The process ended at this line: what it was doing is over, done or not or in part.
    pub(crate) fn end_process(&mut self, line: usize) -> io::Result<()> {
        let (left, first) = std::mem::take(&mut self.process);
        let Some(left) = left else { return Ok(()) };
        for at in first..self.events.len() {
            let event = &self.events[at];
            if event.end != usize::MAX || !event.is_state() {
                continue;
            }
            if let What::Write { inode, offset, bytes } = &event.what
                && let Some(path) = self.path_of(*inode)
            {
                let held = left.holds(&path, *offset, bytes)?;
                self.events[at].shorten(held);
            }
            self.events[at].end = line;
        }
        Ok(())
    }

    /// Whether a call in which the process died was done nevertheless: the kernel may have finished it, or may not have begun. What was left in the folder tells; where nothing was kept it counts
    /// as done, and never as complete.
    pub(super) fn took_effect(&self, call: &Call) -> Result<bool, Error> {
        let Some(left) = &self.process.0 else { return Ok(true) };
        let args = call.args();
        let arg = |at: usize| args.get(at).copied().unwrap_or("");
        let has = |at: &str, path: &str| -> Result<Option<bool>, Error> {
            match self.place(call, at, path)? {
                Place::In(folder, name) => {
                    Ok(self.path_of(folder).map(|it| left.has(&it.join(name))))
                }
                Place::Outside | Place::Root => Ok(None),
            }
        };
        let (expected, found) = match call.name.as_str() {
            "rename" => (false, has("AT_FDCWD", arg(0))?),
            "renameat" | "renameat2" => (false, has(arg(0), arg(1))?),
            "unlink" | "rmdir" => (false, has("AT_FDCWD", arg(0))?),
            "unlinkat" => (false, has(arg(0), arg(1))?),
            "mkdir" | "open" | "creat" => (true, has("AT_FDCWD", arg(0))?),
            "mkdirat" | "openat" => (true, has(arg(0), arg(1))?),
            _ => return Ok(true),
        };
        Ok(found.is_none_or(|found| found == expected))
    }

    /// The path of a file or folder below the workload's folder; none if it has lost its name.
    pub(super) fn path_of(&self, inode: Inode) -> Option<PathBuf> {
        if inode == Recording::ROOT {
            return Some(PathBuf::new());
        }
        self.names.iter().find_map(|(folder, names)| {
            let (name, _) = names.iter().find(|(_, named)| **named == inode)?;
            Some(self.path_of(*folder)?.join(name))
        })
    }
}
