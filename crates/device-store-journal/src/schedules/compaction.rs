//! Compaction beside readers and the writer: records move, segments go, files are written over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::thread;

use super::check;
use super::driver::{Do, Driver};
use super::reader::Reader;
use super::world::{NO_CACHE, SMALL_CACHE, Spec, World};
use Do::{Purge, Store};

/// Segments of two or three commits.
const SEGMENT_BYTES: u32 = 1024;

/// One user who is written often, one seldom, one once; purges.
const ROUND: [&[Do]; 6] = [
    &[Store(0), Store(1)],
    &[Store(0)],
    &[Store(0), Purge(1)],
    &[Store(0)],
    &[Purge(0)],
    &[Store(0), Store(1)],
];

fn compacted(cache_bytes: u64, readers: usize, schedules: usize) {
    let (moved, recycled) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&moved), Arc::clone(&recycled));
    check(schedules, move || {
        let spec = Spec { cache_bytes, segment_bytes: SEGMENT_BYTES, changes_kept: 3 };
        let (world, writer) = World::new(spec);
        watch(&world, &counters.0, &counters.1);
        let mut driver = Driver::new(&world, writer, spec);
        driver.commit(&[Store(2)]);
        let upkeep = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.run_upkeep())
        };
        let threads: Vec<_> = Reader::some(&world, readers)
            .into_iter()
            .map(|mut reader| thread::spawn(move || reader.read_on(read)))
            .collect();
        for what in ROUND.iter().cycle().take(3 * ROUND.len()) {
            driver.commit(what);
        }
        world.done.store(true, Ordering::SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        world.journal.handover.end();
        upkeep.join().unwrap();
        world.check_end();
    });
    let (moved, recycled) = (moved.load(Ordering::Relaxed), recycled.load(Ordering::Relaxed));
    eprintln!("{moved} compactions, {recycled} files were written over");
    assert!(moved >= schedules && recycled >= schedules, "that is what is checked");
}

fn read(reader: &mut Reader) {
    reader.load_with_company(0);
    reader.load_with_company(1);
    reader.load_with_company(2);
    reader.changes(2);
    // Nothing is counted out before it is counted in.
    assert!(reader.world.journal.live() < 1 << 20);
}

/// Counts segments of copies that got their names, and former segments that became segments again.
fn watch(world: &World, moved: &Arc<AtomicUsize>, recycled: &Arc<AtomicUsize>) {
    let (moved, recycled) = (Arc::clone(moved), Arc::clone(recycled));
    world.disk.inner.on_operation(move |operation, name| {
        if operation == "rename" && name.starts_with("unfinished-") {
            moved.fetch_add(1, Ordering::Relaxed);
        }
        if operation == "rename" && name.starts_with("segment-") {
            recycled.fetch_add(1, Ordering::Relaxed);
        }
    });
}

#[test]
fn one_reader_beside_compaction() {
    compacted(NO_CACHE, 1, 200);
}

#[test]
fn two_readers_beside_compaction() {
    compacted(SMALL_CACHE, 2, 200);
}

#[test]
fn sixteen_readers_beside_compaction() {
    compacted(NO_CACHE, 16, 20);
}
