//! Batches: as the committer thread makes them, with the answers compared.

use std::collections::BTreeSet;
use std::sync::Arc;

use device_store::group_commit::{Commit, Engine as _, Plan};
use device_store::{Cursor, StoreError};

use super::Random;
use super::life::{Life, is_made_up};
use super::model::{Expected, Model};
use super::requests::{Answer, Wish};
use super::world::Wrong;
use crate::store::LIMITS;

/// Requests of a batch at most.
const REQUESTS_MAX: u64 = 6;

/// A request that waits for its batch.
struct Asked {
    wish: Wish,
    answer: Answer,
    expected: Expected,
}

impl Life {
    /// Makes a batch and commits it, unless a commit is under way.
    pub(super) fn commit(&self, random: &mut Random) -> Result<(), Wrong> {
        let Some(mut writing) = self.writing.try_lock().filter(|it| !it.stopped) else {
            return Ok(());
        };
        let before = self.world.states.lock().current();
        let mut after = Model::clone(&before);
        let mut plan =
            Plan::new(&writing.writer, LIMITS, self.world.setup.changes_kept, before.kept());
        let asked = self.plan(&mut plan, &before, &mut after, random)?;
        let (commit, waiters) = plan.into_parts();
        after.keep(self.world.setup.changes_kept, &before);
        if commit.kept != after.kept() {
            let (kept, expected) = (commit.kept, after.kept());
            return Err(format!("a plan keeps changes {kept:?} instead of {expected:?}").into());
        }
        if is_empty(&commit) {
            waiters.succeed();
            return asked.into_iter().try_for_each(Asked::succeeded);
        }
        self.world.count(|figures| figures.commits += 1);
        self.world.states.lock().pending = Some(Arc::new(after));
        match writing.writer.commit(commit) {
            Ok(()) => {
                self.world.states.lock().publish();
                waiters.succeed();
                asked.into_iter().try_for_each(Asked::succeeded)
            }
            Err(error) if is_made_up(&error) => {
                writing.stopped = true;
                waiters.fail();
                asked.into_iter().try_for_each(Asked::failed)
            }
            Err(error) => Err(format!("a commit failed: {error}").into()),
        }
    }

    /// Asks for some things. Gives back those that wait for the batch.
    fn plan(
        &self,
        plan: &mut Plan<'_, crate::writer::Writer<super::SimulatedDisk>>,
        before: &Model,
        after: &mut Model,
        random: &mut Random,
    ) -> Result<Vec<Asked>, Wrong> {
        let mut written = BTreeSet::new();
        let mut asked = Vec::new();
        for _ in 0..random.between(1, REQUESTS_MAX) {
            // Mostly by who knows what he can have read.
            let known = if random.one_in(4) { &*after } else { before };
            let wish = self.world.setup.users.wish(known, random);
            let (request, mut answer) = wish.request().ok_or("a set has no record")?;
            self.world.count(|figures| figures.requests += 1);
            if plan.add(request).is_some() {
                return Err("a request was left over".into());
            }
            let answered = answer.take();
            if let Some(Err(error)) = &answered
                && self.is_excused(error)
            {
                continue;
            }
            let expected = after.apply(&wish, &mut written);
            let right = match &answered {
                Some(answered) => expected.at_once && answered.as_ref() == Ok(&expected.outcome),
                None => !expected.at_once,
            };
            if !right {
                return Err(format!(
                    "{wish:?}: answered {answered:?} at once, expected {expected:?}"
                )
                .into());
            }
            if answered.is_none() {
                asked.push(Asked { wish, answer, expected });
            }
        }
        Ok(asked)
    }
}

impl Asked {
    fn succeeded(self) -> Result<(), Wrong> {
        let expected = Ok(self.expected.outcome.clone());
        self.compare(&expected)
    }

    /// Nothing may be acknowledged of a batch that failed.
    fn failed(self) -> Result<(), Wrong> {
        let expected = Err(self.expected.doubt.clone());
        self.compare(&expected)
    }

    fn compare(
        mut self,
        expected: &Result<super::requests::Outcome, StoreError>,
    ) -> Result<(), Wrong> {
        let answered = self.answer.take();
        if answered.as_ref() == Some(expected) {
            return Ok(());
        }
        Err(format!("{:?}: answered {answered:?}, expected {expected:?}", self.wish).into())
    }
}

fn is_empty(commit: &Commit) -> bool {
    commit.sets.is_empty()
        && commit.aliases.is_empty()
        && commit.changes.is_empty()
        && commit.forgotten.is_empty()
}

/// The cursor of a change.
pub(super) fn cursor(number: u64) -> Cursor {
    Cursor::from_sequence(number)
}
