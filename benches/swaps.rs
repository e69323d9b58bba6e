//! Durable swaps on sled, alone and 64 in flight, beside append + fdatasync of the same bytes in the same folder.
//!
//! Not criterion: the operations wait for a disk and overlap, so what counts is how many end in a second, and the median of the wait of one.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use device_core::{DeviceSet, Facts, Realm, SetKey};
use device_store::codec::{encode_change, encode_set};
use device_store::{DeviceStore as _, Swap};
use device_store_sled::{Options, SledStore};
use devreg_benches::figures::{FLOOR, Figure, MEASURED, leave_swaps};
use devreg_benches::population::{Population, change, token};
use devreg_benches::scale::Scale;
use futures_util::{StreamExt as _, stream};

/// Where the data lies: on the disk of the build folder, not in a `/tmp` that may be memory.
const DATA: &str = env!("CARGO_TARGET_TMPDIR");

/// Bytes for sled's pages: enough for the data, as the store's documentation asks for.
const ENGINE_CACHE_BYTES: u64 = 1 << 30;

/// Swaps in flight, or records in one append, where they are not alone.
const MANY: usize = 64;

/// Bytes of the file that was written before.
const WRITTEN_BYTES: usize = 32 << 20;

/// Slices of a run. Floor and store take turns in short ones, so that a slow second of the disk meets both.
const SLICES: usize = 5;

/// What a stretch of operations took.
#[derive(Default)]
struct Stretch {
    operations: usize,
    elapsed: Duration,
    waits: Vec<Duration>,
}

impl Stretch {
    fn add(&mut self, more: Self) {
        self.operations += more.operations;
        self.elapsed += more.elapsed;
        self.waits.extend(more.waits);
    }

    /// Nanoseconds for each operation.
    fn each(&self) -> f64 {
        self.elapsed.as_secs_f64() * 1e9 / self.operations as f64
    }

    /// The median wait of one operation, in nanoseconds.
    fn median_wait(&mut self) -> f64 {
        self.waits.sort_unstable();
        self.waits[self.waits.len() / 2].as_secs_f64() * 1e9
    }
}

/// The next state of a set: one device has a new token, as after a refresh.
fn next(set: &DeviceSet, user: usize, serial: u64) -> DeviceSet {
    let mut next = set.clone();
    next.revision = set.revision.next(0);
    let device = &mut next.devices[1];
    device.revision = next.revision;
    if let Facts::Push(push) = &mut device.facts {
        push.device_token = Some(token(user, serial).into());
    }
    next
}

/// The users and what is stored of them now.
struct Users<'a> {
    realm: &'a Realm,
    keys: &'a [SetKey],
    order: &'a [usize],
    sets: RefCell<Vec<Arc<DeviceSet>>>,
    serial: Cell<u64>,
}

impl Users<'_> {
    /// Swaps for as long as `length`, `in_flight` at a time, each of another user: the population is much larger than what is in flight.
    fn swap(&self, store: &SledStore, in_flight: usize, length: Duration) -> Stretch {
        let waits = RefCell::new(Vec::new());
        let started = Instant::now();
        let running = stream::iter(self.order.iter().cycle().skip(self.skipped()))
            .take_while(|_| std::future::ready(started.elapsed() < length))
            .for_each_concurrent(in_flight, async |user| {
                let (user, serial) = (*user, self.serial.get() + 1);
                self.serial.set(serial);
                let current = Arc::clone(&self.sets.borrow()[user]);
                let next = Arc::new(next(&current, user, serial));
                let change = change(self.realm, &next, &[1], u128::from(serial) << 64);
                let asked = Instant::now();
                let swap =
                    store.swap(&self.keys[user], current.revision, Arc::clone(&next), change);
                assert_eq!(swap.await, Ok(Swap::Stored), "user {user}");
                waits.borrow_mut().push(asked.elapsed());
                self.sets.borrow_mut()[user] = next;
            });
        futures_executor::block_on(running);
        let waits = waits.into_inner();
        Stretch { operations: waits.len(), elapsed: started.elapsed(), waits }
    }

    /// Where the last stretch ended.
    fn skipped(&self) -> usize {
        usize::try_from(self.serial.get()).unwrap_or(0) % self.order.len()
    }

    /// The bytes of one swap: the record of the set and that of its change.
    fn bytes_of_swaps(&self, count: usize) -> Vec<Vec<u8>> {
        let sets = self.sets.borrow();
        let users = self.order.iter().take(count);
        let bytes = users.map(|user| {
            let (key, set) = (self.keys[*user].as_bytes(), next(&sets[*user], *user, 1));
            let mut bytes = key.to_vec();
            bytes.extend(encode_set(key, &set).expect("an owner"));
            bytes.extend(encode_change(key, &change(self.realm, &set, &[1], 1)));
            bytes
        });
        bytes.collect()
    }
}

/// The file of the floors.
#[derive(Clone, Copy)]
enum Floor {
    /// Each write makes it longer, and the file system must record that too.
    Growing,
    /// Its bytes were on the disk before: the least a write can cost.
    Written,
}

/// Writes for as long as `length`, `together` records in one write and one fdatasync.
fn write(
    folder: &Path,
    floor: Floor,
    records: &[Vec<u8>],
    together: usize,
    length: Duration,
) -> Stretch {
    let path = folder.join("floor");
    let mut file = File::create(&path).expect("a file");
    if matches!(floor, Floor::Written) {
        file.write_all(&vec![1; WRITTEN_BYTES]).expect("a write");
        file.sync_all().expect("a sync");
        file.rewind().expect("a seek");
    }
    let (mut stretch, mut records) = (Stretch::default(), records.iter().cycle());
    let mut position = 0;
    let started = Instant::now();
    while started.elapsed() < length {
        let asked = Instant::now();
        let bytes: Vec<u8> = records.by_ref().take(together).flatten().copied().collect();
        if matches!(floor, Floor::Written) && position + bytes.len() > WRITTEN_BYTES {
            file.rewind().expect("a seek");
            position = 0;
        }
        file.write_all(&bytes).expect("a write");
        file.sync_data().expect("a sync");
        position += bytes.len();
        stretch.waits.push(asked.elapsed());
        stretch.operations += together;
    }
    stretch.elapsed = started.elapsed();
    std::fs::remove_file(path).expect("the file is there");
    stretch
}

fn pair(group: &str, floor_name: &str, floor: f64, measured: f64) -> [Figure; 2] {
    println!(
        "{group}: {:.1} us, floor {:.1} us, {:.2} times it",
        measured / 1e3,
        floor / 1e3,
        measured / floor
    );
    let figure = |function, nanoseconds| Figure { group: group.into(), function, nanoseconds };
    [figure(format!("{FLOOR}{floor_name}"), floor), figure(MEASURED.into(), measured)]
}

fn main() {
    let scale = Scale::from_environment();
    let length = scale.measurement / 2;
    let population = Population::of(scale.users_many);
    let folder = tempfile::tempdir_in(DATA).expect("a folder");
    let options = Options { engine_cache_bytes: ENGINE_CACHE_BYTES, ..Options::default() };
    let store = SledStore::open(folder.path(), options).expect("the store opens");
    population.store_in(&store);
    let users = Users {
        realm: &population.realm,
        keys: &population.keys,
        order: &population.order,
        sets: RefCell::new(population.sets.clone()),
        serial: Cell::new(0),
    };
    // Beside the folder of the store, on the same file system, so that the store does not find a file it does not know.
    let floor_folder = tempfile::tempdir_in(DATA).expect("a folder");
    let records = users.bytes_of_swaps(1_000.min(scale.users_many));

    let write = |floor, together| write(floor_folder.path(), floor, &records, together, length);
    let mut stretches = [(); 6].map(|()| Stretch::default());
    let [growing, written, alone, growing_many, written_many, many] = &mut stretches;
    for _ in 0..SLICES {
        growing.add(write(Floor::Growing, 1));
        alone.add(users.swap(&store, 1, length));
        written.add(write(Floor::Written, 1));
        growing_many.add(write(Floor::Growing, MANY));
        many.add(users.swap(&store, MANY, length));
        written_many.add(write(Floor::Written, MANY));
    }

    let mut figures = Vec::new();
    let mut row = |what: &str, floor_name, floor: f64, measured: f64| {
        figures.extend(pair(&format!("swap, durable, sled, {what}"), floor_name, floor, measured));
    };
    let [one, one_written] = ["append + fdatasync", "write into a written file + fdatasync"];
    row("1 in flight", one, growing.each(), alone.each());
    row("1 in flight, median wait", one, growing.median_wait(), alone.median_wait());
    row("1 in flight, strict", one_written, written.each(), alone.each());
    row("64 in flight", "append of 64 + fdatasync", growing_many.each(), many.each());
    let strict = "write of 64 into a written file + fdatasync";
    row("64 in flight, strict", strict, written_many.each(), many.each());
    println!("{:.0} us: median wait of a swap among {MANY}", many.median_wait() / 1e3);
    leave_swaps(&figures).expect("the figures are written");
}
