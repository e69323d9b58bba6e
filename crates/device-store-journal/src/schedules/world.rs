//! A store without threads of its own, and what was ever written to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use device_core::{DeviceKind, Realm, Revision, SetKey, Username};
use parking_lot::Mutex;

use super::disk::Disk;
use crate::format::Space;
use crate::journal::Journal;
use crate::open::{Opened, Reading, open};
use crate::simulation::SimulatedDisk;
use crate::upkeep::Upkeep;
use crate::writer::{SegmentBytes, Writer};

/// How a store is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec {
    pub(super) cache_bytes: u64,
    pub(super) segment_bytes: u32,
    pub(super) changes_kept: u64,
}

/// No set fits in.
pub(super) const NO_CACHE: u64 = 0;

/// One or two sets fit in.
pub(super) const SMALL_CACHE: u64 = 1_000;

/// All sets fit in.
pub(super) const LARGE_CACHE: u64 = 1 << 20;

impl Default for Spec {
    fn default() -> Self {
        Self { cache_bytes: SMALL_CACHE, segment_bytes: 1 << 16, changes_kept: 1_000 }
    }
}

/// The store.
#[derive(Debug)]
pub(super) struct World {
    pub(super) disk: Disk,
    pub(super) journal: Arc<Journal<Disk>>,
    pub(super) upkeep: Upkeep<Disk>,
    /// The last commit that the writer was told to be done.
    pub(super) published: AtomicU64,
    /// Whether the writer has done everything.
    pub(super) done: AtomicBool,
    /// Not seen by the scheduler: it is never locked while others go on.
    pub(super) history: Mutex<History>,
}

/// What was written, each thing noted before the commit that writes it begins.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The commits of each key, in order: the revision, or `None` where it was forgotten.
    pub(super) sets: BTreeMap<SetKey, Vec<(u64, Option<Revision>)>>,
    /// The number of each set's change, by the commit.
    pub(super) changes: BTreeMap<(SetKey, u64), u64>,
    /// Commits whose aliases were forgotten.
    pub(super) no_alias: BTreeSet<u64>,
    /// The first change that is kept.
    pub(super) kept_from: u64,
}

impl History {
    /// The last commit of a key up to `commit`, if it stored something.
    pub(super) fn stored_at(&self, key: &SetKey, commit: u64) -> Option<u64> {
        let commits = self.sets.get(key)?;
        let (last, revision) = commits.iter().rfind(|(it, _)| *it <= commit)?;
        revision.is_some().then_some(*last)
    }
}

impl World {
    pub(super) fn new(spec: Spec) -> (Arc<Self>, Writer<Disk>) {
        let disk = Disk::new(SimulatedDisk::new(1));
        let segment_bytes = SegmentBytes { min: spec.segment_bytes, max: spec.segment_bytes };
        let opened = open_disk(disk.clone(), segment_bytes);
        let (active, index_bytes) = opened.active.clone();
        let journal = Arc::new(Journal::new(opened, spec.cache_bytes));
        let writer = Writer::new(Arc::clone(&journal), active, index_bytes, segment_bytes);
        let upkeep = Upkeep::new(Arc::clone(&journal), segment_bytes);
        let (published, done, history) = Default::default();
        let world = Self { disk, journal, upkeep, published, done, history };
        (Arc::new(world), writer)
    }

    /// What the thread of the upkeep does, but for the clock.
    pub(super) fn run_upkeep(&self) {
        let handover = &self.journal.handover;
        while handover.wait() {
            self.upkeep.prepare(false).unwrap();
            while !handover.has_ended() && self.step() {
                self.upkeep.prepare(false).unwrap();
            }
        }
    }

    fn step(&self) -> bool {
        self.upkeep.index().unwrap() || self.upkeep.compact(&|_, _| ()).unwrap()
    }

    /// Once everybody has ended: history, cache, directory and file agree, and so does what the next process will find.
    pub(super) fn check_end(&self) {
        let disk = Disk::new(self.disk.inner.kill());
        let segment_bytes = self.upkeep.segment_bytes;
        let next = Journal::new(open_disk(disk, segment_bytes), NO_CACHE);
        let history = self.history.lock();
        for (key, commits) in &history.sets {
            let (commit, revision) = commits.last().copied().unwrap();
            let known = self.journal.directory.get(Space::Sets, key.as_bytes());
            let known = known.filter(|known| !known.is_forgotten());
            let expected = revision.map(|revision| (commit, revision.to_record()));
            assert_eq!(known.map(|it| (it.commit, it.revision)), expected, "directory, {key:?}");
            let set = next.load(key).unwrap();
            assert_eq!(set.revision, revision.unwrap_or(Revision::NONE), "file, {key:?}");
            if let Some(cached) = self.journal.cache.peek(key) {
                assert_eq!(cached.set, set, "cache, {key:?}");
            }
        }
        let kept = |journal: &Journal<Disk>| journal.changes.read().kept();
        assert_eq!(kept(&self.journal), kept(&next));
        assert_eq!(self.journal.live(), next.live(), "bytes in force are counted");
    }
}

fn open_disk(disk: Disk, segment_bytes: SegmentBytes) -> Opened<Disk> {
    open(disk, Reading { threads: 1, use_indexes: true, segment_bytes }).unwrap()
}

pub(super) fn realm() -> Realm {
    Realm::parse("/").unwrap()
}

pub(super) fn username(user: usize) -> Username {
    Username::parse(&format!("user{user}")).unwrap()
}

pub(super) fn key(user: usize) -> SetKey {
    SetKey::new(&realm(), &username(user), DeviceKind::Oath)
}

/// The key of the alias that a commit makes for a user.
pub(super) fn alias_name(user: usize, commit: u64) -> Box<[u8]> {
    SetKey::name_bytes(&realm(), &format!("{user}-{commit}")).to_vec().into()
}
