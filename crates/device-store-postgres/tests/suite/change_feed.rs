//! The change log while transactions commit in another order than they began in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use device_core::rules::{self};
use device_core::{DeviceKind, DeviceSet, IfMatch, Revision, SetKey, What};
use device_store::conformance::fixtures::{
    User, changes_after, enrol, load, moment, purge, written,
};
use device_store::conformance::races;
use device_store::{DeviceStore, SequencedChange, StoreError, Swap};
use device_store_postgres::{Options, PostgresStore};
use futures_executor::block_on;

use crate::server::{Schema, Session, url};

/// Changes that are made beside a reader, unless the environment says otherwise.
const CHANGES: usize = 10_000;

const CHANGES_VARIABLE: &str = "DEVREG_FEED_CHANGES";

/// Makes transactions stay open for some milliseconds after they have drawn their number, so that they commit in no order.
const HOLD_OPEN: &str = "create function hold_open() returns trigger language plpgsql as \
     $$ begin perform pg_sleep(random() * 0.005); return new; end $$; \
     create trigger hold_open before insert on device_change_queue for each row execute function hold_open()";

const LET_GO: &str = "drop trigger hold_open on device_change_queue; drop function hold_open";

/// Makes the transactions of users who are called `late` wait at a gate after they have drawn their number.
const WAIT_AT_GATE: &str = "create function wait_at_gate() returns trigger language plpgsql as \
     $$ begin if position('late'::bytea in new.shard_key) > 0 then perform pg_advisory_xact_lock(hashtext(current_schema())); end if; return new; end $$; \
     create trigger wait_at_gate before insert on device_change_queue for each row execute function wait_at_gate()";

const WAIT_NO_MORE: &str =
    "drop trigger wait_at_gate on device_change_queue; drop function wait_at_gate";

fn names(changes: &[SequencedChange]) -> Vec<&str> {
    changes.iter().map(|entry| entry.change.username.as_str()).collect()
}

/// A writer has drawn its number and does not commit; another one draws a later number and commits. The reader who has seen that gets the first one's all the same.
#[test]
fn a_change_that_is_committed_late_is_not_missed() {
    let Some(server) = url() else { return };
    let schema = Schema::on(server);
    let store = schema.open(&Options::default());
    schema.run(WAIT_AT_GATE);
    let gate = Session::on(&schema);
    gate.run("select pg_advisory_lock(hashtext(current_schema()))");
    let enrol = |name| block_on(enrol(&store, &User::named("/a", name), DeviceKind::Oath, "app"));
    let seen = thread::scope(|scope| {
        let writer = scope.spawn(|| enrol("late"));
        // It has its number when it waits at the gate.
        while gate.count("pg_locks where locktype = 'advisory' and not granted and objid = hashtext(current_schema())::oid") == 0 {}
        enrol("early");
        let seen = block_on(changes_after(&store, None));
        assert_eq!(names(&seen), ["early"]);
        gate.run("select pg_advisory_unlock(hashtext(current_schema()))");
        writer.join().unwrap();
        seen
    });
    let after = seen.last().map(|entry| entry.cursor);
    assert_eq!(names(&block_on(changes_after(&store, after))), ["late"]);
    assert_eq!(names(&block_on(changes_after(&store, None))), ["early", "late"]);
    schema.run(WAIT_NO_MORE);
}

/// A transaction that stays open, here or anywhere else in the server, keeps nothing from readers.
#[test]
fn a_long_transaction_does_not_hold_the_log_back() {
    let Some(server) = url() else { return };
    let schema = Schema::on(server);
    let store = schema.open(&Options::default());
    let long = Session::on(&schema);
    long.run("begin; select pg_current_xact_id()");
    block_on(enrol(&store, &User::named("/a", "bjensen"), DeviceKind::Oath, "app"));
    assert_eq!(names(&block_on(changes_after(&store, None))), ["bjensen"]);
    long.run("rollback");
}

/// Eight writers on several stores, transactions held open in random order, purges among them, and a reader who polls: every change once, each set's changes in their order.
#[test]
fn eight_writers_and_a_reader() {
    const WRITERS: usize = 8;
    let Some(server) = url() else { return };
    let schema = Schema::on(server);
    schema.run(HOLD_OPEN);
    let changes = std::env::var(CHANGES_VARIABLE).map_or(CHANGES, |count| count.parse().unwrap());
    let stores: Vec<_> = (0..4).map(|_| schema.open(&everything_kept())).collect();
    let users: Vec<_> = (0..5).map(|number| User::named("/a", &format!("user-{number}"))).collect();
    let made = AtomicUsize::new(0);
    let reader = schema.open(&everything_kept());
    let polled = thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, users, made) = (&stores[writer % stores.len()], &users, &made);
            scope.spawn(move || {
                for number in 0.. {
                    if made.load(Ordering::Relaxed) >= changes {
                        break;
                    }
                    let user = &users[(writer * 3 + number) % users.len()];
                    let done = if number % 50 == 7 {
                        block_on(purge(store, user)).sets.min(1)
                    } else {
                        write(store, user, DeviceKind::ALL[number % 3])
                    };
                    made.fetch_add(done, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| poll(&reader, &made, changes)).join().unwrap()
    });
    // What the writers did after the reader had seen enough.
    let mut polled = polled;
    let after = polled.last().map(|entry| entry.cursor);
    polled.extend(block_on(changes_after(&reader, after)));
    assert_eq!(polled.len(), made.into_inner(), "every change, and none twice");
    let ids: BTreeSet<_> = polled.iter().map(|entry| entry.change.id).collect();
    assert_eq!(ids.len(), polled.len(), "no change comes twice");
    assert_eq!(replay(&polled), revisions(&reader));
    schema.run(LET_GO);
}

/// The suite's own race of writers and purges, held open.
#[test]
fn the_log_agrees_with_the_sets() {
    let Some(server) = url() else { return };
    let schema = Schema::on(server);
    schema.run(HOLD_OPEN);
    block_on(races::the_log_agrees_with_the_sets(&schema.open(&Options::default())));
    schema.run(LET_GO);
}

/// Where nobody reads, the log is kept short by the store itself, and an old cursor is refused.
#[test]
fn the_log_is_kept_short_without_readers() {
    const KEPT: u64 = 5;
    let Some(server) = url() else { return };
    let schema = Schema::on(server);
    let store = schema.open(&Options { changes_kept: KEPT, ..Options::default() });
    let user = User::named("/a", "bjensen");
    block_on(enrol(&store, &user, DeviceKind::Oath, "app"));
    let first = block_on(changes_after(&store, None))[0].cursor;
    for number in 0..20 {
        block_on(enrol(&store, &user, DeviceKind::Oath, &format!("app {number}")));
    }
    let observer = Session::on(&schema);
    while observer.count("device_change_queue") > 0 {
        thread::yield_now();
    }
    assert_eq!(observer.count("device_change, device_change_log where number >= first"), 5);
    assert_eq!(block_on(store.changes(Some(first), 10)), Err(StoreError::CursorTooOld));
}

fn everything_kept() -> Options {
    Options { changes_kept: u64::from(u32::MAX), ..Options::default() }
}

/// One change of a set, if nobody else is faster. Gives back how many it made.
fn write(store: &PostgresStore, user: &User, kind: DeviceKind) -> usize {
    block_on(async {
        let set = load(store, user, kind).await;
        let write = if set.devices.len() < 4 {
            user.with_device(&set, kind, "device")
        } else {
            written(rules::reset(&set, kind, IfMatch::Any, moment()).unwrap())
        };
        let change = user.change_of(kind, &write);
        let swap = store.swap(&user.key(kind), set.revision, write.next.into(), change).await;
        usize::from(swap.unwrap() == Swap::Stored)
    })
}

/// Reads the log page by page until it has so many changes.
fn poll(store: &PostgresStore, made: &AtomicUsize, changes: usize) -> Vec<SequencedChange> {
    let mut seen: Vec<SequencedChange> = Vec::new();
    while seen.len() < changes {
        let may_be_over = made.load(Ordering::Relaxed) >= changes;
        let after = seen.last().map(|entry| entry.cursor);
        let page = block_on(store.changes(after, 7)).unwrap();
        assert!(!(page.is_empty() && may_be_over), "{} of {changes} changes", seen.len());
        assert!(page.iter().all(|entry| Some(entry.cursor) > after), "cursors grow");
        seen.extend(page);
    }
    seen
}

/// The revision of each set after these changes; each change of a set follows the one before it.
fn replay(changes: &[SequencedChange]) -> BTreeMap<SetKey, Revision> {
    let mut revisions: BTreeMap<SetKey, Revision> = BTreeMap::new();
    for SequencedChange { change, .. } in changes {
        let key = |kind| SetKey::new(&change.realm, &change.username, kind);
        match &change.what {
            What::Set { kind, revision, .. } => {
                if let Some(before) = revisions.insert(key(*kind), *revision) {
                    assert_eq!(before.next(0), *revision, "{} is out of order", key(*kind));
                }
            }
            What::Purged => {
                for kind in DeviceKind::ALL {
                    revisions.remove(&key(kind));
                }
            }
        }
    }
    revisions
}

fn revisions(store: &PostgresStore) -> BTreeMap<SetKey, Revision> {
    let page = block_on(store.scan(None, 1_000)).unwrap();
    let revision = |set: Result<std::sync::Arc<DeviceSet>, StoreError>| set.unwrap().revision;
    page.into_iter().map(|entry| (entry.key, revision(entry.set))).collect()
}
