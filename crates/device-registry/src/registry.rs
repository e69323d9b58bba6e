//! The registry and its loop: load, rule, swap, again on conflict.

use std::sync::Arc;

use device_core::{Change, DeviceSet, Moment, Realm, SetKey, Step, UserId, Username, What, Write};
use device_store::{DeviceStore, Swap};
use uuid::Uuid;

use crate::authorise::{Caller, Operation, authorise};
use crate::error::Error;
use crate::policy::Policy;
use crate::stripes::Stripes;
use crate::surroundings::{Surroundings, System};

/// How often a change is tried when other processes are faster.
pub const ATTEMPTS_MAX: usize = 16;

/// A user, as URLs and tokens name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's realm.
    pub realm: Realm,
    /// The user's `_id`.
    pub user_id: UserId,
}

/// Who asks, and what the change log is to say of it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The request's id, as in logs and answers.
    pub id: Option<&'a str>,
    /// Why, if somebody said so.
    pub reason: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A request without id and reason.
    #[must_use]
    pub fn by(caller: &'a Caller) -> Self {
        Self { caller, id: None, reason: None }
    }
}

/// The devices of all users, on some store. Shared by reference; all operations may run at once.
#[derive(Debug)]
pub struct Registry<S> {
    store: S,
    policy: Policy,
    surroundings: Arc<dyn Surroundings>,
    stripes: Stripes,
}

impl<S: DeviceStore> Registry<S> {
    /// A registry with the machine's clock and randomness.
    pub fn new(store: S, policy: Policy) -> Self {
        Self::with_surroundings(store, policy, Arc::new(System))
    }

    /// A registry with a clock and randomness of the caller's.
    pub fn with_surroundings(
        store: S,
        policy: Policy,
        surroundings: Arc<dyn Surroundings>,
    ) -> Self {
        Self { store, policy, surroundings, stripes: Stripes::default() }
    }

    /// The store, for walks and the change log.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Gives the store back, to be closed.
    pub fn into_store(self) -> S {
        self.store
    }

    pub(crate) fn moment(&self) -> Moment {
        self.surroundings.moment()
    }

    /// Asks whether the caller may.
    pub(crate) fn allow(
        &self,
        request: &Request<'_>,
        operation: Operation,
        user: &User,
        kind: Option<device_core::DeviceKind>,
    ) -> Result<(), Error> {
        Ok(authorise(request.caller, operation, user, kind, &self.policy)?)
    }

    /// Runs a rule on the current set and stores what it says, until nobody else was faster.
    pub(crate) async fn change<T, E: Into<Error>>(
        &self,
        request: &Request<'_>,
        realm: &Realm,
        key: &SetKey,
        mut rule: impl FnMut(&DeviceSet, Moment) -> Result<Step<T>, E>,
    ) -> Result<T, Error> {
        let _turn = self.stripes.turn(key).await;
        let mut set = self.store.load(key).await?;
        for _ in 0..ATTEMPTS_MAX {
            let moment = self.moment();
            let step = rule(&set, moment).map_err(Into::into)?;
            let Some(Write { next, devices, skip }) = step.write else { return Ok(step.answer) };
            // A rule only writes sets that have an owner.
            let Some(owner) = next.owner.clone() else { return Ok(step.answer) };
            let what = What::Set { kind: key.kind(), revision: next.revision, devices, skip };
            let change = self.entry(request, realm, owner.username, moment, what);
            match self.store.swap(key, set.revision, Arc::new(next), change).await? {
                Swap::Stored => return Ok(step.answer),
                Swap::Conflict(current) => set = current,
            }
        }
        Err(Error::Contended)
    }

    /// An entry of the change log.
    pub(crate) fn entry(
        &self,
        request: &Request<'_>,
        realm: &Realm,
        username: Username,
        moment: Moment,
        what: What,
    ) -> Change {
        Change {
            id: Uuid::from_u128(self.surroundings.random()),
            at_ms: moment.now_ms,
            actor: request.caller.actor().into(),
            request_id: request.id.map(Into::into),
            reason: request.reason.map(Into::into),
            realm: realm.clone(),
            username,
            what,
        }
    }
}
