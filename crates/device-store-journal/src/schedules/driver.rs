//! Makes commits whose content tells which commit it is of, and notes them.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use device_core::{
    Change, DeviceChanges, DeviceKind, DeviceSet, Devices, Owner, Revision, Skip, UserId, What,
};
use device_store::codec::encode_set;
use device_store::group_commit::{Commit, Engine, NewSet};

use super::disk::Disk;
use super::world::{Spec, World, alias_name, key, realm, username};
use crate::writer::Writer;

/// Aliases of a user that are kept.
const ALIASES_KEPT: usize = 2;

/// What is done to a user.
#[derive(Debug, Clone, Copy)]
pub(super) enum Do {
    Store(usize),
    Purge(usize),
}

/// Where commits go.
pub(super) trait Commits {
    fn commit(&mut self, commit: Commit);
}

impl Commits for Writer<Disk> {
    fn commit(&mut self, commit: Commit) {
        Engine::commit(self, commit).unwrap();
    }
}

/// Gives the commits to the writer.
pub(super) struct Driver<W> {
    pub(super) world: Arc<World>,
    writer: W,
    /// The number of the last commit.
    last: u64,
    kept: Range<u64>,
    changes_kept: u64,
    /// The aliases by user and commit, the oldest first.
    aliases: Vec<(usize, u64)>,
}

impl<W: Commits> Driver<W> {
    pub(super) fn new(world: &Arc<World>, writer: W, spec: Spec) -> Self {
        let (world, changes_kept) = (Arc::clone(world), spec.changes_kept);
        Self { world, writer, last: 0, kept: 1..1, changes_kept, aliases: Vec::new() }
    }

    /// Does this to different users, as one commit.
    pub(super) fn commit(&mut self, what: &[Do]) {
        self.last += 1;
        let mut commit = Commit::default();
        for step in what {
            match *step {
                Do::Store(user) => self.store(&mut commit, user),
                Do::Purge(user) => self.purge(&mut commit, user),
            }
        }
        let forgotten = self.kept.start;
        self.kept.start = self.kept.end.saturating_sub(self.changes_kept).max(self.kept.start);
        commit.forgotten = forgotten..self.kept.start;
        commit.kept = self.kept.clone();
        self.world.history.lock().kept_from = self.kept.start;
        self.writer.commit(commit);
        self.world.published.store(self.last, Ordering::SeqCst);
    }

    fn store(&mut self, commit: &mut Commit, user: usize) {
        let (key, number) = (key(user), self.last);
        let user_id = UserId::parse(&format!("{user}-{number}")).unwrap();
        let owner = Owner { username: username(user), user_id };
        let revision = self.revision(user).next(0);
        let (skip, devices) = (Skip::default(), Devices::default());
        let set = Arc::new(DeviceSet { revision, owner: Some(owner), skip, devices });
        let record = encode_set(key.as_bytes(), &set).unwrap();
        commit.sets.insert(key.clone(), Some(NewSet { set, record }));
        commit.aliases.insert(alias_name(user, number), Some(username(user)));
        self.aliases.push((user, number));
        if self.aliases_of(user).count() > ALIASES_KEPT {
            self.forget_alias(commit, user);
        }
        self.note(user, Some(revision));
        let (kind, devices, skip) = (DeviceKind::Oath, DeviceChanges::new(), None);
        self.change(commit, user, What::Set { kind, revision, devices, skip });
    }

    fn purge(&mut self, commit: &mut Commit, user: usize) {
        commit.sets.insert(key(user), None);
        while self.aliases_of(user).next().is_some() {
            self.forget_alias(commit, user);
        }
        self.note(user, None);
        self.change(commit, user, What::Purged);
    }

    fn aliases_of(&self, user: usize) -> impl Iterator<Item = u64> {
        self.aliases.iter().filter(move |(it, _)| *it == user).map(|(_, commit)| *commit)
    }

    fn forget_alias(&mut self, commit: &mut Commit, user: usize) {
        let oldest = self.aliases_of(user).next().unwrap();
        self.aliases.retain(|it| *it != (user, oldest));
        commit.aliases.insert(alias_name(user, oldest), None);
        self.world.history.lock().no_alias.insert(oldest);
    }

    /// The revision that the user's set has now.
    fn revision(&self, user: usize) -> Revision {
        let history = self.world.history.lock();
        let last = history.sets.get(&key(user)).and_then(|commits| commits.last());
        last.and_then(|(_, revision)| *revision).unwrap_or(Revision::NONE)
    }

    fn note(&self, user: usize, revision: Option<Revision>) {
        let mut history = self.world.history.lock();
        history.sets.entry(key(user)).or_default().push((self.last, revision));
        history.changes.insert((key(user), self.last), self.kept.end);
    }

    fn change(&mut self, commit: &mut Commit, user: usize, what: What) {
        let change = Change {
            id: uuid::Uuid::from_u128(u128::from(self.kept.end)),
            at_ms: 0,
            actor: self.last.to_string().into(),
            request_id: None,
            reason: None,
            realm: realm(),
            username: username(user),
            what,
        };
        commit.changes.push((self.kept.end, change));
        self.kept.end += 1;
    }
}
