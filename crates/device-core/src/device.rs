//! One registered device.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::limits::RETIRED_DIGESTS_MAX;
use crate::text::IdText;
use crate::{DeviceId, DeviceName, Revision, Secret};

/// A registered device: what identifies it, what rules read, and everything else as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What identifies it inside its set.
    pub id: DeviceId,
    /// The revision of the set at this device's last change: its `_rev`.
    pub revision: Revision,
    /// When it was registered, in milliseconds since 1970 (`createdDate`).
    pub created_ms: u64,
    /// When it was last used, in milliseconds since 1970 (`lastAccessDate`).
    pub last_access_ms: u64,
    /// The name a person gave it.
    pub name: DeviceName,
    /// What rules read.
    pub facts: Facts,
    /// Everything else.
    pub cold: Cold,
}

/// What rules read of a device, by kind. Members that were not given stay absent, so that exports show what was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// One-time passwords: where the generator stands.
    Oath(OathFacts),
    /// Push: the mechanism, its key and where messages go.
    Push(PushFacts),
    /// Passkeys and security keys.
    WebAuthn {
        /// The credential's id, base64url without padding.
        credential_id: Box<str>,
        /// The authenticator's signature counter.
        sign_count: Option<u64>,
    },
    /// Bound phones.
    Binding {
        /// The phone's id for the application.
        device_id: Box<str>,
        /// As given; the documents show one, real profiles have none.
        sign_count: Option<u64>,
    },
    /// Device profiles.
    Profile {
        /// When it was last selected, in milliseconds since 1970.
        last_selected_ms: Option<u64>,
    },
    /// Trusted browsers.
    Trusted {
        /// How often it was recognised.
        selection_counter: Option<u64>,
        /// When it was last recognised, in milliseconds since 1970.
        last_selected_ms: Option<u64>,
    },
}

/// Where a one-time password generator stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OathFacts {
    /// HOTP: the moving factor (RFC 4226).
    pub counter: Option<u64>,
    /// TOTP: the last accepted time, in seconds since 1970.
    pub last_login_seconds: Option<u64>,
    /// TOTP: how far the generator's clock is off, in seconds.
    pub clock_drift_seconds: Option<i64>,
}

/// What a refresh reads and writes of a push device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushFacts {
    /// Chosen by the app at registration (`deviceMechanismUID`). Opaque, compared exactly: Apple's phones write upper case.
    pub mechanism_uid: Option<IdText>,
    /// The key of the app's messages, Base64 as given.
    pub shared_secret: Option<Secret>,
    /// The push token (`deviceId`).
    pub device_token: Option<Arc<str>>,
    /// `android`, `ios`, ...
    pub device_type: Option<SmolStr>,
    /// `gcm`, `apns`, ...
    pub communication_type: Option<SmolStr>,
    /// What is remembered of refresh messages, so that an old one cannot bring an old token back.
    pub refreshes: Refreshes,
}

/// The first 16 bytes of a refresh message's signature: an HMAC-SHA256 tells messages of one key apart as well as another digest would.
pub type MessageDigest = [u8; 16];

/// What a push device remembers of its refresh messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refreshes {
    /// The message whose token is in force, if a message set it.
    pub current: Option<MessageDigest>,
    /// Superseded messages, oldest first, at most [`RETIRED_DIGESTS_MAX`].
    pub retired: Vec<MessageDigest>,
    /// The newest `iat` claim seen, in seconds since 1970.
    pub issued_at_seconds: Option<u64>,
}

impl Refreshes {
    /// Puts `digest` in force and retires its predecessor.
    pub(crate) fn accept(&mut self, digest: MessageDigest, issued_at_seconds: Option<u64>) {
        self.retired.retain(|retired| *retired != digest);
        if let Some(superseded) =
            self.current.replace(digest).filter(|superseded| *superseded != digest)
        {
            if self.retired.len() >= RETIRED_DIGESTS_MAX {
                self.retired.remove(0);
            }
            self.retired.push(superseded);
        }
        self.issued_at_seconds = issued_at_seconds.max(self.issued_at_seconds);
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The members of a stored profile that no hot rule reads (recovery codes, public key, metadata, unknown members), as the text of one JSON object.
///
/// Read only by the views that show it and by the rule that consumes a recovery code: decoding
/// thirty recovery codes at each look-up was measured at eight times the look-up itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cold(Secret);

impl Cold {
    /// Takes the text of a JSON object that was checked before: by the profile reader, or by the checksum of a record.
    #[must_use]
    pub fn from_checked(json: impl Into<Box<str>>) -> Self {
        Self(Secret::new(json))
    }

    /// The JSON text. It holds secrets: callers must not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}
