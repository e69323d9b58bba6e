//! Group commit on an engine that is a few maps.

mod front;
mod limits;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, Revision, SetKey, Username, What};
use device_store::StoreError;
use device_store::conformance::fixtures::User;
use device_store::group_commit::{BatchLimits, Commit, Durable, PurgeRequest, Reply, SwapRequest};

const KIND: DeviceKind = DeviceKind::Push;

const LIMITS: BatchLimits =
    BatchLimits { requests_max: 128, bytes_max: 256 * 1024, forgotten_max: 1_024 };

/// What is durable.
#[derive(Debug)]
struct Stored {
    sets: BTreeMap<SetKey, Arc<DeviceSet>>,
    aliases: BTreeMap<Box<[u8]>, Username>,
    changes: BTreeMap<u64, Change>,
    kept: Range<u64>,
    /// Sets and aliases that cannot be read.
    damaged: BTreeSet<Box<[u8]>>,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            sets: BTreeMap::new(),
            aliases: BTreeMap::new(),
            changes: BTreeMap::new(),
            kept: 1..1,
            damaged: BTreeSet::new(),
        }
    }
}

impl Durable for Stored {
    fn revision(&self, key: &SetKey) -> Result<Revision, StoreError> {
        Ok(self.set(key)?.revision)
    }

    fn set(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        self.check(key.as_bytes())?;
        Ok(self.sets.get(key).map_or_else(DeviceSet::unknown, Arc::clone))
    }

    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        self.check(name)?;
        Ok(self.aliases.get(name).cloned())
    }
}

impl Stored {
    fn check(&self, name: &[u8]) -> Result<(), StoreError> {
        if self.damaged.contains(name) { Err(damaged()) } else { Ok(()) }
    }

    /// Does what the commit says, and sees that it says what it may.
    fn apply(&mut self, commit: Commit) {
        assert_eq!(commit.forgotten, self.kept.start..commit.kept.start);
        let numbers: Vec<u64> = commit.changes.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (self.kept.end..commit.kept.end).collect::<Vec<_>>());
        for (key, next) in commit.sets {
            assert!(!self.damaged.contains(key.as_bytes()));
            match next {
                Some(new) => drop(self.sets.insert(key, new.set)),
                None => drop(self.sets.remove(&key)),
            }
        }
        for (name, next) in commit.aliases {
            match next {
                Some(username) => drop(self.aliases.insert(name, username)),
                None => drop(self.aliases.remove(&name)),
            }
        }
        self.changes.extend(commit.changes);
        self.changes.retain(|number, _| commit.kept.contains(number));
        self.kept = commit.kept;
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged { what: "a record".into(), reason: "a test".into() }
}

/// The next swap of a user's set, when `current` is its current one.
fn swap(
    user: &User,
    current: &DeviceSet,
    device: &str,
    reply: Reply<device_store::Swap>,
) -> SwapRequest {
    let write = user.with_device(current, KIND, device);
    let change = user.change_of(KIND, &write);
    let (key, next) = (user.key(KIND), Arc::new(write.next));
    let record = device_store::codec::encode_set(key.as_bytes(), &next).unwrap();
    SwapRequest { key, expected: current.revision, next, record, change, reply }
}

fn purge(user: &User, reply: Reply<device_store::Purged>) -> PurgeRequest {
    let (realm, username) = (user.realm.clone(), user.owner.username.clone());
    PurgeRequest { realm, username, change: user.change(What::Purged), reply }
}
