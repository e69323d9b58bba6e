//! The command: `power-loss record` and `power-loss replay`.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use power_loss::{Campaign, Crash, Error, Recording, record, table};

const USAGE: &str = "\
power-loss record --trace DIR --workload COMMAND [--workload COMMAND]... [--start IMAGE]
    Runs the workloads one after another on the folder DIR/folder under strace; it starts empty,
    or as a copy of IMAGE.
power-loss image --trace DIR --seed N --to IMAGE
    Builds one crash image and prints the last line that the workload had said (or `none`).
power-loss replay --trace DIR --check COMMAND [--images N] [--seed N] [--name TEXT]
                  [--jobs N] [--limit-s N] [--scratch DIR] [--keep yes]
    Builds crash images and checks each. With --seed and without --images: that one.
A COMMAND is split at spaces. A workload gets the folder as its last argument and promises by
lines on its standard output; a check gets the folder and the last such line (or `none`).";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("power-loss: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode, Error> {
    let options = Options::parse(args.get(1..).unwrap_or(&[]))?;
    match args.first().map(String::as_str) {
        Some("record") => {
            let workloads: Vec<_> = options.all("workload").map(words).collect();
            let start = options.one("start").ok().map(PathBuf::from);
            record(&PathBuf::from(options.one("trace")?), &workloads, start.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Some("image") => {
            let recording = Recording::load(&PathBuf::from(options.one("trace")?))?;
            let crash = Crash::plan(&recording, options.number("seed", 0)?);
            crash.write_to(&PathBuf::from(options.one("to")?))?;
            println!("{}", crash.acknowledged().unwrap_or("none"));
            Ok(ExitCode::SUCCESS)
        }
        Some("replay") => replay(&options),
        _ => Err(Error::Usage(USAGE.to_owned())),
    }
}

fn replay(options: &Options) -> Result<ExitCode, Error> {
    let recording = Recording::load(&PathBuf::from(options.one("trace")?))?;
    let images = if options.one("seed").is_ok() { 1 } else { 500 };
    let scratch = std::env::temp_dir().join(format!("power-loss-{}", std::process::id()));
    let campaign = Campaign {
        check: words(options.one("check")?),
        first_seed: options.number("seed", 0)?,
        images: options.number("images", images)?,
        jobs: usize::try_from(options.number("jobs", 2)?).unwrap_or(1),
        limit: Duration::from_secs(options.number("limit-s", 20)?),
        scratch: options.one("scratch").map_or(scratch.clone(), PathBuf::from),
        keep: options.one("keep").is_ok(),
    };
    let report = campaign.run(&recording)?;
    print!("{}", table(options.one("name").unwrap_or("-"), &report));
    println!(
        "  {} events, {} boundaries, {} moments",
        recording.events.len(),
        recording.boundaries().len(),
        recording.moments()
    );
    // Left there only if something is kept in it.
    let _ = std::fs::remove_dir(&scratch);
    Ok(ExitCode::from(u8::from(!report.failures.is_empty())))
}

/// `--name value` pairs.
struct Options(Vec<(String, String)>);

impl Options {
    fn parse(args: &[String]) -> Result<Self, Error> {
        let pair = |pair: &[String]| match pair {
            [name, value] if name.starts_with("--") => Ok((name[2..].to_owned(), value.clone())),
            _ => Err(Error::Usage(USAGE.to_owned())),
        };
        args.chunks(2).map(pair).collect::<Result<_, _>>().map(Self)
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    fn one(&self, name: &str) -> Result<&str, Error> {
        self.all(name).next().ok_or_else(|| Error::Usage(format!("`--{name}` is missing\n{USAGE}")))
    }

    fn number(&self, name: &str, default: u64) -> Result<u64, Error> {
        match self.one(name) {
            Ok(text) => text
                .parse()
                .map_err(|_| Error::Usage(format!("`--{name}` takes a number, not `{text}`"))),
            Err(_) => Ok(default),
        }
    }
}

fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_owned).collect()
}
