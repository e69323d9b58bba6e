//! A filter expression of a list.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| device_wire::fuzz_target::query_filter(bytes));
