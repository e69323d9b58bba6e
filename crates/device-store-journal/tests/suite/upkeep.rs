//! The upkeep in a real folder: space stays bounded, files are written over again, what is gone is forgotten, and what is damaged stays.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use device_core::{DeviceKind, DeviceSet, Devices};
use device_store::conformance::fixtures::{User, changes_after, enrol, load, purge, store_write};
use device_store::{DeviceStore as _, StoreError};
use device_store_journal::simulation::Random;
use device_store_journal::{JournalStore, Options};
use futures_executor::block_on;
use futures_util::future::join_all;

use crate::tools::folder;

const KIND: DeviceKind = DeviceKind::Push;
const SEGMENT_BYTES: u32 = 16 * 1024;
const TRAILER_BYTES: usize = 64;

fn options() -> Options {
    let mut options = Options::default();
    options.cache_bytes = 0;
    options.segment_bytes_min = SEGMENT_BYTES;
    options.segment_bytes_max = SEGMENT_BYTES;
    options.changes_kept = 20;
    options
}

fn open(folder: &Path) -> JournalStore {
    JournalStore::open(folder, &options()).unwrap()
}

fn user(number: usize) -> User {
    User::named("/a", &format!("user-{number:03}")).with_id(&format!("id-{number:03}"))
}

/// One more swap of a user: the set gets one other device.
async fn update(store: &JournalStore, user: &User) {
    let before = load(store, user, KIND).await;
    let empty = DeviceSet { devices: Devices::default(), ..(*before).clone() };
    store_write(store, user, KIND, before.revision, &user.with_device(&empty, KIND, "phone")).await;
}

/// Swaps of all these users at once.
fn update_all(store: &JournalStore, users: impl Iterator<Item = usize>) {
    let users: Vec<User> = users.map(user).collect();
    block_on(join_all(users.iter().map(|user| update(store, user))));
}

/// Ten out of a hundred users get 99 of 100 updates. Each call makes about ten.
fn skewed(store: &JournalStore, users: usize, random: &mut Random) {
    let cold = random.one_in(10).then(|| users / 10 + random.index(users - users / 10));
    let from = random.index(users / 10);
    update_all(store, (from..from + 10).map(|number| number % (users / 10)).chain(cold));
}

/// The segments in a folder.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains("/segment-")).collect()
}

/// Bytes of all files in a folder, which may come and go meanwhile.
fn bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    /// Far more than it takes, for machines that are busy with something else.
    const WAIT_MAX: Duration = Duration::from_secs(120);
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < WAIT_MAX, "{what}: not after {WAIT_MAX:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn space_is_bounded_and_files_are_used_again() {
    const USERS: usize = 300;
    const ROUNDS_MIN: usize = 600;
    const REUSED_MIN: usize = 10;
    /// What is written, prepared, spare, full and not compacted yet, and being made.
    const BEYOND: u64 = 8 * SEGMENT_BYTES as u64;
    let folder = folder();
    let store = open(folder.path());
    (0..USERS / 50).for_each(|part| update_all(&store, part * 50..(part + 1) * 50));
    let mut random = Random::new(1);
    let (mut most, mut reused) = (0, 0);
    // Held open, so that no new file gets the number of one that is gone.
    let mut held: BTreeMap<u64, (PathBuf, File)> = BTreeMap::new();
    let mut rounds = 0;
    while rounds < ROUNDS_MIN || reused < REUSED_MIN {
        rounds += 1;
        assert!(rounds < 100 * ROUNDS_MIN, "{reused} used again");
        skewed(&store, USERS, &mut random);
        for path in segments(folder.path()) {
            let Ok(file) = File::open(&path) else { continue };
            let inode = file.metadata().unwrap().ino();
            match held.get_mut(&inode) {
                Some((before, _)) if *before != path => {
                    *before = path;
                    reused += 1;
                }
                Some(_) => {}
                None => drop(held.insert(inode, (path, file))),
            }
        }
        most = most.max(bytes(folder.path()));
        // Nobody waits for compaction: on a busy machine it may be late.
        if rounds % 50 == 0 {
            let live = store.usage().live_bytes;
            wait_until("the space is bounded", || bytes(folder.path()) <= 2 * live + BEYOND);
        }
    }
    let live = store.usage().live_bytes;
    println!(
        "{live} live bytes in {} bytes of files, {most} at most; {} files, {reused} used again",
        bytes(folder.path()),
        held.len()
    );
    assert_eq!(store.failure(), None);
}

#[test]
fn what_is_purged_and_trimmed_goes() {
    const STAY: usize = 100;
    const GO: usize = 100;
    // A few may stay: those whose old records are in a segment with little else to free.
    const REMEMBERED_MAX: usize = 2 * GO / 10;
    let folder = folder();
    let mut all_changes = options();
    all_changes.changes_kept = 10_000;
    let store = JournalStore::open(folder.path(), &all_changes).unwrap();
    update_all(&store, 0..STAY);
    let before = store.usage();
    update_all(&store, STAY..STAY + GO);
    let leaving: Vec<User> = (STAY..STAY + GO).map(user).collect();
    block_on(join_all(leaving.iter().map(|user| purge(&store, user))));
    assert_eq!(store.usage().keys, before.keys + 2 * GO, "remembered as long as records are there");
    let changes = block_on(changes_after(&store, None));
    let live = store.usage().live_bytes;
    let forgotten = block_on(store.trim(changes.last().unwrap().cursor)).unwrap();
    assert_eq!(forgotten, changes.len() as u64);
    let freed = live - store.usage().live_bytes;
    assert!(freed > forgotten * 100, "{freed} bytes of {forgotten} changes");
    drop(store);
    let store = open(folder.path());
    let mut random = Random::new(1);
    wait_until("the directory is nearly as it was", || {
        skewed(&store, STAY, &mut random);
        store.usage().keys <= before.keys + REMEMBERED_MAX
    });
    let remembered = store.usage().keys - before.keys;
    println!("{remembered} of {} keys are still remembered", 2 * GO);
    drop(store);
    let store = open(folder.path());
    assert!(store.usage().keys <= before.keys + remembered, "none comes back");
    for user in &leaving {
        assert!(block_on(load(&store, user, KIND)).owner.is_none());
    }
}

#[test]
fn a_damaged_record_is_never_compacted_away() {
    const USERS: usize = 100;
    let folder = folder();
    let store = open(folder.path());
    let unlucky = User::named("/b", "unlucky");
    block_on(enrol(&store, &unlucky, KIND, "the damaged phone"));
    update_all(&store, 0..USERS / 10);
    let mut random = Random::new(1);
    let path = folder.path().join("segment-0000000001");
    // Before that it is read whole, which finds the damage in another way.
    wait_until("the first segment has its index", || {
        update_all(&store, 0..USERS / 10);
        let segment = fs::read(&path).unwrap();
        segment[segment.len() - TRAILER_BYTES..].starts_with(b"\xFEdjt")
    });
    let segment = fs::read(&path).unwrap();
    let phone = b"the damaged phone";
    let at = segment.windows(phone.len()).position(|it| it == phone).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(b"T", at as u64).unwrap();
    let is_damaged = |store: &JournalStore| {
        let loaded = block_on(store.load(&unlucky.key(KIND)));
        assert!(matches!(loaded, Err(StoreError::Damaged { .. })), "{loaded:?}");
    };
    is_damaged(&store);
    drop(store);
    // The one that finds it, and the next one.
    for _ in 0..2 {
        let store = open(folder.path());
        is_damaged(&store);
        for _ in 0..100 {
            skewed(&store, USERS, &mut random);
        }
        is_damaged(&store);
        assert_eq!(store.failure(), None);
        assert!(path.exists());
        wait_until("the others are compacted", || store.usage().segments < 20);
    }
}

#[test]
fn a_first_commit_larger_than_the_segment_that_is_there() {
    let folder = folder();
    let store = open(folder.path());
    update_all(&store, 0..10);
    drop(store);
    // A crash leaves the beginning of a commit: the store goes on in another segment.
    let path = folder.path().join("segment-0000000001");
    let segment = fs::read(&path).unwrap();
    let end = segment.iter().rposition(|byte| *byte != 0).unwrap();
    let end = (end + 1).next_multiple_of(64);
    let torn = [b"\xFEdjc\0\0\0\0".as_slice(), &1_u32.to_le_bytes(), &[7; 100]].concat();
    File::options().write(true).open(&path).unwrap().write_all_at(&torn, end as u64).unwrap();
    let sets: Vec<Arc<DeviceSet>> = {
        let store = open(folder.path());
        let large = User::named("/b", "large");
        let mut set = (*block_on(load(&store, &large, KIND))).clone();
        let mut write = large.with_device(&set, KIND, "first");
        while write.next.devices.len() < 64 {
            set = write.next.clone();
            let name = format!("{} {}", "phone ".repeat(40), set.devices.len());
            write = large.with_device(&set, KIND, &name);
        }
        block_on(store_write(&store, &large, KIND, device_core::Revision::NONE, &write));
        update_all(&store, 0..10);
        (0..10).map(|number| block_on(load(&store, &user(number), KIND))).collect()
    };
    for _ in 0..3 {
        let store = open(folder.path());
        for (number, set) in sets.iter().enumerate() {
            assert_eq!(block_on(load(&store, &user(number), KIND)), *set);
        }
    }
}
