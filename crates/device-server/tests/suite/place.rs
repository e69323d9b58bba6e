//! A folder in which `devreg` works, and its commands there.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use device_server::stores::EMBEDDED;
use tempfile::TempDir;

use crate::server::Server;
use crate::users;

/// A folder of its own for a test; it goes when the test ends.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    /// The store of its commands, unless they name another; `None` is what `devreg` itself takes.
    store: Option<&'static str>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("{output:?}"));
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// What it wrote to stdout, if it ended well.
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// Fails unless it ended with this code and said this on stderr.
    pub(crate) fn assert_failed(&self, code: i32, said: &str) {
        assert!(self.code == code && self.stderr.contains(said), "{code} `{said}`: {self:?}");
    }
}

impl Place {
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), store: None }
    }

    /// Whose commands work on this store.
    pub(crate) fn on(store: &'static str) -> Self {
        Self { store: Some(store), ..Self::empty() }
    }

    /// The store of its commands.
    pub(crate) fn store(&self) -> &'static str {
        self.store.unwrap()
    }

    /// With the users of [`users::LINES`] in the store.
    pub(crate) fn with_users() -> Self {
        Self::empty().and_users()
    }

    /// For each store that lives in files, a place with the users in it.
    pub(crate) fn with_users_on_each() -> impl Iterator<Item = Self> {
        EMBEDDED.into_iter().map(|store| Self::on(store).and_users())
    }

    /// The users of [`users::LINES`] are brought in.
    pub(crate) fn and_users(self) -> Self {
        self.run_on(users::LINES, &["import", "-"]).done();
        self
    }

    /// With `devreg.toml` beside the data folder.
    pub(crate) fn configured(self, settings: &str) -> Self {
        std::fs::write(self.path("devreg.toml"), settings).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command on this place's data folder, without anything of the test's own environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devreg"));
        command.env_clear().current_dir(self.folder.path());
        command.envs(self.store.map(|store| ("DEVREG_STORE", store)));
        command.arg(arguments[0]).args(["--data", "data"]).args(&arguments[1..]);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_on("", arguments)
    }

    /// Runs the command with this on its stdin.
    pub(crate) fn run_on(&self, input: &str, arguments: &[&str]) -> Ended {
        self.run_on_bytes(input.as_bytes(), arguments)
    }

    pub(crate) fn run_on_bytes(&self, input: &[u8], arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read its stdin may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input);
        Ended::of(child.wait_with_output().unwrap())
    }

    /// Runs `devreg copy`.
    pub(crate) fn copy(&self, from: &str, to: &str) -> Ended {
        Ended::of(self.copy_command(from, to).output().unwrap())
    }

    pub(crate) fn copy_command(&self, from: &str, to: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devreg"));
        command.env_clear().current_dir(self.folder.path());
        command.args(["copy", "--output", "json", "--from", from, "--to", to]);
        command
    }

    /// Everything that is stored, refresh digests included.
    pub(crate) fn export(&self) -> String {
        self.run(&["export", "--secrets"]).done()
    }

    pub(crate) fn administrator(&self, realm: &str) -> String {
        last_line(&self.run(&["token", "--realm", realm, "--admin"]).done())
    }

    pub(crate) fn user(&self, realm: &str, user_id: &str) -> String {
        last_line(&self.run(&["token", "--realm", realm, "--user", user_id]).done())
    }

    /// Starts a server with settings from the environment.
    pub(crate) fn serve(&self, settings: &[(&str, &str)]) -> Server {
        self.serve_with(settings, &[])
    }

    pub(crate) fn serve_with(&self, settings: &[(&str, &str)], flags: &[&str]) -> Server {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(flags).envs(settings.iter().copied());
        Server::start(command, &self.path("log"))
    }

    /// What servers here have written to stderr.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }
}

pub(crate) fn last_line(text: &str) -> String {
    text.lines().last().unwrap().to_owned()
}
