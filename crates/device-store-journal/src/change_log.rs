//! Where the kept changes are: a place for each number.

use std::collections::VecDeque;
use std::ops::Range;

use crate::directory::Location;

/// The places of the changes that are kept, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct ChangeLog {
    first: u64,
    places: VecDeque<Location>,
}

impl ChangeLog {
    /// The changes from `first` on.
    pub(crate) fn new(first: u64, places: VecDeque<Location>) -> Self {
        Self { first, places }
    }

    /// The numbers of the changes.
    pub(crate) fn kept(&self) -> Range<u64> {
        self.first..self.first + self.places.len() as u64
    }

    /// Where a change is.
    pub(crate) fn place(&self, number: u64) -> Option<Location> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.places.get(at).copied()
    }

    /// Adds the next change.
    pub(crate) fn push(&mut self, place: Location) {
        self.places.push_back(place);
    }

    /// Forgets the changes with numbers below `first`, which is the number of the next change at most. Gives back their places.
    pub(crate) fn forget_before(&mut self, first: u64) -> Vec<Location> {
        let forgotten = first.saturating_sub(self.first);
        self.first = self.first.max(first);
        let forgotten = usize::try_from(forgotten).unwrap_or(usize::MAX);
        self.places.drain(..forgotten.min(self.places.len())).collect()
    }

    /// Says that the change at `from` was copied `to`. Returns whether it is still kept.
    pub(crate) fn relocate(&mut self, number: u64, from: Location, to: Location) -> bool {
        let at = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| self.places.get_mut(at)) {
            Some(place) if *place == from => {
                *place = to;
                true
            }
            _ => false,
        }
    }
}
