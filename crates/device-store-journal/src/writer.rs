//! The writer: one commit, one frame, one sync, then everybody sees it.

use std::io;
use std::sync::Arc;

use device_core::{DeviceSet, Revision, SetKey, Username};
use device_store::StoreError;
use device_store::codec::{encode_alias, encode_change};
use device_store::group_commit::{Commit, Durable, Engine};

use crate::create::{Material, NewSegment};
use crate::directory::{Known, Location};
use crate::files::{Files, JournalFile as _};
use crate::format::{
    ALIGNMENT, FRAME_HEADER_BYTES, FrameKind, FrameState, FrameWriter, HEADER_BYTES,
    INDEX_ENTRY_BYTES, Record, Space, TRAILER_BYTES, Tag, push_entry, segment_bytes,
};
use crate::journal::{CachedSet, Journal};
use crate::planted::planted;
use crate::segment::{Segment, segment_name};

/// Writes commits. There is one.
#[derive(Debug)]
pub(crate) struct Writer<F: Files> {
    journal: Arc<Journal<F>>,
    active: Arc<Segment<F::File>>,
    /// Bytes that the index of the active segment will have.
    index_bytes: usize,
    /// The number of the last commit.
    last: u64,
    frame: FrameWriter,
    segment_bytes: SegmentBytes,
}

/// Bytes of the smallest and of the largest segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentBytes {
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// An entry in the frame that is being made: where its value is, from the frame's start.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u32,
    length: u32,
    revision: u64,
}

impl From<Record<'_>> for Place {
    fn from(record: Record<'_>) -> Self {
        Self { offset: record.offset, length: record.length, revision: record.revision }
    }
}

impl<F: Files> Writer<F> {
    /// Goes on after the last commit in `active`, whose index will have `index_bytes` for what is in it.
    pub(crate) fn new(
        journal: Arc<Journal<F>>,
        active: Arc<Segment<F::File>>,
        index_bytes: usize,
        segment_bytes: SegmentBytes,
    ) -> Self {
        let last = journal.handover.durable().commit;
        Self { journal, active, index_bytes, last, frame: FrameWriter::new(), segment_bytes }
    }

    /// Puts the entries of a commit into the frame. Their places come in the order of the commit's sets, aliases and changes; `None` for what was forgotten before it was stored.
    fn fill(&mut self, commit: &Commit) -> Vec<Option<Place>> {
        let number = self.last + 1;
        let (frame, directory) = (&mut self.frame, &self.journal.directory);
        let is_known = |space, key: &[u8]| {
            directory.get(space, key).is_some_and(|known| !known.is_forgotten())
        };
        let mut places = Vec::new();
        frame.clear();
        for (key, set) in &commit.sets {
            let key = key.as_bytes();
            places.push(match set {
                Some(new) => {
                    let revision = new.set.revision.to_record();
                    let value = &new.record;
                    Some(push_entry(frame.entry(), 0, Tag::Set, key, number, revision, value))
                }
                None if is_known(Space::Sets, key) => {
                    Some(push_entry(frame.entry(), 0, Tag::SetForgotten, key, number, 0, &[]))
                }
                None => None,
            });
        }
        for (name, alias) in &commit.aliases {
            places.push(match alias {
                Some(to) => {
                    let value = encode_alias(name, to);
                    Some(push_entry(frame.entry(), 0, Tag::Alias, name, number, 0, &value))
                }
                None if is_known(Space::Aliases, name) => {
                    Some(push_entry(frame.entry(), 0, Tag::AliasForgotten, name, number, 0, &[]))
                }
                None => None,
            });
        }
        let mut places: Vec<_> = places.into_iter().map(|it| it.map(Place::from)).collect();
        for (change, what) in commit.changes.iter().filter(|(it, _)| commit.kept.contains(it)) {
            let key = change.to_be_bytes();
            let value = encode_change(&key, what);
            let record = push_entry(frame.entry(), 0, Tag::Change, &key, number, 0, &value);
            places.push(Some(record.into()));
        }
        places
    }

    /// Goes on in the next segment if the frame and the index of everything have no room in this one.
    fn make_room(&mut self, index_bytes: usize) -> io::Result<()> {
        let end = self.active.end();
        let needed = self.needed(index_bytes) as u64;
        // An empty one takes whatever it is, and grows: each segment that another one follows has a commit, by which a start sees that none is missing.
        let takes_all = end == HEADER_BYTES && !planted!(FollowedWhileEmpty);
        if takes_all || u64::from(end) + needed <= u64::from(self.active.capacity) {
            return Ok(());
        }
        self.index_bytes = 0;
        let next = self.next_segment(needed)?;
        self.journal.segments.insert(Arc::clone(&next));
        let full = std::mem::replace(&mut self.active, next);
        if let Some(late) = self.journal.handover.roll(self.active.id, full) {
            self.journal.files.remove(&segment_name(late.id))?;
            self.journal.sync_names()?;
        }
        Ok(())
    }

    /// Bytes that a segment needs for this frame and for an index of so many bytes.
    fn needed(&self, index_bytes: usize) -> usize {
        let index = (FRAME_HEADER_BYTES + index_bytes).next_multiple_of(ALIGNMENT);
        self.frame.frame_bytes() + index + TRAILER_BYTES as usize
    }

    fn next_segment(&self, needed: u64) -> io::Result<Arc<Segment<F::File>>> {
        let needed = needed + u64::from(HEADER_BYTES);
        let journal = &self.journal;
        if let Some(prepared) = journal.handover.take_prepared() {
            if u64::from(prepared.capacity) >= needed {
                return Ok(prepared);
            }
            // Too small for this one. It would be in the way of the order of the segments.
            journal.files.remove(&segment_name(prepared.id))?;
            journal.sync_names()?;
        }
        let needed = u32::try_from(needed)
            .map_err(|_| io::Error::other("a commit is larger than any segment"))?;
        let capacity = self.segment_bytes.for_live(journal.live()).max(needed);
        let new = NewSegment { id: journal.handover.new_id(), previous: self.active.id, capacity };
        journal.create(new, Material::Empty)
    }

    /// Makes the frame durable that ends there.
    fn sync(&self, end: u32) -> io::Result<()> {
        let is_nearly_full = end.saturating_add(1_024) > self.active.capacity;
        let is_left_out = planted!(LastFrameNotSynced) && is_nearly_full;
        if planted!(CommitNotSynced) || is_left_out {
            return Ok(());
        }
        self.active.file.sync()
    }

    /// Shows a commit that is durable.
    fn publish(
        &self,
        commit: Commit,
        places: Vec<Option<Place>>,
        frame_at: u32,
        state: &FrameState,
    ) {
        let journal = &self.journal;
        let number = state.commit;
        let known = |place: Place| {
            let offset = frame_at + place.offset;
            let location = Location { segment: self.active.id, offset, length: place.length };
            Known { location, commit: number, revision: place.revision, stale: 0 }
        };
        // First, so that whoever finds a record of this commit also finds that the commit is durable.
        journal.handover.set_durable(state.clone());
        let (mut places, sets) = (places.into_iter(), commit.sets.len());
        let of_sets: Vec<_> = places.by_ref().take(sets).collect();
        // Locked until all of it is shown: who has seen a set finds its change, and who has seen a change finds its set.
        let mut changes = journal.changes.write();
        // Before the sets: who has seen a set finds its alias.
        for ((name, _), place) in commit.aliases.into_iter().zip(places.by_ref()) {
            let Some(place) = place else { continue };
            self.count(name.len(), place);
            let before = journal.directory.publish(Space::Aliases, &name, known(place), || ());
            self.count_off(name.len(), before);
        }
        for ((key, set), place) in commit.sets.into_iter().zip(of_sets) {
            let Some(place) = place else { continue };
            let show = || match &set {
                Some(new) => {
                    let cached = CachedSet::new(Arc::clone(&new.set), new.record.len());
                    journal.cache.insert(key.clone(), cached);
                }
                None => drop(journal.cache.remove(&key)),
            };
            let bytes = key.as_bytes();
            self.count(bytes.len(), place);
            let before = journal.directory.publish(Space::Sets, bytes, known(place), show);
            self.count_off(bytes.len(), before);
            if set.is_some() && before.is_none_or(|before| before.is_forgotten()) {
                journal.window.published(bytes);
            }
        }
        for forgotten in changes.forget_before(state.kept.start) {
            journal.segments.sub_live(forgotten.segment, change_bytes(forgotten.length));
        }
        for place in places.flatten() {
            changes.push(known(place).location);
            self.active.add_used(change_bytes(place.length));
            self.active.add_live(change_bytes(place.length));
        }
    }

    /// Counts a record that will be published. Before that, so that it is not taken off before it was counted.
    fn count(&self, key_bytes: usize, place: Place) {
        let bytes = segment_bytes(key_bytes, place.length);
        self.active.add_used(bytes);
        self.active.add_live(bytes);
    }

    /// Takes off the record that was in force before. One that nobody needed any more was taken off then.
    fn count_off(&self, key_bytes: usize, before: Option<Known>) {
        if let Some(Known { location, .. }) = before.filter(Known::is_needed) {
            let bytes = segment_bytes(key_bytes, location.length);
            self.journal.segments.sub_live(location.segment, bytes);
        }
    }
}

/// Bytes that a change takes in a segment.
pub(crate) fn change_bytes(length: u32) -> u64 {
    segment_bytes(size_of::<u64>(), length)
}

impl SegmentBytes {
    /// Bytes of a segment in a store with so many bytes of live records: a sixteenth, as a power of two.
    pub(crate) fn for_live(self, live: u64) -> u32 {
        let sixteenth = u32::try_from(live / 16).unwrap_or(u32::MAX).max(1);
        (1 << sixteenth.ilog2()).clamp(self.min, self.max.max(self.min))
    }
}

impl<F: Files> Durable for Writer<F> {
    fn revision(&self, key: &SetKey) -> Result<Revision, StoreError> {
        let known = self.journal.directory.get(Space::Sets, key.as_bytes());
        Ok(known.map_or(Revision::NONE, |known| Revision::from_record(known.revision)))
    }

    fn set(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        self.journal.load(key)
    }

    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        self.journal.alias(name)
    }
}

impl<F: Files> Engine for Writer<F> {
    fn commit(&mut self, commit: Commit) -> io::Result<()> {
        let places = self.fill(&commit);
        let number = self.last + 1;
        let state = FrameState { commit: number, first: number, kept: commit.kept.clone() };
        let key_bytes: usize = commit.sets.keys().map(|key| key.as_bytes().len()).sum::<usize>()
            + commit.aliases.keys().map(|name| name.len()).sum::<usize>()
            + commit.changes.len() * size_of::<u64>();
        let index_bytes = places.len() * INDEX_ENTRY_BYTES + key_bytes;
        self.make_room(self.index_bytes + index_bytes)?;
        let at = self.active.end();
        let frame = self.frame.finish(FrameKind::Commit, self.active.id, &state);
        let bytes = u32::try_from(frame.len())
            .map_err(|_| io::Error::other("a commit is larger than any segment"))?;
        self.active.file.write_all_at(frame, u64::from(at))?;
        if !planted!(ShownBeforeSync) {
            self.sync(at + bytes)?;
        }
        self.index_bytes += index_bytes;
        self.last = number;
        self.active.set_end(at + bytes);
        self.publish(commit, places, at, &state);
        if planted!(ShownBeforeSync) {
            self.sync(at + bytes)?;
        }
        Ok(())
    }
}
