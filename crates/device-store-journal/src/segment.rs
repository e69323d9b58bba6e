//! Segments: one file each, and what is counted of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::directory::Location;
use crate::files::JournalFile;
use crate::format::{HEADER_BYTES, Header, Kind};
use crate::sync::RwLock;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// What the names of segments start with; the id follows.
const SEGMENT: &str = "segment-";

/// What the names of files start with that have no content yet, or none any more.
const SPARE: &str = "spare-";

/// What the names of files start with into which compaction writes, until they are complete.
const UNFINISHED: &str = "unfinished-";

/// The name of a segment.
pub(crate) fn segment_name(id: u32) -> String {
    format!("{SEGMENT}{id:010}")
}

/// The name of a file that may become the segment `id`, or was it.
pub(crate) fn spare_name(id: u32) -> String {
    format!("{SPARE}{id:010}")
}

/// The name of the segment `id` while compaction writes it.
pub(crate) fn unfinished_name(id: u32) -> String {
    format!("{UNFINISHED}{id:010}")
}

/// The id of the segment with that name.
pub(crate) fn id_of_segment(name: &str) -> Option<u32> {
    let id = name.strip_prefix(SEGMENT)?.parse().ok()?;
    // One segment has one name: a copy under another one is not ours.
    (segment_name(id) == name).then_some(id)
}

/// Whether the file holds nothing that counts: it can be removed.
pub(crate) fn is_leftover(name: &str) -> bool {
    name.starts_with(SPARE) || name.starts_with(UNFINISHED)
}

/// A segment.
#[derive(Debug)]
pub(crate) struct Segment<F> {
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    pub(crate) file: F,
    /// Bytes that commits may fill it to.
    pub(crate) capacity: u32,
    /// Bytes of records in force, their entries included.
    live: AtomicU64,
    /// Bytes of all records, their entries included; until the segment is indexed, of those that were written so far.
    used: AtomicU64,
    /// Whether its index is durable: only then compaction takes it.
    indexed: AtomicBool,
    /// Whether a record in it cannot be read: then it stays as it is.
    damaged: AtomicBool,
    /// Where its frames of records end.
    end: AtomicU32,
    /// The last commit in it, as soon as it is indexed; 0 in copies.
    last: AtomicU64,
}

impl<F> Segment<F> {
    pub(crate) fn new(header: Header, file: F) -> Self {
        Self {
            id: header.id,
            kind: header.kind,
            file,
            capacity: 0,
            live: AtomicU64::new(0),
            used: AtomicU64::new(0),
            indexed: AtomicBool::new(false),
            damaged: AtomicBool::new(false),
            end: AtomicU32::new(HEADER_BYTES),
            last: AtomicU64::new(0),
        }
    }

    pub(crate) fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes of records that are not in force.
    pub(crate) fn dead(&self) -> u64 {
        self.used().saturating_sub(self.live())
    }

    /// Counts a record that is written.
    pub(crate) fn add_used(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a record that is in force now.
    pub(crate) fn add_live(&self, bytes: u64) {
        self.live.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a record that is no longer in force.
    pub(crate) fn sub_live(&self, bytes: u64) {
        self.live.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) -> u32 {
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn set_end(&self, end: u32) {
        self.end.store(end, Ordering::Release);
    }

    pub(crate) fn is_indexed(&self) -> bool {
        self.indexed.load(Ordering::Acquire)
    }

    /// The last commit in it; 0 in copies.
    pub(crate) fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }

    /// Says that its index is durable, and which commit is the last in it.
    pub(crate) fn set_indexed(&self, last: u64) {
        self.last.store(last, Ordering::Release);
        self.indexed.store(true, Ordering::Release);
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(crate) fn set_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }
}

impl<F: JournalFile> Segment<F> {
    /// The bytes of a record.
    pub(crate) fn read(&self, location: Location) -> io::Result<Vec<u8>> {
        // A length fits: it was a `usize` when it was written. If it does not here, the read fails.
        let mut bytes = vec![0; usize::try_from(location.length).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, u64::from(location.offset))?;
        Ok(bytes)
    }
}

/// The segments by their ids.
#[derive(Debug)]
pub(crate) struct Segments<F>(RwLock<BTreeMap<u32, Arc<Segment<F>>>>);

impl<F> Segments<F> {
    pub(crate) fn new(segments: impl IntoIterator<Item = Arc<Segment<F>>>) -> Self {
        let segments = segments.into_iter().map(|segment| (segment.id, segment)).collect();
        Self(RwLock::new(segments))
    }

    /// The segment, as long as it is there. Its file is not written over while somebody holds it.
    pub(crate) fn get(&self, id: u32) -> Option<Arc<Segment<F>>> {
        self.0.read().get(&id).map(Arc::clone)
    }

    pub(crate) fn insert(&self, segment: Arc<Segment<F>>) {
        self.0.write().insert(segment.id, segment);
    }

    pub(crate) fn remove(&self, id: u32) {
        self.0.write().remove(&id);
    }

    /// All of them, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Segment<F>>> {
        self.0.read().values().map(Arc::clone).collect()
    }

    /// Counts a record that is no longer in force, if its segment is still there.
    pub(crate) fn sub_live(&self, id: u32, bytes: u64) {
        if let Some(segment) = self.0.read().get(&id) {
            segment.sub_live(bytes);
        }
    }
}
