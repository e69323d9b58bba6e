//! The tests of the journal.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

mod conformance;
mod damage;
mod faults;
mod folder;
mod real_faults;
mod simulation;
mod small;
mod strace;
mod tools;
mod trace;
mod truth;
mod upkeep;
mod whole;
