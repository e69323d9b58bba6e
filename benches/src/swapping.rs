//! Durable swaps, some of them in flight at any time.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use device_core::{Change, DeviceSet, Facts, Revision, SetKey};
use device_store::codec::{encode_change, encode_set};
use device_store::{DeviceStore, Swap};
use futures_util::{StreamExt as _, stream};

use crate::population::{Population, change, token};
use crate::usage::processor_time;

/// What a stretch of operations took.
#[derive(Debug, Default)]
pub struct Stretch {
    /// How many.
    pub operations: usize,
    /// All of it.
    pub elapsed: Duration,
    /// Time of the processor, whoever used it meanwhile in this process.
    pub processor: Duration,
    /// The wait of each.
    pub waits: Vec<Duration>,
}

impl Stretch {
    /// Adds another one.
    pub fn add(&mut self, more: Self) {
        self.operations += more.operations;
        self.elapsed += more.elapsed;
        self.processor += more.processor;
        self.waits.extend(more.waits);
    }

    /// Nanoseconds for each operation.
    #[must_use]
    pub fn each(&self) -> f64 {
        self.elapsed.as_secs_f64() * 1e9 / self.operations as f64
    }

    /// Nanoseconds of the processor for each operation.
    #[must_use]
    pub fn processor_each(&self) -> f64 {
        self.processor.as_secs_f64() * 1e9 / self.operations as f64
    }

    /// The median wait, in nanoseconds.
    pub fn median_wait(&mut self) -> f64 {
        self.waits.sort_unstable();
        self.waits[self.waits.len() / 2].as_secs_f64() * 1e9
    }
}

/// The next state of a set: one device has a new token, as after a refresh.
#[must_use]
pub fn next(set: &DeviceSet, user: usize, serial: u64) -> DeviceSet {
    let mut next = set.clone();
    next.revision = set.revision.next(0);
    next.devices.change(1, |device| {
        device.revision = next.revision;
        if let Facts::Push(push) = &mut device.facts {
            push.device_token = Some(token(user, serial).into());
        }
    });
    next
}

/// A swap that only has to be done.
#[derive(Debug)]
pub struct Prepared {
    key: SetKey,
    expected: Revision,
    next: Arc<DeviceSet>,
    change: Change,
}

/// The users and what is stored of them now.
#[derive(Debug)]
pub struct Users<'a> {
    population: &'a Population,
    sets: RefCell<Vec<Arc<DeviceSet>>>,
    serial: Cell<u64>,
}

impl<'a> Users<'a> {
    /// The users of a population that is stored as it is.
    #[must_use]
    pub fn of(population: &'a Population) -> Self {
        Self { population, sets: RefCell::new(population.sets.clone()), serial: Cell::new(0) }
    }

    /// The next swaps of so many users, each of another one: what the rules above a store do is not the store's time.
    ///
    /// # Panics
    /// If there are not so many users.
    #[must_use]
    pub fn prepare(&self, count: usize) -> Vec<Prepared> {
        let Population { realm, keys, order, .. } = self.population;
        assert!(count <= order.len(), "each user once");
        let skipped = usize::try_from(self.serial.get()).unwrap_or(0) % order.len();
        let mut sets = self.sets.borrow_mut();
        let prepared = order.iter().cycle().skip(skipped).take(count).map(|user| {
            let serial = self.serial.get() + 1;
            self.serial.set(serial);
            let expected = sets[*user].revision;
            let next = Arc::new(next(&sets[*user], *user, serial));
            sets[*user] = Arc::clone(&next);
            let change = change(realm, &next, &[1], u128::from(serial) << 64);
            Prepared { key: keys[*user].clone(), expected, next, change }
        });
        prepared.collect()
    }

    /// Prepares so many swaps and then does them, `in_flight` at a time.
    ///
    /// # Panics
    /// If the store does not take them.
    pub fn swap(&self, store: &impl DeviceStore, in_flight: usize, count: usize) -> Stretch {
        let prepared = self.prepare(count);
        let waits = RefCell::new(Vec::with_capacity(count));
        let (started, used) = (Instant::now(), processor_time());
        let running = stream::iter(prepared).for_each_concurrent(in_flight, async |prepared| {
            let Prepared { key, expected, next, change } = prepared;
            let asked = Instant::now();
            assert_eq!(store.swap(&key, expected, next, change).await, Ok(Swap::Stored), "{key}");
            waits.borrow_mut().push(asked.elapsed());
        });
        futures_executor::block_on(running);
        let (elapsed, processor) = (started.elapsed(), processor_time().saturating_sub(used));
        Stretch { operations: count, elapsed, processor, waits: waits.into_inner() }
    }

    /// The bytes of some swaps: the key, the record of the set and that of its change.
    ///
    /// # Panics
    /// Never: all sets have owners.
    #[must_use]
    pub fn bytes_of_swaps(&self, count: usize) -> Vec<Vec<u8>> {
        let sets = self.sets.borrow();
        let users = self.population.order.iter().take(count);
        let bytes = users.map(|user| {
            let (key, set) = (self.population.keys[*user].as_bytes(), next(&sets[*user], *user, 1));
            let mut bytes = key.to_vec();
            bytes.extend(encode_set(key, &set).expect("an owner"));
            let change = change(&self.population.realm, &set, &[1], 1);
            bytes.extend(encode_change(key, &change));
            bytes
        });
        bytes.collect()
    }
}
