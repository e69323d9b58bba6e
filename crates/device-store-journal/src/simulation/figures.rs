//! What simulations did.

use std::ops::AddAssign;

/// What simulations did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// Operations of the disk that change something or open a file.
    pub operations: u64,
    /// Requests.
    pub requests: u64,
    /// Commits.
    pub commits: u64,
    /// Steps of the upkeep in which there was something to do.
    pub upkeep_steps: u64,
    /// Compactions that were finished.
    pub compactions: u64,
    /// Reads, each compared with the model.
    pub reads: u64,
    /// Things done in the middle of something else.
    pub interleaved: u64,
    /// Openings.
    pub openings: u64,
    /// Power losses.
    pub crashes: u64,
    /// Power losses that were only looked at.
    pub looks: u64,
    /// Ends of the process.
    pub kills: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.requests += other.requests;
        self.commits += other.commits;
        self.upkeep_steps += other.upkeep_steps;
        self.compactions += other.compactions;
        self.reads += other.reads;
        self.interleaved += other.interleaved;
        self.openings += other.openings;
        self.crashes += other.crashes;
        self.looks += other.looks;
        self.kills += other.kills;
    }
}
