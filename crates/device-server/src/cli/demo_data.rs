//! `devreg demo-data`: interchange lines of users who do not exist, the same ones again for the same seed.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use clap::Args;
use device_core::Realm;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Exit, Failure};
use crate::population::Population;

/// Bytes that are written at once: some 80 users.
const BUFFER_BYTES: usize = 128 * 1024;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many users
    #[arg(long, value_name = "N")]
    users: u64,
    /// Which population: the same number, the same users
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The realms, over which the users are spread evenly
    #[arg(long, value_name = "PATH", value_parser = Realm::parse, default_values = ["/alpha", "/bravo"])]
    realm: Vec<Realm>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match write(arguments) {
        Ok(devices) => {
            eprintln!("{} users, {devices} devices", arguments.users);
            Ok(Exit::Done)
        }
        // Whoever reads has enough, as with `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(error.into()),
    }
}

/// Writes them all, each as soon as it is drawn. Returns how many devices they have.
fn write(arguments: &Arguments) -> io::Result<u64> {
    let population = Population::new(arguments.seed, arguments.realm.clone());
    let progress = bar(arguments.users);
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    let mut line = Vec::new();
    let mut devices = 0;
    for number in 0..arguments.users {
        line.clear();
        devices += population.write_user(number, &mut line)? as u64;
        output.write_all(&line)?;
        progress.inc(1);
    }
    output.flush()?;
    progress.finish_and_clear();
    Ok(devices)
}

fn bar(users: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{pos}/{len} users {wide_bar} {percent} % {per_sec} {eta}");
    ProgressBar::new(users).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
