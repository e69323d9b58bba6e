//! redb: a copy-on-write B-tree in one file.

use std::collections::HashMap;
use std::path::Path;

use redb::{Database, ReadableDatabase as _, TableDefinition};

use crate::Failure;
use crate::group::Embedded;
use crate::store::Record;

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(super::TABLE);

/// Transactions of immediate durability, which is redb's default.
#[derive(Debug)]
pub struct Redb(Database);

impl Redb {
    /// Opens the database in `folder`, or makes it.
    ///
    /// # Errors
    /// Whatever redb says.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let database = Database::create(folder.join("records.redb"))?;
        let transaction = database.begin_write()?;
        transaction.open_table(RECORDS)?;
        transaction.commit()?;
        Ok(Self(database))
    }
}

impl Embedded for Redb {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let table = self.0.begin_read()?.open_table(RECORDS)?;
        Ok(table.get(key)?.map(|record| record.value().to_vec()))
    }

    fn write(&self, records: &HashMap<&[u8], &Record>) -> Result<(), Failure> {
        let transaction = self.0.begin_write()?;
        let mut table = transaction.open_table(RECORDS)?;
        for (key, record) in records {
            table.insert(*key, record.bytes.as_slice())?;
        }
        drop(table);
        Ok(transaction.commit()?)
    }
}
