//! From requests to one batch: who wins, who loses, what is written. No I/O but reads, and nothing is changed here.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, Revision, SetKey, UserId, Username};

use super::commit::{BatchLimits, Commit, Durable, NewSet};
use super::request::{PurgeRequest, Request, SwapRequest, TrimRequest};
use super::waiters::{Waiter, Waiters};
use crate::store::{Purged, StoreError, Swap};

/// A batch that is being made up.
pub struct Plan<'a, D> {
    durable: &'a D,
    limits: BatchLimits,
    changes_kept: u64,
    commit: Commit,
    waiters: Vec<Waiter>,
    requests: usize,
    bytes: usize,
}

/// The current value of a set as the batch sees it.
struct Current {
    set: Arc<DeviceSet>,
    /// Whether readers may see it: no request of this batch made it.
    durable: bool,
}

impl<'a, D: Durable> Plan<'a, D> {
    /// An empty batch on top of what is durable; `kept` are the numbers of the changes, of which at most `changes_kept` stay when changes are added.
    pub fn new(durable: &'a D, limits: BatchLimits, changes_kept: u64, kept: Range<u64>) -> Self {
        let forgotten = kept.start..kept.start;
        let commit = Commit { kept, forgotten, ..Commit::default() };
        Self { durable, limits, changes_kept, commit, waiters: Vec::new(), requests: 0, bytes: 0 }
    }

    /// Whether the next request belongs to another batch.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.requests >= self.limits.requests_max || self.bytes >= self.limits.bytes_max
    }

    /// Takes a request in, or answers it if nothing has to be written for it. Gives back what is left of it for the next batch.
    #[must_use = "what is left must be the first request of the next batch"]
    pub fn add(&mut self, request: Request) -> Option<Request> {
        self.requests += 1;
        match request {
            Request::Swap(swap) => self.swap(swap),
            Request::Purge(purge) => self.purge(purge),
            Request::Trim(trim) => return self.trim(trim),
        }
        None
    }

    /// The batch and those who wait for it.
    #[must_use]
    pub fn into_parts(mut self) -> (Commit, Waiters) {
        self.forget_beyond_limit();
        (self.commit, Waiters(self.waiters))
    }

    fn swap(&mut self, request: SwapRequest) {
        let SwapRequest { key, expected, next, record, change, reply } = request;
        match self.faster_than(&key, expected) {
            Ok(None) => {}
            Ok(Some(Current { set, durable: true })) => {
                return drop(reply.send(Ok(Swap::Conflict(set))));
            }
            Ok(Some(Current { set, durable: false })) => {
                return self.waiters.push(Waiter::Lost { reply, current: set });
            }
            Err(error) => return drop(reply.send(Err(error))),
        }
        if let Some(owner) = next.owner.as_ref().filter(|owner| owner.needs_alias()) {
            let name = alias_name(&change, &owner.user_id);
            match self.alias(&name) {
                // It is what it should be already.
                Ok(Some(to)) if to == owner.username => {}
                Ok(_) => drop(self.commit.aliases.insert(name, Some(owner.username.clone()))),
                Err(error) => return drop(reply.send(Err(error))),
            }
        }
        self.bytes += record.len();
        self.commit.sets.insert(key, Some(NewSet { set: next, record }));
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
                    if current.set.owner.is_some() {
                        found.push((key, current.set));
                    }
                }
                Err(error) => return drop(reply.send(Err(error))),
            }
        }
        let mut aliases = Vec::new();
        for owner in found.iter().filter_map(|(_, set)| set.owner.as_ref()) {
            let name = alias_name(&change, &owner.user_id);
            match self.alias(&name) {
                Ok(Some(to)) if to.matches(username.as_str()) => aliases.push(name),
                Ok(_) => {}
                Err(error) => return drop(reply.send(Err(error))),
            }
        }
        // Everything could be read: from here on the purge is part of the batch.
        for name in aliases {
            self.commit.aliases.insert(name, None);
        }
        for (key, set) in found {
            purged.sets += 1;
            purged.devices += set.devices.len();
            self.commit.sets.insert(key, None);
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

    /// The set that a swap loses to, if it loses.
    fn faster_than(&self, key: &SetKey, expected: Revision) -> Result<Option<Current>, StoreError> {
        // The usual case needs no set.
        if !self.commit.sets.contains_key(key) && self.durable.revision(key)? == expected {
            return Ok(None);
        }
        let current = self.current(key)?;
        Ok((current.set.revision != expected).then_some(current))
    }

    fn current(&self, key: &SetKey) -> Result<Current, StoreError> {
        Ok(match self.commit.sets.get(key) {
            Some(Some(new)) => Current { set: Arc::clone(&new.set), durable: false },
            Some(None) => Current { set: DeviceSet::unknown(), durable: false },
            None => Current { set: self.durable.set(key)?, durable: true },
        })
    }

    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        match self.commit.aliases.get(name) {
            Some(planned) => Ok(planned.clone()),
            None => self.durable.alias(name),
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
        let forgotten = self.commit.forgotten.end - self.commit.forgotten.start;
        let room = self.limits.forgotten_max - forgotten;
        let forgotten = wanted.saturating_sub(self.commit.kept.start).min(room);
        self.commit.kept.start += forgotten;
        self.commit.forgotten.end += forgotten;
        forgotten
    }
}

impl<D> fmt::Debug for Plan<'_, D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No content: it holds secrets.
        formatter
            .debug_struct("Plan")
            .field("commit", &self.commit)
            .field("requests", &self.requests)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

fn alias_name(change: &Change, user_id: &UserId) -> Box<[u8]> {
    SetKey::name_bytes(&change.realm, user_id.as_str()).as_slice().into()
}
