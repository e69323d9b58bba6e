//! Durable before visible, and what happens when the disk fails.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use device_core::{DeviceKind, DeviceSet, Revision, SetKey, UserId, What};
use device_store::conformance::fixtures::{User, changes_after, enrol, load, resolve, walk};
use device_store::{DeviceStore as _, SequencedChange, StoreError, Swap};
use device_store_sled::{Durability, Options, SledStore};
use futures_executor::block_on;

use crate::support::{Mode, Switch, folder, poll_once, quick};

const KIND: DeviceKind = DeviceKind::Push;

/// One who has a set, one who has none yet, one who is going to be purged.
struct Users {
    old: User,
    new: User,
    leaving: User,
}

impl Users {
    fn new() -> Self {
        let user = |name: &str| User::named("/a", name).with_id(&format!("id of {name}"));
        Self { old: user("old"), new: user("new"), leaving: user("leaving") }
    }
}

/// Everything that can be read.
#[derive(Debug, PartialEq, Clone)]
struct View {
    loaded: Vec<Arc<DeviceSet>>,
    aliases: Vec<Option<String>>,
    walked: Vec<(SetKey, Arc<DeviceSet>)>,
    changes: Vec<SequencedChange>,
}

async fn view(store: &SledStore, users: &Users) -> View {
    let mut view = View {
        loaded: Vec::new(),
        aliases: Vec::new(),
        walked: walk(store, 2).await,
        changes: changes_after(store, None).await,
    };
    for user in [&users.old, &users.new, &users.leaving] {
        view.loaded.push(load(store, user, KIND).await);
        view.aliases.push(resolve(store, "/a", user.owner.user_id.as_str()).await);
    }
    view
}

async fn fill(store: &SledStore, users: &Users) {
    for user in [&users.old, &users.leaving] {
        enrol(store, user, KIND, "phone").await;
        enrol(store, user, DeviceKind::Oath, "app").await;
    }
}

/// With and without a cache: where a reader finds a set must make no difference.
fn options(cache_bytes: u64) -> Options {
    Options { cache_bytes, ..quick() }
}

/// One swap of an old set, one of a new one, one that loses against it, and a purge, all in one batch whose sync has `mode`.
fn with_a_batch_in_flight(
    cache_bytes: u64,
    end: Mode,
    check: impl AsyncFnOnce(&SledStore, &Users, &View, Answers),
) {
    let (folder, users, switch) = (folder(), Users::new(), Switch::default());
    let store = switch.open(folder.path(), options(cache_bytes));
    block_on(async {
        fill(&store, &users).await;
        switch.set(Mode::Hold);
        // The first batch has this one alone; what is asked while it is held comes into the second one together.
        let alone = User::named("/b", "first");
        let mut first = pin!(enrol(&store, &alone, KIND, "phone"));
        assert!(poll_once(&mut first).await.is_pending());
        switch.wait_until_stopped();
        let unknown = load(&store, &users.new, KIND).await;
        let old = load(&store, &users.old, KIND).await;
        let of_old = users.old.with_device(&old, KIND, "tablet");
        let of_new = users.new.with_device(&unknown, KIND, "phone");
        let late = users.new.with_device(&unknown, KIND, "late phone");
        let swap = |user: &User, expected, write: &device_core::Write| {
            let change = user.change_of(KIND, write);
            (user.key(KIND), expected, Arc::new(write.next.clone()), change)
        };
        let [of_old, of_new, late] = [
            swap(&users.old, old.revision, &of_old),
            swap(&users.new, Revision::NONE, &of_new),
            swap(&users.new, Revision::NONE, &late),
        ];
        let changes = [of_old.3.id, of_new.3.id];
        let mut of_old = pin!(store.swap(&of_old.0, of_old.1, of_old.2, of_old.3));
        let mut of_new = pin!(store.swap(&of_new.0, of_new.1, Arc::clone(&of_new.2), of_new.3));
        let mut late = pin!(store.swap(&late.0, late.1, late.2, late.3));
        let purge = users.leaving.change(What::Purged);
        let purged = purge.id;
        let (realm, username) = (&users.leaving.realm, &users.leaving.owner.username);
        let mut purge = pin!(store.purge(realm, username, purge));
        assert!(poll_once(&mut of_old).await.is_pending());
        assert!(poll_once(&mut of_new).await.is_pending());
        assert!(poll_once(&mut late).await.is_pending());
        assert!(poll_once(&mut purge).await.is_pending());
        switch.set(Mode::PassOne);
        first.await;
        let before = view(&store, &users).await;
        switch.wait_until_stopped();
        for _ in 0..3 {
            assert_eq!(view(&store, &users).await, before);
        }
        assert!(poll_once(&mut late).await.is_pending(), "the winner's set must not be shown");
        switch.set(end);
        let answers = Answers {
            swaps: [of_old.await, of_new.await],
            late: late.await,
            purge: purge.await,
            changes,
            purged,
        };
        check(&store, &users, &before, answers).await;
    });
}

struct Answers {
    swaps: [Result<Swap, StoreError>; 2],
    late: Result<Swap, StoreError>,
    purge: Result<device_store::Purged, StoreError>,
    /// The ids of the changes of the swaps.
    changes: [uuid::Uuid; 2],
    purged: uuid::Uuid,
}

#[test]
fn nothing_in_flight_is_shown() {
    for cache_bytes in [0, 1024 * 1024] {
        with_a_batch_in_flight(cache_bytes, Mode::Pass, async |store, users, before, answers| {
            assert_eq!(answers.swaps, [Ok(Swap::Stored), Ok(Swap::Stored)]);
            let current = load(store, &users.new, KIND).await;
            assert_eq!(answers.late, Ok(Swap::Conflict(Arc::clone(&current))));
            assert_eq!(answers.purge.map(|purged| (purged.sets, purged.devices)), Ok((2, 2)));
            let after = view(store, users).await;
            assert_eq!(after.loaded[0].devices.len(), 2);
            assert_eq!(after.loaded[1].devices.len(), 1);
            assert_eq!(after.loaded[2].revision, Revision::NONE);
            assert_eq!(after.aliases[1].as_deref(), Some("new"));
            assert_eq!(after.aliases[2], None);
            assert_eq!(after.changes.len(), before.changes.len() + 3);
        });
    }
}

#[test]
fn a_failed_sync_leaves_readers_what_they_saw() {
    for cache_bytes in [0, 1024 * 1024] {
        with_a_batch_in_flight(cache_bytes, Mode::Fail, async |store, users, before, answers| {
            for (answer, change) in answers.swaps.into_iter().zip(answers.changes) {
                assert_eq!(answer, Err(StoreError::Unknown { change }));
            }
            assert_eq!(answers.purge, Err(StoreError::Unknown { change: answers.purged }));
            assert_eq!(answers.late, Err(StoreError::ReadOnly), "this one was not even tried");
            for _ in 0..3 {
                assert_eq!(view(store, users).await, *before);
            }
            assert_eq!(store.failure().as_deref(), Some("the disk is on strike"));
            refuses_writes(store, users).await;
            assert_eq!(view(store, users).await, *before);
        });
    }
}

async fn refuses_writes(store: &SledStore, users: &Users) {
    let user = User::named("/c", "other");
    let write = user.with_device(&DeviceSet::default(), KIND, "phone");
    let change = user.change_of(KIND, &write);
    let swap = store.swap(&user.key(KIND), Revision::NONE, Arc::new(write.next), change).await;
    assert_eq!(swap, Err(StoreError::ReadOnly));
    let change = users.old.change(What::Purged);
    let purge = store.purge(&users.old.realm, &users.old.owner.username, change).await;
    assert_eq!(purge, Err(StoreError::ReadOnly));
    let last = changes_after(store, None).await.last().unwrap().cursor;
    assert_eq!(store.trim(last).await, Err(StoreError::ReadOnly));
}

#[test]
fn after_a_failed_sync_and_a_new_start_it_happened_or_not() {
    let (folder, users, switch) = (folder(), Users::new(), Switch::default());
    let store = switch.open(folder.path(), options(0));
    let (before, write, answer) = block_on(async {
        fill(&store, &users).await;
        let before = load(&store, &users.old, KIND).await;
        switch.set(Mode::Fail);
        let write = users.old.with_device(&before, KIND, "tablet");
        let next = Arc::new(write.next.clone());
        let change = users.old.change_of(KIND, &write);
        let key = users.old.key(KIND);
        let answer = store.swap(&key, before.revision, next, change).await;
        (before, write, answer)
    });
    let Err(StoreError::Unknown { change }) = answer else { panic!("{answer:?}") };
    drop(store);
    let store = SledStore::open(folder.path(), options(0)).unwrap();
    block_on(async {
        let set = load(&store, &users.old, KIND).await;
        let logged = changes_after(&store, None).await.iter().any(|it| it.change.id == change);
        assert_eq!(*set, if logged { write.next } else { (*before).clone() });
        enrol(&store, &users.old, KIND, "it works again").await;
    });
}

#[test]
fn close_waits_for_what_was_accepted() {
    let (folder, switch) = (folder(), Switch::default());
    let store = switch.open(folder.path(), Options { durability: Durability::Sync, ..quick() });
    let users: Vec<User> =
        (0..20).map(|number| User::named("/a", &format!("user-{number}"))).collect();
    block_on(async {
        let mut waiting: Vec<_> =
            users.iter().map(|user| Box::pin(enrol(&store, user, KIND, "phone"))).collect();
        let mut answered = Vec::new();
        for enrolment in &mut waiting {
            // Asked for now; the committer may be so fast that the answer is there at once.
            answered.push(poll_once(enrolment).await.is_ready());
        }
        store.close();
        for (enrolment, answered) in waiting.into_iter().zip(answered) {
            if !answered {
                enrolment.await;
            }
        }
        closed(&store, &users[0]).await;
    });
    drop(store);
    let store = SledStore::open(folder.path(), quick()).unwrap();
    assert_eq!(block_on(walk(&store, 100)).len(), users.len());
}

async fn closed(store: &SledStore, user: &User) {
    let key = user.key(KIND);
    let unavailable = |error: StoreError| assert!(matches!(error, StoreError::Unavailable(_)));
    unavailable(store.load(&key).await.unwrap_err());
    unavailable(store.scan(None, 10).await.unwrap_err());
    unavailable(store.changes(None, 10).await.unwrap_err());
    unavailable(store.resolve(&user.realm, &UserId::parse("x").unwrap()).await.unwrap_err());
    let change = user.change(What::Purged);
    unavailable(store.purge(&user.realm, &user.owner.username, change).await.unwrap_err());
    unavailable(store.trim(device_store::Cursor::from_sequence(1)).await.unwrap_err());
    let write = user.with_device(&DeviceSet::default(), KIND, "phone");
    let change = user.change_of(KIND, &write);
    let swap = store.swap(&key, Revision::NONE, Arc::new(write.next), change).await;
    unavailable(swap.unwrap_err());
}

#[test]
fn a_dropped_swap_is_whole_or_nothing() {
    let (folder, switch) = (folder(), Switch::default());
    let store = switch.open(folder.path(), quick());
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    block_on(async {
        switch.set(Mode::Hold);
        {
            let mut swap = pin!(enrol(&store, &user, KIND, "phone"));
            assert_eq!(poll_once(&mut swap).await, Poll::Pending);
            switch.wait_until_stopped();
        }
        switch.set(Mode::Pass);
        // A later write is behind it.
        enrol(&store, &User::named("/a", "other"), KIND, "phone").await;
        assert_eq!(load(&store, &user, KIND).await.devices.len(), 1);
        assert_eq!(resolve(&store, "/a", "014c54bd").await.as_deref(), Some("bjensen"));
        assert_eq!(changes_after(&store, None).await.len(), 2);
    });
}
