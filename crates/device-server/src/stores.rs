//! The stores a server can stand on: the only file that names them.

use std::path::Path;

use device_store::MemoryStore;
use device_store_sled::{Options, SledStore};

/// A store that was opened.
#[derive(Debug)]
pub enum Opened {
    /// Everything in memory.
    Memory(MemoryStore),
    /// sled, in the data folder.
    Sled(SledStore),
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such store.
    #[error("there is no store `{0}`; this version has `sled` and `memory`")]
    NoSuchStore(String),
    /// The store says no.
    #[error(transparent)]
    Sled(#[from] device_store_sled::OpenError),
}

impl OpenError {
    /// Whether another process has the store: worth another try later.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Sled(device_store_sled::OpenError::InUse { .. }))
    }
}

/// Opens the store of that name, in `data` if it lives in files.
///
/// # Errors
/// [`OpenError`], with what to do.
pub fn open(name: &str, data: &Path) -> Result<Opened, OpenError> {
    match name {
        "memory" => Ok(Opened::Memory(MemoryStore::default())),
        "sled" => Ok(Opened::Sled(SledStore::open(data.join("sled"), Options::default())?)),
        _ => Err(OpenError::NoSuchStore(name.to_owned())),
    }
}

/// Does the same with whichever store was opened: `on_store!(opened, |store| ...)`.
#[macro_export]
macro_rules! on_store {
    ($opened:expr, |$store:ident| $body:expr) => {
        match $opened {
            $crate::stores::Opened::Memory($store) => $body,
            $crate::stores::Opened::Sled($store) => $body,
        }
    };
}
