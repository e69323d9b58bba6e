//! From rows to sets and changes, and back.

use std::sync::Arc;

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, Username};
use device_store::codec::{
    RECORD_BYTES_MAX, decode_alias, decode_change, decode_set, encode_alias, encode_change,
    encode_set,
};
use device_store::{Cursor, SequencedChange, StoreError};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::damaged;

/// A set as it is stored.
pub(crate) struct StoredSet {
    pub(crate) revision: Revision,
    /// The change that made it.
    pub(crate) change_id: Uuid,
    pub(crate) set: Result<Arc<DeviceSet>, StoreError>,
}

/// A swap as it is sent.
pub(crate) struct SwapRow {
    pub(crate) shard_key: Vec<u8>,
    pub(crate) kind: i16,
    pub(crate) record: Vec<u8>,
    /// Shard key and record of the alias, if the owner needs one.
    pub(crate) alias_key: Option<Vec<u8>>,
    pub(crate) alias: Option<Vec<u8>>,
    pub(crate) change: Vec<u8>,
}

impl SwapRow {
    pub(crate) fn of(key: &SetKey, next: &DeviceSet, change: &Change) -> Result<Self, StoreError> {
        let record = encode_set(key.as_bytes(), next)
            .ok_or(StoreError::Misused("a stored set has an owner"))?;
        if record.len() > RECORD_BYTES_MAX {
            return Err(StoreError::Misused("the set is larger than any record that is read"));
        }
        let owner = next.owner.as_ref().filter(|owner| owner.needs_alias());
        let alias = owner.map(|owner| {
            let alias_key = SetKey::name_bytes(&change.realm, owner.user_id.as_str()).to_vec();
            let record = encode_alias(&alias_key, &owner.username);
            (alias_key, record)
        });
        let (alias_key, alias) = alias.unzip();
        let (shard_key, kind) = split(key);
        let change = change_record(change);
        Ok(Self { shard_key, kind, record, alias_key, alias, change })
    }
}

/// Shard key and kind of a set's key.
pub(crate) fn split(key: &SetKey) -> (Vec<u8>, i16) {
    let bytes = key.as_bytes();
    (bytes[..bytes.len() - 1].to_vec(), key.kind() as i16)
}

/// The shard key of a user.
pub(crate) fn user_key(realm: &Realm, username: &Username) -> Vec<u8> {
    SetKey::name_bytes(realm, username.as_str()).to_vec()
}

/// The record of a change; its key is the change's id, since it is written before it has a number.
pub(crate) fn change_record(change: &Change) -> Vec<u8> {
    encode_change(change.id.as_bytes(), change)
}

/// A revision in a column: only whether two are equal is ever asked there.
pub(crate) fn revision_column(revision: Revision) -> i64 {
    revision.to_record().cast_signed()
}

/// The revision of a column.
pub(crate) fn revision_of(column: i64) -> Revision {
    Revision::from_record(column.cast_unsigned())
}

/// The set in a record, whose revision must be that of the column.
pub(crate) fn set(
    key: &SetKey,
    revision: Revision,
    record: &[u8],
) -> Result<Arc<DeviceSet>, StoreError> {
    match decode_set(key.as_bytes(), record) {
        Ok(set) if set.revision == revision => Ok(Arc::new(set)),
        Ok(_) => Err(damaged(key, "its revision is not that of its row")),
        Err(reason) => Err(damaged(key, reason)),
    }
}

/// A row of [`crate::statements::LOAD`].
pub(crate) fn stored_set(key: &SetKey, row: &Row) -> Result<StoredSet, StoreError> {
    let revision = revision_of(column(row, 0)?);
    let set = set(key, revision, column(row, 2)?);
    Ok(StoredSet { revision, change_id: column(row, 1)?, set })
}

/// The username in the record of an alias.
pub(crate) fn alias(alias_key: &[u8], row: &Row) -> Result<Username, StoreError> {
    decode_alias(alias_key, column(row, 0)?)
        .map_err(|reason| damaged(format_args!("alias {}", alias_key.escape_ascii()), reason))
}

/// A change of the log.
pub(crate) fn change(number: i64, id: Uuid, record: &[u8]) -> Result<SequencedChange, StoreError> {
    let change = decode_change(id.as_bytes(), record)
        .map_err(|reason| damaged(format_args!("change {number}"), reason))?;
    Ok(SequencedChange { cursor: Cursor::from_sequence(number.cast_unsigned()), change })
}

/// A column of a row. It has the type of our statements unless the tables are not ours.
pub(crate) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    at: usize,
) -> Result<T, StoreError> {
    row.try_get(at).map_err(|error| StoreError::Unavailable(error.to_string().into()))
}
