//! `devreg-load`: how many requests a server answers, how long each waits, and what each costs the server's processor.
//!
//! [`server`] starts a server or finds one, [`population`] stores users in it over HTTP and makes the requests, [`drive`] sends them over connections that are kept, as fast as they are
//! answered or at a constant rate, and [`processor`] reads what the server's processes have used. [`compare`] does so by turns with several servers, one of them the [`floor`]: the same HTTP
//! library with nothing behind it.

mod client;
mod compare;
mod drive;
mod floor;
mod pace;
mod population;
mod processor;
mod report;
mod server;
mod single;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What may go wrong without being a figure.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Drives servers with requests and says what each request costs.
#[derive(Debug, Parser)]
#[command(name = "devreg-load")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Drive one server: one that runs already, or one that is started for it
    Run(single::Arguments),
    /// Drive the floor and several servers by turns, and print how many times the floor each is
    Compare(compare::Arguments),
    /// Serve the floor
    #[command(hide = true)]
    Floor(floor::Arguments),
}

/// How a load looks, whoever bears it.
#[derive(Debug, Clone, Args)]
struct Shape {
    /// Users in the server, three phones each
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    users: usize,
    /// Requests of each measurement; a tenth more come before, to warm up
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    requests: usize,
    /// End a measurement after so many seconds, though requests are left; a tenth of it ends the warming up
    #[arg(long, value_parser = seconds)]
    seconds: Option<Duration>,
    /// Connections, each of which has one request under way
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    connections: usize,
    /// Threads of the generator
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    threads: usize,
    /// Whose turn it is
    #[arg(long, default_value = "uniform")]
    skew: Skew,
    /// Who lists: an administrator, or each user with a token of its own
    #[arg(long, default_value = "administrator")]
    callers: Callers,
}

/// How users are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Skew {
    /// All alike
    Uniform,
    /// The n-th user in proportion to 1/n
    Zipf,
}

/// Whose tokens come with lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Callers {
    /// One token for all
    Administrator,
    /// One token a user
    Users,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "must be a number of seconds above 0".into())
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(arguments) => single::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Floor(arguments) => floor::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("devreg-load: {error}");
        ExitCode::FAILURE
    })
}
