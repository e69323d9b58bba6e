//! Swaps: one conditional statement each, and what to say when a connection is lost while it is on its way.
//!
//! A swap of unknown outcome is sent again, on another connection. That is safe because it is conditional: whichever of the two comes first moves the revision, and the other one finds it moved.
//! So one of three things is found out. The second was stored: then the first was not and cannot be any more. The row was made by this very change: the first was stored. Or somebody else's
//! change is there: at the revision this one would have taken, which tells that it lost; or at a later one, where only the log can tell.

use std::sync::Arc;

use device_core::{Change, DeviceSet, Revision, SetKey};
use device_store::{StoreError, Swap};
use tokio::time::Instant;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::connections::{Pause, Session, statement_end, within};
use crate::error::Trouble;
use crate::options::OPERATION_TIME_MAX;
use crate::rows::{StoredSet, SwapRow, column, revision_column, split, stored_set};
use crate::shared::Shared;
use crate::statements::{INSERT_SET, IS_NUMBERED, IS_QUEUED, LOAD, UPDATE_SET};

/// A swap under way.
pub(crate) struct SwapRequest {
    pub(crate) key: SetKey,
    pub(crate) expected: Revision,
    pub(crate) next: Arc<DeviceSet>,
    pub(crate) change: Change,
}

enum Attempt {
    Stored,
    /// The revision was another one; `None` if nothing is stored.
    Lost(Option<StoredSet>),
}

impl SwapRequest {
    pub(crate) async fn run(self, shared: &Shared) -> Result<Swap, StoreError> {
        let row = SwapRow::of(&self.key, &self.next, &self.change)?;
        let deadline = Instant::now() + OPERATION_TIME_MAX;
        if let Some(current) = self.is_intact(shared).await? {
            return Ok(Swap::Conflict(current));
        }
        let (mut pause, mut in_doubt) = (Pause::default(), false);
        loop {
            let reason = match self.attempt(shared, &row, deadline).await {
                Ok(Attempt::Stored) => return Ok(self.stored(shared)),
                Ok(Attempt::Lost(current)) => {
                    match self.lost(shared, current, in_doubt, deadline).await {
                        Some(outcome) => return outcome,
                        None => "others change it all the time".into(),
                    }
                }
                Err(Trouble::Said(error)) if !in_doubt => return Err(error),
                Err(Trouble::Refused(reason)) => return Err(self.end(in_doubt, reason)),
                Err(Trouble::Said(_)) => return Err(self.unknown()),
                Err(Trouble::Again(reason)) => reason,
                Err(Trouble::Doubt(reason)) => {
                    in_doubt = true;
                    reason
                }
            };
            if !pause.until(deadline).await {
                return Err(self.end(in_doubt, reason));
            }
        }
    }

    /// A record that this process has not read must be read before it is replaced: what is damaged is never overwritten. Gives back another set if that is what is there.
    async fn is_intact(&self, shared: &Shared) -> Result<Option<Arc<DeviceSet>>, StoreError> {
        if self.expected == Revision::NONE || shared.intact.get(&self.key) == Some(self.expected) {
            return Ok(None);
        }
        let current = shared.load(&self.key).await?;
        Ok(Some(current).filter(|current| current.revision != self.expected))
    }

    async fn attempt(
        &self,
        shared: &Shared,
        row: &SwapRow,
        deadline: Instant,
    ) -> Result<Attempt, Trouble> {
        let writer = shared.connections.writer(deadline).await?;
        let session = writer.session();
        let attempt = within(statement_end(deadline), self.send(session, row)).await;
        let attempt = match attempt {
            Ok(Ok(true)) => return Ok(Attempt::Stored),
            Ok(Ok(false)) => within(statement_end(deadline), self.current(session)).await,
            Ok(Err(trouble)) | Err(trouble) => Ok(Err(trouble)),
        };
        match attempt {
            Ok(Ok(current)) => Ok(Attempt::Lost(current)),
            Ok(Err(trouble)) | Err(trouble) => {
                writer.give_up();
                Err(trouble)
            }
        }
    }

    async fn send(&self, session: Session<'_>, row: &SwapRow) -> Result<bool, Trouble> {
        let statement = if self.expected == Revision::NONE { &INSERT_SET } else { &UPDATE_SET };
        let (expected, next) =
            (revision_column(self.expected), revision_column(self.next.revision));
        let parameters: [&(dyn ToSql + Sync); 9] = [
            &row.shard_key,
            &row.kind,
            &expected,
            &next,
            &self.change.id,
            &row.record,
            &row.alias_key,
            &row.alias,
            &row.change,
        ];
        let rows = session.query(statement, &parameters).await?;
        let stored = rows.first().map_or(Ok(0), |row| column::<i64>(row, 0));
        Ok(stored? == 1)
    }

    /// What is there instead. That nothing was stored is known here, whatever happens.
    async fn current(&self, session: Session<'_>) -> Result<Option<StoredSet>, Trouble> {
        let (shard_key, kind) = split(&self.key);
        match session.query(&LOAD, &[&shard_key, &kind]).await {
            Ok(rows) => Ok(rows.first().map(|row| stored_set(&self.key, row)).transpose()?),
            Err(Trouble::Doubt(reason)) => Err(Trouble::Again(reason)),
            Err(trouble) => Err(trouble),
        }
    }

    /// What a lost attempt means; `None` if another one is worth it.
    async fn lost(
        &self,
        shared: &Shared,
        current: Option<StoredSet>,
        in_doubt: bool,
        deadline: Instant,
    ) -> Option<Result<Swap, StoreError>> {
        let revision = current.as_ref().map_or(Revision::NONE, |current| current.revision);
        if current.as_ref().is_some_and(|current| current.change_id == self.change.id) {
            return Some(Ok(self.stored(shared)));
        }
        // Changed when the statement looked, and changed back before it was looked at: a purge.
        if revision == self.expected {
            return None;
        }
        if in_doubt && revision != self.next.revision {
            let (shard_key, _) = split(&self.key);
            return Some(match is_committed(shared, &shard_key, self.change.id, deadline).await {
                Ok(true) => Ok(Swap::Stored),
                // Not in the log: it may be forgotten already.
                Ok(false) | Err(_) => Err(self.unknown()),
            });
        }
        let set = current.map_or_else(|| Ok(DeviceSet::unknown()), |current| current.set);
        Some(set.map(|set| {
            shared.read_intact(&self.key, set.revision);
            Swap::Conflict(set)
        }))
    }

    fn stored(&self, shared: &Shared) -> Swap {
        shared.read_intact(&self.key, self.next.revision);
        Swap::Stored
    }

    fn end(&self, in_doubt: bool, reason: Box<str>) -> StoreError {
        if in_doubt { self.unknown() } else { StoreError::Unavailable(reason) }
    }

    fn unknown(&self) -> StoreError {
        StoreError::Unknown { change: self.change.id }
    }
}

/// Whether a change of a user is committed, as far as the log remembers. The queue first: a change goes from there to the log, never back.
pub(crate) async fn is_committed(
    shared: &Shared,
    shard_key: &[u8],
    change_id: Uuid,
    deadline: Instant,
) -> Result<bool, Trouble> {
    let exists =
        |rows: Vec<tokio_postgres::Row>| rows.first().map_or(Ok(false), |row| column(row, 0));
    let queued = shared.connections.read(&IS_QUEUED, &[&shard_key, &change_id], deadline).await?;
    if exists(queued)? {
        return Ok(true);
    }
    let numbered = shared.connections.read(&IS_NUMBERED, &[&change_id], deadline).await?;
    Ok(exists(numbered)?)
}
