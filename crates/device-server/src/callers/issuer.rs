//! One issuer of signed tokens: JWTs (RFC 7519) with the rules of RFC 9068 and RFC 8725.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};

use super::Unaccepted;
use super::claims::Claims;
use super::key_set::KeyId;
use super::keys::Keys;
use super::known::{Known, Rules};
use super::limits::{LEEWAY, VERIFIED_TIME_MAX};

/// What signatures are checked with.
pub(super) enum Signing {
    /// Public keys of the issuer.
    Keys(Arc<Keys>),
    /// A secret that is shared with it: HS256.
    Secret(DecodingKey),
}

impl fmt::Debug for Signing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(keys) => keys.fmt(formatter),
            Self::Secret(_) => formatter.write_str("Secret(***)"),
        }
    }
}

/// An issuer.
#[derive(Debug)]
pub(super) struct Issuer {
    /// What its tokens have in `iss`.
    pub(super) name: String,
    pub(super) rules: Rules,
    pub(super) signing: Signing,
    pub(super) algorithms: Vec<Algorithm>,
    /// What may stand in `typ`, in lower case without `application/`; `none` is a token without.
    pub(super) types: Vec<String>,
    /// One of these must be in `aud`.
    pub(super) audiences: Vec<String>,
}

/// A token that was verified, with the key that did it if it may go, and until when to believe it, in milliseconds since 1970.
pub(super) type Signed = (Known, Option<KeyId>, u64);

impl Issuer {
    /// Verifies a token of this issuer.
    ///
    /// # Errors
    /// [`Unaccepted`].
    pub(super) async fn verify(&self, token: &str, now_ms: u64) -> Result<Signed, Unaccepted> {
        // The library knows no `none` and refuses unknown algorithms here. Nothing else in the header is believed before the signature holds: no URL in it is
        // asked, and no key in it used.
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unaccepted::Invalid)?;
        if !self.algorithms.contains(&header.alg)
            || !self.accepts_type(&header)
            || header.crit.is_some()
        {
            return Err(Unaccepted::Invalid);
        }
        let (claims, id) = match &self.signing {
            Signing::Secret(key) => (self.decode(token, key, header.alg)?, None),
            Signing::Keys(keys) => {
                let kid = header.kid.as_deref();
                let set = keys.with(kid, header.alg).await?;
                let key = set.find(kid, header.alg).ok_or(Unaccepted::Invalid)?;
                (self.decode(token, &key.key, header.alg)?, Some(key.id))
            }
        };
        let exp = claims.seconds("exp").ok_or(Unaccepted::Invalid)?;
        let marked = type_of(&header) == "at+jwt";
        if !claims.is_access_token(marked) {
            return Err(Unaccepted::Invalid);
        }
        let end_ms = exp.saturating_mul(1000);
        let known = self.rules.known(&claims, now_ms, end_ms).ok_or(Unaccepted::Invalid)?;
        let believed = now_ms.saturating_add(millis(VERIFIED_TIME_MAX));
        Ok((known, id, believed.min(end_ms.saturating_add(millis(LEEWAY)))))
    }

    fn accepts_type(&self, header: &Header) -> bool {
        self.types.contains(&type_of(header))
    }

    fn decode(
        &self,
        token: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Claims, Unaccepted> {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.name]);
        validation.set_audience(&self.audiences);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation);
        decoded.map(|token| token.claims).map_err(|_| Unaccepted::Invalid)
    }
}

/// A token's type as it is compared (RFC 7515, 4.1.9).
fn type_of(header: &Header) -> String {
    let name = header.typ.as_deref().unwrap_or("none").to_ascii_lowercase();
    name.strip_prefix("application/").map_or(name.clone(), Into::into)
}

/// Whose a token says it is. Nothing of it is verified: it only picks who is to verify it.
pub(super) fn claimed(token: &str) -> Option<String> {
    let claims = jsonwebtoken::dangerous::insecure_decode_claims::<Claims>(token).ok()?;
    claims.text("iss").map(Into::into)
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
