//! The memory store.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;

use device_core::{DeviceSet, RefreshMessage, SetKey};
use device_registry::{Policy, Registry};
use device_store::{DeviceStore as _, MemoryStore};
use devreg_benches::look_ups::{Drawn, Reading};
use devreg_benches::messages::{Phones, tag};
use devreg_benches::population::{fill, order, realm, signing_key, username};
use devreg_benches::ready;
use devreg_benches::refreshes::{BATCH, read_json, signed_part};
use devreg_benches::turns::{Turns, each};
use devreg_benches::usage::resident_bytes;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::Fallible;
use super::look_ups::by_turns;
use super::part::Task;

/// What the memory store came to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InMemory {
    /// Beside a bare map of its `Arc`s.
    pub(crate) look_up: Turns,
    /// The same with one device's token read; of sets that have two devices.
    pub(crate) token: Option<Turns>,
    /// A map by the bytes of the username as they are, without realm, kind and folding, beside the bare map.
    pub(crate) raw: Turns,
    /// Beside JSON and HMAC.
    pub(crate) refresh: Turns,
    /// What the process took more when it was filled.
    pub(crate) resident_bytes: u64,
}

/// # Errors
/// If the store does not answer.
pub(crate) fn measure(task: &Task) -> Fallible<InMemory> {
    let drawn = Drawn::of(order(task.users).into_iter().map(username));
    let before = resident_bytes();
    let store = MemoryStore::default();
    fill(&store, task.users, task.devices);
    let resident_bytes = resident_bytes().saturating_sub(before);
    // The sets of the store itself: there is no second copy of them anywhere.
    let held = |key: &SetKey| Ok((key.clone(), ready(store.load(key))?));
    let map: HashMap<_, _> = drawn.keys.iter().map(held).collect::<Fallible<_>>()?;
    let count = drawn.keys.len();
    let of_map = |reading: Reading, at: usize| {
        map.get(&drawn.keys[at]).cloned().map_or(0, |set| reading.of(&set))
    };
    let of_store = |reading: Reading, at: usize| reading.of(&drawn.look_up(&store, at));
    let beside_map = |reading| {
        by_turns(task.rounds, count, |at| of_map(reading, at), |at| of_store(reading, at))
    };
    let look_up = beside_map(Reading::Revision);
    let token = (task.devices > 1).then(|| beside_map(Reading::Token));
    let named = drawn.usernames.iter().zip(&drawn.keys);
    let raw_map: HashMap<&[u8], Arc<DeviceSet>> =
        named.map(|(name, key)| (name.as_str().as_bytes(), Arc::clone(&map[key]))).collect();
    let of_raw_map = |at: usize| {
        let set = raw_map.get(drawn.usernames[at].as_str().as_bytes()).cloned();
        set.map_or(0, |set| Reading::Revision.of(&set))
    };
    let raw = by_turns(task.rounds, count, |at| of_map(Reading::Revision, at), of_raw_map);
    // Else superseded sets would stay.
    drop(raw_map);
    drop((map, drawn));
    let registry = Registry::new(store, Policy::default());
    Ok(InMemory { look_up, token, raw, refresh: refreshes(task, &registry), resident_bytes })
}

fn refreshes(task: &Task, registry: &Registry<MemoryStore>) -> Turns {
    let phones = RefCell::new(Phones::with_devices(task.users, task.devices));
    let realm = realm();
    let floor = || {
        let messages = phones.borrow_mut().sign_many(BATCH);
        let prepared = messages.into_iter().map(|message| {
            let key = signing_key(message.user, message.device);
            (key, signed_part(&message.body), message.body)
        });
        let prepared: Vec<_> = prepared.collect();
        let mut claims = Vec::with_capacity(1024);
        each(BATCH, || {
            for (key, signed, body) in &prepared {
                black_box(tag(key, signed.as_bytes()));
                black_box(read_json(body, &mut claims));
            }
        })
    };
    let measured = || {
        let messages = phones.borrow_mut().sign_many(BATCH);
        each(BATCH, || {
            for message in &messages {
                let message = RefreshMessage::parse(&message.body).expect("a message");
                ready(registry.refresh(&realm, &message, None)).expect("a refresh");
            }
        })
    };
    Turns::take(task.rounds, floor, measured)
}
