//! The whole store on a disk in memory that fails, tears, reorders and forgets as a real one may, compared with a plain model: always the same way for the same seed.
//!
//! [`SimulatedDisk`] does what [`Files`](crate::Files) and [`JournalFile`](crate::JournalFile) promise and not more: what was not synced is
//! there after [`SimulatedDisk::crash`] or not, sector by sector and name by name. [`simulate`] runs a store on it. Nothing here has a thread, a clock or randomness of its own.

mod batch;
mod disk;
mod driver;
mod figures;
mod images;
mod life;
mod model;
mod plants;
mod random;
mod reads;
mod requests;
mod world;

pub use disk::{Counters, Fault, FaultKind, SimulatedDisk, SimulatedFile, is_crash};
pub use driver::simulate;
pub use figures::Figures;
pub use plants::Plant;
pub(crate) use plants::is_planted;
pub use random::Random;
