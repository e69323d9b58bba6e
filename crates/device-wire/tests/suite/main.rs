//! Requests, read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod bodies;
mod corpus;
mod filters;
mod headers;
mod pages;
mod targets;
