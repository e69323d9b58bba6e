//! Looks after sled's errors, since sled does not always tell those who wait.
//!
//! sled writes its log in threads of its own; who flushes waits for them on a condition variable. If the write of a batch's first message fails, sled remembers the error and wakes
//! nobody (`exit_reservation` in its `pagecache/logger.rs`, 0.34.7): should all other writes be through by then, the flush never returns, and with it no write and no close. A
//! flush that begins after the error finds it and wakes all others, so one is enough.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::engine::let_go;

/// How long somebody may wait for a write that has failed already. sled's own threads wake as often.
const INTERVAL: Duration = Duration::from_secs(1);

/// A thread that looks for errors until this is dropped, or until it has found one. It holds the tree open.
#[derive(Debug)]
pub(crate) struct ErrorWatch {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ErrorWatch {
    /// Looks after `tree`, which was opened with `config`.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub(crate) fn start(config: sled::Config, tree: sled::Db) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let watch = move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if config.global_error().is_err() {
                    // It says what is known.
                    let _error = tree.flush();
                    break;
                }
            }
            let_go(tree);
        };
        let thread = thread::Builder::new().name("devreg-sled-errors".into()).spawn(watch)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for ErrorWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
