//! Records of changes.

use bincode::{BorrowDecode, Encode};
use device_core::{
    Action, Change, DeviceChange, DeviceId, DeviceKind, DeviceName, Realm, Revision, Skip,
    Username, What,
};
use uuid::Uuid;

use super::{DecodeError, body, encode, open};

#[derive(Encode, BorrowDecode)]
struct ChangeBody<'a> {
    id: [u8; 16],
    at_ms: u64,
    actor: &'a str,
    request_id: Option<&'a str>,
    reason: Option<&'a str>,
    realm: &'a str,
    username: &'a str,
    what: WhatBody<'a>,
}

#[derive(Encode, BorrowDecode)]
enum WhatBody<'a> {
    Set { kind: u8, revision: u64, devices: Vec<(&'a str, &'a str, u8)>, skip: Option<u8> },
    Purged,
}

/// The record of a change under `key`.
#[must_use]
pub fn encode_change(key: &[u8], change: &Change) -> Vec<u8> {
    let what = match &change.what {
        What::Set { kind, revision, devices, skip } => WhatBody::Set {
            kind: *kind as u8,
            revision: revision.to_record(),
            devices: devices
                .iter()
                .map(|it| (it.id.as_str(), it.name.as_str(), it.action as u8))
                .collect(),
            skip: skip.map(Skip::number),
        },
        What::Purged => WhatBody::Purged,
    };
    let change_body = ChangeBody {
        id: *change.id.as_bytes(),
        at_ms: change.at_ms,
        actor: &change.actor,
        request_id: change.request_id.as_deref(),
        reason: change.reason.as_deref(),
        realm: change.realm.as_str(),
        username: change.username.as_str(),
        what,
    };
    /// A usual change of one device.
    const BODY_BYTES: usize = 384;
    encode(key, 0, &change_body, BODY_BYTES)
}

/// The change in a record.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_change(key: &[u8], record: &[u8]) -> Result<Change, DecodeError> {
    let change: ChangeBody<'_> = body(open(key, record)?.1)?;
    read(change).ok_or(DecodeError::Body)
}

fn read(change: ChangeBody<'_>) -> Option<Change> {
    let what = match change.what {
        WhatBody::Set { kind, revision, devices, skip } => What::Set {
            kind: DeviceKind::from_number(kind)?,
            revision: Revision::from_record(revision),
            devices: devices.into_iter().map(device_change).collect::<Option<_>>()?,
            skip: match skip {
                Some(number) => Some(Skip::from_number(number)?),
                None => None,
            },
        },
        WhatBody::Purged => What::Purged,
    };
    Some(Change {
        id: Uuid::from_bytes(change.id),
        at_ms: change.at_ms,
        actor: change.actor.into(),
        request_id: change.request_id.map(Into::into),
        reason: change.reason.map(Into::into),
        realm: Realm::parse(change.realm).ok()?,
        username: Username::parse(change.username).ok()?,
        what,
    })
}

fn device_change((id, name, action): (&str, &str, u8)) -> Option<DeviceChange> {
    Some(DeviceChange {
        id: DeviceId::parse(id).ok()?,
        name: DeviceName::parse(name).ok()?,
        action: Action::from_number(action)?,
    })
}
