//! Bash, and the tools that are tests' alone.

use std::io::{self, Write as _};
use std::process::Command;

use crate::place::Ended;

/// Whether a tool is there. Where it is not, the test fails if the environment asks for it, and says that it was skipped otherwise.
pub(crate) fn has(tool: &str) -> bool {
    let version = if tool == "openssl" { "version" } else { "--version" };
    if Command::new(tool).arg(version).output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    missing(tool);
    false
}

/// Says that a test was skipped for want of a tool, or fails if the environment asks for it.
pub(crate) fn missing(tool: &str) {
    const REQUIRE_VARIABLE: &str = "DEVREG_REQUIRE_TOOLS";
    const SKIPPED_VARIABLE: &str = "DEVREG_SKIPPED";
    let required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
    assert!(!required, "{tool} is not installed, and {REQUIRE_VARIABLE} asks for it");
    let line = format!("SKIPPED: {tool} is not installed\n");
    if let Some(path) = std::env::var_os(SKIPPED_VARIABLE) {
        let file = std::fs::File::options().append(true).create(true).open(path);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
    // Past the test harness, which would keep it for itself.
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Runs a script.
pub(crate) fn bash(script: &str) -> Ended {
    Ended::of(Command::new("bash").args(["-c", script]).output().unwrap())
}

/// An answer as curl gave it.
#[derive(Debug)]
pub(crate) struct CurlAnswer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Runs a script with curl commands as they stand, and gives the answer to each.
pub(crate) fn curl(script: &str) -> Vec<CurlAnswer> {
    // A function of the same name adds what a test needs to see, and keeps a person's settings out.
    const FUNCTION: &str = r#"curl() {
        command curl -q --silent --show-error --noproxy '*' --write-out '\n%{http_code}\n' "$@"
    }
"#;
    let ended = bash(&format!("{FUNCTION}{script}"));
    assert!(ended.code == 0 && ended.stderr.is_empty(), "{script}\n{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len() % 2, 0, "{script}\n{ended:?}");
    let answer = |pair: &[&str]| CurlAnswer {
        status: pair[1].parse().unwrap_or_else(|_| panic!("{script}\n{ended:?}")),
        body: pair[0].to_owned(),
    };
    lines.chunks(2).map(answer).collect()
}
