//! What the tests share: folders, options, and sync points that wait or fail on request.

use std::future::poll_fn;
use std::io::{self, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::task::Poll;

use device_store_sled::{Durability, Options, SledStore, SyncPoint};
use parking_lot::{Condvar, Mutex};
use tempfile::TempDir;

/// A new folder that goes when the test ends.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Options for tests that do not ask what a disk has.
pub(crate) fn quick() -> Options {
    Options {
        durability: Durability::Process,
        cache_bytes: 1024 * 1024,
        engine_cache_bytes: 16 * 1024 * 1024,
        ..Options::default()
    }
}

/// A switch in front of a store's sync point.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch(Arc<(Mutex<Position>, Condvar)>);

#[derive(Debug, Default)]
struct Position {
    mode: Mode,
    /// Syncs that came to the switch while it was not open.
    stopped: usize,
}

/// What becomes of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    #[default]
    Pass,
    /// It waits until the mode is another one.
    Hold,
    /// The next one passes, then they are held again.
    PassOne,
    /// It fails, without having been tried.
    Fail,
}

impl Switch {
    /// Opens a store with this switch in front of its sync point.
    pub(crate) fn open(&self, folder: &Path, options: Options) -> SledStore {
        let switch = self.clone();
        SledStore::open_with(folder, options, |real| Box::new(Switched { switch, real })).unwrap()
    }

    pub(crate) fn set(&self, mode: Mode) {
        let (position, changed) = &*self.0;
        position.lock().mode = mode;
        changed.notify_all();
    }

    /// Waits until a sync is held.
    pub(crate) fn wait_until_stopped(&self) {
        let (position, changed) = &*self.0;
        let mut position = position.lock();
        while position.stopped == 0 {
            changed.wait(&mut position);
        }
    }
}

struct Switched {
    switch: Switch,
    real: Box<dyn SyncPoint>,
}

impl SyncPoint for Switched {
    fn sync(&mut self) -> io::Result<()> {
        let (position, changed) = &*self.switch.0;
        let mut position = position.lock();
        while position.mode == Mode::Hold {
            position.stopped += 1;
            changed.notify_all();
            changed.wait(&mut position);
            position.stopped -= 1;
        }
        match position.mode {
            Mode::Fail => return Err(io::Error::other("the disk is on strike")),
            Mode::PassOne => position.mode = Mode::Hold,
            Mode::Pass | Mode::Hold => {}
        }
        drop(position);
        self.real.sync()
    }
}

/// Bytes of a segment of sled's log in the store's folder.
pub(crate) const SEGMENT_BYTES: usize = 16 * 1024 * 1024;

/// Does something with the tree of a closed store.
pub(crate) fn with_tree<T>(folder: &Path, act: impl FnOnce(&sled::Db) -> T) -> T {
    /// Milliseconds; sled lets go of its lock some time after it is closed.
    const LOCK_WAIT_MAX_MS: u64 = 5_000;
    for _ in 0..LOCK_WAIT_MAX_MS {
        let config = sled::Config::new().path(folder).segment_size(SEGMENT_BYTES);
        match config.cache_capacity(16 * 1024 * 1024).open() {
            Ok(tree) => {
                let result = act(&tree);
                tree.flush().unwrap();
                return result;
            }
            Err(error) if error.to_string().contains("could not acquire lock") => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("somebody holds the lock of {}", folder.display());
}

/// Polls a future once. A write is in the queue after that.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}

/// Whether there is an `strace`. Where there is none, a test that needs it fails if the environment asks for it, and says that it was skipped otherwise.
pub(crate) fn has_strace() -> bool {
    const REQUIRE_VARIABLE: &str = "DEVREG_REQUIRE_TOOLS";
    if Command::new("strace").arg("-V").output().is_ok() {
        return true;
    }
    let required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
    assert!(!required, "strace is not installed, and {REQUIRE_VARIABLE} asks for it");
    // Past the test harness, which would keep it for itself.
    io::stderr().write_all(b"SKIPPED: strace is not installed\n").unwrap();
    false
}
