//! The key of a device set.

#![no_main]

use device_store::conformance::fuzz_targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::set_key(bytes));
