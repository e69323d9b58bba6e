use std::collections::BTreeMap;
use std::sync::Arc;

use device_core::rules::{self, Moment, OnLimit, OnRetired, Room};
use device_core::strategies::{Signed, full_profile};
use device_core::{
    Change, Device, DeviceId, DeviceKind, DeviceName, DeviceSet, Draft, Facts, IfMatch, Owner,
    Realm, RefreshMessage, Revision, SetKey, Skip, UserId, Username, What, Write,
};
use power_loss::Rng;
use uuid::Uuid;

use crate::options::{Options, Sizes};

/// All that one writer does, one operation after another, and what there is of its users then.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    /// Which of the writers it is.
    pub number: usize,
    seed: u64,
    sizes: Sizes,
    /// How many operations are done.
    pub done: usize,
    /// The sets of its users.
    pub sets: BTreeMap<SetKey, Arc<DeviceSet>>,
    /// The user ids that any of its users ever had, and the username to which each leads.
    pub aliases: BTreeMap<Box<str>, Option<Username>>,
    /// How often each user was purged: with each life comes another user id.
    lives: Vec<usize>,
}

/// What is asked of a store. Each leaves one change in its log.
#[derive(Debug)]
pub(crate) enum Operation {
    /// A swap that is to succeed.
    Swap { key: SetKey, expected: Revision, next: Arc<DeviceSet>, change: Change },
    /// A purge of so many sets.
    Purge { username: Username, sets: usize, change: Change },
}

impl Writer {
    /// The writer before its first operation.
    pub(crate) fn new(number: usize, options: &Options) -> Self {
        Self {
            number,
            seed: options.seed,
            sizes: options.sizes,
            done: 0,
            sets: BTreeMap::new(),
            aliases: BTreeMap::new(),
            lives: vec![0; options.users],
        }
    }

    /// The number of the writer and of its operation, if a change is one of the plan's.
    pub(crate) fn operation_of(change: &Change) -> (usize, usize) {
        let (writer, operation) = change.id.as_u64_pair();
        (writer as usize, operation as usize)
    }

    /// Does the next operation, as far as this model of the store goes.
    pub(crate) fn step(&mut self) -> Operation {
        self.done += 1;
        let mut rng = Rng::new(self.seed ^ ((self.number as u64) << 32 | self.done as u64) << 8);
        let user = rng.below(self.lives.len());
        let owner = self.owner(user);
        let keys = KINDS.map(|kind| (kind, SetKey::new(&realm(), &owner.username, kind)));
        let known = keys.iter().filter(|(_, key)| self.sets.contains_key(key)).count();
        if known > 0 && rng.percent(PURGES_PERCENT) {
            for (_, key) in &keys {
                self.sets.remove(key);
            }
            if owner.needs_alias() {
                self.aliases.insert(owner.user_id.as_str().into(), None);
            }
            self.lives[user] += 1;
            let change = self.change(&owner, What::Purged);
            return Operation::Purge { username: owner.username, sets: known, change };
        }
        let (kind, key) = keys[rng.below(keys.len())].clone();
        let current = self.sets.get(&key).map_or_else(DeviceSet::unknown, Arc::clone);
        let write = self.write(&current, user, kind, &owner, &mut rng);
        let what = What::Set {
            kind,
            revision: write.next.revision,
            devices: write.devices,
            skip: write.skip,
        };
        let change = self.change(&owner, what);
        let next = Arc::new(write.next);
        self.sets.insert(key.clone(), Arc::clone(&next));
        if owner.needs_alias() {
            self.aliases.insert(owner.user_id.as_str().into(), Some(owner.username.clone()));
        }
        Operation::Swap { key, expected: current.revision, next, change }
    }

    /// One of the rules that change something.
    fn write(
        &self,
        set: &DeviceSet,
        user: usize,
        kind: DeviceKind,
        owner: &Owner,
        rng: &mut Rng,
    ) -> Write {
        let moment = Moment {
            now_ms: 1_749_572_704_744 + self.done as u64,
            random: u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()),
        };
        if let Some(devices) = self.huge(user, kind, rng) {
            let drafts = (0..devices).map(|_| draft(kind, 60_000, rng)).collect();
            let step = rules::restore(set, kind, owner, drafts, Skip::NotSet, true, moment);
            return written(step.expect("an import can be brought in").write);
        }
        let chosen = (!set.devices.is_empty()).then(|| &set.devices[rng.below(set.devices.len())]);
        let write = chosen.and_then(|device| change(set, kind, device, moment, rng));
        write.unwrap_or_else(|| {
            let draft = draft(kind, self.device_bytes(user, rng), rng);
            let room = Room { limit: DEVICES_MAX, on_limit: OnLimit::Replace };
            let step = rules::enrol(set, kind, owner, draft, room, moment);
            written(step.expect("there is room").write)
        })
    }

    /// How many devices of the largest size a set is to have, if it is one of those near the limit.
    fn huge(&self, user: usize, kind: DeviceKind, rng: &mut Rng) -> Option<usize> {
        let is_one = self.sizes == Sizes::Limit
            && self.number.is_multiple_of(2)
            && user == 0
            && kind == DeviceKind::WebAuthn;
        is_one.then(|| 17 + rng.below(48))
    }

    /// A set has up to five devices.
    fn device_bytes(&self, user: usize, rng: &mut Rng) -> usize {
        let is_large = match self.sizes {
            Sizes::Large => user.is_multiple_of(3),
            Sizes::Usual | Sizes::Limit => user == 0 && self.number % 4 == 1,
        };
        if is_large { 20_000 + rng.below(40_000) } else { 500 + rng.below(1_000) }
    }

    /// Every second user is called otherwise than its id.
    fn owner(&self, user: usize) -> Owner {
        let username = format!("user-{}-{user}", self.number);
        let mut owner = Owner::named(Username::parse(&username).expect("it is a name"));
        if user.is_multiple_of(2) {
            let id = format!("id-{}-{user}-{}", self.number, self.lives[user]);
            owner.user_id = UserId::parse(&id).expect("it is a name");
        }
        owner
    }

    fn change(&self, owner: &Owner, what: What) -> Change {
        Change {
            id: Uuid::from_u64_pair(self.number as u64, self.done as u64),
            at_ms: 1_749_572_704_744 + self.done as u64,
            actor: "store_probe".into(),
            request_id: None,
            reason: None,
            realm: realm(),
            username: owner.username.clone(),
            what,
        }
    }
}

/// The realm of all users.
pub(crate) fn realm() -> Realm {
    Realm::parse("/alpha").expect("it is a realm")
}

/// A change of a set that has this device; sometimes `None`, and one more is to be enrolled.
fn change(
    set: &DeviceSet,
    kind: DeviceKind,
    device: &Device,
    moment: Moment,
    rng: &mut Rng,
) -> Option<Write> {
    let refused = "the device is there, and nobody has a condition";
    match rng.below(100) {
        0..25 => refresh(set, device, moment, rng),
        25..45 => {
            let name = name(&format!("phone {}", rng.next_u64()));
            rules::rename(set, &device.id, name, IfMatch::Any, moment).expect(refused).write
        }
        45..60 => rules::delete(set, kind, &device.id, IfMatch::Any, moment).expect(refused).write,
        60..65 => rules::reset(set, kind, IfMatch::Any, moment).expect(refused).write,
        _ => None,
    }
}

/// A phone's message with another token; `None` of a device that has none.
fn refresh(set: &DeviceSet, device: &Device, moment: Moment, rng: &mut Rng) -> Option<Write> {
    let Facts::Push(push) = &device.facts else { return None };
    let message = Signed {
        mechanism_uid: push.mechanism_uid.as_deref()?,
        device_token: &noise(150 + rng.below(100), rng),
        ..Signed::default()
    };
    let body = message.body();
    let message = RefreshMessage::parse(body.as_bytes()).expect("it is well formed");
    rules::refresh(set, &message, OnRetired::Reject, moment).expect("it is genuine").write
}

/// A device with all its members and a note of that many bytes.
fn draft(kind: DeviceKind, bytes: usize, rng: &mut Rng) -> Draft {
    let profile = full_profile(kind);
    let profile = profile.strip_suffix('}').expect("it is an object");
    let json = format!("{profile},\"note\":\"{}\"}}", noise(bytes, rng));
    let mut draft = Draft::parse(kind, &json).expect("it is a profile");
    let id = format!("device {}", rng.next_u64());
    if let Facts::Push(push) = &mut draft.facts {
        push.mechanism_uid = Some(id.as_str().into());
    }
    draft.id = Some(DeviceId::parse(&id).expect("it is a name"));
    draft
}

/// What no compression or luck can restore.
fn noise(bytes: usize, rng: &mut Rng) -> String {
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        text.push_str(&format!("{:016x}", rng.next_u64()));
    }
    text.truncate(bytes);
    text
}

fn name(text: &str) -> DeviceName {
    DeviceName::parse(text).expect("it is a name")
}

fn written(write: Option<Write>) -> Write {
    write.expect("the rule changes something")
}

const KINDS: [DeviceKind; 3] = [DeviceKind::Push, DeviceKind::Oath, DeviceKind::WebAuthn];
const DEVICES_MAX: usize = 5;
const PURGES_PERCENT: usize = 5;
