//! The command line. Data goes to stdout, progress and messages to stderr.
//!
//! Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 conflict, 75 try again later.

mod copy;
mod demo_data;
mod export;
mod import;
mod migrate;
mod purge;
mod serve;
mod token;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::settings::{Flags, Settings};
use crate::stores::{self, NAMES, Opened, STORE_DEFAULT, StoreChoice};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Usage = 2,
    NotFound = 3,
    Conflict = 4,
    TryAgain = 75,
    Failed = 1,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed, for the person who typed it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: Exit::Failed, message: error.to_string() }
    }
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

/// The registry of MFA devices.
#[derive(Debug, Parser)]
#[command(name = "devreg", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer the device-management REST API
    Serve(serve::Arguments),
    /// Bring users and their devices in, from JSON lines or a directory's LDIF
    Import(import::Arguments),
    /// Write users and their devices, one JSON object a line
    Export(export::Arguments),
    /// Make a token that a server on the same data folder accepts
    Token(token::Arguments),
    /// Forget everything of a user
    Purge(purge::Arguments),
    /// Copy a store into one of another kind, exactly
    Copy(copy::Arguments),
    /// Make the tables of a database, or bring them up to date
    Migrate(migrate::Arguments),
    /// Read everything and name what is damaged or contradicts itself
    Verify(verify::Arguments),
    /// Write users who do not exist, one JSON object a line
    DemoData(demo_data::Arguments),
}

/// Which store a command works on.
#[derive(Debug, Clone, Args)]
struct StoreArguments {
    /// The data folder [default: ./devreg-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[arg(long, value_name = "STORE", help = store_help())]
    store: Option<StoreChoice>,
}

/// How a command sums up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people, on stderr.
    Text,
    /// For programs, on stdout.
    Json,
}

impl StoreArguments {
    fn settings(&self) -> Result<Settings, Failure> {
        let flags =
            Flags { data: self.data.clone(), store: self.store.clone(), ..Flags::default() };
        Ok(Settings::load(&flags)?)
    }

    fn open(&self) -> Result<(Settings, Opened), Failure> {
        let settings = self.settings()?;
        if settings.store.as_ref().is_some_and(|store| store.expose() == "memory") {
            return Err(Failure::new(
                Exit::Failed,
                "the memory store is empty outside a server: there is nothing to work on",
            ));
        }
        let opened = open(&settings)?;
        Ok((settings, opened))
    }
}

/// Opens the store; one that another process uses is worth another try later.
fn open(settings: &Settings) -> Result<Opened, Failure> {
    let store = stores::choose(settings.store.as_ref(), &settings.data)?;
    stores::open_with(store.expose(), &settings.data, &settings.postgres)
        .map_err(|error| not_opened(&error))
}

fn not_opened(error: &stores::OpenError) -> Failure {
    let exit = if error.is_in_use() { Exit::TryAgain } else { Exit::Failed };
    Failure::new(exit, error.to_string())
}

/// What `--store` is for, with the default of this version.
fn store_help() -> String {
    format!("The store in the data folder: {NAMES} [default: {STORE_DEFAULT}]")
}

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Purge(arguments) => purge::run(&arguments),
        Command::Copy(arguments) => copy::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::DemoData(arguments) => demo_data::run(&arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("devreg: {}", failure.message);
            failure.exit.into()
        }
    }
}

/// A runtime for commands that do one thing after the other.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Who a command is, for the change log.
fn operator(name: &str) -> device_registry::Caller {
    device_registry::Caller::Operator { name: name.into() }
}

/// The policy does not matter to operators, but limits do to imports.
fn registry<S: device_store::DeviceStore>(
    store: S,
    settings: &Settings,
) -> Result<Arc<device_registry::Registry<S>>, Failure> {
    Ok(Arc::new(device_registry::Registry::new(store, settings.policy()?)))
}
