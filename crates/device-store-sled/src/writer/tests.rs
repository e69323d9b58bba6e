//! A batch of many requests, planned and written to sled, does what the requests would do one after another.
//!
//! (Without sled, the plan's own tests in `device-store` say the same of it; here readers and records are under test.) The model is the memory store; requests come in arbitrary batches, on few sets, so that they meet inside a batch: winners and losers, chains of swaps, purges of
//! what was just stored, users who take each other's aliases.

use std::ops::Range;

use device_core::{DeviceKind, What};
use device_store::conformance::fixtures::User;
use device_store::group_commit::{
    Engine as _, Plan, PurgeRequest, Request, SwapRequest, TrimRequest,
};
use device_store::{Cursor, DeviceStore as _, MemoryStore, PAGE_MAX, Purged, Swap};
use futures_channel::oneshot::{self, Receiver};
use futures_executor::block_on;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::engine::Open;
use crate::keys;

#[derive(Debug, Clone)]
enum Ask {
    /// With the current revision, or with one from before.
    Swap {
        user: usize,
        kind: DeviceKind,
        late: bool,
    },
    Purge {
        user: usize,
    },
    /// So many changes of the log.
    Trim {
        through: u64,
    },
}

/// Two of them share an id.
fn users() -> [User; 4] {
    let user = |name: &str, id: &str| User::named("/a", name).with_id(id);
    [user("anna", "1"), user("bert", "2"), user("carl", "2"), User::named("/b", "anna")]
}

fn ask() -> impl Strategy<Value = Ask> {
    let kind = prop_oneof![Just(DeviceKind::Push), Just(DeviceKind::Oath)];
    prop_oneof![
        8 => (0..4_usize, kind, prop::bool::weighted(0.2))
            .prop_map(|(user, kind, late)| Ask::Swap { user, kind, late }),
        2 => (0..4_usize).prop_map(|user| Ask::Purge { user }),
        1 => (0..60_u64).prop_map(|through| Ask::Trim { through }),
    ]
}

/// What is still to be compared when the batch is durable.
enum Asked {
    Swap(Receiver<Result<Swap, StoreError>>, Swap),
    Purge(Receiver<Result<Purged, StoreError>>, Purged),
    Trim(Receiver<Result<u64, StoreError>>, u64),
}

/// Nothing to wait for: no crash is tested here.
struct AtOnce;

impl SyncPoint for AtOnce {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct World {
    _folder: tempfile::TempDir,
    writer: Writer,
    kept: Range<u64>,
    changes_kept: u64,
    model: MemoryStore,
    users: [User; 4],
}

impl World {
    fn new(changes_kept: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = sled::Config::new().path(folder.path()).flush_every_ms(None);
        let config = config.cache_capacity(1024 * 1024);
        let tree = config.open().unwrap();
        let engine = Engine::new(Open::new(config, tree).unwrap());
        let visible = Arc::new(Visible::new(engine, 4_096, 1..1));
        Self {
            _folder: folder,
            writer: Writer { visible, sync_point: Box::new(AtOnce) },
            kept: 1..1,
            changes_kept,
            model: MemoryStore::with_changes_kept(changes_kept),
            users: users(),
        }
    }

    fn run(&mut self, batch: &[Ask]) {
        let mut asked = Vec::new();
        let mut plan = Plan::new(&self.writer, LIMITS, self.changes_kept, self.kept.clone());
        for ask in batch {
            let (request, expected) = self.request(ask);
            assert!(plan.add(request).is_none(), "nothing is left of few requests");
            asked.push(expected);
        }
        let (commit, waiters) = plan.into_parts();
        self.kept = commit.kept.clone();
        self.writer.commit(commit).unwrap();
        waiters.succeed();
        for asked in asked {
            match asked {
                Asked::Swap(mut answer, expected) => {
                    assert_eq!(answer.try_recv().unwrap(), Some(Ok(expected)));
                }
                Asked::Purge(mut answer, expected) => {
                    assert_eq!(answer.try_recv().unwrap(), Some(Ok(expected)));
                }
                Asked::Trim(mut answer, expected) => {
                    assert_eq!(answer.try_recv().unwrap(), Some(Ok(expected)));
                }
            }
        }
    }

    /// The request, and what the model says to it.
    fn request(&self, ask: &Ask) -> (Request, Asked) {
        match ask {
            Ask::Swap { user, kind, late } => self.swap(&self.users[*user], *kind, *late),
            Ask::Purge { user } => {
                let user = &self.users[*user];
                let (realm, username) = (user.realm.clone(), user.owner.username.clone());
                let change = user.change(What::Purged);
                let expected = block_on(self.model.purge(&realm, &username, change.clone()));
                let (reply, answer) = oneshot::channel();
                let request = Request::Purge(PurgeRequest { realm, username, change, reply });
                (request, Asked::Purge(answer, expected.unwrap()))
            }
            Ask::Trim { through } => {
                let through = Cursor::from_sequence(*through);
                let expected = block_on(self.model.trim(through)).unwrap();
                let (reply, answer) = oneshot::channel();
                let request = Request::Trim(TrimRequest { through, forgotten: 0, reply });
                (request, Asked::Trim(answer, expected))
            }
        }
    }

    fn swap(&self, user: &User, kind: DeviceKind, late: bool) -> (Request, Asked) {
        let key = user.key(kind);
        let current = block_on(self.model.load(&key)).unwrap();
        let mut write = user.with_device(&current, kind, "device");
        write.next.devices.truncate(3);
        // What a rule gives back names the owner the set has; here each user insists on its own.
        write.next.owner = Some(user.owner.clone());
        let late = late && current.revision != Revision::NONE;
        let expected = if late { Revision::NONE } else { current.revision };
        let next = Arc::new(write.next.clone());
        let change = user.change_of(kind, &write);
        let swapped =
            block_on(self.model.swap(&key, expected, Arc::clone(&next), change.clone())).unwrap();
        let record = device_store::codec::encode_set(&keys::set(&key), &next).unwrap();
        let (reply, answer) = oneshot::channel();
        let request = SwapRequest { key, expected, next, record, change, reply };
        (Request::Swap(request), Asked::Swap(answer, swapped))
    }

    fn compare(&self) {
        let visible = &self.writer.visible;
        for user in &self.users {
            for kind in DeviceKind::ALL {
                let key = user.key(kind);
                let stored = visible.load(&key).unwrap();
                assert_eq!(stored.set, block_on(self.model.load(&key)).unwrap());
            }
            let (realm, id) = (&user.realm, &user.owner.user_id);
            assert_eq!(visible.resolve(realm, id), block_on(self.model.resolve(realm, id)));
        }
        let changes = visible.changes(None, PAGE_MAX);
        assert_eq!(changes, block_on(self.model.changes(None, PAGE_MAX)));
        let walked = visible.scan(None, PAGE_MAX).unwrap();
        let expected = block_on(self.model.scan(None, PAGE_MAX)).unwrap();
        let sets = |page: device_store::Page| -> Vec<_> {
            page.into_iter().map(|entry| (entry.key, entry.set)).collect()
        };
        assert_eq!(sets(walked), sets(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_are_sequences(batches in vec(vec(ask(), 0..14), 1..8)) {
        let mut world = World::new(1_000);
        for batch in &batches {
            world.run(batch);
            world.compare();
        }
    }

    #[test]
    fn only_the_newest_changes_are_kept(batches in vec(vec(ask(), 0..14), 1..8), changes_kept in 0..6_u64) {
        let mut world = World::new(changes_kept);
        for batch in &batches {
            let swaps: Vec<Ask> =
                batch.iter().filter(|ask| !matches!(ask, Ask::Trim { .. })).cloned().collect();
            world.run(&swaps);
            world.compare();
        }
    }
}
