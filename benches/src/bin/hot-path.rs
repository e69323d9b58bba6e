//! The hot paths for a profiler: `hot-path refresh 300000` or `hot-path lookup 3000000`. What is to be profiled runs inside `one_refresh` or `one_look_up`,
//! which are kept apart from the preparation so that callgrind can be told to count only there (`README.md`).

use std::error::Error;

use device_core::{DeviceKind, Realm, RefreshMessage, SetKey, Username};
use device_registry::{Policy, Registry};
use device_store::{DeviceStore as _, MemoryStore};
use devreg_benches::messages::Phones;
use devreg_benches::population::{DEVICES, fill, order, push_facts, realm, username};
use devreg_benches::ready;

const USERS: usize = 20_000;

/// What the server does with the body of a refresh request.
#[inline(never)]
fn one_refresh(registry: &Registry<MemoryStore>, realm: &Realm, body: &[u8]) {
    let message = RefreshMessage::parse(body).expect("a message");
    ready(registry.refresh(realm, &message, None)).expect("a refresh");
}

/// What a login does to learn where to send a push message.
#[inline(never)]
fn one_look_up(store: &MemoryStore, realm: &Realm, username: &Username) -> usize {
    let key = SetKey::new(realm, username, DeviceKind::Push);
    let set = ready(store.load(&key)).expect("a set");
    push_facts(&set, 1).device_token.as_deref().map_or(0, str::len)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, operations] = arguments.as_slice() else {
        return Err("usage: hot-path refresh|lookup OPERATIONS".into());
    };
    let operations: usize = operations.parse()?;
    let realm = realm();
    let store = MemoryStore::default();
    fill(&store, USERS, DEVICES);
    match what.as_str() {
        "refresh" => {
            let registry = Registry::new(store, Policy::default());
            for message in Phones::of(USERS).sign_many(operations) {
                one_refresh(&registry, &realm, &message.body);
            }
            println!("{operations} refreshes");
        }
        "lookup" => {
            let usernames: Vec<_> = order(USERS).into_iter().map(username).collect();
            let found = usernames.iter().cycle().take(operations);
            let bytes: usize = found.map(|name| one_look_up(&store, &realm, name)).sum();
            println!("{operations} look-ups, {bytes} bytes of tokens");
        }
        _ => return Err(format!("there is no hot path `{what}`").into()),
    }
    Ok(())
}
