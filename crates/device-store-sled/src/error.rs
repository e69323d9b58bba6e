//! Why a store could not be opened, and how the engine's errors are told.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use device_store::StoreError;

/// Why a store could not be opened. Nothing in the folder was harmed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Somebody has it open: another process, or this one.
    #[error("the store in `{}` is in use: one process at a time can open it", .folder.display())]
    InUse {
        /// The store's folder.
        folder: PathBuf,
    },
    /// The folder or a file in it could not be made, locked, read or synced.
    #[error("cannot use `{}` as the folder of a store: {error}", .folder.display())]
    Folder {
        /// The store's folder.
        folder: PathBuf,
        /// What the operating system said.
        #[source]
        error: io::Error,
    },
    /// The folder holds something else than a store, or one that another version wrote.
    #[error("`{}` holds {found}; this version reads {expected}", .folder.display())]
    OtherFormat {
        /// The store's folder.
        folder: PathBuf,
        /// What is there.
        found: Box<str>,
        /// What should be there.
        expected: Box<str>,
    },
    /// sled cannot read its files.
    #[error("sled cannot open `{}`: {reason}", .folder.display())]
    Engine {
        /// The store's folder.
        folder: PathBuf,
        /// What sled said.
        reason: Box<str>,
    },
}

/// A record that cannot be read.
pub(crate) fn damaged(what: impl Display, reason: impl Display) -> StoreError {
    StoreError::Damaged { what: what.to_string().into(), reason: reason.to_string().into() }
}

/// A failed read of the record `what`. A page that sled finds damaged is a damaged record; anything else may pass.
pub(crate) fn unread(what: impl Display, error: &sled::Error) -> StoreError {
    match error {
        sled::Error::Corruption { .. } => damaged(what, error),
        _ => StoreError::Unavailable(error.to_string().into()),
    }
}

/// What is said to those who come after the end.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".into())
}
