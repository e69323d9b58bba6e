//! How the files grow under updates that keep hitting the same users: `space USERS UPDATES PICTURE.svg` runs the journal and sled on the same updates, uniform and skewed
//! (99 % on 10 % of the users), prints the curves and draws them. Takes minutes: sled takes most of them.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use device_store::codec::encode_set;
use device_store::{DeviceStore, Swap};
use device_store_journal::{JournalStore, Options as JournalOptions};
use device_store_sled::{Options, SledStore};
use devreg_benches::curve::{Curve, draw};
use devreg_benches::files::CountedFiles;
use devreg_benches::population::{Population, change};
use devreg_benches::random::SplitMix;
use devreg_benches::swapping::next;
use devreg_benches::usage::disk_bytes;
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};

/// Points of a curve.
const POINTS: usize = 60;

/// Swaps in flight.
const IN_FLIGHT: usize = 64;

/// Who is updated.
#[derive(Debug, Clone, Copy)]
enum Skew {
    Uniform,
    /// 99 % of the updates on 10 % of the users.
    Skewed,
}

impl Skew {
    fn draw(self, random: &mut SplitMix, users: usize) -> usize {
        match self {
            Self::Skewed if random.below(100) > 0 => random.below(users / 10),
            Self::Uniform | Self::Skewed => random.below(users),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [users, updates, picture] = arguments.as_slice() else {
        return Err("usage: space USERS UPDATES PICTURE.svg".into());
    };
    let (users, updates) = (users.parse()?, updates.parse()?);
    let population = Population::of(users);
    let live = live_bytes(&population);
    println!("{users} users, {updates} updates, {live} bytes of keys and records in force");
    let mut curves = Vec::new();
    for skew in [Skew::Uniform, Skew::Skewed] {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR").to_owned() + "/../target")?;
        let files = CountedFiles::new(folder.path());
        let store = JournalStore::open_on(files.clone(), &JournalOptions::default())?;
        let name = format!("journal, {skew:?}");
        let run = Run { name: &name, folder: folder.path(), population: &population, live };
        population.store_in(&store);
        let filled = files.take();
        run.amplification("filled", &filled, users as u64, live);
        curves.push(run.update(&store, skew, updates));
        let written = files.take();
        let logical = run.logical_bytes() * updates as u64 / users as u64;
        run.amplification("updated", &written, updates as u64, logical);
        println!("{name}: {:?}", store.usage());
    }
    for skew in [Skew::Uniform, Skew::Skewed] {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR").to_owned() + "/../target")?;
        let options = Options { engine_cache_bytes: 1 << 30, ..Options::default() };
        let store = SledStore::open(folder.path(), options)?;
        let name = format!("sled, {skew:?}");
        population.store_in(&store);
        let run = Run { name: &name, folder: folder.path(), population: &population, live };
        curves.push(run.update(&store, skew, updates));
    }
    std::fs::write(picture, draw("files, as a multiple of the live bytes", "updates", &curves))?;
    Ok(())
}

/// Bytes of all keys and records.
fn live_bytes(population: &Population) -> u64 {
    let records = population.keys.iter().zip(&population.sets).map(|(key, set)| {
        let record = encode_set(key.as_bytes(), set).map_or(0, |record| record.len());
        (key.as_bytes().len() + record) as u64
    });
    records.sum()
}

struct Run<'a> {
    name: &'a str,
    folder: &'a Path,
    population: &'a Population,
    live: u64,
}

impl Run<'_> {
    /// Bytes of an update of each user: key, record, change.
    fn logical_bytes(&self) -> u64 {
        use device_store::codec::encode_change;
        let set = &self.population.sets[0];
        let change = encode_change(&[0; 8], &change(&self.population.realm, set, &[1], 1));
        self.live + (change.len() * self.population.sets.len()) as u64
    }

    fn amplification(
        &self,
        what: &str,
        written: &devreg_benches::files::Written,
        operations: u64,
        logical: u64,
    ) {
        let commits: u64 = written.commits.iter().map(|bytes| *bytes as u64).sum();
        println!(
            "{}: {what}: {operations} operations, {} commits; written by commits {:.2} x the logical bytes, with preparing, indexes and copies {:.2} x",
            self.name,
            written.commits.len(),
            commits as f64 / logical as f64,
            (commits + written.upkeep_bytes) as f64 / logical as f64,
        );
    }

    /// Updates, and measures the files at each point.
    fn update(&self, store: &impl DeviceStore, skew: Skew, updates: usize) -> Curve {
        let mut random = SplitMix::new(42);
        let users = self.population.keys.len();
        let mut points = vec![(0.0, self.share())];
        let bar = ProgressBar::new(updates as u64);
        bar.set_style(style());
        bar.set_message(self.name.to_owned());
        let piece = updates / POINTS;
        for point in 1..=POINTS {
            // Each user at most once at a time: what is in flight is drawn without repetition.
            let mut drawn: Vec<usize> = (0..piece).map(|_| skew.draw(&mut random, users)).collect();
            while !drawn.is_empty() {
                let mut seen = std::collections::HashSet::new();
                let (now, later): (Vec<_>, Vec<_>) =
                    drawn.into_iter().partition(|user| seen.insert(*user));
                drawn = later;
                self.swap_all(store, &now, point as u64);
            }
            bar.inc(piece as u64);
            points.push(((point * piece) as f64, self.share()));
        }
        bar.finish_and_clear();
        let last = points.last().map_or(0.0, |point| point.1);
        let third = points[points.len() * 2 / 3..].iter().map(|point| point.1);
        let most = third.clone().fold(0.0, f64::max);
        let least = third.fold(f64::MAX, f64::min);
        println!(
            "{}: at the end {last:.2} x the live bytes; in the last third {least:.2} to {most:.2}",
            self.name
        );
        let mut out = std::io::stdout().lock();
        for (updates, share) in &points {
            // The curve is of use even if nobody reads it.
            let _written = writeln!(out, "{}\t{updates}\t{share:.3}", self.name);
        }
        Curve { name: self.name.to_owned(), points }
    }

    fn swap_all(&self, store: &impl DeviceStore, users: &[usize], serial: u64) {
        let swaps = stream::iter(users).for_each_concurrent(IN_FLIGHT, async |user| {
            let key = &self.population.keys[*user];
            let current = store.load(key).await.expect("a set");
            let next = Arc::new(next(&current, *user, serial));
            let id = u128::from(serial) << 64 | *user as u128;
            let change = change(&self.population.realm, &next, &[1], id);
            let swap = store.swap(key, current.revision, next, change).await;
            assert_eq!(swap, Ok(Swap::Stored));
        });
        futures_executor::block_on(swaps);
    }

    /// What the files take on the disk, as a multiple of the live bytes.
    fn share(&self) -> f64 {
        disk_bytes(self.folder).expect("a folder") as f64 / self.live as f64
    }
}

fn style() -> ProgressStyle {
    let template = "{msg:24} {wide_bar} {pos}/{len} {per_sec} {eta}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
