//! The memory store: everything in memory, nothing survives the process.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, Realm, Revision, SetKey, UserId, Username};
use hashbrown::{DefaultHashBuilder, HashMap};
use parking_lot::{Mutex, RwLock};
use std::hash::BuildHasher as _;

use crate::store::{
    CHANGES_KEPT_DEFAULT, ChangePage, Cursor, DeviceStore, Entry, PAGE_MAX, Page, Purged,
    SequencedChange, StoreError, Swap, check_purge, check_swap,
};

/// Shards of the map. A power of two well above the cores of one machine, so that writers seldom meet.
const SHARDS: usize = 64;

type Sets = HashMap<SetKey, Arc<DeviceSet>, ByShard>;
type ByShard = DefaultHashBuilder;

/// Keeps device sets in sharded hash maps of shared values.
///
/// Locks are taken in this order, so that they cannot meet the other way round: a user's shard, then the index of keys, then aliases, then the change log. All sets
/// of a user are in one shard, which is what makes a purge one commit.
#[derive(Debug)]
pub struct MemoryStore {
    hasher: DefaultHashBuilder,
    shards: Box<[RwLock<Sets>]>,
    /// All keys in order, for scans. Touched only when a set is stored for the first time or purged.
    keys: RwLock<BTreeSet<SetKey>>,
    aliases: RwLock<BTreeMap<Box<[u8]>, Username>>,
    log: Mutex<Log>,
}

#[derive(Debug)]
struct Log {
    kept_max: u64,
    next: u64,
    entries: BTreeMap<u64, Change>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_changes_kept(CHANGES_KEPT_DEFAULT)
    }
}

impl MemoryStore {
    /// An empty store that keeps at most `changes_kept` changes.
    #[must_use]
    pub fn with_changes_kept(changes_kept: u64) -> Self {
        let hasher = DefaultHashBuilder::default();
        Self {
            shards: (0..SHARDS).map(|_| RwLock::new(Sets::with_hasher(hasher.clone()))).collect(),
            hasher,
            keys: RwLock::default(),
            aliases: RwLock::default(),
            log: Mutex::new(Log { kept_max: changes_kept, next: 1, entries: BTreeMap::new() }),
        }
    }

    /// The shard of a user, by the part of the key that all its sets share.
    fn shard(&self, user: &[u8]) -> &RwLock<Sets> {
        #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
        let hash = self.hasher.hash_one(user) as usize;
        &self.shards[hash % SHARDS]
    }

    /// A page of the index, which is not held while shards are read: swaps take the two the other way round.
    fn keys_after(&self, after: Option<&SetKey>, limit: usize) -> Vec<SetKey> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.keys.read().range((from, Bound::Unbounded)).take(limit).cloned().collect()
    }

    fn shard_of(&self, key: &SetKey) -> &RwLock<Sets> {
        let bytes = key.as_bytes();
        self.shard(&bytes[..bytes.len() - 1])
    }
}

impl DeviceStore for MemoryStore {
    async fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        Ok(self.shard_of(key).read().get(key).cloned().unwrap_or_else(DeviceSet::unknown))
    }

    async fn swap(
        &self,
        key: &SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        change: Change,
    ) -> Result<Swap, StoreError> {
        check_swap(key, expected, &next, &change)?;
        let mut shard = self.shard_of(key).write();
        let current = shard.get(key);
        if current.map_or(Revision::NONE, |set| set.revision) != expected {
            return Ok(Swap::Conflict(current.cloned().unwrap_or_else(DeviceSet::unknown)));
        }
        if expected == Revision::NONE {
            self.keys.write().insert(key.clone());
        }
        if let Some(owner) = next.owner.as_ref().filter(|owner| owner.needs_alias()) {
            let alias = SetKey::name_bytes(&change.realm, owner.user_id.as_str());
            self.aliases.write().insert(alias.as_slice().into(), owner.username.clone());
        }
        shard.insert(key.clone(), next);
        self.log.lock().append(change);
        Ok(Swap::Stored)
    }

    async fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Username>, StoreError> {
        let alias = SetKey::name_bytes(realm, user_id.as_str());
        Ok(self.aliases.read().get(alias.as_slice()).cloned())
    }

    async fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<Page, StoreError> {
        let mut after = after.cloned();
        loop {
            let keys = self.keys_after(after.as_ref(), limit.min(PAGE_MAX));
            let mut page = Page::with_capacity(keys.len());
            for key in &keys {
                let set = self.load(key).await?;
                if set.revision != Revision::NONE {
                    page.push(Entry { key: key.clone(), set: Ok(set) });
                }
            }
            // Purged since the index was read: an empty page would end the walk too early.
            if page.is_empty() && !keys.is_empty() {
                after = keys.last().cloned();
                continue;
            }
            return Ok(page);
        }
    }

    async fn changes(&self, after: Option<Cursor>, limit: usize) -> Result<ChangePage, StoreError> {
        self.log.lock().page(after, limit)
    }

    async fn trim(&self, through: Cursor) -> Result<u64, StoreError> {
        let mut log = self.log.lock();
        let kept = log.entries.split_off(&through.sequence().saturating_add(1));
        let forgotten = std::mem::replace(&mut log.entries, kept).len();
        Ok(forgotten as u64)
    }

    async fn purge(
        &self,
        realm: &Realm,
        username: &Username,
        change: Change,
    ) -> Result<Purged, StoreError> {
        check_purge(realm, username, &change)?;
        let mut purged = Purged::default();
        let mut shard = self.shard(&SetKey::name_bytes(realm, username.as_str())).write();
        let mut keys = self.keys.write();
        for kind in DeviceKind::ALL {
            let key = SetKey::new(realm, username, kind);
            let Some(set) = shard.remove(&key) else { continue };
            keys.remove(&key);
            purged.sets += 1;
            purged.devices += set.devices.len();
            if let Some(owner) = &set.owner {
                let alias = SetKey::name_bytes(realm, owner.user_id.as_str());
                let mut aliases = self.aliases.write();
                if aliases.get(alias.as_slice()).is_some_and(|name| name.matches(username.as_str()))
                {
                    aliases.remove(alias.as_slice());
                }
            }
        }
        if purged.sets > 0 {
            self.log.lock().append(change);
        }
        Ok(purged)
    }
}

impl Log {
    fn append(&mut self, change: Change) {
        self.entries.insert(self.next, change);
        self.next += 1;
        while self.entries.len() as u64 > self.kept_max {
            self.entries.pop_first();
        }
    }

    fn page(&self, after: Option<Cursor>, limit: usize) -> Result<ChangePage, StoreError> {
        let oldest = self.entries.first_key_value().map_or(self.next, |(sequence, _)| *sequence);
        let from = match after {
            Some(cursor) if cursor.sequence().saturating_add(1) < oldest => {
                return Err(StoreError::CursorTooOld);
            }
            Some(cursor) => Bound::Excluded(cursor.sequence()),
            None => Bound::Unbounded,
        };
        let page = self.entries.range((from, Bound::Unbounded)).take(limit.min(PAGE_MAX));
        Ok(page
            .map(|(sequence, change)| SequencedChange {
                cursor: Cursor::from_sequence(*sequence),
                change: change.clone(),
            })
            .collect())
    }
}
