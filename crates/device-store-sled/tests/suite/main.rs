//! The tests of the store on sled, in one binary.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

mod cache;
mod concurrency;
mod conformance;
mod damage;
mod durability;
mod faults;
mod folder;
mod large;
mod strace;
mod support;
