//! What a store of device sets owes its callers.
//!
//! A store does two things with a set: it loads one, and it swaps one in if its revision is still the one that was read. All rules are pure functions
//! above it (`device-core`), so every rule is atomic on every engine that can do *one atomic batch, conditional on one key's revision*.
//!
//! * [`DeviceStore`] is the trait; its documentation is the contract, edge by edge.
//! * [`MemoryStore`] keeps everything in memory: for tests, demonstrations, and as the model of all others.
//! * [`codec`] turns sets, aliases and changes into checksummed records, for all persistent stores alike.
//! * `conformance` (feature of that name) is the suite that every backend runs.
//! * `group_commit` (feature `embedded`) is what persistent stores have in front of their engine: one thread that writes, and one wait for the disk for all who wait.
//!
//! ```
//! use device_core::{DeviceKind, DeviceSet, Realm, Revision, SetKey, Username};
//! use device_store::{DeviceStore, MemoryStore};
//!
//! # futures_executor::block_on(async {
//! let store = MemoryStore::default();
//! let key = SetKey::new(&Realm::parse("/alpha")?, &Username::parse("bjensen")?, DeviceKind::Push);
//! assert_eq!(store.load(&key).await?.revision, Revision::NONE, "an unknown set is empty, not an error");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

pub mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "embedded")]
pub mod folder;
#[cfg(feature = "embedded")]
pub mod group_commit;
mod memory;
mod store;

pub use memory::MemoryStore;
pub use store::{
    CHANGES_KEPT_DEFAULT, ChangePage, Cursor, DeviceStore, Entry, PAGE_MAX, Page, Purged,
    SequencedChange, StoreError, Swap, check_purge, check_swap,
};
