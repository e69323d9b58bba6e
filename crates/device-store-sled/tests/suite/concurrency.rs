//! Many writers at once.

use std::sync::Arc;

use device_core::{DeviceKind, DeviceSet, Revision};
use device_store::conformance::fixtures::{User, changes_after, load, walk};
use device_store::{DeviceStore as _, StoreError, Swap};
use device_store_sled::{Durability, Options, SledStore, WAITING_MAX};
use futures_executor::block_on;
use futures_util::future::join_all;

use crate::support::{Mode, Switch, folder, poll_once, quick};

const KIND: DeviceKind = DeviceKind::Push;
const WRITERS: usize = 64;

/// The first swap of a user's set.
async fn first_swap(store: &SledStore, user: &User, device: &str) -> Result<Swap, StoreError> {
    let write = user.with_device(&DeviceSet::default(), KIND, device);
    let change = user.change_of(KIND, &write);
    store.swap(&user.key(KIND), Revision::NONE, Arc::new(write.next), change).await
}

#[test]
fn on_different_keys_all_win() {
    let folder = folder();
    let options = Options { durability: Durability::Sync, ..quick() };
    let store = SledStore::open(folder.path(), options).unwrap();
    let users: Vec<User> =
        (0..WRITERS).map(|number| User::named("/a", &format!("user-{number}"))).collect();
    let swaps = block_on(join_all(users.iter().map(|user| first_swap(&store, user, "phone"))));
    assert!(swaps.iter().all(|swap| *swap == Ok(Swap::Stored)), "{swaps:?}");
    assert_eq!(block_on(walk(&store, 1_000)).len(), WRITERS);
    assert_eq!(block_on(changes_after(&store, None)).len(), WRITERS);
}

#[test]
fn on_one_key_one_wins_and_the_others_see_it() {
    let folder = folder();
    let options = Options { durability: Durability::Sync, ..quick() };
    let store = SledStore::open(folder.path(), options).unwrap();
    for round in 0..20 {
        let user = User::named("/a", &format!("user-{round}"));
        let names: Vec<String> = (0..WRITERS).map(|number| format!("phone {number}")).collect();
        let swaps = block_on(join_all(names.iter().map(|name| first_swap(&store, &user, name))));
        let current = block_on(load(&store, &user, KIND));
        let won = swaps.iter().filter(|swap| **swap == Ok(Swap::Stored)).count();
        let lost = Ok(Swap::Conflict(Arc::clone(&current)));
        assert_eq!((won, swaps.iter().filter(|swap| **swap == lost).count()), (1, WRITERS - 1));
        assert_eq!(block_on(changes_after(&store, None)).len(), round + 1);
    }
}

#[test]
fn the_queue_is_bounded() {
    let (folder, switch) = (folder(), Switch::default());
    let store = switch.open(folder.path(), quick());
    switch.set(Mode::Hold);
    block_on(async {
        let users: Vec<User> =
            (0..=WAITING_MAX).map(|number| User::named("/a", &format!("user-{number}"))).collect();
        let mut first = Box::pin(first_swap(&store, &users[WAITING_MAX], "phone"));
        assert!(poll_once(&mut first).await.is_pending());
        switch.wait_until_stopped();
        let mut waiting = Vec::new();
        for user in &users[..WAITING_MAX] {
            let mut swap = Box::pin(first_swap(&store, user, "phone"));
            assert!(poll_once(&mut swap).await.is_pending());
            waiting.push(swap);
        }
        let refused = first_swap(&store, &User::named("/b", "late"), "phone").await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        switch.set(Mode::Pass);
        assert_eq!(first.await, Ok(Swap::Stored));
        assert!(join_all(waiting).await.iter().all(|swap| *swap == Ok(Swap::Stored)));
        assert_eq!(first_swap(&store, &User::named("/b", "late"), "phone").await, Ok(Swap::Stored));
    });
}

#[test]
fn a_long_trim_takes_several_batches() {
    let folder = folder();
    let options = Options { changes_kept: 5_000, ..quick() };
    let store = SledStore::open(folder.path(), options).unwrap();
    block_on(async {
        let users: Vec<User> =
            (0..4_000).map(|number| User::named("/a", &format!("user-{number}"))).collect();
        let swaps = join_all(users.iter().map(|user| first_swap(&store, user, "phone"))).await;
        assert!(swaps.iter().all(|swap| *swap == Ok(Swap::Stored)));
        let changes = changes_after(&store, None).await;
        assert_eq!(changes.len(), 4_000);
        assert_eq!(store.trim(changes[3_499].cursor).await, Ok(3_500));
        assert_eq!(changes_after(&store, None).await, changes[3_500..]);
        let old = store.changes(Some(changes[10].cursor), 10).await;
        assert_eq!(old, Err(StoreError::CursorTooOld));
    });
}

#[test]
fn none_or_few_changes_can_be_kept() {
    for changes_kept in [0, 1, 3] {
        let folder = folder();
        let options = Options { changes_kept, ..quick() };
        let mut last = None;
        for round in 0..3 {
            let store = SledStore::open(folder.path(), options).unwrap();
            block_on(async {
                for number in 0..4 {
                    let user = User::named("/a", &format!("user-{round}-{number}"));
                    assert_eq!(first_swap(&store, &user, "phone").await, Ok(Swap::Stored));
                }
                let changes = changes_after(&store, None).await;
                assert_eq!(changes.len() as u64, changes_kept);
                assert!(changes.windows(2).all(|pair| pair[0].cursor < pair[1].cursor));
                let newest = changes.last().map(|change| change.cursor);
                assert!(changes_kept == 0 || newest > last, "cursors start again");
                last = newest;
            });
        }
    }
}
