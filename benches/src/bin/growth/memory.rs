//! The memory store.

use std::cell::RefCell;
use std::hint::black_box;

use device_core::{RefreshMessage, SetKey};
use device_registry::{Policy, Registry};
use device_store::{DeviceStore as _, MemoryStore};
use devreg_benches::look_ups::Drawn;
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
    let look_up = by_turns(
        task.rounds,
        drawn.keys.len(),
        |at| map.get(&drawn.keys[at]).cloned().map_or(0, |set| set.revision.to_record()),
        |at| drawn.look_up(&store, at).revision.to_record(),
    );
    // Else superseded sets would stay.
    drop((map, drawn));
    let registry = Registry::new(store, Policy::default());
    Ok(InMemory { look_up, refresh: refreshes(task, &registry), resident_bytes })
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
