//! The tests of the journal.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

mod conformance;
