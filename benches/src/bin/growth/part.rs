//! What is measured in a process of its own: its memory is that of one thing, and is given back at its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::{Args, ValueEnum};
use devreg_benches::population::DEVICES;
use devreg_benches::turns::Turns;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::journal::{self, Cached, Filled, Reopened, Served};
use super::memory::{self, InMemory};
use super::{Fallible, at_least_one};

/// One process's work.
#[derive(Debug, Clone, Args)]
pub(crate) struct Task {
    pub(crate) part: Part,
    #[arg(long, value_parser = at_least_one)]
    pub(crate) users: usize,
    #[arg(long, value_parser = at_least_one)]
    pub(crate) devices: usize,
    #[arg(long, value_parser = at_least_one)]
    pub(crate) rounds: usize,
    /// The journal's own; what else needs files makes them beside it.
    #[arg(long)]
    pub(crate) journal: PathBuf,
}

/// What is measured.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Part {
    /// The memory store: look-ups, refreshes, memory.
    Memory,
    /// The journal is filled; what it takes on the disk.
    Fill,
    /// How long until the first answer, with and without indexes.
    Reopen,
    /// Look-ups beside a bare map.
    Cached,
    /// Look-ups beside bare reads.
    Uncached,
    /// The parts of the memory while users are looked up and refreshed. Last, since it changes what is stored.
    Serve,
}

/// All of one number of users and devices.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) users: usize,
    pub(crate) devices: usize,
    pub(crate) memory: InMemory,
    pub(crate) filled: Filled,
    pub(crate) reopened: Reopened,
    pub(crate) cached: Cached,
    pub(crate) uncached: Turns,
    /// Only of the usual number of devices: how the parts of the memory grow is asked of users.
    pub(crate) served: Option<Served>,
}

impl Measured {
    /// # Errors
    /// If one of the processes fails.
    pub(crate) fn of(users: usize, devices: usize, rounds: usize, folder: &Path) -> Fallible<Self> {
        let place = tempfile::Builder::new().prefix("growth-").tempdir_in(folder)?;
        let journal = place.path().join("journal");
        let task = |part| Task { part, users, devices, rounds, journal: journal.clone() };
        Ok(Self {
            users,
            devices,
            memory: task(Part::Memory).start()?,
            filled: task(Part::Fill).start()?,
            reopened: task(Part::Reopen).start()?,
            cached: task(Part::Cached).start()?,
            uncached: task(Part::Uncached).start()?,
            served: match devices {
                DEVICES => Some(task(Part::Serve).start()?),
                _ => None,
            },
        })
    }
}

impl Task {
    /// Runs it in a process of its own.
    fn start<T: DeserializeOwned>(&self) -> Fallible<T> {
        let part = self.part.to_possible_value().ok_or("a part without a name")?;
        let started = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["part", part.get_name()]).arg("--journal").arg(&self.journal);
        for (name, number) in
            [("--users", self.users), ("--devices", self.devices), ("--rounds", self.rounds)]
        {
            command.arg(name).arg(number.to_string());
        }
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", part.get_name(), output.status).into());
        }
        eprintln!("  {} {:.1?}", part.get_name(), started.elapsed());
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Runs it in this process.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub(crate) fn run(&self) -> Fallible<()> {
        fn print(figures: &impl Serialize) -> Fallible<()> {
            println!("{}", serde_json::to_string(figures)?);
            Ok(())
        }
        match self.part {
            Part::Memory => print(&memory::measure(self)?),
            Part::Fill => print(&journal::fill(self)?),
            Part::Reopen => print(&journal::reopen(self)?),
            Part::Cached => print(&journal::cached(self)?),
            Part::Uncached => print(&journal::uncached(self)?),
            Part::Serve => print(&journal::serve(self)?),
        }
    }
}
