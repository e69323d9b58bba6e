//! A copy of the store at one moment, while it serves: the ground for backups.
//!
//! Full segments never change, so they get another name (a hard link) where the file system can do that. Of the segment that is being written, what is durable is copied.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::files::{Files as _, JournalFile as _, RealFiles};
use crate::format::Kind;
use crate::segment::{Segment, segment_name};
use crate::store::JournalStore;

/// What a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Files.
    pub segments: usize,
    /// Files that are shared with the store and take no further space as long as the store has them.
    pub linked: usize,
}

impl JournalStore<RealFiles> {
    /// Puts the state of one moment into a new folder, durably: everything that was acknowledged before the call is in it, each commit whole. The folder can be opened as a store. Commits and reads
    /// go on meanwhile; a compaction that is under way is waited for.
    ///
    /// Copy the folder elsewhere before it is opened: its files are shared with the store.
    ///
    /// # Errors
    /// The folder exists, or what the operating system said. What was made until then stays for inspection.
    pub fn snapshot(&self, to: impl AsRef<Path>) -> io::Result<Snapshot> {
        let to = to.as_ref();
        DirBuilder::new().mode(0o700).create(to)?;
        let _no_upkeep = self.upkeep.upkeep.pause();
        let active = self.journal.handover.active();
        let target = RealFiles::new(to);
        let mut snapshot = Snapshot { segments: 0, linked: 0 };
        for segment in self.journal.segments.all() {
            let later = matches!(segment.kind, Kind::Commits { .. }) && segment.id > active;
            if later {
                continue;
            }
            snapshot.segments += 1;
            let name = segment_name(segment.id);
            // Only what is full and indexed never changes again.
            if segment.is_indexed()
                && fs::hard_link(self.folder().join(&name), to.join(&name)).is_ok()
            {
                snapshot.linked += 1;
            } else {
                copy(&segment, &target)?;
            }
        }
        target.sync_names()?;
        if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        Ok(snapshot)
    }

    fn folder(&self) -> &Path {
        self.journal.files.folder()
    }
}

/// Copies a segment as far as it is durable; an indexed one whole.
fn copy(segment: &Segment<File>, target: &RealFiles) -> io::Result<()> {
    /// Bytes that are copied at once.
    const PIECE: u64 = 1 << 20;
    let end = match segment.is_indexed() {
        true => segment.file.length()?,
        false => u64::from(segment.end()),
    };
    let copy = target.create(&segment_name(segment.id))?;
    let mut at = 0;
    while at < end {
        let mut bytes = vec![0; usize::try_from(PIECE.min(end - at)).unwrap_or(0)];
        segment.file.read_exact_at(&mut bytes, at)?;
        copy.write_all_at(&bytes, at)?;
        at += bytes.len() as u64;
    }
    copy.sync()
}
