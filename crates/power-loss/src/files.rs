//! Follows numbers of open files, offsets and names, so that each call becomes an [`Event`] on an
//! inode. What it cannot follow it refuses: a recording with a hole would prove nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::calls::{Call, bytes_of};
use crate::events::{Event, Inode, NameChange, Recording, What};

mod left;

use left::Left;

pub(crate) struct Files {
    folder: PathBuf,
    events: Vec<Event>,
    names: HashMap<Inode, BTreeMap<String, Inode>>,
    lens: Vec<u64>,
    /// Open file numbers of the running process, and what they stand for.
    numbers: HashMap<i64, usize>,
    opened: Vec<Opened>,
    /// What the running process left behind when it died, and its first event.
    process: (Option<Left>, usize),
}

/// One `open`; its duplicates share it, and its offset.
struct Opened {
    inode: Inode,
    offset: u64,
    append: bool,
    sync: bool,
}

enum Place {
    Outside,
    Root,
    In(Inode, String),
}

impl Files {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            events: vec![],
            names: HashMap::from([(Recording::ROOT, BTreeMap::new())]),
            lens: vec![0],
            numbers: HashMap::new(),
            opened: vec![],
            process: (None, 0),
        }
    }

    /// Takes what is in `start` as there and durable: written at line 1, synced at line 2.
    pub(crate) fn start_with(&mut self, start: &Path) -> Result<(), Error> {
        self.copy_names(start, Recording::ROOT)?;
        self.events.push(Event { start: 2, end: 2, what: What::SyncAll });
        Ok(())
    }

    fn copy_names(&mut self, path: &Path, folder: Inode) -> Result<(), Error> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inode = self.new_inode();
            self.names.entry(folder).or_default().insert(name.clone(), inode);
            let change = NameChange::Set(name, inode);
            let mut push = |what| self.events.push(Event { start: 1, end: 1, what });
            push(What::Name { folder, change });
            if entry.file_type()?.is_dir() {
                self.names.insert(inode, BTreeMap::new());
                self.copy_names(&entry.path(), inode)?;
            } else {
                let bytes = fs::read(entry.path())?;
                self.lens[inode] = bytes.len() as u64;
                push(What::Write { inode, offset: 0, bytes });
            }
        }
        Ok(())
    }

    /// How many lines before the first one of a trace are taken.
    pub(crate) fn lines(&self) -> usize {
        self.events.last().map_or(0, |event| event.end)
    }

    /// A process begins that will leave the folder as it is in `left`, if it dies and that was kept.
    pub(crate) fn start_process(&mut self, left: Option<PathBuf>) {
        self.numbers.clear();
        self.process = (left.map(Left::new), self.events.len());
    }

    pub(crate) fn finish(self) -> (Vec<Event>, HashSet<Inode>) {
        (self.events, self.names.into_keys().collect())
    }

    pub(crate) fn apply(&mut self, call: &Call) -> Result<(), Error> {
        if call.result.is_some_and(|result| result < 0 && call.name != "mmap") {
            return Ok(());
        }
        if call.result.is_none() && !self.took_effect(call)? {
            return Ok(());
        }
        let refuse = |why: &str| {
            let found = format!("{why}: {}({:.200})", call.name, call.args);
            Err(Error::Trace { line: call.start, found })
        };
        let args = call.args();
        let arg = |at: usize| args.get(at).copied().unwrap_or("");
        let ours = self.numbers.get(&number(arg(0))).copied();
        match call.name.as_str() {
            "open" => self.open(call, "AT_FDCWD", arg(0), arg(1)),
            "creat" => self.open(call, "AT_FDCWD", arg(0), "O_WRONLY|O_CREAT|O_TRUNC"),
            "openat" => self.open(call, arg(0), arg(1), arg(2)),
            "close" => {
                self.numbers.remove(&number(arg(0)));
                Ok(())
            }
            "dup" | "dup2" | "dup3" | "fcntl" => {
                let duplicates = call.name != "fcntl" || arg(1).starts_with("F_DUPFD");
                if let (true, Some(opened), Some(new)) = (duplicates, ours, call.result) {
                    self.numbers.insert(new, opened);
                }
                Ok(())
            }
            "lseek" => {
                if let (Some(opened), Some(offset)) = (ours, call.result) {
                    self.opened[opened].offset = offset as u64;
                }
                Ok(())
            }
            "read" | "readv" => {
                if let (Some(opened), Some(read)) = (ours, call.result) {
                    self.opened[opened].offset += read as u64;
                }
                Ok(())
            }
            "write" | "writev" if number(arg(0)) == 1 && ours.is_none() => {
                let text = String::from_utf8_lossy(&written(call)?).into_owned();
                for line in text.lines() {
                    self.push(call, What::Acknowledged(line.to_owned()));
                }
                Ok(())
            }
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => match ours {
                Some(opened) => self.write(call, opened),
                None => Ok(()),
            },
            "fsync" | "fdatasync" => {
                if let Some(opened) = ours {
                    self.push(call, What::Sync { inode: self.opened[opened].inode });
                }
                Ok(())
            }
            "sync" | "syncfs" => {
                self.push(call, What::SyncAll);
                Ok(())
            }
            "ftruncate" => {
                if let Some(opened) = ours {
                    self.resize(call, self.opened[opened].inode, number(arg(1)) as u64);
                }
                Ok(())
            }
            "fallocate" => match (ours, arg(1)) {
                (None, _) | (_, "FALLOC_FL_KEEP_SIZE") => Ok(()),
                (Some(opened), "0") => {
                    let inode = self.opened[opened].inode;
                    let len = (number(arg(2)) + number(arg(3))) as u64;
                    if len > self.lens[inode] {
                        self.resize(call, inode, len);
                    }
                    Ok(())
                }
                _ => refuse("not supported"),
            },
            "rename" => self.rename(call, ["AT_FDCWD", arg(0)], ["AT_FDCWD", arg(1)]),
            "renameat" => self.rename(call, [arg(0), arg(1)], [arg(2), arg(3)]),
            "renameat2" if matches!(arg(4), "0" | "RENAME_NOREPLACE") => {
                self.rename(call, [arg(0), arg(1)], [arg(2), arg(3)])
            }
            "unlink" | "rmdir" => self.remove(call, "AT_FDCWD", arg(0)),
            "unlinkat" => self.remove(call, arg(0), arg(1)),
            "mkdir" => self.make_folder(call, "AT_FDCWD", arg(0)),
            "mkdirat" => self.make_folder(call, arg(0), arg(1)),
            "mmap" => {
                let shared = arg(2).contains("PROT_WRITE") && arg(3).contains("MAP_SHARED");
                match self.numbers.contains_key(&number(arg(4))) && shared {
                    true => refuse("writes through memory leave no trace"),
                    false => Ok(()),
                }
            }
            "sync_file_range" => Ok(()),
            "clone" | "clone3" if call.args.contains("CLONE_FILES") => Ok(()),
            // The process died in it, and strace may have seen no flags.
            "clone" | "clone3" if call.result.is_none() => Ok(()),
            "fork" | "vfork" | "clone" | "clone3" => refuse("a workload is one process"),
            "chdir" | "fchdir" => refuse("relative paths cannot be followed"),
            "io_uring_setup" | "io_submit" => refuse("asynchronous writes leave no trace"),
            _ if ours.is_some() => refuse("not supported"),
            "link" | "linkat" | "symlink" | "symlinkat" | "truncate" | "openat2" | "renameat2" => {
                match args.iter().any(|arg| bytes_of(arg).is_some_and(|path| self.is_inside(&path)))
                {
                    true => refuse("not supported"),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, call: &Call, at: &str, path: &str, flags: &str) -> Result<(), Error> {
        let inode = match self.place(call, at, path)? {
            Place::Outside => return Ok(()),
            Place::Root => Recording::ROOT,
            Place::In(folder, name) => match self.names[&folder].get(&name) {
                Some(inode) => *inode,
                None if flags.contains("O_CREAT") => {
                    let inode = self.new_inode();
                    self.set_name(call, folder, name, inode);
                    inode
                }
                None => return Err(self.lost_track(call)),
            },
        };
        if flags.contains("O_TRUNC") && self.lens[inode] > 0 {
            self.resize(call, inode, 0);
        }
        if let Some(number) = call.result {
            let sync = flags.contains("O_SYNC") || flags.contains("O_DSYNC");
            let append = flags.contains("O_APPEND");
            self.numbers.insert(number, self.opened.len());
            self.opened.push(Opened { inode, offset: 0, append, sync });
        }
        Ok(())
    }

    fn write(&mut self, call: &Call, opened: usize) -> Result<(), Error> {
        let mut bytes = written(call)?;
        if let Some(result) = call.result {
            bytes.truncate(result as usize);
        }
        let inode = self.opened[opened].inode;
        let explicit = call.name.starts_with('p').then(|| number(call.args()[3]));
        let offset = match explicit {
            Some(offset) if offset >= 0 => offset as u64,
            _ if self.opened[opened].append => self.lens[inode],
            _ => self.opened[opened].offset,
        };
        let end = offset + bytes.len() as u64;
        self.lens[inode] = self.lens[inode].max(end);
        if explicit.is_none() {
            self.opened[opened].offset = end;
        }
        self.push(call, What::Write { inode, offset, bytes });
        if self.opened[opened].sync && call.result.is_some() {
            // The write itself is the sync: at its end, its own bytes are durable.
            let what = What::Sync { inode };
            self.events.push(Event { start: call.end + 1, end: call.end, what });
        }
        Ok(())
    }

    fn resize(&mut self, call: &Call, inode: Inode, len: u64) {
        self.lens[inode] = len;
        self.push(call, What::Resize { inode, len });
    }

    fn rename(&mut self, call: &Call, from: [&str; 2], to: [&str; 2]) -> Result<(), Error> {
        match (self.place(call, from[0], from[1])?, self.place(call, to[0], to[1])?) {
            (Place::Outside, Place::Outside) => Ok(()),
            (Place::In(folder, old), Place::In(other, new)) if folder == other => {
                let names = self.names.get_mut(&folder).expect("a place is in a folder");
                let Some(inode) = names.remove(&old) else { return Err(self.lost_track(call)) };
                names.insert(new.clone(), inode);
                let change = NameChange::Move(old, new, inode);
                self.push(call, What::Name { folder, change });
                Ok(())
            }
            _ => {
                let found = "a rename from one folder to another is not supported".to_owned();
                Err(Error::Trace { line: call.start, found })
            }
        }
    }

    fn remove(&mut self, call: &Call, at: &str, path: &str) -> Result<(), Error> {
        if let Place::In(folder, name) = self.place(call, at, path)? {
            let names = self.names.get_mut(&folder).expect("a place is in a folder");
            names.remove(&name);
            self.push(call, What::Name { folder, change: NameChange::Remove(name) });
        }
        Ok(())
    }

    fn make_folder(&mut self, call: &Call, at: &str, path: &str) -> Result<(), Error> {
        if let Place::In(folder, name) = self.place(call, at, path)? {
            let inode = self.new_inode();
            self.names.insert(inode, BTreeMap::new());
            self.set_name(call, folder, name, inode);
        }
        Ok(())
    }

    fn set_name(&mut self, call: &Call, folder: Inode, name: String, inode: Inode) {
        self.names.get_mut(&folder).expect("a place is in a folder").insert(name.clone(), inode);
        self.push(call, What::Name { folder, change: NameChange::Set(name, inode) });
    }

    fn new_inode(&mut self) -> Inode {
        self.lens.push(0);
        self.lens.len() - 1
    }

    fn push(&mut self, call: &Call, what: What) {
        self.events.push(Event { start: call.start, end: call.end, what });
    }

    /// Where a path points: relative ones are taken from outside the folder unless their start
    /// is an open folder of ours, because a workload gets its folder as an absolute path.
    fn place(&self, call: &Call, at: &str, path: &str) -> Result<Place, Error> {
        let path = bytes_of(path).and_then(|path| String::from_utf8(path).ok());
        let Some(path) = path else { return Err(self.lost_track(call)) };
        let path = Path::new(&path);
        let start = self.numbers.get(&number(at)).map(|opened| self.opened[*opened].inode);
        let (mut folder, rest) = match (path.strip_prefix(&self.folder), start) {
            (Ok(rest), _) => (Recording::ROOT, rest),
            (Err(_), Some(start)) if path.is_relative() => (start, path),
            _ => return Ok(Place::Outside),
        };
        let mut parts: Vec<&str> = rest.iter().filter_map(|part| part.to_str()).collect();
        if parts.contains(&"..") {
            return Err(self.lost_track(call));
        }
        let Some(last) = parts.pop() else { return Ok(Place::Root) };
        for part in parts {
            let next = self.names.get(&folder).and_then(|names| names.get(part));
            folder = *next.ok_or_else(|| self.lost_track(call))?;
        }
        match self.names.contains_key(&folder) {
            true => Ok(Place::In(folder, last.to_owned())),
            false => Err(self.lost_track(call)),
        }
    }

    fn is_inside(&self, path: &[u8]) -> bool {
        String::from_utf8_lossy(path).starts_with(&*self.folder.to_string_lossy())
    }

    fn lost_track(&self, call: &Call) -> Error {
        let found = format!("lost track at {}({:.200})", call.name, call.args);
        Error::Trace { line: call.start, found }
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or(i64::MIN)
}

/// The bytes which a write call hands over: one string, or one in each `iov_base`.
fn written(call: &Call) -> Result<Vec<u8>, Error> {
    let text = call.args();
    let text = text.get(1).copied().unwrap_or("");
    let cut = || Error::Trace { line: call.start, found: "a write that is cut short".to_owned() };
    if !text.starts_with('[') {
        return bytes_of(text).ok_or_else(cut);
    }
    let mut all = vec![];
    for part in text.split("iov_base=").skip(1) {
        let (string, _) = part.split_once(", iov_len").ok_or_else(cut)?;
        all.extend(bytes_of(string).ok_or_else(cut)?);
    }
    Ok(all)
}
