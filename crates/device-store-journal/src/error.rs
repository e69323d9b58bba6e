//! Why a journal could not be opened, and how damage is told.

use std::fmt::Display;
use std::io;

use device_store::StoreError;
use device_store::folder::TakeError;

/// Why a store could not be opened. Nothing in the folder was harmed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be taken.
    #[error(transparent)]
    Folder(#[from] TakeError),
    /// The folder holds something else than a journal.
    #[error(
        "the folder holds `{name}`, which is not a journal's; name an empty folder or that of a journal"
    )]
    Foreign {
        /// What is there.
        name: Box<str>,
    },
    /// A file could not be read, written or synced.
    #[error("the journal cannot be opened: {0}")]
    Io(#[from] io::Error),
    /// A segment is not as it was written. The store stays closed: opened without it, old states would pass for current ones.
    #[error(
        "`{segment}` is damaged: {reason}; restore the folder from a snapshot, or import the last export into a new store"
    )]
    Damaged {
        /// The name of the file.
        segment: String,
        /// What is wrong with it.
        reason: Box<str>,
    },
}

impl OpenError {
    /// Whether somebody else has the store open: worth another try later.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Folder(TakeError::InUse(_)))
    }
}

/// A damaged segment.
pub(crate) fn damaged_segment(segment: String, reason: impl Display) -> OpenError {
    OpenError::Damaged { segment, reason: reason.to_string().into() }
}

/// A record that cannot be read.
pub(crate) fn damaged(what: impl Display, reason: impl Display) -> StoreError {
    StoreError::Damaged { what: what.to_string().into(), reason: reason.to_string().into() }
}
