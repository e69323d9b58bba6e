//! `devreg import`: users from interchange lines or from a directory's LDIF. Set by set, each whole or not at all; what is stored already is left alone.

mod counts;
mod entries;
mod lines;
mod source;
mod under_way;
mod user;

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use self::lines::Lines;
use self::source::Source;
use self::under_way::Import;
use super::{Exit, Failure, Output, StoreArguments, registry, runtime};
use crate::on_store;

/// Bytes of the input that are read at once.
const READ_BYTES: usize = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreArguments,
    /// The form of the input [default: ldif for a FILE that ends in .ldif, else jsonl]
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    ldif: entries::Flags,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Overwrite sets that differ
    #[arg(long)]
    replace: bool,
    /// How to sum up
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    /// The file to read; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The form of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Interchange lines, as `devreg export` writes them
    Jsonl,
    /// What the directory of PingAM or ForgeRock AM exports
    Ldif,
}

impl Format {
    fn of(file: &Path) -> Self {
        let ending = file.extension().unwrap_or_default();
        if ending.eq_ignore_ascii_case("ldif") { Self::Ldif } else { Self::Jsonl }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let directory = match arguments.format.unwrap_or_else(|| Format::of(&arguments.file)) {
        Format::Jsonl => arguments.ldif.refuse().map(|()| None),
        Format::Ldif => arguments.ldif.directory().map(Some),
    }?;
    let (settings, opened) = arguments.store.open()?;
    let (input, bytes): (Box<dyn Read + Send>, Option<u64>) = if arguments.file.as_os_str() == "-" {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(&arguments.file).map_err(|error| {
            Failure::new(Exit::Failed, format!("{}: {error}", arguments.file.display()))
        })?;
        let bytes = file.metadata()?.len();
        (Box::new(file), Some(bytes))
    };
    let progress = progress(bytes);
    let input = BufReader::with_capacity(READ_BYTES, progress.wrap_read(input));
    let mut source: Box<dyn Source + '_> = match &directory {
        None => Box::new(Lines::new(input)?),
        Some(directory) => Box::new(entries::entries(input, directory)),
    };
    let realms = settings.realms()?;
    let counts = on_store!(opened, |store| {
        let registry = registry(store, &settings)?;
        let import = Import::new(registry, arguments, realms, progress);
        runtime()?.block_on(import.read(&mut *source))?
    });
    counts.print(arguments.output);
    Ok(counts.exit())
}

fn progress(bytes: Option<u64>) -> ProgressBar {
    match bytes {
        _ if !io::stderr().is_terminal() => ProgressBar::hidden(),
        Some(bytes) => ProgressBar::new(bytes)
            .with_style(style("{msg} users {wide_bar} {bytes}/{total_bytes} {eta}")),
        None => ProgressBar::no_length()
            .with_style(style("{msg} users {bytes} {bytes_per_sec} {elapsed}")),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
