//! The body of a refresh request.

#![no_main]

use device_store::conformance::fuzz_targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::push_message(bytes));
