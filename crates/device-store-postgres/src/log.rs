//! The change log: changes get their numbers after they were committed.
//!
//! Transactions commit in another order than they begin in, and than they draw numbers in. A reader who went by numbers drawn before the commit would pass by a change that is committed late.
//! Transaction ids do not help: one is given before the row is locked, so of two changes of one set the later may have the smaller id, and one long transaction anywhere in the server would hold
//! back all readers. So writers put changes into a queue, and whoever wants to read gives those that are committed the next numbers, one reader at a time; writers never wait for that. A change
//! that is committed late gets a later number, and is missed by nobody.
//!
//! Of two changes of one set the second draws its sequence number when it has the lock that the first held until it was committed. So whoever sees the second in the queue sees the first, or the
//! first has its number already: the changes of a set come in the order of its revisions.

use device_store::{ChangePage, Cursor, PAGE_MAX, StoreError};
use futures_util::future::join;
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::connections::{Pause, Session, statement_end, within};
use crate::error::Trouble;
use crate::options::OPERATION_TIME_MAX;
use crate::rows::{change, column};
use crate::shared::Shared;
use crate::statements::{CHANGES, LOCK_LOG, NUMBER_CHANGES, Statement, TRIM};

/// Changes that get their numbers in one transaction.
const NUMBERED_MAX: i64 = 1_000;

/// A page of changes.
pub(crate) async fn changes(
    shared: &Shared,
    after: Option<Cursor>,
    limit: usize,
) -> Result<ChangePage, StoreError> {
    let deadline = Instant::now() + OPERATION_TIME_MAX;
    // Numbers are far from ending: at a million a second in 292,000 years.
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let from = after.map_or(0, |cursor| number(cursor.sequence().saturating_add(1)));
    let page_max = limit.min(PAGE_MAX);
    let limit = number(page_max as u64);
    // One batch fills any page, so a reader does not go after writers who are faster.
    let mut has_numbered = false;
    loop {
        let rows = shared.connections.read(&CHANGES, &[&from, &limit], deadline).await;
        let rows = rows.map_err(Trouble::of_read)?;
        let Some(first_row) = rows.first() else {
            return Err(StoreError::Unavailable("the log has lost its first row".into()));
        };
        let (first, queued): (i64, bool) = (column(first_row, 0)?, column(first_row, 1)?);
        if after.is_some() && from < first {
            return Err(StoreError::CursorTooOld);
        }
        let mut page = ChangePage::with_capacity(rows.len());
        for row in &rows {
            if let Some(number) = column::<Option<i64>>(row, 2)? {
                page.push(change(number, column(row, 3)?, column(row, 4)?)?);
            }
        }
        let is_full = page.len() >= page_max;
        if is_full || !queued || (has_numbered && !page.is_empty()) {
            return Ok(page);
        }
        number_changes(shared, deadline).await.map_err(Trouble::of_read)?;
        has_numbered = true;
    }
}

/// Gives some committed changes their numbers, and forgets those beyond the number that is kept. Returns how many got one.
pub(crate) async fn number_changes(shared: &Shared, deadline: Instant) -> Result<i64, Trouble> {
    let mut pause = Pause::default();
    loop {
        let trouble = match locked(shared, deadline, async |session, _, next| {
            let kept = i64::try_from(shared.changes_kept).unwrap_or(i64::MAX / 2);
            let rows = session.query(&NUMBER_CHANGES, &[&NUMBERED_MAX, &next, &kept]).await?;
            Ok(rows.first().map_or(Ok(0), |row| column::<i64>(row, 0))?)
        })
        .await
        {
            // Giving numbers once more gives them to what has none.
            Err(trouble @ (Trouble::Again(_) | Trouble::Doubt(_))) => trouble,
            done => return done,
        };
        if !pause.until(deadline).await {
            return Err(trouble);
        }
    }
}

/// Forgets the changes up to and including `through`.
pub(crate) async fn trim(shared: &Shared, through: Cursor) -> Result<u64, StoreError> {
    let deadline = Instant::now() + OPERATION_TIME_MAX;
    let end = i64::try_from(through.sequence().saturating_add(1)).unwrap_or(i64::MAX);
    let mut pause = Pause::default();
    loop {
        let trimmed = locked(shared, deadline, async |session, first, next| {
            session.query(&TRIM, &[&end]).await?;
            Ok((end.min(next) - first).max(0).unsigned_abs())
        });
        let reason = match trimmed.await {
            Ok(forgotten) => return Ok(forgotten),
            Err(Trouble::Again(reason)) => reason,
            // It has no change by which to find out how many it has forgotten.
            Err(Trouble::Doubt(_)) => return Err(StoreError::Unknown { change: Uuid::nil() }),
            Err(trouble) => return Err(trouble.of_read()),
        };
        if !pause.until(deadline).await {
            return Err(StoreError::Unavailable(reason));
        }
    }
}

/// Does something in a transaction that has the log for itself: it gets the first number that is kept and the next one to be given. Writers of sets do not wait for it.
async fn locked<T>(
    shared: &Shared,
    deadline: Instant,
    work: impl AsyncFnOnce(Session<'_>, i64, i64) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let writer = shared.connections.writer(deadline).await?;
    let session = writer.session();
    let done = within(statement_end(deadline), async {
        let (begun, rows) = join(
            session.run("begin isolation level read committed"),
            session.query(&LOCK_LOG, &[]),
        )
        .await;
        begun?;
        let rows = rows?;
        let (first, next) = log_row(&rows)?;
        let done = work(session, first, next).await?;
        session.run("commit").await?;
        Ok(done)
    });
    match done.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(trouble)) | Err(trouble) => {
            writer.give_up();
            Err(trouble)
        }
    }
}

fn log_row(rows: &[Row]) -> Result<(i64, i64), StoreError> {
    let row =
        rows.first().ok_or(StoreError::Unavailable("the log has lost its first row".into()))?;
    Ok((column(row, 0)?, column(row, 1)?))
}

/// Gives numbers where nobody reads, so that the log is kept short there as well.
pub(crate) async fn keep_up(shared: &Shared) {
    const NOTHING: i64 = 0;
    let deadline = Instant::now() + OPERATION_TIME_MAX;
    let parameters: [&(dyn ToSql + Sync); 2] = [&NOTHING, &NOTHING];
    let statement: &'static Statement = &CHANGES;
    let Ok(rows) = shared.connections.read(statement, &parameters, deadline).await else { return };
    let mut queued = rows.first().is_some_and(|row| column(row, 1).unwrap_or(false));
    while queued {
        queued = number_changes(shared, Instant::now() + OPERATION_TIME_MAX)
            .await
            .is_ok_and(|numbered| numbered == NUMBERED_MAX);
    }
}
