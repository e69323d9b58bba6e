//! A request: method, target, headers and body.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| device_wire::fuzz_target::request(bytes));
