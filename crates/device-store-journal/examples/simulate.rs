//! Runs simulations of the store, one for each seed. `scripts/simulate` builds and calls it.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use device_store_journal::simulation::{Figures, Plant, simulate};

const USAGE: &str = "simulate SEEDS [FIRST] [PLANT]";

/// Failures that are told at most: one is enough, some more show a pattern.
const FAILURES_MAX: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).map_or(Some(default), |it| it.parse().ok());
    let plant = arguments.get(2).map(|name| plant(name));
    let (Some(seeds), Some(first), Some(plant)) =
        (number(0, 1_000), number(1, 0_u64), plant.map_or(Some(None), |it| it.map(Some)))
    else {
        eprintln!("usage: {USAGE}");
        return ExitCode::from(2);
    };
    Campaign { first, end: first.saturating_add(seeds), plant, ..Campaign::default() }.run()
}

fn plant(name: &str) -> Option<Plant> {
    Plant::ALL.into_iter().find(|plant| format!("{plant:?}") == name)
}

/// Simulations of consecutive seeds.
#[derive(Default)]
struct Campaign {
    first: u64,
    end: u64,
    plant: Option<Plant>,
    /// How many were begun.
    begun: AtomicU64,
    done: AtomicU64,
    figures: Mutex<Figures>,
    failures: Mutex<Vec<(u64, Box<str>)>>,
}

impl Campaign {
    fn run(self) -> ExitCode {
        let started = Instant::now();
        // A simulation that panics says so in its report.
        std::panic::set_hook(Box::new(|_| {}));
        thread::scope(|scope| {
            let workers = thread::available_parallelism().map_or(1, usize::from);
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| self.work())).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                thread::sleep(Duration::from_millis(200));
                self.tell_progress(started);
            }
        });
        self.report(started)
    }

    fn work(&self) {
        loop {
            let seed = self.first + self.begun.fetch_add(1, Ordering::Relaxed);
            if seed >= self.end || self.lock(&self.failures).len() >= FAILURES_MAX {
                return;
            }
            match simulate(seed, self.plant) {
                Ok(figures) => *self.lock(&self.figures) += figures,
                Err(wrong) => self.lock(&self.failures).push((seed, wrong)),
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn lock<'a, T>(&self, mutex: &'a Mutex<T>) -> std::sync::MutexGuard<'a, T> {
        mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn tell_progress(&self, started: Instant) {
        let mut terminal = std::io::stderr();
        if terminal.is_terminal() {
            let (done, of) = (self.done.load(Ordering::Relaxed), self.end - self.first);
            let (rate, failures) = (self.rate(started), self.lock(&self.failures).len());
            // Who cannot be told needs no progress.
            let _told = write!(terminal, "\r{done} of {of} seeds, {rate:.0}/s, {failures} failed ");
        }
    }

    fn rate(&self, started: Instant) -> f64 {
        let done = u32::try_from(self.done.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        f64::from(done) / started.elapsed().as_secs_f64().max(0.001)
    }

    fn report(&self, started: Instant) -> ExitCode {
        if std::io::stderr().is_terminal() {
            eprintln!();
        }
        let (done, seconds) = (self.done.load(Ordering::Relaxed), started.elapsed().as_secs());
        let Figures { operations, requests, commits, upkeep_steps, reads, .. } =
            *self.lock(&self.figures);
        let Figures { compactions, interleaved, openings, crashes, looks, kills, .. } =
            *self.lock(&self.figures);
        let (first, rate) = (self.first, self.rate(started));
        println!("{done} seeds from {first} on in {seconds} s, {rate:.0}/s");
        println!(
            "  {requests} requests in {commits} commits, {upkeep_steps} steps of the upkeep with {compactions} compactions, {reads} reads compared"
        );
        println!(
            "  {operations} disk operations, in the middle of which {interleaved} other things were done"
        );
        println!(
            "  {openings} openings after {crashes} power losses and {kills} ends of the process, {looks} power losses looked at besides"
        );
        let mut failures = self.lock(&self.failures);
        failures.sort_unstable_by_key(|(seed, _)| *seed);
        for (seed, wrong) in failures.iter() {
            println!("FAILED: seed {seed}: {wrong}");
        }
        if failures.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("again: scripts/simulate 1 SEED");
        ExitCode::FAILURE
    }
}
