//! A large journal: `million USERS UPDATES`. Fills it with three sets a user, updates random ones, opens it again with and without its indexes, and reads what is not in
//! the cache, beside bare reads and beside 64 writers. Prints what each took.

use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use device_core::{DeviceSet, Revision, SetKey};
use device_store::codec::{decode_set, encode_set};
use device_store::{DeviceStore, Swap};
use device_store_journal::{JournalFile as _, JournalStore, Options};
use devreg_benches::households::{Households, KINDS};
use devreg_benches::random::SplitMix;
use devreg_benches::ready;
use devreg_benches::usage::{disk_bytes, resident_bytes};
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};

/// Bytes of the cache while it is filled and updated.
const CACHE_BYTES: u64 = 256 << 20;

/// Writers beside which is read.
const WRITERS: usize = 64;

/// Records that the bare reads choose from.
const FLOOR_RECORDS: usize = 300_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [users, updates] = arguments.as_slice() else {
        return Err("usage: million USERS UPDATES".into());
    };
    let (users, updates): (usize, usize) = (users.parse()?, updates.parse()?);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let folder = tempfile::tempdir_in(&data)?;
    let households = Households::default();
    let mut options = Options::default();
    options.cache_bytes = CACHE_BYTES;
    let before = resident_bytes();

    let store = JournalStore::open(folder.path(), &options)?;
    let started = Instant::now();
    fill(&store, &households, users);
    let elapsed = started.elapsed();
    println!(
        "filled: {users} users x {} sets in {elapsed:.1?}, {:.0} sets/s",
        KINDS.len(),
        (users * KINDS.len()) as f64 / elapsed.as_secs_f64()
    );
    let started = Instant::now();
    let most = update(&store, &households, users, updates);
    println!("updated: {updates} random updates in {:.1?}", started.elapsed());
    let usage = store.usage();
    let key_bytes = households.key(1, 1).as_bytes().len();
    println!(
        "memory: {:.1} bytes of directory a set, of which {key_bytes} are the key; at most {} MB beyond what the process began with: {} MB of cache, {} MB of directory, {} MB of all else",
        usage.directory_bytes as f64 / usage.keys as f64,
        (most - before) >> 20,
        CACHE_BYTES >> 20,
        usage.directory_bytes >> 20,
        (most.saturating_sub(before + CACHE_BYTES + usage.directory_bytes as u64)) >> 20,
    );
    println!("on the disk: {} MB, {usage:?}", disk_bytes(folder.path())? >> 20);
    drop(store);

    // No cache, so that every read goes to the file.
    options.cache_bytes = 0;
    for use_indexes in [true, false] {
        options.use_indexes = use_indexes;
        let started = Instant::now();
        let store = JournalStore::open(folder.path(), &options)?;
        let opened = started.elapsed();
        let set = ready(store.load(&households.key(users / 2, 1)))?;
        assert_ne!(set.revision, Revision::NONE, "the user is there");
        println!("opened: {opened:.2?} until the first answer, indexes used: {use_indexes}");
    }
    options.use_indexes = true;
    let store = JournalStore::open(folder.path(), &options)?;
    let bare = Bare::of(&store, &households, users, &data)?;
    beside_bare(&store, &bare, "without a cache");
    beside_writers(&store, &bare, &households, users)?;
    drop(store);
    options.cache_bytes = 1 << 20;
    let store = JournalStore::open(folder.path(), &options)?;
    beside_bare(&store, &bare, "not in a cache that is full");
    Ok(())
}

fn fill(store: &JournalStore, households: &Households, users: usize) {
    let bar = bar("filling", users * KINDS.len());
    let sets = (0..users).flat_map(|user| (0..KINDS.len()).map(move |kind| (user, kind)));
    let swaps = stream::iter(sets).for_each_concurrent(1_024, async |(user, kind)| {
        let set = households.set(user, kind);
        let change = households.change(&set, kind, (user * KINDS.len() + kind) as u128);
        let swap = store.swap(&households.key(user, kind), Revision::NONE, set, change).await;
        assert_eq!(swap, Ok(Swap::Stored));
        bar.inc(1);
    });
    futures_executor::block_on(swaps);
    bar.finish_and_clear();
}

/// One random update. Of two at the same set one may be lost; then nothing is written, and it is no update.
async fn update_one(
    store: &JournalStore,
    households: &Households,
    user: usize,
    kind: usize,
    id: u64,
) {
    let key = households.key(user, kind);
    let current = store.load(&key).await.expect("a set");
    let mut next = DeviceSet::clone(&current);
    next.revision = current.revision.next(0);
    next.devices.change(0, |device| {
        device.revision = next.revision;
        device.last_access_ms += 1;
    });
    let change = households.change(&next, kind, u128::from(id) << 64 | 1);
    let swap = store.swap(&key, current.revision, Arc::new(next), change).await;
    assert!(swap.is_ok(), "{swap:?}");
}

/// Random updates. Returns the most memory the process had, in bytes.
fn update(store: &JournalStore, households: &Households, users: usize, updates: usize) -> u64 {
    let bar = bar("updating", updates);
    let mut random = SplitMix::new(5);
    // As they are needed: all of them at once would be a good part of the memory that is measured.
    let drawn = (0..updates).map(|number| (number, random.below(users), random.below(KINDS.len())));
    let most = Cell::new(0);
    let swaps = stream::iter(drawn).for_each_concurrent(WRITERS, async |(number, user, kind)| {
        update_one(store, households, user, kind, number as u64).await;
        bar.inc(1);
        if number % 10_000 == 0 {
            most.set(resident_bytes().max(most.get()));
        }
    });
    futures_executor::block_on(swaps);
    bar.finish_and_clear();
    most.get()
}

/// The same records in one file, to be read bare.
struct Bare {
    keys: Vec<SetKey>,
    file: File,
    /// Offset and length of each.
    places: Vec<(u64, usize)>,
}

impl Bare {
    fn of(
        store: &JournalStore,
        households: &Households,
        users: usize,
        data: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let keys = (0..FLOOR_RECORDS.min(users)).map(|user| households.key(user, 1)).collect();
        let mut bare = Self { keys, file: tempfile::tempfile_in(data)?, places: Vec::new() };
        let mut at = 0_u64;
        for key in &bare.keys {
            let record = encode_set(key.as_bytes(), &*ready(store.load(key))?).ok_or("an owner")?;
            bare.file.write_all_at(&record, at)?;
            bare.places.push((at, record.len()));
            at += record.len() as u64;
        }
        Ok(bare)
    }

    fn read(&self, user: usize) {
        let (at, length) = self.places[user];
        let mut record = vec![0; length];
        self.file.read_exact_at(&mut record, at).expect("a read");
        black_box(decode_set(self.keys[user].as_bytes(), &record).expect("a set"));
    }

    fn load(&self, store: &JournalStore, user: usize) {
        black_box(ready(store.load(&self.keys[user])).expect("a set"));
    }
}

/// Reads beside bare reads of the same records.
fn beside_bare(store: &JournalStore, bare: &Bare, what: &str) {
    let mut random = SplitMix::new(9);
    let (mut floors, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        let drawn: Vec<usize> = (0..50_000).map(|_| random.below(bare.keys.len())).collect();
        let floor = each(&drawn, |user| bare.read(user));
        let read = each(&drawn, |user| bare.load(store, user));
        floors.push(floor);
        ratios.push(read / floor);
    }
    println!(
        "{what}: bare read + decode {:.0} ns, look-up {:.2} times it (medians of 11)",
        median(&mut floors),
        median(&mut ratios)
    );
}

/// How long reads take alone, and beside writers.
fn beside_writers(
    store: &JournalStore,
    bare: &Bare,
    households: &Households,
    users: usize,
) -> Result<(), Box<dyn Error>> {
    let read = |user| bare.load(store, user);
    let quiet = latencies(&bare.keys, Duration::from_secs(10), &mut SplitMix::new(9), read);
    let stop = AtomicBool::new(false);
    let (busy, written) = std::thread::scope(|scope| {
        let writers = scope.spawn(|| write_until(store, households, users, &stop));
        std::thread::sleep(Duration::from_secs(2));
        let busy = latencies(&bare.keys, Duration::from_secs(20), &mut SplitMix::new(10), read);
        stop.store(true, Ordering::Relaxed);
        (busy, writers.join())
    });
    let written = written.map_err(|_| "the writers panicked")?;
    println!(
        "reads alone:               p50 {:.2} us, p99 {:.2} us, p99.9 {:.2} us",
        quiet[0], quiet[1], quiet[2]
    );
    println!(
        "reads beside {WRITERS} writers:   p50 {:.2} us, p99 {:.2} us, p99.9 {:.2} us; {written} updates meanwhile; p99 is {:.2} times the quiet one",
        busy[0],
        busy[1],
        busy[2],
        busy[1] / quiet[1]
    );
    println!("after that: {:?}", store.usage());
    Ok(())
}

fn write_until(
    store: &JournalStore,
    households: &Households,
    users: usize,
    stop: &AtomicBool,
) -> u64 {
    let random = std::cell::RefCell::new(SplitMix::new(11));
    let written = Cell::new(0);
    let running = stream::repeat(())
        .take_while(|()| std::future::ready(!stop.load(Ordering::Relaxed)))
        .for_each_concurrent(WRITERS, async |()| {
            let (user, kind) = {
                let mut random = random.borrow_mut();
                (random.below(users), random.below(KINDS.len()))
            };
            written.set(written.get() + 1);
            update_one(store, households, user, kind, written.get()).await;
        });
    futures_executor::block_on(running);
    written.get()
}

fn each(drawn: &[usize], read: impl Fn(usize)) -> f64 {
    let started = Instant::now();
    drawn.iter().for_each(|user| read(*user));
    started.elapsed().as_secs_f64() * 1e9 / drawn.len() as f64
}

/// Microseconds: median, 99th and 99.9th percentile.
fn latencies(
    keys: &[SetKey],
    length: Duration,
    random: &mut SplitMix,
    read: impl Fn(usize),
) -> [f64; 3] {
    let mut waits = Vec::new();
    let started = Instant::now();
    while started.elapsed() < length {
        let user = random.below(keys.len());
        let asked = Instant::now();
        read(user);
        waits.push(asked.elapsed());
        // A server does other things in between; a loop that never rests would measure the scheduler's slices.
        if waits.len() % 64 == 0 {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    waits.sort_unstable();
    [500, 990, 999].map(|share| waits[waits.len() * share / 1_000].as_secs_f64() * 1e6)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn bar(what: &'static str, length: usize) -> ProgressBar {
    let template = "{msg:10} {wide_bar} {pos}/{len} {per_sec} {eta}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style).with_message(what)
}
