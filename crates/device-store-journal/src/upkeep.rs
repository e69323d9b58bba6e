//! What is done beside the commits: the next segment prepared, full ones indexed, dead records compacted away.
//!
//! One thread, one step after the other, no lock held during I/O, so that commits and reads go on meanwhile.

use std::io;
use std::sync::Arc;

use crate::create::{Material, NewSegment};
use crate::files::{Files, JournalFile as _};
use crate::index::Contents;
use crate::journal::Journal;
use crate::scan::ScanError;
use crate::segment::{Segment, segment_name, spare_name};
use crate::sync::{Mutex, MutexGuard};
use crate::writer::SegmentBytes;

/// Files of former segments that are kept to be written over, whatever they take.
const SPARES_MIN: usize = 2;

/// Beyond these, such files are kept while they and all records take no more than this share of the records in force, in hundredths. A compaction that finds little in force leaves many of them, and
/// until the next one commits fill about as many; what has to grow instead costs each commit a second disk wait.
const SPARES_PERCENT: u64 = 170;

/// Does the upkeep of a journal, one step at a time.
#[derive(Debug)]
pub(crate) struct Upkeep<F: Files> {
    pub(crate) journal: Arc<Journal<F>>,
    pub(crate) segment_bytes: SegmentBytes,
    /// Held during each step.
    step: Mutex<()>,
    /// Former segments: their ids, by which their files are called, and the files.
    spares: Mutex<Vec<(u32, F::File)>>,
}

impl<F: Files> Upkeep<F> {
    pub(crate) fn new(journal: Arc<Journal<F>>, segment_bytes: SegmentBytes) -> Self {
        Self { journal, segment_bytes, step: Mutex::new(()), spares: Mutex::new(Vec::new()) }
    }

    /// Keeps all steps from being done as long as the guard lives: no file is changed then but by commits, and none is removed.
    pub(crate) fn pause(&self) -> MutexGuard<'_, ()> {
        self.step.lock()
    }

    /// Prepares the segment that the writer goes on in, if there is none: from a spare file, else from a new one, filled with zeros if `prewrite` says so.
    /// Returns whether there was something to do.
    pub(crate) fn prepare(&self, prewrite: bool) -> io::Result<bool> {
        let _step = self.pause();
        let journal = &self.journal;
        if journal.handover.has_prepared() {
            return Ok(false);
        }
        let wanted = self.segment_bytes.for_live(journal.live());
        let (previous, id) = (journal.handover.active(), journal.handover.new_id());
        let (material, capacity) = match self.take_spare(wanted)? {
            Some((of, file, capacity)) => (Material::Spare { of, file }, capacity),
            None if prewrite => (Material::Zeros, wanted),
            None => (Material::Empty, wanted),
        };
        let segment = journal.create(NewSegment { id, previous, capacity }, material)?;
        if let Some(late) = journal.handover.prepared(previous, segment) {
            journal.files.remove(&segment_name(late.id))?;
            journal.sync_names()?;
        }
        Ok(true)
    }

    /// Gives one full segment its index. Returns whether there was one.
    pub(crate) fn index(&self) -> Result<bool, ScanError> {
        let _step = self.pause();
        let Some(segment) = self.journal.handover.full() else { return Ok(false) };
        // The walk reads everything that was written, and so notices at once what the disk has not kept.
        let contents = Contents::read(&segment.file, segment.id, false)?;
        contents.write(&segment.file, segment.id)?;
        segment.file.sync()?;
        segment.set_indexed(contents.state.commit);
        self.journal.handover.indexed(segment.id);
        Ok(true)
    }

    /// Keeps the file of a former segment, whose name is a spare one already, or says that it is not needed.
    pub(crate) fn keep_spare(&self, id: u32, file: F::File) {
        self.spares.lock().push((id, file));
    }

    /// Whether the file of a segment that is no longer needed is worth keeping.
    pub(crate) fn wants_spare(&self, segment: &Segment<F::File>) -> io::Result<bool> {
        let live = self.journal.live();
        let wanted = self.segment_bytes.for_live(live);
        let bytes = segment.file.length()?;
        let used: u64 = self.journal.segments.all().iter().map(|segment| segment.used()).sum();
        let spares = self.spares.lock().len();
        let is_room = used + bytes * (spares as u64 + 1) <= live * SPARES_PERCENT / 100;
        // A snapshot may have the file, too: then it is not ours to write over.
        Ok((spares < SPARES_MIN || is_room)
            && bytes >= u64::from(spare_bytes(wanted))
            && !segment.file.is_shared()?)
    }

    /// A spare file of about `wanted` bytes, and how many it has. Much smaller ones have had their day.
    fn take_spare(&self, wanted: u32) -> io::Result<Option<(u32, F::File, u32)>> {
        loop {
            let Some((id, file)) = self.spares.lock().pop() else { return Ok(None) };
            match u32::try_from(file.length()?) {
                Ok(bytes) if bytes >= spare_bytes(wanted) => return Ok(Some((id, file, bytes))),
                _ => self.journal.files.remove(&spare_name(id))?,
            }
        }
    }
}

/// Bytes that a file must have to be used again where `wanted` are: one that grew commit by commit ends a little short of its segment.
fn spare_bytes(wanted: u32) -> u32 {
    wanted / 2
}
