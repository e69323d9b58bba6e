//! fjall: a log-structured merge tree.

use std::collections::HashMap;
use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::TABLE;
use crate::Failure;
use crate::group::Embedded;
use crate::store::Record;

/// Batches that are synced by `fdatasync`.
pub struct Fjall {
    database: Database,
    records: Keyspace,
}

impl Fjall {
    /// Opens the database in `folder`, or makes it.
    ///
    /// # Errors
    /// Whatever fjall says.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let database = Database::builder(folder).open()?;
        let records = database.keyspace(TABLE, KeyspaceCreateOptions::default)?;
        Ok(Self { database, records })
    }
}

impl Embedded for Fjall {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.records.get(key)?.map(|record| record.to_vec()))
    }

    fn write(&self, records: &HashMap<&[u8], &Record>) -> Result<(), Failure> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for (key, record) in records {
            batch.insert(&self.records, *key, record.bytes.as_slice());
        }
        Ok(batch.commit()?)
    }
}

impl std::fmt::Debug for Fjall {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fjall").finish_non_exhaustive()
    }
}
