//! The suite that every backend runs: in a real folder, and on the simulated disk with segments so small that they fill and are compacted all the time.

use std::sync::atomic::{AtomicU64, Ordering};

use device_store::conformance::{Place, random_histories};
use device_store_journal::simulation::SimulatedDisk;
use device_store_journal::{JournalStore, Options};

/// A folder on the real disk.
struct InAFolder(tempfile::TempDir);

impl Default for InAFolder {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Place for InAFolder {
    type Store = JournalStore;
    const PERSISTS: bool = true;

    fn open(&self, changes_kept: u64) -> JournalStore {
        let mut options = Options::default();
        options.changes_kept = changes_kept;
        JournalStore::open(self.0.path(), &options).unwrap()
    }
}

/// A simulated disk.
struct Simulated(SimulatedDisk);

impl Default for Simulated {
    fn default() -> Self {
        static SEED: AtomicU64 = AtomicU64::new(1);
        Self(SimulatedDisk::new(SEED.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Place for Simulated {
    type Store = JournalStore<SimulatedDisk>;
    const PERSISTS: bool = true;

    fn open(&self, changes_kept: u64) -> Self::Store {
        let mut options = Options::default();
        options.changes_kept = changes_kept;
        options.segment_bytes_min = 16 * 1024;
        options.segment_bytes_max = 64 * 1024;
        options.cache_bytes = 64 * 1024;
        JournalStore::open_on(self.0.clone(), &options).unwrap()
    }
}

mod in_a_folder {
    use super::*;

    device_store::conformance_tests!(InAFolder);
}

mod simulated {
    use super::*;

    device_store::conformance_tests!(Simulated);
}

/// Against the plain model, as memory and sled are, so that all three agree.
#[test]
fn histories_on_a_simulated_disk() {
    random_histories::<Simulated>(1_000);
}

#[test]
fn histories_in_a_folder() {
    random_histories::<InAFolder>(50);
}
