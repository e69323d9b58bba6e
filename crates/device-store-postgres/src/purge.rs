//! Purges: a transaction that holds all places of a user's sets before it looks which of them are taken.
//!
//! A set that is stored for the first time locks nothing but its own place. A purge that did not hold that place could pass it by, and be behind it in the log all the same.

use device_core::{Change, DeviceKind, DeviceSet, Realm, SetKey, Username};
use device_store::{Purged, StoreError};
use futures_util::future::join;
use tokio::time::Instant;

use crate::connections::{Pause, Session, statement_end, within};
use crate::error::Trouble;
use crate::options::OPERATION_TIME_MAX;
use crate::rows::{change_record, column, revision_of, set, user_key};
use crate::shared::Shared;
use crate::statements::{HAS_SETS, HOLD_SETS, PURGE, SETS_OF_USER};
use crate::swap::is_committed;

/// A purge under way.
pub(crate) struct PurgeRequest {
    pub(crate) realm: Realm,
    pub(crate) username: Username,
    pub(crate) change: Change,
}

/// What a purge is going to remove.
struct Doomed {
    purged: Purged,
    alias_keys: Vec<Vec<u8>>,
}

impl PurgeRequest {
    pub(crate) async fn run(self, shared: &Shared) -> Result<Purged, StoreError> {
        let shard_key = user_key(&self.realm, &self.username);
        let deadline = Instant::now() + OPERATION_TIME_MAX;
        let mut pause = Pause::default();
        // What is removed if the commit that was lost sight of has happened.
        let mut in_doubt: Option<Purged> = None;
        loop {
            let reason = match self.attempt(shared, &shard_key, &mut in_doubt, deadline).await {
                Ok(purged) => return Ok(purged),
                Err(Trouble::Again(reason) | Trouble::Doubt(reason)) => reason,
                Err(_) if in_doubt.is_some() => return Err(self.unknown()),
                Err(trouble) => return Err(trouble.of_read()),
            };
            if !pause.until(deadline).await {
                return Err(match in_doubt {
                    Some(_) => self.unknown(),
                    None => StoreError::Unavailable(reason),
                });
            }
        }
    }

    async fn attempt(
        &self,
        shared: &Shared,
        shard_key: &[u8],
        in_doubt: &mut Option<Purged>,
        deadline: Instant,
    ) -> Result<Purged, Trouble> {
        let rows = shared.connections.read(&HAS_SETS, &[&shard_key], deadline).await?;
        let has_sets: bool = rows.first().map_or(Ok(false), |row| column(row, 0))?;
        if !has_sets {
            return self.nothing_there(shared, shard_key, *in_doubt, deadline).await;
        }
        let writer = shared.connections.writer(deadline).await?;
        let session = writer.session();
        let prepared = within(statement_end(deadline), self.prepare(session, shard_key)).await;
        let purged = match prepared {
            Ok(Ok(Some(purged))) => purged,
            // Not committed, and the end of the connection is the end of the transaction.
            Ok(Ok(None)) => {
                writer.give_up();
                return self.nothing_there(shared, shard_key, *in_doubt, deadline).await;
            }
            Ok(Err(Trouble::Doubt(reason))) | Err(Trouble::Doubt(reason)) => {
                writer.give_up();
                return Err(Trouble::Again(reason));
            }
            Ok(Err(trouble)) | Err(trouble) => {
                writer.give_up();
                return Err(trouble);
            }
        };
        match within(statement_end(deadline), session.run("commit")).await {
            Ok(Ok(())) => Ok(purged),
            Ok(Err(trouble)) | Err(trouble) => {
                writer.give_up();
                if matches!(trouble, Trouble::Doubt(_)) {
                    *in_doubt = Some(purged);
                }
                Err(trouble)
            }
        }
    }

    /// Everything but the commit; `None` if there is nothing to forget.
    async fn prepare(
        &self,
        session: Session<'_>,
        shard_key: &[u8],
    ) -> Result<Option<Purged>, Trouble> {
        let kinds: Vec<i16> = DeviceKind::ALL.into_iter().map(|kind| kind as i16).collect();
        // Sent together: the second waits for the first at the server.
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&shard_key, &kinds, &self.change.id];
        let (begun, held) = join(
            session.run("begin isolation level read committed"),
            session.query(&HOLD_SETS, &parameters),
        )
        .await;
        begun?;
        held?;
        let Some(doomed) = self.doomed(session, shard_key).await? else { return Ok(None) };
        let change = change_record(&self.change);
        session.query(&PURGE, &[&shard_key, &doomed.alias_keys, &self.change.id, &change]).await?;
        Ok(Some(doomed.purged))
    }

    async fn doomed(
        &self,
        session: Session<'_>,
        shard_key: &[u8],
    ) -> Result<Option<Doomed>, Trouble> {
        let mut doomed = Doomed { purged: Purged::default(), alias_keys: Vec::new() };
        for row in session.query(&SETS_OF_USER, &[&shard_key]).await? {
            let kind = u8::try_from(column::<i16>(&row, 0)?).ok();
            let Some(kind) = kind.and_then(DeviceKind::from_number) else {
                let what =
                    StoreError::Unavailable("a set of a kind this version does not know".into());
                return Err(what.into());
            };
            let key = SetKey::new(&self.realm, &self.username, kind);
            let set: &DeviceSet = &*set(&key, revision_of(column(&row, 1)?), column(&row, 2)?)?;
            doomed.purged.sets += 1;
            doomed.purged.devices += set.devices.len();
            let owners = set.owner.iter();
            doomed.alias_keys.extend(
                owners
                    .map(|owner| SetKey::name_bytes(&self.realm, owner.user_id.as_str()).to_vec()),
            );
        }
        Ok(Some(doomed).filter(|doomed| doomed.purged.sets > 0))
    }

    /// Nothing is stored of the user: by this purge, if one of its commits was lost sight of.
    async fn nothing_there(
        &self,
        shared: &Shared,
        shard_key: &[u8],
        in_doubt: Option<Purged>,
        deadline: Instant,
    ) -> Result<Purged, Trouble> {
        let Some(purged) = in_doubt else { return Ok(Purged::default()) };
        match is_committed(shared, shard_key, self.change.id, deadline).await? {
            true => Ok(purged),
            false => Err(Trouble::Said(self.unknown())),
        }
    }

    fn unknown(&self) -> StoreError {
        StoreError::Unknown { change: self.change.id }
    }
}
