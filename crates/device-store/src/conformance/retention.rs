//! [`trim`](DeviceStore::trim) and what a store forgets by itself.

use device_core::DeviceKind;

use super::Place;
use super::fixtures::{User, changes_after, enrol};
use crate::{Cursor, DeviceStore, SequencedChange, StoreError};

/// Up to and including the cursor, and how many that were; a second time there is nothing left to forget.
pub async fn trim_forgets<S: DeviceStore>(store: &S) {
    let all = nine_changes(store).await;
    assert_eq!(store.trim(all[3].cursor).await, Ok(4));
    assert_eq!(changes_after(store, None).await, all[4..]);
    assert_eq!(store.trim(all[3].cursor).await, Ok(0));
    assert_eq!(store.trim(all[1].cursor).await, Ok(0));
    assert_eq!(store.trim(all[5].cursor).await, Ok(2));
    assert_eq!(changes_after(store, None).await, all[6..]);
}

/// A log without changes still knows where it stands.
pub async fn trim_of_everything<S: DeviceStore>(store: &S) {
    let all = nine_changes(store).await;
    let last = all[8].cursor;
    assert_eq!(store.trim(last).await, Ok(9));
    assert!(store.changes(None, 10).await.unwrap().is_empty());
    assert_eq!(
        store.changes(Some(last), 10).await,
        Ok(Vec::new()),
        "nothing after it was forgotten"
    );
    assert_eq!(store.changes(Some(all[7].cursor), 10).await, Err(StoreError::CursorTooOld));
    enrol(store, &User::named("/a", "bjensen"), DeviceKind::Oath, "one more").await;
    let more = store.changes(Some(last), 10).await.unwrap();
    assert_eq!(more.len(), 1);
    assert!(more[0].cursor > last);
    assert_eq!(store.changes(None, 10).await, Ok(more));
}

/// A cursor is good as long as nothing after it was forgotten.
pub async fn cursors_after_trim<S: DeviceStore>(store: &S) {
    let all = nine_changes(store).await;
    store.trim(all[3].cursor).await.unwrap();
    check_cursors(store, &all, 4).await;
}

/// A store that keeps few changes forgets the oldest ones, and says so to whoever comes back with an old cursor.
pub fn old_changes_are_forgotten<P: Place>() {
    const KEPT: u64 = 5;
    if !P::is_there() {
        return;
    }
    let place = P::default();
    let store = place.open(KEPT);
    futures_executor::block_on(async {
        let user = User::named("/a", "bjensen");
        let mut all: Vec<SequencedChange> = Vec::new();
        for number in 0..12 {
            enrol(&store, &user, DeviceKind::Oath, &format!("app {number}")).await;
            let last = all.last().map(|entry| entry.cursor);
            let new = store.changes(last, 10).await.unwrap();
            assert_eq!(new.len(), 1, "one change, while all before it may be forgotten");
            all.extend(new);
        }
        let kept = changes_after(&store, None).await;
        // A store may forget in larger steps than one change at a time, but not what it promised to keep.
        assert!(kept.len() >= 5 && kept.len() < all.len(), "{} kept", kept.len());
        assert!(all.ends_with(&kept));
        check_cursors(&store, &all, all.len() - kept.len()).await;
    });
}

/// With `forgotten` of `all` changes gone, each cursor either goes on with the change after it, or is too old.
async fn check_cursors<S: DeviceStore>(store: &S, all: &[SequencedChange], forgotten: usize) {
    for (at, entry) in all.iter().enumerate() {
        let expected = if at + 1 < forgotten {
            Err(StoreError::CursorTooOld)
        } else {
            Ok(all[at + 1..].to_vec())
        };
        assert_eq!(store.changes(Some(entry.cursor), 100).await, expected, "cursor {at}");
    }
    let before_all = Cursor::from_sequence(0);
    assert_eq!(store.changes(Some(before_all), 100).await, Err(StoreError::CursorTooOld));
}

async fn nine_changes<S: DeviceStore>(store: &S) -> Vec<SequencedChange> {
    for number in 0..9 {
        enrol(store, &User::named("/a", "bjensen"), DeviceKind::Oath, &format!("app {number}"))
            .await;
    }
    changes_after(store, None).await
}
