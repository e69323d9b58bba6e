//! Embedded engines behind the group committer, and the server before them. Run by hand: `cargo test --manifest-path benches/rivals/Cargo.toml`.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

mod engines;
mod server;
