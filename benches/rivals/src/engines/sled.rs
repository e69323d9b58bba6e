//! sled 0.34, without what `device-store-sled` puts around it.

use std::collections::HashMap;
use std::path::Path;

use sled::{Batch, Db};

use crate::Failure;
use crate::group::Embedded;
use crate::store::Record;

/// Batches, and a flush after each, which is what sled offers. It does not survive power loss (`docs/power-loss.md`).
#[derive(Debug)]
pub struct Sled(Db);

impl Sled {
    /// Opens the database in `folder`, or makes it.
    ///
    /// # Errors
    /// Whatever sled says.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        Ok(Self(sled::open(folder)?))
    }
}

impl Embedded for Sled {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.0.get(key)?.map(|record| record.to_vec()))
    }

    fn write(&self, records: &HashMap<&[u8], &Record>) -> Result<(), Failure> {
        let mut batch = Batch::default();
        for (key, record) in records {
            batch.insert(*key, record.bytes.as_slice());
        }
        self.0.apply_batch(batch)?;
        self.0.flush()?;
        Ok(())
    }
}
