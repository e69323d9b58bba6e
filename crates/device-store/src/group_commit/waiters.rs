//! Who is answered when a batch is durable.

use std::fmt;
use std::sync::Arc;

use device_core::DeviceSet;
use uuid::Uuid;

use super::request::Reply;
use crate::store::{Purged, StoreError, Swap};

/// Those who wait for one batch.
pub struct Waiters(pub(super) Vec<Waiter>);

/// One of them, with the answer that waits for the batch.
pub(super) enum Waiter {
    Stored {
        reply: Reply<Swap>,
        change: Uuid,
    },
    /// Lost to a winner of the same batch, whose set may not be shown before.
    Lost {
        reply: Reply<Swap>,
        current: Arc<DeviceSet>,
    },
    Purged {
        reply: Reply<Purged>,
        change: Uuid,
        purged: Purged,
    },
    Trimmed {
        reply: Reply<u64>,
        forgotten: u64,
    },
}

impl Waiters {
    /// The batch is durable and shown.
    pub fn succeed(self) {
        // Whoever has gone away needs no answer.
        for waiter in self.0 {
            match waiter {
                Waiter::Stored { reply, .. } => drop(reply.send(Ok(Swap::Stored))),
                Waiter::Lost { reply, current } => drop(reply.send(Ok(Swap::Conflict(current)))),
                Waiter::Purged { reply, purged, .. } => drop(reply.send(Ok(purged))),
                Waiter::Trimmed { reply, forgotten } => drop(reply.send(Ok(forgotten))),
            }
        }
    }

    /// Nobody knows what of the batch is on the disk.
    pub fn fail(self) {
        for waiter in self.0 {
            match waiter {
                Waiter::Stored { reply, change } => {
                    drop(reply.send(Err(StoreError::Unknown { change })));
                }
                Waiter::Purged { reply, change, purged } if purged.sets > 0 => {
                    drop(reply.send(Err(StoreError::Unknown { change })));
                }
                // These would have stored nothing.
                Waiter::Lost { reply, .. } => drop(reply.send(Err(StoreError::ReadOnly))),
                Waiter::Purged { reply, .. } => drop(reply.send(Err(StoreError::ReadOnly))),
                // A trim has no change to look for.
                Waiter::Trimmed { reply, .. } => {
                    drop(reply.send(Err(StoreError::Unknown { change: Uuid::nil() })));
                }
            }
        }
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it holds secrets.
        formatter.debug_tuple("Waiters").field(&self.0.len()).finish()
    }
}
