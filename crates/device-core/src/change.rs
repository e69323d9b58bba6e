//! What one commit did, for the change log: who, when, to which set, which devices.

use smallvec::SmallVec;
use smol_str::SmolStr;
use uuid::Uuid;

use crate::{DeviceId, DeviceKind, DeviceName, Realm, Revision, Skip, Username};

/// One entry of the change log. Committed with the set it speaks of, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Random; a writer whose commit ended in doubt finds out by it.
    pub id: Uuid,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// On whose request: a token's subject, `push-refresh`, `import`, ... Never a secret.
    pub actor: SmolStr,
    /// The request that asked for it, as in the log and the answer's header.
    pub request_id: Option<Box<str>>,
    /// Why, where somebody said so.
    pub reason: Option<Box<str>>,
    /// The user's realm.
    pub realm: Realm,
    /// The user.
    pub username: Username,
    /// What happened.
    pub what: What,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// One set went to a new revision.
    Set {
        /// Which of the user's sets.
        kind: DeviceKind,
        /// The set's revision after the change.
        revision: Revision,
        /// What happened to which device, in the order of the devices.
        devices: DeviceChanges,
        /// The skip setting after the change, if the change set it.
        skip: Option<Skip>,
    },
    /// All sets and the alias of the user were forgotten.
    Purged,
}

/// What a change did to devices. Nearly always to one, which takes no allocation.
pub type DeviceChanges = SmallVec<[DeviceChange; 1]>;

/// What a change did to one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceChange {
    /// Which device.
    pub id: DeviceId,
    /// Its name after the change, or its last one.
    pub name: DeviceName,
    /// What happened to it.
    pub action: Action,
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Action {
    /// Registered.
    Enrolled = 1,
    /// Removed to make room for the one being registered.
    Replaced = 2,
    /// Given another name.
    Renamed = 3,
    /// Removed by itself.
    Deleted = 4,
    /// Removed with all others of its kind.
    Reset = 5,
    /// Its push token changed: whoever sends pushes must renew its end point.
    TokenRefreshed = 6,
    /// A refresh changed something else of it than the token.
    Refreshed = 7,
    /// It was used.
    Used = 8,
    /// One of its recovery codes was consumed.
    RecoveryCodeUsed = 9,
    /// Brought in by an import.
    Imported = 10,
}

impl Action {
    /// All actions, for codecs and tests.
    pub const ALL: [Self; 10] = [
        Self::Enrolled,
        Self::Replaced,
        Self::Renamed,
        Self::Deleted,
        Self::Reset,
        Self::TokenRefreshed,
        Self::Refreshed,
        Self::Used,
        Self::RecoveryCodeUsed,
        Self::Imported,
    ];

    /// The action with that number in a record, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| *action as u8 == number)
    }
}
