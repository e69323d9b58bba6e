//! One server, one measurement.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use device_server::signing_key::SigningKey;

use crate::drive::{Load, drive};
use crate::population::{Population, Work, seed};
use crate::report::Figures;
use crate::server::{Running, Start, Tokens};
use crate::{Fallible, Shape};

/// One request of so many is sent before, to warm up; of the time there is the same part.
const WARM_UP_SHARE: u16 = 10;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What is asked
    #[arg(long, default_value = "list")]
    work: Work,
    /// Start this devreg with an empty store
    #[arg(long, value_name = "PROGRAM", required_unless_present = "url", conflicts_with = "url")]
    server: Option<PathBuf>,
    /// Its store: memory, journal, sled, or the URL of a database
    #[arg(long, default_value = "memory")]
    store: String,
    /// Its level of logging; `info` is a line a request
    #[arg(long, default_value = "info")]
    log: String,
    /// Where its data folder is made, for the time of the measurement; durable stores need a real disk [default: the system's folder of temporary files]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Ask a server that runs already: http://HOST:PORT
    #[arg(long)]
    url: Option<String>,
    /// Its data folder, whose key signs tokens
    #[arg(long, value_name = "FOLDER", requires = "url")]
    data: Option<PathBuf>,
    /// Instead: a file with the token of an administrator
    #[arg(long, value_name = "FILE", requires = "url", conflicts_with = "data")]
    token_file: Option<PathBuf>,
    /// Its process, whose processor time is counted with that of all it has started
    #[arg(long, requires = "url")]
    process: Option<u32>,
    /// The users are there: store none
    #[arg(long, requires = "url")]
    seeded: bool,
    /// Requests a second, sent whether or not earlier ones are answered [default: as fast as answers come]
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shape: Shape,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (1.0..=10_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("must be 1 to 10,000,000 requests a second".into()),
    }
}

/// # Errors
/// If the server is not there or does not take the users.
pub(crate) fn run(arguments: &Arguments) -> Fallible<ExitCode> {
    let shape = &arguments.shape;
    let server = found(arguments)?;
    let figures = runtime(shape)?.block_on(async {
        if !arguments.seeded {
            seed(server.address, &server.tokens, shape).await?;
        }
        let mut population = Population::of(shape);
        measure(&server, &mut population, arguments.work, arguments.rate, shape).await
    })?;
    match arguments.json {
        true => println!("{}", serde_json::to_string(&figures)?),
        false => println!("{}", figures.text()),
    }
    Ok(match figures.errors {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn found(arguments: &Arguments) -> Fallible<Running> {
    if let Some(program) = &arguments.server {
        let folder = arguments.folder.clone().unwrap_or_else(std::env::temp_dir);
        return Start::devreg(program, &arguments.store, &arguments.log).start(&folder);
    }
    let url = arguments.url.as_deref().ok_or("`--server` or `--url` must say which server")?;
    let tokens = match (&arguments.data, &arguments.token_file) {
        (Some(data), _) => Tokens::Key(SigningKey::open_or_create(data)?),
        (None, Some(file)) => Tokens::Administrator(fs::read_to_string(file)?.trim().into()),
        (None, None) => return Err("`--data` or `--token-file` must say with which token".into()),
    };
    Running::at(url, tokens, arguments.process)
}

/// The generator's own.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn runtime(shape: &Shape) -> Fallible<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(shape.threads).enable_all().build()?)
}

/// Warms up, then measures.
///
/// # Errors
/// If the server is not there.
pub(crate) async fn measure(
    server: &Running,
    population: &mut Population,
    work: Work,
    rate: Option<f64>,
    shape: &Shape,
) -> Fallible<Figures> {
    let mut load = Load {
        connections: shape.connections,
        rate,
        time_max: shape.seconds.map(|time| time / u32::from(WARM_UP_SHARE)),
        processes: None,
    };
    let warming = shape.requests.div_ceil(WARM_UP_SHARE.into());
    let (requests, expected) = population.requests(work, warming, &server.tokens)?;
    drive(server.address, requests, expected, &load).await?;
    load.time_max = shape.seconds;
    load.processes.clone_from(&server.processes);
    let (requests, expected) = population.requests(work, shape.requests, &server.tokens)?;
    Ok(Figures::of(drive(server.address, requests, expected, &load).await?))
}
