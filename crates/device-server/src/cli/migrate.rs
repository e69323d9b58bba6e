//! `devreg migrate`: the tables of a database.

use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure, not_opened};
use crate::settings::{Flags, Settings};
use crate::stores::{self, StoreChoice};

#[derive(Debug, Clone, Args)]
pub(super) struct Arguments {
    /// The settings [default: devreg.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database: postgres://USER@HOST[,HOST...]/DATABASE
    #[arg(long, value_name = "STORE")]
    store: Option<StoreChoice>,
    /// Distribute the tables over the nodes of Citus as well
    #[arg(long)]
    distribute: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { config, store, distribute } = arguments.clone();
    let settings = Settings::load(&Flags { config, store, ..Flags::default() })?;
    let store = stores::choose(settings.store.as_ref(), &settings.data)?;
    let done = stores::migrate(&store, &settings.postgres).map_err(|error| not_opened(&error))?;
    eprintln!("{done}");
    if distribute {
        let done = stores::distribute(&store, &settings.postgres);
        eprintln!("{}", done.map_err(|error| not_opened(&error))?);
    }
    Ok(Exit::Done)
}
