//! A record of a set, an alias or a change.

#![no_main]

use device_store::conformance::fuzz_targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::record(bytes));
