//! The database is killed, connections are cut and stalled: nothing that was acknowledged is lost, nothing that was refused is stored, and nobody waits without end.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use device_core::{Change, DeviceKind, What};
use device_store::conformance::fixtures::{User, changes_after, enrol, load};
use device_store::{DeviceStore as _, StoreError, Swap};
use device_store_postgres::{OPERATION_TIME_MAX, Options, PostgresStore};
use futures_executor::block_on;
use uuid::Uuid;

use crate::proxy::{Fault, Proxy};
use crate::server::{Schema, Server, Session, url};

/// How far beyond its limit an answer may come on a machine that does other things as well.
const SLACK: Duration = Duration::from_secs(4);

/// Every so many packets a connection is stalled, unless the environment says otherwise: each costs seconds.
const STALL_STEP: usize = 20;

const STALL_STEP_VARIABLE: &str = "DEVREG_STALL_STEP";

/// What writers were told.
#[derive(Debug, Default)]
struct Ledger {
    acknowledged: BTreeSet<Uuid>,
    refused: BTreeSet<Uuid>,
    unknown: BTreeSet<Uuid>,
}

impl Ledger {
    fn note(ledger: &Mutex<Self>, id: Uuid, outcome: &Result<Swap, StoreError>) {
        let mut ledger = ledger.lock().unwrap();
        let noted = match outcome {
            Ok(Swap::Stored) => &mut ledger.acknowledged,
            Ok(Swap::Conflict(_)) | Err(StoreError::Unavailable(_)) => &mut ledger.refused,
            Err(StoreError::Unknown { change }) => {
                assert_eq!(*change, id);
                &mut ledger.unknown
            }
            Err(error) => panic!("{error}"),
        };
        noted.insert(id);
    }

    /// Compares it with the log and the sets, by a store whose connections are whole.
    fn check(&self, store: &PostgresStore, users: &[User]) {
        let changes: Vec<Change> =
            block_on(changes_after(store, None)).into_iter().map(|entry| entry.change).collect();
        let stored: BTreeSet<_> = changes.iter().map(|change| change.id).collect();
        assert_eq!(stored.len(), changes.len(), "a change is there twice");
        let lost: Vec<_> = self.acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let wrong: Vec<_> = self.refused.intersection(&stored).collect();
        assert!(wrong.is_empty(), "refused and stored: {wrong:?}");
        for user in users {
            let set = block_on(load(store, user, DeviceKind::Binding));
            let last = changes.iter().rev().find(|change| change.username == user.owner.username);
            let last = last.map(|change| match &change.what {
                What::Set { revision, .. } => *revision,
                What::Purged => panic!("nobody purges"),
            });
            assert_eq!(Some(set.revision), last, "the log agrees with the sets");
        }
    }
}

/// One user adds a device, or removes them all when there are many, and notes what came of it.
fn write(store: &PostgresStore, user: &User, ledger: &Mutex<Ledger>) {
    let kind = DeviceKind::Binding;
    let (key, began) = (user.key(kind), Instant::now());
    let Ok(set) = block_on(store.load(&key)) else { return in_time(began) };
    in_time(began);
    let mut write = user.with_device(&set, kind, "phone");
    if write.next.devices.len() > 3 {
        write.next.devices.truncate(1);
    }
    let change = user.change_of(kind, &write);
    let (id, began) = (change.id, Instant::now());
    let outcome = block_on(store.swap(&key, set.revision, write.next.into(), change));
    in_time(began);
    Ledger::note(ledger, id, &outcome);
}

fn in_time(began: Instant) {
    let took = began.elapsed();
    assert!(took < OPERATION_TIME_MAX + SLACK, "an answer took {took:?}");
}

fn users(count: usize) -> Vec<User> {
    (0..count)
        .map(|number| User::named("/a", &format!("user-{number}")).with_id(&format!("id-{number}")))
        .collect()
}

fn everything_kept() -> Options {
    Options { changes_kept: u64::from(u32::MAX), ..Options::default() }
}

/// The server is killed three times while eight writers write, and comes back each time. The store is not opened again.
#[test]
fn the_server_is_killed_under_load() {
    const WRITES: usize = 250;
    const KILLS: [usize; 3] = [300, 800, 1_300];
    let Some(server) = Server::start() else { return };
    let schema = Schema::on(&server.url);
    let store = schema.open(&everything_kept());
    let (users, ledger) = (users(8), Mutex::<Ledger>::default());
    let written = AtomicUsize::new(0);
    thread::scope(|scope| {
        for user in &users {
            let (store, ledger, written) = (&store, &ledger, &written);
            scope.spawn(move || {
                for _ in 0..WRITES {
                    write(store, user, ledger);
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for kill in KILLS {
            while written.load(Ordering::Relaxed) < kill {
                thread::yield_now();
            }
            Server::kill(&schema);
        }
    });
    let ledger = ledger.into_inner().unwrap();
    ledger.check(&store, &users);
    assert!(ledger.acknowledged.len() > users.len() * WRITES / 2, "it goes on afterwards");
    block_on(enrol(&store, &users[0], DeviceKind::Oath, "and after all"));
}

/// The n-th packet, in whichever direction, never arrives, and its connection ends.
#[test]
fn connections_are_cut() {
    let Some(server) = url() else { return };
    disturb(server, Fault::Cut, 1..=200, 1);
}

/// The n-th packet never arrives, and nothing after it on that connection, which stays open.
#[test]
fn connections_are_stalled() {
    let Some(server) = url() else { return };
    let step = std::env::var(STALL_STEP_VARIABLE).map_or(STALL_STEP, |step| step.parse().unwrap());
    disturb(server, Fault::Stall, 1..=200, step);
}

fn disturb(server: &str, fault: Fault, packets: std::ops::RangeInclusive<usize>, step: usize) {
    const AT_ONCE: usize = 10;
    let numbers = Mutex::new(packets.step_by(step));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(number) = { numbers.lock().unwrap().next() } {
                    disturb_once(server, fault, number);
                }
            });
        }
    });
}

/// Two writers on few connections, of which one meets the fault.
fn disturb_once(server: &str, fault: Fault, packet: usize) {
    const WRITES: usize = 40;
    let schema = Schema::on(server);
    let proxy = Proxy::before(server);
    let options = Options { read_connections: 1, write_connections: 2, ..everything_kept() };
    let store = schema.open_by(&proxy.url(server), &options);
    proxy.arm(fault, packet);
    let (users, ledger) = (users(2), Mutex::<Ledger>::default());
    thread::scope(|scope| {
        for user in &users {
            let (store, ledger) = (&store, &ledger);
            scope.spawn(move || (0..WRITES).for_each(|_| write(store, user, ledger)));
        }
    });
    assert!(proxy.has_struck(), "packet {packet} was not reached");
    let ledger = ledger.into_inner().unwrap();
    let direct = schema.open(&everything_kept());
    ledger.check(&direct, &users);
    // One connection lost is made good within the time of one operation.
    assert_eq!(ledger.acknowledged.len(), users.len() * WRITES, "packet {packet}: {ledger:?}");
}

/// A server that is away for good is an answer in time, and what was not sent is known not to be stored.
#[test]
fn a_server_that_is_away() {
    let Some(server) = url() else { return };
    let schema = Schema::on(server);
    let proxy = Proxy::before(server);
    let store = schema.open_by(&proxy.url(server), &Options::default());
    let user = User::named("/a", "bjensen");
    let set = block_on(enrol(&store, &user, DeviceKind::Oath, "app"));
    proxy.close();
    let began = Instant::now();
    let unavailable = |outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    };
    let write = user.with_device(&set, DeviceKind::Oath, "another");
    let change = user.change_of(DeviceKind::Oath, &write);
    let key = user.key(DeviceKind::Oath);
    let purge = user.change(What::Purged);
    thread::scope(|scope| {
        scope.spawn(|| unavailable(block_on(store.load(&key)).map(drop)));
        scope.spawn(|| unavailable(block_on(store.scan(None, 1)).map(drop)));
        scope.spawn(|| unavailable(block_on(store.changes(None, 1)).map(drop)));
        scope.spawn(|| {
            unavailable(block_on(store.purge(&user.realm, &user.owner.username, purge)).map(drop));
        });
        scope.spawn(|| {
            // The connection it had may have ended before or after it was used.
            let swap = store.swap(&key, set.revision, write.next.into(), change);
            let outcome = block_on(swap);
            assert!(
                matches!(outcome, Err(StoreError::Unavailable(_) | StoreError::Unknown { .. })),
                "{outcome:?}"
            );
        });
    });
    in_time(began);
    let direct = schema.open(&Options::default());
    assert_eq!(block_on(load(&direct, &user, DeviceKind::Oath)), set);
}

/// A start that waits in vain says what it tried, without the password.
#[test]
fn a_start_in_vain() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://devreg:canary@{nobody}/mfa?sslmode=disable");
    let address = device_store_postgres::Address::parse(&device_core::Secret::new(url)).unwrap();
    let options = Options { start_time_max: Duration::from_millis(300), ..Options::default() };
    let error = PostgresStore::open(&address, &options).unwrap_err().to_string();
    assert!(error.contains(&format!("postgres://devreg@{nobody}/mfa")), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

/// More writers than connections wait for each other; a connection that is held for long is not waited for without end.
#[test]
fn no_connection_is_free() {
    let Some(server) = url() else { return };
    let schema = Schema::on(server);
    let store = schema.open(&Options { write_connections: 1, ..Options::default() });
    let (one, two) = (User::named("/a", "one"), User::named("/a", "two"));
    let set = block_on(enrol(&store, &one, DeviceKind::Oath, "app"));
    let holder = Session::on(&schema);
    holder.run("begin; select * from device_set for update");
    let write = one.with_device(&set, DeviceKind::Oath, "another");
    let change = one.change_of(DeviceKind::Oath, &write);
    let key = one.key(DeviceKind::Oath);
    let held = store.swap(&key, set.revision, write.next.into(), change);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| assert!(block_on(held).is_err(), "the row is locked"));
        scope.spawn(|| block_on(load(&store, &two, DeviceKind::Oath)));
    });
    in_time(began);
    holder.run("rollback");
    block_on(enrol(&store, &two, DeviceKind::Oath, "app"));
    block_on(enrol(&store, &one, DeviceKind::Oath, "app"));
}
