//! Every limit of the reader, with its unit. Together they bound its memory, whatever the file.

/// Bytes of one line with its continuations. A profile at its limits, encrypted and in Base64 twice, has a quarter of it.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of the values of one entry that are kept: a user with all the devices all kinds may have, as one interchange line.
pub const ENTRY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Values and faults of one entry that are kept. Six kinds of 64 devices have a tenth of it.
pub const ENTRY_VALUES_MAX: usize = 4096;
