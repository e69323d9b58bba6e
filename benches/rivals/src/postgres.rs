//! PostgreSQL: a set is a row, a swap one statement, which is a transaction of its own.

use std::fmt;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use device_core::Revision;
use tokio_postgres::{Config, NoTls};

use crate::Failure;
use crate::store::{Record, Records};

/// Connections to the server.
pub const CONNECTIONS: usize = 16;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS device_sets (key bytea PRIMARY KEY, revision bigint NOT NULL, record bytea NOT NULL)";
const LOAD: &str = "SELECT record FROM device_sets WHERE key = $1";
const INSERT: &str =
    "INSERT INTO device_sets (key, revision, record) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const UPDATE: &str =
    "UPDATE device_sets SET revision = $2, record = $3 WHERE key = $1 AND revision = $4";

/// A pool of connections, with prepared statements.
pub struct Postgres(Pool);

impl Postgres {
    /// Connects to the database of a URL and makes the table if there is none.
    ///
    /// # Errors
    /// Whatever PostgreSQL says.
    pub async fn open(url: &str) -> Result<Self, Failure> {
        let config: Config = url.parse()?;
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, NoTls, how);
        let pool = Pool::builder(manager).max_size(CONNECTIONS).build()?;
        pool.get().await?.batch_execute(TABLE).await?;
        Ok(Self(pool))
    }
}

impl Records for Postgres {
    async fn load(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let connection = self.0.get().await?;
        let statement = connection.prepare_cached(LOAD).await?;
        let row = connection.query_opt(&statement, &[&key]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn swap(&self, key: &[u8], expected: Revision, next: Record) -> Result<bool, Failure> {
        let connection = self.0.get().await?;
        let revision = i64::try_from(next.revision.to_record())?;
        let rows = if expected == Revision::NONE {
            let statement = connection.prepare_cached(INSERT).await?;
            connection.execute(&statement, &[&key, &revision, &next.bytes]).await?
        } else {
            let expected = i64::try_from(expected.to_record())?;
            let statement = connection.prepare_cached(UPDATE).await?;
            connection.execute(&statement, &[&key, &revision, &next.bytes, &expected]).await?
        };
        Ok(rows == 1)
    }
}

impl fmt::Debug for Postgres {
    /// Leaves out the pool, which knows the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Postgres")
    }
}
