//! Compaction: the records in force are copied out of the segments with the most dead bytes, and these segments go.
//!
//! Step by step, and why a crash after any of them does no harm:
//! 1. The copies are written into a file under a name that a start ignores and removes.
//! 2. The file is complete, indexed and synced. Its frames say which commit was the last durable one: a journal that ends earlier has lost something, and is refused.
//! 3. It gets its name, and the name is synced. From now on each copied record is there twice, with the same commit number: either one will do.
//! 4. The directory leads to the copies, except for keys that were written meanwhile.
//! 5. The old segments get spare names or are removed, and that is synced.
//! 6. Only now the old records count as gone: a key that was forgotten is remembered as long as an older record of it could come back.

use std::io;
use std::sync::Arc;

use device_store::codec::set_revision;

use crate::directory::Location;
use crate::files::{Files, JournalFile as _};
use crate::format::{
    FrameKind, FrameState, FrameWriter, HEADER_BYTES, Header, Kind, Record, Tag, push_entry,
    push_index_entry, segment_bytes,
};
use crate::index::{Contents, write_index};
use crate::planted::planted;
use crate::scan::ScanError;
use crate::segment::{Segment, segment_name, spare_name, unfinished_name};
use crate::upkeep::Upkeep;

/// Compaction begins when this share of all records is dead, in hundredths.
const DEAD_PERCENT: u64 = 35;

/// A segment with less dead than this is not worth copying, in hundredths.
const VICTIM_DEAD_PERCENT: u64 = 15;

/// Segments that are compacted into one at most.
const VICTIMS_MAX: usize = 16;

/// Bytes of a frame of copies, in segments that are not smaller.
const FRAME_BYTES: usize = 256 * 1024;

/// What compaction calls after each frame that it wrote: the bytes, and the share of all records that is dead, in hundredths. Waits as long as compaction should rest.
pub(crate) type Pace<'a> = &'a dyn Fn(usize, u64);

/// A record that was copied.
struct Copied {
    tag: Tag,
    key: Box<[u8]>,
    from: Location,
    to: Location,
}

/// The file that compaction writes.
struct Output<F> {
    id: u32,
    file: F,
    frame: FrameWriter,
    index: FrameWriter,
    at: u32,
    copied: Vec<Copied>,
}

impl<F: Files> Upkeep<F> {
    /// The share of all records that is dead, in hundredths.
    fn dead_percent(&self) -> (u64, u64) {
        let segments = self.journal.segments.all();
        let used: u64 = segments.iter().map(|segment| segment.used()).sum();
        let dead: u64 = segments.iter().map(|segment| segment.dead()).sum();
        (dead * 100 / used.max(1), dead)
    }

    /// The segments to compact next: those with the largest share of dead bytes, so many that what is in force in them fills about one segment.
    fn victims(&self) -> Vec<Arc<Segment<F::File>>> {
        let (dead_percent, dead) = self.dead_percent();
        let target = u64::from(self.segment_bytes.for_live(self.journal.live()));
        if dead_percent < DEAD_PERCENT || dead < target {
            return Vec::new();
        }
        let durable = self.journal.handover.durable().commit;
        let mut candidates = self.journal.segments.all();
        candidates.retain(|segment| {
            segment.is_indexed()
                // The last commit stays where it was written: a start must see that none is missing at the end.
                && segment.last() < durable
                && !segment.is_damaged()
                && segment.dead() * 100 >= segment.used() * VICTIM_DEAD_PERCENT
        });
        let live_share =
            |segment: &Segment<F::File>| segment.live() * 1_000_000 / segment.used().max(1);
        candidates.sort_by_key(|segment| (live_share(segment), segment.id));
        let mut live = 0;
        candidates
            .into_iter()
            .take(VICTIMS_MAX)
            .take_while(|segment| {
                let first = live == 0;
                live += segment.live();
                first || live <= target
            })
            .collect()
    }

    /// Compacts some segments if it is time. Returns whether it was.
    pub(crate) fn compact(&self, pace: Pace<'_>) -> Result<bool, ScanError> {
        let _step = self.pause();
        let victims = self.victims();
        if victims.is_empty() {
            return Ok(false);
        }
        let id = self.journal.handover.new_id();
        let file = self.journal.files.create(&unfinished_name(id))?;
        let (frame, index) = (FrameWriter::new(), FrameWriter::new());
        let mut output = Output { id, file, frame, index, at: HEADER_BYTES, copied: Vec::new() };
        let mut removed = Vec::new();
        for victim in victims {
            let contents = Contents::read(&victim.file, victim.id, true)?;
            if self.copy(&victim, &contents, &mut output, pace)? {
                removed.push((victim, contents));
            }
        }
        let output = self.finish(output)?;
        self.relocate(output);
        self.remove(removed)?;
        Ok(true)
    }

    /// Copies what is in force in a segment. `false` if something in it cannot be read: then the segment stays, and what was copied of it is there twice.
    fn copy(
        &self,
        victim: &Arc<Segment<F::File>>,
        contents: &Contents,
        output: &mut Output<F::File>,
        pace: Pace<'_>,
    ) -> io::Result<bool> {
        for record in contents.records() {
            let from =
                Location { segment: victim.id, offset: record.offset, length: record.length };
            if !self.is_in_force(&record, from) {
                continue;
            }
            let value = victim.read(from)?;
            if !record.tag.is_forgotten() && set_revision(record.key, &value).is_err() {
                victim.set_damaged();
                return Ok(false);
            }
            output.push(&record, from, &value);
            if output.frame.frame_bytes() >= FRAME_BYTES.min(self.segment_bytes.min as usize / 8) {
                let written = output.flush(&self.journal.handover.durable())?;
                // Little by little, so that a commit never finds the disk busy with all of it.
                output.file.sync()?;
                pace(written, self.dead_percent().0);
            }
        }
        Ok(true)
    }

    /// Whether the record counts: it is the one in the directory, and if it says that its key is forgotten, older records of the key are still on the disk.
    fn is_in_force(&self, record: &Record<'_>, at: Location) -> bool {
        let journal = &self.journal;
        match (record.tag.space(), record.change_number()) {
            (Some(space), _) => journal.directory.get(space, record.key).is_some_and(|known| {
                let stale = known.stale > 0 && !planted!(TombstoneDropped);
                known.location == at && (!known.is_forgotten() || stale)
            }),
            (None, Some(number)) => journal.changes.read().place(number) == Some(at),
            (None, None) => false,
        }
    }

    /// Steps 2 and 3: completes the file and gives it its name.
    fn finish(&self, mut output: Output<F::File>) -> io::Result<Output<F::File>> {
        let files = &self.journal.files;
        let state = self.journal.handover.durable();
        if !output.frame.is_empty() {
            output.flush(&state)?;
        }
        let state = FrameState { first: 0, ..state };
        write_index(&output.file, output.id, &state, &mut output.index, output.at)?;
        let header = Header { id: output.id, kind: Kind::Copies { end: output.at } };
        output.file.write_all_at(&header.to_bytes(), 0)?;
        output.file.sync()?;
        files.rename(&unfinished_name(output.id), &segment_name(output.id))?;
        if !planted!(CopiesNameNotSynced) {
            self.journal.sync_names()?;
        }
        Ok(output)
    }

    /// Step 4: leads the directory to the copies.
    fn relocate(&self, output: Output<F::File>) {
        let journal = &self.journal;
        let header = Header { id: output.id, kind: Kind::Copies { end: output.at } };
        let segment = Segment::new(header, output.file);
        segment.set_end(output.at);
        segment.set_indexed(0);
        let segment = Arc::new(segment);
        journal.segments.insert(Arc::clone(&segment));
        for Copied { tag, key, from, to } in output.copied {
            let record = Record {
                tag,
                key: &key,
                commit: 0,
                revision: 0,
                offset: to.offset,
                length: to.length,
            };
            let bytes = record.segment_bytes();
            segment.add_used(bytes);
            // Before it is in force, for from then on a commit may replace it and count it out.
            segment.add_live(bytes);
            let in_force = match (tag.space(), record.change_number()) {
                (Some(space), _) => journal.directory.relocate(space, &key, from, to),
                (None, Some(number)) => journal.changes.write().relocate(number, from, to),
                (None, None) => false,
            };
            let left = if in_force { from.segment } else { segment.id };
            journal.segments.sub_live(left, bytes);
        }
    }

    /// Steps 5 and 6: removes the old segments, then counts their records as gone.
    fn remove(&self, removed: Vec<(Arc<Segment<F::File>>, Contents)>) -> io::Result<()> {
        let journal = &self.journal;
        let mut gone = Vec::new();
        for (segment, contents) in removed {
            journal.segments.remove(segment.id);
            let (id, name) = (segment.id, segment_name(segment.id));
            let keep = self.wants_spare(&segment)?;
            // Readers that have it may still read it; as long as there is one, it must not be written over.
            match Arc::into_inner(segment) {
                Some(segment) if keep => {
                    journal.files.rename(&name, &spare_name(id))?;
                    self.keep_spare(id, segment.file);
                }
                _ => journal.files.remove(&name)?,
            }
            gone.push((id, contents));
        }
        self.journal.sync_names()?;
        for (id, contents) in gone {
            for record in contents.records() {
                let at = Location { segment: id, offset: record.offset, length: record.length };
                if let Some(space) = record.tag.space() {
                    let needless = journal.directory.gone(space, record.key, at);
                    if let Some(Location { segment, length, .. }) = needless {
                        let bytes = segment_bytes(record.key.len(), length);
                        journal.segments.sub_live(segment, bytes);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<F: crate::files::JournalFile> Output<F> {
    fn push(&mut self, record: &Record<'_>, from: Location, value: &[u8]) {
        let Record { tag, key, commit, revision, .. } = *record;
        let copy = push_entry(self.frame.entry(), self.at, tag, key, commit, revision, value);
        push_index_entry(self.index.entry(), &copy);
        let to = Location { segment: self.id, offset: copy.offset, length: copy.length };
        self.copied.push(Copied { tag, key: key.into(), from, to });
    }

    /// Writes the frame. Returns its bytes.
    fn flush(&mut self, durable: &FrameState) -> io::Result<usize> {
        let state = FrameState { first: 0, ..durable.clone() };
        let frame = self.frame.finish(FrameKind::Copies, self.id, &state);
        self.file.write_all_at(frame, u64::from(self.at))?;
        let bytes = frame.len();
        self.at = u32::try_from(bytes)
            .ok()
            .and_then(|bytes| self.at.checked_add(bytes))
            .ok_or_else(|| io::Error::other("the copies are larger than any segment"))?;
        self.frame.clear();
        Ok(bytes)
    }
}
