//! When the next request is due.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// Who waits for what.
#[derive(Debug, Clone)]
pub(crate) enum Pace {
    /// A closed loop: each connection sends as soon as it has its answer.
    Unbounded,
    /// An open loop: requests are due at a constant rate, whether or not earlier ones are answered.
    Constant(Arc<Schedule>),
}

/// The times at which requests are due.
#[derive(Debug)]
pub(crate) struct Schedule {
    started: Instant,
    interval: Duration,
    due: Semaphore,
}

impl Pace {
    /// So many requests a second from now on, or as fast as they are answered.
    pub(crate) fn start(rate: Option<f64>, requests: usize, connections: usize) -> Self {
        let Some(rate) = rate else { return Self::Unbounded };
        let schedule = Arc::new(Schedule {
            started: Instant::now(),
            interval: Duration::from_secs_f64(1.0 / rate),
            due: Semaphore::new(0),
        });
        // A thread: timers of the runtime are a millisecond coarse, which is many times what an answer takes.
        let released = Arc::clone(&schedule);
        thread::spawn(move || released.release(requests, connections));
        Self::Constant(schedule)
    }

    /// Waits until some request is due.
    pub(crate) async fn turn(&self) {
        if let Self::Constant(schedule) = self
            && let Ok(turn) = schedule.due.acquire().await
        {
            turn.forget();
        }
    }

    /// Since when the request of this number waits.
    pub(crate) fn intended(&self, number: usize) -> Instant {
        match self {
            Self::Unbounded => Instant::now(),
            Self::Constant(schedule) => schedule.at(number),
        }
    }
}

impl Schedule {
    fn at(&self, number: usize) -> Instant {
        self.started + self.interval.mul_f64(number as f64)
    }

    fn release(&self, requests: usize, connections: usize) {
        for number in 0..requests {
            thread::sleep(self.at(number).saturating_duration_since(Instant::now()));
            self.due.add_permits(1);
        }
        // One more for each connection, to find out that nothing is left.
        self.due.add_permits(connections);
    }
}
