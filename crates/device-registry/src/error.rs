//! Why an operation did not happen. Status codes are the business of whoever answers.

use device_core::rules::RefreshRefused;
use device_core::{DeviceKind, NameError, Refusal};
use device_store::StoreError;

use crate::authorise::Denied;

/// Why an operation did not happen. Nothing has changed, except perhaps after [`StoreError::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A rule refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The refresh message was refused.
    #[error(transparent)]
    RefreshRefused(#[from] RefreshRefused),
    /// The kind does not have the operation, or the policy has switched it off.
    #[error("{kind} devices cannot be asked to {operation}")]
    Unsupported {
        /// Which kind.
        kind: DeviceKind,
        /// What was asked.
        operation: &'static str,
    },
    /// The username or user id belongs to somebody else already.
    #[error("the name `{0}` belongs to another user")]
    NameTaken(Box<str>),
    /// A name is not valid.
    #[error("a name {0}")]
    BadName(#[from] NameError),
    /// Other processes changed the set each time; worth another try.
    #[error("the set changes too fast")]
    Contended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
