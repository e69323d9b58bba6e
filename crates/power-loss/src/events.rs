use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::calls::each_call;
use crate::files::Files;
use crate::record::{left, runs};

/// A file or a folder, whatever its names are. [`Recording::ROOT`] is the workload's folder.
pub type Inode = usize;

/// One thing that was done, and the lines of the trace between which it happened.
#[derive(Debug)]
pub struct Event {
    /// It was not begun before this moment.
    pub start: usize,
    /// It was over at this moment; `usize::MAX` if the process died in it and nothing tells whether it was done.
    pub end: usize,
    /// What was done.
    pub what: What,
}

/// What was done. `sync_file_range` is not here: it makes nothing durable.
#[derive(Debug)]
pub enum What {
    /// Bytes were written at an offset.
    Write {
        /// The file.
        inode: Inode,
        /// Where in the file.
        offset: u64,
        /// What was written.
        bytes: Vec<u8>,
    },
    /// The file was cut, or extended with zeros.
    Resize {
        /// The file.
        inode: Inode,
        /// Its new length in bytes.
        len: u64,
    },
    /// `fsync` or `fdatasync`: of a file its bytes and length, of a folder its names.
    Sync {
        /// The file or folder.
        inode: Inode,
    },
    /// `sync`: everything.
    SyncAll,
    /// A folder's names changed.
    Name {
        /// The folder.
        folder: Inode,
        /// How.
        change: NameChange,
    },
    /// The workload said that it has promised something; the line it wrote.
    Acknowledged(String),
}

/// A change of one folder's names.
#[derive(Debug, Clone)]
pub enum NameChange {
    /// The name now means this file.
    Set(String, Inode),
    /// The name is gone.
    Remove(String),
    /// Both at once, as `rename` does inside one folder: first the old name, then the new one.
    Move(String, String, Inode),
}

impl Event {
    /// Whether it changes what is in the folder.
    pub(crate) fn is_state(&self) -> bool {
        matches!(self.what, What::Write { .. } | What::Resize { .. } | What::Name { .. })
    }

    /// Of a write only this many bytes were done.
    pub(crate) fn shorten(&mut self, to: usize) {
        if let What::Write { bytes, .. } = &mut self.what {
            bytes.truncate(to);
        }
    }
}

/// All that a workload did to its folder, in the order in which it began.
#[derive(Debug, Default)]
pub struct Recording {
    /// What was done.
    pub events: Vec<Event>,
    /// Which inodes are folders.
    pub folders: HashSet<Inode>,
    first: usize,
    lines: usize,
}

impl Recording {
    /// The workload's folder itself; its own name is taken as durable.
    pub const ROOT: Inode = 0;

    /// Reads what [`record`](crate::record()) left in `trace`.
    pub fn load(trace: &Path) -> Result<Self, Error> {
        let trace = trace.canonicalize()?;
        let runs = runs(&trace);
        if runs.is_empty() {
            return Err(Error::Usage(format!("`{}` holds no recording", trace.display())));
        }
        let files: Vec<File> = runs.iter().map(File::open).collect::<Result<_, _>>()?;
        let mut known = Files::new(&trace.join("folder"));
        let start = trace.join("start");
        if start.is_dir() {
            known.start_with(&start)?;
        }
        let left = runs.iter().map(|run| Some(left(run)).filter(|left| left.is_dir()));
        Self::follow(known, files.into_iter().map(BufReader::new).zip(left))
    }

    /// Parses the traces of processes that ran one after another on `folder`.
    pub fn parse<T: BufRead>(
        folder: &Path,
        traces: impl IntoIterator<Item = T>,
    ) -> Result<Self, Error> {
        Self::follow(Files::new(folder), traces.into_iter().map(|trace| (trace, None)))
    }

    fn follow<T: BufRead>(
        mut files: Files,
        traces: impl IntoIterator<Item = (T, Option<PathBuf>)>,
    ) -> Result<Self, Error> {
        let first = files.lines();
        let mut line = first;
        for (trace, left) in traces {
            files.start_process(left);
            each_call(trace, &mut line, |call| files.apply(&call))?;
            files.end_process(line)?;
        }
        let (mut events, folders) = files.finish();
        events.sort_by_key(|event| event.start);
        Ok(Self { events, folders, first, lines: line })
    }

    #[cfg(test)]
    pub(crate) fn of(events: Vec<Event>) -> Self {
        let lines = events.len();
        Self { events, folders: HashSet::from([Self::ROOT]), first: 0, lines }
    }

    /// Power can be lost at moment 0 (before anything) up to this one (after everything).
    pub fn moments(&self) -> usize {
        self.lines + 1
    }

    /// The moments just before and just after each sync, name change, resize and
    /// acknowledgement.
    pub fn boundaries(&self) -> Vec<usize> {
        self.edges(|what| !matches!(what, What::Write { .. }))
    }

    /// The moments just before and after every event, writes included.
    pub fn edges(&self, wanted: impl Fn(&What) -> bool) -> Vec<usize> {
        let mut moments: Vec<usize> = self
            .events
            .iter()
            .filter(|event| wanted(&event.what))
            .flat_map(|event| [event.start, event.start + 1, event.end.saturating_add(1)])
            .filter(|moment| (self.first + 1..=self.moments()).contains(moment))
            .collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}
