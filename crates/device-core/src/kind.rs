//! The six device kinds and the table of what each may do.
//!
//! To add a kind: a variant, a row in [`TABLE`], and a variant of [`crate::Facts`] if rules read something of its own.
//! Sources: the seed documents for oath, push, webauthn and binding; `am-behaviour.md` 2.1, 2.2 and 2.7 for member names and their order.

use std::fmt;
use std::sync::LazyLock;

/// A kind of registered device. All devices of one user and one kind form one [`crate::DeviceSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DeviceKind {
    /// One-time password generators (HOTP, TOTP).
    Oath = 1,
    /// Phones that confirm a push message.
    Push = 2,
    /// Passkeys and security keys.
    WebAuthn = 3,
    /// Phones whose key is bound to a user's profile.
    Binding = 4,
    /// Collected facts about a device (`devices/profile`).
    Profile = 5,
    /// Trusted browsers by device print (`devices/trusted`).
    Trusted = 6,
}

/// Whether a kind has an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Always.
    Yes,
    /// Only where the deployment's policy switches it on; the documents contradict each other here.
    IfConfigured,
    /// Never: 501 on the wire.
    No,
}

/// One row of the table of kinds.
#[derive(Debug)]
pub struct KindRow {
    /// Which kind.
    pub kind: DeviceKind,
    /// Its name in configuration, interchange lines and logs.
    pub name: &'static str,
    /// Its path below `/users/{user}/devices/`.
    pub collection: &'static str,
    /// Whether devices can be renamed.
    pub rename: Support,
    /// Whether all devices of a user can be removed by one request.
    pub reset: Support,
    /// Whether the kind has the skip setting, with its actions `skip` and `check`.
    pub skip: bool,
    /// The member that identifies a device.
    pub id_member: &'static str,
    /// The member that holds the device's name.
    pub name_member: &'static str,
    /// The name of a device whose profile has none.
    pub default_name: &'static str,
    /// All documented members of the stored profile, in the order in which answers and exports show them.
    pub members: &'static [Member],
    /// The members a list shows after `_id` and `_rev`, in order.
    pub listed: &'static [&'static str],
    /// Whether a list entry ends with `deviceManagementStatus`.
    pub managed: bool,
}

/// One member of a stored profile.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name in JSON.
    pub name: &'static str,
    /// Where a [`crate::Device`] keeps it.
    pub source: Source,
    /// What of it must be hidden.
    pub secret: Hidden,
    /// The JSON text answers show where nothing is stored; exports leave such a member out.
    pub answer_default: Option<&'static str>,
}

/// Where a device keeps a member of its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// [`crate::Device::id`]
    Id,
    /// [`crate::Device::name`]
    Name,
    /// [`crate::Device::created_ms`]
    Created,
    /// [`crate::Device::last_access_ms`]
    LastAccess,
    /// [`crate::Device::facts`]
    Fact,
    /// [`crate::Device::cold`]
    Cold,
}

/// What of a member must be hidden where secrets are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Nothing.
    Nothing,
    /// All of it: an empty string is shown.
    Text,
    /// Recovery codes that are not hashed.
    RecoveryCodes,
}

const fn member(name: &'static str, source: Source) -> Member {
    Member { name, source, secret: Hidden::Nothing, answer_default: None }
}
const fn cold(name: &'static str) -> Member {
    member(name, Source::Cold)
}
const fn fact(name: &'static str) -> Member {
    member(name, Source::Fact)
}
const fn shown(member: Member, answer_default: &'static str) -> Member {
    Member { answer_default: Some(answer_default), ..member }
}
const fn secret(member: Member) -> Member {
    Member { secret: Hidden::Text, ..member }
}
const UUID: Member = member("uuid", Source::Id);
const NAME: Member = member("deviceName", Source::Name);
const CREATED: Member = member("createdDate", Source::Created);
const LAST_ACCESS: Member = member("lastAccessDate", Source::LastAccess);
const SIGN_COUNT: Member = shown(fact("signCount"), "0");
const RECOVERY_CODES: Member = Member {
    name: "recoveryCodes",
    source: Source::Cold,
    secret: Hidden::RecoveryCodes,
    answer_default: Some("[]"),
};

/// The table of kinds, in the order of [`DeviceKind::ALL`].
pub static TABLE: [KindRow; 6] = [
    KindRow {
        kind: DeviceKind::Oath,
        name: "oath",
        collection: "2fa/oath",
        rename: Support::IfConfigured,
        reset: Support::Yes,
        skip: true,
        id_member: "uuid",
        name_member: "deviceName",
        default_name: "OATH Device",
        members: &[
            UUID,
            RECOVERY_CODES,
            CREATED,
            LAST_ACCESS,
            secret(cold("sharedSecret")),
            NAME,
            fact("lastLogin"),
            fact("counter"),
            cold("checksumDigit"),
            cold("truncationOffset"),
            fact("clockDriftSeconds"),
        ],
        listed: &["createdDate", "lastAccessDate", "deviceName", "uuid"],
        managed: true,
    },
    KindRow {
        kind: DeviceKind::Push,
        name: "push",
        collection: "2fa/push",
        rename: Support::IfConfigured,
        reset: Support::Yes,
        skip: true,
        id_member: "uuid",
        name_member: "deviceName",
        default_name: "Push Device",
        members: &[
            UUID,
            RECOVERY_CODES,
            CREATED,
            LAST_ACCESS,
            secret(fact("sharedSecret")),
            NAME,
            cold("communicationId"),
            fact("communicationType"),
            fact("deviceId"),
            fact("deviceMechanismUID"),
            fact("deviceType"),
            cold("issuer"),
        ],
        listed: &["createdDate", "lastAccessDate", "deviceName", "uuid"],
        managed: true,
    },
    KindRow {
        kind: DeviceKind::WebAuthn,
        name: "webauthn",
        collection: "2fa/webauthn",
        rename: Support::Yes,
        reset: Support::No,
        skip: false,
        id_member: "uuid",
        name_member: "deviceName",
        default_name: "New Security Key",
        members: &[
            UUID,
            RECOVERY_CODES,
            CREATED,
            LAST_ACCESS,
            fact("credentialId"),
            cold("algorithm"),
            NAME,
            SIGN_COUNT,
            cold("key"),
        ],
        listed: &["createdDate", "lastAccessDate", "credentialId", "deviceName", "uuid"],
        managed: true,
    },
    KindRow {
        kind: DeviceKind::Binding,
        name: "binding",
        collection: "2fa/binding",
        rename: Support::Yes,
        reset: Support::IfConfigured,
        skip: false,
        id_member: "uuid",
        name_member: "deviceName",
        default_name: "Bound Device",
        members: &[
            UUID,
            RECOVERY_CODES,
            CREATED,
            LAST_ACCESS,
            fact("deviceId"),
            NAME,
            SIGN_COUNT,
            cold("key"),
        ],
        listed: &["createdDate", "lastAccessDate", "deviceId", "deviceName", "uuid"],
        managed: true,
    },
    KindRow {
        kind: DeviceKind::Profile,
        name: "profile",
        collection: "profile",
        rename: Support::Yes,
        reset: Support::No,
        skip: false,
        id_member: "identifier",
        name_member: "alias",
        default_name: "Device Profile",
        members: &[
            member("identifier", Source::Id),
            shown(cold("metadata"), "{}"),
            cold("location"),
            shown(fact("lastSelectedDate"), "0"),
            member("alias", Source::Name),
            RECOVERY_CODES,
        ],
        listed: &[
            "identifier",
            "metadata",
            "location",
            "lastSelectedDate",
            "alias",
            "recoveryCodes",
        ],
        managed: false,
    },
    KindRow {
        kind: DeviceKind::Trusted,
        name: "trusted",
        collection: "trusted",
        rename: Support::No,
        reset: Support::No,
        skip: false,
        id_member: "uuid",
        name_member: "name",
        default_name: "Trusted Device",
        members: &[
            UUID,
            member("name", Source::Name),
            fact("selectionCounter"),
            fact("lastSelectedDate"),
            cold("devicePrint"),
        ],
        listed: &["uuid", "name", "selectionCounter", "lastSelectedDate", "devicePrint"],
        managed: false,
    },
];

impl KindRow {
    /// The members a list shows, found by their names once and not for each device.
    pub(crate) fn listed_members(&self) -> &'static [&'static Member] {
        static LISTED: LazyLock<[Vec<&Member>; TABLE.len()]> = LazyLock::new(|| {
            let found = |row: &'static KindRow| {
                let find = |name| row.members.iter().find(|member| member.name == name);
                row.listed.iter().filter_map(|name| find(*name)).collect()
            };
            TABLE.each_ref().map(found)
        });
        &LISTED[self.kind as usize - 1]
    }
}

impl DeviceKind {
    /// All kinds, in the order in which interchange lines list them.
    pub const ALL: [Self; 6] =
        [Self::Oath, Self::Push, Self::WebAuthn, Self::Binding, Self::Profile, Self::Trusted];

    /// The kind's row of the table.
    #[must_use]
    pub fn row(self) -> &'static KindRow {
        &TABLE[usize::from(self as u8) - 1]
    }

    /// The kind of that name, if there is one. Names are compared exactly.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.kind)
    }

    /// The kind with that number in a store's key, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        TABLE.iter().find(|row| row.kind as u8 == number).map(|row| row.kind)
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.row().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_consistent() {
        for (kind, row) in DeviceKind::ALL.into_iter().zip(&TABLE) {
            assert_eq!(kind, row.kind);
            assert_eq!(kind.row().name, row.name);
            assert_eq!(DeviceKind::named(row.name), Some(kind));
            assert_eq!(DeviceKind::from_number(kind as u8), Some(kind));
            let find = |name: &str| row.members.iter().find(|member| member.name == name);
            assert_eq!(find(row.id_member).unwrap().source, Source::Id);
            assert_eq!(find(row.name_member).unwrap().source, Source::Name);
            assert_eq!(row.listed_members().len(), row.listed.len());
            for listed in row.listed {
                assert_ne!(
                    find(listed).unwrap().secret,
                    Hidden::Text,
                    "{listed} must never be listed"
                );
            }
        }
        assert_eq!(DeviceKind::named("OATH"), None);
        assert_eq!(DeviceKind::from_number(0), None);
    }
}
