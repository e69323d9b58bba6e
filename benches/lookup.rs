//! The look-up by username: hit and miss, few and many users, beside a bare map of the same `Arc`s, a positioned read of the same records or a
//! plain `Tree::get` of them.
//!
//! Measured from the username as it was given: the key is made, the store is asked, the revision (or one device's token) is read. The floors get
//! the same keys ready-made; the map hands out the `Arc`, as a store must.

use std::path::Path;
use std::sync::Arc;

use criterion::Criterion;
use device_core::{DeviceSet, SetKey};
use device_store::codec::encode_set;
use device_store::{DeviceStore, MemoryStore};
use device_store_journal::{JournalStore, Options as JournalOptions};
use device_store_sled::{Options, SledStore};
use devreg_benches::figures::{FLOOR, MEASURED};
use devreg_benches::look_ups::{Drawn, PlainFile, Reading, after};
use devreg_benches::population::{Population, order, stranger, username};
use devreg_benches::ready;
use devreg_benches::scale::Scale;
use hashbrown::HashMap;

/// Where the data of journal and sled lies: on the disk of the build folder, not in a `/tmp` that may be memory.
const DATA: &str = env!("CARGO_TARGET_TMPDIR");

/// Memory for sled's pages and for decoded sets: enough for everything, the case in which the processor is what limits.
const CACHE_BYTES: u64 = 1 << 30;

/// Records in one batch while the floor's tree is filled.
const BATCH: usize = 1_000;

/// Measures `measured` right after its floor; both get the numbers below `count` in turn.
fn beside(
    criterion: &mut Criterion,
    group: &str,
    floor_name: &str,
    count: usize,
    floor: impl Fn(usize) -> u64,
    measured: impl Fn(usize) -> u64,
) {
    let mut group = criterion.benchmark_group(group);
    // Outside of what is measured, so that a sample goes on where the last one ended and does not find its users in the caches.
    let mut at = 0;
    group.bench_function(format!("{FLOOR}{floor_name}"), |bencher| {
        bencher.iter(|| at = after(at, floor(at), count));
    });
    group.bench_function(MEASURED, |bencher| {
        bencher.iter(|| at = after(at, measured(at), count));
    });
    group.finish();
}

/// Hits in a store beside a bare map of the `Arc`s it hands out.
fn hits_beside_map(
    criterion: &mut Criterion,
    title: &str,
    store: &impl DeviceStore,
    map: &HashMap<SetKey, Arc<DeviceSet>>,
    drawn: &Drawn,
) {
    let count = drawn.keys.len();
    for reading in [Reading::Revision, Reading::Token] {
        beside(
            criterion,
            &format!("{title}, {}", reading.name()),
            "bare map",
            count,
            |at| map.get(&drawn.keys[at]).cloned().map_or(0, |set| reading.of(&set)),
            |at| reading.of(&drawn.look_up(store, at)),
        );
    }
}

/// Asks for names nobody has, of a store and of its floor.
fn misses(
    criterion: &mut Criterion,
    title: &str,
    floor_name: &str,
    store: &impl DeviceStore,
    floor: impl Fn(&SetKey) -> u64,
    strangers: &Drawn,
) {
    let (group, keys) = (format!("{title}, miss"), &strangers.keys);
    let measured = |at: usize| Reading::Revision.of(&strangers.look_up(store, at));
    beside(criterion, &group, floor_name, keys.len(), |at| floor(&keys[at]), measured);
}

/// The floor of a store that has to ask sled: the engine's own read, and one byte of the record.
fn get(tree: &sled::Tree, key: &SetKey) -> u64 {
    let record = tree.get(key.as_bytes()).expect("sled reads");
    record.map_or(0, |record| u64::from(record[5]))
}

/// The same records under the same keys in a tree of their own, written by `apply_batch`: the first batch of a process is what makes every later `get` take a lock.
fn plain_tree(folder: &Path, population: &Population) -> sled::Db {
    let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    let tree = config.open().expect("sled opens");
    let records = population.keys.iter().zip(&population.sets).collect::<Vec<_>>();
    for some in records.chunks(BATCH) {
        let mut batch = sled::Batch::default();
        for (key, set) in some {
            batch.insert(key.as_bytes(), encode_set(key.as_bytes(), set).expect("an owner"));
        }
        tree.apply_batch(batch).expect("sled writes");
    }
    tree.flush().expect("sled flushes");
    tree
}

fn with_sled(
    criterion: &mut Criterion,
    title: &str,
    population: &Population,
    drawn: &Drawn,
    strangers: &Drawn,
) {
    let [folder, plain] = [(); 2].map(|()| tempfile::tempdir_in(DATA).expect("a folder"));
    let tree = plain_tree(plain.path(), population);
    let open = |cache_bytes| {
        let options =
            Options { cache_bytes, engine_cache_bytes: CACHE_BYTES, ..Options::default() };
        SledStore::open(folder.path(), options).expect("the store opens")
    };

    let store = open(CACHE_BYTES);
    population.store_in(&store);
    // The map holds the very sets that the cache hands out: else it would be measured on memory of another layout.
    let cached = |key: &SetKey| (key.clone(), ready(store.load(key)).expect("a set"));
    let map: HashMap<_, _> = population.keys.iter().map(cached).collect();
    let cached = format!("{title}, sled, cached");
    hits_beside_map(criterion, &cached, &store, &map, drawn);
    // What is not there is not in the cache either: sled is asked.
    misses(criterion, &cached, "`Tree::get`", &store, |key| get(&tree, key), strangers);
    drop((map, store));

    let store = open(0);
    let uncached = format!("{title}, sled, uncached");
    let group = format!("{uncached}, {}", Reading::Revision.name());
    let measured = |at: usize| Reading::Revision.of(&drawn.look_up(&store, at));
    let floor = |at: usize| get(&tree, &drawn.keys[at]);
    beside(criterion, &group, "`Tree::get`", drawn.keys.len(), floor, measured);
    misses(criterion, &uncached, "`Tree::get`", &store, |key| get(&tree, key), strangers);
}

fn with_journal(
    criterion: &mut Criterion,
    title: &str,
    population: &Population,
    drawn: &Drawn,
    strangers: &Drawn,
) {
    let folder = tempfile::tempdir_in(DATA).expect("a folder");
    let open = |cache_bytes| {
        let mut options = JournalOptions::default();
        options.cache_bytes = cache_bytes;
        JournalStore::open(folder.path(), &options).expect("the store opens")
    };
    let store = open(CACHE_BYTES);
    population.store_in(&store);
    let cached = |key: &SetKey| (key.clone(), ready(store.load(key)).expect("a set"));
    let map: HashMap<_, _> = population.keys.iter().map(cached).collect();
    let cached = format!("{title}, journal, cached");
    hits_beside_map(criterion, &cached, &store, &map, drawn);
    let contains = |key: &SetKey| u64::from(map.contains_key(key));
    misses(criterion, &cached, "bare map", &store, contains, strangers);
    drop((map, store));

    let store = open(0);
    let sets: HashMap<_, _> = population.keys.iter().zip(&population.sets).collect();
    let plain = PlainFile::of(Path::new(DATA), drawn, |key| Arc::clone(sets[key]));
    drop(sets);
    let group = format!("{title}, journal, uncached, {}", Reading::Revision.name());
    let measured = |at: usize| Reading::Revision.of(&drawn.look_up(&store, at));
    let floor = |at: usize| Reading::Revision.of(&plain.read(at, &drawn.keys[at]));
    beside(criterion, &group, "positioned read + decode", drawn.keys.len(), floor, measured);
}

fn main() {
    let scale = Scale::from_environment();
    let mut criterion = scale.criterion();
    for users in [scale.users_few, scale.users_many] {
        let drawn = Drawn::of(order(users).into_iter().map(username));
        let strangers = Drawn::of(order(users).into_iter().map(stranger));
        let population = Population::of(users);
        let title = format!("look-up, {users} users");
        let store = MemoryStore::default();
        population.store_in(&store);
        let sets = population.sets.iter().cloned();
        let map: HashMap<_, _> = population.keys.iter().cloned().zip(sets).collect();
        let memory = format!("{title}, memory");
        hits_beside_map(&mut criterion, &memory, &store, &map, &drawn);
        let contains = |key: &SetKey| u64::from(map.contains_key(key));
        misses(&mut criterion, &memory, "bare map", &store, contains, &strangers);
        drop((map, store));
        with_journal(&mut criterion, &title, &population, &drawn, &strangers);
        with_sled(&mut criterion, &title, &population, &drawn, &strangers);
    }
    criterion.final_summary();
}
