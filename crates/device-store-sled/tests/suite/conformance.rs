//! The suite of all stores.

use device_store::conformance::{Place, random_histories};
use device_store_sled::{Durability, Options, SledStore};
use tempfile::TempDir;

use crate::support::{folder, quick};

/// A folder whose stores survive the process: the same code as for power loss but for the syncs, and faster.
struct Processes(TempDir);

/// A folder whose stores survive power loss.
struct PowerLosses(TempDir);

impl Default for Processes {
    fn default() -> Self {
        Self(folder())
    }
}

impl Default for PowerLosses {
    fn default() -> Self {
        Self(folder())
    }
}

impl Place for Processes {
    type Store = SledStore;
    const PERSISTS: bool = true;

    fn open(&self, changes_kept: u64) -> SledStore {
        SledStore::open(self.0.path(), Options { changes_kept, ..quick() }).unwrap()
    }
}

impl Place for PowerLosses {
    type Store = SledStore;
    const PERSISTS: bool = true;

    fn open(&self, changes_kept: u64) -> SledStore {
        let options = Options { changes_kept, durability: Durability::Sync, ..quick() };
        SledStore::open(self.0.path(), options).unwrap()
    }
}

mod surviving_processes {
    use super::Processes;
    device_store::conformance_tests!(Processes);

    #[test]
    fn histories() {
        super::random_histories::<Processes>(1_000);
    }
}

mod surviving_power_losses {
    use super::PowerLosses;
    device_store::conformance_tests!(PowerLosses);

    #[test]
    fn histories() {
        super::random_histories::<PowerLosses>(50);
    }
}

/// What the registry's public operations promise when writers race.
mod through_the_registry {
    use device_registry::conformance;
    use device_store::conformance::Place as _;

    use super::PowerLosses;

    const CHANGES_KEPT: u64 = 1_000;

    #[test]
    fn sixteen_writers_lose_no_addition() {
        let place = PowerLosses::default();
        conformance::additions_are_never_lost(place.open(CHANGES_KEPT), 16, 100);
    }

    #[test]
    fn sixty_four_writers_on_one_key_see_no_error() {
        let place = PowerLosses::default();
        conformance::additions_are_never_lost(place.open(CHANGES_KEPT), 64, 20);
    }

    #[test]
    fn one_of_many_writers_wins_a_revision() {
        let place = PowerLosses::default();
        conformance::one_writer_wins_a_revision(place.open(CHANGES_KEPT), 32, 50);
    }

    #[test]
    fn a_reset_is_seen_whole() {
        let place = PowerLosses::default();
        conformance::a_reset_is_seen_whole(place.open(CHANGES_KEPT), 200);
    }
}
