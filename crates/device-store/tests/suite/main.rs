//! The conformance suite on the memory store, tests of the record codec and of group commit, and the corpus of the fuzzer.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which must fail where something is not as it should be"
)]

mod codec;
mod corpus;
mod golden;
mod group_commit;
mod memory;
