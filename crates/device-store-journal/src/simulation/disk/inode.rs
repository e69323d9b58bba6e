//! The bytes of a file: as they are read, and what is known of them on the disk.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::sync::Arc;

use super::survival::{Stamp, Survival};
use crate::simulation::Random;

/// What a disk writes whole or not at all.
pub(super) const SECTOR_BYTES: usize = 512;

/// A file, with or without a name.
#[derive(Debug, Clone)]
pub(super) struct Inode {
    /// The last name, for hooks and patterns.
    pub(super) name: Arc<str>,
    /// Whether it claims to have another name elsewhere.
    pub(super) shared: bool,
    /// What is read.
    content: Vec<u8>,
    /// The sectors that are or may be something else on the disk than in `content`.
    unsynced: BTreeMap<usize, Sector>,
    length_durable: usize,
    /// The lengths since the last sync, each greater than the one before and than the durable one.
    growth: Vec<(Stamp, usize)>,
}

/// A sector whose last version, the one in the content, is not known to be on the disk.
#[derive(Debug, Clone)]
struct Sector {
    /// What is on the disk for certain. Shorter than a sector where zeros follow.
    durable: Vec<u8>,
    /// Versions that were written and written over since, which the disk may have by now.
    earlier: Vec<(Stamp, Vec<u8>)>,
    /// When the last version was written.
    last: Stamp,
    /// A sync failed and nobody will try again: only the durable version is on the disk.
    forgotten: bool,
}

impl Inode {
    /// A file of which all is durable.
    pub(super) fn durable(name: Arc<str>, shared: bool, content: Vec<u8>) -> Self {
        let length_durable = content.len();
        Self {
            name,
            shared,
            content,
            unsynced: BTreeMap::new(),
            length_durable,
            growth: Vec::new(),
        }
    }

    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    /// Sets all bytes, as if they had always been there.
    pub(super) fn set_content(&mut self, content: Vec<u8>) {
        *self = Self::durable(Arc::clone(&self.name), self.shared, content);
    }

    pub(super) fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let found =
            start.and_then(|start| self.content.get(start..start.checked_add(bytes.len())?));
        bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    /// Writes bytes that are all of one sector.
    pub(super) fn write(&mut self, offset: usize, bytes: &[u8], stamp: Stamp) {
        let index = offset / SECTOR_BYTES;
        let sector = index * SECTOR_BYTES..(index + 1) * SECTOR_BYTES;
        debug_assert!(offset + bytes.len() <= sector.end, "a write across sectors");

        let length = self.content.len();
        let before = &self.content[sector.start.min(length)..sector.end.min(length)];
        match self.unsynced.entry(index) {
            Entry::Vacant(entry) => {
                entry.insert(Sector {
                    durable: before.to_vec(),
                    earlier: Vec::new(),
                    last: stamp,
                    forgotten: false,
                });
            }
            Entry::Occupied(mut entry) => entry.get_mut().write_over(before, stamp),
        }

        let end = offset + bytes.len();
        if end > length {
            self.content.resize(offset.max(length), 0);
            let over = self.content.len() - offset;
            self.content[offset..].copy_from_slice(&bytes[..over]);
            self.content.extend_from_slice(&bytes[over..]);
        } else {
            self.content[offset..end].copy_from_slice(bytes);
        }

        // The sector goes to the disk as a whole, and takes the length with it as far as the sector goes.
        let reaches = sector.end.min(self.content.len());
        if reaches > self.length_unsynced() {
            self.growth.push((stamp, reaches));
        }
    }

    /// Makes all durable, apart from what an earlier failed sync has lost.
    pub(super) fn sync(&mut self) {
        self.unsynced.retain(|_, sector| sector.forgotten);
        self.length_durable = self.length_unsynced();
        self.growth.clear();
    }

    /// A sync that failed: some sectors are durable now, and the others count as written, as Linux has it.
    pub(super) fn fail_sync(&mut self, random: &mut Random) {
        self.unsynced.retain(|_, sector| {
            if !sector.forgotten && random.coin() {
                return false;
            }
            sector.forget(random);
            true
        });
        self.length_durable = length_between(self.length_durable, self.length_unsynced(), random);
        self.growth.clear();
    }

    /// The bytes after a power loss.
    pub(super) fn after_loss(&self, survival: Survival, random: &mut Random) -> Vec<u8> {
        let mut kept = self.growth.iter().rev().filter(|(stamp, _)| survival.keeps(*stamp, random));
        let mut length = kept.next().map_or(self.length_durable, |(_, length)| *length);
        if matches!(survival, Survival::Half) {
            length = length_between(self.length_durable, length, random);
        }

        let mut content = self.content[..length].to_vec();
        for (index, sector) in &self.unsynced {
            let start = (index * SECTOR_BYTES).min(length);
            let end = (start + SECTOR_BYTES).min(length);
            sector.after_loss(&mut content[start..end], survival, random);
        }
        content
    }

    /// The first change that is not durable.
    pub(super) fn first_unsynced(&self) -> Option<u64> {
        let sectors = self.unsynced.values().filter(|sector| !sector.forgotten);
        sectors
            .map(|sector| sector.earlier.first().map_or(sector.last, |(stamp, _)| *stamp).change)
            .min()
    }

    /// The length that a sync would make durable.
    fn length_unsynced(&self) -> usize {
        self.growth.last().map_or(self.length_durable, |(_, length)| *length)
    }
}

impl Sector {
    /// There is a new version; `before` is the one that was read until now.
    fn write_over(&mut self, before: &[u8], stamp: Stamp) {
        if self.forgotten {
            // It was never on its way to the disk.
            self.forgotten = false;
        } else {
            if self.earlier.len() == VERSIONS_MAX {
                self.earlier.remove(0);
            }
            self.earlier.push((self.last, before.to_vec()));
        }
        self.last = stamp;
    }

    /// Leaves on the disk any version but the last.
    fn forget(&mut self, random: &mut Random) {
        let chosen = random.index(self.earlier.len() + 1);
        if let Some((_, bytes)) = self.earlier.get_mut(chosen) {
            self.durable = std::mem::take(bytes);
        }
        self.earlier.clear();
        self.forgotten = true;
    }

    /// Puts the version that survives in place of the last one.
    fn after_loss(&self, last: &mut [u8], survival: Survival, random: &mut Random) {
        if !self.forgotten && survival.keeps(self.last, random) {
            return;
        }
        let mut earlier = self.earlier.iter().rev();
        let version = earlier
            .find(|(stamp, _)| survival.keeps(*stamp, random))
            .map_or(&self.durable, |(_, bytes)| bytes);
        let written = version.len().min(last.len());
        last[..written].copy_from_slice(&version[..written]);
        last[written..].fill(0);
    }
}

/// The parts of a write that go to one sector each, with their offsets.
pub(super) fn sectors(mut offset: usize, mut bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    std::iter::from_fn(move || {
        let room = SECTOR_BYTES - offset % SECTOR_BYTES;
        let (part, rest) = bytes.split_at(room.min(bytes.len()));
        let at = offset;
        offset += part.len();
        bytes = rest;
        (!part.is_empty()).then_some((at, part))
    })
}

/// One of both, or any between.
fn length_between(least: usize, most: usize, random: &mut Random) -> usize {
    match random.below(4) {
        0 => least,
        1 => most,
        _ => least + random.index(most - least + 1),
    }
}

/// Versions of one sector that are remembered; the oldest is forgotten first.
const VERSIONS_MAX: usize = 16;
