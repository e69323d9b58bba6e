//! Who asks: from the token of a request to a [`Caller`].
//!
//! [`carrier`] takes the token out of a request. Whoever it is of verifies it: the local signing key, an issuer by its keys or its introspection end point, another
//! AM for its sessions, a table. What was verified is remembered by a digest of the token, so that a token costs one verification and not one a request.
//!
//! Sources: `decisions.md` (Who may call); RFC 6750, 7519, 7662, 8725, 9068.

mod am;
pub mod carrier;
mod claims;
mod client;
mod configure;
mod introspection;
mod issuer;
mod key_set;
mod keys;
pub mod known;
pub mod limits;
pub mod settings;

use std::fmt;
use std::sync::Arc;

use device_core::{Realm, UserId};
use device_registry::{Caller, Surroundings as _, System};
use device_wire::call::RawRequest;
use device_wire::realms::Realms;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use self::carrier::{Carrier, Carriers};
use self::issuer::{Signing, millis};
use self::key_set::KeyId;
use self::known::{Known, Session};
use self::limits::{IDENTIFY_TIME_MAX, VERIFIED_TIME_MAX, VERIFIED_TOKENS_MAX};
use crate::settings::{Settings, SettingsError};
use crate::signing_key::{ADMINISTRATOR_SCOPE, ISSUER, SigningKey};
use crate::status::Problem;

pub use self::configure::CallersError;

/// A digest of a token and its carrier: what is remembered of it, instead of itself.
type Digest = [u8; 32];

fn digest(carrier: Option<Carrier>, token: &str) -> Digest {
    let kind: &[u8] = match carrier {
        None => b"",
        Some(Carrier::Bearer) => b"bearer ",
        Some(Carrier::Sso) => b"sso ",
    };
    Sha256::new().chain_update(kind).chain_update(token).finalize().into()
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unaccepted {
    /// It is not good, whatever the reason: nobody learns more.
    Invalid,
    /// Whoever could say does not answer.
    Unavailable,
}

impl From<Unaccepted> for Problem {
    fn from(unaccepted: Unaccepted) -> Self {
        match unaccepted {
            Unaccepted::Invalid => Self::invalid_token(),
            Unaccepted::Unavailable => Self::callers_unknown(),
        }
    }
}

/// How callers are known.
pub struct Callers {
    /// Tokens this key has signed are accepted; without it none are.
    pub local: Option<SigningKey>,
    carriers: Carriers,
    verifier: Verifier,
    verified: Cache<Digest, Arc<Verified>>,
    /// Keeps keys fresh; ends with the callers.
    _refreshing: JoinSet<()>,
}

/// Everything that verifies tokens but the local key.
#[derive(Debug, Default)]
struct Verifier {
    issuers: Vec<issuer::Issuer>,
    introspections: Vec<introspection::Introspection>,
    sessions: Vec<am::Sessions>,
    fixed: configure::Fixed,
}

/// What is remembered of a token.
#[derive(Debug)]
struct Verified {
    known: Arc<Known>,
    /// Until when, in milliseconds since 1970.
    until_ms: u64,
    /// The issuer, by place, and its key: without the key the token is worth nothing.
    key: Option<(usize, KeyId)>,
}

impl fmt::Debug for Callers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { local, carriers, verifier, .. } = self;
        formatter
            .debug_struct("Callers")
            .field("local", local)
            .field("carriers", carriers)
            .field("verifier", verifier)
            .finish_non_exhaustive()
    }
}

impl Callers {
    /// Knows callers in the way the settings say. From now on keys of issuers are fetched in the background: a runtime is needed.
    ///
    /// # Errors
    /// [`SettingsError`] for what cannot be meant.
    pub fn new(
        settings: &Settings,
        realms: &Realms,
        local: Option<SigningKey>,
    ) -> Result<Self, SettingsError> {
        let verifier = configure::verifier(settings, realms)?;
        let mut refreshing = JoinSet::new();
        for issuer in &verifier.issuers {
            if let Signing::Keys(keys) = &issuer.signing {
                refreshing.spawn(Arc::clone(keys).keep_fresh());
            }
        }
        let carriers = Carriers {
            sso_cookie: settings.sso_name.clone(),
            sso_header: settings.sso_name.to_ascii_lowercase(),
            compatibility: settings.compatibility,
        };
        let verified = Cache::new(VERIFIED_TOKENS_MAX);
        Ok(Self { local, carriers, verifier, verified, _refreshing: refreshing })
    }

    /// Finds out who asks; `None` if the request has no token.
    ///
    /// # Errors
    /// A 401 for a token that is not accepted, a 503 if whoever could say does not answer, and what [`Carriers::token`] says.
    pub async fn identify(&self, request: &RawRequest<'_>) -> Result<Option<Arc<Known>>, Problem> {
        let Some((carrier, token)) = self.carriers.token(request)? else { return Ok(None) };
        if token.is_empty() {
            // Nobody is asked whose nothing is.
            return Err(Unaccepted::Invalid.into());
        }
        let fixed = &self.verifier.fixed;
        if !fixed.is_empty()
            && let Some(known) = fixed.get(&digest(None, token))
        {
            return Ok(Some(Arc::clone(known)));
        }
        let now_ms = System.now_ms();
        let digest = digest(Some(carrier), token);
        let good = |verified: &Arc<Verified>| self.is_good(verified, now_ms);
        if let Some(verified) = self.verified.get(&digest) {
            if good(&verified) {
                return Ok(Some(Arc::clone(&verified.known)));
            }
            self.verified.remove_if(&digest, |verified| !good(verified));
        }
        // Of several requests with one token one verifies it, the others wait for that.
        let verified = async {
            match self.verified.get_value_or_guard_async(&digest).await {
                Ok(verified) => Ok(verified),
                Err(guard) => {
                    let verified = Arc::new(self.verify(carrier, token, now_ms).await?);
                    let _ = guard.insert(Arc::clone(&verified));
                    Ok(verified)
                }
            }
        };
        let verified = tokio::time::timeout(IDENTIFY_TIME_MAX, verified).await;
        let verified = verified.unwrap_or(Err(Unaccepted::Unavailable))?;
        Ok(Some(Arc::clone(&verified.known)))
    }

    fn is_good(&self, verified: &Verified, now_ms: u64) -> bool {
        now_ms < verified.until_ms
            && verified.key.is_none_or(|(issuer, id)| {
                match self.verifier.issuers.get(issuer).map(|issuer| &issuer.signing) {
                    Some(Signing::Keys(keys)) => keys.contains(&id),
                    _ => false,
                }
            })
    }

    /// Hands the token to the one it is of. A signed one says whose it is, in every carrier; an opaque one is shown to those of its carrier alone.
    async fn verify(
        &self,
        carrier: Carrier,
        token: &str,
        now_ms: u64,
    ) -> Result<Verified, Unaccepted> {
        let Verifier { issuers, introspections, sessions, .. } = &self.verifier;
        let of_others =
            |(known, until_ms)| Verified { known: Arc::new(known), until_ms, key: None };
        if let Some(name) = issuer::claimed(token) {
            if name == ISSUER {
                let verified = self.local.as_ref().and_then(|key| verify_local(key, token, now_ms));
                return verified.map(of_others).ok_or(Unaccepted::Invalid);
            }
            if let Some(at) = issuers.iter().position(|issuer| issuer.name == name) {
                let (known, id, until_ms) = issuers[at].verify(token, now_ms).await?;
                let key = id.map(|id| (at, id));
                return Ok(Verified { known: Arc::new(known), until_ms, key });
            }
            let asked = introspections.iter().find(|issuer| issuer.name == name);
            let asked = asked.ok_or(Unaccepted::Invalid)?;
            return asked.verify(token, now_ms).await.map(of_others);
        }
        let mut answer = Unaccepted::Invalid;
        match carrier {
            Carrier::Bearer => {
                for issuer in introspections {
                    match issuer.verify(token, now_ms).await {
                        Ok(verified) => return Ok(of_others(verified)),
                        Err(Unaccepted::Unavailable) => answer = Unaccepted::Unavailable,
                        Err(Unaccepted::Invalid) => {}
                    }
                }
            }
            Carrier::Sso => {
                for sessions in sessions {
                    match sessions.verify(token, now_ms).await {
                        Ok(verified) => return Ok(of_others(verified)),
                        Err(Unaccepted::Unavailable) => answer = Unaccepted::Unavailable,
                        Err(Unaccepted::Invalid) => {}
                    }
                }
            }
        }
        Err(answer)
    }
}

fn verify_local(key: &SigningKey, token: &str, now_ms: u64) -> Option<(Known, u64)> {
    let claims = key.verify(token)?;
    let realm = Realm::parse(&claims.realm).ok()?;
    let end_ms = claims.exp.saturating_mul(1000);
    let session = Session::of_token(&claims.sub, &realm, now_ms, end_ms);
    let caller = if claims.scope.split(' ').any(|scope| scope == ADMINISTRATOR_SCOPE) {
        Caller::Administrator { subject: claims.sub.into(), realms: vec![realm], may_write: true }
    } else {
        let user_id = UserId::parse(&claims.sub).ok()?;
        let authenticated_with = claims.amr.into_iter().map(Into::into).collect();
        Caller::User { realm, user_id, authenticated_with }
    };
    Some((Known { caller, session }, end_ms.min(now_ms.saturating_add(millis(VERIFIED_TIME_MAX)))))
}
