//! `devreg`: the registry of MFA devices as an HTTP server and a command line.
//!
//! A request goes one way, no back and forth:
//!
//! 1. `device_wire::call` reads it: method, target, headers and body become a `Call`. Pure, fuzzed.
//! 2. [`callers`] finds out who asks.
//! 3. [`handle`] hands the call to the registry, which first asks whether that caller may.
//! 4. [`reply`] writes the documented JSON, [`status`] knows the status codes; nobody else does.
//!
//! [`http`] does sockets, limits and the request log, which [`log`] writes; [`stores`] is the only place that knows concrete stores.

pub mod callers;
pub mod cli;
pub mod copy;
pub mod cors;
pub mod demo;
pub mod directory;
mod documentation;
pub mod handle;
pub mod http;
pub mod interchange;
pub mod limits;
pub mod log;
pub mod openapi;
pub mod population;
pub mod pretty;
pub mod refresh_limit;
pub mod reply;
pub mod settings;
pub mod signing_key;
pub mod source;
pub mod status;
pub mod stores;
pub mod unfinished;
pub mod verify;
