//! A persistent store of device sets on an append-only journal and a directory of keys in memory.
//!
//! [`JournalStore::open`] takes a folder and [`Options`]; what comes out is a [`device_store::DeviceStore`] like any other.
//!
//! ```
//! use device_core::{DeviceKind, Realm, Revision, SetKey, Username};
//! use device_store::DeviceStore;
//! use device_store_journal::{JournalStore, Options};
//!
//! # futures_executor::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! let store = JournalStore::open(folder.path().join("store"), &Options::default())?;
//! let key = SetKey::new(&Realm::parse("/alpha")?, &Username::parse("bjensen")?, DeviceKind::Push);
//! assert_eq!(store.load(&key).await?.revision, Revision::NONE);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # How a write goes
//! A swap waits in a bounded queue. One thread takes what waits there, checks each request against the directory, writes the winners with their aliases and changes as one frame
//! (`writer.rs`), syncs, shows them to readers and wakes each waiter. One write and one sync, however many wait.
//!
//! # How a read goes
//! From the cache of decoded sets; or the directory says where the record is, and one positioned read brings it (`journal.rs`). Reads never wait for a sync: their futures are ready at once.
//!
//! # What grows
//! * Memory: the directory has every key, about 65 bytes a set besides the key; the cache is bounded by [`Options::cache_bytes`].
//! * Files: compaction keeps them below twice the bytes in force, plus some segments (`compact.rs`). A new store takes 4 MiB.
//! * A segment cannot be written to forever: full ones get an index, so that a start need not read them (`index.rs`).
//!
//! # Looking after it
//! [`JournalStore::verify`] reads and compares everything, [`JournalStore::snapshot`] makes a copy of one moment while the store serves, [`JournalStore::usage`] counts, and
//! [`JournalStore::failure`] says why nothing is written any more, should that happen. A store with damage in its journal does not open: see [`OpenError::Damaged`].
//!
//! The layout of the files, and why no crash loses anything, is explained in `ARCHITECTURE.md` and, byte by byte, in `format/mod.rs`.

mod change_log;
mod compact;
mod create;
mod directory;
mod error;
mod files;
mod format;
#[cfg(feature = "simulation")]
pub mod fuzz_target;
#[cfg(all(test, not(shuttle)))]
mod golden;
mod handover;
mod index;
mod journal;
mod open;
mod options;
mod planted;
mod recover;
mod scan;
#[cfg(all(test, shuttle))]
mod schedules;
mod segment;
#[cfg(feature = "simulation")]
pub mod simulation;
mod snapshot;
mod store;
mod sync;
mod thread;
mod upkeep;
mod verify;
mod window;
mod writer;

pub use error::OpenError;
pub use files::{Files, JournalFile, RealFiles};
pub use options::{
    CACHE_BYTES_DEFAULT, Options, SEGMENT_BYTES_MAX_DEFAULT, SEGMENT_BYTES_MIN_DEFAULT,
};
pub use snapshot::Snapshot;
pub use store::{JournalStore, Usage};
pub use verify::Verified;
