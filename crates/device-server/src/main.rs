//! The binary `devreg`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A set is made by one thread and dropped by another one: the allocator of glibc locks the first one's memory for that (`benches/README.md`).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    device_server::cli::run()
}
