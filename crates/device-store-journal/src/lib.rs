//! A persistent store of device sets on an append-only journal and a directory of keys in memory.

mod change_log;
mod compact;
mod create;
mod directory;
mod error;
mod files;
mod format;
mod handover;
mod index;
mod journal;
mod open;
mod options;
mod recover;
mod scan;
mod segment;
#[cfg(feature = "simulation")]
pub mod simulation;
mod store;
mod sync;
mod thread;
mod upkeep;
mod window;
mod writer;

pub use error::OpenError;
pub use files::{Files, JournalFile, RealFiles};
pub use options::{
    CACHE_BYTES_DEFAULT, Options, SEGMENT_BYTES_MAX_DEFAULT, SEGMENT_BYTES_MIN_DEFAULT,
};
pub use store::{JournalStore, Usage};
