//! What readers see: durable before visible.
//!
//! The engine shows a batch to everybody as soon as it is applied, which is before it is durable. So before the committer applies one, it puts the batch's keys and their last
//! durable values, which it looks up as a reader does, into a table ([`Visible::begin`]) and takes them out when the batch is durable ([`Visible::publish`]). A reader reads the engine first and looks into the table
//! *after* that:
//! * the key is there: a batch that may have been read is not durable yet. The reader takes the table's value.
//! * the key is not there: either the read was before `begin`, or it was after `publish`, or nobody is writing the key. What was read is durable.
//!
//! The other order would not do: a batch may be applied between the look into the table and the read.
//!
//! The cache holds durable values only. `publish` fills it, and a reader may, but only if no batch was published since before its read (the epoch): a reader that was
//! slow would put back what was replaced meanwhile. It fills it under the table's lock, so that none can be published in between. A batch that has only begun does not
//! matter: its keys are in the table, where the reader looks before it fills.
//!
//! After a failed sync nothing is published: the table stays, and readers keep seeing the last durable values until the store is opened again.
//!
//! This module knows neither sled nor threads; it works on the small trait [`Log`], so that its tests can drive each step of it in any order.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use device_core::{DeviceSet, Realm, Revision, SetKey, UserId, Username};
use device_store::group_commit::Commit;
use device_store::{ChangePage, Cursor, Entry, Page, StoreError};
use parking_lot::RwLock;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::commit::{InFlight, StoredSet};

/// What is under the protocol: shows what was applied, durable or not.
pub(crate) trait Log {
    /// The set of a key.
    fn set(&self, key: &SetKey) -> Result<Option<StoredSet>, StoreError>;

    /// At most `limit` sets with keys greater than `after`, in key order.
    fn sets_after(&self, after: Option<&SetKey>, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// The alias under [`SetKey::name_bytes`] of realm and user id.
    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError>;

    /// The first `limit` of the changes with these numbers.
    fn changes(&self, numbers: Range<u64>, limit: usize) -> Result<ChangePage, StoreError>;
}

/// A log with the protocol in front of it.
#[derive(Debug)]
pub(crate) struct Visible<L> {
    log: L,
    cache: Cache<SetKey, StoredSet, ByBytes>,
    /// Counts the batches that were published. Written under the table's lock, read before reads of the log.
    epoch: AtomicU64,
    table: RwLock<Table>,
}

/// The last durable values of what is in flight.
#[derive(Debug)]
struct Table {
    sets: BTreeMap<SetKey, StoredSet>,
    aliases: BTreeMap<Box<[u8]>, Option<Username>>,
    /// The numbers of the changes that may be shown. Its start goes up when a batch begins, since what the batch forgets cannot be read any more, its end when
    /// the batch is durable.
    changes: Range<u64>,
}

/// The moment before a read of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(u64);

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<SetKey, StoredSet> for ByBytes {
    fn weight(&self, _key: &SetKey, stored: &StoredSet) -> u64 {
        stored.memory_bytes
    }
}

impl<L: Log> Visible<L> {
    /// Puts the protocol before a log whose content is durable and whose changes have these numbers.
    pub(crate) fn new(log: L, cache_bytes: u64, changes: Range<u64>) -> Self {
        /// Bytes of a usual set in memory; only a hint for the cache's layout.
        const USUAL_SET_BYTES: u64 = 4 * 1024;
        let usual_sets = usize::try_from(cache_bytes / USUAL_SET_BYTES).unwrap_or(usize::MAX);
        Self {
            log,
            cache: Cache::with_weighter(usual_sets.max(1), cache_bytes, ByBytes),
            epoch: AtomicU64::new(0),
            table: RwLock::new(Table { sets: BTreeMap::new(), aliases: BTreeMap::new(), changes }),
        }
    }

    /// The log itself.
    pub(crate) fn log(&self) -> &L {
        &self.log
    }

    /// The last durable set of a key.
    pub(crate) fn load(&self, key: &SetKey) -> Result<StoredSet, StoreError> {
        if let Some(stored) = self.cached(key) {
            return Ok(stored);
        }
        let before = self.moment();
        let read = self.log.set(key);
        self.settle(before, key, read)
    }

    /// The set in the cache.
    pub(crate) fn cached(&self, key: &SetKey) -> Option<StoredSet> {
        self.cache.get(key)
    }

    /// To be called before a read of the log.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.epoch.load(Ordering::SeqCst))
    }

    /// Turns what was `read` from the log after the moment `before` into what may be shown.
    pub(crate) fn settle(
        &self,
        before: Moment,
        key: &SetKey,
        read: Result<Option<StoredSet>, StoreError>,
    ) -> Result<StoredSet, StoreError> {
        let table = self.table.read();
        if let Some(durable) = table.sets.get(key) {
            return Ok(durable.clone());
        }
        let Some(stored) = read? else { return Ok(StoredSet::unknown()) };
        if self.epoch.load(Ordering::SeqCst) == before.0 {
            self.cache.insert(key.clone(), stored.clone());
        }
        Ok(stored)
    }

    /// The username that the last durable alias of a user id gives.
    pub(crate) fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Username>, StoreError> {
        self.alias(&SetKey::name_bytes(realm, user_id.as_str()))
    }

    /// The last durable alias under [`SetKey::name_bytes`] of realm and user id.
    pub(crate) fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        let read = self.log.alias(name);
        match self.table.read().aliases.get(name) {
            Some(durable) => Ok(durable.clone()),
            None => read,
        }
    }

    /// At most `limit` of the last durable sets with keys greater than `after`. Does not fill the cache: a walk over everything would empty it of what is in use.
    pub(crate) fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<Page, StoreError> {
        let mut after = after.cloned();
        loop {
            let read = self.log.sets_after(after.as_ref(), limit)?;
            let page = self.merge(after.as_ref(), read, limit);
            let Some(last) = page.last().map(|entry| entry.key.clone()) else { return Ok(page) };
            let stored = |entry: &Entry| !is_unknown(&entry.set);
            let page: Page = page.into_iter().filter(stored).collect();
            // All of them were in flight for the first time: an empty page would end the walk too early.
            if !page.is_empty() {
                return Ok(page);
            }
            after = Some(last);
        }
    }

    /// Puts the table's values over what was read: sets in flight for the first time become unknown ones, sets that are being purged come back.
    fn merge(&self, after: Option<&SetKey>, read: Vec<Entry>, limit: usize) -> Page {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        // Beyond the last one that was read there may be more in the log, unless it ended.
        let to = match read.last() {
            Some(last) if read.len() >= limit => Bound::Included(&last.key),
            _ => Bound::Unbounded,
        };
        let table = self.table.read();
        let mut in_flight = table.sets.range((from, to)).peekable();
        if in_flight.peek().is_none() {
            return read;
        }
        let mut entries: BTreeMap<SetKey, Result<Arc<DeviceSet>, StoreError>> =
            read.into_iter().map(|entry| (entry.key, entry.set)).collect();
        entries.extend(in_flight.map(|(key, stored)| (key.clone(), Ok(Arc::clone(&stored.set)))));
        entries.into_iter().take(limit).map(|(key, set)| Entry { key, set }).collect()
    }

    /// At most `limit` of the durable changes after the cursor.
    pub(crate) fn changes(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ChangePage, StoreError> {
        loop {
            let shown = self.changes_shown();
            let from = after.map_or(shown.start, |cursor| cursor.sequence().saturating_add(1));
            if from < shown.start {
                return Err(StoreError::CursorTooOld);
            }
            if from >= shown.end {
                return Ok(ChangePage::new());
            }
            let page = self.log.changes(from..shown.end, limit);
            // A batch that began meanwhile may have taken changes away from under the read, which would leave a gap.
            if self.changes_shown().start <= from {
                return page;
            }
        }
    }

    /// The numbers of the changes that may be shown.
    pub(crate) fn changes_shown(&self) -> Range<u64> {
        self.table.read().changes.clone()
    }

    /// To be called before a batch is applied: keeps what it replaces for readers. No other batch may be in flight.
    ///
    /// # Errors
    /// What is durable cannot be read. Then nothing has begun. (Who planned the batch has just read the same, so a damaged record does not come this far.)
    pub(crate) fn begin(&self, commit: Commit) -> Result<InFlight, StoreError> {
        // All of it before the table changes, and before the lock, which a look-up takes as well. Nobody else writes, so it stays true.
        let before = commit.sets.keys().map(|key| self.load(key)).collect::<Result<Vec<_>, _>>()?;
        let aliases = commit
            .aliases
            .keys()
            .map(|name| Ok((name.clone(), self.alias(name)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let mut table = self.table.write();
        table.sets.extend(commit.sets.keys().cloned().zip(before.iter().cloned()));
        table.aliases.extend(aliases);
        table.changes.start = table.changes.start.max(commit.kept.start.min(table.changes.end));
        drop(table);
        Ok(InFlight { commit, before })
    }

    /// To be called when the batch is durable: shows it.
    pub(crate) fn publish(&self, batch: InFlight) {
        let commit = batch.commit;
        let mut table = self.table.write();
        self.epoch.fetch_add(1, Ordering::SeqCst);
        for (key, next) in commit.sets {
            table.sets.remove(&key);
            match next {
                Some(new) => self.cache.insert(key, StoredSet::new(new.set, new.record.len())),
                None => drop(self.cache.remove(&key)),
            }
        }
        for name in commit.aliases.keys() {
            table.aliases.remove(name);
        }
        table.changes = commit.kept;
    }

    /// Forgets the cache, for good: to be called when the log answers no more.
    pub(crate) fn close(&self) {
        let _table = self.table.write();
        // Readers that are on their way must not fill it again.
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.cache.clear();
    }

    /// Bytes of the sets in the cache.
    pub(crate) fn cache_bytes(&self) -> u64 {
        self.cache.weight()
    }
}

fn is_unknown(set: &Result<Arc<DeviceSet>, StoreError>) -> bool {
    matches!(set, Ok(set) if set.revision == Revision::NONE)
}
