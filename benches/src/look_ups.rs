//! Look-ups of random users, of a store and of its floors.

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use device_core::{DeviceKind, DeviceSet, Realm, SetKey, Username};
use device_store::DeviceStore;
use device_store::codec::{decode_set, encode_set};

use crate::population::{push_facts, realm};
use crate::ready;

/// Who is asked for, in the order of asking.
#[derive(Debug)]
pub struct Drawn {
    /// The realm of all of them.
    pub realm: Realm,
    /// Their names, from which a look-up begins.
    pub usernames: Vec<Username>,
    /// Their keys, which floors get ready-made.
    pub keys: Vec<SetKey>,
}

impl Drawn {
    /// To be made before anything else takes memory: so the names lie one behind the other in the order of asking, and reading one costs no more than
    /// reading a name that just came in with a request. Among the freed memory of a population each would be a cache miss of its own.
    pub fn of(names: impl IntoIterator<Item = Username>) -> Self {
        let realm = realm();
        let usernames: Vec<_> = names.into_iter().collect();
        let key = |name: &Username| SetKey::new(&realm, name, DeviceKind::Push);
        Self { keys: usernames.iter().map(key).collect(), usernames, realm }
    }

    /// What is measured: from the name as given to the set.
    ///
    /// # Panics
    /// If the store does not answer at once.
    pub fn look_up(&self, store: &impl DeviceStore, at: usize) -> Arc<DeviceSet> {
        let key = SetKey::new(&self.realm, &self.usernames[at], DeviceKind::Push);
        ready(store.load(&key)).expect("a set")
    }
}

/// What is read of a set that was found.
#[derive(Debug, Clone, Copy)]
pub enum Reading {
    /// Its revision.
    Revision,
    /// The last byte of its second device's token.
    Token,
}

impl Reading {
    /// What a table calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Revision => "hit, revision read",
            Self::Token => "hit, token read",
        }
    }

    /// Reads it.
    ///
    /// # Panics
    /// [`Token`](Self::Token) if the second device is no push device.
    #[must_use]
    pub fn of(self, set: &DeviceSet) -> u64 {
        match self {
            Self::Revision => set.revision.to_record(),
            // The lines of memory a refresh must touch to find and compare it.
            Self::Token => {
                let token = push_facts(set, 1).device_token.as_deref();
                token.and_then(|token| token.bytes().last()).map_or(0, u64::from)
            }
        }
    }
}

/// The next number, in a way that waits for the answer: no answer has the highest bit, but neither compiler nor processor may know that. Without it
/// the cache misses of several look-ups overlap, the more of them the less a look-up does besides, and the floor seems three times lower than any single look-up is.
#[must_use]
pub fn after(at: usize, answer: u64, count: usize) -> usize {
    let next = at + 1 + usize::from(black_box(answer) >> 63 != 0);
    if next < count { next } else { 0 }
}

/// The same records in a plain file: the floor of a read that goes to the system's cache.
#[derive(Debug)]
pub struct PlainFile {
    file: File,
    places: Vec<(u64, usize)>,
}

impl PlainFile {
    /// The sets of those who are drawn, in a file of `folder` without a name. They lie in the order of their keys, in which stores were filled, and not in that of asking: a file that is
    /// read from its beginning to its end is not what reads of random users find.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn of(folder: &Path, drawn: &Drawn, set: impl Fn(&SetKey) -> Arc<DeviceSet>) -> Self {
        let file = tempfile::tempfile_in(folder).expect("a file");
        let mut order: Vec<_> = (0..drawn.keys.len()).collect();
        order.sort_by_key(|number| drawn.keys[*number].as_bytes());
        let (mut places, mut at) = (vec![(0, 0); order.len()], 0);
        for number in order {
            let key = &drawn.keys[number];
            let record = encode_set(key.as_bytes(), &set(key)).expect("an owner");
            file.write_all_at(&record, at).expect("a write");
            places[number] = (at, record.len());
            at += record.len() as u64;
        }
        Self { file, places }
    }

    /// One positioned read of the record, and its decoding.
    ///
    /// # Panics
    /// If the file is not there any more.
    #[must_use]
    pub fn read(&self, at: usize, key: &SetKey) -> Arc<DeviceSet> {
        let (offset, length) = self.places[at];
        let mut record = vec![0; length];
        self.file.read_exact_at(&mut record, offset).expect("a read");
        Arc::new(decode_set(key.as_bytes(), &record).expect("a set"))
    }
}
