//! Keys in order, for scans: the directory has none, so a stretch of sorted keys is made for the pages to come.
//!
//! An ordered index of all keys would cost as much memory as the directory itself, and time in every first write of a key. A stretch costs one walk over the directory, serves
//! the next 64 pages, and is kept complete by those who publish new keys while it is in use.

use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;

use crate::directory::Directory;
use crate::format::Space;
use crate::sync::Mutex;

/// Keys of a stretch at most. Few for the model checker, so that there are several.
const KEYS_MAX: usize = if cfg!(shuttle) { 4 } else { 65_536 };

type Key = Box<[u8]>;

/// The stretch of keys in use.
#[derive(Debug, Default)]
pub(crate) struct Window(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stretch: Option<Stretch>,
    /// Stretches that were begun.
    begun: u64,
}

/// All keys beyond `after` up to `through`.
#[derive(Debug)]
struct Stretch {
    /// Which one: stretches replace each other.
    number: u64,
    /// Whether the keys from before it was begun are in it.
    complete: bool,
    after: Option<Key>,
    /// `None` if it has no end: while it is made, and if it goes up to the last key of all.
    through: Option<Key>,
    keys: BTreeSet<Key>,
}

impl Window {
    /// The first `limit` keys of sets beyond `after`, in order. Some may have been forgotten meanwhile. Empty at the end only.
    pub(crate) fn keys_after(
        &self,
        directory: &Directory,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Vec<Key> {
        if let Some(keys) = self.page_of_stretch(after, limit) {
            return keys;
        }
        // First the stretch is there, so that keys that are published from now on go into it; then the directory is walked through for those from before.
        let number = self.begin(after);
        let smallest = smallest_keys(directory, after);
        let mut state = self.0.lock();
        let Some(stretch) = state.stretch.as_mut().filter(|it| it.number == number) else {
            // Somebody else has begun another one: what was found is a page all the same.
            return smallest.into_iter().take(limit).collect();
        };
        stretch.complete_with(smallest);
        stretch.page(after, limit)
    }

    fn begin(&self, after: Option<&[u8]>) -> u64 {
        let mut state = self.0.lock();
        state.begun += 1;
        let number = state.begun;
        let (after, keys) = (after.map(Into::into), BTreeSet::new());
        state.stretch = Some(Stretch { number, complete: false, after, through: None, keys });
        number
    }

    /// To be called when a set is published under a key that had none.
    pub(crate) fn published(&self, key: &[u8]) {
        if let Some(stretch) = &mut self.0.lock().stretch
            && stretch.covers(key)
        {
            stretch.keys.insert(key.into());
        }
    }

    fn page_of_stretch(&self, after: Option<&[u8]>, limit: usize) -> Option<Vec<Key>> {
        let state = self.0.lock();
        let stretch = state.stretch.as_ref().filter(|stretch| stretch.complete)?;
        if stretch.after.as_deref() != after && !after.is_some_and(|key| stretch.covers(key)) {
            return None;
        }
        let page = stretch.page(after, limit);
        // A short page is the end of the stretch: whether it is that of all keys is found out by making the next one.
        (page.len() == limit).then_some(page)
    }
}

impl Stretch {
    fn covers(&self, key: &[u8]) -> bool {
        self.after.as_deref().is_none_or(|after| key > after)
            && self.through.as_deref().is_none_or(|through| key <= through)
    }

    fn complete_with(&mut self, keys: Vec<Key>) {
        self.complete = true;
        let more = keys.len() >= KEYS_MAX;
        self.keys.extend(keys);
        // Those that were published meanwhile may be too many, too: what goes must be beyond the end.
        let more = more || self.keys.len() > KEYS_MAX;
        while self.keys.len() > KEYS_MAX {
            self.keys.pop_last();
        }
        if more {
            self.through = self.keys.last().cloned();
        }
    }

    fn page(&self, after: Option<&[u8]>, limit: usize) -> Vec<Key> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.keys.range::<[u8], _>((from, Bound::Unbounded)).take(limit).cloned().collect()
    }
}

/// The smallest keys of sets beyond `after`, in order.
fn smallest_keys(directory: &Directory, after: Option<&[u8]>) -> Vec<Key> {
    let mut smallest: BinaryHeap<Key> = BinaryHeap::new();
    directory.for_each(|space, key, known| {
        let wanted =
            space == Space::Sets && !known.is_forgotten() && after.is_none_or(|after| key > after);
        if !wanted {
            return;
        }
        if smallest.len() < KEYS_MAX {
            smallest.push(key.into());
        } else if let Some(mut largest) = smallest.peek_mut().filter(|largest| ***largest > *key) {
            *largest = key.into();
        }
    });
    smallest.into_sorted_vec()
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        format!("{number:08}").into_bytes().into()
    }

    /// More keys than a stretch takes may come while it is made.
    #[test]
    fn keys_that_do_not_fit_in_are_beyond_the_end() {
        let (window, directory) = (Window::default(), Directory::new());
        let number = window.begin(None);
        let count = KEYS_MAX + 2;
        (0..count).for_each(|number| window.published(&key(number)));
        window
            .0
            .lock()
            .stretch
            .as_mut()
            .filter(|it| it.number == number)
            .unwrap()
            .complete_with(Vec::new());
        window.published(&key(count));
        let last = key(KEYS_MAX - 1);
        // The directory would have them; the stretch must not go on with the key after them.
        assert!(window.page_of_stretch(Some(&*last), 1).is_none());
        assert!(window.keys_after(&directory, Some(&*last), 1).is_empty());
    }
}
