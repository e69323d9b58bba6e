//! Group commit, for stores that own their files: one thread writes, and whoever waits meanwhile shares its next wait for the disk.
//!
//! A store puts [`GroupCommit`] in front of its [`Engine`]. Requests go into a bounded queue. The committer thread takes what waits there, checks each request against what
//! is current ([`Plan`]), and gives the engine the winners with their aliases and changes as one [`Commit`]; when that is durable and shown, everybody who waited is told.
//! So writers share disk waits without waiting for each other on purpose, and losing costs no I/O.
//!
//! ```text
//! swap, purge, trim ──► queue ──► Plan ──► Engine::commit ──► Waiters::succeed
//!                     WAITING_MAX   │  asks Durable           (or fail, and that was the last one)
//!                                   └──► who lost already is answered at once
//! ```
//!
//! Reads do not come here: how an engine shows what is durable, and nothing else, is its own affair.

mod commit;
mod committer;
mod front;
mod plan;
mod queue;
mod request;
mod waiters;

pub use commit::{BatchLimits, Commit, Durable, Engine, NewSet};
pub use front::GroupCommit;
pub use plan::Plan;
pub use queue::WAITING_MAX;
pub use request::{PurgeRequest, Reply, Request, SwapRequest, TrimRequest};
pub use waiters::Waiters;
