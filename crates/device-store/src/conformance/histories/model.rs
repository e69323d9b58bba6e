//! The plain model: maps and a list, one operation at a time, nothing clever. What it says is right.

use std::collections::BTreeMap;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, Realm, Revision, SetKey, UserId, Username, fold};

use crate::{Purged, StoreError, Swap};

/// What a store should hold.
#[derive(Debug, Default)]
pub(super) struct Model {
    sets: BTreeMap<SetKey, Arc<DeviceSet>>,
    /// By realm and folded user id.
    aliases: BTreeMap<(Realm, String), Username>,
    /// All changes there ever were.
    log: Vec<Change>,
    /// How many of them are forgotten.
    forgotten: usize,
}

impl Model {
    pub(super) fn load(&self, key: &SetKey) -> Arc<DeviceSet> {
        self.sets.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn swap(
        &mut self,
        key: &SetKey,
        expected: Revision,
        next: &Arc<DeviceSet>,
        change: &Change,
    ) -> Swap {
        let current = self.load(key);
        if current.revision != expected {
            return Swap::Conflict(current);
        }
        let owner = next.owner.clone().unwrap();
        if owner.needs_alias() {
            self.aliases.insert(alias(&change.realm, &owner.user_id), owner.username);
        }
        self.sets.insert(key.clone(), Arc::clone(next));
        self.log.push(change.clone());
        Swap::Stored
    }

    pub(super) fn resolve(&self, realm: &Realm, user_id: &UserId) -> Option<Username> {
        self.aliases.get(&alias(realm, user_id)).cloned()
    }

    pub(super) fn scan(
        &self,
        after: Option<&SetKey>,
        limit: usize,
    ) -> Vec<(SetKey, Arc<DeviceSet>)> {
        let beyond = |key: &SetKey| after.is_none_or(|after| key > after);
        let stored = self.sets.iter().filter(|(key, _)| beyond(key)).take(limit);
        stored.map(|(key, set)| (key.clone(), Arc::clone(set))).collect()
    }

    /// The changes after the one with that number, or from the oldest one kept.
    pub(super) fn changes(
        &self,
        after: Option<usize>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let from = after.map_or(self.forgotten, |after| after + 1);
        if from < self.forgotten {
            return Err(StoreError::CursorTooOld);
        }
        Ok(self.log[from..].iter().take(limit).cloned().collect())
    }

    /// How many changes there ever were.
    pub(super) fn logged(&self) -> usize {
        self.log.len()
    }

    pub(super) fn trim(&mut self, through: usize) -> u64 {
        let forgotten = self.forgotten.max(through + 1);
        let trimmed = forgotten - self.forgotten;
        self.forgotten = forgotten;
        trimmed as u64
    }

    pub(super) fn purge(&mut self, realm: &Realm, username: &Username, change: &Change) -> Purged {
        let mut purged = Purged::default();
        for kind in DeviceKind::ALL {
            let Some(set) = self.sets.remove(&SetKey::new(realm, username, kind)) else { continue };
            purged.sets += 1;
            purged.devices += set.devices.len();
            let alias = alias(realm, &set.owner.as_ref().unwrap().user_id);
            if self.aliases.get(&alias).is_some_and(|name| name.matches(username.as_str())) {
                self.aliases.remove(&alias);
            }
        }
        if purged.sets > 0 {
            self.log.push(change.clone());
        }
        purged
    }
}

fn alias(realm: &Realm, user_id: &UserId) -> (Realm, String) {
    (realm.clone(), fold::fold(user_id.as_str()).into_owned())
}
