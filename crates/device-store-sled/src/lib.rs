//! A persistent store of device sets on sled, with durable acknowledgement and durable-before-visible reads.
//!
//! [`SledStore::open`] takes a folder and [`Options`]; what comes out is a [`device_store::DeviceStore`] like any other.
//!
//! ```
//! use device_core::{DeviceKind, Realm, Revision, SetKey, Username};
//! use device_store::DeviceStore;
//! use device_store_sled::{Options, SledStore};
//!
//! # futures_executor::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! let store = SledStore::open(folder.path(), Options::default())?;
//! let key = SetKey::new(&Realm::parse("/alpha")?, &Username::parse("bjensen")?, DeviceKind::Push);
//! assert_eq!(store.load(&key).await?.revision, Revision::NONE);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # How a write goes
//! Writers share disk waits by [`device_store::group_commit`]: a swap is put into a bounded queue, and one committer thread takes what waits there, checks each request against the
//! current set, gives the winners with their aliases and changes to `writer.rs` as one batch, and wakes each waiter. The writer keeps for readers what the batch replaces (`visible.rs`),
//! writes the batch atomically (`engine.rs`), makes it durable (`durable.rs`) and shows it (`visible.rs` again). Losing costs no I/O.
//!
//! # How a read goes
//! From the cache of decoded sets, or from sled and then past the table of what is in flight (`visible.rs`). Reads never wait for a sync: their futures are ready at once.
//!
//! # Limits to know
//! * sled's own cache ([`Options::engine_cache_bytes`]) should hold the data: a read beyond it costs several times as much.
//! * sled's files grow under updates that keep hitting the same users, faster the more changes are kept. Plan disk for several times the data, and trim changes early.
//! * A commit waits for the disk twice: once in sled, once in the sync that survives power loss, which sled's own flush does not.
//! * Records beyond 4 KiB are stored in parts, which costs a look-up more for each read of sled.
//! * sled reuses segments of its file before what replaced them is durable. The segments are so large (16 MiB) that no commit reaches that; even a small store takes some of them on disk.
//!   `docs/power-loss.md` says what was tried and seen. Export regularly.

mod commit;
mod durable;
mod engine;
mod error;
mod folder;
mod keys;
mod open;
mod options;
mod parts;
mod store;
mod visible;
mod watch;
mod writer;

pub use device_store::group_commit::WAITING_MAX;
pub use durable::SyncPoint;
pub use error::OpenError;
pub use options::{
    CACHE_BYTES_DEFAULT, Durability, ENGINE_CACHE_BYTES_DEFAULT, ENGINE_CACHE_BYTES_MIN, Options,
};
pub use store::SledStore;
