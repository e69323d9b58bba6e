//! What a refresh cannot do without: its floor is reading the JSON of the message and one HMAC of the signed bytes.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::NO_PAD;
use serde::Deserialize;

/// The fastest there is in the library that reads the messages, too.
static LETTERS: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));

/// Messages signed at a time while the clock stands. Enough to spread over the users, few enough not to fill the memory.
pub const BATCH: usize = 4096;

/// The body, read with as little work as a JSON reader can do: everything borrowed, nothing checked.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is the point")]
struct Body<'a> {
    #[serde(rename = "mechanismUid")]
    mechanism_uid: &'a str,
    username: &'a str,
    jwt: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "reading them is the point")]
struct Claims<'a> {
    device_id: &'a str,
    device_type: &'a str,
    communication_type: &'a str,
    mechanism_uid: &'a str,
}

/// The floor of reading a message: body, Base64 of the claims, claims. No key, no name, no header is looked at. `claims` is a buffer to use again.
///
/// # Panics
/// If it is no message.
#[must_use]
pub fn read_json(body: &[u8], claims: &mut Vec<u8>) -> usize {
    let body: Body<'_> = serde_json::from_slice(body).expect("a body");
    let payload = body.jwt.split('.').nth(1).expect("a payload");
    claims.clear();
    LETTERS.decode_vec(payload, claims).expect("Base64");
    let claims: Claims<'_> = serde_json::from_slice(claims).expect("claims");
    claims.device_id.len()
}

/// What the signature of a message is about.
///
/// # Panics
/// If it is no message.
#[must_use]
pub fn signed_part(body: &[u8]) -> String {
    let body: Body<'_> = serde_json::from_slice(body).expect("a body");
    body.jwt.rsplit_once('.').expect("a signature").0.to_owned()
}
