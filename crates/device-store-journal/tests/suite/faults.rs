//! A disk that fails: each operation of a workload in its turn, once or from then on, in the commits, in the upkeep and in the start.
//!
//! Whatever fails, nothing is acknowledged that is not there after a new start, what could be read stays readable, and the folder can be opened again.

use std::thread;
use std::time::Instant;

use device_store::StoreError;
use device_store_journal::simulation::{Fault, FaultKind, Random, SimulatedDisk};
use device_store_journal::{JournalStore, OpenError};

use crate::small::{Small, options, settle};
use crate::truth::{Seen, State, World};

const OPERATIONS: usize = 60;

const FAULTS: [Fault; 4] = [
    Fault { kind: FaultKind::Io, from_then_on: false },
    Fault { kind: FaultKind::Io, from_then_on: true },
    Fault { kind: FaultKind::NoSpace, from_then_on: false },
    Fault { kind: FaultKind::NoSpace, from_then_on: true },
];

/// Where a fault was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Start,
    Commit,
    Upkeep,
    Never,
}

#[test]
fn each_operation_of_a_workload() {
    let started = Instant::now();
    let operations = operations_of_a_workload();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    // A little more than there are: their number differs, as the threads do not run in step.
    let numbers = 1..operations + operations / 10;
    let work = |from: usize| {
        let numbers = numbers.clone().skip(from).step_by(threads);
        numbers.flat_map(|at| FAULTS.map(|fault| with_a_fault(at, fault))).collect::<Vec<_>>()
    };
    let met: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|from| scope.spawn(move || work(from))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let count = |what| met.iter().filter(|met| **met == what).count();
    let [start, commit, upkeep, never] =
        [Met::Start, Met::Commit, Met::Upkeep, Met::Never].map(count);
    println!(
        "{operations} operations, failed in the start {start}, in a commit {commit}, in the upkeep {upkeep}, not at all {never}, {:?}",
        started.elapsed()
    );
    assert!(start > 0 && commit > 100 && upkeep > 50);
}

fn operations_of_a_workload() -> u64 {
    let disk = SimulatedDisk::new(1);
    let store = JournalStore::open_on(disk.clone(), &options()).unwrap();
    let mut world = World::new(1);
    for _ in 0..OPERATIONS {
        world.does(&store).unwrap();
    }
    settle(&disk);
    assert_eq!(store.failure(), None);
    disk.counters().operations
}

fn with_a_fault(at: u64, fault: Fault) -> Met {
    let what = format!("operation {at}, {fault:?}");
    let disk = SimulatedDisk::new(at);
    disk.fail_at(at, fault);
    let mut world = World::new(1);
    let store = match JournalStore::open_on(disk.clone(), &options()) {
        Ok(store) => store,
        Err(OpenError::Io(_)) => {
            starts_again(&disk, &[world.state], at, &what);
            return Met::Start;
        }
        Err(error) => panic!("{what}: {error}"),
    };
    let mut in_doubt = None;
    for _ in 0..OPERATIONS {
        match world.does(&store) {
            Ok(()) => assert!(in_doubt.is_none(), "{what}: acknowledged after a failure"),
            Err((StoreError::Unknown { .. }, after)) if in_doubt.is_none() => {
                in_doubt = Some(after);
                assert!(store.failure().is_some(), "{what}");
            }
            Err((StoreError::ReadOnly, _)) if in_doubt.is_some() => break,
            Err((error, _)) => panic!("{what}: {error}"),
        }
        if store.failure().is_some() {
            shows(&store, &world.state, &what);
        }
    }
    shows(&store, &world.state, &what);
    store.close();
    let failure = store.failure();
    let is_met = disk.counters().operations >= at;
    assert_eq!(failure.is_some(), is_met, "{what}: {failure:?}");
    drop(store);
    let met = match (&in_doubt, failure) {
        (Some(_), _) => Met::Commit,
        (None, Some(failure)) => {
            assert!(failure.starts_with("compaction has stopped: "), "{what}: {failure}");
            Met::Upkeep
        }
        (None, None) => Met::Never,
    };
    let states: Vec<_> = [Some(world.state), in_doubt].into_iter().flatten().collect();
    starts_again(&disk, &states, at, &what);
    met
}

fn shows(store: &JournalStore<SimulatedDisk>, state: &State, what: &str) {
    let seen = Seen::of(store);
    assert!(seen.is(state), "{what}: {seen:?} instead of {state:?}");
}

/// After a kill and after a power loss the store is in one of these states, and works.
fn starts_again(disk: &SimulatedDisk, states: &[State], seed: u64, what: &str) {
    let after_crash = disk.after_crash(&mut Random::new(seed));
    for (disk, after) in [(after_crash, "a power loss"), (disk.kill(), "a kill")] {
        let what = format!("{what}, after {after}");
        let open = |disk: &SimulatedDisk| {
            let store = JournalStore::open_on(disk.clone(), &options());
            store.unwrap_or_else(|error| panic!("{what}: {error}"))
        };
        let store = open(&disk);
        let seen = Seen::of(&store);
        let state = states.iter().find(|state| seen.is(state));
        let state = state.unwrap_or_else(|| panic!("{what}: {seen:?} is none of {states:?}"));
        let mut world = World::new(seed);
        world.state = state.clone();
        for _ in 0..3 {
            world.does(&store).unwrap();
        }
        drop(store);
        assert!(Seen::of(&open(&disk)).is(&world.state), "{what}: after some more work");
    }
}

#[test]
fn each_operation_of_a_start() {
    let mut failed = 0;
    for store in Small::all() {
        let last = store.states.last().unwrap();
        for fault in FAULTS {
            for at in 1.. {
                let disk = store.disk();
                disk.count_reads(true);
                disk.fail_at(at, fault);
                let opened = JournalStore::open_on(disk.clone(), &options());
                let started = opened.is_ok();
                match opened {
                    // The upkeep, or a read of what is asked, may meet it then.
                    Ok(store) => drop(store),
                    Err(OpenError::Io(_)) => failed += 1,
                    Err(error) => panic!("operation {at}, {fault:?}: {error}"),
                }
                let is_met = disk.counters().operations >= at;
                let what = format!("operation {at} of a start, {fault:?}");
                starts_again(&disk, std::slice::from_ref(last), at, &what);
                if started && !is_met {
                    break;
                }
            }
        }
    }
    println!("{failed} starts failed");
    assert!(failed > 100);
}
