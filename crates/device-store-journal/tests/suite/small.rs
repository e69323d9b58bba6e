//! Small closed stores that have segments of every sort, with all states they ever had.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use device_store_journal::simulation::SimulatedDisk;
use device_store_journal::{JournalStore, Options};

use crate::truth::{CHANGES_KEPT, Seen, State, World};

/// What a disk writes whole or not at all.
pub(crate) const SECTOR_BYTES: usize = 512;

/// Options of a store whose segments hold a few commits.
pub(crate) fn options() -> Options {
    let mut options = Options::default();
    options.changes_kept = CHANGES_KEPT as u64;
    options.cache_bytes = 0;
    options.segment_bytes_min = 2 * 1024;
    options.segment_bytes_max = 2 * 1024;
    options
}

/// A closed store.
pub(crate) struct Small {
    /// Names and bytes.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// The segment with the last commit.
    pub(crate) active: String,
    /// Every state that was ever acknowledged, the last one included.
    pub(crate) states: Vec<State>,
    sorts: Sorts,
}

/// Segments by what they are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorts {
    /// Full ones before one that is there.
    followed: usize,
    /// Full ones before one that was compacted away.
    alone: usize,
    copies: usize,
    /// Whether the last copies are copies of nothing, as all in the old segments was dead.
    last_copies_are_empty: bool,
    /// The last commit that the last copies have seen.
    seen: u64,
    prepared: usize,
    /// Of these, those that were made of the file of a former segment.
    reused: usize,
    /// Commits in the last one that is written.
    in_active: usize,
}

/// What a header says, and how many frames follow it.
struct Header {
    id: u32,
    is_copies: bool,
    /// The segment before it, or where the copies end.
    number: u32,
    frames: usize,
    /// What the first frame says, or the index if there is none.
    seen: u64,
    /// Of the file.
    bytes: usize,
}

const HEADER_BYTES: usize = 64;

impl Header {
    fn of(bytes: &[u8]) -> Self {
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let id = number(12);
        let seen = bytes.get(HEADER_BYTES + 16..HEADER_BYTES + 24);
        let seen = seen.map_or(0, |seen| u64::from_le_bytes(seen.try_into().unwrap()));
        let (mut frames, mut at) = (0, HEADER_BYTES);
        // Magic and the segment's id; an index does not count.
        while bytes.len() > at && bytes[at] == 0xFE && number(at + 8) == id && bytes[at + 3] != b'i'
        {
            frames += 1;
            at += (HEADER_BYTES + number(at + 12) as usize).next_multiple_of(HEADER_BYTES);
        }
        let (is_copies, bytes) = (bytes[10] == 2, bytes.len());
        Self { id, is_copies, number: number(16), frames, seen, bytes }
    }
}

impl Small {
    /// One of each shape.
    pub(crate) fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Small>> = LazyLock::new(Small::build_all);
        &ALL
    }

    fn build_all() -> Vec<Self> {
        let has_all = |sorts: &Sorts, _| {
            sorts.followed > 0 && sorts.alone > 0 && sorts.copies > 0 && sorts.reused > 0
        };
        let all = Self::build(1, has_all);
        // No other file knows that the last commit was there when these copies were made.
        let empty_copies =
            Self::build(2, |sorts, last| sorts.last_copies_are_empty && sorts.seen == last);
        let many_in_active = Self::build(3, |sorts, _| sorts.copies > 0 && sorts.in_active >= 4);
        vec![all, empty_copies, many_in_active, Self::in_compaction(4)]
    }

    /// As a process leaves it that is killed between the making of copies and the end of the old segments.
    fn in_compaction(seed: u64) -> Self {
        let disk = SimulatedDisk::new(seed);
        let store = JournalStore::open_on(disk.clone(), &options()).unwrap();
        let found = Arc::new(Mutex::new(None));
        let (before, filled) = (disk.clone(), Arc::clone(&found));
        disk.on_operation(move |operation, name| {
            if matches!(operation, "rename" | "remove") && name.starts_with("segment-") {
                filled.lock().unwrap().get_or_insert_with(|| Self::segments(&before));
            }
        });
        let mut world = World::new(seed);
        let mut states = vec![world.state.clone()];
        while found.lock().unwrap().is_none() {
            world.does(&store).unwrap();
            states.push(world.state.clone());
            settle(&disk);
        }
        disk.remove_hook();
        let files = found.lock().unwrap().take().unwrap();
        let small = |states| Self { files, active: String::new(), states, sorts: Sorts::default() };
        let mut small = small(states);
        let disk = small.disk();
        (small.sorts, small.active) = sorts(&disk).unwrap();
        // The last operation may have been under way.
        let seen = Seen::of(&JournalStore::open_on(disk, &options()).unwrap());
        if !seen.is(small.states.last().unwrap()) {
            drop(small.states.pop());
        }
        assert!(seen.is(small.states.last().unwrap()));
        small
    }

    fn segments(disk: &SimulatedDisk) -> Vec<(String, Vec<u8>)> {
        let names = disk.names().into_iter().filter(|name| name.starts_with("segment-"));
        names.map(|name| (name.clone(), disk.content(&name))).collect()
    }

    /// Works with a store until it has the shape.
    fn build(seed: u64, fits: impl Fn(&Sorts, u64) -> bool) -> Self {
        /// Some hundreds are enough for the rarest shape, mostly.
        const OPERATIONS_MAX: usize = 20_000;
        let disk = SimulatedDisk::new(seed);
        let open = || JournalStore::open_on(disk.clone(), &options()).unwrap();
        let mut store = open();
        let mut world = World::new(seed);
        let mut states = vec![world.state.clone()];
        for _ in 0..OPERATIONS_MAX {
            world.does(&store).unwrap();
            states.push(world.state.clone());
            settle(&disk);
            let commits = states.len() as u64 - 1;
            if sorts(&disk).is_none_or(|(sorts, _)| !fits(&sorts, commits)) {
                continue;
            }
            assert!(Seen::of(&store).is(&world.state));
            drop(store);
            // On a busy machine the upkeep was not done yet, and has changed the shape while the store was closed.
            if let Some((sorts, active)) = sorts(&disk).filter(|(sorts, _)| fits(sorts, commits)) {
                return Self { files: Self::segments(&disk), active, states, sorts };
            }
            store = open();
        }
        panic!("after {OPERATIONS_MAX} operations the shape is {:?}", sorts(&disk));
    }

    /// A disk that holds it.
    pub(crate) fn disk(&self) -> SimulatedDisk {
        let disk = SimulatedDisk::new(1);
        for (name, bytes) in &self.files {
            disk.set_content(name, bytes.clone());
        }
        disk
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

impl fmt::Display for Small {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, commits) = (self.files.len(), self.states.len() - 1);
        write!(formatter, "{files} files, {} bytes, {commits} commits, ", self.bytes())?;
        write!(formatter, "{:?}", self.sorts)
    }
}

/// The segments on a disk, and the name of the one with the last commit.
fn sorts(disk: &SimulatedDisk) -> Option<(Sorts, String)> {
    let names = disk.names().into_iter().filter(|name| name.starts_with("segment-"));
    let files = names.map(|name| (disk.content(&name), name));
    // One that the upkeep has removed since it was listed has no content.
    let whole = files.filter(|(content, _)| content.len() >= HEADER_BYTES);
    let headers: Vec<_> = whole.map(|(content, name)| (Header::of(&content), name)).collect();
    let commits: Vec<_> = headers.iter().filter(|(header, _)| !header.is_copies).collect();
    let written = commits.iter().filter(|(header, _)| header.frames > 0);
    let (active, name) = written.max_by_key(|(header, _)| header.id)?;
    let mut sorts = Sorts { in_active: active.frames, ..Sorts::default() };
    for (header, _) in &headers {
        if header.is_copies {
            sorts.copies += 1;
            sorts.last_copies_are_empty = header.frames == 0;
            sorts.seen = header.seen;
        } else if header.id > active.id {
            sorts.prepared += 1;
            sorts.reused += usize::from(header.bytes > HEADER_BYTES);
        } else if commits.iter().any(|(next, _)| next.number == header.id) {
            sorts.followed += 1;
        } else if header.id < active.id {
            sorts.alone += 1;
        }
    }
    Some((sorts, name.clone()))
}

/// Waits until the upkeep has nothing more to do.
pub(crate) fn settle(disk: &SimulatedDisk) {
    const QUIET: Duration = Duration::from_micros(500);
    let mut before = None;
    while before != Some(disk.counters()) {
        before = Some(disk.counters());
        thread::sleep(QUIET);
    }
}
