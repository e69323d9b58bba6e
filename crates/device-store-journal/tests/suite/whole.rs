//! What looks at the whole store: snapshots and verification.

use std::fs;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use device_core::DeviceKind;
use device_store::conformance::fixtures::{User, changes_after, enrol, load, purge, resolve, walk};
use device_store_journal::{JournalStore, Options};
use futures_executor::block_on;

/// Segments so small that some are full, and some compacted, after a few hundred enrolments.
fn options() -> Options {
    let mut options = Options::default();
    options.segment_bytes_min = 32 * 1024;
    options.segment_bytes_max = 32 * 1024;
    options
}

fn user(number: usize) -> User {
    User::named("/a", &format!("user{number}"))
}

/// Enrols for ten users eight times each, then for the next ten, so that most records are soon dead.
async fn fill(store: &JournalStore, rounds: Range<usize>) {
    for round in rounds {
        for number in 0..10 {
            let user = user(round / 8 * 10 + number);
            enrol(store, &user, DeviceKind::Push, &format!("phone {round}")).await;
        }
    }
}

#[test]
fn a_snapshot_is_the_store_at_one_moment() {
    let place = tempfile::tempdir().unwrap();
    let (folder, copy) = (place.path().join("store"), place.path().join("copy"));
    block_on(async {
        let store = JournalStore::open(&folder, &options()).unwrap();
        fill(&store, 0..20).await;
        enrol(&store, &user(7777).with_id("an-id"), DeviceKind::Oath, "token").await;
        purge(&store, &user(3)).await;
        let (sets, changes) = (walk(&store, 100).await, changes_after(&store, None).await);
        let snapshot = store.snapshot(&copy).unwrap();
        assert!(snapshot.linked > 0 && snapshot.linked < snapshot.segments, "{snapshot:?}");
        // The store goes on, and compacts what the snapshot shares with it.
        fill(&store, 20..50).await;
        let copied = JournalStore::open(&copy, &options()).unwrap();
        assert_eq!(walk(&copied, 100).await, sets);
        assert_eq!(changes_after(&copied, None).await, changes);
        assert_eq!(resolve(&copied, "/a", "an-id").await.as_deref(), Some("user7777"));
        assert_eq!(copied.verify().problems, [""; 0]);
        // Neither writes into the other.
        fill(&copied, 20..30).await;
        assert_eq!(store.verify().problems, [""; 0]);
        assert!(store.snapshot(&copy).is_err(), "an existing folder is not written into");
    });
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Each snapshot that is taken beside a writer has all that was acknowledged before, and opens.
#[test]
fn snapshots_beside_a_writer() {
    let place = tempfile::tempdir().unwrap();
    let store = JournalStore::open(place.path().join("store"), &options()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Also if an assertion fails: the scope waits for the writer.
        let _stop = StopAtEnd(&stop);
        scope.spawn(|| {
            let rounds = (0..).take_while(|_| !stop.load(Ordering::Relaxed));
            rounds.for_each(|round| block_on(fill(&store, round..round + 1)));
        });
        for number in 0..20 {
            let before = block_on(walk(&store, 100));
            let folder = place.path().join(format!("copy{number}"));
            store.snapshot(&folder).unwrap();
            let copied = JournalStore::open(&folder, &options()).unwrap();
            for (key, set) in before {
                let kept = block_on(device_store::DeviceStore::load(&copied, &key)).unwrap();
                assert!(kept.revision >= set.revision, "{key}");
            }
            assert_eq!(copied.verify().problems, [""; 0]);
        }
    });
}

/// What is shared with a snapshot is never written over: its bytes stay as they were.
#[test]
fn a_snapshot_keeps_its_bytes() {
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    let store = JournalStore::open(place.path().join("store"), &options()).unwrap();
    block_on(fill(&store, 0..20));
    store.snapshot(&copy).unwrap();
    let bytes = |folder: &Path| {
        let mut files: Vec<_> =
            fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    let before = bytes(&copy);
    block_on(fill(&store, 20..120));
    drop(store);
    assert!(bytes(&copy) == before, "a shared file was changed");
    let shared = fs::read_dir(&copy).unwrap().any(|it| it.unwrap().metadata().unwrap().nlink() > 1);
    println!("still shared: {shared}");
}

#[test]
fn verification_names_what_is_damaged() {
    let place = tempfile::tempdir().unwrap();
    let store = JournalStore::open(place.path(), &options()).unwrap();
    block_on(fill(&store, 0..1));
    let clean = store.verify();
    assert_eq!(clean.problems, [""; 0]);
    assert!(clean.in_force >= 10 && clean.records >= 20, "{clean:?}");
    // The name in the first record, after the one in its key, under the store's feet.
    let segment = place.path().join("segment-0000000001");
    let bytes = fs::read(&segment).unwrap();
    let names = bytes.windows(5).enumerate().filter(|(_, bytes)| bytes == b"user0");
    let at = names.map(|(at, _)| at).nth(1).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    file.write_all_at(b"USER0", at as u64).unwrap();
    let damaged = store.verify();
    assert!(damaged.problems.iter().any(|it| it.contains("segment-0000000001")), "{damaged:?}");
    // The cache still has the set; the record on the disk is named all the same.
    assert!(damaged.problems.iter().any(|it| it.contains("`user0`")), "{damaged:?}");
    block_on(load(&store, &user(1), DeviceKind::Push));
}
