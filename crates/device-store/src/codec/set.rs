//! Records of sets and aliases.

use bincode::{BorrowDecode, Encode};
use device_core::device::MessageDigest;
use device_core::{
    Cold, Device, DeviceId, DeviceName, DeviceSet, Facts, OathFacts, Owner, PushFacts, Refreshes,
    Revision, Secret, Skip, UserId, Username,
};

use super::{DecodeError, body, encode, open};

#[derive(Encode, BorrowDecode)]
struct SetBody<'a> {
    username: &'a str,
    user_id: &'a str,
    skip: u8,
    devices: Vec<DeviceBody<'a>>,
}

#[derive(Encode, BorrowDecode)]
struct DeviceBody<'a> {
    id: &'a str,
    revision: u64,
    created_ms: u64,
    last_access_ms: u64,
    name: &'a str,
    facts: FactsBody<'a>,
    cold: &'a str,
}

#[derive(Encode, BorrowDecode)]
enum FactsBody<'a> {
    Oath {
        counter: Option<u64>,
        last_login_seconds: Option<u64>,
        clock_drift_seconds: Option<i64>,
    },
    Push {
        mechanism_uid: Option<&'a str>,
        shared_secret: Option<&'a str>,
        device_token: Option<&'a str>,
        device_type: Option<&'a str>,
        communication_type: Option<&'a str>,
        current: Option<MessageDigest>,
        retired: Vec<MessageDigest>,
        issued_at_seconds: Option<u64>,
    },
    WebAuthn {
        credential_id: &'a str,
        sign_count: Option<u64>,
    },
    Binding {
        device_id: &'a str,
        sign_count: Option<u64>,
    },
    Profile {
        last_selected_ms: Option<u64>,
    },
    Trusted {
        selection_counter: Option<u64>,
        last_selected_ms: Option<u64>,
    },
}

/// The record of a set under `key`. A set without an owner was never stored and has no record: `None`.
#[must_use]
pub fn encode_set(key: &[u8], set: &DeviceSet) -> Option<Vec<u8>> {
    let owner = set.owner.as_ref()?;
    let set_body = SetBody {
        username: owner.username.as_str(),
        user_id: owner.user_id.as_str(),
        skip: set.skip.number(),
        devices: set.devices.iter().map(device_body).collect(),
    };
    /// Names and facts of a usual device, and the owner.
    const DEVICE_BYTES: usize = 512;
    let cold_bytes: usize = set.devices.iter().map(|device| device.cold.expose().len()).sum();
    let body_bytes = cold_bytes + (set.devices.len() + 1) * DEVICE_BYTES;
    Some(encode(key, set.revision.to_record(), &set_body, body_bytes))
}

/// The set in a record.
///
/// # Errors
/// [`DecodeError`]; never a set that differs from the one that was written.
pub fn decode_set(key: &[u8], record: &[u8]) -> Result<DeviceSet, DecodeError> {
    let (revision, bytes) = open(key, record)?;
    let set: SetBody<'_> = body(bytes)?;
    let owner = Owner {
        username: Username::parse(set.username).map_err(|_| DecodeError::Body)?,
        user_id: UserId::parse(set.user_id).map_err(|_| DecodeError::Body)?,
    };
    Ok(DeviceSet {
        revision: Revision::from_record(revision),
        owner: Some(owner),
        skip: Skip::from_number(set.skip).ok_or(DecodeError::Body)?,
        devices: set
            .devices
            .into_iter()
            .map(device)
            .collect::<Option<_>>()
            .ok_or(DecodeError::Body)?,
    })
}

/// The revision in the header of a set's record, after its checksum was checked.
///
/// # Errors
/// [`DecodeError`].
pub fn set_revision(key: &[u8], record: &[u8]) -> Result<Revision, DecodeError> {
    open(key, record).map(|(revision, _)| Revision::from_record(revision))
}

/// The record of an alias under `key`: the username as it was given.
#[must_use]
pub fn encode_alias(key: &[u8], username: &Username) -> Vec<u8> {
    encode(key, 0, &username.as_str(), username.as_str().len() + 1)
}

/// The username in the record of an alias.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_alias(key: &[u8], record: &[u8]) -> Result<Username, DecodeError> {
    let username: &str = body(open(key, record)?.1)?;
    Username::parse(username).map_err(|_| DecodeError::Body)
}

/// Bytes of memory a set takes in a cache, counted rather high. The texts of a set are as long in memory as in its record, so the record's length stands for
/// them all and nothing has to be walked through.
#[must_use]
pub fn memory_bytes(set: &DeviceSet, record_bytes: usize) -> u64 {
    /// Key, reference counts and the cache's own entry.
    const ENTRY_BYTES: usize = 256;
    /// The device and about five of its texts, each with an allocation and its header.
    const ALLOCATIONS_BYTES: usize = 6 * 16;
    let device_bytes = size_of::<Device>() + ALLOCATIONS_BYTES;
    (ENTRY_BYTES + record_bytes + set.devices.len() * device_bytes) as u64
}

fn device_body(device: &Device) -> DeviceBody<'_> {
    DeviceBody {
        id: device.id.as_str(),
        revision: device.revision.to_record(),
        created_ms: device.created_ms,
        last_access_ms: device.last_access_ms,
        name: device.name.as_str(),
        facts: facts_body(&device.facts),
        cold: device.cold.expose(),
    }
}

fn device(body: DeviceBody<'_>) -> Option<Device> {
    Some(Device {
        id: DeviceId::parse(body.id).ok()?,
        revision: Revision::from_record(body.revision),
        created_ms: body.created_ms,
        last_access_ms: body.last_access_ms,
        name: DeviceName::parse(body.name).ok()?,
        facts: facts(body.facts),
        cold: Cold::from_checked(body.cold),
    })
}

fn facts_body(facts: &Facts) -> FactsBody<'_> {
    match facts {
        Facts::Oath(OathFacts { counter, last_login_seconds, clock_drift_seconds }) => {
            FactsBody::Oath {
                counter: *counter,
                last_login_seconds: *last_login_seconds,
                clock_drift_seconds: *clock_drift_seconds,
            }
        }
        Facts::Push(push) => FactsBody::Push {
            mechanism_uid: push.mechanism_uid.as_deref(),
            shared_secret: push.shared_secret.as_ref().map(Secret::expose),
            device_token: push.device_token.as_deref(),
            device_type: push.device_type.as_deref(),
            communication_type: push.communication_type.as_deref(),
            current: push.refreshes.current,
            retired: push.refreshes.retired.clone(),
            issued_at_seconds: push.refreshes.issued_at_seconds,
        },
        Facts::WebAuthn { credential_id, sign_count } => {
            FactsBody::WebAuthn { credential_id, sign_count: *sign_count }
        }
        Facts::Binding { device_id, sign_count } => {
            FactsBody::Binding { device_id, sign_count: *sign_count }
        }
        Facts::Profile { last_selected_ms } => {
            FactsBody::Profile { last_selected_ms: *last_selected_ms }
        }
        Facts::Trusted { selection_counter, last_selected_ms } => FactsBody::Trusted {
            selection_counter: *selection_counter,
            last_selected_ms: *last_selected_ms,
        },
    }
}

fn facts(body: FactsBody<'_>) -> Facts {
    match body {
        FactsBody::Oath { counter, last_login_seconds, clock_drift_seconds } => {
            Facts::Oath(OathFacts { counter, last_login_seconds, clock_drift_seconds })
        }
        FactsBody::Push {
            mechanism_uid,
            shared_secret,
            device_token,
            device_type,
            communication_type,
            current,
            retired,
            issued_at_seconds,
        } => Facts::Push(PushFacts {
            mechanism_uid: mechanism_uid.map(Into::into),
            shared_secret: shared_secret.map(Secret::copied),
            device_token: device_token.map(Into::into),
            device_type: device_type.map(Into::into),
            communication_type: communication_type.map(Into::into),
            refreshes: Refreshes { current, retired, issued_at_seconds },
        }),
        FactsBody::WebAuthn { credential_id, sign_count } => {
            Facts::WebAuthn { credential_id: credential_id.into(), sign_count }
        }
        FactsBody::Binding { device_id, sign_count } => {
            Facts::Binding { device_id: device_id.into(), sign_count }
        }
        FactsBody::Profile { last_selected_ms } => Facts::Profile { last_selected_ms },
        FactsBody::Trusted { selection_counter, last_selected_ms } => {
            Facts::Trusted { selection_counter, last_selected_ms }
        }
    }
}
