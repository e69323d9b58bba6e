//! The names in the folder: as they are listed, and what is known of them on the disk.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::inode::Inode;
use super::survival::Stamp;
use crate::simulation::Random;

/// A file, shared by its names and its handles.
pub(super) type Node = Arc<Mutex<Inode>>;

/// Which file each name leads to.
pub(super) type Folder = BTreeMap<String, Node>;

/// The names of a disk.
#[derive(Debug, Default)]
pub(super) struct Names {
    current: Folder,
    durable: Folder,
    /// What leads from the durable names to the current ones.
    unsynced: Vec<(Stamp, Change)>,
    /// A sync failed and nobody tries again until the next change, which writes the folder as a whole.
    forgotten: bool,
}

/// One operation on names.
#[derive(Debug)]
enum Change {
    Create { name: String, node: Node },
    Rename { from: String, to: String, node: Node },
    Remove { name: String, node: Node },
}

impl Names {
    /// Names that are all durable.
    pub(super) fn durable(names: Folder) -> Self {
        Self { current: names.clone(), durable: names, ..Self::default() }
    }

    pub(super) const fn current(&self) -> &Folder {
        &self.current
    }

    pub(super) fn find(&self, name: &str) -> io::Result<Node> {
        Ok(self.current.get(name).map(Arc::clone).ok_or(io::ErrorKind::NotFound)?)
    }

    pub(super) fn create(&mut self, name: &str, stamp: Stamp) -> io::Result<Node> {
        if self.current.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let node = Arc::new(Mutex::new(Inode::durable(name.into(), false, Vec::new())));
        self.current.insert(name.to_owned(), Arc::clone(&node));
        self.change(stamp, Change::Create { name: name.to_owned(), node: Arc::clone(&node) });
        Ok(node)
    }

    pub(super) fn rename(&mut self, from: &str, to: &str, stamp: Stamp) -> io::Result<()> {
        let node = self.find(from)?;
        if from == to {
            return Ok(());
        }
        node.lock().name = to.into();
        self.current.remove(from);
        self.current.insert(to.to_owned(), Arc::clone(&node));
        self.change(stamp, Change::Rename { from: from.to_owned(), to: to.to_owned(), node });
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str, stamp: Stamp) -> io::Result<()> {
        let node = self.current.remove(name).ok_or(io::ErrorKind::NotFound)?;
        self.change(stamp, Change::Remove { name: name.to_owned(), node });
        Ok(())
    }

    /// Makes all names durable, unless a failed sync has lost them and nothing changed since.
    pub(super) fn sync(&mut self) {
        if !self.forgotten {
            self.durable.clone_from(&self.current);
            self.unsynced.clear();
        }
    }

    /// A sync that failed: some changes are durable now, and the others count as written.
    pub(super) fn fail_sync(&mut self, random: &mut Random) {
        let Self { current, durable, unsynced, .. } = self;
        unsynced.retain(|(_, change)| !(random.coin() && change.apply(durable, current)));
        self.forgotten = true;
    }

    /// Puts a file there that is durable, and so are the names.
    pub(super) fn set(&mut self, name: &str, content: Vec<u8>) {
        let node = self.current.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Mutex::new(Inode::durable(name.into(), false, Vec::new())))
        });
        node.lock().set_content(content);
        if !self.durable.get(name).is_some_and(|durable| Arc::ptr_eq(durable, node)) {
            self.forgotten = false;
            self.sync();
        }
    }

    /// The names after a power loss, with the files of before.
    pub(super) fn after_loss(&self, mut keeps: impl FnMut(Stamp) -> bool) -> Folder {
        let mut names = self.durable.clone();
        if !self.forgotten {
            for (stamp, change) in &self.unsynced {
                if keeps(*stamp) {
                    change.apply(&mut names, &self.current);
                }
            }
        }
        names
    }

    /// The first change that is not durable, of names and of bytes.
    pub(super) fn first_unsynced(&self) -> Option<u64> {
        let names = self.unsynced.first().map(|(stamp, _)| stamp.change);
        let files = self.current.values().chain(self.durable.values());
        files.filter_map(|node| node.lock().first_unsynced()).chain(names).min()
    }

    /// The same names and files, so that a change to either is not one to the other.
    pub(super) fn copy(&self) -> Self {
        let mut copies = HashMap::new();
        let mut copy = |node: &Node| {
            let copy = copies
                .entry(Arc::as_ptr(node))
                .or_insert_with(|| Arc::new(Mutex::new(node.lock().clone())));
            Arc::clone(copy)
        };
        Self {
            current: self.current.iter().map(|(name, node)| (name.clone(), copy(node))).collect(),
            durable: self.durable.iter().map(|(name, node)| (name.clone(), copy(node))).collect(),
            unsynced: self
                .unsynced
                .iter()
                .map(|(stamp, change)| (*stamp, change.copy(&mut copy)))
                .collect(),
            forgotten: self.forgotten,
        }
    }

    fn change(&mut self, stamp: Stamp, change: Change) {
        self.unsynced.push((stamp, change));
        self.forgotten = false;
    }
}

impl Change {
    /// Makes the change in names from which any of the changes before it may be missing. Says no if it needs one of those.
    fn apply(&self, names: &mut Folder, current: &Folder) -> bool {
        let leads_to = |name: &str, node: &Node, names: &Folder| {
            names.get(name).is_some_and(|found| Arc::ptr_eq(found, node))
        };
        // A file that was renamed away, which was lost, must not lose its old name too.
        let may_be_taken = |name: &str, names: &Folder| {
            names
                .get(name)
                .is_none_or(|other| !current.values().any(|node| Arc::ptr_eq(node, other)))
        };

        let possible = match self {
            Self::Create { name, .. } => may_be_taken(name, names),
            Self::Rename { from, to, node } => {
                leads_to(from, node, names) && may_be_taken(to, names)
            }
            Self::Remove { name, node } => leads_to(name, node, names),
        };
        if !possible {
            return false;
        }
        match self {
            Self::Create { name, node } => {
                names.insert(name.clone(), Arc::clone(node));
            }
            Self::Rename { from, to, node } => {
                names.remove(from);
                names.insert(to.clone(), Arc::clone(node));
            }
            Self::Remove { name, .. } => {
                names.remove(name);
            }
        }
        true
    }

    fn copy(&self, mut copy: impl FnMut(&Node) -> Node) -> Self {
        match self {
            Self::Create { name, node } => Self::Create { name: name.clone(), node: copy(node) },
            Self::Rename { from, to, node } => {
                Self::Rename { from: from.clone(), to: to.clone(), node: copy(node) }
            }
            Self::Remove { name, node } => Self::Remove { name: name.clone(), node: copy(node) },
        }
    }
}
