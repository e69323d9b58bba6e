//! Asking an issuer what one of its tokens is worth (RFC 7662).

use axum::http::Request;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_core::Secret;
use http_body_util::Full;

use super::Unaccepted;
use super::claims::Claims;
use super::client::{AskError, Client, EndPoint};
use super::issuer::millis;
use super::known::{Known, Rules};
use super::limits::{INTROSPECTED_TIME_MAX, LEEWAY};
use crate::status::Answered;

/// An issuer that is asked.
#[derive(Debug)]
pub(super) struct Introspection {
    /// What its answers have in `iss`, if they have it.
    pub(super) name: String,
    pub(super) rules: Rules,
    pub(super) end_point: EndPoint,
    pub(super) client: Client,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    /// One of these must be in `aud`; without any, `aud` is not looked at.
    pub(super) audiences: Vec<String>,
}

impl Introspection {
    /// Asks, and gives who it is, and until when to believe it, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Unaccepted`].
    pub(super) async fn verify(
        &self,
        token: &str,
        now_ms: u64,
    ) -> Result<(Known, u64), Unaccepted> {
        let claims = self.ask(token).await.map_err(|error| {
            tracing::warn!(end_point = %self.end_point, %error, "introspection failed");
            Unaccepted::Unavailable
        })?;
        self.judge(&claims, now_ms).ok_or(Unaccepted::Invalid)
    }

    async fn ask(&self, token: &str) -> Result<Claims, AskError> {
        // The credentials are encoded as in a form before they are joined (RFC 6749, 2.3.1).
        let credentials = Secret::new(format!(
            "{}:{}",
            form_encode(&self.client_id),
            form_encode(self.client_secret.expose())
        ));
        let body = format!("token={}&token_type_hint=access_token", form_encode(token));
        let request = Request::post(self.end_point.uri())
            .header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(credentials.expose())))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))
            .map_err(|error| AskError::Failed(error.to_string()))?;
        match self.client.ask(request).await? {
            (Answered::Done, body) => {
                serde_json::from_slice(&body).map_err(|_| AskError::Content("not an object"))
            }
            // 401 is about the credentials, which are ours, not about the token.
            (answered, _) => Err(AskError::Status(answered.code())),
        }
    }

    fn judge(&self, claims: &Claims, now_ms: u64) -> Option<(Known, u64)> {
        let ours = claims.text("iss").is_none_or(|issuer| issuer == self.name);
        let audience = claims.names("aud");
        let meant = self.audiences.is_empty()
            || self.audiences.iter().any(|name| audience.contains(&name.as_str()));
        let bearer = claims.text("token_type").is_none_or(|kind| {
            kind.eq_ignore_ascii_case("Bearer") || kind.eq_ignore_ascii_case("access_token")
        });
        let leeway = millis(LEEWAY);
        let end_ms = claims.seconds("exp").map_or(u64::MAX, |exp| exp.saturating_mul(1000));
        let started = claims
            .seconds("nbf")
            .is_none_or(|nbf| nbf.saturating_mul(1000) <= now_ms.saturating_add(leeway));
        let valid = now_ms < end_ms.saturating_add(leeway) && started;
        // What RFC 7662 calls active, and an access token: it answers for refresh tokens too.
        if !claims.is_true("active")
            || !ours
            || !meant
            || !bearer
            || !valid
            || !claims.is_access_token(true)
        {
            return None;
        }
        let believed = now_ms.saturating_add(millis(INTROSPECTED_TIME_MAX));
        let until_ms = believed.min(end_ms.saturating_add(leeway));
        let shown_end = if end_ms == u64::MAX { believed } else { end_ms };
        self.rules.known(claims, now_ms, shown_end).map(|known| (known, until_ms))
    }
}

/// Encodes a value of a form (`application/x-www-form-urlencoded`); a blank as `%20`, which every reader understands.
fn form_encode(value: &str) -> String {
    crate::reply::percent_encode(value)
}
