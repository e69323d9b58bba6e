//! What outlives a crash: the model, where chance comes from, what was counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::model::{Model, States};
use super::requests::Users;
use super::{Figures, Random};
use crate::open::Reading;
use crate::writer::SegmentBytes;

/// What a simulation found wrong.
pub(super) type Wrong = Box<str>;

/// How a simulation is set up, by its seed.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) segment_bytes: SegmentBytes,
    pub(super) cache_bytes: u64,
    pub(super) changes_kept: u64,
    /// Something else is done in between at one I/O operation in so many.
    pub(super) between: u64,
    /// Of four things that are done in between, so many are steps of the upkeep for certain.
    pub(super) upkeep: u64,
    /// Whether most steps of the upkeep make an index.
    pub(super) indexes: bool,
    /// Rounds at most.
    pub(super) rounds: u64,
    /// Of eight rounds, so many end with trouble in the middle of something.
    pub(super) troubled: u64,
    /// Of four troubles, so many are faults of the disk; the others are crashes.
    pub(super) faults: u64,
    /// There is a fault in one of so many things that are done in between; 0 if never.
    pub(super) nested_faults: u64,
    pub(super) users: Users,
}

/// The part of a simulation that outlives a crash.
#[derive(Debug)]
pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) states: Mutex<States>,
    random: Mutex<Random>,
    wrong: Mutex<Option<Wrong>>,
    pub(super) figures: Mutex<Figures>,
    reads_may_fail: AtomicBool,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            setup: Setup::new(&mut random),
            states: Mutex::new(States::new(Arc::new(Model::default()))),
            random: Mutex::new(random),
            wrong: Mutex::default(),
            figures: Mutex::default(),
            reads_may_fail: AtomicBool::new(false),
        }
    }

    /// Chance for one step: how much of it the step uses does not move what comes after.
    pub(super) fn chance(&self) -> Random {
        self.random.lock().fork()
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Figures)) {
        count(&mut self.figures.lock());
    }

    /// Remembers what was found wrong where nobody could be told.
    pub(super) fn found_wrong(&self, wrong: Wrong) {
        self.wrong.lock().get_or_insert(wrong);
    }

    pub(super) fn wrong(&self) -> Result<(), Wrong> {
        self.wrong.lock().clone().map_or(Ok(()), Err)
    }

    pub(super) fn let_reads_fail(&self, may: bool) {
        self.reads_may_fail.store(may, Ordering::Relaxed);
    }

    pub(super) fn reads_may_fail(&self) -> bool {
        self.reads_may_fail.load(Ordering::Relaxed)
    }

    pub(super) fn reading(&self, use_indexes: bool) -> Reading {
        Reading { threads: 1, use_indexes, segment_bytes: self.setup.segment_bytes }
    }
}

impl Setup {
    fn new(random: &mut Random) -> Self {
        let min = [4, 4, 8, 16, 32][random.index(5)] * 1024;
        let max = min << random.index(3);
        // All or nothing: what a cache in between throws away depends on how keys are hashed, which is another way in each process.
        let cache_bytes = if random.coin() { 1 } else { 64 << 20 };
        let mut setup = Self {
            segment_bytes: SegmentBytes { min, max },
            cache_bytes,
            changes_kept: random.between(1, 60),
            between: [1, 2, 5, 20][random.index(4)],
            upkeep: [0, 2, 3][random.index(3)],
            indexes: random.coin(),
            rounds: [3, 6, 12][random.index(3)],
            troubled: [2, 4, 7][random.index(3)],
            faults: [0, 1, 1, 4][random.index(4)],
            nested_faults: if random.one_in(3) { random.between(5, 60) } else { 0 },
            users: Users::new(random),
        };
        // What goes wrong only where everything meets.
        if random.one_in(3) {
            (setup.between, setup.upkeep, setup.indexes) = (1, 3, true);
            (setup.rounds, setup.troubled) = (12, 7);
        }
        setup
    }
}
