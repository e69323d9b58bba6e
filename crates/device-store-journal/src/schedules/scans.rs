//! Scans beside first writes and purges.

use super::check;
use super::driver::{Do, Driver};
use super::publication::run;
use super::reader::Reader;
use super::world::{Spec, World};
use Do::{Purge, Store};

/// What is there when the scans begin.
const BEFORE: [&[Do]; 2] = [&[Store(3), Store(6)], &[Store(1), Store(8)]];

/// Keys before, between and after those; some go, one comes back.
const COMMITS: [&[Do]; 6] = [
    &[Store(7)],
    &[Store(0), Store(2), Store(4)],
    &[Purge(6), Store(9)],
    &[Store(5), Purge(2)],
    &[Store(6), Store(1)],
    &[Store(2)],
];

/// Each before all that are there: a stretch that misses it has something to show instead.
const IN_FRONT: [&[Do]; 4] =
    [&[Store(7), Store(8)], &[Store(5), Store(6)], &[Store(4)], &[Store(3)]];

/// A stretch of the window takes four keys in these tests: more come than fit in, and then some beyond.
const GROWING: [&[Do]; 4] =
    [&[Store(2), Store(3), Store(4), Store(5)], &[Store(6)], &[Store(7), Store(8)], &[Store(9)]];

fn scans(scanners: usize, limit: usize, schedules: usize) {
    scans_beside(&BEFORE, &COMMITS, scanners, limit, schedules);
}

fn scans_beside(
    before: &'static [&'static [Do]],
    commits: &'static [&'static [Do]],
    scanners: usize,
    limit: usize,
    schedules: usize,
) {
    check(schedules, move || {
        let spec = Spec::default();
        let (world, writer) = World::new(spec);
        let mut driver = Driver::new(&world, writer, spec);
        before.iter().for_each(|what| driver.commit(what));
        let readers = Reader::some(&world, scanners);
        run(driver, commits, readers, move |reader| reader.scan_all(limit));
    });
}

#[test]
fn one_scanner() {
    scans(1, 2, 500);
}

#[test]
fn two_scanners() {
    scans(2, 1, 500);
    scans(2, 3, 500);
}

#[test]
fn eight_scanners() {
    scans(8, 2, 50);
}

#[test]
fn more_keys_than_a_stretch_takes() {
    scans_beside(&[&[Store(0), Store(1)]], &GROWING, 2, 1, 1_000);
}

#[test]
fn keys_in_front() {
    check(3_000, || {
        let spec = Spec::default();
        let (world, writer) = World::new(spec);
        let driver = Driver::new(&world, writer, spec);
        run(driver, &IN_FRONT, Reader::some(&world, 2), |reader| {
            for _ in 0..4 {
                reader.first_key();
            }
        });
    });
}
