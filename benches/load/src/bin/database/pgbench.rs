//! PostgreSQL's own programs.

use std::error::Error;
use std::io::Write as _;
use std::process::Command;

/// Transactions a second that pgbench reaches with a script.
pub(crate) fn pgbench(
    url: &str,
    script: &str,
    clients: usize,
    seconds: usize,
    users: usize,
) -> Result<f64, Box<dyn Error>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(script.as_bytes())?;
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared"])
        .args([
            format!("--client={clients}"),
            format!("--time={seconds}"),
            format!("--define=users={users}"),
        ])
        .arg(format!("--file={}", file.path().display()))
        .arg(url)
        .output()
        .map_err(|error| format!("pgbench: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate =
        text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Runs statements, one after the other.
pub(crate) fn psql(url: &str, statements: &str) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new("psql");
    command.args(["--quiet", "--no-psqlrc", url]);
    for statement in statements.split_terminator(';') {
        command.args(["--command", statement]);
    }
    let status = command.status().map_err(|error| format!("psql: {error}"))?;
    if status.success() { Ok(()) } else { Err("psql failed".into()) }
}
