//! The keys of an issuer, kept fresh: fetched regularly in the background, and at once for a key id nobody has seen, but not for every made-up one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use parking_lot::RwLock;
use serde::Deserialize;
use tokio::sync::MutexGuard;
use tokio::time::Instant;

use super::Unaccepted;
use super::client::{AskError, Client, EndPoint};
use super::key_set::{KeyId, KeySet};
use super::limits::{ANSWER_BYTES_MAX, KEYS_BACK_OFF};

/// Where the keys are.
#[derive(Debug)]
pub(super) enum Source {
    File(PathBuf),
    Url(EndPoint, Client),
    /// Where the issuer says (OpenID Connect Discovery 1.0, 4).
    Discovered {
        issuer: String,
        document: EndPoint,
        plain_http: bool,
        client: Client,
    },
}

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys {
    source: Source,
    /// How often they are fetched.
    refresh: Duration,
    state: RwLock<State>,
    /// Held by whoever fetches: all others wait for that one.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    set: Arc<KeySet>,
    /// When the set came; `None` as long as none has.
    fetched: Option<Instant>,
    /// Until when nobody asks again for a key that is missing, and whether that is because the source does not answer.
    back_off: Option<(Instant, bool)>,
}

impl Keys {
    pub(super) fn new(source: Source, refresh: Duration) -> Self {
        let state = RwLock::default();
        Self { source, refresh, state, fetching: tokio::sync::Mutex::default() }
    }

    /// Whether the key is still one of the issuer's. Never waits: callers whose token was verified go on while the issuer is away.
    pub(super) fn contains(&self, id: &KeyId) -> bool {
        self.state.read().set.contains(id)
    }

    /// The keys, with one for this signature among them.
    ///
    /// # Errors
    /// [`Unaccepted::Invalid`] if the issuer has no such key, [`Unaccepted::Unavailable`] if nobody knows.
    pub(super) async fn with(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<KeySet>, Unaccepted> {
        let has = |state: &State| self.is_fresh(state) && state.set.find(kid, algorithm).is_some();
        if !has(&self.state.read()) {
            let turn = self.fetching.lock().await;
            // Whoever was first may have fetched it already.
            let enough = has(&self.state.read()) || self.backs_off();
            if !enough {
                self.fetch(&turn, has).await;
            }
        }
        let state = self.state.read();
        match state.back_off {
            _ if has(&state) => Ok(Arc::clone(&state.set)),
            Some((_, true)) => Err(Unaccepted::Unavailable),
            _ => Err(Unaccepted::Invalid),
        }
    }

    /// Fetches the keys again and again, until it is dropped.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        loop {
            let asked = Instant::now();
            let since = |state: &State| state.fetched.is_some_and(|fetched| fetched >= asked);
            let turn = self.fetching.lock().await;
            if !since(&self.state.read()) {
                self.fetch(&turn, since).await;
            }
            drop(turn);
            let away = matches!(self.state.read().back_off, Some((_, true)));
            let pause = if away { self.refresh.min(KEYS_BACK_OFF) } else { self.refresh };
            tokio::time::sleep(pause).await;
        }
    }

    fn backs_off(&self) -> bool {
        self.state.read().back_off.is_some_and(|(until, _)| Instant::now() < until)
    }

    /// Old keys say nothing about who is accepted now: a removed one may be among them.
    fn is_fresh(&self, state: &State) -> bool {
        state.fetched.is_some_and(|fetched| fetched.elapsed() < 2 * self.refresh)
    }

    /// Fetches the set, and lets nobody else ask for a while if it does not answer or is not what was wanted.
    async fn fetch(&self, _turn: &MutexGuard<'_, ()>, is_enough: impl Fn(&State) -> bool) {
        let fetched = self.source.fetch().await;
        let mut state = self.state.write();
        let later = Instant::now() + KEYS_BACK_OFF;
        match fetched {
            Ok(set) => {
                state.set = Arc::new(set);
                state.fetched = Some(Instant::now());
                if !is_enough(&state) {
                    state.back_off = Some((later, false));
                } else if matches!(state.back_off, Some((_, true))) {
                    state.back_off = None;
                }
            }
            Err(error) => {
                let source = self.source.name();
                tracing::warn!(%source, %error, "the keys of an issuer could not be fetched");
                state.back_off = Some((later, true));
            }
        }
    }
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(end_point, _) => end_point.to_string(),
            Self::Discovered { document, .. } => document.to_string(),
        }
    }

    async fn fetch(&self) -> Result<KeySet, AskError> {
        let json = match self {
            Self::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
                return read.unwrap_or_else(|error| Err(AskError::Failed(error.to_string())));
            }
            Self::Url(end_point, client) => client.get(end_point).await?,
            // Each time anew: an issuer may move its keys and leave old ones behind.
            Self::Discovered { client, .. } => client.get(&self.discover().await?).await?,
        };
        KeySet::parse(&json).map_err(|_| AskError::Content("not a JWK Set"))
    }

    async fn discover(&self) -> Result<EndPoint, AskError> {
        #[derive(Deserialize)]
        struct Document {
            issuer: String,
            jwks_uri: String,
        }
        let Self::Discovered { issuer, document, plain_http, client, .. } = self else {
            return Err(AskError::Content("nothing to discover"));
        };
        let json = client.get(document).await?;
        let found: Document = serde_json::from_slice(&json)
            .map_err(|_| AskError::Content("no `issuer` and `jwks_uri`"))?;
        if found.issuer != *issuer {
            return Err(AskError::Content("it is of another issuer"));
        }
        EndPoint::parse(&found.jwks_uri, *plain_http)
            .map_err(|_| AskError::Content("`jwks_uri` must not be asked"))
    }
}

/// Reads a file of keys.
pub(super) fn read_file(path: &Path) -> Result<KeySet, AskError> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| AskError::Failed(error.to_string());
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut json = Vec::new();
    file.take(ANSWER_BYTES_MAX as u64 + 1).read_to_end(&mut json).map_err(failed)?;
    if json.len() > ANSWER_BYTES_MAX {
        return Err(AskError::Body);
    }
    KeySet::parse(&json).map_err(|_| AskError::Content("not a JWK Set"))
}
