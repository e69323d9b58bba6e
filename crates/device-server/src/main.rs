//! The binary `devreg`.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// A set is made by one thread and dropped by another one: the allocator of glibc locks the first one's memory for that (`docs/decisions.md`).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    device_server::cli::run()
}
