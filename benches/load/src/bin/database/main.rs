//! Look-ups and changes of the PostgreSQL store beside what `pgbench` reaches with the same statements on the same server, by turns: `database postgres://... [ROUNDS] [SECONDS] [USERS]`.
//!
//! The database has its tables (`devreg migrate`) and nothing else. pgbench gets rows of its own, in the same table, under a kind that no device has.

mod pgbench;

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::time::{Duration, Instant};

use device_core::Secret;
use device_store::{DeviceStore as _, Swap};
use device_store_postgres::{Address, Options, PostgresStore};
use devreg_benches::population::{Population, change};
use devreg_benches::random::SplitMix;
use devreg_benches::swapping::next;
use futures_util::{StreamExt as _, stream};

use pgbench::{pgbench, psql};

/// As many as pgbench has clients, and each of the store's has one change under way.
const IN_FLIGHT: [usize; 3] = [1, 16, 64];

/// pgbench's own rows.
const COPY: &str = "insert into device_set select shard_key, 9, revision, change_id, record from device_set where kind = 2; vacuum analyze device_set;";

/// What is measured, and its text for pgbench.
const WORKS: [(&str, &str); 2] =
    [("look-up", include_str!("look-up.sql")), ("look-up and change", include_str!("change.sql"))];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url =
        arguments.next().ok_or("usage: database postgres://... [ROUNDS] [SECONDS] [USERS]")?;
    let mut number = |default: usize| -> Result<usize, Box<dyn Error>> {
        Ok(arguments.next().map_or(Ok(default), |text| text.parse())?)
    };
    let (rounds, seconds, users) = (number(5)?, number(5)?, number(100_000)?);
    let options = Options { write_connections: 64, ..Options::default() };
    let store = PostgresStore::open(&Address::parse(&Secret::new(url.as_str()))?, &options)?;
    let population = Population::of(users);
    population.store_in(&store);
    psql(&url, COPY)?;
    let ours = Ours { store, population, random: SplitMix::new(1).into(), changes: 0.into() };
    println!(
        "| what | in flight | the store, a second | pgbench, a second | share (least .. most) |\n|---|---:|---:|---:|---:|"
    );
    for (name, script) in WORKS {
        for in_flight in IN_FLIGHT {
            let mut rows = Vec::new();
            for _ in 0..rounds {
                let floor = pgbench(&url, script, in_flight, seconds, users)?;
                let rate = ours.rate(name != "look-up", in_flight, seconds);
                rows.push((rate / floor, rate, floor));
            }
            let median = |figure: fn(&(f64, f64, f64)) -> f64| {
                let mut figures: Vec<f64> = rows.iter().map(figure).collect();
                figures.sort_unstable_by(f64::total_cmp);
                (figures[0], figures[figures.len() / 2], figures[figures.len() - 1])
            };
            let ((least, share, most), rate, floor) =
                (median(|row| row.0), median(|row| row.1).1, median(|row| row.2).1);
            println!(
                "| {name} | {in_flight} | {rate:.0} | {floor:.0} | **{share:.2}** ({least:.2} .. {most:.2}) |"
            );
        }
    }
    Ok(())
}

struct Ours {
    store: PostgresStore,
    population: Population,
    random: RefCell<SplitMix>,
    changes: Cell<u64>,
}

impl Ours {
    /// How many a second.
    fn rate(&self, changes: bool, in_flight: usize, seconds: usize) -> f64 {
        let length = Duration::from_secs(seconds as u64);
        let (began, done) = (Instant::now(), Cell::new(0_u64));
        let running = stream::iter(0..in_flight).for_each_concurrent(in_flight, async |_| {
            while began.elapsed() < length {
                if self.one(changes).await {
                    done.set(done.get() + 1);
                }
            }
        });
        futures_executor::block_on(running);
        done.get() as f64 / began.elapsed().as_secs_f64()
    }

    /// A look-up, and a change of what was found. Whether it was done: of two changes of one set one loses.
    async fn one(&self, changes: bool) -> bool {
        let Population { keys, realm, .. } = &self.population;
        let user = self.random.borrow_mut().below(keys.len());
        let Ok(set) = self.store.load(&keys[user]).await else { return false };
        if !changes {
            return true;
        }
        self.changes.set(self.changes.get() + 1);
        // The upper half is the user's number, which the population's first changes have as well.
        let id = u128::from(self.changes.get()) << 64;
        let next = next(&set, user, self.changes.get());
        let change = change(realm, &next, &[1], id);
        let swap = self.store.swap(&keys[user], set.revision, next.into(), change).await;
        swap == Ok(Swap::Stored)
    }
}
