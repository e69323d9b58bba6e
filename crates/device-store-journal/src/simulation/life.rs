//! The store between an opening and a crash, and what happens to it meanwhile: on its own or in the middle of something else.

use std::io;
use std::sync::{Arc, Weak};

use device_store::StoreError;
use parking_lot::Mutex;

use super::world::{World, Wrong};
use super::{Fault, FaultKind, Random, SimulatedDisk, is_crash};
use crate::journal::Journal;
use crate::open::Opened;
use crate::scan::ScanError;
use crate::upkeep::Upkeep;
use crate::writer::Writer;

/// The store, without its threads.
///
/// Nothing here is locked while the disk is asked, but the part that asks: whoever comes in between finds that one taken and does something else, as the threads of a store do.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) world: Arc<World>,
    pub(super) disk: SimulatedDisk,
    pub(super) journal: Arc<Journal<SimulatedDisk>>,
    pub(super) writing: Mutex<Writing>,
    upkeep: Mutex<Keeping>,
}

/// What the committer thread has.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) writer: Writer<SimulatedDisk>,
    /// A commit failed: no further one is tried.
    pub(super) stopped: bool,
}

/// What the upkeep thread has.
#[derive(Debug)]
struct Keeping {
    upkeep: Upkeep<SimulatedDisk>,
    /// A step failed: no further one is tried.
    stopped: bool,
}

/// A step of the upkeep.
#[derive(Debug, Clone, Copy)]
enum Step {
    Prepare { prewrite: bool },
    Index,
    Compact,
}

impl Life {
    /// The store that was opened from the disk.
    pub(super) fn new(
        world: &Arc<World>,
        disk: SimulatedDisk,
        opened: Opened<SimulatedDisk>,
    ) -> Arc<Self> {
        let (active, index_bytes) = opened.active.clone();
        let segment_bytes = world.setup.segment_bytes;
        let journal = Arc::new(Journal::new(opened, world.setup.cache_bytes));
        let writer = Writer::new(Arc::clone(&journal), active, index_bytes, segment_bytes);
        let upkeep = Upkeep::new(Arc::clone(&journal), segment_bytes);
        Arc::new(Self {
            world: Arc::clone(world),
            disk,
            journal,
            writing: Mutex::new(Writing { writer, stopped: false }),
            upkeep: Mutex::new(Keeping { upkeep, stopped: false }),
        })
    }

    /// From now on something else may happen before each operation of the disk.
    pub(super) fn interleave(self: &Arc<Self>) {
        // The disk is part of what it would keep alive.
        let life = Arc::downgrade(self);
        self.disk.on_operation(move |operation, _| {
            if let Some(life) = Weak::upgrade(&life) {
                life.between(operation);
            }
        });
    }

    /// Something that happens before this operation of something else.
    fn between(&self, operation: &str) {
        let mut random = self.world.chance();
        if self.world.wrong().is_err() || !random.one_in(self.world.setup.between) {
            return;
        }
        self.world.count(|figures| figures.interleaved += 1);
        self.plan_fault(&mut random);
        let done = match random.below(40) {
            0 => self.look_after_a_crash(&mut random),
            1..=6 if operation == "sync_names" => self.lose_names(),
            number if number % 4 < self.world.setup.upkeep => self.keep_up(self.draw(&mut random)),
            _ => self.step(&mut random),
        };
        if let Err(wrong) = done {
            self.world.found_wrong(format!("in between: {wrong}").into());
        }
    }

    /// Lets something fail in what is done in between, or soon after, if this is a simulation of that kind.
    fn plan_fault(&self, random: &mut Random) {
        let one_in = self.world.setup.nested_faults;
        if one_in > 0 && random.one_in(one_in) {
            let kind = if random.coin() { FaultKind::Io } else { FaultKind::NoSpace };
            self.fail_soon(random.between(1, 6), kind);
        }
    }

    /// A sync of names that fails before somebody else's: worth some more tries than chance gives it.
    fn lose_names(&self) -> Result<(), Wrong> {
        /// Create, write, sync, rename, and then the names.
        const OPERATIONS: u64 = 5;
        if self.world.setup.nested_faults > 0 {
            self.fail_soon(OPERATIONS, FaultKind::Io);
        }
        self.keep_up(Step::Prepare { prewrite: false })
    }

    fn fail_soon(&self, operations: u64, kind: FaultKind) {
        let number = self.disk.counters().operations + operations;
        self.disk.fail_at(number, Fault { kind, from_then_on: false });
    }

    /// Something that happens to the store.
    pub(super) fn step(&self, random: &mut Random) -> Result<(), Wrong> {
        match random.below(20) {
            0..=9 => self.commit(random),
            10..=15 => self.keep_up(self.draw(random)),
            16 => {
                self.journal.cache.clear();
                Ok(())
            }
            _ => self.read(random),
        }
    }

    fn draw(&self, random: &mut Random) -> Step {
        if self.world.setup.indexes && !random.one_in(5) {
            return Step::Index;
        }
        match random.below(7) {
            0 | 1 => Step::Prepare { prewrite: random.coin() },
            2 | 3 => Step::Index,
            _ => Step::Compact,
        }
    }

    /// A step of the upkeep, unless one is under way.
    fn keep_up(&self, step: Step) -> Result<(), Wrong> {
        let Some(mut keeping) = self.upkeep.try_lock().filter(|it| !it.stopped) else {
            return Ok(());
        };
        let done = match step {
            Step::Prepare { prewrite } => keeping.upkeep.prepare(prewrite).map_err(ScanError::Io),
            Step::Index => keeping.upkeep.index(),
            // After each frame of copies, the thread sleeps.
            Step::Compact => keeping.upkeep.compact(&|_, _| self.between("sleep")),
        };
        match done {
            Ok(done) => self.world.count(|figures| {
                figures.upkeep_steps += u64::from(done);
                figures.compactions += u64::from(done && matches!(step, Step::Compact));
            }),
            Err(ScanError::Io(error)) if is_made_up(&error) => keeping.stopped = true,
            Err(error) => return Err(format!("upkeep: {error}").into()),
        }
        Ok(())
    }

    /// Whether everything was done that was begun, so that the counts must be right.
    pub(super) fn is_healthy(&self) -> bool {
        !self.disk.is_dead() && !self.writing.lock().stopped && !self.upkeep.lock().stopped
    }

    /// Whether a read may fail in this way now.
    pub(super) fn is_excused(&self, error: &StoreError) -> bool {
        matches!(error, StoreError::Unavailable(_))
            && (self.disk.is_dead() || self.world.reads_may_fail())
    }
}

/// Whether the simulation itself is where the error comes from.
pub(super) fn is_made_up(error: &io::Error) -> bool {
    /// EIO and ENOSPC.
    const FAULTS: [i32; 2] = [5, 28];
    is_crash(error) || error.raw_os_error().is_some_and(|code| FAULTS.contains(&code))
}
