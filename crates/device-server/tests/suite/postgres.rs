//! A PostgreSQL server for this test process, and a database of its own for each test.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::place::{Ended, Place};
use crate::tools;

/// The script's exit code where no PostgreSQL is installed.
const NOT_INSTALLED: i32 = 77;

/// A server, which ends when its stdin does: with this process at the latest.
pub(crate) struct Server {
    pub(crate) url: String,
    _child: Child,
    _stdin: ChildStdin,
}

fn start(options: &[&Path]) -> Option<Server> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/throw-away-postgres");
    let mut command = Command::new(script);
    command.args(options).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    if url.is_empty() {
        assert_eq!(child.wait().unwrap().code(), Some(NOT_INSTALLED), "the server does not start");
        tools::missing("PostgreSQL");
        return None;
    }
    Some(Server { url: url.trim().to_owned(), _child: child, _stdin: stdin })
}

/// A server of its own for a test, which takes encrypted connections only.
pub(crate) fn start_encrypted(certificate: &Path, key: &Path) -> Option<Server> {
    start(&[Path::new("--tls"), certificate, key])
}

/// The URL of a new, empty database; `None`, and a word of it, where there is no server.
pub(crate) fn database() -> Option<&'static str> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(|| start(&[])).as_ref()?;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    psql(&server.url, &format!("create database {name}"));
    // With a password that nobody asks for: it must not be printed anywhere.
    let url = server.url.replace("/postgres?", &format!("/{name}?"));
    Some(url.replace("//postgres@", &format!("//postgres:{PASSWORD}@")).leak())
}

/// The password in the URLs.
pub(crate) const PASSWORD: &str = "canary-password";

/// A place whose commands work on a new database with its tables made.
pub(crate) fn place() -> Option<Place> {
    let place = Place::on(database()?);
    migrate(place.store());
    Some(place)
}

/// Makes the tables.
pub(crate) fn migrate(url: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devreg"));
    command.env_clear().current_dir(std::env::temp_dir()).env("DEVREG_STORE", url);
    Ended::of(command.arg("migrate").output().unwrap())
}

/// Runs a statement with the real client.
pub(crate) fn psql(url: &str, sql: &str) -> String {
    let output = Command::new("psql").args([url, "-qAtc", sql]).output().unwrap();
    Ended::of(output).done()
}
