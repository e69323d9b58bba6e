//! `swaps`: durable swaps and look-ups of embedded engines in this process, beside the journal, by turns; prints a table in Markdown.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use device_core::{DeviceSet, SetKey};
use device_store::{DeviceStore as _, Swap};
use device_store_journal::{JournalStore, Options};
use devreg_benches::population::{Population, change, realm};
use devreg_benches::swapping::next;
use devreg_rivals::Failure;
use devreg_rivals::engines::{Fjall, Lmdb, Redb, Sled, Sqlite};
use devreg_rivals::group::Group;
use devreg_rivals::store::Store;
use futures_executor::block_on;
use futures_util::{TryStreamExt as _, stream};

/// Swaps that a group commits at most; as `devreg-rival`.
const TOGETHER_MAX: usize = 1024;
/// Swaps in flight while users are stored.
const FILLING: usize = 256;
const MICROSECONDS: f64 = 1e6;

#[derive(Debug, Parser)]
struct Arguments {
    /// Users, three phones each
    #[arg(long, default_value_t = 20_000)]
    users: usize,
    /// Swaps in flight, one column each
    #[arg(long, value_delimiter = ',', default_value = "1,64")]
    in_flight: Vec<usize>,
    /// Swaps of a column and a round, for each in flight; at most as many as users
    #[arg(long, default_value_t = 300)]
    swaps: usize,
    /// Rounds to take medians of
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Where the stores are made, which must be a real disk
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
}

/// The store of devreg behind the calls of the others. Its changes are stored with the sets, as always.
struct Journal {
    store: JournalStore,
    changes: AtomicU64,
}

impl Store for Journal {
    async fn load(&self, key: &SetKey) -> Result<DeviceSet, Failure> {
        Ok(DeviceSet::clone(&*self.store.load(key).await?))
    }

    async fn swap(
        &self,
        key: &SetKey,
        current: &DeviceSet,
        next: &DeviceSet,
    ) -> Result<bool, Failure> {
        let id = self.changes.fetch_add(1, Ordering::Relaxed);
        let change = change(&realm(), next, &[1], id.into());
        let next = Arc::new(next.clone());
        Ok(self.store.swap(key, current.revision, next, change).await? == Swap::Stored)
    }
}

/// A store and what is in it. One round gives microseconds for each operation, column by column.
struct Contestant {
    name: &'static str,
    round: Box<dyn FnMut() -> Result<Vec<f64>, Failure>>,
    rounds: Vec<Vec<f64>>,
}

impl Contestant {
    /// Stores the users.
    fn new(
        name: &'static str,
        store: impl Store,
        population: &Arc<Population>,
        arguments: &Arguments,
    ) -> Result<Self, Failure> {
        eprintln!("storing {} users: {name}", arguments.users);
        let nothing = DeviceSet::default();
        let mut sets: Vec<DeviceSet> =
            population.sets.iter().map(|set| DeviceSet::clone(set)).collect();
        let all = (0..sets.len()).map(|user| (&population.keys[user], &nothing, &sets[user]));
        swap_all(&store, all, FILLING)?;
        let (population, columns) = (Arc::clone(population), arguments.in_flight.clone());
        let swaps = arguments.swaps;
        let mut serial = 0;
        let round = Box::new(move || {
            let mut figures = Vec::new();
            for in_flight in &columns {
                let count = (swaps * in_flight).min(sets.len());
                serial += 1;
                let users = &population.order[..count];
                let changed: Vec<_> =
                    users.iter().map(|user| next(&sets[*user], *user, serial)).collect();
                let all = users
                    .iter()
                    .zip(&changed)
                    .map(|(user, next)| (&population.keys[*user], &sets[*user], next));
                let started = Instant::now();
                swap_all(&store, all, *in_flight)?;
                figures.push(started.elapsed().as_secs_f64() * MICROSECONDS / count as f64);
                for (user, changed) in users.iter().zip(changed) {
                    sets[*user] = changed;
                }
            }
            let started = Instant::now();
            for user in &population.order {
                let set = block_on(store.load(&population.keys[*user]))?;
                if set != sets[*user] {
                    return Err(format!("user {user} is not as it was stored").into());
                }
            }
            figures.push(started.elapsed().as_secs_f64() * MICROSECONDS / sets.len() as f64);
            Ok(figures)
        });
        Ok(Self { name, round, rounds: Vec::new() })
    }

    fn median(&self, column: usize) -> f64 {
        let mut figures: Vec<f64> = self.rounds.iter().map(|round| round[column]).collect();
        figures.sort_unstable_by(f64::total_cmp);
        figures[figures.len() / 2]
    }
}

fn swap_all<'a>(
    store: &impl Store,
    swaps: impl Iterator<Item = (&'a SetKey, &'a DeviceSet, &'a DeviceSet)>,
    in_flight: usize,
) -> Result<(), Failure> {
    let swaps = stream::iter(swaps.map(Ok::<_, Failure>));
    block_on(swaps.try_for_each_concurrent(in_flight, async |(key, current, next)| {
        match store.swap(key, current, next).await? {
            true => Ok(()),
            false => Err(format!("{key}: nobody else writes, and yet it was too late").into()),
        }
    }))
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let population = Arc::new(Population::of(arguments.users));
    let folders = tempfile::tempdir_in(&arguments.folder)?;
    let folder = |name: &str| -> Result<PathBuf, Failure> {
        let folder: PathBuf = Path::new(folders.path()).join(name);
        std::fs::create_dir(&folder)?;
        Ok(folder)
    };
    let store = JournalStore::open(&folder("journal")?, &Options::default())?;
    let journal = Journal { store, changes: AtomicU64::new(0) };
    let sqlite =
        |name, together| Ok::<_, Failure>(Group::start(Sqlite::open(&folder(name)?)?, together)?);
    let lmdb = Group::start(Lmdb::open(&folder("lmdb")?)?, TOGETHER_MAX)?;
    let redb = Group::start(Redb::open(&folder("redb")?)?, TOGETHER_MAX)?;
    let fjall = Group::start(Fjall::open(&folder("fjall")?)?, TOGETHER_MAX)?;
    let sled = Group::start(Sled::open(&folder("sled")?)?, TOGETHER_MAX)?;
    let mut contestants = [
        Contestant::new("devreg's journal", journal, &population, &arguments)?,
        Contestant::new("SQLite", sqlite("sqlite", 1)?, &population, &arguments)?,
        Contestant::new(
            "SQLite, group commit",
            sqlite("group", TOGETHER_MAX)?,
            &population,
            &arguments,
        )?,
        Contestant::new("LMDB, group commit", lmdb, &population, &arguments)?,
        Contestant::new("redb, group commit", redb, &population, &arguments)?,
        Contestant::new("fjall, group commit", fjall, &population, &arguments)?,
        Contestant::new("sled, group commit", sled, &population, &arguments)?,
    ];
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for Contestant { round, rounds, .. } in &mut contestants {
            rounds.push(round()?);
        }
    }
    println!("{}", table(&contestants, &arguments.in_flight));
    Ok(())
}

/// Medians, and how many times the first row's each is.
fn table(contestants: &[Contestant], in_flight: &[usize]) -> String {
    let columns = in_flight.iter().map(|number| format!(" durable swap, {number} in flight |"));
    let mut table = format!("| in process |{} look-up |\n", columns.collect::<String>());
    table.push_str(&format!("|---|{}\n", "---:|".repeat(in_flight.len() + 1)));
    for contestant in contestants {
        table.push_str(&format!("| {} |", contestant.name));
        for column in 0..=in_flight.len() {
            let (own, first) = (contestant.median(column), contestants[0].median(column));
            table.push_str(&format!(" {own:.1} us, **{:.1}** |", own / first));
        }
        table.push('\n');
    }
    table
}
