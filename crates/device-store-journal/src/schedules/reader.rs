//! A reader that remembers what it has seen, and is never shown less.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use device_core::{DeviceSet, Revision, SetKey, Username};
use device_store::{Cursor, StoreError};

use super::disk::Disk;
use super::world::{World, alias_name, key, username};
use crate::journal::Journal;

/// How sets are loaded: as the journal does it, or with a fault.
pub(super) type Load = fn(&Journal<Disk>, &SetKey) -> Result<Arc<DeviceSet>, StoreError>;

pub(super) struct Reader {
    pub(super) world: Arc<World>,
    load: Load,
    /// The last commit of each key that it has seen.
    seen: BTreeMap<SetKey, u64>,
}

impl Reader {
    pub(super) fn new(world: &Arc<World>) -> Self {
        Self::with(world, Journal::load)
    }

    /// So many readers.
    pub(super) fn some(world: &Arc<World>, count: usize) -> Vec<Self> {
        (0..count).map(|_| Self::new(world)).collect()
    }

    pub(super) fn with(world: &Arc<World>, load: Load) -> Self {
        Self { world: Arc::clone(world), load, seen: BTreeMap::new() }
    }

    /// Does this again and again until the writer is done, and once more.
    pub(super) fn read_on(&mut self, read: impl Fn(&mut Self)) {
        // A schedule may let readers go on for ever before the writer begins.
        const ROUNDS_MAX: usize = 12;
        for _ in 0..ROUNDS_MAX {
            if self.world.done.load(Ordering::SeqCst) {
                break;
            }
            read(self);
        }
        read(self);
    }

    /// Loads a user's set. Gives back the commit it is of; `None` if there is no set.
    pub(super) fn load(&mut self, user: usize) -> Option<u64> {
        let key = key(user);
        let set = (self.load)(&self.world.journal, &key).unwrap();
        self.observe(&key, &set)
    }

    /// Reads a user's set past the cache, as a scan does if it is not in there.
    pub(super) fn read_file(&mut self, user: usize) {
        let key = key(user);
        let found = self.world.journal.read_set(&key).unwrap();
        let set = found.map_or_else(DeviceSet::unknown, |(_, set, _)| set);
        self.observe(&key, &set);
    }

    /// Loads a user's set, and then finds its alias and its change.
    pub(super) fn load_with_company(&mut self, user: usize) {
        let Some(commit) = self.load(user) else { return };
        let journal = &self.world.journal;
        let alias = journal.alias(&alias_name(user, commit)).unwrap();
        let number = self.world.history.lock().changes[&(key(user), commit)];
        if alias.is_none() {
            assert!(self.world.history.lock().no_alias.contains(&commit), "no alias of {commit}");
        } else {
            assert_eq!(alias, Some(username(user)));
        }
        match journal.changes(Some(Cursor::from_sequence(number - 1)), 1) {
            Ok(page) => {
                let first = page.first().expect("who has seen a set finds its change");
                assert_eq!(first.cursor.sequence(), number);
                assert_eq!(*first.change.actor, *commit.to_string());
            }
            Err(StoreError::CursorTooOld) => {
                assert!(self.world.history.lock().kept_from > number, "change {number} is kept");
            }
            Err(error) => panic!("change {number}: {error}"),
        }
    }

    /// Reads all changes, and then finds the set of each of them, or a later one.
    pub(super) fn changes(&mut self, limit: usize) {
        let mut after = None;
        let mut users = BTreeSet::new();
        loop {
            let page = match self.world.journal.changes(after, limit) {
                Ok(page) => page,
                // Trimmed meanwhile.
                Err(StoreError::CursorTooOld) if after.is_some() => break,
                Err(error) => panic!("changes after {after:?}: {error}"),
            };
            let Some(last) = page.last() else { break };
            let before = after.map(Cursor::sequence);
            for (change, follows) in page.iter().zip(before.map_or(0, |it| it + 1)..) {
                assert!(before.is_none() || change.cursor.sequence() == follows, "a gap");
                let commit: u64 = change.change.actor.parse().unwrap();
                self.is_durable(commit);
                let user = change.change.username.as_str().strip_prefix("user").unwrap();
                let user = user.parse().unwrap();
                users.insert(user);
                let seen = self.seen.entry(key(user)).or_default();
                *seen = commit.max(*seen);
            }
            after = Some(last.cursor);
        }
        for user in users {
            self.load(user);
        }
    }

    /// Scans everything in pages. Gives back the keys.
    pub(super) fn scan(&mut self, limit: usize) -> BTreeSet<SetKey> {
        let mut keys: Vec<SetKey> = Vec::new();
        loop {
            let page = self.world.journal.scan(keys.last(), limit).unwrap();
            if page.is_empty() {
                break;
            }
            for entry in page {
                assert!(keys.last().is_none_or(|last| *last < entry.key), "keys in order");
                self.observe(&entry.key, &entry.set.unwrap()).expect("a scan shows stored sets");
                keys.push(entry.key);
            }
        }
        keys.into_iter().collect()
    }

    /// Scans, and misses no key that was stored all the time.
    pub(super) fn scan_all(&mut self, limit: usize) {
        let begun = self.world.published.load(Ordering::SeqCst);
        let found = self.scan(limit);
        let history = self.world.history.lock();
        for (key, commits) in &history.sets {
            let stored = history.stored_at(key, begun).is_some();
            let forgotten = commits.iter().any(|(it, revision)| *it > begun && revision.is_none());
            assert!(!stored || forgotten || found.contains(key), "{key:?} was missed");
        }
    }

    /// Begins a scan, which misses no first key, and another one at the end of all keys, so that the next one finds no stretch. Where nothing is purged.
    pub(super) fn first_key(&self) {
        let journal = &self.world.journal;
        let begun = self.world.published.load(Ordering::SeqCst);
        let found = journal.window.keys_after(&journal.directory, None, 1);
        let history = self.world.history.lock();
        let stored = history.sets.keys().find(|key| history.stored_at(key, begun).is_some());
        let stored = stored.map(|key| key.as_bytes().to_vec());
        drop(history);
        assert!(
            stored.is_none_or(|stored| found.first().is_some_and(|found| **found <= *stored)),
            "the first key was missed"
        );
        assert!(journal.window.keys_after(&journal.directory, Some(&[0xFF]), 1).is_empty());
    }

    /// Checks what is seen of a key against what was seen of it before.
    fn observe(&mut self, key: &SetKey, set: &DeviceSet) -> Option<u64> {
        let seen = self.seen.get(key).copied().unwrap_or(0);
        let history = self.world.history.lock();
        let commits = history.sets.get(key).map_or(&[][..], Vec::as_slice);
        let commit = if set.revision == Revision::NONE {
            // There was nothing at the start, and nothing after each purge.
            let gone = |(commit, revision): &(u64, Option<Revision>)| {
                (*commit >= seen && revision.is_none()).then_some(*commit)
            };
            let gone = if seen == 0 { Some(0) } else { commits.iter().find_map(gone) };
            gone.unwrap_or_else(|| panic!("{key:?} of commit {seen} is gone"))
        } else {
            let owner = set.owner.as_ref().unwrap();
            let (_, commit) = owner.user_id.as_str().split_once('-').unwrap();
            let commit: u64 = commit.parse().unwrap();
            assert_eq!(owner.username, key_username(key), "a foreign record");
            assert!(commits.contains(&(commit, Some(set.revision))), "nobody wrote {set:?}");
            assert!(commit >= seen, "{key:?} went back from commit {seen} to {commit}");
            commit
        };
        drop(history);
        self.is_durable(commit);
        self.seen.insert(key.clone(), commit);
        (set.revision != Revision::NONE).then_some(commit)
    }

    fn is_durable(&self, commit: u64) {
        assert!(commit <= self.world.disk.durable(), "seen before the sync of {commit} returned");
    }
}

fn key_username(key: &SetKey) -> Username {
    key.parts().and_then(|(_, name, _)| Username::parse(name).ok()).unwrap()
}
