//! The same work with more and more users, and with more and more devices a set: `growth run`, which `scripts/bench-growth` calls.
//!
//! Each number of users is measured in processes of its own ([`part`]), so that none finds the memory of another: the memory store, and the journal in a folder that is filled
//! once. [`http`] lets `devreg-load` drive servers of some of the numbers. [`report`] makes tables and [`pictures`] curves of what came out.

mod http;
mod journal;
mod look_ups;
mod memory;
mod part;
mod pictures;
mod report;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::slice;

use clap::{Args, Parser, Subcommand};
use devreg_benches::document::replaced;
use devreg_benches::population::DEVICES;

use self::http::Http;
use self::part::{Measured, Task};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Users with whom the devices of a set grow.
const USERS_OF_MANY_DEVICES: usize = 10_000;

/// Measures the same work with more and more users.
#[derive(Debug, Parser)]
#[command(name = "growth")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure everything and print it as Markdown
    Run(Arguments),
    /// Measure one thing and print it as JSON
    #[command(hide = true)]
    Part(Task),
}

#[derive(Debug, Args)]
struct Arguments {
    /// Numbers of users, three devices each
    #[arg(default_values_t = [10_000, 100_000, 1_000_000, 3_000_000], value_parser = at_least_one)]
    users: Vec<usize>,
    /// Numbers of devices a set, measured with 10,000 users
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4, 16, 64], value_parser = devices)]
    devices: Vec<usize>,
    /// Numbers of users over HTTP
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 3_000_000], value_parser = at_least_one)]
    http_users: Vec<usize>,
    /// The devreg-load that drives servers; without it nothing is measured over HTTP
    #[arg(long, value_name = "PROGRAM", requires = "server")]
    load: Option<PathBuf>,
    /// The devreg that it drives
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// Rounds to take medians of
    #[arg(long, default_value_t = 21, value_parser = at_least_one)]
    rounds: usize,
    /// Rounds over HTTP
    #[arg(long, default_value_t = 7, value_parser = at_least_one)]
    http_rounds: usize,
    /// Where data folders are made, on a real disk: 2 GB a million users, and as much again beside them
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// Where curves are drawn into
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
    /// The document whose table is replaced
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// A line that says where it ran
    #[arg(long, value_name = "TEXT", default_value = "")]
    machine: String,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

fn devices(text: &str) -> Result<usize, String> {
    use device_core::limits::DEVICES_MAX;
    match at_least_one(text)? {
        devices if devices > DEVICES_MAX => Err(format!("a set has at most {DEVICES_MAX}")),
        devices => Ok(devices),
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(arguments) => run(&arguments),
        Command::Part(task) => task.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("growth: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let Arguments { folder, rounds, .. } = arguments;
    let measure = |users: usize, devices: usize| -> Fallible<Measured> {
        eprintln!("{users} users, {devices} devices each");
        let measured = Measured::of(users, devices, *rounds, folder)?;
        // At once: the largest number takes longest, and may be the one that the machine has no room for.
        eprintln!("{}", report::markdown("", slice::from_ref(&measured), &[], &[]));
        Ok(measured)
    };
    let users: Vec<_> =
        arguments.users.iter().map(|users| measure(*users, DEVICES)).collect::<Fallible<_>>()?;
    let devices = arguments.devices.iter().map(|devices| measure(USERS_OF_MANY_DEVICES, *devices));
    let devices: Vec<_> = devices.collect::<Fallible<_>>()?;
    let mut driven = Vec::new();
    if let (Some(load), Some(server)) = (&arguments.load, &arguments.server) {
        let http = Http { load, server, folder, rounds: arguments.http_rounds };
        for users in &arguments.http_users {
            let rows = http.drive(*users)?;
            eprintln!("{}", report::markdown("", &[], &[], &rows));
            driven.extend(rows);
        }
    }
    let report = report::markdown(&arguments.machine, &users, &devices, &driven);
    println!("{report}");
    if let Some(document) = &arguments.document {
        fs::write(document, replaced(&fs::read_to_string(document)?, &report)?)?;
    }
    if let Some(pictures) = &arguments.pictures {
        pictures::draw_all(pictures, &users)?;
    }
    Ok(())
}
