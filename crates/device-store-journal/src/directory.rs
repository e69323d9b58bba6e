//! The directory: where the record in force of each key is. In memory, published only after the sync.
//!
//! A record takes one allocation, with everything of it in one or two cache lines:
//! ```text
//! commit 8 | revision 8 | segment 4 | offset 4 | length 4 | stale 4 | space 1 | key
//! ```
//! and 17 bytes for each place of its shard's table, of which between 7/16 and 7/8 are taken.
//!
//! A key that was forgotten stays, with length 0, as long as the journal holds older records of it: if the record that says so went first, an older one would come
//! back at the next start. `stale` counts those: all records of the key on the disk that are not in force.

use hashbrown::{DefaultHashBuilder, HashTable, hash_table};
use std::hash::BuildHasher as _;

use crate::format::{Record, Space};
use crate::planted::planted;
use crate::sync::RwLock;

/// Parts with a lock each. Many, so that a walk through one of them keeps nobody waiting for long. The model checker would spend its time on them.
const SHARDS: usize = if cfg!(shuttle) { 4 } else { 256 };

const KEY_AT: usize = 33;
const SPACE_AT: usize = 32;
const STALE_AT: usize = 28;

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Location {
    pub(crate) segment: u32,
    /// Of the record in the segment's file.
    pub(crate) offset: u32,
    /// Bytes of the record; 0 if the key is forgotten.
    pub(crate) length: u32,
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) location: Location,
    /// The commit that wrote it first.
    pub(crate) commit: u64,
    /// The revision of the set; 0 for an alias.
    pub(crate) revision: u64,
    /// Records of this key on the disk that are not in force.
    pub(crate) stale: u32,
}

impl Known {
    /// A record in the segment.
    pub(crate) fn of(record: &Record<'_>, segment: u32) -> Self {
        let location = Location { segment, offset: record.offset, length: record.length };
        Self { location, commit: record.commit, revision: record.revision, stale: 0 }
    }

    /// Whether there is nothing under the key any more.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.location.length == 0
    }

    /// Whether the record must stay on the disk: one that only says that the key is forgotten, as long as there are older ones that it is to keep from coming back.
    pub(crate) fn is_needed(&self) -> bool {
        !self.is_forgotten() || self.stale > 0
    }
}

/// The directory.
#[derive(Debug)]
pub(crate) struct Directory {
    hasher: DefaultHashBuilder,
    shards: Box<[RwLock<Shard>]>,
}

type Shard = HashTable<Entry>;

impl Directory {
    pub(crate) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::new(Shard::new())).collect();
        Self { hasher: DefaultHashBuilder::default(), shards }
    }

    /// What is known of a key.
    pub(crate) fn get(&self, space: Space, key: &[u8]) -> Option<Known> {
        let (hash, shard) = self.place(space, key);
        shard.read().find(hash, |entry| entry.is(space, key)).map(Entry::known)
    }

    /// Runs `then` while the key's record is the one that `commit` wrote, and cannot be replaced meanwhile.
    pub(crate) fn while_current(&self, space: Space, key: &[u8], commit: u64, then: impl FnOnce()) {
        let (hash, shard) = self.place(space, key);
        let shard = shard.read();
        let current = shard.find(hash, |entry| entry.is(space, key));
        if current.is_some_and(|entry| entry.known().commit == commit) {
            then();
        }
    }

    /// Puts a newer record in force, and runs `then` before anybody sees it. Returns what was in force before.
    pub(crate) fn publish(
        &self,
        space: Space,
        key: &[u8],
        newer: Known,
        then: impl FnOnce(),
    ) -> Option<Known> {
        self.change(space, key, |entry| match entry {
            hash_table::Entry::Occupied(mut entry) => {
                let before = entry.get().known();
                entry.get_mut().set(Known { stale: before.stale + 1, ..newer });
                then();
                Some(before)
            }
            hash_table::Entry::Vacant(place) => {
                place.insert(Entry::new(space, key, newer));
                then();
                None
            }
        })
    }

    /// Takes a record in that was found on the disk: of all records of a key the one of the latest commit is in force, whichever is found first.
    pub(crate) fn recover(&self, space: Space, key: &[u8], found: Known) {
        self.change(space, key, |entry| match entry {
            hash_table::Entry::Occupied(mut entry) => {
                let known = entry.get().known();
                let current = if found.commit > known.commit { found } else { known };
                entry.get_mut().set(Known { stale: known.stale + 1, ..current });
            }
            hash_table::Entry::Vacant(place) => drop(place.insert(Entry::new(space, key, found))),
        });
    }

    /// Says that the record `from` has been copied `to`, which makes one record more that is not in force. Returns whether the copy is in force now.
    pub(crate) fn relocate(&self, space: Space, key: &[u8], from: Location, to: Location) -> bool {
        self.change(space, key, |entry| {
            let hash_table::Entry::Occupied(mut entry) = entry else { return false };
            let known = entry.get().known();
            let in_force = known.location == from || planted!(CopiesOverNewer);
            let location = if in_force { to } else { known.location };
            let stale = known.stale + u32::from(!planted!(CopiesNotCounted));
            entry.get_mut().set(Known { location, stale, ..known });
            in_force
        })
    }

    /// Says that the record at `location` is no longer on the disk. Gives back where the record is that says that the key is forgotten, if nobody needs it any more now.
    pub(crate) fn gone(&self, space: Space, key: &[u8], location: Location) -> Option<Location> {
        self.change(space, key, |entry| {
            let hash_table::Entry::Occupied(mut entry) = entry else { return None };
            let known = entry.get().known();
            if known.location == location {
                entry.remove();
                return None;
            }
            let now = Known { stale: known.stale.saturating_sub(1), ..known };
            entry.get_mut().set(now);
            (known.is_needed() && !now.is_needed()).then_some(now.location)
        })
    }

    /// Calls `each` with every key and what is known of it, forgotten ones too, in no order. Writers wait for a shard at a time.
    pub(crate) fn for_each(&self, mut each: impl FnMut(Space, &[u8], Known)) {
        for shard in &self.shards {
            for entry in shard.read().iter() {
                each(entry.space(), entry.key(), entry.known());
            }
        }
    }

    /// Keys, and the bytes of memory they take.
    pub(crate) fn size(&self) -> (usize, usize) {
        let mut size = (0, 0);
        for shard in &self.shards {
            let shard = shard.read();
            size.0 += shard.len();
            size.1 += shard.allocation_size();
            size.1 += shard.iter().map(|entry| entry.0.len()).sum::<usize>();
        }
        size
    }

    fn hash(&self, space: Space, key: &[u8]) -> u64 {
        self.hasher.hash_one((space as u8, key))
    }

    fn place(&self, space: Space, key: &[u8]) -> (u64, &RwLock<Shard>) {
        let hash = self.hash(space, key);
        // Neither the bits that the table finds its place by (the lowest) nor those it compares (the highest).
        let shard = usize::from((hash >> 40).to_le_bytes()[0]) % SHARDS;
        (hash, &self.shards[shard])
    }

    fn change<T>(
        &self,
        space: Space,
        key: &[u8],
        change: impl FnOnce(hash_table::Entry<'_, Entry>) -> T,
    ) -> T {
        let (hash, shard) = self.place(space, key);
        let mut shard = shard.write();
        let rehash = |entry: &Entry| self.hash(entry.space(), entry.key());
        change(shard.entry(hash, |entry| entry.is(space, key), rehash))
    }
}

/// A key and what is known of it, in one allocation.
#[derive(Debug)]
struct Entry(Box<[u8]>);

impl Entry {
    fn new(space: Space, key: &[u8], known: Known) -> Self {
        let mut bytes = vec![0; KEY_AT + key.len()];
        bytes[SPACE_AT] = space as u8;
        bytes[KEY_AT..].copy_from_slice(key);
        let mut entry = Self(bytes.into());
        entry.set(known);
        entry
    }

    fn is(&self, space: Space, key: &[u8]) -> bool {
        self.0[SPACE_AT] == space as u8 && self.key() == key
    }

    fn space(&self) -> Space {
        if self.0[SPACE_AT] == Space::Sets as u8 { Space::Sets } else { Space::Aliases }
    }

    fn key(&self) -> &[u8] {
        &self.0[KEY_AT..]
    }

    fn known(&self) -> Known {
        let location = Location {
            segment: u32::from_le_bytes(self.field(16)),
            offset: u32::from_le_bytes(self.field(20)),
            length: u32::from_le_bytes(self.field(24)),
        };
        Known {
            location,
            commit: u64::from_le_bytes(self.field(0)),
            revision: u64::from_le_bytes(self.field(8)),
            stale: u32::from_le_bytes(self.field(STALE_AT)),
        }
    }

    fn set(&mut self, known: Known) {
        self.put(0, known.commit.to_le_bytes());
        self.put(8, known.revision.to_le_bytes());
        self.put(16, known.location.segment.to_le_bytes());
        self.put(20, known.location.offset.to_le_bytes());
        self.put(24, known.location.length.to_le_bytes());
        self.put(STALE_AT, known.stale.to_le_bytes());
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.0[at..at + N]);
        field
    }

    fn put<const N: usize>(&mut self, at: usize, field: [u8; N]) {
        self.0[at..at + N].copy_from_slice(&field);
    }
}
