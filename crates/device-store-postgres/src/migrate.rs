//! The tables, and bringing them up to date.

use deadpool_postgres::ClientWrapper;
use device_core::fold::UNICODE_VERSION;
use tokio_postgres::error::SqlState;

use crate::address::Address;
use crate::connections::{Pause, Session};
use crate::error::{OpenError, Trouble, reason};
use crate::rows::column;
use crate::statements::{
    DISTRIBUTE_ALIASES, DISTRIBUTE_QUEUE, DISTRIBUTE_SETS, HAS_CITUS, IS_DISTRIBUTED, READ_NOTE,
    SYNCHRONOUS_COMMIT, Statement, WRITE_NOTE,
};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Where refinery keeps which migrations were run.
const MIGRATIONS_TABLE: &str = "devreg_migrations";

/// The note of the table that names are folded with.
const FOLDING: &str = "names folded with";

/// Migrations that were run and the version that the tables have now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Versions that were applied now.
    pub applied: Vec<i32>,
    /// The version of the tables.
    pub version: i32,
}

fn folding() -> String {
    let (major, minor, patch) = UNICODE_VERSION;
    format!("Unicode {major}.{minor}.{patch}")
}

/// The version of the tables that this version of the program reads.
fn version() -> i32 {
    embedded::migrations::runner().get_migrations().iter().map(|it| it.version()).max().unwrap_or(0)
}

fn refused(address: &Address, reason: impl std::fmt::Display) -> OpenError {
    OpenError::Refused { address: address.to_string().into(), reason: reason.to_string().into() }
}

/// Makes the tables or brings them up to date. Of several that do it at once one does it, and the others find it done.
pub(crate) async fn migrate(
    client: &mut ClientWrapper,
    address: &Address,
) -> Result<Migrated, OpenError> {
    const ATTEMPTS_MAX: usize = 5;
    let deadline = tokio::time::Instant::now() + crate::options::OPERATION_TIME_MAX;
    let mut pause = Pause::default();
    let mut runner = embedded::migrations::runner().set_abort_missing(true);
    runner.set_migration_table_name(MIGRATIONS_TABLE);
    for attempt in 1.. {
        let report = match runner.run_async(&mut **client).await {
            Ok(report) => report,
            // Most likely somebody else makes the same tables at this moment.
            Err(_) if attempt < ATTEMPTS_MAX && pause.until(deadline).await => continue,
            Err(error) => return Err(refused(address, causes(&error))),
        };
        let session = Session { client, prepared: false };
        if read(session, &READ_NOTE, FOLDING, address).await?.is_none() {
            let noted = session.query(&WRITE_NOTE, &[&FOLDING, &folding()]).await;
            noted.map_err(|trouble| refused(address, trouble.of_read()))?;
        }
        let applied = report.applied_migrations().iter().map(refinery::Migration::version);
        return Ok(Migrated { applied: applied.collect(), version: version() });
    }
    Err(refused(address, "the tables cannot be made"))
}

/// Distributes the tables over the nodes of Citus, in one transaction. Returns whether they were not yet.
pub(crate) async fn distribute(
    client: &ClientWrapper,
    address: &Address,
) -> Result<bool, OpenError> {
    let session = Session { client, prepared: false };
    if !holds(session, &HAS_CITUS, address).await? {
        return Err(OpenError::NoCitus { address: address.to_string().into() });
    }
    if holds(session, &IS_DISTRIBUTED, address).await? {
        return Ok(false);
    }
    let distributed = async {
        session.run("begin").await?;
        for statement in [&DISTRIBUTE_SETS, &DISTRIBUTE_ALIASES, &DISTRIBUTE_QUEUE] {
            session.query(statement, &[]).await?;
        }
        session.run("commit").await
    };
    distributed.await.map_err(|trouble| refused(address, trouble.of_read()))?;
    Ok(true)
}

async fn holds(
    session: Session<'_>,
    statement: &'static Statement,
    address: &Address,
) -> Result<bool, OpenError> {
    let rows = session.query(statement, &[]).await;
    let rows = rows.map_err(|trouble: Trouble| refused(address, trouble.of_read()))?;
    let holds = rows.first().map_or(Ok(false), |row| column(row, 0));
    holds.map_err(|error| refused(address, error))
}

/// An error with all its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

/// Whether the tables are those of this version, and commits are as durable as the store promises.
pub(crate) async fn check(client: &ClientWrapper, address: &Address) -> Result<(), OpenError> {
    let expected = version();
    let found = match client
        .query_typed(&format!("select max(version) from {MIGRATIONS_TABLE}"), &[])
        .await
    {
        Ok(rows) => rows.first().and_then(|row| row.try_get::<_, Option<i32>>(0).ok().flatten()),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => None,
        Err(error) => return Err(refused(address, reason(&error))),
    };
    let named = || address.to_string().into();
    match found {
        Some(found) if found > expected => {
            return Err(OpenError::OtherFormat {
                address: named(),
                found: format!("version {found} of the tables").into(),
                expected: format!("version {expected}").into(),
            });
        }
        Some(found) if found == expected => {}
        found => {
            let found = found.map_or_else(
                || "no tables of devreg".to_owned(),
                |found| format!("version {found} of them"),
            );
            return Err(OpenError::NotMigrated { address: named(), found: found.into(), expected });
        }
    }
    let session = Session { client, prepared: false };
    let found = read(session, &READ_NOTE, FOLDING, address).await?.unwrap_or_default();
    if found != folding() {
        return Err(OpenError::OtherFormat {
            address: named(),
            found: format!("names folded with {found}").into(),
            expected: folding().into(),
        });
    }
    let rows = session.query(&SYNCHRONOUS_COMMIT, &[]).await;
    let rows = rows.map_err(|trouble| refused(address, trouble.of_read()))?;
    match rows.first().map(|row| column::<String>(row, 0)) {
        Some(Ok(commit)) if commit == "off" => Err(OpenError::NotDurable { address: named() }),
        _ => Ok(()),
    }
}

async fn read(
    session: Session<'_>,
    statement: &'static Statement,
    name: &str,
    address: &Address,
) -> Result<Option<String>, OpenError> {
    let rows = session.query(statement, &[&name]).await;
    let rows = rows.map_err(|trouble: Trouble| refused(address, trouble.of_read()))?;
    rows.first().map(|row| column(row, 0)).transpose().map_err(|error| refused(address, error))
}
