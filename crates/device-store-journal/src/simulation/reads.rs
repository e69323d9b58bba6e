//! Reads, compared with what the model held at some moment while they ran.

use std::sync::Arc;

use device_core::SetKey;
use device_store::{ChangePage, Cursor, Page, StoreError};

use super::Random;
use super::batch::cursor;
use super::life::Life;
use super::model::Model;
use super::world::Wrong;

/// The states that a read may have seen: those in force since it began, oldest first. At least one.
type Seen = [Arc<Model>];

/// What a read gave, and the states that it may have seen.
type Read<T> = (Result<T, StoreError>, Vec<Arc<Model>>);

impl Life {
    /// A read of any kind.
    pub(super) fn read(&self, random: &mut Random) -> Result<(), Wrong> {
        let users = &self.world.setup.users;
        match random.below(5) {
            0 | 1 => self.load(&users.key(random)),
            2 => self.resolve(&users.alias(random)),
            3 => {
                let after = random.coin().then(|| users.key(random));
                self.scan(after.as_ref(), random.index(8))
            }
            _ => {
                let kept = self.world.states.lock().current().kept();
                let number = random.between(kept.start.saturating_sub(3), kept.end + 1);
                self.changes(random.coin().then(|| cursor(number)), random.index(12))
            }
        }
    }

    /// Everything there is.
    pub(super) fn read_everything(&self) -> Result<(), Wrong> {
        let users = &self.world.setup.users;
        users.keys().try_for_each(|key| self.load(&key))?;
        users.aliases().try_for_each(|name| self.resolve(&name))?;
        self.scan(None, usize::MAX)?;
        self.changes(None, usize::MAX)
    }

    /// Runs a read, and gives back what it read with the states it may have seen. `None` if it was let fail.
    fn reading<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Option<Read<T>> {
        self.world.count(|figures| figures.reads += 1);
        let since = self.world.states.lock().shown.len() - 1;
        let read = read();
        if let Err(error) = &read
            && self.is_excused(error)
        {
            return None;
        }
        Some((read, self.world.states.lock().shown[since..].to_vec()))
    }

    fn load(&self, key: &SetKey) -> Result<(), Wrong> {
        let Some((set, seen)) = self.reading(|| self.journal.load(key)) else { return Ok(()) };
        let set = set.map_err(|error| format!("{key} is not loaded: {error}"))?;
        if seen.iter().any(|state| state.set(key) == set) {
            return Ok(());
        }
        let (expected, revision) = (seen[0].set(key).revision, set.revision);
        Err(format!("{key} is loaded at revision {revision} instead of {expected}").into())
    }

    fn resolve(&self, name: &[u8]) -> Result<(), Wrong> {
        let Some((alias, seen)) = self.reading(|| self.journal.alias(name)) else { return Ok(()) };
        let readable = name.escape_ascii();
        let alias = alias.map_err(|error| format!("alias {readable} is not read: {error}"))?;
        if seen.iter().any(|state| state.aliases.get(name) == alias.as_ref()) {
            return Ok(());
        }
        let expected = seen[0].aliases.get(name);
        Err(format!("alias {readable} leads to {alias:?} instead of {expected:?}").into())
    }

    fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<(), Wrong> {
        let Some((page, seen)) = self.reading(|| self.journal.scan(after, limit)) else {
            return Ok(());
        };
        let page = page.map_err(|error| format!("a scan fails: {error}"))?;
        let excused = |error: &StoreError| self.is_excused(error);
        check_page(&page, &seen, after, limit, excused)
            .map_err(|wrong| format!("scan({after:?}, {limit}): {wrong}").into())
    }

    fn changes(&self, after: Option<Cursor>, limit: usize) -> Result<(), Wrong> {
        let Some((page, seen)) = self.reading(|| self.journal.changes(after, limit)) else {
            return Ok(());
        };
        check_changes(&page, &seen, after, limit)
            .map_err(|wrong| format!("changes({after:?}, {limit}): {wrong}").into())
    }
}

fn check_page(
    page: &Page,
    seen: &Seen,
    after: Option<&SetKey>,
    limit: usize,
    excused: impl Fn(&StoreError) -> bool,
) -> Result<(), String> {
    let keys: Vec<_> = page.iter().map(|entry| &entry.key).collect();
    if page.len() > limit || !keys.is_sorted_by(|one, next| one < next) {
        return Err(format!("the page is {keys:?}"));
    }
    for entry in page {
        match &entry.set {
            Ok(set) if seen.iter().any(|state| state.sets.get(&entry.key) == Some(set)) => {}
            Err(error) if excused(error) => {}
            Ok(set) => return Err(format!("{} is at revision {}", entry.key, set.revision)),
            Err(error) => return Err(format!("{}: {error}", entry.key)),
        }
    }
    // A full page says nothing of the keys beyond it.
    let last = keys.last().copied().filter(|_| page.len() == limit);
    let covered = |key: &SetKey| {
        after.is_none_or(|after| key > after) && last.is_none_or(|last| key <= last) && limit > 0
    };
    let always = |key: &SetKey| seen.iter().all(|state| state.sets.contains_key(key));
    let mut stored = seen[0].sets.keys().filter(|key| covered(key) && always(key));
    match stored.find(|key| keys.binary_search(key).is_err()) {
        None => Ok(()),
        Some(key) => Err(format!("{key} is missing in {keys:?}")),
    }
}

fn check_changes(
    page: &Result<ChangePage, StoreError>,
    seen: &Seen,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(), String> {
    let (first, last) = (&seen[0], &seen[seen.len() - 1]);
    let page = match page {
        Ok(page) => page,
        Err(StoreError::CursorTooOld)
            if after.is_some_and(|after| after.sequence() + 1 < last.first) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error.to_string()),
    };
    let numbers: Vec<_> = page.iter().map(|entry| entry.cursor.sequence()).collect();
    let wanted = after.map(|after| after.sequence().saturating_add(1));
    let from = numbers.first().copied().or(wanted).unwrap_or(last.first);
    let starts_right = match wanted {
        Some(wanted) => from == wanted && wanted >= first.first,
        // What is the oldest may have changed meanwhile.
        None => (first.first..=last.first).contains(&from),
    };
    let end = from + numbers.len() as u64;
    // What came meanwhile may be there.
    let whole = numbers.len() == limit || end >= first.kept().end;
    if !starts_right || !whole || numbers.len() > limit || !numbers.iter().copied().eq(from..end) {
        let (first, last) = (first.kept(), last.kept());
        return Err(format!("the page is {numbers:?}, while {first:?} to {last:?} are kept"));
    }
    for entry in page {
        let number = entry.cursor.sequence();
        let known = seen.iter().find_map(|state| state.change(number));
        if known.is_none_or(|known| **known != entry.change) {
            return Err(format!("change {number} is {:?} instead of {known:?}", entry.change));
        }
    }
    Ok(())
}
