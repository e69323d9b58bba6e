//! What all operations of a store share.

use std::sync::Arc;

use device_core::{DeviceSet, Realm, Revision, SetKey, UserId, Username};
use device_store::{Entry, PAGE_MAX, Page, StoreError};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::connections::Connections;
use crate::error::Trouble;
use crate::options::OPERATION_TIME_MAX;
use crate::rows::{alias, column, revision_of, set, split, stored_set};
use crate::statements::{LOAD, RESOLVE, SCAN};

/// Sets of which it is remembered that their record could be read. Each takes some 200 bytes.
const INTACT_MAX: usize = 16_384;

pub(crate) struct Shared {
    pub(crate) connections: Connections,
    /// At which revision a record was read, or written, by this process: a swap that expects another one reads first.
    pub(crate) intact: Cache<SetKey, Revision>,
    pub(crate) changes_kept: u64,
}

impl Shared {
    pub(crate) fn new(connections: Connections, changes_kept: u64) -> Self {
        Self { connections, intact: Cache::new(INTACT_MAX), changes_kept }
    }

    pub(crate) fn read_intact(&self, key: &SetKey, revision: Revision) {
        if revision != Revision::NONE && self.intact.get(key) != Some(revision) {
            self.intact.insert(key.clone(), revision);
        }
    }

    pub(crate) async fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        let (shard_key, kind) = split(key);
        let rows = self.connections.read(&LOAD, &[&shard_key, &kind], deadline()).await;
        let rows = rows.map_err(Trouble::of_read)?;
        let Some(row) = rows.first() else { return Ok(DeviceSet::unknown()) };
        let set = stored_set(key, row)?.set?;
        self.read_intact(key, set.revision);
        Ok(set)
    }

    pub(crate) async fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Username>, StoreError> {
        let alias_key = SetKey::name_bytes(realm, user_id.as_str());
        let rows = self.connections.read(&RESOLVE, &[&alias_key.as_slice()], deadline()).await;
        let rows = rows.map_err(Trouble::of_read)?;
        rows.first().map(|row| alias(&alias_key, row)).transpose()
    }

    pub(crate) async fn scan(
        &self,
        after: Option<&SetKey>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let limit = i64::try_from(limit.min(PAGE_MAX)).unwrap_or(0);
        let (mut shard_key, mut kind) = after.map_or((Vec::new(), 0), split);
        loop {
            let rows = self.connections.read(&SCAN, &[&shard_key, &kind, &limit], deadline()).await;
            let rows = rows.map_err(Trouble::of_read)?;
            let mut page = Page::with_capacity(rows.len());
            for row in &rows {
                (shard_key, kind) = (column(row, 0)?, column(row, 1)?);
                let mut bytes = shard_key.clone();
                bytes.extend(u8::try_from(kind));
                // Under a key that is none there is garbage, of which nothing can be said and to which no look-up leads.
                let Some(key) = SetKey::from_bytes(&bytes) else { continue };
                let set = set(&key, revision_of(column(row, 2)?), column(row, 3)?);
                page.push(Entry { key, set });
            }
            // An empty page would end the walk too early.
            if !page.is_empty() || rows.is_empty() {
                return Ok(page);
            }
        }
    }
}

fn deadline() -> Instant {
    Instant::now() + OPERATION_TIME_MAX
}
