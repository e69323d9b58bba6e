//! Entries, read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod corpus;
mod faults;
mod files;
mod written;
