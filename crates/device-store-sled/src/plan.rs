//! From requests to one batch: who wins, who loses, what is written. No I/O but reads, and nothing is changed here.

#[cfg(test)]
mod tests;

use std::collections::btree_map;
use std::ops::Range;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, SetKey, UserId, Username};
use device_store::{Purged, StoreError, Swap};
use uuid::Uuid;

use crate::commit::{AliasStep, Commit, SetStep, StoredSet};
use crate::queue::{PurgeRequest, Reply, Request, SwapRequest, TrimRequest};
use crate::visible::{Log, Visible};

/// Requests in a batch. A batch holds a lock that every read of sled takes, at about 10 us a request.
const BATCH_REQUESTS_MAX: usize = 128;

/// Bytes of set records in a batch, not counting the first one, so that a large set has one for itself: half of sled's log buffer.
const BATCH_BYTES_MAX: usize = 256 * 1024;

/// Changes that one batch forgets, so that a trim of many does not stop everybody else.
const BATCH_FORGOTTEN_MAX: u64 = 1_024;

/// A batch that is being made up.
#[derive(Debug)]
pub(crate) struct Plan<'a, L> {
    visible: &'a Visible<L>,
    changes_kept: u64,
    commit: Commit,
    waiters: Vec<Waiter>,
    requests: usize,
    bytes: usize,
}

/// Who is answered when the batch is durable.
#[derive(Debug)]
enum Waiter {
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

/// The current value of a set as the batch sees it.
struct Current {
    stored: StoredSet,
    /// Whether readers may see it: no request of this batch made it.
    durable: bool,
}

impl<'a, L: Log> Plan<'a, L> {
    /// An empty batch on top of what is durable; `kept` are the numbers of the changes.
    pub(crate) fn new(visible: &'a Visible<L>, changes_kept: u64, kept: Range<u64>) -> Self {
        let forgotten = kept.start..kept.start;
        let commit = Commit { kept, forgotten, ..Commit::default() };
        Self { visible, changes_kept, commit, waiters: Vec::new(), requests: 0, bytes: 0 }
    }

    /// Whether the next request belongs to another batch.
    pub(crate) fn is_full(&self) -> bool {
        self.requests >= BATCH_REQUESTS_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    /// Takes a request in, or answers it if nothing has to be written for it. Gives back what is left of it for the next batch.
    pub(crate) fn add(&mut self, request: Request) -> Option<Request> {
        self.requests += 1;
        match request {
            Request::Swap(swap) => self.swap(swap),
            Request::Purge(purge) => self.purge(purge),
            Request::Trim(trim) => return self.trim(trim),
        }
        None
    }

    /// The batch and those who wait for it.
    pub(crate) fn into_parts(mut self) -> (Commit, Waiters) {
        self.forget_beyond_limit();
        (self.commit, Waiters(self.waiters))
    }

    fn swap(&mut self, request: SwapRequest) {
        let SwapRequest { key, expected, next, record, change, reply } = request;
        let current = match self.current(&key) {
            Ok(current) => current,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let set = &current.stored.set;
        if set.revision != expected {
            let current_set = Arc::clone(set);
            if current.durable {
                return drop(reply.send(Ok(Swap::Conflict(current_set))));
            }
            return self.waiters.push(Waiter::Lost { reply, current: current_set });
        }
        if let Some(owner) = next.owner.as_ref().filter(|owner| owner.needs_alias()) {
            let name = alias_name(&change, &owner.user_id);
            match self.alias(&name) {
                Ok(current) => self.set_alias(name, current, Some(owner.username.clone())),
                Err(error) => return drop(reply.send(Err(error))),
            }
        }
        self.bytes += record.len();
        let stored = StoredSet::new(next, record.len());
        self.set_set(key, current.stored, Some((stored, record)));
        self.waiters.push(Waiter::Stored { reply, change: change.id });
        self.add_change(change);
    }

    fn purge(&mut self, request: PurgeRequest) {
        let PurgeRequest { realm, username, change, reply } = request;
        let keys = DeviceKind::ALL.map(|kind| SetKey::new(&realm, &username, kind));
        let mut purged = Purged::default();
        let mut durable = true;
        let mut found = Vec::new();
        for key in keys {
            match self.current(&key) {
                Ok(current) => {
                    durable &= current.durable;
                    if current.stored.set.owner.is_some() {
                        found.push((key, current.stored));
                    }
                }
                Err(error) => return drop(reply.send(Err(error))),
            }
        }
        let mut aliases = Vec::new();
        for owner in found.iter().filter_map(|(_, stored)| stored.set.owner.as_ref()) {
            let name = alias_name(&change, &owner.user_id);
            match self.alias(&name) {
                Ok(Some(to)) if to.matches(username.as_str()) => aliases.push((name, to)),
                Ok(_) => {}
                Err(error) => return drop(reply.send(Err(error))),
            }
        }
        // Everything could be read: from here on the purge is part of the batch.
        for (name, to) in aliases {
            self.set_alias(name, Some(to), None);
        }
        for (key, stored) in found {
            purged.sets += 1;
            purged.devices += stored.set.devices.len();
            self.set_set(key, stored, None);
        }
        if purged.sets == 0 && durable {
            return drop(reply.send(Ok(purged)));
        }
        self.waiters.push(Waiter::Purged { reply, change: change.id, purged });
        if purged.sets > 0 {
            self.add_change(change);
        }
    }

    fn trim(&mut self, mut request: TrimRequest) -> Option<Request> {
        let wanted = request.through.sequence().saturating_add(1).min(self.commit.kept.end);
        let forgotten = self.forget_before(wanted);
        request.forgotten += forgotten;
        if self.commit.kept.start < wanted {
            return Some(Request::Trim(request));
        }
        let TrimRequest { forgotten, reply, .. } = request;
        if forgotten == 0 {
            drop(reply.send(Ok(0)));
        } else {
            self.waiters.push(Waiter::Trimmed { reply, forgotten });
        }
        None
    }

    fn current(&self, key: &SetKey) -> Result<Current, StoreError> {
        match self.commit.sets.get(key) {
            Some(step) => {
                let after = step.after.as_ref().map(|(stored, _)| stored.clone());
                Ok(Current { stored: after.unwrap_or_else(StoredSet::unknown), durable: false })
            }
            None => Ok(Current { stored: self.visible.load(key)?, durable: true }),
        }
    }

    fn set_set(&mut self, key: SetKey, current: StoredSet, after: Option<(StoredSet, Vec<u8>)>) {
        match self.commit.sets.entry(key) {
            btree_map::Entry::Occupied(mut step) => step.get_mut().after = after,
            btree_map::Entry::Vacant(step) => drop(step.insert(SetStep { before: current, after })),
        }
    }

    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        match self.commit.aliases.get(name) {
            Some(step) => Ok(step.after.clone()),
            None => self.visible.alias(name),
        }
    }

    /// Sets an alias, unless it is what it should be already.
    fn set_alias(&mut self, name: Box<[u8]>, current: Option<Username>, after: Option<Username>) {
        if current == after {
            return;
        }
        match self.commit.aliases.entry(name) {
            btree_map::Entry::Occupied(mut step) => step.get_mut().after = after,
            btree_map::Entry::Vacant(step) => {
                step.insert(AliasStep { before: current, after });
            }
        }
    }

    fn add_change(&mut self, change: Change) {
        self.commit.changes.push((self.commit.kept.end, change));
        self.commit.kept.end += 1;
    }

    fn forget_beyond_limit(&mut self) {
        let kept = self.commit.kept.end - self.commit.kept.start;
        if !self.commit.changes.is_empty() && kept > self.changes_kept {
            self.forget_before(self.commit.kept.end - self.changes_kept);
        }
    }

    /// Forgets the changes before the number `wanted`, or as many of them as a batch may. Returns how many.
    fn forget_before(&mut self, wanted: u64) -> u64 {
        let room = BATCH_FORGOTTEN_MAX - (self.commit.forgotten.end - self.commit.forgotten.start);
        let start = self.commit.kept.start;
        let forgotten = wanted.saturating_sub(start).min(room);
        self.commit.kept.start += forgotten;
        self.commit.forgotten.end += forgotten;
        forgotten
    }
}

/// Those who wait for one batch.
#[derive(Debug)]
pub(crate) struct Waiters(Vec<Waiter>);

impl Waiters {
    /// The batch is durable and shown.
    pub(crate) fn succeed(self) {
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
    pub(crate) fn fail(self) {
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

fn alias_name(change: &Change, user_id: &UserId) -> Box<[u8]> {
    SetKey::name_bytes(&change.realm, user_id.as_str()).as_slice().into()
}
