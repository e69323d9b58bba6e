//! An operation and its floor by turns, in slices, so that a slow moment of the machine meets both.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::spread::Spread;

/// Nanoseconds for one operation, in each round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turns {
    /// The floor's.
    pub floor: Vec<f64>,
    /// The operation's.
    pub measured: Vec<f64>,
}

impl Turns {
    /// Lets both do a slice in each of so many rounds, and in one before, which does not count. Both say how long one operation took, in nanoseconds.
    pub fn take(
        rounds: usize,
        mut floor: impl FnMut() -> f64,
        mut measured: impl FnMut() -> f64,
    ) -> Self {
        let _warm_up = (floor(), measured());
        let (floor, measured) = (0..rounds).map(|_| (floor(), measured())).unzip();
        Self { floor, measured }
    }

    /// How many times the floor the operation took, inside each round. `None` of no rounds.
    #[must_use]
    pub fn ratio(&self) -> Option<Spread> {
        Spread::of(self.measured.iter().zip(&self.floor).map(|(measured, floor)| measured / floor))
    }
}

/// Nanoseconds for each of so many operations.
pub fn each(operations: usize, slice: impl FnOnce()) -> f64 {
    let started = Instant::now();
    slice();
    started.elapsed().as_secs_f64() * 1e9 / operations as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_inside_rounds() {
        // The machine is ten times slower in the last round; the first one warms up.
        let slow = |base: f64| {
            let mut round = 0;
            move || {
                round += 1;
                if round == 4 { base * 10.0 } else { base }
            }
        };
        let turns = Turns::take(3, slow(2.0), slow(3.0));
        assert_eq!(turns.floor, [2.0, 2.0, 20.0]);
        assert_eq!(turns.ratio(), Some(Spread { least: 1.5, median: 1.5, most: 1.5 }));
        assert_eq!(Turns { floor: vec![], measured: vec![] }.ratio(), None);
    }
}
