//! `_pagedResultsCookie`: where the next page begins.
//!
//! A cookie holds the position of the last entry that was shown, and a digest over that and over what the list was: realm, user, kind, filter, sort keys. It is opaque, not
//! secret: what it holds was in the list (or is when the device was registered), and the next page is made of what the caller may see anyway. So there is no key to keep, share between servers
//! and lose at a restart: whoever forges a cookie chooses where a page begins, as a filter could.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use device_core::fold::fold;
use device_core::{DeviceKind, Realm, UserId};
use sha2::{Digest as _, Sha256};

use super::order::{Position, SortKey};

/// Bytes of the digest in a cookie.
const DIGEST_BYTES: usize = 16;

/// The list that a cookie belongs to.
#[derive(Debug, Clone)]
pub(super) struct Binding(Sha256);

impl Binding {
    pub(super) fn of(
        realm: &Realm,
        user_id: &UserId,
        kind: DeviceKind,
        filter: &str,
        sort: &[SortKey],
    ) -> Self {
        let sort: Vec<String> = sort.iter().map(SortKey::to_string).collect();
        let parts = ["cookie 1", realm.as_str(), &fold(user_id.as_str()), kind.row().name, filter];
        let mut digest = Sha256::new();
        for part in parts.into_iter().chain([sort.join(",").as_str()]) {
            // With its length, so that no two lists read alike.
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self(digest)
    }

    /// The cookie that goes on after this position.
    pub(super) fn cookie(&self, position: &Position) -> String {
        // Numbers and texts always have a JSON form.
        let payload = serde_json::to_vec(position).unwrap_or_default();
        let mut bytes = self.digest(&payload);
        bytes.extend(payload);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a cookie of this list; `None` for anything else.
    pub(super) fn position(&self, cookie: &str, sort: &[SortKey]) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (digest, payload) = bytes.split_at_checked(DIGEST_BYTES)?;
        if self.digest(payload) != digest {
            return None;
        }
        serde_json::from_slice(payload).ok().filter(|position: &Position| position.is_of(sort))
    }

    fn digest(&self, payload: &[u8]) -> Vec<u8> {
        self.0.clone().chain_update(payload).finalize()[..DIGEST_BYTES].to_vec()
    }
}
