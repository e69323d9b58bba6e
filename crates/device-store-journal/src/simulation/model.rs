//! The plain model: maps and a list, one request after the other, nothing clever. What it says is right.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, Realm, SetKey, UserId, Username};
use device_store::{Purged, StoreError, Swap};
use uuid::Uuid;

use super::requests::{Outcome, Wish};

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) sets: BTreeMap<SetKey, Arc<DeviceSet>>,
    /// By realm and folded user id.
    pub(super) aliases: BTreeMap<Box<[u8]>, Username>,
    /// The number of the first change that is kept.
    pub(super) first: u64,
    pub(super) log: VecDeque<Arc<Change>>,
}

/// What a request must be answered.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) outcome: Outcome,
    /// Whether it must be answered before the batch is durable: nothing of the batch is in the answer.
    pub(super) at_once: bool,
    /// What it is answered if the batch fails.
    pub(super) doubt: StoreError,
}

impl Default for Model {
    fn default() -> Self {
        // The first change has the number 1.
        Self { sets: BTreeMap::new(), aliases: BTreeMap::new(), first: 1, log: VecDeque::new() }
    }
}

impl Model {
    pub(super) fn set(&self, key: &SetKey) -> Arc<DeviceSet> {
        self.sets.get(key).cloned().unwrap_or_default()
    }

    /// The numbers of the changes that are kept.
    pub(super) fn kept(&self) -> Range<u64> {
        self.first..self.first + self.log.len() as u64
    }

    pub(super) fn change(&self, number: u64) -> Option<&Arc<Change>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.log.get(at)
    }

    /// Does what is wished for, as part of a batch in which these keys were written.
    pub(super) fn apply(&mut self, wish: &Wish, written: &mut BTreeSet<SetKey>) -> Expected {
        match wish {
            Wish::Swap { key, expected, next, change } => {
                let current = self.set(key);
                if current.revision != *expected {
                    let at_once = !written.contains(key);
                    let outcome = Outcome::Swap(Swap::Conflict(current));
                    return Expected { outcome, at_once, doubt: StoreError::ReadOnly };
                }
                if let Some(owner) = next.owner.as_ref().filter(|owner| owner.needs_alias()) {
                    let name = alias_name(&change.realm, &owner.user_id);
                    self.aliases.insert(name, owner.username.clone());
                }
                self.sets.insert(key.clone(), Arc::clone(next));
                written.insert(key.clone());
                self.log.push_back(Arc::new(change.clone()));
                let doubt = StoreError::Unknown { change: change.id };
                Expected { outcome: Outcome::Swap(Swap::Stored), at_once: false, doubt }
            }
            Wish::Purge { realm, username, change } => {
                let keys = DeviceKind::ALL.map(|kind| SetKey::new(realm, username, kind));
                let touched = keys.iter().any(|key| written.contains(key));
                let purged = self.purge(realm, username, &keys, written);
                let mut doubt = StoreError::ReadOnly;
                if purged.sets > 0 {
                    self.log.push_back(Arc::new(change.clone()));
                    doubt = StoreError::Unknown { change: change.id };
                }
                let at_once = purged.sets == 0 && !touched;
                Expected { outcome: Outcome::Purged(purged), at_once, doubt }
            }
            Wish::Trim { through } => {
                let forgotten =
                    self.forget_before(through.sequence().saturating_add(1).min(self.kept().end));
                let doubt = StoreError::Unknown { change: Uuid::nil() };
                let outcome = Outcome::Trimmed(forgotten);
                Expected { outcome, at_once: forgotten == 0, doubt }
            }
        }
    }

    /// Forgets what is beyond the limit, at the end of a batch that was made on top of `before`.
    pub(super) fn keep(&mut self, most: u64, before: &Self) {
        if self.kept().end > before.kept().end {
            self.forget_before(self.kept().end.saturating_sub(most));
        }
    }

    fn purge(
        &mut self,
        realm: &Realm,
        username: &Username,
        keys: &[SetKey],
        written: &mut BTreeSet<SetKey>,
    ) -> Purged {
        let mut purged = Purged::default();
        for key in keys {
            let Some(set) = self.sets.remove(key) else { continue };
            written.insert(key.clone());
            purged.sets += 1;
            purged.devices += set.devices.len();
            let Some(owner) = &set.owner else { continue };
            let alias = alias_name(realm, &owner.user_id);
            if self.aliases.get(&alias).is_some_and(|to| to.matches(username.as_str())) {
                self.aliases.remove(&alias);
            }
        }
        purged
    }

    fn forget_before(&mut self, wanted: u64) -> u64 {
        let forgotten = wanted.saturating_sub(self.first);
        self.first += forgotten;
        for _ in 0..forgotten {
            self.log.pop_front();
        }
        forgotten
    }

    /// Where this one and `other` differ, for people.
    pub(super) fn difference(&self, other: &Self) -> String {
        let keys: BTreeSet<_> = self.sets.keys().chain(other.sets.keys()).collect();
        if let Some(key) = keys.into_iter().find(|key| self.sets.get(key) != other.sets.get(key)) {
            let (this, that) = (self.set(key).revision, other.set(key).revision);
            return format!("{key} is at revision {this} instead of {that}");
        }
        let names: BTreeSet<_> = self.aliases.keys().chain(other.aliases.keys()).collect();
        if let Some(name) =
            names.into_iter().find(|name| self.aliases.get(*name) != other.aliases.get(*name))
        {
            let (this, that) = (self.aliases.get(name), other.aliases.get(name));
            let name = name.escape_ascii();
            return format!("alias {name} is {this:?} instead of {that:?}");
        }
        let (this, that) = (self.kept(), other.kept());
        if this != that {
            return format!("changes {this:?} are kept instead of {that:?}");
        }
        "a change differs".to_owned()
    }
}

/// The name of an alias.
pub(super) fn alias_name(realm: &Realm, user_id: &UserId) -> Box<[u8]> {
    SetKey::name_bytes(realm, user_id.as_str()).as_slice().into()
}

/// The states of the model that matter.
#[derive(Debug)]
pub(super) struct States {
    /// Those that were in force one after the other since the store was opened, the current one last. Never empty.
    pub(super) shown: Vec<Arc<Model>>,
    /// What a commit is making of the current one, or has made of it before the crash.
    pub(super) pending: Option<Arc<Model>>,
}

impl States {
    pub(super) fn new(found: Arc<Model>) -> Self {
        Self { shown: vec![found], pending: None }
    }

    pub(super) fn current(&self) -> Arc<Model> {
        self.shown.last().cloned().unwrap_or_default()
    }

    /// What was pending is durable and shown.
    pub(super) fn publish(&mut self) {
        self.shown.extend(self.pending.take());
    }
}
