//! The memory store passes the suite.

use device_store::MemoryStore;
use device_store::conformance::{Place, random_histories};

#[derive(Default)]
struct InMemory;

impl Place for InMemory {
    type Store = MemoryStore;
    const PERSISTS: bool = false;

    fn open(&self, changes_kept: u64) -> MemoryStore {
        MemoryStore::with_changes_kept(changes_kept)
    }
}

device_store::conformance_tests!(InMemory);

#[test]
fn random_histories_are_as_the_model_says() {
    random_histories::<InMemory>(1_000);
}
