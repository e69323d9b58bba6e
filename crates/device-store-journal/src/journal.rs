//! The journal as readers see it: cache, directory, segments. Nothing gets in here before it is durable.

use std::io;
use std::sync::Arc;

use device_core::{DeviceSet, SetKey, Username};
use device_store::codec::{decode_alias, decode_change, decode_set, memory_bytes};
use device_store::{ChangePage, Cursor, Entry, Page, SequencedChange, StoreError};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::change_log::ChangeLog;
use crate::directory::{Directory, Known, Location};
use crate::error::damaged;
use crate::files::Files;
use crate::format::Space;
use crate::handover::Handover;
use crate::open::Opened;
use crate::segment::Segments;
use crate::sync::RwLock;
use crate::window::Window;

/// What readers, the writer and the upkeep share.
#[derive(Debug)]
pub(crate) struct Journal<F: Files> {
    pub(crate) files: F,
    pub(crate) segments: Segments<F::File>,
    pub(crate) directory: Directory,
    pub(crate) changes: RwLock<ChangeLog>,
    pub(crate) cache: SetCache,
    /// Whether the cache has room for anything.
    caches: bool,
    pub(crate) window: Window,
    pub(crate) handover: Handover<F::File>,
}

/// Decoded sets, bounded by their bytes.
pub(crate) type SetCache = Cache<SetKey, CachedSet, ByBytes>;

/// A decoded set and what it counts for.
#[derive(Debug, Clone)]
pub(crate) struct CachedSet {
    pub(crate) set: Arc<DeviceSet>,
    memory_bytes: u64,
}

impl CachedSet {
    pub(crate) fn new(set: Arc<DeviceSet>, record_bytes: usize) -> Self {
        let memory_bytes = memory_bytes(&set, record_bytes);
        Self { set, memory_bytes }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ByBytes;

impl Weighter<SetKey, CachedSet> for ByBytes {
    fn weight(&self, _key: &SetKey, cached: &CachedSet) -> u64 {
        cached.memory_bytes
    }
}

/// A cache of so many bytes.
fn set_cache(bytes: u64) -> SetCache {
    /// Bytes of a usual set in memory; only a hint for the cache's layout.
    const USUAL_SET_BYTES: u64 = 4 * 1024;
    let usual_sets = usize::try_from(bytes / USUAL_SET_BYTES).unwrap_or(usize::MAX);
    Cache::with_weighter(usual_sets.max(1), bytes, ByBytes)
}

impl<F: Files> Journal<F> {
    /// What was found at the start, with an empty cache of so many bytes.
    pub(crate) fn new(opened: Opened<F>, cache_bytes: u64) -> Self {
        let Opened {
            files,
            directory,
            changes,
            segments,
            active,
            prepared,
            full,
            durable,
            next_id,
        } = opened;
        Self {
            files,
            segments: Segments::new(segments),
            directory,
            changes: RwLock::new(changes),
            cache: set_cache(cache_bytes),
            caches: cache_bytes > 0,
            window: Window::default(),
            handover: Handover::new(active.0.id, prepared, full, next_id, durable),
        }
    }

    /// The set of a key.
    pub(crate) fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        if self.caches
            && let Some(cached) = self.cache.get(key)
        {
            return Ok(cached.set);
        }
        let Some((known, set, bytes)) = self.read_set(key)? else {
            return Ok(DeviceSet::unknown());
        };
        if self.caches {
            let fill = || self.cache.insert(key.clone(), CachedSet::new(Arc::clone(&set), bytes));
            // Whoever publishes a newer one waits until this one is in, and then puts his own over it.
            self.directory.while_current(Space::Sets, key.as_bytes(), known.commit, fill);
        }
        Ok(set)
    }

    /// The set of a key as it is on the disk, with the bytes of its record; `None` if there is none.
    pub(crate) fn read_set(
        &self,
        key: &SetKey,
    ) -> Result<Option<(Known, Arc<DeviceSet>, usize)>, StoreError> {
        let found = self.read(Space::Sets, key.as_bytes());
        let Some((known, record)) = found.map_err(|error| unread(&error))? else {
            return Ok(None);
        };
        let set = decode_set(key.as_bytes(), &record).map_err(|reason| damaged(key, reason))?;
        if set.revision.to_record() != known.revision {
            return Err(damaged(key, "it has another revision than it should have"));
        }
        Ok(Some((known, Arc::new(set), record.len())))
    }

    /// The username that the alias under [`SetKey::name_bytes`] of realm and user id gives.
    pub(crate) fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        let found = self.read(Space::Aliases, name).map_err(|error| unread(&error))?;
        let Some((_, record)) = found else { return Ok(None) };
        let what = || format!("alias {}", name.escape_ascii());
        decode_alias(name, &record).map(Some).map_err(|reason| damaged(what(), reason))
    }

    /// What is known of a key, and its record.
    fn read(&self, space: Space, key: &[u8]) -> io::Result<Option<(Known, Vec<u8>)>> {
        loop {
            let known = self.directory.get(space, key).filter(|known| !known.is_forgotten());
            let Some(known) = known else { return Ok(None) };
            if let Some(record) = self.record(known.location)? {
                return Ok(Some((known, record)));
            }
        }
    }

    /// The bytes of a record; `None` if compaction has moved it meanwhile, which the directory knows already.
    fn record(&self, location: Location) -> io::Result<Option<Vec<u8>>> {
        self.segments.get(location.segment).map(|segment| segment.read(location)).transpose()
    }

    /// At most `limit` stored sets with keys greater than `after`. Does not fill the cache: a walk over everything would empty it of what is in use.
    pub(crate) fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<Page, StoreError> {
        let mut page = Page::new();
        let mut after: Option<Box<[u8]>> = after.map(|key| key.as_bytes().into());
        while page.len() < limit {
            let wanted = limit - page.len();
            let keys = self.window.keys_after(&self.directory, after.as_deref(), wanted);
            let Some(last) = keys.last() else { break };
            after = Some(last.clone());
            // What is in the directory was a key when it was written.
            for key in keys.iter().filter_map(|key| SetKey::from_bytes(key)) {
                let set = match self.cache.peek(&key) {
                    Some(cached) => Ok(Some(cached.set)),
                    None => self.read_set(&key).map(|found| found.map(|(_, set, _)| set)),
                };
                // Otherwise it was forgotten meanwhile.
                if let Some(set) = set.transpose() {
                    page.push(Entry { key, set });
                }
            }
        }
        Ok(page)
    }

    /// At most `limit` of the changes after the cursor.
    pub(crate) fn changes(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ChangePage, StoreError> {
        let kept = self.changes.read().kept();
        let from = after.map_or(kept.start, |cursor| cursor.sequence().saturating_add(1));
        let mut page = ChangePage::new();
        for number in (from..kept.end).take(limit) {
            match self.change(number)? {
                Some(change) => page.push(change),
                // Forgotten meanwhile. From the oldest one kept, it starts again there.
                None if after.is_none() => return self.changes(after, limit),
                None => return Err(StoreError::CursorTooOld),
            }
        }
        if from < kept.start { Err(StoreError::CursorTooOld) } else { Ok(page) }
    }

    /// The change of that number; `None` if it is forgotten.
    pub(crate) fn change(&self, number: u64) -> Result<Option<SequencedChange>, StoreError> {
        loop {
            let Some(place) = self.changes.read().place(number) else { return Ok(None) };
            let Some(record) = self.record(place).map_err(|error| unread(&error))? else {
                continue;
            };
            let change = decode_change(&number.to_be_bytes(), &record)
                .map_err(|reason| damaged(format_args!("change {number}"), reason))?;
            return Ok(Some(SequencedChange { cursor: Cursor::from_sequence(number), change }));
        }
    }
}

impl<F: Files> Journal<F> {
    /// Bytes of all records in force, their entries included.
    pub(crate) fn live(&self) -> u64 {
        self.segments.all().iter().map(|segment| segment.live()).sum()
    }
}

/// A failed read. It may pass: nothing is said of the record.
fn unread(error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("the journal cannot be read: {error}").into())
}
