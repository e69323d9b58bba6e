//! What does a program find after a power loss?
//!
//! A [`Recording`] is the ordered list of what a workload did to one folder: its writes, its
//! syncs, its names and its acknowledgements. From a recording, [`Crash::plan`] draws one of the
//! folders which a power loss at one moment could leave: what a finished `fsync` covers is there,
//! of all the rest anything or nothing may be, the last write torn. A [`Campaign`] builds many of
//! them and asks a check command about each.
//!
//! Nothing here knows a store: a workload and a check are commands which take a folder.
//!
//! ```
//! use power_loss::{Crash, Recording};
//!
//! // What strace writes, here by hand: a file is created and written, and nothing is synced.
//! let trace = r#"
//! 7 openat(AT_FDCWD, "\x2f\x64\x2f\x61", O_WRONLY|O_CREAT, 0666) = 3
//! 7 write(3, "\x68\x69", 2) = 2
//! 7 write(1, "\x61\x63\x6b\x20\x31\x0a", 6) = 6
//! "#;
//! let recording = Recording::parse("/d".as_ref(), [trace.as_bytes()])?;
//! let crash = Crash::at(&recording, recording.moments(), &mut power_loss::Rng::new(1));
//! assert_eq!(crash.acknowledged(), Some("ack 1"));
//! # Ok::<(), power_loss::Error>(())
//! ```
#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers of system calls and random choices, on the 64-bit Linux whose calls are recorded"
)]

mod calls;
mod campaign;
mod crash;
mod error;
mod events;
mod files;
mod random;
mod record;
mod table;
mod verdict;

pub use campaign::{Campaign, Failure, Report};
pub use crash::{Crash, Policy};
pub use error::Error;
pub use events::{Event, Inode, NameChange, Recording, What};
pub use random::Rng;
pub use record::record;
pub use table::table;
pub use verdict::Verdict;
