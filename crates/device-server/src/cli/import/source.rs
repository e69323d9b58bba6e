//! Where users come from, one after the other: interchange lines, or the entries of a directory.

use crate::cli::Failure;
use crate::interchange::{Rejected, UserLine};

/// What a piece of the input says.
pub(super) struct Piece {
    /// Its line.
    pub(super) line: u64,
    /// A user, or why there is none.
    pub(super) user: Result<UserLine, Vec<Rejected>>,
}

/// An input, read piece by piece: a bounded part of it is in memory.
pub(super) trait Source {
    /// The next piece.
    fn next(&mut self) -> Result<Option<Piece>, Failure>;

    /// What is to be said once everything was read.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}
