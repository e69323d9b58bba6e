//! Requests, read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod bodies;
mod corpus;
mod filters;
mod headers;
mod pages;
mod targets;

use device_wire::call::{self, Fault, Operation, RawRequest};
use device_wire::fuzz_target::reading;

/// Reads a request for bjensen's devices. Operations may borrow from their request, so that of a test stays.
fn read(
    method: &'static str,
    target: &str,
    headers: &[(&'static str, &'static str)],
    body: &[u8],
) -> Result<Operation<'static>, Fault> {
    let target = format!("/json/alpha/users/bjensen/devices/{target}").leak();
    let (headers, body) = (headers.to_vec().leak(), body.to_vec().leak());
    let request = RawRequest { method, target, headers, body };
    call::read(&request, &reading()).unwrap().operation
}
