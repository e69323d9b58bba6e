//! Look-ups and refreshes of users who were imported.

use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_core::{DeviceKind, DeviceSet, Facts, Realm, RefreshMessage, SetKey};
use device_registry::{Caller, Policy, Registry, Request, User as Asked};
use device_store::DeviceStore;
use devreg_benches::messages::signed;
use devreg_benches::random::SplitMix;
use devreg_benches::ready;
use futures_util::{StreamExt as _, stream};

use super::Fallible;
use super::floor::users;

/// Look-ups, of users drawn by chance.
const LISTS: usize = 100_000;

/// Refreshes, each of another user.
const REFRESHES: usize = 20_000;

/// Refreshes in flight.
const IN_FLIGHT: usize = 64;

/// What one of each took, in seconds.
pub(crate) struct Usage {
    pub(crate) list_seconds: f64,
    pub(crate) refresh_seconds: f64,
}

/// Lists devices and refreshes tokens of the users of these lines.
pub(crate) fn run(store: impl DeviceStore, lines: &Path) -> Fallible<Usage> {
    let registry = Registry::new(store, Policy::default());
    let mut asked = Vec::new();
    let mut messages = Vec::new();
    for user in users(lines)? {
        let user = user?;
        if messages.len() < REFRESHES {
            let key = SetKey::new(&user.realm, &user.username, DeviceKind::Push);
            let set = ready(registry.store().load(&key))?;
            messages.extend(message(&user.realm, user.username.as_str(), &set)?);
        }
        asked.push(Asked { realm: user.realm, user_id: user.user_id });
    }
    let administrator = Caller::Operator { name: "bench".into() };
    let mut random = SplitMix::new(3);
    let drawn: Vec<usize> = (0..LISTS).map(|_| random.below(asked.len())).collect();
    let started = Instant::now();
    for user in drawn {
        let request = Request::by(&administrator);
        ready(registry.list(&request, &asked[user], DeviceKind::WebAuthn))?;
    }
    let list_seconds = started.elapsed().as_secs_f64() / LISTS as f64;

    let count = messages.len();
    let started = Instant::now();
    let refreshes = stream::iter(messages).for_each_concurrent(IN_FLIGHT, async |(realm, body)| {
        let message = RefreshMessage::parse(&body).expect("a message");
        registry.refresh(&realm, &message, None).await.expect("a refresh");
    });
    futures_executor::block_on(refreshes);
    let refresh_seconds = started.elapsed().as_secs_f64() / count as f64;
    Ok(Usage { list_seconds, refresh_seconds })
}

/// What the user's first phone sends when it has a new token.
fn message(realm: &Realm, username: &str, set: &DeviceSet) -> Fallible<Option<(Realm, Vec<u8>)>> {
    let Some(Facts::Push(push)) = set.devices.first().map(|device| &device.facts) else {
        return Ok(None);
    };
    let secret = push.shared_secret.as_ref().ok_or("a phone without a secret")?;
    let mechanism = push.mechanism_uid.as_deref().ok_or("a phone without a mechanism")?;
    let key = STANDARD.decode(secret.expose())?;
    Ok(Some((realm.clone(), signed(username, mechanism, "a-new-token", &key))))
}
