//! Opening: every segment is read, by its index or by its frames, and what they say together is checked before anything is shown.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use device_store::folder::LOCK;
use parking_lot::Mutex;

use crate::create::{Material, NewSegment, create, renew_names};
use crate::directory::{Directory, Known, Location};
use crate::error::{OpenError, damaged_segment};
use crate::files::{Files, JournalFile};
use crate::format::{FrameState, HEADER_BYTES, Header, Kind, MAGIC_BYTES};
use crate::index::Contents;
use crate::planted::planted;
use crate::recover::{Found, Tail, change_log, check_chain, tail};
use crate::scan::ScanError;
use crate::segment::{Segment, id_of_segment, is_leftover, segment_name};
use crate::writer::SegmentBytes;

/// The root of a file system of its own has this.
const LOST_AND_FOUND: &str = "lost+found";

/// Whether a file of that name is a journal's.
pub(crate) fn is_ours(name: &str) -> bool {
    id_of_segment(name).is_some() || is_leftover(name)
}

/// What was found in a folder, checked and durable.
#[derive(Debug)]
pub(crate) struct Opened<F: Files> {
    pub(crate) files: F,
    pub(crate) directory: Directory,
    pub(crate) changes: crate::change_log::ChangeLog,
    pub(crate) segments: Vec<Arc<Segment<F::File>>>,
    /// The segment to go on in, and the bytes its index will have for what is in it.
    pub(crate) active: (Arc<Segment<F::File>>, usize),
    pub(crate) prepared: Option<Arc<Segment<F::File>>>,
    /// Full segments without an index.
    pub(crate) full: Vec<Arc<Segment<F::File>>>,
    pub(crate) durable: FrameState,
    pub(crate) next_id: u32,
}

/// How a folder is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) threads: usize,
    /// Whether indexes are used. Without them every frame of every segment is read and checked.
    pub(crate) use_indexes: bool,
    pub(crate) segment_bytes: SegmentBytes,
}

pub(crate) fn open<F: Files>(files: F, reading: Reading) -> Result<Opened<F>, OpenError> {
    let mut names = files.list()?;
    names.sort_unstable();
    let mut segments = Vec::new();
    for name in &names {
        if let Some(id) = id_of_segment(name) {
            segments.push(open_segment(&files, name, id)?);
        } else if is_leftover(name) {
            files.remove(name)?;
        } else if name != LOCK && name != LOST_AND_FOUND {
            return Err(OpenError::Foreign { name: name.as_str().into() });
        }
    }
    let (directory, changes) = (Directory::new(), Mutex::new(FoundChanges::default()));
    let mut found = read_all(segments, &directory, &changes, reading)?;
    found.sort_unstable_by_key(|found| found.segment.id);
    let mut durable = check_chain(&found)?;
    // The first change has the number 1, so that a cursor of 0 can stand before it.
    durable.kept = durable.kept.start.max(1)..durable.kept.end.max(1);
    let Tail { active, prepared, useless } = tail(&found);
    for id in &useless {
        files.remove(&segment_name(*id))?;
    }
    found.retain(|found| !useless.contains(&found.segment.id));
    let greatest = found.iter().map(|found| found.segment.id).chain(useless).max().unwrap_or(0);
    let next_id = greatest
        .checked_add(1)
        .ok_or_else(|| damaged_segment(segment_name(greatest), "no segment can follow it"))?;
    let active = match active {
        Some(id) => found.iter().find(|found| found.segment.id == id),
        None => None,
    };
    let active = active.map(|found| (Arc::clone(&found.segment), found.index_bytes));
    make_durable(&files, &found)?;
    let changes = change_log(&durable, &changes.into_inner().places)?;
    let (active, next_id) = match active {
        Some(active) => (active, next_id),
        None => {
            let previous = found.iter().filter(|it| it.is_commits()).map(|it| it.segment.id).max();
            let capacity = reading.segment_bytes.min;
            let new = NewSegment { id: next_id, previous: previous.unwrap_or(0), capacity };
            ((create(&files, new, Material::Zeros)?, 0), next_id.saturating_add(1))
        }
    };
    let is_prepared = |found: &&Found<F::File>| Some(found.segment.id) == prepared;
    let prepared = found.iter().find(is_prepared).map(|found| Arc::clone(&found.segment));
    let is_full = |found: &&Found<F::File>| {
        found.is_commits()
            && !found.indexed
            && found.segment.id != active.0.id
            && !is_prepared(found)
    };
    let full = found.iter().filter(is_full).map(|found| Arc::clone(&found.segment)).collect();
    let mut segments: Vec<_> =
        found.iter().filter(|it| !is_prepared(it)).map(|it| Arc::clone(&it.segment)).collect();
    if segments.iter().all(|segment| segment.id != active.0.id) {
        segments.push(Arc::clone(&active.0));
    }
    count_live(&segments, &directory, &changes);
    Ok(Opened { files, directory, changes, segments, active, prepared, full, durable, next_id })
}

/// Opens a segment and checks its header.
fn open_segment<F: Files>(files: &F, name: &str, id: u32) -> Result<(Header, F::File), OpenError> {
    let file = files.open(name)?;
    let mut bytes = [0; HEADER_BYTES as usize];
    match file.read_exact_at(&mut bytes, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(damaged_segment(name.to_owned(), "it has no whole header"));
        }
        read => read?,
    }
    let header = Header::parse(&bytes).map_err(|error| damaged_segment(name.to_owned(), error))?;
    if header.id != id {
        let reason = format!("its header says that it is {}", segment_name(header.id));
        return Err(damaged_segment(name.to_owned(), reason));
    }
    Ok((header, file))
}

/// Where changes were found, without those that a later commit has forgotten.
#[derive(Debug, Default)]
struct FoundChanges {
    first_kept: u64,
    places: BTreeMap<u64, Location>,
}

impl FoundChanges {
    /// Forgets the changes with numbers below `first`. Returns the first number that is kept.
    fn forget_before(&mut self, first: u64) -> u64 {
        if first > self.first_kept {
            self.first_kept = first;
            self.places = self.places.split_off(&first);
        }
        self.first_kept
    }
}

/// Reads the segments with some threads, each of which puts into the directory what it finds.
fn read_all<F: JournalFile>(
    segments: Vec<(Header, F)>,
    directory: &Directory,
    changes: &Mutex<FoundChanges>,
    reading: Reading,
) -> Result<Vec<Found<F>>, OpenError> {
    // The last one first: it says which changes are kept, so that those of all others need not be remembered.
    let waiting = Mutex::new(segments);
    let work = || {
        let mut found = Vec::new();
        loop {
            let next = waiting.lock().pop();
            let Some((header, file)) = next else { return Ok(found) };
            found.push(read(header, file, directory, changes, reading)?);
        }
    };
    if reading.threads <= 1 {
        return work();
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..reading.threads).map(|_| scope.spawn(work)).collect();
        let mut found = Vec::new();
        for worker in workers {
            let part: Result<Vec<_>, OpenError> = worker
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a reading thread panicked").into()));
            found.extend(part?);
        }
        Ok(found)
    })
}

fn read<F: JournalFile>(
    header: Header,
    file: F,
    directory: &Directory,
    changes: &Mutex<FoundChanges>,
    reading: Reading,
) -> Result<Found<F>, OpenError> {
    let name = || segment_name(header.id);
    let contents =
        Contents::read(&file, header.id, reading.use_indexes).map_err(|error| match error {
            ScanError::Io(error) => OpenError::Io(error),
            damage @ ScanError::Damaged { .. } => damaged_segment(name(), damage),
        })?;
    if let Kind::Copies { end } = header.kind
        && end != contents.ended.at
    {
        return Err(damaged_segment(name(), "some of its frames are damaged"));
    }
    let mut used = 0;
    let first_kept = changes.lock().forget_before(contents.state.kept.start);
    let mut kept = Vec::new();
    for record in contents.records() {
        used += record.segment_bytes();
        let known = Known::of(&record, header.id);
        match (record.tag.space(), record.change_number()) {
            (Some(space), _) => directory.recover(space, record.key, known),
            (None, number) => {
                let number =
                    number.ok_or_else(|| damaged_segment(name(), "a change has no number"))?;
                if number >= first_kept {
                    kept.push((number, known.location));
                }
            }
        }
    }
    changes.lock().places.extend(kept);
    let length = file.length()?;
    let mut segment = Segment::new(header, file);
    segment.capacity = u32::try_from(length).unwrap_or(u32::MAX).max(reading.segment_bytes.min);
    segment.add_used(used);
    segment.set_end(contents.ended.at);
    if contents.indexed {
        let copies = matches!(header.kind, Kind::Copies { .. });
        segment.set_indexed(if copies { 0 } else { contents.state.commit });
    }
    Ok(Found {
        segment: Arc::new(segment),
        indexed: contents.indexed,
        closed: contents.closed,
        torn: contents.ended.torn,
        index_bytes: contents.index_bytes(),
        last_frame: contents.last_frame,
        state: contents.state,
    })
}

/// Makes everything durable that will be shown: what a process that was killed had written may be in the memory of the operating system only.
fn make_durable<F: Files>(files: &F, found: &[Found<F::File>]) -> io::Result<()> {
    for Found { segment, last_frame, indexed, torn, .. } in found {
        if *indexed {
            continue;
        }
        if let Some(at) = last_frame.filter(|_| !planted!(LastFrameNotRewritten)) {
            // After a failed sync the system may hold pages for written that are not. That can only be the last frame, for nothing was written after it.
            let mut bytes = vec![0; (segment.end() - at) as usize];
            segment.file.read_exact_at(&mut bytes, u64::from(at))?;
            segment.file.write_all_at(&bytes, u64::from(at))?;
        }
        if *torn && !planted!(TornFrameKept) {
            // What it lacks must not come back: where the file ended too early there are zeros once it grows, and zeros may be all that was missing.
            segment.file.write_all_at(&[0; MAGIC_BYTES], u64::from(segment.end()))?;
        }
        segment.file.sync()?;
    }
    // The last index may not be durable, either; the ones before it were, before it was begun. Once segments after it are compacted, only it says where its commits end.
    let indexes = found.iter().filter(|found| found.is_commits() && found.indexed);
    if let Some(Found { segment, .. }) = indexes.max_by_key(|found| found.segment.id) {
        match Contents::read(&segment.file, segment.id, true) {
            Ok(contents) => contents.write(&segment.file, segment.id)?,
            Err(ScanError::Io(error)) => return Err(error),
            // It was whole a moment ago.
            Err(damage @ ScanError::Damaged { .. }) => return Err(io::Error::other(damage)),
        }
        segment.file.sync()?;
    }
    renew_names(files)
}

fn count_live<F>(
    segments: &[Arc<Segment<F>>],
    directory: &Directory,
    changes: &crate::change_log::ChangeLog,
) {
    let by_id: BTreeMap<u32, &Segment<F>> =
        segments.iter().map(|segment| (segment.id, &**segment)).collect();
    let count = |location: Location, key_bytes: usize| {
        if let Some(segment) = by_id.get(&location.segment) {
            segment.add_live(crate::format::segment_bytes(key_bytes, location.length));
        }
    };
    directory.for_each(|_, key, known| {
        if known.is_needed() {
            count(known.location, key.len());
        }
    });
    for number in changes.kept() {
        if let Some(place) = changes.place(number) {
            count(place, size_of::<u64>());
        }
    }
}
