//! What readers, the writer and the upkeep share is locked and counted with these, so that a model checker can put its own below.
//!
//! Built with `--cfg shuttle` they are those of [shuttle](https://docs.rs/shuttle), which then decides at each of them who goes on: `schedules.rs`. That is no cargo feature, since features add up:
//! a build of the workspace with all features would get locks that work in a model checker only.

#[cfg(not(shuttle))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic;

#[cfg(shuttle)]
mod checked;
#[cfg(shuttle)]
pub(crate) use checked::{Condvar, Mutex, MutexGuard, RwLock};
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic;
