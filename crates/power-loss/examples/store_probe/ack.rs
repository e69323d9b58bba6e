//! What a workload says, and a check is told.

use std::fmt;

/// What was promised: all of it, so that the last line alone says everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ack {
    /// How many operations of each writer.
    pub operations: Vec<usize>,
    /// The number of the last change that was trimmed away.
    pub trimmed: u64,
}

impl Ack {
    /// Nothing was promised.
    pub(crate) fn none(writers: usize) -> Self {
        Self { operations: vec![0; writers], trimmed: 0 }
    }

    /// Reads a line of a workload (`none` if there was none), or its numbers alone.
    pub(crate) fn parse(line: &str, writers: usize) -> Self {
        if line == "none" {
            return Self::none(writers);
        }
        let numbers = line.strip_prefix("ack ").unwrap_or(line);
        let mut operations: Vec<usize> =
            numbers.split(',').map(|number| number.parse().expect("a number")).collect();
        let trimmed = operations.pop().expect("a line has numbers") as u64;
        assert_eq!(operations.len(), writers, "work and check have the same options");
        Self { operations, trimmed }
    }
}

impl fmt::Display for Ack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ack ")?;
        for number in &self.operations {
            write!(formatter, "{number},")?;
        }
        write!(formatter, "{}", self.trimmed)
    }
}
