//! The binary `devreg`.

use std::process::ExitCode;

fn main() -> ExitCode {
    device_server::cli::run()
}
