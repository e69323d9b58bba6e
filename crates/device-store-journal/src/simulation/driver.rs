//! One simulation from its seed: openings, what happens then, crashes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::images::{model_of, same_without_indexes, take_over};
use super::life::{Life, is_made_up};
use super::model::States;
use super::plants::Planted;
use super::world::{World, Wrong};
use super::{Fault, FaultKind, Figures, Plant, Random, SimulatedDisk};
use crate::error::OpenError;
use crate::open::open;

/// Steps of all rounds of a simulation at most, together.
const STEPS_MAX: u64 = 480;

/// Runs the simulation of this seed: the whole store on a disk that loses everything it may lose, compared with a plain model. Everything in it follows from the seed, so that it
/// does the same again each time. One thread, no clock.
///
/// # Errors
/// What was found wrong, for people.
pub fn simulate(seed: u64, plant: Option<Plant>) -> Result<Figures, Box<str>> {
    let _planted = Planted::new(plant);
    let world = Arc::new(World::new(seed));
    // A panic is one more thing that may be found.
    catch_unwind(AssertUnwindSafe(|| run(&world, plant)))
        .unwrap_or_else(|panic| Err(format!("it panicked: {}", message(&*panic)).into()))?;
    let figures = *world.figures.lock();
    Ok(figures)
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

fn run(world: &Arc<World>, plant: Option<Plant>) -> Result<(), Wrong> {
    let mut random = world.chance();
    let mut disk = SimulatedDisk::new(random.number());
    if let Some(plant) = plant {
        plant.on_disk(&disk);
    }
    for round in 1..=random.between(1, world.setup.rounds) {
        let life = start(world, disk).map_err(|wrong| format!("opening {round}: {wrong}"))?;
        disk =
            live(&life, &mut world.chance()).map_err(|wrong| format!("round {round}: {wrong}"))?;
    }
    let life = start(world, disk).map_err(|wrong| format!("last opening: {wrong}"))?;
    life.read_everything()
}

/// Opens the store, perhaps with crashes and faults while it opens, and finds in it what must be there.
fn start(world: &Arc<World>, mut disk: SimulatedDisk) -> Result<Arc<Life>, Wrong> {
    /// Openings that are interrupted one after the other.
    const INTERRUPTED_MAX: usize = 3;
    let mut attempts = 0;
    loop {
        let mut random = world.chance();
        attempts += 1;
        if attempts <= INTERRUPTED_MAX && random.one_in(3) {
            interrupt(world, &disk, random.between(1, 25), &mut random);
        }
        let opened = open(disk.clone(), world.reading(!random.one_in(4)));
        world.count(|figures| {
            figures.openings += 1;
            figures.operations += disk.counters().operations;
        });
        disk.clear_faults();
        match opened {
            Ok(opened) => {
                disk.reset_counters();
                if random.one_in(4) {
                    same_without_indexes(world, &disk, &opened)?;
                }
                let life = Life::new(world, disk, opened);
                let found = model_of(&life.journal, world)?;
                let mut states = world.states.lock();
                *states = States::new(take_over(&states, &found)?);
                drop(states);
                return Ok(life);
            }
            Err(OpenError::Io(error)) if is_made_up(&error) => {
                disk = end(world, &disk, &mut random);
            }
            Err(error) => return Err(error.to_string().into()),
        }
    }
}

/// Lets some operation to come fail, or turns the machine off in it.
fn interrupt(world: &World, disk: &SimulatedDisk, within: u64, random: &mut Random) {
    disk.reset_counters();
    let number = random.between(1, within);
    disk.count_reads(random.one_in(3));
    if random.below(4) < world.setup.faults {
        let kind = if random.coin() { FaultKind::Io } else { FaultKind::NoSpace };
        disk.fail_at(number, Fault { kind, from_then_on: random.one_in(3) });
    } else {
        disk.crash_at(number);
    }
}

/// One round: what happens to an open store until it crashes or is closed. Gives back the disk as the next opening finds it.
fn live(life: &Arc<Life>, random: &mut Random) -> Result<SimulatedDisk, Wrong> {
    let (world, disk) = (&life.world, &life.disk);
    let steps = random.between(1, STEPS_MAX / world.setup.rounds);
    if random.below(8) < world.setup.troubled {
        let operations = steps * [3, 8][random.index(2)];
        interrupt(world, disk, operations, random);
        world.let_reads_fail(true);
    }
    life.interleave();
    for _ in 0..steps {
        life.step(&mut world.chance())?;
        world.wrong()?;
        if disk.is_dead() {
            break;
        }
    }
    disk.remove_hook();
    world.let_reads_fail(false);
    world.count(|figures| figures.operations += disk.counters().operations);
    disk.clear_faults();
    if !disk.is_dead() {
        life.read_everything()?;
        if life.is_healthy() {
            life.recount(random.coin())?;
        }
        if random.one_in(4) {
            life.look_after_a_crash(random)?;
        }
    }
    Ok(end(world, disk, random))
}

/// The power is lost, or the process ends.
fn end(world: &World, disk: &SimulatedDisk, random: &mut Random) -> SimulatedDisk {
    let crash = !random.one_in(3);
    world.count(|figures| {
        figures.crashes += u64::from(crash);
        figures.kills += u64::from(!crash);
    });
    disk.reset_counters();
    if crash { disk.crash(random) } else { disk.kill() }
}
