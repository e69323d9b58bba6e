//! How many look-ups and changes a second the store does: `rate postgres://... USERS SECONDS`. Beside it `examples/rate.sql` runs the same statements in `pgbench`.
//!
//! The database has its tables (`devreg migrate`) and nothing else; the users are called `user-1` and so on, in `/a`, each with one set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use device_core::{
    Change, DeviceKind, DeviceSet, Owner, Realm, Revision, Secret, SetKey, Username, What,
};
use device_store::{DeviceStore as _, Swap};
use device_store_postgres::{Address, Options, PostgresStore};
use futures_executor::block_on;
use uuid::Uuid;

/// Threads that ask at once.
const THREADS: [u64; 3] = [1, 16, 64];

/// One change of a set.
struct Write {
    key: SetKey,
    next: DeviceSet,
    change: Change,
}

fn write(user: u64, set: &DeviceSet, id: u128) -> Result<Write, Box<dyn std::error::Error>> {
    let (realm, username) = (Realm::parse("/a")?, Username::parse(&format!("user-{user}"))?);
    let kind = DeviceKind::Push;
    let mut next = DeviceSet { revision: set.revision.next(u64::MAX >> 20), ..set.clone() };
    next.owner = Some(Owner::named(username.clone()));
    let key = SetKey::new(&realm, &username, kind);
    let what = What::Set { kind, revision: next.revision, devices: Vec::new(), skip: None };
    let (id, actor) = (Uuid::from_u128(id), "rate".into());
    let change =
        Change { id, at_ms: 0, actor, request_id: None, reason: None, realm, username, what };
    Ok(Write { key, next, change })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("the URL of a database")?;
    let users: u64 = arguments.next().ok_or("how many users")?.parse()?;
    let seconds: u64 = arguments.next().ok_or("how many seconds")?.parse()?;
    let options = Options { write_connections: 64, ..Options::default() };
    let store = PostgresStore::open(&Address::parse(&Secret::new(url))?, &options)?;
    let ids = AtomicU64::new(u64::from(std::process::id()) << 32);
    let next_id = || u128::from(ids.fetch_add(1, Ordering::Relaxed)) << 32;
    thread::scope(|scope| {
        let (store, next_id) = (&store, &next_id);
        for part in 0..16 {
            scope.spawn(move || {
                for user in (part + 1..=users).step_by(16) {
                    let Ok(write) = write(user, &DeviceSet::default(), next_id()) else { return };
                    let swap =
                        store.swap(&write.key, Revision::NONE, write.next.into(), write.change);
                    drop(block_on(swap));
                }
            });
        }
    });
    for changes in [false, true] {
        for threads in THREADS {
            let (done, count) = (AtomicBool::new(false), AtomicU64::new(0));
            let began = Instant::now();
            thread::scope(|scope| {
                for thread in 0..threads {
                    let (store, next_id, done, count) = (&store, &next_id, &done, &count);
                    scope.spawn(move || {
                        let mut user = thread * 7_919;
                        while !done.load(Ordering::Relaxed) {
                            user = (user + 104_729) % users;
                            if one(store, user + 1, changes, next_id()).is_some() {
                                count.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    });
                }
                thread::sleep(Duration::from_secs(seconds));
                done.store(true, Ordering::Relaxed);
            });
            let rate = count.into_inner() as f64 / began.elapsed().as_secs_f64();
            let what = if changes { "look-up and change" } else { "look-up" };
            println!("{what:20} {threads:3} threads {rate:8.0} a second");
        }
    }
    Ok(())
}

/// A look-up, and a change of what was found.
fn one(store: &PostgresStore, user: u64, changes: bool, id: u128) -> Option<()> {
    let key = write(user, &DeviceSet::default(), id).ok()?.key;
    let set: Arc<DeviceSet> = block_on(store.load(&key)).ok()?;
    if changes {
        let Write { next, change, .. } = write(user, &set, id).ok()?;
        let swap = block_on(store.swap(&key, set.revision, next.into(), change)).ok()?;
        return (swap == Swap::Stored).then_some(());
    }
    Some(())
}
