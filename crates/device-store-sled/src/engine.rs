//! sled as the store uses it: records in one tree, read one at a time, written in batches.

use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use device_core::{DeviceSet, SetKey, Username};
use device_store::codec::{decode_alias, decode_change, decode_set, encode_alias, encode_change};
use device_store::{ChangePage, Cursor, Entry, SequencedChange, StoreError};
use parking_lot::RwLock;

use crate::commit::{InFlight, StoredSet};
use crate::error::{closed, damaged, unread};
use crate::keys;
use crate::parts;
use crate::visible::Log;
use crate::watch::ErrorWatch;

/// The tree, until it is closed.
#[derive(Debug)]
pub(crate) struct Engine(RwLock<Option<Open>>);

/// A tree that is open.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) tree: sled::Db,
    watch: ErrorWatch,
}

impl Open {
    /// A tree that was opened with `config`.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub(crate) fn new(config: sled::Config, tree: sled::Db) -> io::Result<Self> {
        let watch = ErrorWatch::start(config, tree.clone())?;
        Ok(Self { tree, watch })
    }

    /// Closes the tree.
    pub(crate) fn close(self) {
        // First, since it holds the tree too.
        drop(self.watch);
        let_go(self.tree);
    }
}

impl Engine {
    pub(crate) fn new(open: Open) -> Self {
        Self(RwLock::new(Some(open)))
    }

    /// Writes a batch. It is not durable then, and may be seen by every read.
    pub(crate) fn apply(&self, in_flight: &InFlight) -> sled::Result<()> {
        match &*self.0.read() {
            Some(Open { tree, .. }) => tree.apply_batch(batch(tree, in_flight)?),
            None => Err(sled::Error::Unsupported("it is closed".into())),
        }
    }

    /// Lets go of the tree. Everything that was acknowledged is durable before that.
    pub(crate) fn close(&self) {
        if let Some(open) = self.0.write().take() {
            open.close();
        }
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&sled::Tree) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.read().as_ref().map_or_else(|| Err(closed()), |open| read(&open.tree))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

/// Lets go of a handle of a tree, the last one of which closes it. sled panics if the sync fails with which it ends. Nothing depends on that one: whoever was promised something has it.
pub(crate) fn let_go(tree: sled::Db) {
    let _closed = catch_unwind(AssertUnwindSafe(|| drop(tree)));
}

impl Log for Engine {
    fn set(&self, key: &SetKey) -> Result<Option<StoredSet>, StoreError> {
        let record_key = keys::set(key);
        self.read(|tree| {
            match parts::get(tree, &record_key).map_err(|error| unread(key, &error))? {
                Some(record) => decode(key, &record_key, &record).map(Some),
                None => Ok(None),
            }
        })
    }

    fn sets_after(&self, after: Option<&SetKey>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.read(|tree| {
            let mut entries = Vec::new();
            for record in tree.range(keys::sets_after(after)) {
                let (record_key, value) = record.map_err(|error| unread("a page", &error))?;
                // A part. (Or garbage, of which nothing can be said and to which no look-up leads.)
                let Some(key) = keys::set_of(&record_key) else { continue };
                if entries.len() >= limit {
                    break;
                }
                let set = match parts::complete(tree, &record_key, value) {
                    Ok(Some(record)) => decode(&key, &record_key, &record).map(|stored| stored.set),
                    Ok(None) => continue,
                    Err(error) => Err(unread(&key, &error)),
                };
                entries.push(Entry { key, set });
            }
            Ok(entries)
        })
    }

    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        let record_key = keys::alias(name);
        let what = || format!("alias {}", name.escape_ascii());
        self.read(|tree| match tree.get(&record_key).map_err(|error| unread(what(), &error))? {
            Some(record) => match decode_alias(&record_key, &record) {
                Ok(username) => Ok(Some(username)),
                Err(reason) => Err(damaged(what(), reason)),
            },
            None => Ok(None),
        })
    }

    fn changes(&self, numbers: Range<u64>, limit: usize) -> Result<ChangePage, StoreError> {
        self.read(|tree| {
            let mut page = ChangePage::new();
            for record in tree.range(keys::changes(&numbers)) {
                let (record_key, value) = record.map_err(|error| unread("changes", &error))?;
                if keys::is_part_of_change(&record_key) {
                    continue;
                }
                if page.len() >= limit {
                    break;
                }
                let record = parts::complete(tree, &record_key, value)
                    .map_err(|error| unread("changes", &error))?
                    .unwrap_or_default();
                let number = keys::sequence_of(&record_key)
                    .ok_or_else(|| damaged("a change", "its key is not a number"))?;
                let change = decode_change(&record_key, &record)
                    .map_err(|reason| damaged(format_args!("change {number}"), reason))?;
                page.push(SequencedChange { cursor: Cursor::from_sequence(number), change });
            }
            Ok(page)
        })
    }
}

fn decode(key: &SetKey, record_key: &[u8], record: &[u8]) -> Result<StoredSet, StoreError> {
    match decode_set(record_key, record) {
        Ok(set) => Ok(StoredSet::new(Arc::new(set), record.len())),
        Err(reason) => Err(damaged(key, reason)),
    }
}

fn batch(tree: &sled::Tree, in_flight: &InFlight) -> sled::Result<sled::Batch> {
    let mut batch = sled::Batch::default();
    let commit = &in_flight.commit;
    for (key, before, next) in in_flight.sets() {
        let key = keys::set(key);
        let version = |set: &DeviceSet| set.revision.to_record();
        parts::remove_parts(&mut batch, &key, version(&before.set), before.record_bytes);
        match next {
            Some(new) => parts::insert(&mut batch, key, version(&new.set), &new.record),
            None => batch.remove(key),
        }
    }
    for (name, next) in &commit.aliases {
        let key = keys::alias(name);
        match next {
            Some(username) => batch.insert(key.as_slice(), encode_alias(&key, username)),
            None => batch.remove(key),
        }
    }
    if !commit.forgotten.is_empty() {
        // With their parts, if they have some.
        for key in tree.range(keys::changes(&commit.forgotten)).keys() {
            batch.remove(key?);
        }
    }
    for (number, change) in commit.changes.iter().filter(|(number, _)| commit.kept.contains(number))
    {
        let key = keys::change(*number);
        let record = encode_change(&key, change);
        parts::insert(&mut batch, key, 0, &record);
    }
    // Numbers must not start again from 1 when no change is left to count on from.
    if commit.kept.is_empty() {
        batch.insert(keys::NEXT_CHANGE, &commit.kept.end.to_be_bytes());
    }
    Ok(batch)
}
