//! A file of a journal.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| device_store_journal::fuzz_target::segment(bytes));
