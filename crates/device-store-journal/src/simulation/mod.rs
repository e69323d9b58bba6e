//! A disk in memory that fails, tears, reorders and forgets as a real one may, and always the same way for the same seed.
//!
//! [`SimulatedDisk`] does what [`Files`](crate::Files) and [`JournalFile`](crate::JournalFile) promise and not more: what was not synced is
//! there after [`SimulatedDisk::crash`] or not, sector by sector and name by name. Nothing here has a thread, a clock or randomness of its own.

mod disk;
mod random;

pub use disk::{Counters, Fault, FaultKind, SimulatedDisk, SimulatedFile, is_crash};
pub use random::Random;
