//! What a process takes of the machine.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Bytes of a block as the system counts them, whatever the file system's are.
const BLOCK_BYTES: u64 = 512;

/// Memory of this process, in bytes; 0 where the system does not say.
#[must_use]
pub fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Time of the processor that this process has used, all its threads and what the system did for them.
#[must_use]
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // It began at zero and only grows.
    Duration::try_from(time).unwrap_or_default()
}

/// What the files of a folder take on the disk, in bytes. A file that is removed meanwhile counts nothing.
///
/// # Errors
/// If a folder cannot be read.
pub fn disk_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata() {
            Ok(about) if about.is_dir() => disk_bytes(&entry.path())?,
            Ok(about) => about.blocks() * BLOCK_BYTES,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
    }
    Ok(bytes)
}
