//! Random histories: whatever happens to a store, it and the plain model give the same answers.

mod model;
mod operation;
mod rule;

use std::sync::Arc;

use device_core::rules::Moment;
use device_core::{DeviceKind, DeviceSet, SetKey, What};
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::model::Model;
use self::operation::{KINDS, Operation, history, users};
use super::Place;
use super::fixtures::{User, changes_after, walk};
use crate::{CHANGES_KEPT_DEFAULT, Cursor, DeviceStore as _};

/// How many histories are run, whatever the caller says.
const HISTORIES_VARIABLE: &str = "DEVREG_HISTORIES";

/// The number from which the histories are made; 0 unless set, so that a test that fails does so again.
const SEED_VARIABLE: &str = "DEVREG_HISTORIES_SEED";

/// Runs `histories` random histories, each on a new place, and compares every answer with the plain model's. A history that fails is shortened before it is
/// reported. The environment variables `DEVREG_HISTORIES` and `DEVREG_HISTORIES_SEED` run more and other ones.
pub fn random_histories<P: Place>(histories: u32) {
    if !P::is_there() {
        return;
    }
    let seed = number(SEED_VARIABLE).unwrap_or(0);
    let cases =
        number(HISTORIES_VARIABLE).and_then(|cases| u32::try_from(cases).ok()).unwrap_or(histories);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let outcome = runner.run(&history(), |operations| {
        futures_executor::block_on(async {
            let mut run = Run::<P>::start();
            for (step, operation) in operations.iter().enumerate() {
                run.step(step, operation).await;
            }
            run.compare_everything().await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}\n{SEED_VARIABLE}={seed}");
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A store and the model, side by side.
struct Run<P: Place> {
    place: P,
    /// `None` only while it is opened again.
    store: Option<P::Store>,
    model: Model,
    users: [User; 7],
    /// Sets as they were loaded at some time, for late writes.
    seen: Vec<(User, DeviceKind, Arc<DeviceSet>)>,
    /// The cursor of each change in the model's log.
    cursors: Vec<Cursor>,
}

impl<P: Place> Run<P> {
    fn start() -> Self {
        let place = P::default();
        let store = Some(place.open(CHANGES_KEPT_DEFAULT));
        let model = Model::default();
        Self { place, store, model, users: users(), seen: Vec::new(), cursors: Vec::new() }
    }

    fn store(&self) -> &P::Store {
        self.store.as_ref().unwrap()
    }

    async fn step(&mut self, step: usize, operation: &Operation) {
        match operation {
            Operation::Write { user, kind, rule } => {
                let user = self.users[*user].clone();
                let set = self.store().load(&user.key(*kind)).await.unwrap();
                assert_eq!(set, self.model.load(&user.key(*kind)));
                self.seen.push((user, *kind, set));
                self.write(step, self.seen.len() - 1, rule).await;
            }
            Operation::LateWrite { seen, rule } => {
                if let Some(seen) = choose(seen, self.seen.len()) {
                    self.write(step, seen, rule).await;
                }
            }
            Operation::Purge { user } => {
                let user = self.users[*user].clone();
                let change = user.change(What::Purged);
                let (realm, username) = (&user.realm, &user.owner.username);
                let purged = self.store().purge(realm, username, change.clone()).await;
                assert_eq!(purged, Ok(self.model.purge(realm, username, &change)));
            }
            Operation::Trim { through } => {
                if let Some(through) = choose(through, self.cursors.len()) {
                    let trimmed = self.store().trim(self.cursors[through]).await;
                    assert_eq!(trimmed, Ok(self.model.trim(through)));
                }
            }
            Operation::Scan { after, limit } => {
                let after = after.map(|(user, kind)| self.users[user].key(kind));
                self.compare_page(after.as_ref(), *limit).await;
            }
            Operation::Changes { after, limit } => {
                let after = after.as_ref().and_then(|after| choose(after, self.cursors.len()));
                self.compare_changes(after, *limit).await;
            }
            Operation::Resolve { user } => self.compare_alias(&self.users[*user]).await,
            Operation::Reopen => {
                if P::PERSISTS {
                    self.store = None;
                    self.store = Some(self.place.open(CHANGES_KEPT_DEFAULT));
                }
            }
        }
        self.follow_the_log().await;
    }

    /// Applies a rule to a set that was seen, and swaps.
    async fn write(&mut self, step: usize, seen: usize, rule: &operation::Rule) {
        let (user, kind, set) = self.seen[seen].clone();
        // The odd factor is 2^128 divided by the golden ratio: different bits at each step, the same at each run.
        let random = (step as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let moment = Moment { now_ms: 1_000 + step as u64, random };
        let Some(write) = rule.apply(&set, kind, &user, moment) else { return };
        let change = user.change_of(kind, &write);
        let next = Arc::new(write.next);
        let key = user.key(kind);
        let swap = self.store().swap(&key, set.revision, Arc::clone(&next), change.clone()).await;
        assert_eq!(swap, Ok(self.model.swap(&key, set.revision, &next, &change)));
        assert_eq!(self.store().load(&key).await, Ok(self.model.load(&key)));
    }

    /// Reads what was logged since the last time.
    async fn follow_the_log(&mut self) {
        let known = self.cursors.len();
        let last = known.checked_sub(1);
        let new = self.store().changes(last.map(|last| self.cursors[last]), 10).await.unwrap();
        let expected = self.model.changes(last, 10).unwrap();
        assert_eq!(new.iter().map(|entry| entry.change.clone()).collect::<Vec<_>>(), expected);
        for entry in new {
            assert!(self.cursors.last().is_none_or(|last| *last < entry.cursor), "cursors grow");
            self.cursors.push(entry.cursor);
        }
        assert_eq!(self.cursors.len(), self.model.logged());
    }

    async fn compare_page(&self, after: Option<&SetKey>, limit: usize) {
        let page = self.store().scan(after, limit).await.unwrap();
        let page: Vec<_> = page.into_iter().map(|entry| (entry.key, entry.set.unwrap())).collect();
        assert_eq!(page, self.model.scan(after, limit));
    }

    async fn compare_changes(&self, after: Option<usize>, limit: usize) {
        let page = self.store().changes(after.map(|after| self.cursors[after]), limit).await;
        let page = page.map(|page| page.into_iter().map(|entry| entry.change).collect());
        assert_eq!(page, self.model.changes(after, limit));
    }

    async fn compare_alias(&self, user: &User) {
        let resolved = self.store().resolve(&user.realm, &user.owner.user_id).await;
        assert_eq!(resolved, Ok(self.model.resolve(&user.realm, &user.owner.user_id)));
    }

    /// At the end: all sets, all changes, all aliases.
    async fn compare_everything(&self) {
        assert_eq!(walk(self.store(), 4).await, self.model.scan(None, usize::MAX));
        let changes = changes_after(self.store(), None).await;
        let changes: Vec<_> = changes.into_iter().map(|entry| entry.change).collect();
        assert_eq!(Ok(changes), self.model.changes(None, usize::MAX));
        for user in &self.users {
            self.compare_alias(user).await;
            for kind in KINDS {
                let key = user.key(kind);
                assert_eq!(self.store().load(&key).await, Ok(self.model.load(&key)));
            }
        }
    }
}

/// One of `count` things, if there are any.
fn choose(index: &Index, count: usize) -> Option<usize> {
    (count > 0).then(|| index.index(count))
}
