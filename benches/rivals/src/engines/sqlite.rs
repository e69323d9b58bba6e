//! SQLite, with a write-ahead log that is synced at each commit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::Failure;
use crate::group::Embedded;
use crate::store::Record;

const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS device_sets (key BLOB PRIMARY KEY, record BLOB NOT NULL)";
const READ: &str = "SELECT record FROM device_sets WHERE key = ?1";
const WRITE: &str = "INSERT INTO device_sets (key, record) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET record = excluded.record";

/// A connection that writes, and as many as read at once.
#[derive(Debug)]
pub struct Sqlite {
    file: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Sqlite {
    /// Opens the database in `folder`, or makes it.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let file = folder.join("records.sqlite");
        let writer = connect(&file)?;
        writer.execute(TABLE, [])?;
        Ok(Self { file, writer: Mutex::new(writer), readers: Mutex::default() })
    }
}

fn connect(file: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

impl Embedded for Sqlite {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let idle = self.readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.file)?,
        };
        let record =
            connection.prepare_cached(READ)?.query_row([key], |row| row.get(0)).optional()?;
        self.readers.lock().push(connection);
        Ok(record)
    }

    fn write(&self, records: &HashMap<&[u8], &Record>) -> Result<(), Failure> {
        let mut connection = self.writer.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut statement = transaction.prepare_cached(WRITE)?;
        for (key, record) in records {
            statement.execute(params![key, record.bytes])?;
        }
        drop(statement);
        Ok(transaction.commit()?)
    }
}
