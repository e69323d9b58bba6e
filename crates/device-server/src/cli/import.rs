//! `devreg import`: users from interchange lines. Set by set, each whole or not at all; what is stored already is left alone.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use device_core::rules::{self, Restored};
use device_core::{DeviceKind, Moment, Realm, SetKey};
use device_registry::{Registry, Request, Restore};
use device_store::DeviceStore;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Exit, Failure, Output, StoreArguments, operator, registry, runtime};
use crate::interchange::{self, UserLine};
use crate::limits::LINE_BYTES_MAX;
use crate::on_store;
use device_wire::realms::Realms;

/// Sets on their way to the store at once: they share its syncs.
const IN_FLIGHT_MAX: usize = 64;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreArguments,
    /// The form of the input: jsonl
    #[arg(long, default_value = "jsonl", value_parser = ["jsonl"])]
    format: String,
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

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, opened) = arguments.store.open()?;
    let (input, bytes): (Box<dyn Read>, Option<u64>) = if arguments.file.as_os_str() == "-" {
        (Box::new(io::stdin().lock()), None)
    } else {
        let file = File::open(&arguments.file).map_err(|error| {
            Failure::new(Exit::Failed, format!("{}: {error}", arguments.file.display()))
        })?;
        let bytes = file.metadata()?.len();
        (Box::new(file), Some(bytes))
    };
    let realms = settings.realms()?;
    let counts = on_store!(opened, |store| {
        let registry = registry(store, &settings)?;
        let mut import = Import::new(registry, arguments, realms, bytes);
        runtime()?.block_on(import.read(BufReader::new(input)))?;
        import.counts
    });
    counts.print(arguments.output);
    Ok(match (counts.rejected, counts.left_alone) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::Conflict,
        _ => Exit::Failed,
    })
}

/// What an import did.
#[derive(Debug, Default)]
struct Counts {
    users: u64,
    devices: BTreeMap<DeviceKind, u64>,
    written: u64,
    unchanged: u64,
    left_alone: u64,
    rejected: u64,
}

impl Counts {
    fn print(&self, output: Output) {
        let devices = |separator, quote| {
            let each = self
                .devices
                .iter()
                .map(|(kind, count)| format!("{quote}{kind}{quote}{separator}{count}"));
            each.collect::<Vec<_>>().join(",")
        };
        let Self { users, written, unchanged, left_alone, rejected, .. } = self;
        match output {
            Output::Text => eprintln!(
                "{users} users ({}): {written} sets written, {unchanged} unchanged, {left_alone} left alone, {rejected} rejected",
                devices(" ", "")
            ),
            Output::Json => println!(
                "{{\"users\":{users},\"devices\":{{{}}},\"written\":{written},\"unchanged\":{unchanged},\
                 \"left_alone\":{left_alone},\"rejected\":{rejected}}}",
                devices(":", "\"")
            ),
        }
    }
}

struct Import<'a, S> {
    registry: Arc<Registry<S>>,
    arguments: &'a Arguments,
    realms: Realms,
    new_realms: HashSet<Realm>,
    counts: Counts,
    progress: ProgressBar,
}

/// What became of one set: its line, its name for messages, and the outcome.
type Outcome = (u64, String, Result<Restored, String>);

impl<'a, S: DeviceStore> Import<'a, S> {
    fn new(
        registry: Arc<Registry<S>>,
        arguments: &'a Arguments,
        realms: Realms,
        bytes: Option<u64>,
    ) -> Self {
        let progress = match bytes {
            _ if !io::stderr().is_terminal() => ProgressBar::hidden(),
            Some(bytes) => ProgressBar::new(bytes)
                .with_style(style("{msg} users {wide_bar} {bytes}/{total_bytes} {eta}")),
            None => ProgressBar::no_length()
                .with_style(style("{msg} users {bytes} {bytes_per_sec} {elapsed}")),
        };
        Self {
            registry,
            arguments,
            realms,
            new_realms: HashSet::new(),
            counts: Counts::default(),
            progress,
        }
    }

    async fn read(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut under_way = FuturesUnordered::new();
        let mut bytes = Vec::new();
        for number in 1.. {
            bytes.clear();
            let read =
                (&mut input).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                break;
            }
            self.progress.inc(read as u64);
            if read > LINE_BYTES_MAX {
                return Err(Failure::new(
                    Exit::Failed,
                    format!("line {number}: longer than {LINE_BYTES_MAX} bytes"),
                ));
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let line = std::str::from_utf8(&bytes)
                .map_err(|_| "not UTF-8".to_owned())
                .and_then(interchange::read);
            match line {
                Ok(line) => {
                    for restore in self.sets_of(number, line) {
                        under_way.push(store_one(
                            Arc::clone(&self.registry),
                            self.arguments.dry_run,
                            number,
                            restore,
                        ));
                        while under_way.len() >= IN_FLIGHT_MAX {
                            if let Some(outcome) = under_way.next().await {
                                self.count(outcome);
                            }
                        }
                    }
                }
                Err(reason) => self.reject(number, "line", &reason),
            }
        }
        while let Some(outcome) = under_way.next().await {
            self.count(outcome);
        }
        self.progress.finish_and_clear();
        Ok(())
    }

    /// Notes what a line says, and gives the sets it brings.
    fn sets_of(&mut self, number: u64, line: UserLine) -> Vec<Restore> {
        self.counts.users += 1;
        self.progress.set_message(self.counts.users.to_string());
        if !self.realms.contains(&line.realm) && self.new_realms.insert(line.realm.clone()) {
            self.say(&format!("line {number}: realm `{}` is not configured; its users are brought in all the same", line.realm));
        }
        for (member, reason) in &line.rejected {
            self.reject(number, member, reason);
        }
        let mut sets = Vec::new();
        for (kind, devices, skip) in line.sets {
            *self.counts.devices.entry(kind).or_default() += devices.len() as u64;
            let secretless = devices.iter().filter(|draft| has_empty_secret(draft)).count();
            if secretless > 0 {
                self.reject(number, kind.row().name, &format!("{secretless} devices have an empty secret: an export without --secrets is not a backup, and this set was left out"));
                continue;
            }
            let (realm, owner, replace) =
                (line.realm.clone(), line.owner.clone(), self.arguments.replace);
            sets.push(Restore { realm, owner, kind, devices, skip, replace });
        }
        sets
    }

    fn count(&mut self, (number, what, outcome): Outcome) {
        match outcome {
            Ok(Restored::Written) => self.counts.written += 1,
            Ok(Restored::Unchanged) => self.counts.unchanged += 1,
            Ok(Restored::Differs) => {
                self.counts.left_alone += 1;
                self.say(&format!("line {number}: {what}: differs from what is stored and was left alone (--replace overwrites)"));
            }
            Err(reason) => self.reject(number, &what, &reason),
        }
    }

    fn reject(&mut self, number: u64, what: &str, reason: &str) {
        self.counts.rejected += 1;
        self.say(&format!("line {number}: {what}: {reason}"));
    }

    fn say(&self, message: &str) {
        self.progress.suspend(|| eprintln!("{message}"));
    }
}

/// An oath or push device whose secret was left out of an export.
fn has_empty_secret(draft: &device_core::Draft) -> bool {
    match &draft.facts {
        device_core::Facts::Push(push) => {
            push.shared_secret.as_ref().is_some_and(device_core::Secret::is_empty)
        }
        device_core::Facts::Oath(_) => draft.cold.expose().contains("\"sharedSecret\":\"\""),
        _ => false,
    }
}

async fn store_one<S: DeviceStore>(
    registry: Arc<Registry<S>>,
    dry_run: bool,
    number: u64,
    restore: Restore,
) -> Outcome {
    let what = format!("{} of `{}`", restore.kind, restore.owner.username);
    let outcome = if dry_run {
        try_one(&registry, &restore).await
    } else {
        registry
            .restore(&Request::by(&operator("import")), &restore)
            .await
            .map_err(|error| error.to_string())
    };
    (number, what, outcome)
}

/// What a restore would do.
async fn try_one<S: DeviceStore>(
    registry: &Registry<S>,
    restore: &Restore,
) -> Result<Restored, String> {
    let Restore { realm, owner, kind, devices, skip, replace } = restore;
    let key = SetKey::new(realm, &owner.username, *kind);
    let set = registry.store().load(&key).await.map_err(|error| error.to_string())?;
    let moment = Moment { now_ms: 0, random: 0 };
    let step = rules::restore(&set, *kind, owner, devices.clone(), *skip, *replace, moment);
    step.map(|step| step.answer).map_err(|error| error.to_string())
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
