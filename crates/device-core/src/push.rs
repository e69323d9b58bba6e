//! The push refresh message: a phone's word, signed with the key it got at registration, that its push token changed.
//!
//! ```text
//! {"mechanismUid": "...", "username": "...", "jwt": "HEADER.PAYLOAD.SIGNATURE"}
//! ```
//! The header names HS256 and nothing else is accepted; the claims are `deviceId` (the new token), `deviceType`, `communicationType`, and perhaps
//! `deviceName`, `mechanismUid`, `iat`. Everything that can be refused without knowing the user is refused here, so that what remains
//! costs the same whether the user exists or not. Sources: `clients.md` 2.2 and 2.3, `decisions.md` (Refresh), RFC 7515.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use smol_str::SmolStr;
use zeroize::Zeroizing;

use crate::device::{MessageDigest, PushFacts};
use crate::limits::{PUSH_KEY_BYTES_MIN, PUSH_TOKEN_BYTES_MAX, PUSH_TYPE_CHARS_MAX};
use crate::{DeviceName, Secret, Username};

mod part;

/// A refresh message that is well formed. Whether it is genuine is asked of [`RefreshMessage::is_signed_with`].
///
/// What is only compared or hashed is borrowed from the body: two allocations less.
#[derive(Clone)]
pub struct RefreshMessage<'a> {
    /// Which of the user's push devices speaks. Compared exactly.
    pub mechanism_uid: Cow<'a, str>,
    /// Whose device it is.
    pub username: Username,
    /// The new push token.
    pub device_token: Arc<str>,
    /// The phone's platform.
    pub device_type: SmolStr,
    /// The push provider.
    pub communication_type: SmolStr,
    /// The device's new name, if the message has one.
    pub device_name: Option<DeviceName>,
    /// When the message was signed, in seconds since 1970, if it says so.
    pub issued_at_seconds: Option<u64>,
    /// The compact JWS; signed are its first `signed_bytes`.
    jwt: Cow<'a, str>,
    signed_bytes: usize,
    signature: [u8; 32],
}

/// Why bytes are not a refresh message. For logs; the answer on the wire is the same for all refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not a JSON object with `mechanismUid`, `username` (or `userId`) and `jwt` as strings.
    #[error("the body is not a refresh message")]
    Body,
    /// The username is not valid.
    #[error("the username is not valid")]
    Username,
    /// Not a compact JWS of three parts.
    #[error("the token is not a compact JWS")]
    Token,
    /// The header names another algorithm than HS256, or critical extensions.
    #[error("the token is not signed with HS256")]
    Algorithm,
    /// A claim is missing, too long, unprintable or of another type.
    #[error("a claim is missing or not valid")]
    Claims,
    /// The claim `mechanismUid` differs from the body's.
    #[error("the token speaks for another mechanism")]
    Mechanism,
}

/// A text of a message: borrowed, unless it is written with escapes, so that reading a message copies only what is kept.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "mechanismUid", borrow)]
    mechanism_uid: Text<'a>,
    #[serde(borrow)]
    username: Option<Text<'a>>,
    /// What Ping's iOS SDK sends instead.
    #[serde(rename = "userId", borrow)]
    user_id: Option<Text<'a>>,
    #[serde(borrow)]
    jwt: Text<'a>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Text<'a>,
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    #[serde(borrow)]
    device_id: Text<'a>,
    #[serde(borrow)]
    device_type: Text<'a>,
    #[serde(borrow)]
    communication_type: Text<'a>,
    #[serde(borrow)]
    device_name: Option<Text<'a>>,
    #[serde(borrow)]
    mechanism_uid: Option<Text<'a>>,
    iat: Option<f64>,
}

impl<'a> RefreshMessage<'a> {
    /// Reads the body of a refresh request.
    ///
    /// # Errors
    /// [`Malformed`] says why it is refused, for the log.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let body: Body<'a> = read(body).ok_or(Malformed::Body)?;
        let username =
            body.username.as_deref().or(body.user_id.as_deref()).ok_or(Malformed::Body)?;
        let username = Username::parse(username).map_err(|_| Malformed::Username)?;
        if !is_printable(&body.mechanism_uid, crate::limits::NAME_CHARS_MAX) {
            return Err(Malformed::Body);
        }

        let (signed, signature) = body.jwt.rsplit_once('.').ok_or(Malformed::Token)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed::Token)?;
        check_header(header)?;
        let signature = part::decode_all(signature).ok_or(Malformed::Token)?;
        let signed_bytes = signed.len();

        let mut room = part::Room::default();
        let payload = part::decode(payload, &mut room).ok_or(Malformed::Token)?;
        let claims: Claims<'_> = read(payload).ok_or(Malformed::Claims)?;
        let printable = claims.device_id.len() <= PUSH_TOKEN_BYTES_MAX
            && is_printable(&claims.device_id, PUSH_TOKEN_BYTES_MAX)
            && is_printable(&claims.device_type, PUSH_TYPE_CHARS_MAX)
            && is_printable(&claims.communication_type, PUSH_TYPE_CHARS_MAX);
        if !printable {
            return Err(Malformed::Claims);
        }
        if claims.mechanism_uid.as_deref().is_some_and(|claimed| *claimed != *body.mechanism_uid) {
            return Err(Malformed::Mechanism);
        }
        let device_name = claims.device_name.as_deref().map(DeviceName::parse).transpose();
        Ok(Self {
            username,
            device_token: (&*claims.device_id).into(),
            device_type: (&*claims.device_type).into(),
            communication_type: (&*claims.communication_type).into(),
            device_name: device_name.map_err(|_| Malformed::Claims)?,
            issued_at_seconds: claims.iat.map(whole_seconds).transpose()?,
            mechanism_uid: body.mechanism_uid.0,
            jwt: body.jwt.0,
            signed_bytes,
            signature,
        })
    }

    /// The same message with nothing borrowed, for callers that keep it longer than the body.
    #[must_use]
    pub fn into_owned(self) -> RefreshMessage<'static> {
        RefreshMessage {
            mechanism_uid: Cow::Owned(self.mechanism_uid.into_owned()),
            jwt: Cow::Owned(self.jwt.into_owned()),
            ..self
        }
    }

    /// Whether the message was signed with `key` (Base64, as profiles store it). Without a key, or with one that is not Base64 or shorter than
    /// [`PUSH_KEY_BYTES_MIN`], the answer is no, at the cost of a comparison with a key that nobody has.
    #[must_use]
    pub fn is_signed_with(&self, key: Option<&Secret>) -> bool {
        const NOBODYS_KEY: [u8; 32] = [0; 32];
        let key = key_bytes(key);
        let genuine = key.is_some();
        let key = key.unwrap_or_else(|| Zeroizing::new(NOBODYS_KEY.to_vec()));
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
        mac.update(&self.jwt.as_bytes()[..self.signed_bytes]);
        mac.verify_slice(&self.signature).is_ok() && genuine
    }

    /// What is remembered of a genuine message: the beginning of its signature, which no other signed part has under the same key.
    #[must_use]
    pub fn digest(&self) -> MessageDigest {
        let mut digest = MessageDigest::default();
        digest.copy_from_slice(&self.signature[..size_of::<MessageDigest>()]);
        digest
    }
}

/// Reads JSON. The bytes are checked to be UTF-8 as a whole, which takes a third of checking text by text.
fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    serde_json::from_str(str::from_utf8(json).ok()?).ok()
}

/// The headers that phones send, in Base64: `alg` and `typ` in one order or the other (`clients.md` 2.2).
const USUAL_HEADERS: [&str; 2] =
    ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"];

/// Accepts HS256 and nothing else.
fn check_header(header: &str) -> Result<(), Malformed> {
    // Reading them again each time is a tenth of reading a message.
    if USUAL_HEADERS.contains(&header) {
        return Ok(());
    }
    read_header(header)
}

fn read_header(header: &str) -> Result<(), Malformed> {
    let mut room = part::Room::default();
    let header = part::decode(header, &mut room).ok_or(Malformed::Token)?;
    let header: Header<'_> = read(header).ok_or(Malformed::Token)?;
    if &*header.alg != "HS256" || header.crit.is_some() {
        return Err(Malformed::Algorithm);
    }
    Ok(())
}

impl PushFacts {
    /// Whether a message of this device can be genuine: it has a key, in Base64, of at least [`PUSH_KEY_BYTES_MIN`] bytes.
    #[must_use]
    pub fn can_refresh(&self) -> bool {
        key_bytes(self.shared_secret.as_ref()).is_some()
    }
}

/// The bytes of a key that messages may be signed with.
fn key_bytes(key: Option<&Secret>) -> Option<Zeroizing<Vec<u8>>> {
    let key = Zeroizing::new(STANDARD.decode(key?.expose()).ok()?);
    (key.len() >= PUSH_KEY_BYTES_MIN).then_some(key)
}

impl fmt::Debug for RefreshMessage<'_> {
    /// Leaves out the token and everything that was signed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RefreshMessage")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Whether `text` has 1 to `chars_max` characters, none of them a control character and not all blanks.
fn is_printable(text: &str, chars_max: usize) -> bool {
    // Tokens, types and uids are words of ASCII; other texts are walked through three times. Looks at all bytes, many at a time, rather than stop at the first.
    if text.bytes().fold(true, |all, byte| all & byte.is_ascii_graphic()) {
        return !text.is_empty() && text.len() <= chars_max;
    }
    !text.trim().is_empty()
        && text.chars().nth(chars_max).is_none()
        && !text.chars().any(char::is_control)
}

/// RFC 7519 allows fractions of a second.
fn whole_seconds(seconds: f64) -> Result<u64, Malformed> {
    /// The year 10,000: far beyond every clock, far below where floating point loses seconds.
    const SECONDS_END: f64 = 253_402_300_800.0;
    if !(0.0..SECONDS_END).contains(&seconds) {
        return Err(Malformed::Claims);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked above"
    )]
    Ok(seconds as u64)
}

#[cfg(test)]
mod tests;
