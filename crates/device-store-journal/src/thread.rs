//! The thread of the upkeep: when it works, and how fast.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::files::Files;
use crate::scan::ScanError;
use crate::upkeep::Upkeep;

/// A segment that took longer than this to fill is followed by one that is filled with zeros before: writing over something makes each commit faster. A store that is filled
/// faster than this is being loaded, and each byte would only be written twice.
const CALM: Duration = Duration::from_secs(1);

/// Compaction rests for this many times as long as it worked, while little is dead.
const REST_FACTOR: u32 = 3;

/// Above this share of dead records, in hundredths, it rests no longer than it worked; above the next one, not at all.
const HURRY_PERCENT: u64 = 40;
const HASTE_PERCENT: u64 = 45;

/// The thread.
#[derive(Debug)]
pub(crate) struct UpkeepThread<F: Files> {
    pub(crate) upkeep: Arc<Upkeep<F>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    failure: Arc<Mutex<Option<Box<str>>>>,
}

impl<F: Files> UpkeepThread<F> {
    pub(crate) fn start(upkeep: Upkeep<F>) -> io::Result<Self> {
        let (upkeep, failure) = (Arc::new(upkeep), Arc::new(Mutex::new(None)));
        let (work, failed) = (Arc::clone(&upkeep), Arc::clone(&failure));
        let thread = thread::Builder::new().name("devreg-upkeep".into()).spawn(move || {
            if let Err(error) = run(&work) {
                // What is known of the files may not be so any more: nothing more is moved or removed until the store is opened again. Commits go on without it.
                *failed.lock() = Some(format!("compaction has stopped: {error}").into());
            }
        })?;
        Ok(Self { upkeep, thread: Mutex::new(Some(thread)), failure })
    }

    /// Why it has stopped, if something failed.
    pub(crate) fn failure(&self) -> Option<Box<str>> {
        self.failure.lock().clone()
    }

    /// Ends it after the step it is in, and waits for that.
    pub(crate) fn end(&self) {
        self.upkeep.journal.handover.end();
        if let Some(thread) = self.thread.lock().take() {
            // If it panicked, nothing is left half done that a start does not see to.
            let _ended = thread.join();
        }
    }
}

fn run<F: Files>(upkeep: &Upkeep<F>) -> Result<(), ScanError> {
    let mut last = Instant::now();
    let handover = &upkeep.journal.handover;
    while handover.wait() {
        let calm = last.elapsed() > CALM;
        last = Instant::now();
        upkeep.prepare(calm)?;
        while !handover.has_ended() && (upkeep.index()? || compact(upkeep)?) {
            upkeep.prepare(false)?;
        }
    }
    Ok(())
}

fn compact<F: Files>(upkeep: &Upkeep<F>) -> Result<bool, ScanError> {
    let worked_since = std::cell::Cell::new(Instant::now());
    upkeep.compact(&|_, dead_percent| {
        let factor = match dead_percent {
            HASTE_PERCENT.. => 0,
            HURRY_PERCENT.. => 1,
            _ => REST_FACTOR,
        };
        if !upkeep.journal.handover.has_ended() {
            thread::sleep(worked_since.get().elapsed() * factor);
        }
        worked_since.set(Instant::now());
    })
}
