//! Durable swaps on the journal and on sled, alone and many in flight, beside append + fdatasync of the same bytes in the same folder.
//!
//! Not criterion: the operations wait for a disk and overlap, so what counts is how many end in a second, and the median of the wait of one.

use std::path::Path;
use std::time::{Duration, Instant};

use device_store_journal::{JournalStore, Options as JournalOptions};
use device_store_sled::{Options, SledStore};
use devreg_benches::figures::{FLOOR, Figure, MEASURED, leave_swaps};
use devreg_benches::files::{CountedFiles, FloorFile, write_again};
use devreg_benches::population::Population;
use devreg_benches::scale::Scale;
use devreg_benches::swapping::{Stretch, Users};
use devreg_benches::usage::processor_time;

/// Where the data lies: on the disk of the build folder, not in a `/tmp` that may be memory.
const DATA: &str = env!("CARGO_TARGET_TMPDIR");

/// Bytes for sled's pages, and of decoded sets: enough for the data, as sled's documentation asks for.
const CACHE_BYTES: u64 = 1 << 30;

/// Swaps in flight.
const IN_FLIGHT: [usize; 4] = [1, 8, 64, 512];

/// Slices of a run. Floor and stores take turns in short ones, so that a slow second of the disk meets all.
const SLICES: usize = 5;

/// What a floor writes, one after the other.
const BATCHES: usize = 32;

/// What one number in flight took.
#[derive(Default)]
struct Measured {
    growing: Stretch,
    written: Stretch,
    /// What the journal wrote, written again.
    again: Stretch,
    journal: Stretch,
    sled: Stretch,
}

/// Writes for as long as `length`, `together` records in one write and one fdatasync.
fn write(
    folder: &Path,
    written: bool,
    records: &[Vec<u8>],
    together: usize,
    length: Duration,
) -> Stretch {
    let mut file = FloorFile::new(folder, written);
    // Put together before the clock runs: only the disk is asked for.
    let mut records = records.iter().cycle();
    let batches: Vec<Vec<u8>> = (0..BATCHES)
        .map(|_| records.by_ref().take(together).flatten().copied().collect())
        .collect();
    let used = processor_time();
    let (mut stretch, mut batches) = (Stretch::default(), batches.iter().cycle());
    let started = Instant::now();
    while started.elapsed() < length
        && let Some(batch) = batches.next()
    {
        let asked = Instant::now();
        file.write(batch);
        stretch.waits.push(asked.elapsed());
        stretch.operations += together;
    }
    stretch.elapsed = started.elapsed();
    stretch.processor = processor_time().saturating_sub(used);
    stretch
}

/// The figures of one row.
fn row(group: &str, floor_name: &str, floor: f64, measured: f64) -> [Figure; 2] {
    println!(
        "{group}: {:.2} us, {floor_name} {:.2} us, {:.2} times it",
        measured / 1e3,
        floor / 1e3,
        measured / floor
    );
    let figure = |function, nanoseconds| Figure { group: group.into(), function, nanoseconds };
    [figure(format!("{FLOOR}{floor_name}"), floor), figure(MEASURED.into(), measured)]
}

/// The rows of one number in flight.
fn rows(in_flight: usize, mut measured: Measured) -> Vec<Figure> {
    let what = |store: &str| format!("swap, durable, {store}, {in_flight} in flight");
    let together = |one: &str, many: &str| match in_flight {
        1 => one.to_owned(),
        _ => many.replace('#', &in_flight.to_string()),
    };
    let append = together("append + fdatasync", "append of # + fdatasync");
    let strict = together(
        "write into a written file + fdatasync",
        "write of # into a written file + fdatasync",
    );
    let Measured { growing, written, again, journal, sled } = &mut measured;
    let mut figures = Vec::new();
    for (store, stretch) in [("journal", &mut *journal), ("sled", &mut *sled)] {
        figures.extend(row(&what(store), &append, growing.each(), stretch.each()));
        let title = format!("{}, strict", what(store));
        figures.extend(row(&title, &strict, written.each(), stretch.each()));
        if in_flight == 1 {
            let title = format!("{}, median wait", what(store));
            figures.extend(row(&title, &strict, written.median_wait(), stretch.median_wait()));
        }
    }
    let title = format!("{}, its own writes", what("journal"));
    figures.extend(row(&title, "the same writes bare", again.each(), journal.each()));
    // All threads', which is what cores give room for.
    let title = format!("{}, processor time", what("journal"));
    figures.extend(row(
        &title,
        "the same writes bare",
        again.processor_each(),
        journal.processor_each(),
    ));
    figures.extend(row(&what("sled beside the journal"), "journal", journal.each(), sled.each()));
    println!("{in_flight} in flight: median wait {:.0} us", journal.median_wait() / 1e3);
    figures
}

fn main() {
    let scale = Scale::from_environment();
    let length = scale.measurement / 2;
    let population = Population::of(scale.users_many);
    // Folders side by side on the same file system.
    let [floors, journal_folder, sled_folder] =
        [(); 3].map(|()| tempfile::tempdir_in(DATA).expect("a folder"));
    let files = CountedFiles::new(journal_folder.path());
    let mut options = JournalOptions::default();
    options.cache_bytes = CACHE_BYTES;
    let journal = JournalStore::open_on(files.clone(), &options).expect("the journal opens");
    let options = Options { engine_cache_bytes: CACHE_BYTES, ..Options::default() };
    let sled = SledStore::open(sled_folder.path(), options).expect("sled opens");
    population.store_in(&journal);
    population.store_in(&sled);
    let (on_journal, on_sled) = (Users::of(&population), Users::of(&population));
    // Until the journal writes over segments that compaction has freed, as it does for ever after.
    for _ in 0..3 {
        let _warm = on_journal.swap(&journal, 256, scale.users_many);
    }
    let records = on_journal.bytes_of_swaps(1_000.min(scale.users_many));

    let mut measured = IN_FLIGHT.map(|in_flight| (in_flight, Measured::default()));
    for _ in 0..SLICES {
        for (in_flight, measured) in &mut measured {
            let write = |written| write(floors.path(), written, &records, *in_flight, length);
            measured.growing.add(write(false));
            let _before = files.take();
            // About as many as the disk takes in that time, for an even share of everything.
            let count = (scale.swaps * *in_flight).min(scale.users_many / 2);
            let swaps = on_journal.swap(&journal, *in_flight, count);
            let commits = files.take().commits;
            measured.written.add(write(true));
            measured.again.add(write_again(floors.path(), &commits, swaps.operations));
            measured.journal.add(swaps);
            measured.sled.add(on_sled.swap(&sled, *in_flight, count / 2));
        }
    }
    let figures = measured.into_iter().flat_map(|(in_flight, measured)| rows(in_flight, measured));
    leave_swaps(&figures.collect::<Vec<_>>()).expect("the figures are written");
}
