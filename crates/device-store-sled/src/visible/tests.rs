//! Readers and a committer, one step at a time, in any order.
//!
//! The log of these tests applies a batch key by key, which is worse than what sled does. After each read the rule is checked: what is shown is one of the values that were
//! durable at some time between the beginning and the end of the read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use device_core::{DeviceKind, Owner};
use device_store::group_commit::NewSet;
use proptest::prelude::*;

use super::*;

const KEYS: usize = 3;
const READERS: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// A reader begins; if it finds the set in the cache, it ends as well.
    Begin { reader: usize, key: usize },
    /// It reads the log.
    Read { reader: usize },
    /// It looks into the table and ends.
    Settle { reader: usize },
    /// The committer puts a batch into the table: which keys get a new set, which are forgotten.
    Commit { keys: [Option<bool>; KEYS] },
    /// One more key of the batch is applied.
    Apply,
    /// All of the batch is applied; it becomes durable and is shown.
    Publish,
    /// The sync fails: nothing is written after that.
    Fail,
    /// The cache has no room.
    Evict { key: usize },
    /// Somebody walks over all sets.
    Scan,
}

fn step() -> impl Strategy<Value = Step> {
    let reader = 0..READERS;
    prop_oneof![
        4 => (reader.clone(), 0..KEYS).prop_map(|(reader, key)| Step::Begin { reader, key }),
        4 => reader.clone().prop_map(|reader| Step::Read { reader }),
        4 => reader.prop_map(|reader| Step::Settle { reader }),
        3 => any::<[Option<bool>; KEYS]>().prop_map(|keys| Step::Commit { keys }),
        4 => Just(Step::Apply),
        3 => Just(Step::Publish),
        1 => prop_oneof![9 => Just(Step::Publish), 1 => Just(Step::Fail)],
        1 => (0..KEYS).prop_map(|key| Step::Evict { key }),
        2 => Just(Step::Scan),
    ]
}

/// The log: what was applied.
#[derive(Debug, Default)]
struct Applied(RefCell<BTreeMap<SetKey, Arc<DeviceSet>>>);

impl Log for Applied {
    fn set(&self, key: &SetKey) -> Result<Option<StoredSet>, StoreError> {
        Ok(self.0.borrow().get(key).map(|set| StoredSet::new(Arc::clone(set), 100)))
    }

    fn sets_after(&self, after: Option<&SetKey>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let sets = self.0.borrow();
        let sets = sets.range::<SetKey, _>((from, Bound::Unbounded)).take(limit);
        Ok(sets.map(|(key, set)| Entry { key: key.clone(), set: Ok(Arc::clone(set)) }).collect())
    }

    fn alias(&self, _name: &[u8]) -> Result<Option<Username>, StoreError> {
        Ok(None)
    }

    fn changes(&self, _numbers: Range<u64>, _limit: usize) -> Result<ChangePage, StoreError> {
        Ok(ChangePage::new())
    }
}

/// Everything that happens, and what should be seen of it.
struct World {
    visible: Visible<Applied>,
    keys: [SetKey; KEYS],
    /// All durable values of each key, oldest first.
    durable: [Vec<Arc<DeviceSet>>; KEYS],
    in_flight: Option<InFlight>,
    /// How many keys of it are applied.
    applied: usize,
    failed: bool,
    next_revision: u64,
    readers: [Option<Reader>; READERS],
}

/// A read that is on its way.
struct Reader {
    key: usize,
    /// The newest durable value when it began.
    began: usize,
    before: Moment,
    read: Option<Option<StoredSet>>,
}

impl World {
    fn new() -> Self {
        Self {
            visible: Visible::new(Applied::default(), 1024 * 1024, 1..1),
            keys: [0, 1, 2].map(|key| {
                let username = Username::parse(&format!("user-{key}")).unwrap();
                SetKey::new(&Realm::top(), &username, DeviceKind::Push)
            }),
            durable: std::array::from_fn(|_| vec![DeviceSet::unknown()]),
            in_flight: None,
            applied: 0,
            failed: false,
            next_revision: 1,
            readers: std::array::from_fn(|_| None),
        }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Begin { reader, key } => self.begin(*reader, *key),
            Step::Read { reader } => {
                if let Some(reader) = &mut self.readers[*reader] {
                    reader.read = Some(self.visible.log.set(&self.keys[reader.key]).unwrap());
                }
            }
            Step::Settle { reader } => self.settle(*reader),
            Step::Commit { keys } => self.commit(keys),
            Step::Apply => self.apply(),
            Step::Publish => self.publish(),
            Step::Fail => self.failed |= self.in_flight.is_some(),
            Step::Evict { key } => drop(self.visible.cache.remove(&self.keys[*key])),
            Step::Scan => self.scan(),
        }
    }

    fn begin(&mut self, reader: usize, key: usize) {
        if self.readers[reader].is_some() {
            return;
        }
        let newest = self.newest(key);
        match self.visible.cached(&self.keys[key]) {
            Some(stored) => self.check(key, newest..=newest, &stored.set),
            None => {
                let before = self.visible.moment();
                self.readers[reader] = Some(Reader { key, began: newest, before, read: None });
            }
        }
    }

    fn settle(&mut self, reader: usize) {
        let Some(Reader { key, began, before, read: Some(read) }) = self.readers[reader].take()
        else {
            return;
        };
        let stored = self.visible.settle(before, &self.keys[key], Ok(read)).unwrap();
        self.check(key, began..=self.newest(key), &stored.set);
    }

    fn commit(&mut self, keys: &[Option<bool>; KEYS]) {
        if self.in_flight.is_some() || self.failed {
            return;
        }
        let mut commit = Commit { kept: 1..1, forgotten: 1..1, ..Commit::default() };
        for (key, kept) in keys.iter().enumerate().filter_map(|(key, kept)| Some((key, (*kept)?))) {
            let next = kept.then(|| NewSet { set: self.next_set(key), record: vec![0; 100] });
            commit.sets.insert(self.keys[key].clone(), next);
        }
        let in_flight = self.visible.begin(commit).unwrap();
        for (key, before, _) in in_flight.sets() {
            let key = self.keys.iter().position(|of| of == key).unwrap();
            assert_eq!(before.set, self.durable[key][self.newest(key)]);
        }
        self.in_flight = Some(in_flight);
        self.applied = 0;
    }

    fn apply(&mut self) {
        let Some(in_flight) = &self.in_flight else { return };
        let Some((key, _, next)) = in_flight.sets().nth(self.applied) else { return };
        let mut sets = self.visible.log.0.borrow_mut();
        match next {
            Some(new) => drop(sets.insert(key.clone(), Arc::clone(&new.set))),
            None => drop(sets.remove(key)),
        }
        self.applied += 1;
    }

    fn publish(&mut self) {
        if self.failed {
            return;
        }
        while self.in_flight.as_ref().is_some_and(|batch| self.applied < batch.before.len()) {
            self.apply();
        }
        let Some(in_flight) = self.in_flight.take() else { return };
        for (key, durable) in self.keys.iter().zip(&mut self.durable) {
            if let Some(next) = in_flight.commit.sets.get(key) {
                let next = next.as_ref().map(|new| Arc::clone(&new.set));
                durable.push(next.unwrap_or_else(DeviceSet::unknown));
            }
        }
        self.visible.publish(in_flight);
    }

    /// A walk, at once: all that is durable, and nothing else.
    fn scan(&self) {
        for limit in 1..=KEYS + 1 {
            let mut walked = BTreeMap::new();
            loop {
                let after = walked.last_key_value().map(|(key, _)| key);
                let page = self.visible.scan(after, limit).unwrap();
                if page.is_empty() {
                    break;
                }
                walked.extend(page.into_iter().map(|entry| (entry.key, entry.set.unwrap())));
            }
            let durable = self.durable.iter().map(|values| Arc::clone(values.last().unwrap()));
            let expected: BTreeMap<_, _> = self
                .keys
                .iter()
                .cloned()
                .zip(durable)
                .filter(|(_, set)| set.revision != Revision::NONE)
                .collect();
            assert_eq!(walked, expected);
        }
    }

    fn check(&self, key: usize, allowed: RangeInclusive<usize>, set: &Arc<DeviceSet>) {
        assert!(
            self.durable[key][allowed.clone()].contains(set),
            "revision {} of key {key} was shown; allowed are values {allowed:?} of {:?}",
            set.revision,
            self.durable[key].iter().map(|set| set.revision).collect::<Vec<_>>(),
        );
    }

    fn newest(&self, key: usize) -> usize {
        self.durable[key].len() - 1
    }

    fn next_set(&mut self, key: usize) -> Arc<DeviceSet> {
        let owner = Owner::named(Username::parse(&format!("user-{key}")).unwrap());
        let revision = Revision::from_record(self.next_revision);
        self.next_revision += 1;
        Arc::new(DeviceSet { revision, owner: Some(owner), ..DeviceSet::default() })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_durable_values_are_shown(steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.run(step);
        }
    }
}

#[test]
fn a_slow_reader_does_not_bring_an_old_set_back() {
    let mut world = World::new();
    let all = [Some(true), None, None];
    for step in [Step::Commit { keys: all }, Step::Publish, Step::Evict { key: 0 }] {
        world.run(&step);
    }
    world.run(&Step::Begin { reader: 0, key: 0 });
    world.run(&Step::Read { reader: 0 });
    for step in [Step::Commit { keys: all }, Step::Publish, Step::Evict { key: 0 }] {
        world.run(&step);
    }
    world.run(&Step::Settle { reader: 0 });
    assert!(world.visible.cached(&world.keys[0]).is_none());
    world.run(&Step::Begin { reader: 1, key: 0 });
}

#[test]
fn a_quiet_load_fills_the_cache() {
    let mut world = World::new();
    world.run(&Step::Commit { keys: [Some(true), None, None] });
    world.run(&Step::Publish);
    world.run(&Step::Evict { key: 0 });
    world.visible.load(&world.keys[0]).unwrap();
    assert!(world.visible.cached(&world.keys[0]).is_some());
}

#[test]
fn changes_in_flight_are_not_shown_and_forgotten_ones_are_missed() {
    let visible = Visible::new(Applied::default(), 0, 5..10);
    let commit = Commit { kept: 8..12, forgotten: 5..8, ..Commit::default() };
    let in_flight = visible.begin(commit).unwrap();
    assert_eq!(visible.changes_shown(), 8..10);
    assert_eq!(visible.changes(Some(Cursor::from_sequence(5)), 10), Err(StoreError::CursorTooOld));
    visible.publish(in_flight);
    assert_eq!(visible.changes_shown(), 8..12);
}

#[test]
fn a_batch_that_cannot_begin_leaves_no_trace() {
    /// A log with an alias that cannot be read.
    struct Unreadable;

    impl Log for Unreadable {
        fn set(&self, _key: &SetKey) -> Result<Option<StoredSet>, StoreError> {
            Ok(None)
        }

        fn sets_after(&self, _: Option<&SetKey>, _: usize) -> Result<Vec<Entry>, StoreError> {
            Ok(Vec::new())
        }

        fn alias(&self, _name: &[u8]) -> Result<Option<Username>, StoreError> {
            Err(StoreError::Unavailable("a test".into()))
        }

        fn changes(&self, _: Range<u64>, _: usize) -> Result<ChangePage, StoreError> {
            Ok(ChangePage::new())
        }
    }

    let visible = Visible::new(Unreadable, 0, 5..10);
    let mut commit = Commit { kept: 8..12, forgotten: 5..8, ..Commit::default() };
    let username = Username::parse("bjensen").unwrap();
    commit.sets.insert(SetKey::new(&Realm::top(), &username, DeviceKind::Push), None);
    commit.aliases.insert(SetKey::name_bytes(&Realm::top(), "1").as_slice().into(), None);
    assert!(visible.begin(commit).is_err());
    assert_eq!(visible.changes_shown(), 5..10);
    let table = visible.table.read();
    assert!(table.sets.is_empty() && table.aliases.is_empty());
}
