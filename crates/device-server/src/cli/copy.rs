//! `devreg copy`: a store into one of another kind, or of the same elsewhere. Exactly, and again from where it was interrupted.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use device_core::{DeviceSet, SetKey};
use device_store::DeviceStore;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Exit, Failure, Output, not_opened, operator, runtime};
use crate::copy::{Compared, compare, copy};
use crate::on_store;
use crate::settings::{Flags, PostgresSettings, Settings};
use crate::stores::{self, EMBEDDED, Opened, StoreChoice};

/// Problems that are named one by one. All of a large store would tell nobody more.
const NAMED_MAX: u64 = 100;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to copy: an embedded store and its data folder, or a database
    #[arg(long, value_name = "STORE:DIR|postgres://...")]
    from: StoreChoice,
    /// Where to: another such store, empty or an unfinished copy of the same
    #[arg(long, value_name = "STORE:DIR|postgres://...")]
    to: StoreChoice,
    /// How to sum up
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

/// `sled:./devreg-data`, or the URL of a database, which has no data folder.
#[derive(Debug, Clone)]
struct StorePlace {
    store: StoreChoice,
    data: PathBuf,
}

impl StorePlace {
    /// Not a parser of clap, whose message would repeat what was given, with its password.
    fn parse(given: &StoreChoice) -> Result<Self, Failure> {
        if given.is_database() {
            return Ok(Self { store: given.clone(), data: PathBuf::new() });
        }
        Self::in_files(given.expose()).map_err(|message| Failure::new(Exit::Usage, message))
    }

    fn in_files(text: &str) -> Result<Self, String> {
        let (name, data) =
            text.split_once(':').filter(|(_, data)| !data.is_empty()).ok_or_else(|| {
                "a store is written as its name and its data folder: sled:./devreg-data".to_owned()
            })?;
        let store = EMBEDDED.into_iter().find(|store| *store == name).ok_or_else(|| {
            let there = EMBEDDED.join(", ");
            format!("there is no store `{name}` in files; there are: {there}; and postgres://...")
        })?;
        Ok(Self { store: StoreChoice::from(store), data: data.into() })
    }

    fn is_there(&self) -> bool {
        self.store.is_database() || stores::is_there(self.store.expose(), &self.data)
    }

    /// What `serve` is told to use it.
    fn flags(&self) -> String {
        match self.store.is_database() {
            true => format!("--store {}", self.store),
            false => format!("--data {} --store {}", self.data.display(), self.store),
        }
    }

    fn is_same_as(&self, other: &Self) -> bool {
        let real = |data: &Path| data.canonicalize().unwrap_or_else(|_| data.to_owned());
        self.store == other.store && real(&self.data) == real(&other.data)
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.store.is_database() {
            true => self.store.fmt(formatter),
            false => write!(formatter, "{}:{}", self.store, self.data.display()),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (from, to) = (StorePlace::parse(&arguments.from)?, StorePlace::parse(&arguments.to)?);
    let (from, to) = (&from, &to);
    if from.is_same_as(to) {
        return Err(Failure::new(Exit::Failed, format!("`{from}` and `{to}` are one store")));
    }
    if !from.is_there() {
        let message = format!(
            "there is no store `{}` in `{}`: name the data folder, as for `--data`",
            from.store,
            from.data.display()
        );
        return Err(Failure::new(Exit::NotFound, message));
    }
    let databases = Settings::load(&Flags::default())?.postgres;
    let source = stores::open_with(from.store.expose(), &from.data, &databases)
        .map_err(|error| not_opened(&error))?;
    let runtime = runtime()?;
    let counts =
        on_store!(&source, |source| runtime.block_on(copy_from(source, from, to, &databases)))?;
    counts.print(from, to, arguments.output);
    Ok(Exit::Done)
}

async fn copy_from<S: DeviceStore>(
    source: &S,
    from: &StorePlace,
    to: &StorePlace,
    databases: &PostgresSettings,
) -> Result<Counts, Failure> {
    // Nothing is made or written before it is known that all of the source can be read and nothing in the target is in the way.
    let found = if to.is_there() { Some(open_target(to, databases)?) } else { None };
    let nothing = Opened::nothing();
    let mut counts = on_store!(found.as_ref().unwrap_or(&nothing), |target| {
        walk(source, target, bar("checking", None), true).await?
    });
    let total = counts.sets;
    let store = to.store.expose();
    if counts.missing > 0 || found.is_none() {
        stores::begin_copy(store, &to.data, found.as_ref(), &from.to_string())?;
        let target = match found {
            Some(target) => target,
            None => open_target(to, databases)?,
        };
        let (caller, progress) = (operator("copy"), bar("copying", Some(total)));
        let written = on_store!(&target, |target| {
            let mut written = 0;
            let count = |is_new| {
                written += u64::from(is_new);
                progress.inc(1);
            };
            copy(source, target, &caller, count).await?;
            progress.finish_and_clear();
            counts = walk(source, target, bar("comparing", Some(total)), false).await?;
            written
        });
        counts.written = written;
        stores::end_copy(store, &to.data, &target)?;
    } else if let Some(target) = &found {
        stores::end_copy(store, &to.data, target)?;
    }
    Ok(counts)
}

fn open_target(to: &StorePlace, databases: &PostgresSettings) -> Result<Opened, Failure> {
    stores::open_unfinished_with(to.store.expose(), &to.data, databases)
        .map_err(|error| not_opened(&error))
}

/// Compares the stores. What keeps one from being a copy of the other is named, and then it fails.
async fn walk<S: DeviceStore, T: DeviceStore>(
    source: &S,
    target: &T,
    progress: ProgressBar,
    may_miss: bool,
) -> Result<Counts, Failure> {
    let (mut counts, mut problems) = (Counts::default(), 0);
    compare(source, target, |key, set, compared| {
        if let Some(set) = set {
            counts.add(key, set);
            progress.inc(1);
        }
        let Some(problem) = problem(key, &compared, may_miss) else {
            counts.missing += u64::from(compared == Compared::Missing);
            return;
        };
        problems += 1;
        if problems <= NAMED_MAX {
            progress.suspend(|| eprintln!("devreg: {problem}"));
        }
    })
    .await?;
    progress.finish_and_clear();
    match (problems, may_miss) {
        (0, _) => Ok(counts),
        (_, true) => Err(Failure::new(
            Exit::Failed,
            format!("sets in the way of a copy: {problems}; nothing was written"),
        )),
        (_, false) => Err(Failure::new(
            Exit::Failed,
            format!("the copy is not what the source is in {problems} sets; it stays unfinished"),
        )),
    }
}

/// Why a set keeps the target from being a copy.
fn problem(key: &SetKey, compared: &Compared, may_miss: bool) -> Option<String> {
    match compared {
        Compared::Same => None,
        Compared::Missing if may_miss => None,
        Compared::Missing => Some(format!("{key}: is not in the target")),
        Compared::Foreign => Some(format!("{key}: is in the target only")),
        Compared::Differs => {
            Some(format!("{key}: the target has another set, which is left as it is"))
        }
        Compared::AliasOfAnother => {
            Some(format!("{key}: the id of its owner leads to another user; purge one of them"))
        }
        Compared::AliasDiffers => {
            Some(format!("{key}: the id of its owner leads elsewhere in the target"))
        }
        Compared::Damaged(error) => Some(format!("the source: {error}")),
        Compared::DamagedCopy(error) => Some(format!("the target: {error}")),
    }
}

/// What a copy has.
#[derive(Debug, Default)]
struct Counts {
    users: u64,
    sets: u64,
    devices: u64,
    written: u64,
    missing: u64,
    /// The user whose sets are coming by: they are next to each other in key order.
    user: Option<Box<[u8]>>,
}

impl Counts {
    fn add(&mut self, key: &SetKey, set: &DeviceSet) {
        // The kind is the last byte of a key.
        let user = key.as_bytes().split_last().map(|(_, user)| user);
        if self.user.as_deref() != user {
            self.user = user.map(Into::into);
            self.users += 1;
        }
        self.sets += 1;
        self.devices += set.devices.len() as u64;
    }

    fn print(&self, from: &StorePlace, to: &StorePlace, output: Output) {
        let Self { users, sets, devices, written, .. } = self;
        let unchanged = sets - written;
        match output {
            Output::Text => eprintln!(
                "`{to}` is a copy of `{from}`: {users} users, {devices} devices; {written} of {sets} sets written, {unchanged} unchanged, all compared\n\
                 serve it with `{}`; the source is as it was",
                to.flags(),
            ),
            Output::Json => println!(
                "{{\"users\":{users},\"sets\":{sets},\"devices\":{devices},\"written\":{written},\"unchanged\":{unchanged}}}"
            ),
        }
    }
}

/// A bar for a walk through sets, if somebody looks.
pub(super) fn bar(what: &'static str, sets: Option<u64>) -> ProgressBar {
    let (bar, template) = match sets {
        _ if !io::stderr().is_terminal() => return ProgressBar::hidden(),
        Some(sets) => (ProgressBar::new(sets), "{msg} {wide_bar} {pos}/{len} sets {eta}"),
        None => (ProgressBar::no_length(), "{msg} {pos} sets {per_sec} {elapsed}"),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}
