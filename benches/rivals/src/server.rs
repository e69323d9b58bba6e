//! The three requests that `devreg-load` sends, and nothing else: enrol (replacing what is there), list, refresh; in realm `/alpha`, of push devices.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::routing::{get, post};
use device_core::rules::{self, OnLimit, OnRetired, Room};
use device_core::{
    DeviceKind, DeviceSet, Draft, Moment, Owner, RefreshMessage, SetKey, Show, Step, UserId,
    Username, Write,
};
use device_registry::{Denied, Error, Surroundings as _, System};
use device_server::handle::NotDone;
use device_server::reply::Reply;
use device_server::signing_key::{ADMINISTRATOR_SCOPE, SigningKey};
use device_server::status::Problem;
use device_store::StoreError;
use devreg_benches::population::{DEVICES, realm};

use crate::Failure;
use crate::store::Store;

/// How often a change is tried when others are faster.
const ATTEMPTS_MAX: usize = 16;

const COLLECTION: &str = "/json/realms/root/realms/alpha/users/{user}/devices/2fa/push";
const MESSAGES: &str = "/json/realms/root/realms/alpha/push/sns/message";

struct Service<S> {
    store: S,
    key: SigningKey,
}

/// The routes, on a store, with the key of its callers' tokens.
pub fn router<S: Store>(store: S, key: SigningKey) -> Router {
    Router::new()
        .route(COLLECTION, get(list::<S>).post(enrol::<S>))
        .route(MESSAGES, post(refresh::<S>))
        .with_state(Arc::new(Service { store, key }))
}

async fn list<S: Store>(
    State(service): State<Arc<Service<S>>>,
    Path(user): Path<String>,
    headers: HeaderMap,
) -> Result<Reply, Problem> {
    service.authorise(&headers, Some(&user))?;
    let username = Username::parse(&user).map_err(refused)?;
    let set = service.store.load(&key(&username)).await.map_err(|error| failed(&error))?;
    Ok(Reply::list(&set.devices, DeviceKind::Push, true, set.revision))
}

async fn enrol<S: Store>(
    State(service): State<Arc<Service<S>>>,
    Path(user): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Reply, Problem> {
    service.authorise(&headers, None)?;
    let username = Username::parse(&user).map_err(refused)?;
    let profile = str::from_utf8(&body).map_err(|_| Problem::unreadable())?;
    let draft = Draft::parse(DeviceKind::Push, profile).map_err(|_| Problem::unreadable())?;
    let key = key(&username);
    let owner = Owner::named(username);
    let room = Room { limit: DEVICES, on_limit: OnLimit::Replace };
    let rule = |set: &DeviceSet, moment| {
        let draft = draft.clone();
        Ok::<_, Error>(rules::enrol(set, DeviceKind::Push, &owner, draft, room, moment)?)
    };
    let device = service.change(&key, rule).await?;
    Ok(Reply::created(&device, DeviceKind::Push, Show::AnswerRedacted, ""))
}

async fn refresh<S: Store>(
    State(service): State<Arc<Service<S>>>,
    body: Bytes,
) -> Result<Reply, Problem> {
    let message = RefreshMessage::parse(&body).map_err(|_| Problem::unreadable())?;
    let rule = |set: &DeviceSet, moment| {
        Ok::<_, Error>(rules::refresh(set, &message, OnRetired::Reject, moment)?)
    };
    service.change(&key(&message.username), rule).await?;
    Ok(Reply::empty())
}

impl<S: Store> Service<S> {
    /// Whether the caller is an administrator, or that user.
    fn authorise(&self, headers: &HeaderMap, user: Option<&str>) -> Result<(), Problem> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or_else(Problem::no_token)?;
        let claims = self.key.verify(token).ok_or_else(Problem::invalid_token)?;
        let caller = UserId::parse(&claims.sub).map_err(refused)?;
        let may =
            claims.scope == ADMINISTRATOR_SCOPE || user.is_some_and(|user| caller.matches(user));
        match may && claims.realm == realm().as_str() {
            true => Ok(()),
            false => Err(refused(Denied::Forbidden)),
        }
    }

    /// Runs a rule on what is stored until nobody else was faster.
    async fn change<T>(
        &self,
        key: &SetKey,
        rule: impl Fn(&DeviceSet, Moment) -> Result<Step<T>, Error>,
    ) -> Result<T, Problem> {
        for _ in 0..ATTEMPTS_MAX {
            let set = self.store.load(key).await.map_err(|error| failed(&error))?;
            let Step { answer, write } = rule(&set, System.moment()).map_err(refused)?;
            let Some(Write { next, .. }) = write else { return Ok(answer) };
            if self.store.swap(key, &set, &next).await.map_err(|error| failed(&error))? {
                return Ok(answer);
            }
        }
        Err(refused(Error::Contended))
    }
}

fn key(username: &Username) -> SetKey {
    SetKey::new(&realm(), username, DeviceKind::Push)
}

fn refused(error: impl Into<Error>) -> Problem {
    NotDone::Registry(error.into()).into()
}

fn failed(error: &Failure) -> Problem {
    eprintln!("devreg-rival: {error}");
    refused(StoreError::Unavailable("see the log".into()))
}
