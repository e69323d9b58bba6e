//! Refresh messages as phones sign them, made before the clock runs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::population::{DEVICES, mechanism, signing_key, token, username};
use crate::random::SplitMix;

/// A body of a refresh request, and whose it is.
#[derive(Debug, Clone)]
pub struct Message {
    /// The request's body.
    pub body: Vec<u8>,
    /// The number of the user.
    pub user: usize,
    /// The number of the device.
    pub device: usize,
}

/// Makes messages without end: users drawn uniformly, a new token in each, so that each one changes a set.
#[derive(Debug)]
pub struct Phones {
    users: usize,
    devices: usize,
    random: SplitMix,
    serial: u64,
}

impl Phones {
    /// The phones of so many users.
    #[must_use]
    pub fn of(users: usize) -> Self {
        Self::with_devices(users, DEVICES)
    }

    /// The phones of so many users who have so many each.
    #[must_use]
    pub fn with_devices(users: usize, devices: usize) -> Self {
        Self { users, devices, random: SplitMix::new(11), serial: 0 }
    }

    /// The next message.
    pub fn sign(&mut self) -> Message {
        let user = self.random.below(self.users);
        let device = self.random.below(self.devices);
        self.serial += 1;
        let mechanism = mechanism(user, device);
        let new_token = token(user, self.serial);
        let key = signing_key(user, device);
        let body = signed(username(user).as_str(), &mechanism, &new_token, &key);
        Message { body, user, device }
    }

    /// The next so many messages.
    pub fn sign_many(&mut self, count: usize) -> Vec<Message> {
        (0..count).map(|_| self.sign()).collect()
    }
}

/// The body of a refresh request: a device of this mechanism UID has a new token.
#[must_use]
pub fn signed(username: &str, mechanism: &str, token: &str, key: &[u8]) -> Vec<u8> {
    let claims = serde_json::json!({
        "deviceId": token,
        "deviceType": "android",
        "communicationType": "gcm",
        "mechanismUid": mechanism,
    });
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(tag(key, signed.as_bytes()));
    let body = serde_json::json!({
        "mechanismUid": mechanism,
        "username": username,
        "jwt": format!("{signed}.{signature}"),
    });
    body.to_string().into_bytes()
}

/// HMAC-SHA256, key set-up included: each device has its own key, so none can be prepared.
///
/// # Panics
/// Never: every length is a good key.
#[must_use]
pub fn tag(key: &[u8], signed: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("every length is a good key");
    mac.update(signed);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use device_core::RefreshMessage;

    use super::*;
    use crate::population::{Population, push_facts};

    #[test]
    fn messages_are_genuine() {
        let population = Population::of(3);
        for message in Phones::of(3).sign_many(20) {
            let push = push_facts(&population.sets[message.user], message.device);
            let read = RefreshMessage::parse(&message.body).unwrap();
            assert!(read.is_signed_with(push.shared_secret.as_ref()));
        }
    }
}
