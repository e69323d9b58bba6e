//! The truth: what a store was told and has acknowledged, and so what it must show; and what it does show.

use std::collections::BTreeMap;
use std::sync::Arc;

use device_core::{Change, DeviceKind, DeviceSet, Devices, SetKey, What};
use device_store::conformance::fixtures::User;
use device_store::{Cursor, DeviceStore, PAGE_MAX, SequencedChange, StoreError, Swap};
use device_store_journal::simulation::Random;
use futures_executor::block_on;

/// Changes that the stores of these tests keep.
pub(crate) const CHANGES_KEPT: usize = 6;

const KIND: DeviceKind = DeviceKind::Oath;

/// All that can be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) sets: BTreeMap<SetKey, Arc<DeviceSet>>,
    /// Usernames by user ids.
    pub(crate) aliases: BTreeMap<String, String>,
    pub(crate) changes: Vec<SequencedChange>,
    /// The number of the next change.
    next: u64,
}

/// One operation that a store is asked for, and that makes one commit.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Swap { before: Arc<DeviceSet>, next: Arc<DeviceSet>, user: User, change: Change },
    Purge { user: User, change: Change },
    Trim { through: Cursor },
}

/// Few users who do much: some are written once, some all the time, some come and go.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) state: State,
    random: Random,
    begun: usize,
}

/// Users who are written once, all the time, and who come and go.
const OLD: usize = 1;
const BUSY: usize = 2;
const LEAVING: usize = 2;

/// Devices of those who are written once: so many that their segment is not worth compacting.
const OLD_DEVICES: usize = 17;

pub(crate) fn users() -> Vec<User> {
    let user = |number| {
        let user = User::named("/a", &format!("user-{number}"));
        // Every second one has an alias.
        if number % 2 == 0 { user.with_id(&format!("id-{number}")) } else { user }
    };
    (0..OLD + BUSY + LEAVING).map(user).collect()
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State { next: 1, ..State::default() };
        Self { state, random: Random::new(seed), begun: 0 }
    }

    /// What is done next. It always changes something.
    pub(crate) fn next(&mut self) -> Operation {
        let users = users();
        let number = self.begun;
        self.begun += 1;
        if number < OLD {
            return self.write(&users[number], OLD_DEVICES);
        }
        match self.random.below(12) {
            0 | 1 => {
                let leaving = &users[OLD + BUSY + self.random.index(LEAVING)];
                if self.state.sets.contains_key(&leaving.key(KIND)) {
                    let (user, change) = (leaving.clone(), leaving.change(What::Purged));
                    return Operation::Purge { user, change };
                }
                self.write(leaving, 1)
            }
            2 if self.state.changes.len() > 2 => {
                Operation::Trim { through: self.state.changes[1].cursor }
            }
            _ => {
                let busy = self.random.index(BUSY);
                self.write(&users[OLD + busy], 1)
            }
        }
    }

    /// Does the next operation, and takes it for done only if it was acknowledged. Otherwise gives back what the state would be.
    pub(crate) fn does<S: DeviceStore>(&mut self, store: &S) -> Result<(), (StoreError, State)> {
        let operation = self.next();
        let after = self.state.after(&operation);
        match block_on(operation.run(store)) {
            Ok(()) => self.state = after,
            Err(error) => return Err((error, after)),
        }
        Ok(())
    }

    /// A set of that many devices in place of what there is.
    fn write(&mut self, user: &User, devices: usize) -> Operation {
        let before = self.state.sets.get(&user.key(KIND)).cloned();
        let before = before.unwrap_or_else(DeviceSet::unknown);
        let empty = DeviceSet { devices: Devices::default(), ..(*before).clone() };
        let mut write = user.with_device(&empty, KIND, "device");
        for number in 1..devices {
            write = user.with_device(&write.next, KIND, &format!("device {number}"));
        }
        let change = user.change_of(KIND, &write);
        Operation::Swap { before, next: Arc::new(write.next), user: user.clone(), change }
    }
}

impl State {
    /// What becomes of it.
    pub(crate) fn after(&self, operation: &Operation) -> Self {
        let mut state = self.clone();
        let change = match operation {
            Operation::Swap { next, user, change, .. } => {
                state.sets.insert(user.key(KIND), Arc::clone(next));
                let owner = &user.owner;
                if owner.needs_alias() {
                    let (id, username) = (owner.user_id.as_str(), owner.username.as_str());
                    state.aliases.insert(id.to_owned(), username.to_owned());
                }
                change
            }
            Operation::Purge { user, change } => {
                state.sets.remove(&user.key(KIND));
                state.aliases.remove(user.owner.user_id.as_str());
                change
            }
            Operation::Trim { through } => {
                state.changes.retain(|change| change.cursor > *through);
                return state;
            }
        };
        let cursor = Cursor::from_sequence(state.next);
        state.changes.push(SequencedChange { cursor, change: change.clone() });
        state.next += 1;
        state.changes.drain(..state.changes.len().saturating_sub(CHANGES_KEPT));
        state
    }
}

impl Operation {
    /// Asks a store for it.
    pub(crate) async fn run<S: DeviceStore>(&self, store: &S) -> Result<(), StoreError> {
        match self.clone() {
            Self::Swap { before, next, user, change } => {
                let swap = store.swap(&user.key(KIND), before.revision, next, change).await?;
                assert_eq!(swap, Swap::Stored);
            }
            Self::Purge { user, change } => {
                let purged = store.purge(&user.realm, &user.owner.username, change).await?;
                assert_eq!(purged.sets, 1);
            }
            Self::Trim { through } => assert_eq!(store.trim(through).await?, 2),
        }
        Ok(())
    }
}

/// What a store shows, damaged records as errors.
#[derive(Debug)]
pub(crate) struct Seen {
    loaded: BTreeMap<SetKey, Result<Arc<DeviceSet>, StoreError>>,
    walked: BTreeMap<SetKey, Result<Arc<DeviceSet>, StoreError>>,
    aliases: BTreeMap<String, Result<String, StoreError>>,
    /// All of them on one page.
    changes: Result<Vec<SequencedChange>, StoreError>,
}

impl Seen {
    /// Reads everything.
    pub(crate) fn of<S: DeviceStore>(store: &S) -> Self {
        block_on(async {
            let (mut loaded, mut aliases) = (BTreeMap::new(), BTreeMap::new());
            for user in users() {
                let key = user.key(KIND);
                match store.load(&key).await {
                    Ok(set) if set.owner.is_none() => {}
                    set => drop(loaded.insert(key, set)),
                }
                let id = &user.owner.user_id;
                if let Some(alias) = store.resolve(&user.realm, id).await.transpose() {
                    let alias = alias.map(|username| username.as_str().to_owned());
                    aliases.insert(id.as_str().to_owned(), alias);
                }
            }
            let walked = store.scan(None, PAGE_MAX).await.unwrap();
            let walked = walked.into_iter().map(|entry| (entry.key, entry.set)).collect();
            let changes = store.changes(None, PAGE_MAX).await;
            Self {
                loaded,
                walked,
                aliases,
                changes: changes.map(|page| page.into_iter().collect()),
            }
        })
    }

    /// Whether this is that state, whole.
    pub(crate) fn is(&self, state: &State) -> bool {
        fn whole<T: PartialEq>(
            seen: &BTreeMap<impl Ord, Result<T, StoreError>>,
            expected: impl ExactSizeIterator<Item = T>,
        ) -> bool {
            seen.len() == expected.len()
                && seen.values().zip(expected).all(|(seen, it)| seen.as_ref() == Ok(&it))
        }
        // Keys are part of what they lead to, so that the order tells enough.
        whole(&self.loaded, state.sets.values().map(Arc::clone))
            && whole(&self.walked, state.sets.values().map(Arc::clone))
            && self.loaded.keys().eq(state.sets.keys())
            && self.walked.keys().eq(state.sets.keys())
            && self.aliases.keys().eq(state.aliases.keys())
            && whole(&self.aliases, state.aliases.values().cloned())
            && self.changes.as_ref() == Ok(&state.changes)
    }

    /// Whether something is damaged, and all else is that state. Each change is asked for by itself.
    pub(crate) fn is_but_for_damage<S: DeviceStore>(&self, store: &S, state: &State) -> bool {
        let mut damaged = 0;
        let mut fits = |same: bool, error: Option<&StoreError>| {
            let is_damaged = matches!(error, Some(StoreError::Damaged { .. }));
            damaged += usize::from(is_damaged);
            same || is_damaged
        };
        let mut same = true;
        for sets in [&self.loaded, &self.walked] {
            same &= sets.keys().eq(state.sets.keys());
            for (seen, expected) in sets.values().zip(state.sets.values()) {
                same &= fits(seen.as_ref() == Ok(expected), seen.as_ref().err());
            }
        }
        same &= self.aliases.keys().eq(state.aliases.keys());
        for (seen, expected) in self.aliases.values().zip(state.aliases.values()) {
            same &= fits(seen.as_ref() == Ok(expected), seen.as_ref().err());
        }
        for expected in &state.changes {
            let before = Cursor::from_sequence(expected.cursor.sequence() - 1);
            let seen = block_on(store.changes(Some(before), 1));
            let is_it = seen.as_ref().is_ok_and(|page| page.iter().eq([expected]));
            same &= fits(is_it, seen.as_ref().err());
        }
        same && damaged > 0
    }
}
