//! `devreg` as a process, watched from outside.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Fallible;
use super::floor::{User, users};

/// How often a process is asked for its memory: what it took later than that before its end is missed.
const WATCHED_EVERY: Duration = Duration::from_millis(10);

/// A realm of half of the users that a server knows without settings.
const REALM: &str = "/alpha";

/// The command, and where its data are.
pub(crate) struct Devreg {
    path: PathBuf,
    data: PathBuf,
    store: String,
}

impl Devreg {
    pub(crate) fn new(path: &str, place: &Path, store: &str) -> Self {
        Self { path: path.into(), data: place.join("data"), store: store.to_owned() }
    }

    /// Where its store keeps its files.
    pub(crate) fn store_folder(&self) -> PathBuf {
        self.data.join(&self.store)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(name).arg("--data").arg(&self.data).stdin(Stdio::null());
        command
    }

    pub(crate) fn demo_data(&self, users: u64, lines: &Path) -> Fallible<()> {
        let mut command = Command::new(&self.path);
        command.args(["demo-data", "--users", &users.to_string()]).stdout(File::create(lines)?);
        succeed(command.stderr(Stdio::null()))?;
        // What the system still has to write would be written beside the import.
        File::open(lines)?.sync_all()?;
        Ok(())
    }

    /// Imports the lines. Returns the most memory that took, in bytes.
    pub(crate) fn import(&self, lines: &Path) -> Fallible<u64> {
        let mut command = self.command("import");
        command.args(["--store", &self.store]).arg(lines);
        let mut import = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut most = 0;
        let status = loop {
            most = peak_bytes(&import).unwrap_or(most);
            if let Some(status) = import.try_wait()? {
                break status;
            }
            std::thread::sleep(WATCHED_EVERY);
        };
        if status.success() { Ok(most) } else { Err(format!("import: {status}").into()) }
    }

    /// How long it takes from the start of a server until it has listed a user's devices.
    pub(crate) fn first_answer(&self, lines: &Path) -> Fallible<Duration> {
        let of_realm =
            |user: &Fallible<User>| user.as_ref().map_or(true, |user| user.realm.as_str() == REALM);
        let user = users(lines)?.find(of_realm).ok_or("nobody in the realm")??;
        let mut command = self.command("token");
        let token = command.args(["--admin", "--realm", REALM]).output()?;
        let token = String::from_utf8(token.stdout)?;
        let target = format!(
            "/am/json/realms/root/realms{REALM}/users/{}/devices/2fa/oath?_queryFilter=true",
            user.user_id.as_str()
        );
        let mut command = self.command("serve");
        command.args(["--store", &self.store, "--listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let started = Instant::now();
        let mut server = command.spawn()?;
        let answer = ask(&mut server, &target, token.trim());
        let elapsed = started.elapsed();
        succeed(Command::new("kill").arg(server.id().to_string()))?;
        server.wait()?;
        let answer = answer?;
        if !answer.starts_with("HTTP/1.1 200") {
            let status = answer.lines().next().unwrap_or_default();
            return Err(format!("{target}: {status}").into());
        }
        Ok(elapsed)
    }

    /// Fails if anything stored is damaged or contradicts itself.
    pub(crate) fn verify(&self) -> Fallible<()> {
        let mut command = self.command("verify");
        succeed(command.args(["--store", &self.store]).stdout(Stdio::null()).stderr(Stdio::null()))
    }
}

/// Waits until the server says where it listens, and asks it.
fn ask(server: &mut Child, target: &str, token: &str) -> Fallible<String> {
    #[derive(serde::Deserialize)]
    struct Ready {
        listening: String,
    }

    let mut line = String::new();
    BufReader::new(server.stdout.take().ok_or("stdout")?).read_line(&mut line)?;
    let Ready { listening } = serde_json::from_str(&line)?;
    let mut stream = TcpStream::connect(listening)?;
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn succeed(command: &mut Command) -> Fallible<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

/// The most memory that a process had so far (`VmHWM`), in bytes; `None` once it has ended.
fn peak_bytes(process: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
