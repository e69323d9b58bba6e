//! Asking another AM whose session an SSO token is: `sessions?_action=getSessionInfo` (`am-behaviour.md` 5, `clients.md` 4).

use axum::body::Bytes;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Request};
use device_core::{Realm, UserId, fold};
use device_registry::Caller;
use http_body_util::Full;

use super::Unaccepted;
use super::claims::Claims;
use super::client::{AskError, Client, EndPoint};
use super::issuer::millis;
use super::known::{Known, Session};
use super::limits::SESSION_TIME_MAX;
use crate::status::Answered;

/// The sessions of one realm of another AM.
#[derive(Debug)]
pub(super) struct Sessions {
    /// The realm, there and here: sessions of others are worth nothing.
    pub(super) realm: Realm,
    /// The end point, with its action.
    pub(super) end_point: EndPoint,
    pub(super) client: Client,
    /// The header in which that AM takes the token.
    pub(super) header: HeaderName,
    /// The usernames of administrators.
    pub(super) administrators: Vec<String>,
    /// Their realms.
    pub(super) administers: Vec<Realm>,
}

impl Sessions {
    /// Asks, and gives who it is, and until when to believe it, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Unaccepted`].
    pub(super) async fn verify(
        &self,
        token: &str,
        now_ms: u64,
    ) -> Result<(Known, u64), Unaccepted> {
        let session = self.ask(token).await.map_err(|error| {
            tracing::warn!(end_point = %self.end_point, %error, "a session could not be looked up");
            Unaccepted::Unavailable
        })?;
        let session = session.filter(|session| session.realm == self.realm.as_str());
        let known = session.and_then(|session| self.known(session)).ok_or(Unaccepted::Invalid)?;
        Ok((known, now_ms.saturating_add(millis(SESSION_TIME_MAX))))
    }

    /// `None` if there is no such session.
    async fn ask(&self, token: &str) -> Result<Option<Session>, AskError> {
        let Ok(mut value) = HeaderValue::try_from(token) else { return Ok(None) };
        value.set_sensitive(true);
        let request = Request::post(self.end_point.uri())
            .header(&self.header, value)
            .header("accept-api-version", "resource=2.1, protocol=1.0")
            .header("x-requested-with", "devreg")
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::<Bytes>::default())
            .map_err(|error| AskError::Failed(error.to_string()))?;
        match self.client.ask(request).await? {
            (Answered::Done, body) => {
                let claims = serde_json::from_slice(&body).ok().and_then(|claims| read(&claims));
                claims.map(Some).ok_or(AskError::Content("not the six members of a session"))
            }
            (Answered::Denied, _) => Ok(None),
            (answered, _) => Err(AskError::Status(answered.code())),
        }
    }

    fn known(&self, session: Session) -> Option<Known> {
        // AM takes a name in any case at login, and shows what was typed.
        let is_own = |name: &String| fold::fold(name) == fold::fold(&session.username);
        let caller = if self.administrators.iter().any(is_own) {
            Caller::Administrator {
                subject: session.username.as_str().into(),
                realms: self.administers.clone(),
                may_write: true,
            }
        } else {
            // How the user logged in is not told: under `session_strength` such a session is not strong.
            Caller::User {
                realm: self.realm.clone(),
                user_id: UserId::parse(&session.username).ok()?,
                authenticated_with: Vec::new(),
            }
        };
        Some(Known { caller, session })
    }
}

fn read(claims: &Claims) -> Option<Session> {
    let text = |name| claims.text(name).map(ToOwned::to_owned);
    Some(Session {
        username: text("username")?,
        universal_id: text("universalId")?,
        realm: text("realm")?,
        latest_access_time: text("latestAccessTime")?,
        max_idle_expiration_time: text("maxIdleExpirationTime")?,
        max_session_expiration_time: text("maxSessionExpirationTime")?,
    })
}
