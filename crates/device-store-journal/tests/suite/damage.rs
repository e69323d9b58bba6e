//! Damaged files: every byte flipped, every file cut at every length, sectors gone or full of garbage, in small stores that have segments of every sort.
//!
//! Whatever is damaged, the store is refused with a message that names a segment, or the records that cannot be read are errors for their readers and everything else is as it was, or the last
//! commits are gone whole. Never anything else.

use std::collections::BTreeMap;
use std::fmt;
use std::thread;
use std::time::Instant;

use device_store_journal::simulation::{Random, SimulatedDisk};
use device_store_journal::{JournalStore, OpenError};

use crate::small::{SECTOR_BYTES, Small, options};
use crate::truth::{Seen, State, World};

/// What came of a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    NoDifference,
    DamagedRecord,
    /// So many commits are gone.
    EarlierState(usize),
    Refused,
}

/// One damage to one file.
#[derive(Debug, Clone, Copy)]
struct Damage {
    file: usize,
    what: What,
    /// How the store is opened after it.
    use_indexes: bool,
}

const BOTH: &[bool] = &[true, false];

#[derive(Debug, Clone, Copy)]
enum What {
    /// These bits of a byte are the other way round.
    Flip {
        at: usize,
        bits: u8,
    },
    CutTo(usize),
    SectorOfZeros(usize),
    SectorOfGarbage(usize),
}

impl What {
    fn apply(self, bytes: &mut Vec<u8>) {
        let sector = |at: usize, bytes: &[u8]| at..(at + SECTOR_BYTES).min(bytes.len());
        match self {
            Self::Flip { at, bits } => bytes[at] ^= bits,
            Self::CutTo(length) => bytes.truncate(length),
            Self::SectorOfZeros(at) => {
                let sector = sector(at, bytes);
                bytes[sector].fill(0);
            }
            Self::SectorOfGarbage(at) => {
                let mut random = Random::new(at as u64);
                let sector = sector(at, bytes);
                bytes[sector].fill_with(|| random.number().to_le_bytes()[0]);
            }
        }
    }

    /// Commits that it may take away. Each that was acknowledged was synced, but the last ones look as a crash would leave them.
    fn commits_lost_max(self) -> usize {
        match self {
            Self::Flip { .. } => 1,
            Self::SectorOfZeros(_) | Self::SectorOfGarbage(_) => SECTOR_BYTES / 64 + 1,
            Self::CutTo(_) => usize::MAX,
        }
    }
}

/// How often each outcome came.
#[derive(Debug, Default)]
struct Counts(BTreeMap<&'static str, usize>);

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        let name = match outcome {
            Outcome::NoDifference => "no difference",
            Outcome::DamagedRecord => "damaged record",
            Outcome::EarlierState(_) => "earlier state",
            Outcome::Refused => "refused",
        };
        *self.0.entry(name).or_default() += 1;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} cases", self.0.values().sum::<usize>())?;
        self.0.iter().try_for_each(|(name, count)| write!(formatter, ", {count} {name}"))
    }
}

/// Does the damage to a copy of the store, and looks what it shows.
fn outcome(store: &Small, damage: Damage) -> Result<Outcome, String> {
    let (name, bytes) = &store.files[damage.file];
    let mut bytes = bytes.clone();
    damage.what.apply(&mut bytes);
    let disk = store.disk();
    disk.set_content(name, bytes);
    let mut options = options();
    options.use_indexes = damage.use_indexes;
    let opened = match JournalStore::open_on(disk.clone(), &options) {
        Ok(opened) => opened,
        Err(error @ OpenError::Damaged { .. }) if error.to_string().contains("`segment-") => {
            return Ok(Outcome::Refused);
        }
        Err(error) => return Err(format!("refused with `{error}`")),
    };
    let seen = Seen::of(&opened);
    let last = store.states.len() - 1;
    if seen.is(&store.states[last]) {
        return Ok(Outcome::NoDifference);
    }
    if seen.is_but_for_damage(&opened, &store.states[last]) {
        return Ok(Outcome::DamagedRecord);
    }
    match store.states.iter().rposition(|state| seen.is(state)) {
        Some(at) if last - at > damage.what.commits_lost_max() => {
            Err(format!("{} commits are gone", last - at))
        }
        Some(_) if *name != store.active => Err("a state that is gone came back".to_owned()),
        Some(at) => {
            drop(opened);
            goes_on(&disk, &store.states[at])?;
            Ok(Outcome::EarlierState(last - at))
        }
        None => Err("a state that never was".to_owned()),
    }
}

/// What is written after the last commits were lost is there after the next start, and nothing of what was lost.
fn goes_on(disk: &SimulatedDisk, state: &State) -> Result<(), String> {
    let open =
        || JournalStore::open_on(disk.clone(), &options()).map_err(|error| error.to_string());
    let mut world = World::new(1);
    world.state = state.clone();
    let store = open()?;
    for _ in 0..4 {
        world.does(&store).map_err(|(error, _)| error.to_string())?;
    }
    drop(store);
    let is_it = Seen::of(&open()?).is(&world.state);
    is_it.then_some(()).ok_or_else(|| "something else is there after some more work".to_owned())
}

const PROBLEMS_SHOWN_MAX: usize = 20;

/// Does all these damages.
fn check(what: &str, store: &Small, damages: &[Damage]) {
    let started = Instant::now();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let work = |from: usize| {
        let damages = damages.iter().skip(from).step_by(threads);
        damages.map(|damage| (*damage, outcome(store, *damage))).collect::<Vec<_>>()
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|from| scope.spawn(move || work(from))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let (mut problems, mut counts) = (Vec::new(), BTreeMap::<_, Counts>::new());
    for (damage, outcome) in outcomes {
        let name = &store.files[damage.file].0;
        let how = if damage.use_indexes { "with indexes" } else { "without indexes" };
        match outcome {
            Ok(outcome) => counts.entry(how).or_default().add(outcome),
            Err(problem) => problems.push(format!("{name}, {:?}, {how}: {problem}", damage.what)),
        }
    }
    counts.iter().for_each(|(how, counts)| println!("{what} {how}: {counts}"));
    println!("{what}: {:?}", started.elapsed());
    let first = problems.iter().take(PROBLEMS_SHOWN_MAX).map(String::as_str).collect::<Vec<_>>();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), first.join("\n"));
}

/// The damages to all files that `of` gives for a file's name and length, and how each is opened.
fn damages<'a>(store: &Small, of: impl Fn(&str, usize) -> Vec<(What, &'a [bool])>) -> Vec<Damage> {
    let mut damages = Vec::new();
    for (file, (name, bytes)) in store.files.iter().enumerate() {
        for (what, ways) in of(name, bytes.len()) {
            damages.extend(ways.iter().map(|&use_indexes| Damage { file, what, use_indexes }));
        }
    }
    damages
}

#[test]
fn every_byte_flipped() {
    for (number, store) in Small::all().iter().enumerate() {
        println!("{store}");
        let mut random = Random::new(7);
        let mut bits: Vec<u8> = Vec::new();
        bits.resize_with(store.bytes(), || 1 << random.below(8));
        let damages = damages(store, |_, bytes| {
            let all = (0..bytes).map(|at| (What::Flip { at, bits: 0xFF }, BOTH));
            // One bit gives nothing else than all of them, mostly: one store and one way or the other will do.
            let one = (0..if number == 0 { bytes } else { 0 })
                .map(|at| (What::Flip { at, bits: bits[at] }, &BOTH[at % 2..=at % 2]));
            all.chain(one).collect()
        });
        check("flips", store, &damages);
    }
}

#[test]
fn every_length() {
    for store in Small::all() {
        println!("{store}");
        let damages = damages(store, |name, bytes| {
            // What is cut has no index at its end, so that it makes little difference whether indexes are used.
            let ways = |length| match name == store.active || length % 16 < 2 {
                true => BOTH,
                false => &BOTH[..1],
            };
            (0..bytes).map(|length| (What::CutTo(length), ways(length))).collect()
        });
        check("cuts", store, &damages);
    }
}

#[test]
fn every_sector() {
    for store in Small::all() {
        let damages = damages(store, |_, bytes| {
            // Also between the sectors that there are, to hit more of what may go together.
            let sectors = (0..bytes).step_by(SECTOR_BYTES / 8);
            let damages = |at| [(What::SectorOfZeros(at), BOTH), (What::SectorOfGarbage(at), BOTH)];
            sectors.flat_map(damages).collect()
        });
        check("sectors", store, &damages);
    }
}
