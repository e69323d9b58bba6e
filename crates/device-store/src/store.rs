//! The trait and its contract.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, UserId, Username, What};
use uuid::Uuid;

/// Entries of a page at most, whatever a caller asks for.
pub const PAGE_MAX: usize = 1_000;

/// Changes an embedded store keeps unless it is told otherwise: each is about 200 bytes, and a log that is kept long makes sled's files grow.
pub const CHANGES_KEPT_DEFAULT: u64 = 10_000;

/// A store of device sets.
///
/// # Contract
/// * **A set is one value.** What [`swap`](Self::swap) stores is seen whole or not at all, together with its change and its alias.
/// * **Compare-and-swap.** Of several swaps with the same `expected` at most one is stored; the others learn what is current.
/// * **Acknowledged means durable**, as far as the store promises it at all (its `open` says). `swap` and `purge` return after that.
/// * **Durable before visible.** No method shows what is not yet durable: what was read once is never taken back by a crash.
/// * **Doubt is said.** [`StoreError::Unknown`] means that the change may or may not have happened, now or later; the id of the change tells, once the store answers again.
/// * **A damaged record is an error for its readers**, never an empty set, and is never overwritten.
/// * Futures do not depend on a runtime and may be dropped at any time; a dropped swap is a swap of unknown outcome, not half of one.
///
/// `device_store::conformance` tests each sentence that can be tested from outside.
pub trait DeviceStore: Send + Sync + 'static {
    /// The set of a key: a shared, immutable value. A key nobody stored has the empty set at [`Revision::NONE`].
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the record cannot be read, [`StoreError::Unavailable`].
    fn load(&self, key: &SetKey)
    -> impl Future<Output = Result<Arc<DeviceSet>, StoreError>> + Send;

    /// Stores `next` and `change` in one commit if the set's revision is still `expected`. If the owner's id differs from the username, the alias is part of the commit; an alias
    /// the set had before under another id stays (a stale alias is found out by comparing the loaded set's owner).
    ///
    /// What is swapped in must have a revision beyond `expected` and an owner ([`check_swap`]). Losing is a value, not an error, and costs no I/O.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the current record cannot be read, [`StoreError::Unknown`] if the commit's outcome is not known, [`StoreError::ReadOnly`] after a failed
    /// sync, [`StoreError::Misused`], [`StoreError::Unavailable`] (nothing was stored).
    fn swap(
        &self,
        key: &SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        change: Change,
    ) -> impl Future<Output = Result<Swap, StoreError>> + Send;

    /// The username that the alias of a user id gives. `None` where no alias was stored, which is the usual case: id and name are one.
    /// The alias may be stale; callers compare the owner of the set they load.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Unavailable`].
    fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> impl Future<Output = Result<Option<Username>, StoreError>> + Send;

    /// At most `limit` (and [`PAGE_MAX`]) stored sets with keys greater than `after`, in key order. Not a snapshot: each set is as it was at some moment during the
    /// call. A page may end inside a user. A damaged record is an entry with an error, so that a walk does not end at it. An empty page is the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn scan(
        &self,
        after: Option<&SetKey>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// At most `limit` (and [`PAGE_MAX`]) changes after `after`, oldest first; `None` starts at the oldest one kept. While writers run nothing is missed, and the
    /// changes of one set come in the order of their revisions.
    ///
    /// # Errors
    /// [`StoreError::CursorTooOld`] if changes after the cursor were forgotten, [`StoreError::Damaged`], [`StoreError::Unavailable`].
    fn changes(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<ChangePage, StoreError>> + Send;

    /// Forgets the changes up to and including `through`. Returns how many were forgotten.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], [`StoreError::Unknown`], [`StoreError::Unavailable`].
    fn trim(&self, through: Cursor) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Forgets all sets of a user and the aliases of their owners' ids, as far as these lead to the user, in one commit with `change`. Of an unknown user nothing
    /// is stored. A set that is stored again afterwards starts at a new random revision.
    ///
    /// # Errors
    /// As [`swap`](Self::swap); a damaged set is not purged.
    fn purge(
        &self,
        realm: &Realm,
        username: &Username,
        change: Change,
    ) -> impl Future<Output = Result<Purged, StoreError>> + Send;
}

/// What a swap did.
#[must_use = "a lost swap is not an error: the caller must look and try again"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// The set was stored, durably.
    Stored,
    /// Another one was faster: this set is current. Nothing was stored.
    Conflict(Arc<DeviceSet>),
}

/// A page of stored sets.
pub type Page = Vec<Entry>;

/// One stored set of a page, or why it cannot be read.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its key.
    pub key: SetKey,
    /// The set; [`StoreError::Damaged`] if its record cannot be read.
    pub set: Result<Arc<DeviceSet>, StoreError>,
}

/// A page of changes, oldest first.
pub type ChangePage = Vec<SequencedChange>;

/// A change and where it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequencedChange {
    /// Where it stands: the cursor to go on after it.
    pub cursor: Cursor,
    /// What happened.
    pub change: Change,
}

/// A place in the change log. Opaque to callers; only the order within one store means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor(u64);

impl Cursor {
    /// The cursor of the change with that number, for stores.
    #[must_use]
    pub fn from_sequence(sequence: u64) -> Self {
        Self(sequence)
    }

    /// The number of the change, for stores.
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// What a purge removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Sets that were stored.
    pub sets: usize,
    /// Devices in them.
    pub devices: usize,
}

/// Why a store could not do what it was asked. Expected outcomes are not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A record does not have the checksum, the form or the key it should have. It stays as it is.
    #[error("the record of {what} is damaged: {reason}; it is left as it is")]
    Damaged {
        /// Which record.
        what: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// Whether the change was stored is not known.
    #[error("it is not known whether change {change} was stored")]
    Unknown {
        /// The id of the change, to look for when the store answers again.
        change: Uuid,
    },
    /// An earlier write could not be made durable: nothing is written until the store is opened again.
    #[error("the store takes no writes since a sync failed; open it again")]
    ReadOnly,
    /// The cursor is older than the changes that are kept.
    #[error("the changes after this cursor are no longer kept; start again from a full scan")]
    CursorTooOld,
    /// The caller broke the contract; nothing was stored.
    #[error("refused: {0}")]
    Misused(&'static str),
    /// The engine failed or is closed; nothing was stored.
    #[error("the store is not available: {0}")]
    Unavailable(Box<str>),
}

/// What every store checks before a swap: the next set is newer, has an owner, and the change speaks of it.
///
/// # Errors
/// [`StoreError::Misused`].
pub fn check_swap(
    key: &SetKey,
    expected: Revision,
    next: &DeviceSet,
    change: &Change,
) -> Result<(), StoreError> {
    if next.revision <= expected {
        return Err(StoreError::Misused("the next revision is not beyond the expected one"));
    }
    let Some(owner) = &next.owner else {
        return Err(StoreError::Misused("a stored set has an owner"));
    };
    let What::Set { kind, revision, .. } = &change.what else {
        return Err(StoreError::Misused("the change is not one of a set"));
    };
    if *revision != next.revision || SetKey::new(&change.realm, &owner.username, *kind) != *key {
        return Err(StoreError::Misused("key, set and change do not belong together"));
    }
    Ok(())
}

/// What every store checks before a purge: the change speaks of it.
///
/// # Errors
/// [`StoreError::Misused`].
pub fn check_purge(realm: &Realm, username: &Username, change: &Change) -> Result<(), StoreError> {
    let fits = change.what == What::Purged
        && change.realm == *realm
        && change.username.matches(username.as_str());
    if fits { Ok(()) } else { Err(StoreError::Misused("the change is not one of this purge")) }
}
