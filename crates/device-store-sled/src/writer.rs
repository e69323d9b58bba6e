//! What the committer thread writes to: the batch goes past the readers' table into sled, and on to the disk.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use device_core::{DeviceSet, Revision, SetKey, Username};
use device_store::StoreError;
use device_store::group_commit::{self, BatchLimits, Commit, Durable};

use crate::durable::SyncPoint;
use crate::engine::Engine;
use crate::visible::Visible;

/// What sled takes in one batch.
pub(crate) const LIMITS: BatchLimits = BatchLimits {
    // A batch holds a lock that every read of sled takes, at about 10 us a request.
    requests_max: 128,
    // Half of sled's log buffer.
    bytes_max: 256 * 1024,
    forgotten_max: 1_024,
};

/// Owns all writes.
pub(crate) struct Writer {
    pub(crate) visible: Arc<Visible<Engine>>,
    pub(crate) sync_point: Box<dyn SyncPoint>,
}

impl Durable for Writer {
    /// Of the set that can be read: what cannot is never overwritten.
    fn revision(&self, key: &SetKey) -> Result<Revision, StoreError> {
        Ok(self.visible.load(key)?.set.revision)
    }

    fn set(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        Ok(self.visible.load(key)?.set)
    }

    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        self.visible.alias(name)
    }
}

impl group_commit::Engine for Writer {
    /// After an error the table in front of readers stays as it is.
    fn commit(&mut self, commit: Commit) -> io::Result<()> {
        let in_flight = self.visible.begin(commit).map_err(io::Error::other)?;
        self.visible.log().apply(&in_flight).map_err(io::Error::other)?;
        self.sync_point.sync()?;
        self.visible.publish(in_flight);
        Ok(())
    }
}
