//! The promises under racing writers.

use device_registry::conformance;
use device_store::MemoryStore;

#[test]
fn sixteen_writers_lose_no_addition() {
    conformance::additions_are_never_lost(MemoryStore::default(), 16, 100);
}

#[test]
fn sixty_four_writers_on_one_key_see_no_error() {
    conformance::additions_are_never_lost(MemoryStore::default(), 64, 20);
}

#[test]
fn one_of_many_writers_wins_a_revision() {
    conformance::one_writer_wins_a_revision(MemoryStore::default(), 32, 50);
}

#[test]
fn a_reset_is_seen_whole() {
    conformance::a_reset_is_seen_whole(MemoryStore::default(), 1_000);
}
