//! The loop: how often it tries, and what it makes of a store's failures.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use device_core::{
    Change, DeviceKind, DeviceSet, IfMatch, Realm, Revision, SetKey, UserId, Username,
};
use device_registry::{ATTEMPTS_MAX, Error, Policy, Registry};
use device_store::{ChangePage, Cursor, DeviceStore, MemoryStore, Page, Purged, StoreError, Swap};
use futures_executor::block_on;
use std::sync::Mutex;

use crate::support::{draft, operator, request, user};

/// A memory store whose first swaps end as the test says: other processes, or a failing disk.
#[derive(Debug)]
struct Scripted {
    inner: MemoryStore,
    swaps: AtomicUsize,
    script: Mutex<VecDeque<Result<(), StoreError>>>,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Result<(), StoreError>>) -> Self {
        Self {
            inner: MemoryStore::default(),
            swaps: AtomicUsize::new(0),
            script: Mutex::new(script.into_iter().collect()),
        }
    }
}

impl DeviceStore for Scripted {
    async fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        self.inner.load(key).await
    }

    async fn swap(
        &self,
        key: &SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        change: Change,
    ) -> Result<Swap, StoreError> {
        self.swaps.fetch_add(1, Ordering::Relaxed);
        let scripted = self.script.lock().unwrap().pop_front();
        match scripted {
            Some(Ok(())) => Ok(Swap::Conflict(self.inner.load(key).await?)),
            Some(Err(error)) => Err(error),
            None => self.inner.swap(key, expected, next, change).await,
        }
    }

    async fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Username>, StoreError> {
        self.inner.resolve(realm, user_id).await
    }

    async fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<Page, StoreError> {
        self.inner.scan(after, limit).await
    }

    async fn changes(&self, after: Option<Cursor>, limit: usize) -> Result<ChangePage, StoreError> {
        self.inner.changes(after, limit).await
    }

    async fn trim(&self, through: Cursor) -> Result<u64, StoreError> {
        self.inner.trim(through).await
    }

    async fn purge(
        &self,
        realm: &Realm,
        username: &Username,
        change: Change,
    ) -> Result<Purged, StoreError> {
        self.inner.purge(realm, username, change).await
    }
}

/// Enrols on a scripted store; gives the outcome, how often it was tried, and how many devices there are then.
fn enrol(script: Vec<Result<(), StoreError>>) -> (Result<(), Error>, usize, usize) {
    let registry = Registry::new(Scripted::new(script), Policy::default());
    let caller = operator();
    let (request, user) = (request(&caller), user("bjensen"));
    let profile = draft(DeviceKind::Oath, "{}");
    let enrolled =
        registry.enrol(&request, &user, None, DeviceKind::Oath, profile, Default::default());
    let outcome = block_on(enrolled).map(|_| ());
    let devices =
        block_on(registry.list(&request, &user, DeviceKind::Oath)).unwrap().set.devices.len();
    (outcome, registry.store().swaps.load(Ordering::Relaxed), devices)
}

#[test]
fn conflicts_are_tried_again_up_to_the_limit() {
    assert_eq!(enrol(vec![]), (Ok(()), 1, 1));
    assert_eq!(enrol(vec![Ok(()); 3]), (Ok(()), 4, 1));
    assert_eq!(enrol(vec![Ok(()); ATTEMPTS_MAX - 1]), (Ok(()), ATTEMPTS_MAX, 1));
    assert_eq!(enrol(vec![Ok(()); ATTEMPTS_MAX]), (Err(Error::Contended), ATTEMPTS_MAX, 0));
}

#[test]
fn failures_are_passed_on_and_never_tried_again() {
    for error in [
        StoreError::Unknown { change: uuid::Uuid::nil() },
        StoreError::ReadOnly,
        StoreError::Unavailable("closed".into()),
        StoreError::Damaged { what: "it".into(), reason: "so".into() },
    ] {
        assert_eq!(enrol(vec![Err(error.clone())]), (Err(Error::Store(error)), 1, 0));
    }
}

#[test]
fn what_changes_nothing_is_not_stored() {
    block_on(async {
        let registry = Registry::new(Scripted::new([]), Policy::default());
        let caller = operator();
        let (request, user) = (request(&caller), user("bjensen"));
        registry.reset(&request, &user, DeviceKind::Oath, IfMatch::Any).await.unwrap();
        assert_eq!(registry.purge(&request, &user).await.unwrap(), Purged::default());
        assert_eq!(registry.store().swaps.load(Ordering::Relaxed), 0);
        assert!(registry.store().changes(None, 9).await.unwrap().is_empty());
        assert!(registry.store().scan(None, 9).await.unwrap().is_empty());
    });
}
