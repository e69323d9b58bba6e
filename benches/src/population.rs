//! Made-up users, each with a set of three push devices as an authenticator app registers them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_core::limits::DEVICES_MAX;
use device_core::rules::{self, Room};
use device_core::{
    Action, Change, DeviceChange, DeviceKind, DeviceSet, Draft, Facts, Moment, Owner, PushFacts,
    Realm, Revision, SetKey, Username, What,
};
use device_store::{DeviceStore, Swap};
use futures_util::{StreamExt as _, stream};
use uuid::Uuid;

use crate::random::SplitMix;

/// Devices of each user, where nothing else is said.
pub const DEVICES: usize = 3;

/// When everything happens, in milliseconds since 1970.
pub const NOW_MS: u64 = 1_749_572_704_744;

/// Swaps in flight while a store is filled.
const FILLING: usize = 256;

/// Users and their sets.
#[derive(Debug)]
pub struct Population {
    /// The realm of all of them.
    pub realm: Realm,
    /// Their keys, by number.
    pub keys: Vec<SetKey>,
    /// Their sets, by number.
    pub sets: Vec<Arc<DeviceSet>>,
    /// The order in which they are drawn ([`order`]).
    pub order: Vec<usize>,
}

impl Population {
    /// So many users.
    #[must_use]
    pub fn of(users: usize) -> Self {
        let realm = realm();
        let sets: Vec<_> = (0..users).map(|user| Arc::new(set(user, DEVICES))).collect();
        let keys = (0..users).map(|user| key(&realm, user)).collect();
        Self { keys, sets, order: order(users), realm }
    }

    /// Stores all sets.
    ///
    /// # Panics
    /// If the store does not take them.
    pub fn store_in(&self, store: &impl DeviceStore) {
        let sets = self.keys.iter().cloned().zip(self.sets.iter().cloned());
        store_all(store, &self.realm, sets);
    }
}

/// Stores so many users with so many devices each, who are made one by one: the store has them, and nobody else.
///
/// # Panics
/// If the store does not take them.
pub fn fill(store: &impl DeviceStore, users: usize, devices: usize) {
    let realm = realm();
    store_all(
        store,
        &realm,
        (0..users).map(|user| (key(&realm, user), Arc::new(set(user, devices)))),
    );
}

fn store_all(
    store: &impl DeviceStore,
    realm: &Realm,
    sets: impl Iterator<Item = (SetKey, Arc<DeviceSet>)>,
) {
    let swaps =
        stream::iter(sets.enumerate()).for_each_concurrent(FILLING, async |(user, (key, set))| {
            let change = change(realm, &set, &[], user as u128);
            let swap = store.swap(&key, Revision::NONE, set, change).await;
            assert_eq!(swap, Ok(Swap::Stored), "user {user}");
        });
    futures_executor::block_on(swaps);
}

/// The order in which so many users are drawn: each once, none after its neighbour, which defeats the processor's caches and its prediction of addresses.
#[must_use]
pub fn order(users: usize) -> Vec<usize> {
    SplitMix::new(7).shuffled(users)
}

/// The realm of all users.
///
/// # Panics
/// Never: the path is valid.
#[must_use]
pub fn realm() -> Realm {
    Realm::parse("/alpha").expect("a realm")
}

/// The name of a user.
#[must_use]
pub fn username(user: usize) -> Username {
    name(&format!("user{user:07}@example.com"))
}

/// The key of a user's push devices.
#[must_use]
pub fn key(realm: &Realm, user: usize) -> SetKey {
    SetKey::new(realm, &username(user), DeviceKind::Push)
}

/// A name nobody has.
#[must_use]
pub fn stranger(user: usize) -> Username {
    name(&format!("nobody{user:07}@example.com"))
}

fn name(text: &str) -> Username {
    Username::parse(text).expect("a username")
}

/// The mechanism of a user's device.
#[must_use]
pub fn mechanism(user: usize, device: usize) -> String {
    identifier(0x6d65_6368, user, device)
}

/// The key with which a user's device signs its messages.
#[must_use]
pub fn signing_key(user: usize, device: usize) -> [u8; 32] {
    let mut random = SplitMix::new(number(user, device));
    let mut key = [0; 32];
    for part in key.chunks_exact_mut(8) {
        part.copy_from_slice(&random.draw().to_le_bytes());
    }
    key
}

/// A push token as long as Google's (163 characters), another one for each `serial`.
#[must_use]
pub fn token(user: usize, serial: u64) -> String {
    format!("{user:07}-{serial:012}:APA91b{}", "xK3vQ9_t".repeat(17))
}

/// A device's push facts.
///
/// # Panics
/// If the set has no such push device.
#[must_use]
pub fn push_facts(set: &DeviceSet, device: usize) -> &PushFacts {
    match set.devices.get(device).map(|device| &device.facts) {
        Some(Facts::Push(push)) => push,
        _ => panic!("no such push device"),
    }
}

/// A change of a set that the store's check accepts.
///
/// # Panics
/// If the set has no owner.
#[must_use]
pub fn change(realm: &Realm, set: &DeviceSet, changed: &[usize], id: u128) -> Change {
    let devices = changed.iter().map(|device| &set.devices[*device]);
    let devices = devices.map(|device| DeviceChange {
        id: device.id.clone(),
        name: device.name.clone(),
        action: Action::TokenRefreshed,
    });
    Change {
        id: Uuid::from_u128(id),
        at_ms: NOW_MS,
        actor: "push-refresh".into(),
        request_id: None,
        reason: None,
        realm: realm.clone(),
        username: set.owner.as_ref().expect("an owner").username.clone(),
        what: What::Set {
            kind: DeviceKind::Push,
            revision: set.revision,
            devices: devices.collect(),
            skip: None,
        },
    }
}

/// A device's own number.
fn number(user: usize, device: usize) -> u64 {
    (user * DEVICES_MAX + device) as u64
}

/// A version 4 UUID that is the device's own for this purpose.
fn identifier(purpose: u32, user: usize, device: usize) -> String {
    let bits = u128::from(purpose) << 96 | u128::from(number(user, device));
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
}

/// The set of a user with so many devices.
///
/// # Panics
/// If a set cannot have so many.
#[must_use]
pub fn set(user: usize, devices: usize) -> DeviceSet {
    let owner = Owner::named(username(user));
    let mut set = DeviceSet::default();
    for device in 0..devices {
        let draft = Draft::parse(DeviceKind::Push, &profile(user, device)).expect("a profile");
        let moment = Moment { now_ms: NOW_MS, random: u128::from(number(user, device)) + 1 };
        let room = Room::up_to(devices);
        let step = rules::enrol(&set, DeviceKind::Push, &owner, draft, room, moment);
        set = step.expect("room").write.expect("an enrolment writes").next;
    }
    set
}

/// The stored profile of a device, about 640 bytes of content, ten recovery codes among them.
#[must_use]
pub fn profile(user: usize, device: usize) -> String {
    let mut random = SplitMix::new(number(user, device) ^ 0xc0de);
    let codes: Vec<String> =
        (0..10).map(|_| format!("{:010x}", random.draw() & 0xff_ffff_ffff)).collect();
    let endpoint = Uuid::from_u128(
        0x6172_6e00_0000_4000_8000_0000_0000_0000 | u128::from(number(user, device)),
    );
    serde_json::json!({
        "uuid": identifier(0x6465_7600, user, device),
        "recoveryCodes": codes,
        "createdDate": NOW_MS,
        "lastAccessDate": NOW_MS,
        "sharedSecret": STANDARD.encode(signing_key(user, device)),
        "deviceName": format!("Phone {device}"),
        "communicationId": format!("arn:aws:sns:us-west-2:123456789012:endpoint/GCM/push/{endpoint}"),
        "communicationType": "gcm",
        "deviceId": token(user, 0),
        "deviceMechanismUID": mechanism(user, device),
        "deviceType": "android",
        "issuer": "Example",
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use device_store::codec::encode_set;

    use super::*;

    #[test]
    fn a_device_is_as_large_as_real_ones() {
        let population = Population::of(2);
        let record = encode_set(population.keys[1].as_bytes(), &population.sets[1]).unwrap();
        let bytes = record.len() / DEVICES;
        assert!((560..720).contains(&bytes), "{bytes} bytes a device");
        assert_ne!(population.sets[0], population.sets[1]);
    }
}
