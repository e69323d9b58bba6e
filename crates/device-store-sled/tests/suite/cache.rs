//! The cache: bounded, and never behind what somebody has seen.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use device_core::{DeviceKind, Revision};
use device_store::DeviceStore as _;
use device_store::conformance::fixtures::{User, enrol, load, store_write};
use device_store_sled::{Options, SledStore};
use futures_executor::block_on;

use crate::support::{folder, quick};

const KIND: DeviceKind = DeviceKind::Push;

fn users(count: usize) -> Vec<User> {
    (0..count).map(|number| User::named("/a", &format!("user-{number}"))).collect()
}

#[test]
fn a_cache_smaller_than_the_data() {
    let folder = folder();
    let cache_bytes = 64 * 1024;
    let options = Options { cache_bytes, ..quick() };
    let store = SledStore::open(folder.path(), options).unwrap();
    let users = users(600);
    block_on(async {
        let mut sets = Vec::new();
        for user in &users {
            sets.push(enrol(&store, user, KIND, "phone").await);
        }
        let mut most = 0;
        for round in 0..3 {
            for (user, set) in users.iter().zip(&mut sets).skip(round) {
                assert_eq!(load(&store, user, KIND).await, *set);
                most = most.max(store.cached_bytes());
                if set.devices.len() < 2 && round == 1 {
                    *set = enrol(&store, user, KIND, "tablet").await;
                }
            }
        }
        assert!((cache_bytes / 2..=cache_bytes).contains(&most), "{most} bytes");
    });
}

#[test]
fn loads_fill_it() {
    let folder = folder();
    let users = users(10);
    let store = SledStore::open(folder.path(), quick()).unwrap();
    for user in &users {
        block_on(enrol(&store, user, KIND, "phone"));
    }
    drop(store);
    let store = SledStore::open(folder.path(), quick()).unwrap();
    assert_eq!(store.cached_bytes(), 0);
    for user in &users {
        block_on(load(&store, user, KIND));
    }
    let full = store.cached_bytes();
    assert!(full > 0);
    block_on(store.scan(None, 100)).unwrap();
    block_on(load(&store, &User::named("/a", "nobody"), KIND));
    assert_eq!(store.cached_bytes(), full, "walks and unknown users do not take its room");
}

#[test]
fn a_set_too_large_for_it_is_not_kept_in_its_old_form() {
    let folder = folder();
    let options = Options { cache_bytes: 2_048, ..quick() };
    let store = SledStore::open(folder.path(), options).unwrap();
    let user = User::named("/a", "bjensen");
    block_on(async {
        for number in 0..20 {
            let set = enrol(&store, &user, KIND, &format!("phone {number}")).await;
            assert_eq!(load(&store, &user, KIND).await, set);
        }
        assert!(store.cached_bytes() <= 2_048);
    });
}

/// Many readers and a writer on few sets, with a cache that has room for some of them: nobody may see a revision that is older than one that somebody saw before.
#[test]
fn no_reader_goes_back() {
    const READERS: usize = 6;
    const SETS: usize = 8;
    let folder = folder();
    let options = Options { cache_bytes: 6_000, ..quick() };
    let store = SledStore::open(folder.path(), options).unwrap();
    let users = users(SETS);
    // All sets start low, so that a revision says how often the set was changed.
    for user in &users {
        let unknown = block_on(load(&store, user, KIND));
        let mut write = user.with_device(&unknown, KIND, "phone");
        write.next.revision = Revision::from_record(1);
        block_on(store_write(&store, user, KIND, Revision::NONE, &write));
    }
    let newest: Vec<AtomicU64> = (0..SETS).map(|_| AtomicU64::new(1)).collect();
    let over = AtomicBool::new(false);
    let until = Instant::now() + Duration::from_secs(3);
    thread::scope(|scope| {
        for reader in 0..READERS {
            let (store, users, newest, over) = (&store, &users, &newest, &over);
            scope.spawn(move || {
                let mut random = Xorshift(reader as u64 + 1);
                while !over.load(Ordering::Relaxed) {
                    let set = random.below(SETS);
                    let seen = newest[set].load(Ordering::SeqCst);
                    if random.below(4) == 0 {
                        thread::yield_now();
                    }
                    let loaded = if random.below(16) == 0 {
                        let after = users[set].key(DeviceKind::Oath);
                        let page = block_on(store.scan(Some(&after), 1)).unwrap();
                        page.into_iter().next().unwrap().set.unwrap()
                    } else {
                        block_on(load(store, &users[set], KIND))
                    };
                    let revision = loaded.revision.to_record();
                    assert!(revision >= seen, "set {set}: {revision} after {seen} was seen");
                    newest[set].fetch_max(revision, Ordering::SeqCst);
                }
            });
        }
        let mut random = Xorshift(99);
        while Instant::now() < until {
            let user = &users[random.below(SETS)];
            let set = block_on(load(&store, user, KIND));
            let mut write = user.with_device(&set, KIND, "phone");
            if write.next.devices.len() > 3 {
                write.next.devices.truncate(1);
            }
            block_on(store_write(&store, user, KIND, set.revision, &write));
            if random.below(8) == 0 {
                thread::yield_now();
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    let changes: u64 = newest.iter().map(|newest| newest.load(Ordering::SeqCst)).sum();
    assert!(changes > SETS as u64 * 10, "the writer got nowhere: {changes}");
}

/// Random enough, and the same at each run.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}
