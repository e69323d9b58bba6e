//! One writer at a time for each key inside this process.
//!
//! Without it 64 writers on one key need 43 attempts on average and some wait for seconds; with a lock that is always taken it is
//! one attempt (`ARCHITECTURE.md`, Contention). Conflicts then come from other processes only.

use std::hash::{BuildHasher as _, RandomState};

use async_lock::{Mutex, MutexGuard};
use device_core::SetKey;

/// Locks. As many as there may be writes that wait for a store's disk, so that strangers seldom share one: of 1,100 sets that an import has under way, 700 share one of 1,024 locks with another, 140 one of these.
const STRIPES: usize = 8_192;

/// Locks that keys share by their hash. Waiters are served in order: the lock turns fair as soon as one has waited for half a millisecond.
#[derive(Debug)]
pub(crate) struct Stripes {
    hasher: RandomState,
    locks: Box<[Mutex<()>]>,
}

impl Default for Stripes {
    fn default() -> Self {
        Self { hasher: RandomState::new(), locks: (0..STRIPES).map(|_| Mutex::new(())).collect() }
    }
}

impl Stripes {
    /// Waits for the key's turn.
    pub(crate) async fn turn(&self, key: &SetKey) -> MutexGuard<'_, ()> {
        #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
        let stripe = self.hasher.hash_one(key) as usize % STRIPES;
        self.locks[stripe].lock().await
    }
}
