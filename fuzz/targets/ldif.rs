//! An LDIF file.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| device_ldif::fuzz_target::ldif(bytes));
