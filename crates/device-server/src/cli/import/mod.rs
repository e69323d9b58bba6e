//! `devreg import`: users from interchange lines or from a directory's LDIF. Set by set, each whole or not at all; what is stored already is left alone.

mod counts;
mod entries;
mod source;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use device_core::rules::{self, Restored};
use device_core::{Moment, Realm, SetKey};
use device_registry::{Registry, Request, Restore};
use device_store::DeviceStore;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};

use self::counts::Counts;
use self::source::{Lines, Source};
use super::{Exit, Failure, Output, StoreArguments, operator, registry, runtime};
use crate::interchange::{Rejected, SetLine, UserLine};
use crate::on_store;
use device_wire::realms::Realms;

/// Bytes of the input that are read at once.
const READ_BYTES: usize = 64 * 1024;

/// Sets and devices on their way to the store at once: they share its syncs. Devices count, so that the memory they take is bounded (64 MiB at their hard limit).
const IN_FLIGHT_MAX: usize = 1_024;

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
    let (input, bytes): (Box<dyn Read>, Option<u64>) = if arguments.file.as_os_str() == "-" {
        (Box::new(io::stdin().lock()), None)
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
        None => Box::new(Lines::new(input)),
        Some(directory) => Box::new(entries::entries(input, directory)),
    };
    let realms = settings.realms()?;
    let counts = on_store!(opened, |store| {
        let registry = registry(store, &settings)?;
        let mut import = Import::new(registry, arguments, realms, progress);
        runtime()?.block_on(import.read(&mut *source))?;
        import.counts
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

struct Import<'a, S> {
    registry: Arc<Registry<S>>,
    arguments: &'a Arguments,
    realms: Realms,
    new_realms: HashSet<Realm>,
    counts: Counts,
    progress: ProgressBar,
}

/// A set on its way to the store.
struct Job {
    line: u64,
    restore: Restore,
    /// It is not to replace another one, although that was asked for: not all of it could be read.
    incomplete: bool,
    /// There is nothing in a user's sets: they are worth mention only where something is stored.
    silent: bool,
}

impl Job {
    /// What it counts for in [`IN_FLIGHT_MAX`].
    fn weight(&self) -> usize {
        1 + self.restore.devices.len()
    }

    fn name(&self) -> String {
        format!("{} of `{}`", self.restore.kind, self.restore.owner.username)
    }
}

impl<'a, S: DeviceStore> Import<'a, S> {
    fn new(
        registry: Arc<Registry<S>>,
        arguments: &'a Arguments,
        realms: Realms,
        progress: ProgressBar,
    ) -> Self {
        Self {
            registry,
            arguments,
            realms,
            new_realms: HashSet::new(),
            counts: Counts::default(),
            progress,
        }
    }

    async fn read(&mut self, source: &mut dyn Source) -> Result<(), Failure> {
        let (mut under_way, mut in_flight) = (FuturesUnordered::new(), 0);
        while let Some(piece) = source.next()? {
            let user = match piece.user {
                Ok(user) => user,
                Err(rejected) => {
                    self.reject_all(piece.line, &rejected);
                    continue;
                }
            };
            for job in self.jobs_of(piece.line, user) {
                in_flight += job.weight();
                under_way.push(do_one(Arc::clone(&self.registry), self.arguments.dry_run, job));
                while in_flight >= IN_FLIGHT_MAX {
                    let Some((job, outcome)) = under_way.next().await else { break };
                    in_flight -= job.weight();
                    self.count(&job, outcome);
                }
            }
        }
        while let Some((job, outcome)) = under_way.next().await {
            self.count(&job, outcome);
        }
        self.progress.finish_and_clear();
        for remark in source.remarks() {
            self.say(&remark);
        }
        Ok(())
    }

    /// Notes what is said of a user, and gives the sets it brings.
    fn jobs_of(&mut self, line: u64, user: UserLine) -> Vec<Job> {
        let silent = user.sets.iter().all(SetLine::is_empty);
        self.counts.users += u64::from(!silent);
        self.progress.set_message(self.counts.users.to_string());
        if !silent
            && !self.realms.contains(&user.realm)
            && self.new_realms.insert(user.realm.clone())
        {
            self.say(&format!(
                "line {line}: realm `{}` is not configured; its users are brought in all the same",
                user.realm
            ));
        }
        self.reject_all(line, &user.rejected);
        let mut jobs = Vec::new();
        for set in user.sets {
            let SetLine { kind, devices, skip, complete } = set;
            *self.counts.devices.entry(kind).or_default() += devices.len() as u64;
            let secretless = devices.iter().filter(|draft| has_empty_secret(draft)).count();
            if secretless > 0 {
                self.reject(line, kind.row().name, &format!("{secretless} devices have an empty secret: an export without --secrets is not a backup, and this set was left out"));
                continue;
            }
            let incomplete = self.arguments.replace && !complete;
            let replace = self.arguments.replace && complete;
            let (realm, owner) = (user.realm.clone(), user.owner.clone());
            let restore = Restore { realm, owner, kind, devices, skip, replace };
            jobs.push(Job { line, restore, incomplete, silent });
        }
        jobs
    }

    fn count(&mut self, job: &Job, outcome: Result<Restored, String>) {
        match outcome {
            Ok(Restored::Written) => self.counts.written += 1,
            Ok(Restored::Unchanged) => self.counts.unchanged += u64::from(!job.silent),
            Ok(Restored::Differs) => {
                self.counts.left_alone += 1;
                let why = if job.incomplete {
                    ", for not all of it could be read"
                } else {
                    " (--replace overwrites)"
                };
                let (line, name) = (job.line, job.name());
                self.say(&format!(
                    "line {line}: {name}: differs from what is stored and was left alone{why}"
                ));
            }
            Err(reason) => self.reject(job.line, &job.name(), &reason),
        }
    }

    fn reject_all(&mut self, line: u64, rejected: &[Rejected]) {
        for Rejected { line: own, what, reason } in rejected {
            self.reject(own.unwrap_or(line), what, reason);
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

async fn do_one<S: DeviceStore>(
    registry: Arc<Registry<S>>,
    dry_run: bool,
    job: Job,
) -> (Job, Result<Restored, String>) {
    let outcome = if dry_run {
        try_one(&registry, &job.restore).await
    } else {
        registry
            .restore(&Request::by(&operator("import")), &job.restore)
            .await
            .map_err(|error| error.to_string())
    };
    (job, outcome)
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
