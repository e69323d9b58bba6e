//! Copying a store into another one, set by set, each exactly as it is, and comparing two stores.
//!
//! Nobody else writes to either of them meanwhile: their folders are locked. What of each is in memory at once is bounded.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use device_core::{
    Action, Change, DeviceChange, DeviceSet, Owner, Realm, Revision, SetKey, Skip, What,
};
use device_registry::{Caller, Surroundings, System};
use device_store::{DeviceStore, Entry, StoreError, Swap};
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt as _};
use uuid::Uuid;

/// Sets on their way to the store at once: they share its syncs.
const IN_FLIGHT_MAX: usize = 512;

/// Bytes of their profiles: one set may have megabytes.
const IN_FLIGHT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Sets that are read at once.
const PAGE: usize = 64;

/// Sets that are compared at once: to ask a database where an id leads is a round trip each, which one after the other would be nearly all the time that a comparison takes.
const COMPARED_AT_ONCE_MAX: usize = 64;

/// Why a copy or a comparison did not get to its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source says no.
    #[error("the source: {0}")]
    Source(#[source] StoreError),
    /// The target says no.
    #[error("the target: {0}")]
    Target(#[source] StoreError),
    /// Nobody but the copy can have written it.
    #[error("{0}: the target has got another set meanwhile")]
    Changed(SetKey),
}

/// How a set of one store compares with that of the same key in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// Both have it, whole and alike, revisions and aliases included.
    Same,
    /// Only the source has it.
    Missing,
    /// Only the target has it.
    Foreign,
    /// The two are not alike.
    Differs,
    /// The source's alias of its owner's id leads to somebody else, which no copy of sets brings about.
    AliasOfAnother,
    /// The target's alias of its owner's id leads elsewhere than the source's.
    AliasDiffers,
    /// The source cannot read it.
    Damaged(StoreError),
    /// The target cannot read it.
    DamagedCopy(StoreError),
}

/// Walks through both stores at once and says of each set of either how it compares, in key order; with the source's set, if it has one.
///
/// # Errors
/// [`CopyError`].
pub async fn compare<S: DeviceStore, T: DeviceStore>(
    source: &S,
    target: &T,
    mut each: impl FnMut(&SetKey, Option<&DeviceSet>, Compared),
) -> Result<(), CopyError> {
    let (mut lefts, mut rights) = (Walk::of(source), Walk::of(target));
    let mut left = lefts.next().await.map_err(CopyError::Source)?;
    let mut right = rights.next().await.map_err(CopyError::Target)?;
    let mut under_way = FuturesOrdered::new();
    loop {
        let order = match (&left, &right) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.key.cmp(&right.key),
        };
        let (mut of_source, mut of_target) = (None, None);
        if order.is_le() {
            of_source = left.take();
            left = lefts.next().await.map_err(CopyError::Source)?;
        }
        if order.is_ge() {
            of_target = right.take();
            right = rights.next().await.map_err(CopyError::Target)?;
        }
        under_way.push_back(compare_entries(source, target, of_source, of_target));
        if under_way.len() == COMPARED_AT_ONCE_MAX {
            let compared = under_way.next().await.transpose()?.flatten();
            compared.into_iter().for_each(|(key, set, it)| each(&key, set.as_deref(), it));
        }
    }
    while let Some(compared) = under_way.next().await {
        let compared = compared?;
        compared.into_iter().for_each(|(key, set, it)| each(&key, set.as_deref(), it));
    }
    Ok(())
}

/// A key, the source's set, and how the two compare.
type ComparedSet = (SetKey, Option<Arc<DeviceSet>>, Compared);

/// Compares what the two have of one key; `None` if neither has anything.
async fn compare_entries<S: DeviceStore, T: DeviceStore>(
    source: &S,
    target: &T,
    of_source: Option<Entry>,
    of_target: Option<Entry>,
) -> Result<Option<ComparedSet>, CopyError> {
    Ok(match (of_source, of_target) {
        (Some(Entry { key, set: Ok(set) }), of_target) => {
            let of_target = of_target.map(|entry| entry.set);
            let compared = compare_sets(source, target, &key, &set, of_target).await?;
            Some((key, Some(set), compared))
        }
        (Some(Entry { key, set: Err(error) }), _) => Some((key, None, Compared::Damaged(error))),
        (None, Some(entry)) => Some((entry.key, None, Compared::Foreign)),
        (None, None) => None,
    })
}

/// Compares a set of the source with that of the target, and where the alias of its owner leads.
async fn compare_sets<S: DeviceStore, T: DeviceStore>(
    source: &S,
    target: &T,
    key: &SetKey,
    set: &DeviceSet,
    of_target: Option<Result<Arc<DeviceSet>, StoreError>>,
) -> Result<Compared, CopyError> {
    match leads_to_owner(source, key, set).await {
        Ok(true) => {}
        Ok(false) => return Ok(Compared::AliasOfAnother),
        Err(error @ StoreError::Damaged { .. }) => return Ok(Compared::Damaged(error)),
        Err(error) => return Err(CopyError::Source(error)),
    }
    match of_target {
        None => return Ok(Compared::Missing),
        Some(Err(error)) => return Ok(Compared::DamagedCopy(error)),
        Some(Ok(of_target)) if *of_target != *set => return Ok(Compared::Differs),
        Some(Ok(_)) => {}
    }
    match leads_to_owner(target, key, set).await {
        Ok(true) => Ok(Compared::Same),
        Ok(false) => Ok(Compared::AliasDiffers),
        Err(error @ StoreError::Damaged { .. }) => Ok(Compared::DamagedCopy(error)),
        Err(error) => Err(CopyError::Target(error)),
    }
}

/// Whether the alias of a set's owner, if it needs one, leads to it.
async fn leads_to_owner<S: DeviceStore>(
    store: &S,
    key: &SetKey,
    set: &DeviceSet,
) -> Result<bool, StoreError> {
    let Some((realm, owner)) = owner_of(key, set).filter(|(_, owner)| owner.needs_alias()) else {
        return Ok(true);
    };
    let alias = store.resolve(&realm, &owner.user_id).await?;
    Ok(alias.is_some_and(|username| username.matches(owner.username.as_str())))
}

fn owner_of<'a>(key: &SetKey, set: &'a DeviceSet) -> Option<(Realm, &'a Owner)> {
    Some((key.parts()?.0, set.owner.as_ref()?))
}

/// Stores every set of the source in the target, exactly as it is. Sets that are there are left, others of the same key are an error. Calls `each` for each set that is done, and says whether it
/// was written.
///
/// # Errors
/// [`CopyError`]. What was written stays; a copy of the same source goes on from there.
pub async fn copy<S: DeviceStore, T: DeviceStore>(
    source: &S,
    target: &T,
    caller: &Caller,
    mut each: impl FnMut(bool),
) -> Result<(), CopyError> {
    let mut walk = Walk::of(source);
    let mut under_way = FuturesUnordered::new();
    let mut bytes_under_way = 0;
    while let Some(Entry { key, set }) = walk.next().await.map_err(CopyError::Source)? {
        let set = set.map_err(CopyError::Source)?;
        let bytes = profile_bytes(&set);
        while under_way.len() >= IN_FLIGHT_MAX
            || !under_way.is_empty() && bytes_under_way + bytes > IN_FLIGHT_BYTES_MAX
        {
            let Some(done) = under_way.next().await else { break };
            let (bytes, written) = done?;
            bytes_under_way -= bytes;
            each(written);
        }
        bytes_under_way += bytes;
        under_way.push(async move { Ok((bytes, store_one(target, key, set, caller).await?)) });
    }
    while let Some(done) = under_way.next().await {
        each(done?.1);
    }
    Ok(())
}

/// Stores a set with the revision it has. Returns whether it was not there yet.
async fn store_one<T: DeviceStore>(
    target: &T,
    key: SetKey,
    set: Arc<DeviceSet>,
    caller: &Caller,
) -> Result<bool, CopyError> {
    let Some((realm, owner)) = owner_of(&key, &set) else {
        return Err(CopyError::Source(StoreError::Misused("a stored set has an owner")));
    };
    let imported = |device: &device_core::Device| DeviceChange {
        id: device.id.clone(),
        name: device.name.clone(),
        action: Action::Imported,
    };
    let change = Change {
        id: Uuid::from_u128(System.random()),
        at_ms: System.now_ms(),
        actor: caller.actor().into(),
        request_id: None,
        reason: None,
        realm,
        username: owner.username.clone(),
        what: What::Set {
            kind: key.kind(),
            revision: set.revision,
            devices: set.devices.iter().map(imported).collect(),
            skip: Some(set.skip).filter(|skip| *skip != Skip::NotSet),
        },
    };
    let swap = target.swap(&key, Revision::NONE, Arc::clone(&set), change).await;
    match swap.map_err(CopyError::Target)? {
        Swap::Stored => Ok(true),
        Swap::Conflict(current) if current == set => Ok(false),
        Swap::Conflict(_) => Err(CopyError::Changed(key)),
    }
}

/// About what a set takes in memory: nearly all of a large one are its profiles.
fn profile_bytes(set: &DeviceSet) -> usize {
    set.devices.iter().map(|device| device.cold.expose().len()).sum()
}

/// All sets of a store, in key order.
struct Walk<'a, S> {
    store: &'a S,
    page: VecDeque<Entry>,
    after: Option<SetKey>,
}

impl<'a, S: DeviceStore> Walk<'a, S> {
    fn of(store: &'a S) -> Self {
        Self { store, page: VecDeque::new(), after: None }
    }

    async fn next(&mut self) -> Result<Option<Entry>, StoreError> {
        if self.page.is_empty() {
            self.page = self.store.scan(self.after.as_ref(), PAGE).await?.into();
            if let Some(last) = self.page.back() {
                self.after = Some(last.key.clone());
            }
        }
        Ok(self.page.pop_front())
    }
}
