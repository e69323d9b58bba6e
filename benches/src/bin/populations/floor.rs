//! The floor of an import: the sets that it stored, ready-made, given to an empty store of the same kind as fast as that takes them.
//!
//! The sets come in the order in which the import brought them, and all are in memory before the clock runs: no JSON is read, no name is looked up, no rule runs. What is left is what
//! the store does for whoever stores anything: compare, encode, batch, write, sync, show.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use device_core::{
    Action, Change, DeviceChange, DeviceKind, DeviceSet, Realm, Revision, SetKey, UserId, Username,
    What,
};
use device_store::codec::encode_set;
use device_store::{DeviceStore, Swap};
use devreg_benches::population::NOW_MS;
use devreg_benches::ready;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use uuid::Uuid;

use super::Fallible;

/// Sets that are made ready at once.
const SLICE: usize = 50_000;

/// Swaps in flight: more than an import of these users ever has.
const IN_FLIGHT: usize = 2_048;

/// What the bare loop came to.
pub(crate) struct Floor {
    pub(crate) seconds: f64,
    pub(crate) sets: u64,
    /// Bytes of all keys and records.
    pub(crate) logical_bytes: u64,
}

/// Whose line it is.
pub(crate) struct User {
    pub(crate) realm: Realm,
    pub(crate) username: Username,
    pub(crate) user_id: UserId,
}

/// Stores in `to` what `from` has of the users of these lines.
pub(crate) fn run(from: &impl DeviceStore, to: &impl DeviceStore, lines: &Path) -> Fallible<Floor> {
    let (mut elapsed, mut sets, mut logical_bytes) = (Duration::ZERO, 0, 0);
    let mut slice = Vec::with_capacity(SLICE);
    let mut store_slice = |slice: &mut Vec<_>| {
        let started = Instant::now();
        swap_all(to, slice.drain(..));
        elapsed += started.elapsed();
    };
    for user in users(lines)? {
        let user = user?;
        for kind in DeviceKind::ALL {
            let key = SetKey::new(&user.realm, &user.username, kind);
            let set = ready(from.load(&key))?;
            if set.revision == Revision::NONE {
                continue;
            }
            let record = encode_set(key.as_bytes(), &set).ok_or("a set without an owner")?;
            logical_bytes += (key.as_bytes().len() + record.len()) as u64;
            sets += 1;
            let change = change(&user, kind, &set, sets);
            slice.push((key, set, change));
        }
        if slice.len() >= SLICE {
            store_slice(&mut slice);
        }
    }
    store_slice(&mut slice);
    Ok(Floor { seconds: elapsed.as_secs_f64(), sets, logical_bytes })
}

fn swap_all(
    store: &impl DeviceStore,
    swaps: impl Iterator<Item = (SetKey, Arc<DeviceSet>, Change)>,
) {
    let running = stream::iter(swaps).for_each_concurrent(IN_FLIGHT, async |(key, set, change)| {
        assert_eq!(store.swap(&key, Revision::NONE, set, change).await, Ok(Swap::Stored), "{key}");
    });
    futures_executor::block_on(running);
}

/// The change that an import writes with a set.
fn change(user: &User, kind: DeviceKind, set: &DeviceSet, id: u64) -> Change {
    let devices = set.devices.iter().map(|device| DeviceChange {
        id: device.id.clone(),
        name: device.name.clone(),
        action: Action::Imported,
    });
    let devices = devices.collect();
    Change {
        id: Uuid::from_u128(u128::from(id) << 64),
        at_ms: NOW_MS,
        actor: "import".into(),
        request_id: None,
        reason: None,
        realm: user.realm.clone(),
        username: user.username.clone(),
        what: What::Set { kind, revision: set.revision, devices, skip: None },
    }
}

/// The users of interchange lines, in their order.
pub(crate) fn users(lines: &Path) -> Fallible<impl Iterator<Item = Fallible<User>>> {
    #[derive(Deserialize)]
    struct Line {
        realm: String,
        username: String,
        user_id: Option<String>,
    }

    let lines = BufReader::new(File::open(lines)?).lines();
    Ok(lines.map(|line| {
        let Line { realm, username, user_id } = serde_json::from_str(&line?)?;
        let username = Username::parse(&username)?;
        let user_id = user_id.map_or(Ok(UserId::from(&username)), |id| UserId::parse(&id))?;
        Ok(User { realm: Realm::parse(&realm)?, username, user_id })
    }))
}
