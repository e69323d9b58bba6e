//! What can be wrong, in words for the person who runs the store. None of them quotes a secret.

use device_core::{DeviceId, Revision, SetKey, UserId, Username};
use device_store::{Cursor, StoreError};

/// Something damaged, or something that contradicts something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A record cannot be read.
    #[error("{0}")]
    Damaged(StoreError),
    /// A set is not as it should be.
    #[error("{key}: {wrong}")]
    Set {
        /// Which.
        key: SetKey,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// A change says what no change can say.
    #[error("change {cursor}, {key}: {what}")]
    Change {
        /// Which.
        cursor: Cursor,
        /// The set it speaks of.
        key: SetKey,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The changes behind a damaged one cannot be read.
    #[error("the change log ends at a damaged change: sets were not compared with it")]
    LogCutOff,
}

/// What is wrong with a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is stored and has no owner or no revision.
    #[error("it is stored as a set that was never stored, without an owner or a revision")]
    NeverStored,
    /// It is under the key of somebody else.
    #[error("it is the set of `{0}`")]
    OtherKey(Username),
    /// The user's other sets have another owner.
    #[error("another set of the user belongs to the id `{0}`")]
    OwnerOfAnother(UserId),
    /// The id of the owner leads nowhere.
    #[error("the id of its owner, `{0}`, leads to nobody")]
    NoAlias(UserId),
    /// The id of the owner leads to somebody else.
    #[error("the id of its owner, `{0}`, leads to `{1}`")]
    AliasOfAnother(UserId, Username),
    /// More devices than a set may have.
    #[error("it has {0} devices, more than a set may have")]
    TooMany(usize),
    /// Two devices have one id.
    #[error("it has several devices `{0}`")]
    SameId(DeviceId),
    /// A device was changed after its set.
    #[error("device `{0}` is of a later revision than its set")]
    LaterDevice(DeviceId),
    /// A device has what rules read of another kind.
    #[error("device `{0}` is one of another kind")]
    OtherKind(DeviceId),
    /// The profile of a device is no profile.
    #[error("device `{0}` cannot be read back: {1}")]
    Unreadable(DeviceId, String),
    /// It has a skip setting, and its kind has none.
    #[error("it has a skip setting, which its kind has not")]
    Skip,
    /// The newest change made it another revision.
    #[error(
        "it is at revision {is}, and its newest change, {cursor}, is that of revision {should}"
    )]
    OtherRevision {
        /// Its revision.
        is: Revision,
        /// That of the change.
        should: Revision,
        /// The change.
        cursor: Cursor,
    },
    /// A change stored it, and it is not there.
    #[error("it is not there, and its newest change, {0}, stored it")]
    Missing(Cursor),
    /// It should be gone.
    #[error("it is there, and its newest change, {0}, purged it")]
    Purged(Cursor),
    /// A device is not as its newest change left it.
    #[error("device `{id}` is not as its newest change, {cursor}, left it: {what}")]
    NotAsChanged {
        /// The device.
        id: DeviceId,
        /// The change.
        cursor: Cursor,
        /// How not.
        what: &'static str,
    },
    /// The skip setting is not as the newest change left it.
    #[error("the skip setting is not as its newest change, {0}, left it")]
    SkipNotAsChanged(Cursor),
}
