//! What readers see of commits: never too early, never less than before, all that belongs together.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use shuttle::thread;

use super::check;
use super::driver::{Commits, Do, Driver};
use super::reader::Reader;
use super::world::{LARGE_CACHE, NO_CACHE, SMALL_CACHE, Spec, World};
use Do::{Purge, Store};

/// Two users, first writes, further ones, purges, and first writes again.
const COMMITS: [&[Do]; 7] = [
    &[Store(0)],
    &[Store(0), Store(1)],
    &[Store(0)],
    &[Purge(0), Store(1)],
    &[Store(0)],
    &[Store(0), Purge(1)],
    &[Store(0), Store(1)],
];

/// Runs the commits beside so many readers that do this all the time, then looks at what is left.
pub(super) fn run<W: Commits + Send + 'static>(
    mut driver: Driver<W>,
    commits: &'static [&'static [Do]],
    readers: Vec<Reader>,
    read: impl Fn(&mut Reader) + Copy + Send + 'static,
) {
    let world = Arc::clone(&driver.world);
    let threads: Vec<_> =
        readers.into_iter().map(|mut reader| thread::spawn(move || reader.read_on(read))).collect();
    for what in commits {
        driver.commit(what);
    }
    world.done.store(true, Ordering::SeqCst);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    world.check_end();
}

/// Loads both users' sets, from the cache, past it, and in a scan.
fn load(reader: &mut Reader) {
    reader.load(0);
    reader.read_file(0);
    reader.scan(2);
    reader.load(1);
}

fn loads(cache_bytes: u64, readers: usize, schedules: usize) {
    check(schedules, move || {
        let spec = Spec { cache_bytes, ..Spec::default() };
        let (world, writer) = World::new(spec);
        let driver = Driver::new(&world, writer, spec);
        run(driver, &COMMITS, Reader::some(&world, readers), load);
    });
}

#[test]
fn one_reader_without_a_cache() {
    loads(NO_CACHE, 1, 1_000);
}

#[test]
fn one_reader_with_a_small_cache() {
    loads(SMALL_CACHE, 1, 1_000);
}

#[test]
fn two_readers_with_a_small_cache() {
    loads(SMALL_CACHE, 2, 2_000);
}

#[test]
fn two_readers_with_a_large_cache() {
    loads(LARGE_CACHE, 2, 2_000);
}

#[test]
fn four_readers_with_a_small_cache() {
    loads(SMALL_CACHE, 4, 1_000);
}

#[test]
fn sixteen_readers_with_a_large_cache() {
    loads(LARGE_CACHE, 16, 200);
}

#[test]
fn sixteen_readers_without_a_cache() {
    loads(NO_CACHE, 16, 200);
}

/// Who has seen a set finds its change and its alias; who has seen a change finds its set.
fn company(changes_kept: u64, readers: usize, schedules: usize) {
    check(schedules, move || {
        let spec = Spec { changes_kept, ..Spec::default() };
        let (world, writer) = World::new(spec);
        let driver = Driver::new(&world, writer, spec);
        run(driver, &COMMITS, Reader::some(&world, readers), |reader| {
            reader.load_with_company(0);
            reader.changes(2);
            reader.load_with_company(1);
        });
    });
}

#[test]
fn sets_have_their_changes_and_aliases() {
    company(1_000, 2, 2_000);
}

#[test]
fn changes_are_trimmed_meanwhile() {
    company(3, 3, 1_000);
}

#[test]
fn sixteen_readers_of_changes() {
    company(4, 16, 100);
}
