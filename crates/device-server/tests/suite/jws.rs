//! Signing by hand: phones' messages, and tokens that nobody should accept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::users::Phone;

/// The header of a phone's message.
pub(crate) const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A compact JWS with an HMAC-SHA256 signature, whatever its header says.
pub(crate) fn sign(header: &str, payload: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", base64url(mac.finalize().into_bytes()))
}

/// What a phone claims when it has a new push token.
pub(crate) fn claims(push_token: &str) -> Value {
    json!({"deviceId": push_token, "deviceType": "android", "communicationType": "gcm"})
}

/// The body of a refresh by `phone` with these claims.
pub(crate) fn refresh(phone: &Phone, claims: &Value) -> Value {
    refresh_with(phone, &sign(HEADER, &claims.to_string(), phone.key))
}

/// The body of a refresh by `phone` with this signed part.
pub(crate) fn refresh_with(phone: &Phone, jwt: &str) -> Value {
    json!({"mechanismUid": phone.mechanism_uid, "username": phone.username, "jwt": jwt})
}
