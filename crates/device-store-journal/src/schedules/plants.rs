//! Faults that the checks must find.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use device_core::{DeviceSet, SetKey};
use device_store::StoreError;
use device_store::group_commit::Commit;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{FailurePersistence, Runner};

use super::disk::Disk;
use super::driver::{Commits, Do, Driver};
use super::publication::run;
use super::reader::Reader;
use super::world::{LARGE_CACHE, Spec, World};
use super::{DEPTH, SEED, config};
use crate::directory::{Known, Location};
use crate::files::JournalFile as _;
use crate::format::{FrameKind, FrameState, FrameWriter, Space, Tag, push_entry};
use crate::journal::{CachedSet, Journal};
use Do::Store;

/// Schedules in which a fault must be found.
const SCHEDULES: usize = 2_000;

const COMMITS: [&[Do]; 4] = [&[Store(0)], &[Store(0)], &[Store(0)], &[Store(0)]];

/// What a writer does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The cache has a set before the directory leads to it.
    CacheFirst,
    /// The cache has a set only after others have found it through the directory.
    CacheLast,
    /// The window hears of a new key before the directory has it.
    WindowFirst,
    /// Readers see a set before it is durable.
    SyncLast,
}

/// A writer of sets alone, in one segment.
struct FaultyWriter {
    world: Arc<World>,
    fault: Fault,
    commits: u64,
}

impl Commits for FaultyWriter {
    fn commit(&mut self, commit: Commit) {
        self.commits += 1;
        let journal = &self.world.journal;
        let segment = journal.segments.get(journal.handover.active()).unwrap();
        let (at, number) = (segment.end(), self.commits);
        let mut frame = FrameWriter::new();
        let mut placed = Vec::new();
        for (key, new) in commit.sets {
            let new = new.unwrap();
            let (key_bytes, revision) = (key.as_bytes(), new.set.revision.to_record());
            let record = &new.record;
            let record =
                push_entry(frame.entry(), at, Tag::Set, key_bytes, number, revision, record);
            let known = Known::of(&record, segment.id);
            segment.add_live(record.segment_bytes());
            placed.push((key, new, known));
        }
        let state = FrameState { commit: number, first: number, kept: 1..1 };
        let bytes = frame.finish(FrameKind::Commit, segment.id, &state);
        segment.file.write_all_at(bytes, u64::from(at)).unwrap();
        segment.set_end(at + u32::try_from(bytes.len()).unwrap());
        if self.fault != Fault::SyncLast {
            segment.file.sync().unwrap();
        }
        if self.fault == Fault::WindowFirst {
            placed.iter().for_each(|(key, ..)| journal.window.published(key.as_bytes()));
        }
        for (key, new, known) in placed {
            let fill = || {
                let cached = CachedSet::new(Arc::clone(&new.set), new.record.len());
                journal.cache.insert(key.clone(), cached);
            };
            self.publish(&key, known, fill);
        }
        if self.fault == Fault::SyncLast {
            segment.file.sync().unwrap();
        }
    }
}

impl FaultyWriter {
    fn publish(&self, key: &SetKey, known: Known, fill: impl Fn()) {
        let journal = &self.world.journal;
        let bytes = key.as_bytes();
        let publish = |then: &dyn Fn()| journal.directory.publish(Space::Sets, bytes, known, then);
        let before = match self.fault {
            Fault::CacheFirst => {
                fill();
                publish(&|| ())
            }
            Fault::CacheLast => {
                let before = publish(&|| ());
                fill();
                before
            }
            _ => publish(&fill),
        };
        match before {
            Some(Known { location: Location { segment, length, .. }, .. }) => {
                let bytes = crate::format::segment_bytes(bytes.len(), length);
                journal.segments.sub_live(segment, bytes);
            }
            None if self.fault != Fault::WindowFirst => journal.window.published(bytes),
            None => (),
        }
    }
}

/// Fills the cache with what was current when it was read.
fn fill_blindly(journal: &Journal<Disk>, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
    if let Some(cached) = journal.cache.get(key) {
        return Ok(cached.set);
    }
    let Some((_, set, bytes)) = journal.read_set(key)? else { return Ok(DeviceSet::unknown()) };
    journal.cache.insert(key.clone(), CachedSet::new(Arc::clone(&set), bytes));
    Ok(set)
}

/// The number of the first schedule in which the scenario fails, of random ones, then of PCT's.
fn found(scenario: impl Fn() + Send + Sync + 'static) -> Option<usize> {
    let tried = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tried);
    let scenario = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        scenario();
    });
    let again = Arc::clone(&scenario);
    let random = RandomScheduler::new_from_seed(SEED, SCHEDULES);
    let random = Runner::new(random, config(FailurePersistence::None));
    let pct = PctScheduler::new_from_seed(SEED, DEPTH, SCHEDULES);
    let pct = Runner::new(pct, config(FailurePersistence::None));
    let failed = catch_unwind(AssertUnwindSafe(|| random.run(move || scenario()))).is_err()
        || catch_unwind(AssertUnwindSafe(|| pct.run(move || again()))).is_err();
    let tried = tried.load(Ordering::Relaxed);
    eprintln!("{}found in {tried} schedules", if failed { "" } else { "not " });
    failed.then_some(tried)
}

fn written_with(
    fault: Fault,
    commits: &'static [&'static [Do]],
    read: fn(&mut Reader),
) -> Option<usize> {
    found(move || {
        let spec = Spec { cache_bytes: LARGE_CACHE, ..Spec::default() };
        let (world, _writer) = World::new(spec);
        let writer = FaultyWriter { world: Arc::clone(&world), fault, commits: 0 };
        // Of changes and aliases it knows nothing.
        let driver = Driver::new(&world, writer, spec);
        run(driver, commits, Reader::some(&world, 2), read);
    })
}

fn load(reader: &mut Reader) {
    reader.read_file(0);
    reader.load(0);
}

/// Between, others need the room in the cache.
fn load_evicted(reader: &mut Reader) {
    load(reader);
    reader.world.journal.cache.clear();
}

const NEW_KEYS: [&[Do]; 3] = [&[Store(7)], &[Store(0), Store(2), Store(4)], &[Store(1), Store(3)]];

fn scan(reader: &mut Reader) {
    reader.scan_all(1);
}

#[test]
fn a_faultless_writer_passes() {
    assert_eq!(written_with(Fault::None, &COMMITS, load), None);
    assert_eq!(written_with(Fault::None, &NEW_KEYS, scan), None);
}

#[test]
fn a_cache_filled_before_the_directory_is_found() {
    assert!(written_with(Fault::CacheFirst, &COMMITS, load).is_some());
}

#[test]
fn a_cache_filled_outside_of_the_lock_is_found() {
    assert!(written_with(Fault::CacheLast, &COMMITS, load).is_some());
}

#[test]
fn a_window_that_hears_of_a_key_too_early_is_found() {
    assert!(written_with(Fault::WindowFirst, &NEW_KEYS, scan).is_some());
}

#[test]
fn a_set_shown_before_it_is_durable_is_found() {
    assert!(written_with(Fault::SyncLast, &COMMITS, load).is_some());
}

#[test]
fn a_cache_that_readers_fill_blindly_is_found() {
    let found = found(|| {
        let spec = Spec { cache_bytes: LARGE_CACHE, ..Spec::default() };
        let (world, writer) = World::new(spec);
        let driver = Driver::new(&world, writer, spec);
        let readers = (0..2).map(|_| Reader::with(&world, fill_blindly)).collect();
        run(driver, &COMMITS, readers, load_evicted);
    });
    assert!(found.is_some());
}
