//! What can be chosen when a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use device_store::CHANGES_KEPT_DEFAULT;

/// Connections for reads: each carries many at once.
pub const READ_CONNECTIONS_DEFAULT: usize = 4;

/// Connections for writes: each carries one at a time, since commits of one connection wait for each other (measured: a factor of 20).
pub const WRITE_CONNECTIONS_DEFAULT: usize = 16;

/// Connections for writes at most.
pub const WRITE_CONNECTIONS_MAX: usize = 256;

/// How long opening waits for the server.
pub const START_TIME_MAX: Duration = Duration::from_secs(30);

/// How long one statement may take before its connection is given up.
pub const STATEMENT_TIME_MAX: Duration = Duration::from_secs(2);

/// How long an operation may take, all its attempts together. Then the answer is that the store is not available, or that the outcome is unknown.
pub const OPERATION_TIME_MAX: Duration = Duration::from_secs(6);

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections for reads.
    pub read_connections: usize,
    /// Connections for writes.
    pub write_connections: usize,
    /// Whether statements are prepared. `false` where a pooler gives each transaction another connection (PgBouncer in transaction mode before 1.21, RDS Proxy). Then the server
    /// does not end statements that were given up by itself either, since such poolers refuse the setting at the start of a connection.
    pub prepared: bool,
    /// A file of certificates in PEM that servers' certificates are checked with, rather than those of the system.
    pub ca_file: Option<PathBuf>,
    /// Changes that are kept. Of several processes on one database the one that keeps least decides.
    pub changes_kept: u64,
    /// How long opening waits for the server.
    pub start_time_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            read_connections: READ_CONNECTIONS_DEFAULT,
            write_connections: WRITE_CONNECTIONS_DEFAULT,
            prepared: true,
            ca_file: None,
            changes_kept: CHANGES_KEPT_DEFAULT,
            start_time_max: START_TIME_MAX,
        }
    }
}
