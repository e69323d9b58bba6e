//! Sending requests, and what comes of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::Fallible;
use crate::client::Connection;
use crate::pace::Pace;
use crate::population::Expected;
use crate::processor::{Processes, Used};

/// Significant digits of latencies.
const DIGITS: u8 = 3;

/// How requests are sent.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Connections, each with one request under way.
    pub(crate) connections: usize,
    /// Requests a second; `None` sends as fast as answers come.
    pub(crate) rate: Option<f64>,
    /// After which no more requests are sent.
    pub(crate) time_max: Option<Duration>,
    /// The server's, if they can be seen.
    pub(crate) processes: Option<Processes>,
}

/// What came of some requests.
#[derive(Debug)]
pub(crate) struct Driven {
    /// Nanoseconds from when a request was due to when its answer was there; of good answers only.
    pub(crate) latencies_ns: Histogram<u64>,
    /// Requests without a good answer.
    pub(crate) errors: u64,
    /// What was wrong first.
    pub(crate) first_error: Option<String>,
    pub(crate) elapsed: Duration,
    /// What the server's processes used meanwhile.
    pub(crate) server: Option<Used>,
}

/// Sends each request once, as far as there is time.
///
/// # Errors
/// If no connection can be opened, or the server's processes cannot be seen.
pub(crate) async fn drive(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    expected: Expected,
    load: &Load,
) -> Fallible<Driven> {
    let count = requests.len();
    let mut connections = Vec::new();
    for _ in 0..load.connections {
        connections.push(Connection::open(address).await?);
    }
    let used = || load.processes.as_ref().map(Processes::used).transpose();
    let used_before = used()?;
    let started = Instant::now();
    let queue = Arc::new(Queue {
        address,
        requests,
        expected,
        next: AtomicUsize::new(0),
        end: load.time_max.map(|time| started + time),
        pace: Pace::start(load.rate, count, load.connections),
    });
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(work(Arc::clone(&queue), connection));
    }
    let mut driven = Driven {
        latencies_ns: Histogram::new(DIGITS)?,
        errors: 0,
        first_error: None,
        elapsed: Duration::ZERO,
        server: None,
    };
    while let Some(tally) = workers.join_next().await {
        let tally = tally??;
        driven.latencies_ns.add(tally.latencies_ns)?;
        driven.errors += tally.errors;
        driven.first_error = driven.first_error.or(tally.first_error);
    }
    driven.elapsed = started.elapsed();
    driven.server = used_before.zip(used()?).map(|(before, after)| after.since(before));
    Ok(driven)
}

/// What all connections take their requests from.
#[derive(Debug)]
struct Queue {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    expected: Expected,
    next: AtomicUsize,
    end: Option<Instant>,
    pace: Pace,
}

/// What one connection has seen.
struct Tally {
    latencies_ns: Histogram<u64>,
    errors: u64,
    first_error: Option<String>,
}

async fn work(queue: Arc<Queue>, connection: Connection) -> Fallible<Tally> {
    let mut tally = Tally { latencies_ns: Histogram::new(DIGITS)?, errors: 0, first_error: None };
    let mut connection = Some(connection);
    loop {
        queue.pace.turn().await;
        if queue.end.is_some_and(|end| Instant::now() >= end) {
            return Ok(tally);
        }
        let number = queue.next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = queue.requests.get(number) else { return Ok(tally) };
        let intended = queue.pace.intended(number);
        match answered(&mut connection, &queue, request).await {
            Ok(()) => {
                let waited = u64::try_from(intended.elapsed().as_nanos()).unwrap_or(u64::MAX);
                tally.latencies_ns.record(waited)?;
            }
            Err(error) => {
                tally.errors += 1;
                tally.first_error.get_or_insert(error);
            }
        }
    }
}

/// Asks over the connection, or over a new one if the last was lost.
async fn answered(
    connection: &mut Option<Connection>,
    queue: &Queue,
    request: &[u8],
) -> Result<(), String> {
    let mut open = match connection.take() {
        Some(open) => open,
        None => Connection::open(queue.address).await.map_err(|error| error.to_string())?,
    };
    let answer = open.ask(request).await.map_err(|error| format!("no answer: {error}"))?;
    let checked = queue.expected.check(&answer);
    *connection = Some(open);
    checked
}
