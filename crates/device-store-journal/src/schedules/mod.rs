//! One writer, readers on up to 16 threads and the upkeep, in schedules that a model checker makes up: what everybody sees must be right in each of them.
//!
//! ```sh
//! RUSTFLAGS='--cfg shuttle' cargo test -p device-store-journal --lib --target-dir target/shuttle --config profile.dev.opt-level=1 schedules::
//! ```
//! `DEVREG_SCHEDULES=100` runs a hundred times as many. A schedule is a choice at each lock, each atomic number, each lock of the cache, and before, in and after each operation on a file.
//! It is made at random, or by PCT, which finds faults that need few switches at the right places.

mod compaction;
mod disk;
mod driver;
mod plants;
mod publication;
mod reader;
mod scans;
mod world;

use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

/// The same in every run, so that a failure comes again.
const SEED: u64 = 0x6465_7672_6567;

/// Switches at the wrong place that PCT counts on.
const DEPTH: usize = 5;

/// The scenario in so many random schedules, and in as many of PCT.
fn check(schedules: usize, scenario: impl Fn() + Send + Sync + 'static) {
    let factor = std::env::var("DEVREG_SCHEDULES").ok().and_then(|text| text.parse().ok());
    let schedules = schedules * factor.unwrap_or(1);
    let (random, pct) = (Arc::new(scenario), schedules);
    let again = Arc::clone(&random);
    let config = || config(FailurePersistence::Print);
    Runner::new(RandomScheduler::new_from_seed(SEED, schedules), config()).run(move || random());
    Runner::new(PctScheduler::new_from_seed(SEED, DEPTH, pct), config()).run(move || again());
}

fn config(failure_persistence: FailurePersistence) -> Config {
    let mut config = Config::new();
    // Room for the codec in a build that is not optimised.
    config.stack_size = 512 * 1024;
    config.failure_persistence = failure_persistence;
    // All orderings are checked as sequentially consistent, which it would say each time.
    config.silence_warnings = true;
    config
}
