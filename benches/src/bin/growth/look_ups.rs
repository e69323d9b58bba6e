//! Look-ups of a store beside their floor, by turns.

use std::cell::Cell;

use devreg_benches::look_ups::after;
use devreg_benches::turns::{Turns, each};

/// Look-ups in a slice: a hundredth of a second where they are fastest.
const SLICE: usize = 100_000;

/// Both ask for the numbers below `count` one after the other, and go on where the other one has ended.
pub(crate) fn by_turns(
    rounds: usize,
    count: usize,
    floor: impl Fn(usize) -> u64,
    measured: impl Fn(usize) -> u64,
) -> Turns {
    let at = Cell::new(0);
    Turns::take(rounds, || slice(&at, count, &floor), || slice(&at, count, &measured))
}

fn slice(at: &Cell<usize>, count: usize, ask: &impl Fn(usize) -> u64) -> f64 {
    each(SLICE, || {
        let mut now = at.get();
        for _ in 0..SLICE {
            now = after(now, ask(now), count);
        }
        at.set(now);
    })
}
