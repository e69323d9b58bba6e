use std::{fmt, io};

/// Why a recording or a replay could not be done; never a verdict about the store.
#[derive(Debug)]
pub enum Error {
    /// A file or a process could not be used.
    Io(io::Error),
    /// The trace holds something this crate cannot replay faithfully.
    Trace {
        /// Line of the trace, counted from 1 over all of its files.
        line: usize,
        /// What was found.
        found: String,
    },
    /// The caller asked for something that is not there.
    Usage(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Trace { line, found } => write!(f, "trace line {line}: {found}"),
            Self::Usage(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
