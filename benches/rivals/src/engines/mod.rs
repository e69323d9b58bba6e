//! Embedded engines, each as its documentation shows it: one table of records, durable commits, nothing tuned.

mod fjall;
mod lmdb;
mod redb;
mod sled;
mod sqlite;

pub use fjall::Fjall;
pub use lmdb::Lmdb;
pub use redb::Redb;
pub use sled::Sled;
pub use sqlite::Sqlite;

/// The table, tree or keyspace of the records.
const TABLE: &str = "device_sets";
