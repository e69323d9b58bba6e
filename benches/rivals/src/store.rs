//! What a rival must do with device sets.

use std::future::Future;

use device_core::{DeviceSet, Revision, SetKey};
use device_store::codec::{decode_set, encode_set};

use crate::Failure;

/// Loads sets and swaps them: `DeviceStore` without its change log, scans and caches.
pub trait Store: Send + Sync + 'static {
    /// The set of a key; the empty one if nobody stored it.
    ///
    /// # Errors
    /// If it cannot be read.
    fn load(&self, key: &SetKey) -> impl Future<Output = Result<DeviceSet, Failure>> + Send;

    /// Stores `next` durably if `current` is still what is stored, and says whether it was.
    ///
    /// # Errors
    /// If it cannot be written.
    fn swap(
        &self,
        key: &SetKey,
        current: &DeviceSet,
        next: &DeviceSet,
    ) -> impl Future<Output = Result<bool, Failure>> + Send;
}

/// The same with bytes: sets as the records that devreg's own stores write (`device_store::codec`).
pub trait Records: Send + Sync + 'static {
    /// The record of a key.
    ///
    /// # Errors
    /// If it cannot be read.
    fn load(&self, key: &[u8]) -> impl Future<Output = Result<Option<Vec<u8>>, Failure>> + Send;

    /// Stores a record durably if the stored one has the revision `expected` ([`Revision::NONE`]: if there is none), and says whether it was stored.
    ///
    /// # Errors
    /// If it cannot be written.
    fn swap(
        &self,
        key: &[u8],
        expected: Revision,
        next: Record,
    ) -> impl Future<Output = Result<bool, Failure>> + Send;
}

/// A set as bytes, and its revision.
#[derive(Debug, Clone)]
pub struct Record {
    /// The set's revision.
    pub revision: Revision,
    /// The set.
    pub bytes: Vec<u8>,
}

impl<R: Records> Store for R {
    async fn load(&self, key: &SetKey) -> Result<DeviceSet, Failure> {
        match Records::load(self, key.as_bytes()).await? {
            Some(record) => Ok(decode_set(key.as_bytes(), &record)?),
            None => Ok(DeviceSet::default()),
        }
    }

    async fn swap(
        &self,
        key: &SetKey,
        current: &DeviceSet,
        next: &DeviceSet,
    ) -> Result<bool, Failure> {
        let bytes = encode_set(key.as_bytes(), next).ok_or("a stored set has an owner")?;
        let next = Record { revision: next.revision, bytes };
        Records::swap(self, key.as_bytes(), current.revision, next).await
    }
}
