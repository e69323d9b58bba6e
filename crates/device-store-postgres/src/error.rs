//! Why a store could not be opened, and what the database's errors mean.

use std::error::Error as _;
use std::fmt::Display;
use std::io;

use device_store::StoreError;
use tokio_postgres::error::{Severity, SqlState};

/// Why a store could not be opened. Nothing in the database was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The server does not answer, or refuses.
    #[error("cannot connect to {address}: {reason} (tried for {seconds} s)")]
    Unreachable {
        /// What was tried, without a password.
        address: Box<str>,
        /// What the last attempt ended with.
        reason: Box<str>,
        /// For how long.
        seconds: u64,
    },
    /// There are no tables, or older ones.
    #[error(
        "the database {address} has {found}; this version needs version {expected} of its tables: run `devreg migrate`"
    )]
    NotMigrated {
        /// Which database.
        address: Box<str>,
        /// What is there.
        found: Box<str>,
        /// The version that should be there.
        expected: i32,
    },
    /// Another version of the program wrote it.
    #[error("the database {address} has {found}; this version reads {expected}")]
    OtherFormat {
        /// Which database.
        address: Box<str>,
        /// What is there.
        found: Box<str>,
        /// What should be there.
        expected: Box<str>,
    },
    /// The server acknowledges what is not on its disk.
    #[error(
        "the database {address} has `synchronous_commit = off`: what it acknowledges could be lost"
    )]
    NotDurable {
        /// Which database.
        address: Box<str>,
    },
    /// The tables were to be distributed, and nothing is there that does.
    #[error(
        "the database {address} has no extension `citus`, which distributes tables: run `create extension citus` in it"
    )]
    NoCitus {
        /// Which database.
        address: Box<str>,
    },
    /// A statement failed.
    #[error("the database {address} refuses: {reason}")]
    Refused {
        /// Which database.
        address: Box<str>,
        /// What it said.
        reason: Box<str>,
    },
    /// The certificates cannot be read.
    #[error("the certificates for connections to a database cannot be read: {0}")]
    Certificates(Box<str>),
    /// The store's own threads cannot be started.
    #[error("the threads of the store cannot be started: {0}")]
    Threads(#[source] std::io::Error),
}

/// What became of one attempt.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing was done, and another attempt may do it: a conflict of transactions, or no connection.
    Again(Box<str>),
    /// The connection is gone or was given up; what was sent may have been done.
    Doubt(Box<str>),
    /// The server refuses, and will again.
    Refused(Box<str>),
    /// An answer of the store itself.
    Said(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Said(error)
    }
}

impl From<tokio_postgres::Error> for Trouble {
    /// What the server says of a statement ends its transaction, so nothing was done. What it says at the end of a connection, and all that is not of the server, says nothing of the statement.
    fn from(error: tokio_postgres::Error) -> Self {
        let reason = reason(&error);
        let Some(said) = error.as_db_error() else { return Self::Doubt(reason) };
        let ends_connection =
            matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic) | None);
        if ends_connection {
            return Self::Doubt(reason);
        }
        // Of another version of a table a prepared statement may be too old: it is prepared again.
        const AGAIN: [SqlState; 5] = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            // A primary that became a standby.
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::QUERY_CANCELED,
            SqlState::CANNOT_CONNECT_NOW,
        ];
        if AGAIN.contains(said.code()) { Self::Again(reason) } else { Self::Refused(reason) }
    }
}

impl Trouble {
    /// No connection could be made: nothing was sent. A wrong password, an unknown database or a certificate that does not fit is not worth another attempt.
    pub(crate) fn unconnected(error: &tokio_postgres::Error) -> Self {
        let class = error.code().map(|code| &code.code()[..2]);
        if matches!(class, Some("28" | "3D")) || is_of_certificate(error) {
            return Self::Refused(reason(error));
        }
        Self::Again(reason(error))
    }

    /// What the caller of a read is told.
    pub(crate) fn of_read(self) -> StoreError {
        match self {
            Self::Again(reason) | Self::Doubt(reason) | Self::Refused(reason) => {
                StoreError::Unavailable(reason)
            }
            Self::Said(error) => error,
        }
    }
}

/// Whether the server's certificate was looked at and refused. rustls says so within an error of input and output.
fn is_of_certificate(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let cause = cause.and_then(io::Error::get_ref).and_then(|cause| cause.downcast_ref());
    matches!(cause, Some(rustls::Error::InvalidCertificate(_)))
}

/// An error with its causes. The server's messages hold no values of ours: all are parameters.
pub(crate) fn reason(error: &tokio_postgres::Error) -> Box<str> {
    match (error.as_db_error(), error.source()) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()).into(),
        (None, Some(cause)) => format!("{error}: {cause}").into(),
        (None, None) => error.to_string().into(),
    }
}

/// A record that cannot be read.
pub(crate) fn damaged(what: impl Display, reason: impl Display) -> StoreError {
    StoreError::Damaged { what: what.to_string().into(), reason: reason.to_string().into() }
}
