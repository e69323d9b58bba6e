//! Tools outside: `strace`, file systems of their own, and this test program as a process of its own.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Tells a process of its own which folder to open.
const FOLDER_VARIABLE: &str = "DEVREG_JOURNAL_FOLDER";

/// A new folder that goes when the test ends.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Whether there is an `strace`.
pub(crate) fn has_strace() -> bool {
    Command::new("strace").arg("-V").output().is_ok() || skipped("strace is not installed")
}

/// Says that a test that needs a tool was skipped, or fails if the environment asks for all of them. Always `false`.
pub(crate) fn skipped(why: &str) -> bool {
    const REQUIRE_VARIABLE: &str = "DEVREG_REQUIRE_TOOLS";
    let required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
    assert!(!required, "{why}, and {REQUIRE_VARIABLE} asks for it");
    // Past the test harness, which would keep it for itself.
    std::io::stderr().write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
    false
}

/// Runs an ignored test of this program as a process of its own, below another program if one is given.
pub(crate) fn run_apart<A: AsRef<OsStr>>(
    program: Option<&str>,
    arguments: impl IntoIterator<Item = A>,
    test: &str,
    folder: &Path,
) -> Output {
    let this = std::env::current_exe().unwrap();
    let mut command = match program {
        Some(program) => Command::new(program),
        None => Command::new(&this),
    };
    command.args(arguments);
    if program.is_some() {
        command.arg(&this);
    }
    command
        .args(["--ignored", "--exact", test, "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap()
}

/// The folder that a process of its own is to open; `None` if it was started by hand.
pub(crate) fn folder_of_this_process() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER_VARIABLE).map(Into::into)
}
