//! LMDB: a copy-on-write B+ tree in a memory map, by heed.

use std::collections::HashMap;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions};

use super::TABLE;
use crate::Failure;
use crate::group::Embedded;
use crate::store::Record;

/// Addresses set aside, which bound the size of the file.
const MAP_BYTES: usize = 1 << 36;

/// Transactions that are synced at their end, which is LMDB's default.
#[derive(Debug)]
pub struct Lmdb {
    environment: Env,
    records: Database<'static, Bytes, Bytes>,
}

impl Lmdb {
    /// Opens the database in `folder`, or makes it.
    ///
    /// # Errors
    /// Whatever LMDB says.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP_BYTES).max_dbs(1);
        #[expect(
            unsafe_code,
            reason = "a map is as safe as its file: the folder is this process's own"
        )]
        // SAFETY: nobody else opens or changes the file while this process runs.
        let environment = unsafe { options.open(folder)? };
        let transaction = environment.write_txn()?;
        let created =
            environment.create_databases_and_commit(transaction, |opener, transaction| {
                let records = opener.create_database(transaction, Some(TABLE))?;
                Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(records))
            })?;
        let records = created.unwrap_commit();
        Ok(Self { environment, records })
    }
}

impl Embedded for Lmdb {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let transaction = self.environment.read_txn()?;
        Ok(self.records.get(&transaction, key)?.map(<[u8]>::to_vec))
    }

    fn write(&self, records: &HashMap<&[u8], &Record>) -> Result<(), Failure> {
        let mut transaction = self.environment.write_txn()?;
        for (key, record) in records {
            self.records.put(&mut transaction, key, &record.bytes)?;
        }
        Ok(transaction.commit()?)
    }
}
