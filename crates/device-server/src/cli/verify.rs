//! `devreg verify`: reads everything that is stored and names what is damaged or contradicts itself.

use std::collections::HashSet;

use clap::Args;
use indicatif::ProgressBar;

use super::copy::bar;
use super::{Exit, Failure, Output, StoreArguments, runtime};
use crate::on_store;
use crate::stores::{self, Opened};
use crate::verify::{Counts, Seen, verify};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreArguments,
    /// How to sum up
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = open(&arguments.store)?;
    let mut problems = Problems::default();
    let reading = bar("reading the files", None);
    for problem in opened.file_problems().unwrap_or_default() {
        problems.name(&reading, problem);
    }
    reading.finish_and_clear();

    let progress = bar("verifying", None);
    let walk = |seen: Seen| match seen {
        Seen::Set => progress.inc(1),
        Seen::Problem(problem) => problems.name(&progress, problem.to_string()),
    };
    let runtime = runtime()?;
    let counts = on_store!(&opened, |store| runtime.block_on(verify(store, walk)))?;
    progress.finish_and_clear();
    let counts = Counts { problems: problems.named.len() as u64, ..counts };
    print(&counts, opened.name(), arguments.output);
    match counts.problems {
        0 => Ok(Exit::Done),
        problems => Err(Failure::new(Exit::Failed, format!("problems found: {problems}"))),
    }
}

/// Opens the store, which must be there: a new one would be found to be without faults.
fn open(arguments: &StoreArguments) -> Result<Opened, Failure> {
    let settings = arguments.settings()?;
    let store = stores::choose(settings.store.as_ref(), &settings.data)?;
    let name = store.expose();
    if stores::EMBEDDED.contains(&name) && !stores::is_there(name, &settings.data) {
        let message = format!("there is no store `{name}` in `{}`", settings.data.display());
        return Err(Failure::new(Exit::NotFound, message));
    }
    arguments.open().map(|(_, opened)| opened)
}

/// What was named. A record that two walks come by is named once.
#[derive(Debug, Default)]
struct Problems {
    named: HashSet<String>,
}

impl Problems {
    fn name(&mut self, progress: &ProgressBar, problem: String) {
        if !self.named.contains(&problem) {
            progress.suspend(|| eprintln!("devreg: {problem}"));
            self.named.insert(problem);
        }
    }
}

fn print(counts: &Counts, store: &str, output: Output) {
    let Counts { users, sets, devices, aliases, changes, problems } = counts;
    match output {
        Output::Text => eprintln!(
            "verified `{store}`: {users} users, {sets} sets, {devices} devices, {aliases} aliases, {changes} changes"
        ),
        Output::Json => println!(
            "{{\"users\":{users},\"sets\":{sets},\"devices\":{devices},\"aliases\":{aliases},\"changes\":{changes},\"problems\":{problems}}}"
        ),
    }
}
