//! What is asked of the store: by few users, so that they meet.

use std::sync::Arc;

use device_core::{
    Change, Cold, Device, DeviceChanges, DeviceId, DeviceKind, DeviceName, DeviceSet, Devices,
    Facts, OathFacts, Owner, Realm, Revision, SetKey, Skip, UserId, Username, What,
};
use device_store::codec::encode_set;
use device_store::group_commit::{PurgeRequest, Request, SwapRequest, TrimRequest};
use device_store::{Cursor, Purged, StoreError, Swap};
use futures_channel::oneshot;
use uuid::Uuid;

use super::Random;
use super::model::{Model, alias_name};

/// What somebody wants.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Swap { key: SetKey, expected: Revision, next: Arc<DeviceSet>, change: Change },
    Purge { realm: Realm, username: Username, change: Change },
    Trim { through: Cursor },
}

/// What a wish became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Swap(Swap),
    Purged(Purged),
    Trimmed(u64),
}

/// Where the answer comes.
pub(super) enum Answer {
    Swap(oneshot::Receiver<Result<Swap, StoreError>>),
    Purged(oneshot::Receiver<Result<Purged, StoreError>>),
    Trimmed(oneshot::Receiver<Result<u64, StoreError>>),
}

impl Answer {
    /// The answer, if there is one by now.
    pub(super) fn take(&mut self) -> Option<Result<Outcome, StoreError>> {
        match self {
            Self::Swap(reply) => reply.try_recv().ok()?.map(|it| it.map(Outcome::Swap)),
            Self::Purged(reply) => reply.try_recv().ok()?.map(|it| it.map(Outcome::Purged)),
            Self::Trimmed(reply) => reply.try_recv().ok()?.map(|it| it.map(Outcome::Trimmed)),
        }
    }
}

impl Wish {
    /// The request, as a store would hand it to the committer. `None` if it cannot be encoded, which is not so.
    pub(super) fn request(&self) -> Option<(Request, Answer)> {
        Some(match self.clone() {
            Self::Swap { key, expected, next, change } => {
                let (reply, answer) = oneshot::channel();
                let record = encode_set(key.as_bytes(), &next)?;
                let swap = SwapRequest { key, expected, next, record, change, reply };
                (Request::Swap(swap), Answer::Swap(answer))
            }
            Self::Purge { realm, username, change } => {
                let (reply, answer) = oneshot::channel();
                let purge = PurgeRequest { realm, username, change, reply };
                (Request::Purge(purge), Answer::Purged(answer))
            }
            Self::Trim { through } => {
                let (reply, answer) = oneshot::channel();
                let trim = TrimRequest { through, forgotten: 0, reply };
                (Request::Trim(trim), Answer::Trimmed(answer))
            }
        })
    }
}

/// The users of a simulation, and what may be asked of them.
#[derive(Debug)]
pub(super) struct Users {
    users: Vec<(Realm, Username)>,
    ids: Vec<UserId>,
    kinds: Vec<DeviceKind>,
    /// Bytes of the largest set.
    bytes_max: u64,
    /// One request in so many is a purge.
    purges: u64,
    /// One set in so many is larger than a segment.
    giants: u64,
}

/// Some are one user written in two ways, some differ only in the realm, and some are called as others' ids are.
const NAMES: [(&str, &str); 8] = [
    ("/a", "bjensen"),
    ("/a", "BJensen"),
    ("/a", "scarter"),
    ("/a/b", "bjensen"),
    ("/a", "first-id"),
    ("/", "bjensen"),
    ("/a-b", "*"),
    ("/a", "demo"),
];

/// Bytes of the largest set of all: more than the smallest segments have.
const GIANT_BYTES: u64 = 40_000;

const IDS: [&str; 4] = ["first-id", "FIRST-ID", "second-id", "bjensen"];

impl Users {
    pub(super) fn new(random: &mut Random) -> Self {
        let parse = |(realm, name): &(&str, &str)| {
            Some((Realm::parse(realm).ok()?, Username::parse(name).ok()?))
        };
        let count = random.between(2, NAMES.len() as u64);
        let count = usize::try_from(count).unwrap_or(NAMES.len());
        Self {
            users: NAMES[..count].iter().filter_map(parse).collect(),
            ids: IDS.iter().filter_map(|id| UserId::parse(id).ok()).collect(),
            kinds: vec![DeviceKind::Oath, DeviceKind::Push, DeviceKind::WebAuthn],
            bytes_max: [200, 800, 2_000][random.index(3)],
            purges: random.between(4, 20),
            giants: [20, 200, 1_000][random.index(3)],
        }
    }

    /// Any key that may have a set.
    pub(super) fn key(&self, random: &mut Random) -> SetKey {
        let (realm, username) = &self.users[random.index(self.users.len())];
        SetKey::new(realm, username, self.kinds[random.index(self.kinds.len())])
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = SetKey> {
        self.users.iter().flat_map(|(realm, username)| {
            self.kinds.iter().map(|kind| SetKey::new(realm, username, *kind))
        })
    }

    /// Any name that may have an alias.
    pub(super) fn alias(&self, random: &mut Random) -> Box<[u8]> {
        let (realm, _) = &self.users[random.index(self.users.len())];
        alias_name(realm, &self.ids[random.index(self.ids.len())])
    }

    pub(super) fn aliases(&self) -> impl Iterator<Item = Box<[u8]>> {
        self.users.iter().flat_map(|(realm, username)| {
            let names = self.ids.iter().map(|id| alias_name(realm, id));
            names.chain([alias_name(realm, &UserId::from(username))])
        })
    }

    /// Something to ask of a store that is in that state, or in which earlier requests of the batch have made it this.
    pub(super) fn wish(&self, state: &Model, random: &mut Random) -> Wish {
        let kept = state.kept();
        if random.one_in(25) {
            let through = random.between(kept.start.saturating_sub(2), kept.end.max(1) - 1);
            return Wish::Trim { through: Cursor::from_sequence(through) };
        }
        let (realm, username) = self.users[random.index(self.users.len())].clone();
        if random.one_in(self.purges) {
            let change = change(&realm, &username, What::Purged, random);
            return Wish::Purge { realm, username, change };
        }
        let kind = self.kinds[random.index(self.kinds.len())];
        let key = SetKey::new(&realm, &username, kind);
        let current = state.set(&key).revision;
        let expected = match random.below(10) {
            0 => Revision::NONE,
            1 => Revision::from_record(current.to_record().saturating_sub(1)),
            _ => current,
        };
        let revision = expected.next(random.number());
        let mut owner = Owner::named(username.clone());
        if random.coin() {
            owner.user_id = self.ids[random.index(self.ids.len())].clone();
        }
        let what = What::Set { kind, revision, devices: DeviceChanges::new(), skip: None };
        let change = change(&realm, &username, what, random);
        let devices = self.devices(revision, random);
        let skip = if random.coin() { Skip::NotSet } else { Skip::Skippable };
        let next = Arc::new(DeviceSet { revision, owner: Some(owner), skip, devices });
        Wish::Swap { key, expected, next, change }
    }

    /// A device or none, which makes sets of different lengths.
    fn devices(&self, revision: Revision, random: &mut Random) -> Devices {
        let (Ok(id), Ok(name)) = (DeviceId::parse("device"), DeviceName::parse("Phone")) else {
            return Devices::default();
        };
        let most = if random.one_in(self.giants) { GIANT_BYTES } else { self.bytes_max };
        let length = usize::try_from(random.below(most)).unwrap_or(0);
        if random.one_in(4) {
            return Devices::default();
        }
        let letter = char::from(b'a' + u8::try_from(random.below(26)).unwrap_or(0));
        let cold = format!("{{\"x\":\"{}\"}}", letter.to_string().repeat(length));
        let facts = Facts::Oath(OathFacts { counter: Some(random.below(9)), ..Default::default() });
        let (created_ms, last_access_ms) = (1, random.below(1_000));
        let cold = Cold::from_checked(cold);
        Devices::from_iter([Device { id, revision, created_ms, last_access_ms, name, facts, cold }])
    }
}

fn change(realm: &Realm, username: &Username, what: What, random: &mut Random) -> Change {
    Change {
        id: Uuid::from_u64_pair(random.number(), random.number()),
        at_ms: random.below(1 << 40),
        actor: "simulation".into(),
        request_id: None,
        reason: None,
        realm: realm.clone(),
        username: username.clone(),
        what,
    }
}
