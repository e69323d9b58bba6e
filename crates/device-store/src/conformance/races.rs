//! Many writers at once: nothing is lost, nothing is seen half done, and the log agrees with the sets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use device_core::rules::{self, Use};
use device_core::{
    Change, DeviceChanges, DeviceKind, DeviceSet, Facts, IfMatch, OathFacts, Revision, SetKey,
    What, Write,
};
use futures_executor::block_on;

use super::fixtures::{User, changes_after, enrol, load, moment, purge, walk, written};
use crate::{DeviceStore, PAGE_MAX, Swap};

/// The counter race: 16 writers each add 100 to one counter, one at a time. None is lost, and each took exactly one revision.
pub async fn additions_to_one_set<S: DeviceStore>(store: &S) {
    const WRITERS: usize = 16;
    const ADDITIONS: usize = 100;
    let user = User::named("/a", "bjensen");
    let first = enrol(store, &user, DeviceKind::Oath, "generator").await;
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for _ in 0..ADDITIONS {
                    block_on(retry(store, &user, DeviceKind::Oath, count_one_more));
                }
            });
        }
    });
    let set = load(store, &user, DeviceKind::Oath).await;
    let additions = (WRITERS * ADDITIONS) as u64;
    assert_eq!(counter(&set), additions);
    assert_eq!(set.revision.to_record(), first.revision.to_record() + additions);
    assert_eq!(changes_after(store, None).await.len() as u64, 1 + additions);
}

/// 64 writers with a set each do not meet.
pub async fn writers_on_many_sets<S: DeviceStore>(store: &S) {
    const WRITERS: usize = 64;
    const ADDITIONS: u64 = 10;
    let users: Vec<_> =
        (0..WRITERS).map(|number| User::named("/a", &format!("user-{number:02}"))).collect();
    thread::scope(|scope| {
        for user in &users {
            scope.spawn(|| {
                block_on(async {
                    enrol(store, user, DeviceKind::Oath, "generator").await;
                    for _ in 0..ADDITIONS {
                        let attempts = retry(store, user, DeviceKind::Oath, count_one_more).await;
                        assert_eq!(attempts, 1, "nobody else writes to this set");
                    }
                });
            });
        }
    });
    for (user, (key, set)) in users.iter().zip(walk(store, PAGE_MAX).await) {
        assert_eq!((user.key(DeviceKind::Oath), ADDITIONS), (key, counter(&set)));
    }
}

/// Of eight swaps that expect the same, one is stored and seven learn of it. The first swap of a set is such a contest too.
pub async fn one_winner_a_contest<S: DeviceStore>(store: &S) {
    const WRITERS: usize = 8;
    const CONTESTS: usize = 50;
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    for _ in 0..CONTESTS {
        let seen = load(store, &user, DeviceKind::Trusted).await;
        let stored = AtomicUsize::new(0);
        thread::scope(|scope| {
            for number in 0..WRITERS {
                let (seen, user, stored) = (&seen, &user, &stored);
                scope.spawn(move || {
                    let write = trusted(user, seen, number);
                    match block_on(try_swap(store, user, DeviceKind::Trusted, seen, &write)) {
                        Swap::Stored => _ = stored.fetch_add(1, Ordering::Relaxed),
                        Swap::Conflict(current) => assert!(current.revision > seen.revision),
                    }
                });
            }
        });
        assert_eq!(stored.into_inner(), 1);
    }
    assert_eq!(changes_after(store, None).await.len(), CONTESTS);
}

/// A reader who polls while eight writers write gets every change once, and each set's changes in the order of its revisions.
pub async fn nothing_missed_while_writers_run<S: DeviceStore>(store: &S) {
    const WRITERS: usize = 8;
    const WRITES: usize = 100;
    let users: Vec<_> = (0..3).map(|number| User::named("/a", &format!("user-{number}"))).collect();
    for user in &users {
        enrol(store, user, DeviceKind::Oath, "generator").await;
    }
    let done = AtomicBool::new(false);
    let polled = thread::scope(|scope| {
        let reader = scope.spawn(|| block_on(poll(store, &done)));
        let write = |writer: usize| {
            for number in 0..WRITES {
                let user = &users[(writer + number) % users.len()];
                block_on(retry(store, user, DeviceKind::Oath, count_one_more));
            }
        };
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        {
            let _said_at_the_end = SayDone(&done);
            writers.into_iter().for_each(|writer| writer.join().unwrap());
        }
        reader.join().unwrap()
    });
    assert_eq!(polled.len(), users.len() + WRITERS * WRITES, "no change is missed");
    let ids: BTreeSet<_> = polled.iter().map(|change| change.id).collect();
    assert_eq!(ids.len(), polled.len(), "no change comes twice");
    assert_eq!(replay(&polled), revisions(store).await);
}

/// Writers and purges at once: whoever replays the log knows which sets there are, and at which revision.
pub async fn the_log_agrees_with_the_sets<S: DeviceStore>(store: &S) {
    let users: Vec<_> = (0..4)
        .map(|number| User::named("/a", &format!("user-{number}")).with_id(&format!("id-{number}")))
        .collect();
    thread::scope(|scope| {
        for writer in 0..6_usize {
            let users = &users;
            scope.spawn(move || {
                for number in 0..60_usize {
                    let user = &users[(writer * 7 + number) % users.len()];
                    if (writer + number).is_multiple_of(11) {
                        block_on(purge(store, user));
                        continue;
                    }
                    let kind = DeviceKind::ALL[number % 2];
                    block_on(retry(store, user, kind, |user, set| {
                        if set.devices.len() < 8 {
                            return user.with_device(set, kind, "device");
                        }
                        written(rules::reset(set, kind, IfMatch::Any, moment()).unwrap())
                    }));
                }
            });
        }
    });
    let changes: Vec<_> =
        changes_after(store, None).await.into_iter().map(|entry| entry.change).collect();
    assert_eq!(replay(&changes), revisions(store).await);
    for user in &users {
        let sets: Vec<_> = walk(store, PAGE_MAX).await;
        let stored = sets.iter().any(|(_, set)| set.owner.as_ref() == Some(&user.owner));
        let resolved = store.resolve(&user.realm, &user.owner.user_id).await.unwrap();
        assert_eq!(resolved.is_some(), stored, "an alias goes with the sets it leads to");
    }
}

/// A reader beside a writer who fills and resets sees all devices of a set or none, and never an older set than before.
pub async fn sets_are_seen_whole<S: DeviceStore>(store: &S) {
    const ROUNDS: usize = 100;
    let user = User::named("/a", "bjensen");
    let mut full = DeviceSet::default();
    for number in 0..10 {
        full = user.with_device(&full, DeviceKind::Push, &format!("phone {number}")).next;
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _said_at_the_end = SayDone(&done);
            for _ in 0..ROUNDS {
                block_on(retry(store, &user, DeviceKind::Push, |_, set| {
                    let next = DeviceSet { revision: set.revision.next(1), ..full.clone() };
                    Write { next, devices: DeviceChanges::new(), skip: None }
                }));
                block_on(retry(store, &user, DeviceKind::Push, |_, set| {
                    written(rules::reset(set, DeviceKind::Push, IfMatch::Any, moment()).unwrap())
                }));
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let mut newest = Revision::NONE;
                while !done.load(Ordering::Acquire) {
                    let set = block_on(load(store, &user, DeviceKind::Push));
                    assert!(set.devices.is_empty() || set.devices == full.devices);
                    assert_eq!(set.devices.is_empty(), set.skip == device_core::Skip::NotSet);
                    assert!(set.revision >= newest, "a set goes back");
                    newest = set.revision;
                }
            });
        }
    });
}

/// Tells readers that the writer is done, also where it failed: they must come to their end.
struct SayDone<'a>(&'a AtomicBool);

impl Drop for SayDone<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Loads, applies the rule and swaps until that is stored. Gives back how many attempts it took.
async fn retry<S: DeviceStore>(
    store: &S,
    user: &User,
    kind: DeviceKind,
    rule: impl Fn(&User, &DeviceSet) -> Write,
) -> usize {
    let mut set = load(store, user, kind).await;
    let mut attempts = 1;
    loop {
        match try_swap(store, user, kind, &set, &rule(user, &set)).await {
            Swap::Stored => return attempts,
            Swap::Conflict(current) => set = current,
        }
        attempts += 1;
    }
}

async fn try_swap<S: DeviceStore>(
    store: &S,
    user: &User,
    kind: DeviceKind,
    seen: &DeviceSet,
    write: &Write,
) -> Swap {
    let next = Arc::new(write.next.clone());
    store.swap(&user.key(kind), seen.revision, next, user.change_of(kind, write)).await.unwrap()
}

/// One more on the counter of the set's only device.
fn count_one_more(_: &User, set: &DeviceSet) -> Write {
    let used = Use::Oath(OathFacts { counter: Some(counter(set) + 1), ..OathFacts::default() });
    let id = &set.devices[0].id;
    written(rules::record_use(set, DeviceKind::Oath, id, &used, IfMatch::Any, moment()).unwrap())
}

fn counter(set: &DeviceSet) -> u64 {
    let Facts::Oath(oath) = &set.devices[0].facts else { panic!("not an oath device") };
    oath.counter.unwrap_or(0)
}

/// The set with one browser more, or with one less once there are many.
fn trusted(user: &User, set: &DeviceSet, number: usize) -> Write {
    if set.devices.len() < 10 {
        return user.with_device(set, DeviceKind::Trusted, &format!("browser {number}"));
    }
    let id = &set.devices[number].id;
    written(rules::delete(set, DeviceKind::Trusted, id, IfMatch::Any, moment()).unwrap())
}

/// Reads the log from its beginning, page by page, until the writers are done and there is no more.
async fn poll<S: DeviceStore>(store: &S, done: &AtomicBool) -> Vec<Change> {
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let last_time = done.load(Ordering::Acquire);
        let page = store.changes(after, 7).await.unwrap();
        if page.is_empty() && last_time {
            return seen;
        }
        for entry in page {
            assert!(Some(entry.cursor) > after, "cursors grow");
            after = Some(entry.cursor);
            seen.push(entry.change);
        }
        thread::yield_now();
    }
}

/// The revision of each set after the last of these changes.
fn replay(changes: &[Change]) -> BTreeMap<SetKey, Revision> {
    let mut revisions: BTreeMap<SetKey, Revision> = BTreeMap::new();
    for change in changes {
        match &change.what {
            What::Set { kind, revision, .. } => {
                let key = SetKey::new(&change.realm, &change.username, *kind);
                if let Some(before) = revisions.insert(key.clone(), *revision) {
                    assert_eq!(before.next(0), *revision, "the changes of {key} are out of order");
                }
            }
            What::Purged => {
                for kind in DeviceKind::ALL {
                    revisions.remove(&SetKey::new(&change.realm, &change.username, kind));
                }
            }
        }
    }
    revisions
}

/// The revision of each stored set.
async fn revisions<S: DeviceStore>(store: &S) -> BTreeMap<SetKey, Revision> {
    walk(store, PAGE_MAX).await.into_iter().map(|(key, set)| (key, set.revision)).collect()
}
