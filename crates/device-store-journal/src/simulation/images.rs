//! Disks that are looked at beside the one in use: after a crash that might have been, or for a count of everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::life::Life;
use super::model::{Model, States};
use super::world::{World, Wrong};
use super::{Random, SimulatedDisk};
use crate::directory::{Directory, Known};
use crate::format::Space;
use crate::journal::Journal;
use crate::open::{Opened, open};
use crate::segment::Segments;

impl Life {
    /// What would be found if the power was lost now: what is in force, or what is being committed.
    pub(super) fn look_after_a_crash(&self, random: &mut Random) -> Result<(), Wrong> {
        let image = self.disk.after_crash(random);
        self.world.count(|figures| figures.looks += 1);
        let opened = open(image, self.world.reading(random.coin()))
            .map_err(|error| format!("after a crash now: {error}"))?;
        let found = model_of(&Journal::new(opened, 1), &self.world)?;
        take_over(&self.world.states.lock(), &found)
            .map(drop)
            .map_err(|wrong| format!("after a crash now: {wrong}").into())
    }

    /// Compares what is counted with a count of everything: who believes that less is on the disk than there is drops the record that keeps a key forgotten.
    pub(super) fn recount(&self, use_indexes: bool) -> Result<(), Wrong> {
        let image = copy(&self.disk);
        let opened = open(image, self.world.reading(use_indexes))
            .map_err(|error| format!("a copy of the disk: {error}"))?;
        let (counted, found) = (content(&self.journal.directory), content(&opened.directory));
        if let Some(wrong) = difference(&counted, &found) {
            return Err(format!("counted wrongly: {wrong}").into());
        }
        let segments = Segments::new(opened.segments);
        let (counted, found) = (bytes(&self.journal.segments), bytes(&segments));
        if counted != found {
            return Err(
                format!("live and used bytes are counted as {counted:?}, not {found:?}").into()
            );
        }
        Ok(())
    }
}

/// What is found in a store that was just opened must be one of these two states, all of it.
pub(super) fn take_over(states: &States, found: &Model) -> Result<Arc<Model>, Wrong> {
    let current = states.current();
    let pending = states.pending.as_ref();
    if *current == *found {
        return Ok(current);
    }
    if let Some(pending) = pending.filter(|pending| ***pending == *found) {
        return Ok(Arc::clone(pending));
    }
    let mut wrong = format!("acknowledged was something else: {}", found.difference(&current));
    if let Some(pending) = pending {
        wrong += &format!("; nor is it what was in doubt: {}", found.difference(pending));
    }
    Err(wrong.into())
}

/// Everything that can be read of a store.
pub(super) fn model_of(journal: &Journal<SimulatedDisk>, world: &World) -> Result<Model, Wrong> {
    /// Small, so that several pages are needed.
    const PAGE: usize = 7;
    let mut model = Model::default();
    loop {
        let after = model.sets.last_key_value().map(|(key, _)| key.clone());
        let page = journal.scan(after.as_ref(), PAGE).map_err(|error| error.to_string())?;
        if page.is_empty() {
            break;
        }
        for entry in page {
            let set = entry.set.map_err(|error| error.to_string())?;
            model.sets.insert(entry.key, set);
        }
    }
    for name in world.setup.users.aliases() {
        if let Some(username) = journal.alias(&name).map_err(|error| error.to_string())? {
            model.aliases.insert(name, username);
        }
    }
    let kept = journal.handover.durable().kept;
    model.first = kept.start;
    let page = journal.changes(None, usize::MAX).map_err(|error| error.to_string())?;
    let numbers = page.iter().map(|entry| entry.cursor.sequence());
    if !numbers.eq(kept.clone()) {
        return Err(format!("of the changes {kept:?} there are {}", page.len()).into());
    }
    model.log = page.into_iter().map(|entry| Arc::new(entry.change)).collect();
    same_keys(journal, &model)?;
    Ok(model)
}

/// No key is in the directory that cannot be read.
fn same_keys(journal: &Journal<SimulatedDisk>, model: &Model) -> Result<(), Wrong> {
    let mut stored = 0;
    journal.directory.for_each(|_, _, known| stored += usize::from(!known.is_forgotten()));
    let readable = model.sets.len() + model.aliases.len();
    if stored == readable {
        return Ok(());
    }
    Err(format!("the directory has {stored} keys, of which {readable} can be read").into())
}

/// The same directory, whether read by indexes or by frames.
pub(super) fn same_without_indexes(
    world: &World,
    disk: &SimulatedDisk,
    opened: &Opened<SimulatedDisk>,
) -> Result<(), Wrong> {
    let other = open(copy(disk), world.reading(false))
        .map_err(|error| format!("without indexes: {error}"))?;
    match difference(&content(&opened.directory), &content(&other.directory)) {
        None if opened.durable == other.durable => Ok(()),
        None => Err(format!(
            "without indexes the state is {:?} instead of {:?}",
            other.durable, opened.durable
        )
        .into()),
        Some(wrong) => Err(format!("without indexes: {wrong}").into()),
    }
}

/// A disk with the same files, all durable.
fn copy(disk: &SimulatedDisk) -> SimulatedDisk {
    let copy = SimulatedDisk::new(0);
    for name in disk.names() {
        copy.set_content(&name, disk.content(&name));
    }
    copy
}

/// What a directory says of each key. Where the record is does not matter: after a crash in compaction it may be there twice.
type Content = BTreeMap<(u8, Box<[u8]>), (u64, u64, u32, u32)>;

fn content(directory: &Directory) -> Content {
    let mut content = Content::new();
    directory.for_each(|space: Space, key: &[u8], known: Known| {
        let what = (known.commit, known.revision, known.location.length, known.stale);
        content.insert((space as u8, key.into()), what);
    });
    content
}

fn difference(one: &Content, other: &Content) -> Option<String> {
    let mut keys = one.keys().chain(other.keys());
    let key = keys.find(|key| one.get(*key) != other.get(*key))?;
    let (this, that) = (one.get(key), other.get(key));
    let readable = key.1.escape_ascii();
    Some(format!("`{readable}` has (commit, revision, length, stale) {this:?}, not {that:?}"))
}

/// Live and used bytes of all segments.
fn bytes<F>(segments: &Segments<F>) -> (u64, u64) {
    let all = segments.all();
    let live = all.iter().map(|segment| segment.live()).sum();
    (live, all.iter().map(|segment| segment.used()).sum())
}
