use std::collections::{BTreeMap, BTreeSet};

use power_loss::Rng;

use crate::log::Records;
use crate::options::{Options, Values};

/// What a record of a key was written by: the number of the operation.
pub(crate) type Operation = u64;

/// Keys and the operation whose value they hold.
pub(crate) type State = BTreeMap<Vec<u8>, Operation>;

/// One batch: keys and the operation that writes them, or `None` where they are removed.
pub(crate) type Batch = BTreeMap<Vec<u8>, Option<Operation>>;

/// All that the workload does, known from the options alone: so a check knows every state that
/// was ever promised without having to be told.
pub(crate) struct Plan {
    /// In order.
    pub batches: Vec<Batch>,
    seed: u64,
    values: Values,
}

impl Plan {
    /// Inserts, updates and removals of sets with their changes and aliases, in batches of 1 to
    /// `operations`, old changes trimmed on the way.
    pub(crate) fn new(options: &Options) -> Self {
        let mut rng = Rng::new(options.seed);
        let mut batches: Vec<Batch> = vec![];
        let (mut operation, mut there) = (0, BTreeSet::new());
        while batches.len() < options.batches {
            let mut batch = Batch::new();
            for _ in 0..=rng.below(options.operations) {
                operation += 1;
                let user = rng.below(USERS);
                let set = format!("s/user-{user:04}").into_bytes();
                let alias = format!("a/alias-{user:04}").into_bytes();
                if there.contains(&user) && rng.percent(options.removals) {
                    there.remove(&user);
                    batch.insert(set, None);
                    batch.insert(alias, None);
                } else {
                    there.insert(user);
                    batch.insert(set, Some(operation));
                    if rng.percent(30) {
                        batch.insert(alias, Some(operation));
                    }
                }
                batch.insert(change_key(operation), Some(operation));
                if operation > CHANGES_KEPT {
                    batch.insert(change_key(operation - CHANGES_KEPT), None);
                }
            }
            batches.push(batch);
        }
        Self { batches, seed: options.seed, values: options.values }
    }

    /// A batch with its values.
    pub(crate) fn records(&self, batch: &Batch) -> Records {
        let value = |key: &Vec<u8>, op: &Option<Operation>| op.map(|op| self.value(key, op));
        batch.iter().map(|(key, op)| (key.clone(), value(key, op))).collect()
    }

    /// Applies the batch after `done` batches to the state that they left.
    pub(crate) fn advance(&self, state: &mut State, done: usize) {
        for (key, operation) in &self.batches[done] {
            match operation {
                Some(operation) => state.insert(key.clone(), *operation),
                None => state.remove(key),
            };
        }
    }

    /// The operation whose value this is, if it is a value that the plan writes to this key.
    pub(crate) fn operation_of(&self, key: &[u8], value: &[u8]) -> Option<Operation> {
        let operation = u64::from_le_bytes(value.get(8..16)?.try_into().ok()?);
        (value == self.value(key, operation)).then_some(operation)
    }

    /// A checksum, the operation, the key, and noise that no compression or luck can restore.
    fn value(&self, key: &[u8], operation: Operation) -> Vec<u8> {
        let mut rng = Rng::new(self.seed ^ operation.wrapping_mul(0x1000_0000_01b3));
        let size = if key.starts_with(b"s/") { self.size(&mut rng) } else { 40 + rng.below(60) };
        let mut value = [&[0; 8], operation.to_le_bytes().as_slice(), key].concat();
        while value.len() < size {
            value.extend(rng.next_u64().to_le_bytes());
        }
        let sum = checksum(&value[8..]);
        value[..8].copy_from_slice(&sum.to_le_bytes());
        value
    }

    fn size(&self, rng: &mut Rng) -> usize {
        match self.values {
            Values::Fixed(bytes) => bytes,
            Values::Tiny => 50 + rng.below(250),
            Values::Large if rng.below(30) == 0 => (100 + rng.below(100)) * 1024,
            Values::Small | Values::Large => (100 << rng.below(6)) + rng.below(4400),
        }
    }
}

fn change_key(operation: Operation) -> Vec<u8> {
    format!("c/{operation:08}").into_bytes()
}

/// FNV-1a.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

const USERS: usize = 150;
const CHANGES_KEPT: u64 = 100;
