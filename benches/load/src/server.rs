//! Servers: those that are started for a measurement, and those that run already.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use device_core::UserId;
use device_server::signing_key::{SigningKey, Subject};
use devreg_benches::population::{DEVICES, realm};
use serde::Deserialize;
use tempfile::TempDir;

use crate::Fallible;
use crate::processor::Processes;

/// How long tokens live: longer than any run.
const TOKEN_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What is started. It is told its data folder by `--data FOLDER`, finds the key that signs tokens there, and says where it listens as devreg does.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// What runs before it, with the same environment.
    pub(crate) before: Vec<String>,
}

impl Start {
    /// devreg with a store, so set that the load is measured and not refused.
    pub(crate) fn devreg(program: &Path, store: &str, log: &str) -> Self {
        let environment = vec![
            ("DEVREG_LIMITS__PUSH", DEVICES.to_string()),
            ("DEVREG_LOG", log.into()),
            ("DEVREG_REFRESH__PER_MINUTE", "0".into()),
            // Not as an argument: a database's URL may have a password.
            ("DEVREG_STORE", store.into()),
        ];
        let before = match is_database(store) {
            true => vec!["migrate".into()],
            false => vec![],
        };
        let arguments = ["serve", "--listen", "127.0.0.1:0"].map(Into::into).into();
        Self { program: program.into(), arguments, environment, before }
    }

    /// A command of words, separated by blanks.
    ///
    /// # Errors
    /// If there is no word.
    pub(crate) fn command(words: &str) -> Fallible<Self> {
        let mut words = words.split_whitespace();
        let program = words.next().ok_or("a command without a word")?.into();
        let arguments = words.map(Into::into).collect();
        Ok(Self { program, arguments, environment: vec![], before: vec![] })
    }

    /// Starts it with a folder of its own below `folders`, and waits until it listens.
    ///
    /// # Errors
    /// If it does not start; what it has logged is in the message.
    pub(crate) fn start(&self, folders: &Path) -> Fallible<Running> {
        let folder = tempfile::Builder::new().prefix("devreg-load-").tempdir_in(folders)?;
        let data = fs::canonicalize(folder.path())?;
        let key = SigningKey::open_or_create(&data)?;
        // Servers are started in their folder, so that they find nobody's settings.
        let program = match self.program.components().count() {
            1 => self.program.clone(),
            _ => fs::canonicalize(&self.program)
                .map_err(|error| format!("{}: {error}", self.program.display()))?,
        };
        let log = data.join("log");
        let command = || -> Fallible<Command> {
            let mut command = Command::new(&program);
            // Settings of whoever measures are not those of what is measured.
            for (name, _) in env::vars_os() {
                if name.to_string_lossy().starts_with("DEVREG_") {
                    command.env_remove(name);
                }
            }
            command.envs(self.environment.iter().cloned()).current_dir(&data);
            command
                .stdin(Stdio::null())
                .stderr(File::options().create(true).append(true).open(&log)?);
            Ok(command)
        };
        let failed = |what: &str| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{} {what}\n{}", program.display(), log.trim_end())
        };
        if !self.before.is_empty() && !command()?.args(&self.before).status()?.success() {
            return Err(failed("could not be prepared").into());
        }
        let mut command = command()?;
        command.args(&self.arguments).arg("--data").arg(&data).stdout(Stdio::piped());
        let spawned = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let mut child = Ending(spawned);
        let mut line = String::new();
        if let Some(stdout) = child.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let Ok(Listening { listening }) = serde_json::from_str(&line) else {
            return Err(failed("did not say where it listens").into());
        };
        let process = child.0.id();
        let held = Held { _child: child, folder };
        Ok(Running {
            address: listening,
            tokens: Tokens::Key(key),
            processes: Some(Processes(vec![process])),
            held: Some(held),
        })
    }
}

/// Whether a store or an argument is the URL of a database.
pub(crate) fn is_database(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

#[derive(Deserialize)]
struct Listening {
    listening: SocketAddr,
}

/// A server that listens; one that was started ends with it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) tokens: Tokens,
    /// Whose processor time counts, if it can be seen.
    pub(crate) processes: Option<Processes>,
    held: Option<Held>,
}

impl Running {
    /// Reads the files of its stores, so that the system has them in its memory. Does nothing for a server that somebody else has started.
    ///
    /// # Errors
    /// If one cannot be read.
    pub(crate) fn files_into_memory(&self) -> io::Result<()> {
        let Some(held) = &self.held else { return Ok(()) };
        // Those of stores are in folders; beside these are the log and the key.
        for entry in fs::read_dir(held.folder.path())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                read_all(&entry.path())?;
            }
        }
        Ok(())
    }

    /// A server that somebody else has started.
    ///
    /// # Errors
    /// If the URL is not `http://HOST:PORT` of a host that is known.
    pub(crate) fn at(url: &str, tokens: Tokens, process: Option<u32>) -> Fallible<Self> {
        let refused = || format!("`{url}` is not the URL of a server: http://HOST:PORT");
        let place = url.strip_prefix("http://").ok_or_else(refused)?.trim_end_matches('/');
        let address =
            place.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(refused)?;
        let processes = process.map(|process| Processes(vec![process]));
        Ok(Self { address, tokens, processes, held: None })
    }
}

/// The process before the folder: it is ended before its files go.
#[derive(Debug)]
struct Held {
    _child: Ending,
    folder: TempDir,
}

fn read_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let read = match entry.file_type()?.is_dir() {
            true => read_all(&entry.path()),
            false => File::open(entry.path())
                .and_then(|mut file| io::copy(&mut file, &mut io::sink()).map(drop)),
        };
        match read {
            // The server may have removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => read?,
        }
    }
    Ok(())
}

/// A process that ends with its holder.
#[derive(Debug)]
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What callers show.
pub(crate) enum Tokens {
    /// A token of an administrator.
    Administrator(String),
    /// The key that signs tokens for anybody.
    Key(SigningKey),
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tokens(***)")
    }
}

impl Tokens {
    /// # Errors
    /// If it cannot be signed.
    pub(crate) fn administrator(&self) -> Fallible<String> {
        match self {
            Self::Administrator(token) => Ok(token.clone()),
            Self::Key(key) => sign(key, &Subject::Administrator),
        }
    }

    /// # Errors
    /// If there is no key to sign it with.
    pub(crate) fn user(&self, user: &UserId) -> Fallible<String> {
        match self {
            Self::Administrator(_) => {
                Err("tokens of users need the key of the server's data folder: `--data`".into())
            }
            Self::Key(key) => sign(key, &Subject::User(user.clone())),
        }
    }
}

fn sign(key: &SigningKey, subject: &Subject) -> Fallible<String> {
    Ok(key.sign(&realm(), subject, &[], TOKEN_TIME)?)
}
