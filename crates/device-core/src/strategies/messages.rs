//! Refresh messages as phones sign them, and as attackers would like to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a phone says in a refresh message. Change a field to say something else, then [`Signed::body`].
#[derive(Debug, Clone)]
pub struct Signed<'a> {
    /// The body's `mechanismUid`.
    pub mechanism_uid: &'a str,
    /// The body's `username`.
    pub username: &'a str,
    /// The token's header, as JSON text.
    pub header: &'a str,
    /// The claim `deviceId`: the new push token.
    pub device_token: &'a str,
    /// More claims, as JSON text that starts with a comma, or nothing.
    pub more_claims: &'a str,
    /// The key it is signed with, decoded.
    pub key: &'a [u8],
}

impl Signed<'_> {
    /// The token: `HEADER.PAYLOAD.SIGNATURE`.
    #[must_use]
    pub fn token(&self) -> String {
        let claims = format!(
            "{{\"deviceId\":{},\"deviceType\":\"android\",\"communicationType\":\"gcm\"{}}}",
            serde_json::to_string(self.device_token).unwrap(),
            self.more_claims,
        );
        sign(self.key, self.header, &claims)
    }

    /// The body of the refresh request.
    #[must_use]
    pub fn body(&self) -> String {
        refresh_body(self.mechanism_uid, self.username, &self.token())
    }
}

impl Default for Signed<'_> {
    fn default() -> Self {
        Self {
            mechanism_uid: "mechanism",
            username: "bjensen",
            header: r#"{"alg":"HS256","typ":"JWT"}"#,
            device_token: "token",
            more_claims: "",
            key: &[7; 32],
        }
    }
}

/// The body of a refresh request with an arbitrary token.
#[must_use]
pub fn refresh_body(mechanism_uid: &str, username: &str, token: &str) -> String {
    serde_json::json!({ "mechanismUid": mechanism_uid, "username": username, "jwt": token })
        .to_string()
}

/// A compact JWS over any header and claims, with the HMAC-SHA256 of `key`, whatever the header says.
#[must_use]
pub fn sign(key: &[u8], header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
