//! The tests of the store on PostgreSQL, in one binary. They need a server: that of `DEVREG_PG_URL`, or one of their own from Debian's package.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

mod change_feed;
mod citus;
mod conformance;
mod encryption;
mod faults;
mod pooler;
mod proxy;
mod server;
