use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use crate::Rng;
use crate::events::{Event, Inode, NameChange, Recording, What};

/// One folder that a power loss could leave: a moment, and which of the writes and names that
/// were not durable at that moment survived nevertheless.
#[derive(Debug)]
pub struct Crash<'a> {
    recording: &'a Recording,
    moment: usize,
    policy: Policy,
    /// What survives of the events begun by then, in their order.
    kept: Vec<(&'a Event, Kept)>,
}

/// What becomes of that which was not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// All is lost.
    Nothing,
    /// All survives, as when only the process dies.
    Everything,
    /// All up to one point survives, bytes and names in one order; the last write torn.
    Prefix,
    /// Each write survives or not; the names survive.
    Scattered,
    /// Each write and each name survives or not; writes may be torn.
    Reordered,
    /// The names survive, the bytes do not: new files are empty.
    NamesOnly,
    /// The bytes survive, the names do not.
    BytesOnly,
}

/// How much of one event survives.
#[derive(Debug)]
enum Kept {
    Whole,
    /// These ranges of the write's bytes.
    Ranges(Vec<(usize, usize)>),
}

impl<'a> Crash<'a> {
    /// The crash that belongs to `seed`: even seeds walk over the boundaries of syncs, names and
    /// acknowledgements, odd ones over the edges of all events. Steps near the golden ratio
    /// spread any run of seeds over the whole recording.
    pub fn plan(recording: &'a Recording, seed: u64) -> Self {
        let moments = match seed % 2 {
            0 => recording.boundaries(),
            _ => recording.edges(|_| true),
        };
        let turn = (seed / 2) as f64 * 0.618_033_988_749_894_9;
        let place = (turn.fract() * moments.len() as f64) as usize;
        let moment = moments.get(place).copied().unwrap_or(0);
        Self::at(recording, moment, &mut Rng::new(seed))
    }

    /// A crash at `moment`, what survives drawn from `rng`.
    pub fn at(recording: &'a Recording, moment: usize, rng: &mut Rng) -> Self {
        let policy = Policy::ALL[rng.below(Policy::ALL.len())];
        let begun: Vec<&Event> =
            recording.events.iter().take_while(|event| event.start < moment).collect();
        let durable = Durable::at(&begun, moment);
        let pending =
            begun.iter().filter(|event| event.is_state() && !durable.holds(event)).count();
        let cut = rng.below(pending + 1);
        let tears = rng.percent(60);
        let (mut kept, mut place) = (vec![], 0);
        for event in begun.into_iter().filter(|event| event.is_state()) {
            if durable.holds(event) {
                kept.push((event, Kept::Whole));
                continue;
            }
            let is_name = matches!(event.what, What::Name { .. });
            let survives = match policy {
                Policy::Nothing => false,
                Policy::Everything => true,
                Policy::Prefix => place < cut,
                Policy::Scattered => is_name || rng.percent(50),
                Policy::Reordered => rng.percent(50),
                Policy::NamesOnly => is_name,
                Policy::BytesOnly => !is_name,
            };
            place += 1;
            let torn = match policy {
                Policy::Prefix => tears && place == cut,
                Policy::Scattered | Policy::Reordered => tears && rng.percent(25),
                _ => false,
            };
            match &event.what {
                _ if !survives => {}
                What::Write { bytes, .. } if torn => {
                    kept.push((event, Kept::Ranges(tear(bytes.len(), rng))));
                }
                _ => kept.push((event, Kept::Whole)),
            }
        }
        Self { recording, moment, policy, kept }
    }

    /// The line of the trace before which power is lost.
    pub fn moment(&self) -> usize {
        self.moment
    }

    /// What became of that which was not durable.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The last line which the workload had begun to say.
    pub fn acknowledged(&self) -> Option<&'a str> {
        let begun = self.recording.events.iter().take_while(|event| event.start < self.moment);
        begun
            .filter_map(|event| match &event.what {
                What::Acknowledged(line) => Some(line.as_str()),
                _ => None,
            })
            .last()
    }

    /// Writes the folder as it would be found to `target`, which must not exist.
    pub fn write_to(&self, target: &Path) -> io::Result<()> {
        let mut files: HashMap<Inode, Vec<u8>> = HashMap::new();
        let mut names: HashMap<Inode, BTreeMap<&str, Inode>> = HashMap::new();
        for (event, kept) in &self.kept {
            match &event.what {
                What::Write { inode, offset, bytes } => {
                    let file = files.entry(*inode).or_default();
                    match kept {
                        Kept::Whole => put(file, *offset as usize, bytes),
                        Kept::Ranges(ranges) => {
                            for (from, to) in ranges {
                                put(file, *offset as usize + from, &bytes[*from..*to]);
                            }
                        }
                    }
                }
                What::Resize { inode, len } => {
                    files.entry(*inode).or_default().resize(*len as usize, 0);
                }
                What::Name { folder, change } => {
                    let names = names.entry(*folder).or_default();
                    match change {
                        NameChange::Set(name, inode) => drop(names.insert(name, *inode)),
                        NameChange::Remove(name) => drop(names.remove(name.as_str())),
                        NameChange::Move(old, new, inode) => {
                            names.remove(old.as_str());
                            names.insert(new, *inode);
                        }
                    }
                }
                What::Sync { .. } | What::SyncAll | What::Acknowledged(_) => {}
            }
        }
        self.write_folder(Recording::ROOT, target, &names, &files)
    }

    fn write_folder(
        &self,
        folder: Inode,
        target: &Path,
        names: &HashMap<Inode, BTreeMap<&str, Inode>>,
        files: &HashMap<Inode, Vec<u8>>,
    ) -> io::Result<()> {
        fs::create_dir(target)?;
        for (name, inode) in names.get(&folder).into_iter().flatten() {
            let path = target.join(name);
            if self.recording.folders.contains(inode) {
                self.write_folder(*inode, &path, names, files)?;
            } else {
                fs::write(path, files.get(inode).map_or(&[][..], Vec::as_slice))?;
            }
        }
        Ok(())
    }
}

impl Policy {
    const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Everything,
        Self::Prefix,
        Self::Prefix,
        Self::Scattered,
        Self::Scattered,
        Self::Reordered,
        Self::Reordered,
        Self::NamesOnly,
        Self::BytesOnly,
    ];
}

/// For each inode, the begin of the last sync that is complete: it covers what ended before.
struct Durable {
    begin_of_last: HashMap<Inode, usize>,
    begin_of_all: usize,
}

impl Durable {
    fn at(begun: &[&Event], moment: usize) -> Self {
        let (mut begin_of_last, mut begin_of_all) = (HashMap::new(), 0);
        for event in begun.iter().filter(|event| event.end < moment) {
            match event.what {
                What::Sync { inode } => {
                    let begin: &mut usize = begin_of_last.entry(inode).or_default();
                    *begin = event.start.max(*begin);
                }
                What::SyncAll => begin_of_all = event.start.max(begin_of_all),
                _ => {}
            }
        }
        Self { begin_of_last, begin_of_all }
    }

    fn holds(&self, event: &Event) -> bool {
        let inode = match event.what {
            What::Write { inode, .. } | What::Resize { inode, .. } => inode,
            What::Name { folder, .. } => folder,
            What::Sync { .. } | What::SyncAll | What::Acknowledged(_) => return false,
        };
        let begin = self.begin_of_last.get(&inode).copied().unwrap_or(0);
        event.end < begin.max(self.begin_of_all)
    }
}

/// The parts of a torn write that survive: up to a sector, up to any byte, or some pages.
fn tear(len: usize, rng: &mut Rng) -> Vec<(usize, usize)> {
    const SECTOR_BYTES: usize = 512;
    const PAGE_BYTES: usize = 4096;
    match rng.below(3) {
        0 => vec![(0, rng.below(len / SECTOR_BYTES + 1) * SECTOR_BYTES)],
        1 => vec![(0, rng.below(len + 1))],
        _ => (0..len)
            .step_by(PAGE_BYTES)
            .filter(|_| rng.percent(50))
            .map(|from| (from, len.min(from + PAGE_BYTES)))
            .collect(),
    }
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begun and ended at the same line, one line each.
    fn recording(what: Vec<What>) -> Recording {
        let events = what
            .into_iter()
            .enumerate()
            .map(|(line, what)| Event { start: line + 1, end: line + 1, what })
            .collect();
        Recording::of(events)
    }

    fn write(offset: u64, text: &str) -> What {
        What::Write { inode: 1, offset, bytes: text.into() }
    }

    #[test]
    fn what_a_finished_sync_covers_is_in_every_image_and_the_rest_is_not() {
        let name = NameChange::Set("a".to_owned(), 1);
        let recording = recording(vec![
            What::Name { folder: Recording::ROOT, change: name },
            write(0, "one"),
            What::Sync { inode: 1 },
            What::Sync { inode: Recording::ROOT },
            write(3, "two"),
        ]);
        let folder = std::env::temp_dir().join(format!("power-loss-{}", std::process::id()));
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..100 {
            let crash = Crash::at(&recording, 6, &mut Rng::new(seed));
            crash.write_to(&folder).expect("the folder can be written");
            seen.insert(fs::read(folder.join("a")).expect("the name is durable"));
            fs::remove_dir_all(&folder).expect("the folder can be removed");
        }
        assert!(seen.iter().all(|bytes| bytes.starts_with(b"one")));
        assert!(seen.contains(b"one".as_slice()), "the unsynced write is lost in some");
        assert!(seen.contains(b"onetwo".as_slice()), "and survives in others");
        assert!(seen.len() > 2, "and is torn in others");
    }

    #[test]
    fn a_sync_that_is_not_finished_covers_nothing() {
        let recording = recording(vec![write(0, "one"), What::Sync { inode: 1 }]);
        let lost =
            (0..100).any(|seed| Crash::at(&recording, 2, &mut Rng::new(seed)).kept.is_empty());
        assert!(lost);
    }
}
