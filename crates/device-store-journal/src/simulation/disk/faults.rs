//! What goes wrong, and when.

use std::collections::BTreeMap;
use std::error::Error;
use std::{fmt, io};

/// What the disk says when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// `EIO`: the disk is broken.
    Io,
    /// `ENOSPC`: the disk is full.
    NoSpace,
}

impl FaultKind {
    /// The error as the operating system gives it, on Linux.
    fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::Io => 5,
            Self::NoSpace => 28,
        })
    }
}

/// A failure of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The error.
    pub kind: FaultKind,
    /// Whether later operations fail too. Of a full disk, only those that need space: create and write.
    pub from_then_on: bool,
}

/// Whether an operation failed because the simulated machine or process is dead.
#[must_use]
pub fn is_crash(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Crash>())
}

/// The error of a dead disk.
pub(super) fn crash() -> io::Error {
    io::Error::other(Crash)
}

#[derive(Debug)]
struct Crash;

impl fmt::Display for Crash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the simulated machine is off")
    }
}

impl Error for Crash {}

/// An operation on the folder or on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    List,
    Create,
    Open,
    Rename,
    Remove,
    SyncNames,
    Read,
    Write,
    Sync,
    Length,
    IsShared,
}

impl Operation {
    /// The name that hooks get.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::Open => "open",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::SyncNames => "sync_names",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Length => "length",
            Self::IsShared => "is_shared",
        }
    }

    const fn needs_space(self) -> bool {
        matches!(self, Self::Create | Self::Write)
    }
}

/// The failures to come.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) planned: BTreeMap<u64, Fault>,
    pub(super) crash_at: Option<u64>,
    /// Whether `list` and `read` are counted, and so may fail.
    pub(super) reads: bool,
    lasting: Option<FaultKind>,
}

impl Faults {
    /// Whether an operation has a number.
    pub(super) const fn counts(&self, operation: Operation) -> bool {
        match operation {
            Operation::List | Operation::Read => self.reads,
            Operation::Length | Operation::IsShared => false,
            _ => true,
        }
    }

    /// How the operation of this number fails, if it does.
    pub(super) fn failure(&mut self, number: u64, operation: Operation) -> Option<io::Error> {
        if self.crash_at.is_some_and(|at| number >= at) {
            return Some(crash());
        }
        if let Some(fault) = self.planned.remove(&number) {
            if fault.from_then_on {
                self.lasting = Some(fault.kind);
            }
            return Some(fault.kind.error());
        }
        let lasting = self.lasting.filter(|kind| *kind == FaultKind::Io || operation.needs_space());
        lasting.map(FaultKind::error)
    }
}
