//! The registry on the memory store, and on one that says what the test wants.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod names;
mod races;
mod retries;
mod stories;
mod support;
