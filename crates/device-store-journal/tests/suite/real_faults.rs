//! A disk that fails below a real folder: the n-th call of a thread is answered with an error by `strace`, once or from then on; and a file system that is full.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use device_core::{DeviceKind, DeviceSet, Devices};
use device_store::conformance::fixtures::{User, changes_after, load, walk};
use device_store::{DeviceStore as _, StoreError, Swap};
use device_store_journal::{JournalStore, Options};
use futures_executor::block_on;
use tempfile::TempDir;

use crate::tools::{folder, folder_of_this_process, has_strace, run_apart, skipped};

const KIND: DeviceKind = DeviceKind::Push;
const SWAPS: usize = 150;
const USERS: usize = 6;

fn options() -> Options {
    let mut options = Options::default();
    options.cache_bytes = 0;
    options.segment_bytes_min = 4 * 1024;
    options.segment_bytes_max = 4 * 1024;
    options.changes_kept = 10;
    options
}

fn user(number: usize) -> User {
    User::named("/a", &format!("user-{number:02}"))
}

/// One more swap of a user: the set gets one other device.
fn swap(store: &JournalStore, user: &User, device: &str) -> (DeviceSet, Result<Swap, StoreError>) {
    let before = block_on(load(store, user, KIND));
    let empty = DeviceSet { devices: Devices::default(), ..(*before).clone() };
    let write = user.with_device(&empty, KIND, device);
    let (change, next) = (user.change_of(KIND, &write), Arc::new(write.next.clone()));
    (write.next, block_on(store.swap(&user.key(KIND), before.revision, next, change)))
}

#[test]
fn nothing_is_promised_that_is_not_there() {
    if !has_strace() {
        return;
    }
    let mut said = BTreeMap::<_, usize>::new();
    for call in ["pwrite64", "fdatasync", "fsync", "rename", "openat"] {
        for error in ["EIO", "ENOSPC"] {
            for when in ["1", "2", "3", "5", "8", "13", "21", "40", "90", "2+", "10+", "70+"] {
                let folder = folder();
                let what = format!("{call} {error} {when}");
                let output = run(folder.path(), call, &format!("{call}:error={error}:when={when}"));
                *said.entry(check(folder.path(), &output, &what)).or_default() += 1;
            }
        }
    }
    println!("{said:?}");
    assert!(said[&Met::Commit] > 20 && said[&Met::Upkeep] > 5 && said[&Met::Start] > 5, "{said:?}");
}

/// Where the fault was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    Start,
    Commit,
    Upkeep,
    Never,
}

fn run(folder: &Path, call: &str, fault: &str) -> Output {
    let folder = folder.canonicalize().unwrap();
    let mut arguments: Vec<String> = ["-f", "-qq", "-o", "/dev/null", "-e"].map(Into::into).into();
    arguments.extend([format!("trace={call}"), "-e".to_owned(), format!("inject={fault}")]);
    if call == "openat" {
        // Those of the folder, not those that start the process.
        let files = ["spare", "segment", "unfinished"];
        let names = (1..=60).flat_map(|id| files.map(|it| format!("{it}-{id:010}")));
        for path in names.map(|name| folder.join(name)).chain([folder.join("lock"), folder.clone()])
        {
            arguments.extend(["-P".to_owned(), path.display().to_string()]);
        }
    }
    run_apart(Some("strace"), arguments, "real_faults::as_a_process_of_its_own", &folder)
}

/// Opens the folder again and looks for all that was acknowledged.
fn check(folder: &Path, output: &Output, what: &str) -> Met {
    let said = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}\n{problems}");
    let store = JournalStore::open(folder, &options());
    let store = store.unwrap_or_else(|error| panic!("{what}: {error}\n{said}"));
    let mut stored: BTreeMap<&str, &str> = BTreeMap::new();
    let mut unknown = None;
    let mut met = Met::Never;
    for line in said.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["stored", user, revision] => drop(stored.insert(user, revision)),
            ["unknown", user, revision] => {
                met = Met::Commit;
                unknown = Some((user, revision));
            }
            ["refused", ..] => met = Met::Start,
            ["upkeep", ..] if met == Met::Never => met = Met::Upkeep,
            _ => {}
        }
    }
    for (number, revision) in stored {
        let set = block_on(load(&store, &user(number.parse().unwrap()), KIND));
        let found = set.revision.to_string();
        let is_it = found == revision || Some((number, found.as_str())) == unknown;
        assert!(is_it, "{what}: user {number} has {found} instead of {revision}\n{said}");
    }
    let (next, answer) = swap(&store, &user(0), "it works again");
    assert_eq!(answer, Ok(Swap::Stored), "{what}");
    assert_eq!(*block_on(load(&store, &user(0), KIND)), next);
    met
}

#[test]
#[ignore = "started as a process of its own by another test"]
fn as_a_process_of_its_own() {
    let Some(folder) = folder_of_this_process() else { return };
    println!();
    let store = match JournalStore::open(folder, &options()) {
        Ok(store) => store,
        Err(error) => return println!("refused {error}"),
    };
    let mut in_doubt = false;
    for number in 0..SWAPS {
        let user = number % USERS;
        let before = block_on(load(&store, &self::user(user), KIND));
        let (next, answer) = swap(&store, &self::user(user), &format!("phone {number}"));
        let seen = block_on(load(&store, &self::user(user), KIND));
        match answer {
            Ok(Swap::Stored) if !in_doubt => {
                assert_eq!(*seen, next);
                println!("stored {user} {}", next.revision);
                continue;
            }
            Err(StoreError::Unknown { .. }) if !in_doubt => {
                println!("unknown {user} {}", next.revision);
            }
            Err(StoreError::ReadOnly) if in_doubt => {}
            other => panic!("{other:?}"),
        }
        in_doubt = true;
        assert_eq!(seen, before);
        assert!(store.failure().is_some());
    }
    store.close();
    if let Some(failure) = store.failure().filter(|_| !in_doubt) {
        println!("upkeep {failure}");
    }
}

/// A file system in memory, of so many bytes, that goes when this does.
struct Memory(TempDir);

impl Memory {
    fn of(options: &str) -> Option<Self> {
        let folder = folder();
        let status = mount(&["-t", "tmpfs", "-o", options, "tmpfs"], folder.path());
        status.then_some(Self(folder))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg(self.0.path()).status();
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let mounted = Command::new("mount").args(arguments).arg(at).output();
    mounted.is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_file_system() {
    let Some(memory) = Memory::of("size=8m") else {
        skipped("a file system cannot be mounted here");
        return;
    };
    let mut options = options();
    options.segment_bytes_min = 256 * 1024;
    options.segment_bytes_max = 1024 * 1024;
    let store = JournalStore::open(memory.path(), &options).unwrap();
    let mut stored = Vec::new();
    loop {
        let user = User::named("/a", &format!("user-{}", stored.len()));
        let (next, answer) = swap(&store, &user, &"phone ".repeat(30));
        match answer {
            Ok(Swap::Stored) => stored.push((user, next)),
            Err(StoreError::Unknown { .. }) => break,
            other => panic!("{other:?}"),
        }
        assert!(stored.len() < 100_000, "8 MiB hold more than that");
    }
    println!("{} swaps, then: {:?}", stored.len(), store.failure());
    let all_there = |store: &JournalStore| {
        for (user, set) in &stored {
            assert_eq!(*block_on(load(store, user, KIND)), *set);
        }
    };
    all_there(&store);
    let (_, answer) = swap(&store, &user(1), "phone");
    assert_eq!(answer.unwrap_err(), StoreError::ReadOnly);
    drop(store);
    // With no room at all it may start, or say that there is none; never anything else.
    match JournalStore::open(memory.path(), &options) {
        Ok(store) => all_there(&store),
        Err(error) => assert!(error.to_string().contains("No space left"), "{error}"),
    }
    assert!(mount(&["-o", "remount,size=32m"], memory.0.path()));
    let store = JournalStore::open(memory.path(), &options).unwrap();
    all_there(&store);
    assert!(block_on(walk(&store, 1_000)).len() <= stored.len() + 1);
    let (_, answer) = swap(&store, &user(1), "phone");
    assert_eq!(answer, Ok(Swap::Stored));
    assert!(!block_on(changes_after(&store, None)).is_empty());
}
