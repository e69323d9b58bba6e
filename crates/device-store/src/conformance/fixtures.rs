//! What the tests are made of: users, drafts, and the three steps of every write.

use std::sync::Arc;

use device_core::rules::{self, Moment, Room};
use device_core::{
    Change, DeviceKind, DeviceSet, Draft, Owner, Realm, Revision, SetKey, Step, UserId, Username,
    What, Write,
};
use uuid::Uuid;

use crate::{Cursor, DeviceStore, PAGE_MAX, Purged, SequencedChange, Swap};

/// A user of a realm.
#[derive(Debug, Clone)]
pub struct User {
    /// The user's realm.
    pub realm: Realm,
    /// The user's names.
    pub owner: Owner,
}

impl User {
    /// A user whose id is the username.
    #[must_use]
    pub fn named(realm: &str, username: &str) -> Self {
        Self {
            realm: Realm::parse(realm).unwrap(),
            owner: Owner::named(Username::parse(username).unwrap()),
        }
    }

    /// The same user with an id of its own.
    #[must_use]
    pub fn with_id(mut self, user_id: &str) -> Self {
        self.owner.user_id = UserId::parse(user_id).unwrap();
        self
    }

    /// The key of one of the user's sets.
    #[must_use]
    pub fn key(&self, kind: DeviceKind) -> SetKey {
        SetKey::new(&self.realm, &self.owner.username, kind)
    }

    /// A change of the user's devices, for the log.
    #[must_use]
    pub fn change(&self, what: What) -> Change {
        Change {
            id: Uuid::from_u128(number()),
            at_ms: 1_749_572_704_744,
            actor: "conformance".into(),
            request_id: None,
            reason: None,
            realm: self.realm.clone(),
            username: self.owner.username.clone(),
            what,
        }
    }

    /// The change that goes with a write to one of the user's sets.
    #[must_use]
    pub fn change_of(&self, kind: DeviceKind, write: &Write) -> Change {
        self.change(What::Set {
            kind,
            revision: write.next.revision,
            devices: write.devices.clone(),
            skip: write.skip,
        })
    }

    /// What becomes of `set` by one more device of that name.
    #[must_use]
    pub fn with_device(&self, set: &DeviceSet, kind: DeviceKind, name: &str) -> Write {
        let draft = draft(kind, name);
        written(rules::enrol(set, kind, &self.owner, draft, Room::up_to(64), moment()).unwrap())
    }
}

/// A draft without an id (but for profiles) and with that name.
#[must_use]
pub fn draft(kind: DeviceKind, name: &str) -> Draft {
    let json = device_core::strategies::least_profile(kind);
    let draft = Draft::parse(kind, &json).unwrap();
    let id = (kind == DeviceKind::Profile).then(|| device_core::DeviceId::parse(name).unwrap());
    Draft { id, name: device_core::DeviceName::parse(name).unwrap(), ..draft }
}

/// The write of a step that must have one.
#[must_use]
pub fn written<T>(step: Step<T>) -> Write {
    step.write.expect("the rule changes something")
}

/// A moment; its random bits differ from call to call. They come from a counter, so that a test that fails does so again.
#[must_use]
pub fn moment() -> Moment {
    Moment { now_ms: 1_749_572_704_744, random: number() }
}

/// A number that was not there before, with bits all over.
fn number() -> u128 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    // An odd factor makes this one to one; it is 2^128 divided by the golden ratio.
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

/// Swaps `write` in and expects it to be stored.
pub async fn store_write<S: DeviceStore>(
    store: &S,
    user: &User,
    kind: DeviceKind,
    expected: Revision,
    write: &Write,
) {
    let swap = store
        .swap(&user.key(kind), expected, Arc::new(write.next.clone()), user.change_of(kind, write))
        .await;
    assert_eq!(swap, Ok(Swap::Stored), "{}", user.key(kind));
}

/// Enrols one more device of that name in a set that nobody else writes to, and gives back what is stored now.
pub async fn enrol<S: DeviceStore>(
    store: &S,
    user: &User,
    kind: DeviceKind,
    name: &str,
) -> Arc<DeviceSet> {
    let set = load(store, user, kind).await;
    let write = user.with_device(&set, kind, name);
    store_write(store, user, kind, set.revision, &write).await;
    Arc::new(write.next)
}

/// A user's set.
pub async fn load<S: DeviceStore>(store: &S, user: &User, kind: DeviceKind) -> Arc<DeviceSet> {
    store.load(&user.key(kind)).await.unwrap()
}

/// Forgets a user.
pub async fn purge<S: DeviceStore>(store: &S, user: &User) -> Purged {
    store.purge(&user.realm, &user.owner.username, user.change(What::Purged)).await.unwrap()
}

/// The username that the alias of `user_id` gives.
pub async fn resolve<S: DeviceStore>(store: &S, realm: &str, user_id: &str) -> Option<String> {
    let username =
        store.resolve(&Realm::parse(realm).unwrap(), &UserId::parse(user_id).unwrap()).await;
    username.unwrap().map(|username| username.as_str().to_owned())
}

/// All changes after a cursor, page by page.
pub async fn changes_after<S: DeviceStore>(
    store: &S,
    after: Option<Cursor>,
) -> Vec<SequencedChange> {
    let mut all: Vec<SequencedChange> = Vec::new();
    loop {
        let after = all.last().map(|entry| entry.cursor).or(after);
        let page = store.changes(after, PAGE_MAX).await.unwrap();
        if page.is_empty() {
            return all;
        }
        for entry in page {
            let last = all.last().map(|entry| entry.cursor).or(after);
            assert!(Some(entry.cursor) > last, "cursors grow, or a walk would never end");
            all.push(entry);
        }
    }
}

/// All stored sets in key order, `limit` a page.
pub async fn walk<S: DeviceStore>(store: &S, limit: usize) -> Vec<(SetKey, Arc<DeviceSet>)> {
    let mut all: Vec<(SetKey, Arc<DeviceSet>)> = Vec::new();
    loop {
        let page = store.scan(all.last().map(|(key, _)| key), limit).await.unwrap();
        if page.is_empty() {
            return all;
        }
        assert!(page.len() <= limit, "{} entries on a page of at most {limit}", page.len());
        for entry in page {
            let last = all.last().map(|(key, _)| key);
            assert!(last < Some(&entry.key), "keys grow, or a walk would never end");
            all.push((entry.key, entry.set.unwrap()));
        }
    }
}
