//! The log: one JSON object a line, on stderr. A line a request is a good part of what a request costs, so lines are written many at a time.

mod json;
mod lines;

use std::io;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use self::json::JsonLines;
pub use self::lines::Flushing;
use self::lines::{Lines, ToLines};

/// Starts the log of this process: what `filter` lets through goes to stderr, warnings and errors at once and the rest a moment later. When the returned value goes, the last lines are written.
///
/// # Errors
/// If no thread can be started.
///
/// # Panics
/// If the process has a log already.
pub fn start(filter: EnvFilter) -> io::Result<Flushing> {
    let lines = Arc::new(Lines::new(io::stderr()));
    let flushing = Flushing::start(Arc::clone(&lines))?;
    tracing_subscriber::fmt()
        .event_format(JsonLines)
        .with_env_filter(filter)
        .with_writer(ToLines(lines))
        .init();
    Ok(flushing)
}
