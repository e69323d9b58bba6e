//! A store of device sets on PostgreSQL, for several server processes on one database.
//!
//! * **A set is a row**, with the record that all persistent stores write and its revision in a column of its own. A swap is one statement: it replaces the row if the revision is still the one
//!   that was read, and writes the alias and the change in the same transaction. What it acknowledges is as durable as the database's commits (`synchronous_commit` must not be off).
//! * **One user is one shard.** Realm and folded username are the first column of every table that has users in it, and every statement but the walks names them by equality
//!   ([`statements`]). There is no secondary unique index, no foreign key, no advisory lock, and no counter that writers wait for.
//! * **Nothing is reported by guess.** A connection that is lost during a write leaves its outcome open; the swap is sent again, which is safe, and what is found then tells (`swap.rs`). What
//!   cannot be found out in time is [`StoreError::Unknown`](device_store::StoreError::Unknown). Every operation has its answer within [`OPERATION_TIME_MAX`].
//! * **The change log misses nothing**, in whatever order transactions commit: changes get their numbers after the commit, in the order in which readers get them (`log.rs`).
//!
//! # Runtime
//! The contract says that futures do not depend on a runtime, and tokio-postgres needs one for its connections. So the store has one of its own, with two threads: every operation is a task there,
//! and its future only waits for the task. A future that is dropped stops waiting; what it asked for goes on to its end, so that no connection is left in the middle of something.
//!
//! # Example
//! ```no_run
//! use device_core::Secret;
//! use device_store_postgres::{Address, Options, PostgresStore};
//!
//! let address = Address::parse(&Secret::new("postgres://devreg:secret@one,two/devreg"))?;
//! let options = Options::default();
//! PostgresStore::migrate(&address, &options)?;
//! let store = PostgresStore::open(&address, &options)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod connections;
mod error;
mod log;
mod migrate;
mod options;
mod purge;
mod rows;
mod shared;
pub mod statements;
mod store;
mod swap;
mod tls;

pub use address::{Address, AddressError};
pub use error::OpenError;
pub use migrate::Migrated;
pub use options::{
    OPERATION_TIME_MAX, Options, READ_CONNECTIONS_DEFAULT, START_TIME_MAX, STATEMENT_TIME_MAX,
    WRITE_CONNECTIONS_DEFAULT, WRITE_CONNECTIONS_MAX,
};
pub use store::PostgresStore;
