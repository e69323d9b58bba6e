//! How each store is opened.

use std::io;
use std::path::Path;

use device_store::DeviceStore;
use device_store_journal::JournalStore;
use device_store_sled::{Durability, SledStore, SyncPoint};

use crate::careless::Careless;
use crate::options::{Options, Sync};

/// A store in a folder. Dropping it closes it, and everything accepted is durable then.
pub(crate) trait Probed: DeviceStore + Sized {
    /// Opens the store with [`Options::kept`] and [`Options::sync`], the rest as a server would.
    fn open(folder: &Path, options: &Options) -> Result<Self, String>;
}

impl Probed for SledStore {
    fn open(folder: &Path, options: &Options) -> Result<Self, String> {
        let durability = match options.sync {
            Sync::Disk | Sync::Nothing => Durability::Sync,
            Sync::System => Durability::Process,
            Sync::Bytes => return Err("sled's names are not synced apart".to_owned()),
        };
        let changes_kept = options.kept;
        let of_store =
            device_store_sled::Options { durability, changes_kept, ..Default::default() };
        let leave_out = options.sync == Sync::Nothing;
        let sync_point =
            |real: Box<dyn SyncPoint>| if leave_out { Box::new(Nothing) } else { real };
        Self::open_with(folder, of_store, sync_point).map_err(|error| error.to_string())
    }
}

struct Nothing;

impl SyncPoint for Nothing {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Probed for JournalStore {
    fn open(folder: &Path, options: &Options) -> Result<Self, String> {
        Self::open(folder, &of_journal(options)).map_err(|error| error.to_string())
    }
}

/// With what a control leaves out.
impl Probed for JournalStore<Careless> {
    fn open(folder: &Path, options: &Options) -> Result<Self, String> {
        let files = Careless::new(folder, options.sync);
        Self::open_on(files, &of_journal(options)).map_err(|error| error.to_string())
    }
}

/// Small segments, so that the workload fills, indexes, compacts and removes many.
fn of_journal(options: &Options) -> device_store_journal::Options {
    let mut of_store = device_store_journal::Options::default();
    of_store.changes_kept = options.kept;
    of_store.segment_bytes_min = 64 * 1024;
    of_store
}
