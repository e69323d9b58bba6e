//! The memory store: everything in memory, nothing survives the process.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, Realm, Revision, SetKey, UserId, Username};
use hashbrown::hash_table::{Entry as Place, OccupiedEntry};
use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::{Mutex, RwLock};
use std::hash::BuildHasher as _;

use crate::store::{
    CHANGES_KEPT_DEFAULT, ChangePage, Cursor, DeviceStore, Entry, PAGE_MAX, Page, Purged,
    SequencedChange, StoreError, Swap, check_purge, check_swap,
};

/// Shards of the map. A power of two well above the cores of one machine, so that writers seldom meet.
const SHARDS: usize = 64;

/// Sets by the hash of their key, which the shard is chosen by too: a key is hashed once.
type Sets = HashTable<(SetKey, Arc<DeviceSet>)>;

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

/// Changes without gaps: the first one has the number `oldest`.
#[derive(Debug)]
struct Log {
    kept_max: u64,
    oldest: u64,
    entries: VecDeque<Change>,
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
        Self {
            hasher: DefaultHashBuilder::default(),
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            keys: RwLock::default(),
            aliases: RwLock::default(),
            log: Mutex::new(Log { kept_max: changes_kept, oldest: 1, entries: VecDeque::new() }),
        }
    }

    /// The hash of a key. The highest bits, by which a table tells keys apart that stand near each other, differ between the sets of a user; the
    /// bits that choose the shard do not.
    fn hash(&self, key: &SetKey) -> u64 {
        let (kind, user) = key.as_bytes().split_last().unwrap_or((&0, &[]));
        self.hasher.hash_one(user) ^ u64::from(*kind) << 57
    }

    /// The shard of a hash: bits that neither choose the place in a table nor tell neighbours apart.
    fn shard(&self, hash: u64) -> &RwLock<Sets> {
        &self.shards[(hash >> 48) as usize % SHARDS]
    }

    /// A page of the index, which is not held while shards are read: swaps take the two the other way round.
    fn keys_after(&self, after: Option<&SetKey>, limit: usize) -> Vec<SetKey> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.keys.read().range((from, Bound::Unbounded)).take(limit).cloned().collect()
    }
}

impl DeviceStore for MemoryStore {
    async fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        let hash = self.hash(key);
        let shard = self.shard(hash).read();
        let found = shard.find(hash, |(of, _)| of == key);
        Ok(found.map_or_else(DeviceSet::unknown, |(_, set)| Arc::clone(set)))
    }

    async fn swap(
        &self,
        key: &SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        change: Change,
    ) -> Result<Swap, StoreError> {
        check_swap(key, expected, &next, &change)?;
        let hash = self.hash(key);
        let mut shard = self.shard(hash).write();
        let place = shard.entry(hash, |(of, _)| of == key, |(of, _)| self.hash(of));
        let current = match &place {
            Place::Occupied(place) => Some(&place.get().1),
            Place::Vacant(_) => None,
        };
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
        match place {
            Place::Occupied(mut place) => place.get_mut().1 = next,
            Place::Vacant(place) => drop(place.insert((key.clone(), next))),
        }
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
        Ok(self.log.lock().forget(through.sequence().saturating_add(1)))
    }

    async fn purge(
        &self,
        realm: &Realm,
        username: &Username,
        change: Change,
    ) -> Result<Purged, StoreError> {
        check_purge(realm, username, &change)?;
        let mut purged = Purged::default();
        let any_of_them = SetKey::new(realm, username, DeviceKind::Oath);
        let mut shard = self.shard(self.hash(&any_of_them)).write();
        let mut keys = self.keys.write();
        for kind in DeviceKind::ALL {
            let key = any_of_them.of_kind(kind);
            let place = shard.find_entry(self.hash(&key), |(of, _)| *of == key);
            let Ok(((_, set), _)) = place.map(OccupiedEntry::remove) else { continue };
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
        self.entries.push_back(change);
        self.forget((self.oldest + self.entries.len() as u64).saturating_sub(self.kept_max));
    }

    /// Forgets what comes before the number `oldest`. Returns how many that were.
    fn forget(&mut self, oldest: u64) -> u64 {
        // More than memory holds is all of them.
        let before = usize::try_from(oldest.saturating_sub(self.oldest)).unwrap_or(usize::MAX);
        let forgotten = self.entries.drain(..before.min(self.entries.len())).len() as u64;
        self.oldest += forgotten;
        forgotten
    }

    fn page(&self, after: Option<Cursor>, limit: usize) -> Result<ChangePage, StoreError> {
        let from = after.map_or(self.oldest, |cursor| cursor.sequence().saturating_add(1));
        if from < self.oldest {
            return Err(StoreError::CursorTooOld);
        }
        let changes = (self.oldest..).zip(&self.entries);
        // More than memory holds is beyond the end.
        let seen = usize::try_from(from - self.oldest).unwrap_or(usize::MAX);
        let page = changes.skip(seen).take(limit.min(PAGE_MAX));
        Ok(page
            .map(|(sequence, change)| SequencedChange {
                cursor: Cursor::from_sequence(sequence),
                change: change.clone(),
            })
            .collect())
    }
}
