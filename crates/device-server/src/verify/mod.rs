//! Reading all of a store and comparing everything with everything else that it says: sets with their keys, users with their aliases, sets with the change log.
//!
//! Nobody writes meanwhile: the store's folder is locked. What is compared is what a store promises, or what every rule leaves behind:
//!
//! * **A set** can be decoded, is its key's, has an owner and a revision, at most [`DEVICES_MAX`](device_core::limits::DEVICES_MAX) devices, no two of one id, none of a
//!   later revision, each with the facts of its kind and a profile that can be read back from its export.
//! * **A user's sets** have one owner.
//! * **An alias** leads from an id to the user who has it, and is there if it is needed. Aliases are found by the users that need them: the contract has no way to list them, and one
//!   that leads to nobody is allowed (`resolve`).
//! * **The newest change that is kept of a set** gives its revision, and what it did to a device or to the skip setting is still so. After a purge there is no set. Changes of a set come in
//!   the order of their revisions. A set without a kept change was last changed before the oldest one, about which nothing can be said.

mod log;
mod problem;
mod set;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use device_core::{DeviceSet, Owner, Realm, SetKey};
use device_store::{DeviceStore, Entry, PAGE_MAX, StoreError};

use log::Log;
pub use problem::{Problem, Wrong};

/// What a walk came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Users with a stored set.
    pub users: u64,
    /// Sets, damaged ones included.
    pub sets: u64,
    /// Devices in those that can be read.
    pub devices: u64,
    /// Aliases that lead to a user.
    pub aliases: u64,
    /// Changes that are kept.
    pub changes: u64,
    /// What is damaged or contradicts itself.
    pub problems: u64,
}

/// Something a walk came by, as it does.
#[derive(Debug)]
pub enum Seen {
    /// A set.
    Set,
    /// Something that is not as it should be.
    Problem(Problem),
}

/// Walks through all of a store.
///
/// # Errors
/// [`StoreError`], if the store does not answer. What is damaged is no error but a [`Problem`].
pub async fn verify<S: DeviceStore>(
    store: &S,
    seen: impl FnMut(Seen),
) -> Result<Counts, StoreError> {
    let mut walk = Walk { store, seen, counts: Counts::default(), user: None };
    let mut log = Log::default();
    walk.read_changes(&mut log).await?;
    let mut after: Option<SetKey> = None;
    loop {
        let page = store.scan(after.as_ref(), PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        for Entry { key, set } in page {
            walk.counts.sets += 1;
            (walk.seen)(Seen::Set);
            match set {
                Ok(set) => walk.take(&key, &set, &mut log).await?,
                Err(error @ StoreError::Damaged { .. }) => {
                    walk.begin_user(&key);
                    log.forget(&key);
                    walk.problem(Problem::Damaged(error));
                }
                Err(error) => return Err(error),
            }
        }
    }
    for (key, wrong) in log.rest() {
        walk.problem(Problem::Set { key, wrong });
    }
    Ok(walk.counts)
}

struct Walk<'a, S, F> {
    store: &'a S,
    seen: F,
    counts: Counts,
    /// The user whose sets are coming by, next to each other in key order, and the owner of the first one that could be read.
    user: Option<(Box<[u8]>, Option<Owner>)>,
}

impl<S: DeviceStore, F: FnMut(Seen)> Walk<'_, S, F> {
    fn problem(&mut self, problem: Problem) {
        self.counts.problems += 1;
        (self.seen)(Seen::Problem(problem));
    }

    /// All changes that can be read. Behind a damaged one there is no way on: cursors are the store's.
    async fn read_changes(&mut self, log: &mut Log) -> Result<(), StoreError> {
        let (mut after, mut limit) = (None, PAGE_MAX);
        loop {
            match self.store.changes(after, limit).await {
                Ok(page) => {
                    let Some(last) = page.last() else { return Ok(()) };
                    after = Some(last.cursor);
                    self.counts.changes += page.len() as u64;
                    for change in &page {
                        for problem in log.add(change) {
                            self.problem(problem);
                        }
                    }
                }
                // The ones before it can still be counted.
                Err(StoreError::Damaged { .. }) if limit > 1 => limit /= 2,
                Err(error @ StoreError::Damaged { .. }) => {
                    log.give_up();
                    self.problem(Problem::Damaged(error));
                    self.problem(Problem::LogCutOff);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn take(
        &mut self,
        key: &SetKey,
        set: &Arc<DeviceSet>,
        log: &mut Log,
    ) -> Result<(), StoreError> {
        let is_first = self.begin_user(key);
        self.counts.devices += set.devices.len() as u64;
        let mut wrong = set::wrong(key, set);
        wrong.extend(log.compare(key, set));
        if let (Some(owner), Some((realm, ..))) = (&set.owner, key.parts()) {
            match self.user.as_mut().map(|(_, first)| first) {
                Some(Some(first)) if !first.user_id.matches(owner.user_id.as_str()) => {
                    wrong.push(Wrong::OwnerOfAnother(first.user_id.clone()));
                }
                Some(first @ None) => *first = Some(owner.clone()),
                _ => {}
            }
            match self.resolve(&realm, owner).await {
                Ok(found) => {
                    self.counts.aliases += u64::from(is_first && found.0);
                    wrong.extend(found.1);
                }
                Err(error @ StoreError::Damaged { .. }) => self.problem(Problem::Damaged(error)),
                Err(error) => return Err(error),
            }
        }
        for wrong in wrong {
            self.problem(Problem::Set { key: key.clone(), wrong });
        }
        Ok(())
    }

    /// Whether the id of an owner has an alias, and what is wrong with it.
    async fn resolve(
        &self,
        realm: &Realm,
        owner: &Owner,
    ) -> Result<(bool, Option<Wrong>), StoreError> {
        let alias = self.store.resolve(realm, &owner.user_id).await?;
        let is_there = alias.is_some();
        let wrong = match alias {
            Some(username) if username.matches(owner.username.as_str()) => None,
            Some(username) => Some(Wrong::AliasOfAnother(owner.user_id.clone(), username)),
            None => owner.needs_alias().then(|| Wrong::NoAlias(owner.user_id.clone())),
        };
        Ok((is_there, wrong))
    }

    /// Notes whose sets come now. Returns whether this is the first one that does.
    fn begin_user(&mut self, key: &SetKey) -> bool {
        // The kind is the last byte of a key.
        let user = key.as_bytes().split_last().map_or(&[][..], |(_, user)| user);
        let is_first = self.user.as_ref().is_none_or(|(of, _)| **of != *user);
        if is_first {
            self.user = Some((user.into(), None));
            self.counts.users += 1;
        }
        is_first
    }
}
