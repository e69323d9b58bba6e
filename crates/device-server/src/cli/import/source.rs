//! Where users come from, one after the other: interchange lines, or the entries of a directory.

use std::io::{BufRead, Read as _};

use crate::cli::{Exit, Failure};
use crate::interchange::{self, Rejected, UserLine};
use crate::limits::LINE_BYTES_MAX;

/// What a piece of the input says.
pub(super) struct Piece {
    /// Its line.
    pub(super) line: u64,
    /// A user, or why there is none.
    pub(super) user: Result<UserLine, Vec<Rejected>>,
}

/// An input, read piece by piece: one is in memory at a time.
pub(super) trait Source {
    /// The next piece.
    fn next(&mut self) -> Result<Option<Piece>, Failure>;

    /// What is to be said once everything was read.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Interchange lines.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    bytes: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0, bytes: Vec::new() }
    }
}

impl<R: BufRead> Source for Lines<R> {
    fn next(&mut self) -> Result<Option<Piece>, Failure> {
        loop {
            self.bytes.clear();
            self.number += 1;
            let mut limited = (&mut self.input).take(LINE_BYTES_MAX as u64 + 1);
            let read = limited.read_until(b'\n', &mut self.bytes)?;
            if read == 0 {
                return Ok(None);
            }
            if read > LINE_BYTES_MAX {
                return Err(Failure::new(
                    Exit::Failed,
                    format!("line {}: longer than {LINE_BYTES_MAX} bytes", self.number),
                ));
            }
            if self.bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let user = std::str::from_utf8(&self.bytes)
                .map_err(|_| "not UTF-8".to_owned())
                .and_then(interchange::read)
                .map_err(|reason| vec![Rejected { line: None, what: "line".to_owned(), reason }]);
            return Ok(Some(Piece { line: self.number, user }));
        }
    }
}
