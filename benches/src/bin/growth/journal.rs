//! The journal, in a folder that is filled once and opened by one process after the other.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use device_core::{RefreshMessage, Revision, SetKey};
use device_registry::{Policy, Registry};
use device_store::DeviceStore as _;
use device_store::codec::{encode_set, memory_bytes};
use device_store_journal::{CACHE_BYTES_DEFAULT, JournalStore, Options};
use devreg_benches::look_ups::{Drawn, PlainFile};
use devreg_benches::messages::Phones;
use devreg_benches::population::{self, key, order, realm, set, username};
use devreg_benches::random::SplitMix;
use devreg_benches::ready;
use devreg_benches::turns::Turns;
use devreg_benches::usage::{disk_bytes, resident_bytes};
use futures_util::{StreamExt as _, stream};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::Fallible;
use super::look_ups::by_turns;
use super::part::Task;

/// Users of whom all fit into a cache in 16 GB of memory. Of more, the cache has half.
const ALL_CACHED_MAX: usize = 3_000_000;

/// Look-ups that fill the cache before its memory is counted: more than its usual size has room for.
const LOOK_UPS: usize = 300_000;

/// Refreshes while the memory is watched.
const REFRESHES: usize = 100_000;

/// Refreshes under way.
const IN_FLIGHT: usize = 64;

/// Refreshes between two looks at the memory.
const WATCHED_EVERY: usize = 1_000;

/// What a filled journal takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Filled {
    /// All keys and records.
    pub(crate) logical_bytes: u64,
    /// All files.
    pub(crate) disk_bytes: u64,
}

impl Filled {
    /// The files as a multiple of keys and records.
    pub(crate) fn times_the_logical(&self) -> f64 {
        self.disk_bytes as f64 / self.logical_bytes as f64
    }
}

/// Seconds until the first answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reopened {
    pub(crate) with_indexes: f64,
    pub(crate) without_indexes: f64,
}

/// Look-ups of a journal with a large cache.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cached {
    pub(crate) turns: Turns,
    /// The share of the users whose sets are in the cache when the clock starts.
    pub(crate) share: f64,
}

/// The memory of a process that serves, at its greatest, in bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) cache: u64,
    pub(crate) directory: u64,
    pub(crate) rest: u64,
}

fn open(folder: &Path, cache_bytes: u64) -> Fallible<JournalStore> {
    let mut options = Options::default();
    options.cache_bytes = cache_bytes;
    Ok(JournalStore::open(folder, &options)?)
}

/// # Errors
/// If the journal cannot be made.
pub(crate) fn fill(task: &Task) -> Fallible<Filled> {
    let store = open(&task.journal, CACHE_BYTES_DEFAULT)?;
    population::fill(&store, task.users, task.devices);
    store.close();
    let mut logical_bytes = 0;
    let realm = realm();
    for key in (0..task.users).map(|user| key(&realm, user)) {
        let record = encode_set(key.as_bytes(), &*ready(store.load(&key))?).ok_or("no owner")?;
        logical_bytes += (key.as_bytes().len() + record.len()) as u64;
    }
    drop(store);
    Ok(Filled { logical_bytes, disk_bytes: disk_bytes(&task.journal)? })
}

/// # Errors
/// If the journal does not open.
pub(crate) fn reopen(task: &Task) -> Fallible<Reopened> {
    let first_answer = |use_indexes| -> Fallible<Duration> {
        let mut options = Options::default();
        options.use_indexes = use_indexes;
        let started = Instant::now();
        let store = JournalStore::open(&task.journal, &options)?;
        let set = ready(store.load(&key(&realm(), task.users / 2)))?;
        let elapsed = started.elapsed();
        assert_ne!(set.revision, Revision::NONE, "the user is there");
        Ok(elapsed)
    };
    Ok(Reopened {
        with_indexes: first_answer(true)?.as_secs_f64(),
        without_indexes: first_answer(false)?.as_secs_f64(),
    })
}

/// # Errors
/// If the journal does not open.
pub(crate) fn cached(task: &Task) -> Fallible<Cached> {
    // With repetitions: one round after the other in the same order is what a cache of half the data is worst at.
    let mut random = SplitMix::new(3);
    let users = (0..task.users).map(|_| random.below(task.users));
    let drawn = Drawn::of(users.map(username));
    let one = set(0, task.devices);
    let record = encode_set(drawn.keys[0].as_bytes(), &one).ok_or("no owner")?;
    let all_bytes = memory_bytes(&one, record.len()) * task.users as u64;
    let cache_bytes = match task.users {
        // A cache in parts is not filled evenly.
        ..=ALL_CACHED_MAX => all_bytes + all_bytes / 4,
        _ => all_bytes / 2,
    };
    let store = open(&task.journal, cache_bytes)?;
    let realm = realm();
    let mut held = |key: SetKey| {
        let set = ready(store.load(&key))?;
        Ok((key, set))
    };
    let all = (0..task.users).map(|user| key(&realm, user));
    let map: HashMap<_, _> = all.map(&mut held).collect::<Fallible<_>>()?;
    let share = store.usage().cached_bytes as f64 / all_bytes as f64;
    let turns = by_turns(
        task.rounds,
        drawn.keys.len(),
        |at| map.get(&drawn.keys[at]).cloned().map_or(0, |set| set.revision.to_record()),
        |at| drawn.look_up(&store, at).revision.to_record(),
    );
    Ok(Cached { turns, share })
}

/// # Errors
/// If the journal does not open.
pub(crate) fn uncached(task: &Task) -> Fallible<Turns> {
    let drawn = Drawn::of(order(task.users).into_iter().map(username));
    let store = open(&task.journal, 0)?;
    let beside = task.journal.parent().ok_or("a journal without a folder")?;
    let plain = PlainFile::of(beside, &drawn, |key| ready(store.load(key)).expect("a set"));
    Ok(by_turns(
        task.rounds,
        drawn.keys.len(),
        |at| plain.read(at, &drawn.keys[at]).revision.to_record(),
        |at| drawn.look_up(&store, at).revision.to_record(),
    ))
}

/// # Errors
/// If the journal does not open.
pub(crate) fn serve(task: &Task) -> Fallible<Served> {
    let before = resident_bytes();
    let store = open(&task.journal, CACHE_BYTES_DEFAULT)?;
    let realm = realm();
    let mut random = SplitMix::new(9);
    for _ in 0..LOOK_UPS.min(task.users) {
        let _set: Arc<_> = ready(store.load(&key(&realm, random.below(task.users))))?;
    }
    let registry = Registry::new(store, Policy::default());
    let most = Cell::new(0);
    // Signed as they are needed: all of them at once would be a good part of the memory that is measured.
    let mut phones = Phones::with_devices(task.users, task.devices);
    let messages = (0..REFRESHES).map(move |number| (number, phones.sign()));
    let refreshes =
        stream::iter(messages).for_each_concurrent(IN_FLIGHT, async |(number, message)| {
            let message = RefreshMessage::parse(&message.body).expect("a message");
            registry.refresh(&realm, &message, None).await.expect("a refresh");
            if number % WATCHED_EVERY == 0 {
                most.set(resident_bytes().max(most.get()));
            }
        });
    futures_executor::block_on(refreshes);
    let usage = registry.store().usage();
    let (cache, directory) = (usage.cached_bytes, usage.directory_bytes as u64);
    Ok(Served { cache, directory, rest: most.get().saturating_sub(before + cache + directory) })
}
