//! What the benches share: made-up users, their signed refresh messages, and the size of a run.
//!
//! Each bench measures an operation and, in the same run on the same data, its *floor*: the least work that could do the same job. The table in
//! `README.md` shows the ratio of the two, which travels between machines better than nanoseconds do. `scripts/bench` makes it.

pub mod curve;
pub mod document;
pub mod figures;
pub mod files;
pub mod households;
pub mod look_ups;
pub mod messages;
pub mod population;
pub mod random;
pub mod refreshes;
pub mod scale;
pub mod spread;
pub mod swapping;
pub mod turns;
pub mod usage;

use std::future::Future;

use futures_util::FutureExt as _;
use tikv_jemallocator::Jemalloc;

/// That of the server.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The output of a future that does not wait: memory stores and cached reads answer at once, so no executor blurs the figures.
///
/// # Panics
/// If the future is not ready.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match future.now_or_never() {
        Some(output) => output,
        None => panic!("this future should have been ready at once"),
    }
}
