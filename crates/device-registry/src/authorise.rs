//! Who may do what: one pure function of caller, operation, user and policy.
//!
//! Sources: `decisions.md` (Who may call, Realms); `am-behaviour.md` 2.8.

use device_core::{DeviceKind, Realm, UserId};
use smol_str::SmolStr;

use crate::policy::{Policy, Strength};
use crate::registry::User;

/// Who asks. Made by whoever verified the token, never from unverified input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody known: no token, or none that was accepted.
    Anonymous,
    /// A user, for its own devices.
    User {
        /// The realm of the token. It is worth nothing in any other, parents and children included.
        realm: Realm,
        /// The token's subject.
        user_id: UserId,
        /// How the user logged in (`amr` of the token), by names of kinds.
        authenticated_with: Vec<Box<str>>,
    },
    /// An administrator, for the devices of all users of its realms.
    Administrator {
        /// The token's subject, for the change log.
        subject: Box<str>,
        /// Exactly the realms it administers: children must be named.
        realms: Vec<Realm>,
        /// Whether it may do more than look.
        may_write: bool,
    },
    /// Somebody who has the store itself in hands: a command on the same machine, or the host server's own journeys.
    Operator {
        /// What the change log calls it.
        name: SmolStr,
    },
}

impl Caller {
    /// What the change log calls the caller.
    #[must_use]
    pub fn actor(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User { user_id, .. } => user_id.as_str(),
            Self::Administrator { subject, .. } => subject,
            Self::Operator { name } => name,
        }
    }
}

/// What a caller wants to do with a user's devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// List the devices of a kind.
    List,
    /// Read one device.
    Read,
    /// Ask whether the kind may be skipped at login.
    Check,
    /// Say whether the kind may be skipped at login.
    Skip,
    /// Rename one device.
    Rename,
    /// Delete one device.
    Delete,
    /// Delete all devices of a kind.
    Reset,
    /// Register a device.
    Enrol,
    /// Record that a device was used.
    RecordUse,
    /// Bring whole sets in.
    Restore,
    /// Forget everything of a user.
    Purge,
}

impl Operation {
    /// All operations, for tables and tests.
    pub const ALL: [Self; 11] = [
        Self::List,
        Self::Read,
        Self::Check,
        Self::Skip,
        Self::Rename,
        Self::Delete,
        Self::Reset,
        Self::Enrol,
        Self::RecordUse,
        Self::Restore,
        Self::Purge,
    ];

    fn only_looks(self) -> bool {
        matches!(self, Self::List | Self::Read | Self::Check)
    }

    /// Users do these to their own devices; all others belong to administrators.
    fn is_self_service(self) -> bool {
        !matches!(self, Self::Enrol | Self::RecordUse | Self::Restore | Self::Purge)
    }

    /// What a stolen session must not do: make a factor go away, or pass one device for another.
    fn needs_strength(self) -> bool {
        matches!(self, Self::Rename | Self::Delete | Self::Reset)
    }
}

/// Why a caller may not. The answer does not depend on whether the user exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody knows who asks.
    #[error("Access Denied")]
    Unauthenticated,
    /// Somebody else's devices, another realm, or an operation of administrators.
    #[error("User not permitted.")]
    Forbidden,
    /// An administrator who may only look.
    #[error("the token's scope allows only reading")]
    ReadOnly,
    /// The session was not opened with a factor the policy asks for.
    #[error("User not permitted.")]
    TooWeak,
}

/// Whether `caller` may do `operation` with the devices of `user`.
///
/// # Errors
/// [`Denied`].
pub fn authorise(
    caller: &Caller,
    operation: Operation,
    user: &User,
    kind: Option<DeviceKind>,
    policy: &Policy,
) -> Result<(), Denied> {
    match caller {
        Caller::Anonymous => Err(Denied::Unauthenticated),
        Caller::Operator { .. } => Ok(()),
        Caller::Administrator { realms, may_write, .. } => {
            if !realms.contains(&user.realm) {
                return Err(Denied::Forbidden);
            }
            if operation.only_looks() || *may_write { Ok(()) } else { Err(Denied::ReadOnly) }
        }
        Caller::User { realm, user_id, authenticated_with } => {
            let own = *realm == user.realm && user_id.matches(user.user_id.as_str());
            if !own || !operation.is_self_service() {
                return Err(Denied::Forbidden);
            }
            if operation.needs_strength()
                && !is_strong_enough(policy.strength, authenticated_with, kind)
            {
                return Err(Denied::TooWeak);
            }
            Ok(())
        }
    }
}

/// `deviceManagementStatus` of a list: for users whether delete and rename would be allowed to their session, for administrators always false.
#[must_use]
pub fn may_manage(caller: &Caller, user: &User, kind: DeviceKind, policy: &Policy) -> bool {
    matches!(caller, Caller::User { .. })
        && authorise(caller, Operation::Delete, user, Some(kind), policy).is_ok()
}

fn is_strong_enough(
    strength: Strength,
    authenticated_with: &[Box<str>],
    kind: Option<DeviceKind>,
) -> bool {
    let with =
        |kind: DeviceKind| authenticated_with.iter().any(|factor| **factor == *kind.row().name);
    match strength {
        Strength::None => true,
        Strength::Any => DeviceKind::ALL.into_iter().filter(|kind| kind.row().managed).any(with),
        Strength::Same => kind.is_some_and(with),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(path: &str) -> Realm {
        Realm::parse(path).unwrap()
    }

    fn own(realm_path: &str, name: &str, factors: &[&str]) -> Caller {
        Caller::User {
            realm: realm(realm_path),
            user_id: UserId::parse(name).unwrap(),
            authenticated_with: factors.iter().map(|factor| (*factor).into()).collect(),
        }
    }

    fn administrator(realms: &[&str], may_write: bool) -> Caller {
        Caller::Administrator {
            subject: "admin".into(),
            realms: realms.iter().map(|path| realm(path)).collect(),
            may_write,
        }
    }

    /// Every caller with every operation on bjensen's devices in `/alpha`: which are allowed, and why the others are not.
    #[test]
    fn the_table() {
        use Operation as O;
        let look = [O::List, O::Read, O::Check];
        let self_service = [O::List, O::Read, O::Check, O::Skip, O::Rename, O::Delete, O::Reset];
        let user = User { realm: realm("/alpha"), user_id: UserId::parse("bjensen").unwrap() };
        let rows: [(Caller, &[O], Denied); 12] = [
            (Caller::Anonymous, &[], Denied::Unauthenticated),
            (Caller::Operator { name: "import".into() }, &O::ALL, Denied::Forbidden),
            (administrator(&["/alpha"], true), &O::ALL, Denied::Forbidden),
            (administrator(&["/beta", "/alpha"], true), &O::ALL, Denied::Forbidden),
            (administrator(&["/alpha"], false), &look, Denied::ReadOnly),
            (administrator(&["/"], true), &[], Denied::Forbidden),
            (administrator(&["/alpha/child"], true), &[], Denied::Forbidden),
            (administrator(&[], true), &[], Denied::Forbidden),
            (own("/alpha", "BJensen", &[]), &self_service, Denied::Forbidden),
            (own("/alpha", "scarter", &[]), &[], Denied::Forbidden),
            (own("/", "bjensen", &[]), &[], Denied::Forbidden),
            (own("/alpha/child", "bjensen", &[]), &[], Denied::Forbidden),
        ];
        for (caller, allowed, reason) in rows {
            for operation in O::ALL {
                let expected = if allowed.contains(&operation) { Ok(()) } else { Err(reason) };
                let answer = authorise(
                    &caller,
                    operation,
                    &user,
                    Some(DeviceKind::Push),
                    &Policy::default(),
                );
                assert_eq!(answer, expected, "{caller:?} {operation:?}");
            }
        }
    }

    #[test]
    fn session_strength_guards_what_makes_a_factor_go_away() {
        let user = User { realm: realm("/alpha"), user_id: UserId::parse("bjensen").unwrap() };
        for (strength, factors, allowed) in [
            (Strength::None, &[][..], true),
            (Strength::Any, &[], false),
            (Strength::Any, &["oath"], true),
            (Strength::Any, &["pwd"], false),
            (Strength::Same, &["oath"], false),
            (Strength::Same, &["oath", "push"], true),
        ] {
            let policy = Policy { strength, ..Policy::default() };
            let caller = own("/alpha", "bjensen", factors);
            for operation in [Operation::Rename, Operation::Delete, Operation::Reset] {
                let answer = authorise(&caller, operation, &user, Some(DeviceKind::Push), &policy);
                assert_eq!(
                    answer,
                    if allowed { Ok(()) } else { Err(Denied::TooWeak) },
                    "{strength:?} {factors:?}"
                );
            }
            assert_eq!(may_manage(&caller, &user, DeviceKind::Push, &policy), allowed);
            assert!(
                authorise(&caller, Operation::List, &user, Some(DeviceKind::Push), &policy).is_ok()
            );
            let administrator = administrator(&["/alpha"], true);
            assert!(
                authorise(
                    &administrator,
                    Operation::Delete,
                    &user,
                    Some(DeviceKind::Push),
                    &policy
                )
                .is_ok()
            );
            assert!(!may_manage(&administrator, &user, DeviceKind::Push, &policy));
        }
    }
}
