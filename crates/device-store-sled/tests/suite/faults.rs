//! A disk that fails: the n-th write or sync of the process is answered with an error by `strace`, once or from then on.
//!
//! Whatever fails, nobody is told that something was stored which is not there after a new start, what could be read stays readable, and the process ends as it should.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use device_core::{DeviceKind, DeviceSet, Revision};
use device_store::conformance::fixtures::{User, changes_after, load};
use device_store::{DeviceStore as _, StoreError, Swap};
use device_store_sled::{Durability, Options, SledStore};
use futures_executor::block_on;

use crate::support::{folder, has_strace, quick};

const FOLDER_VARIABLE: &str = "DEVREG_FAULTS_FOLDER";
const KIND: DeviceKind = DeviceKind::Push;
const SWAPS: usize = 12;

fn user(number: usize) -> User {
    User::named("/a", &format!("user-{number:02}"))
}

/// `strace` counts the calls of each thread.
#[test]
fn nothing_is_promised_that_is_not_there() {
    if !has_strace() {
        return;
    }
    // The committer's.
    assert_eq!(in_doubt("fdatasync:error=EIO", &["2", "4", "7", "11", "3+", "9+"]), 6);
    // All of opening.
    in_doubt("fsync:error=EIO", &["1", "2", "4", "3+"]);
    // Those of sled's threads, of which nobody knows which one writes next. A second thread's write may be through before this one has failed, or not.
    let some = ["1", "2", "3", "4", "2+", "3+"];
    let failed = in_doubt("pwrite64:error=ENOSPC", &some);
    let late = in_doubt("pwrite64:error=ENOSPC:delay_exit=50000", &some);
    assert!(failed + late >= 2, "{failed} and {late} met their fault while the store was open");
}

/// Runs the process with a fault once for each of `when`. Returns in how many of them a swap failed.
fn in_doubt(fault: &str, when: &[&str]) -> usize {
    let failed = when.iter().filter(|when| {
        let folder = folder();
        let fault = format!("inject={fault}:when={when}");
        let output = run(folder.path(), &fault);
        check(folder.path(), &output, &fault)
    });
    failed.count()
}

/// It has a minute, so that whoever waits for ever is found out.
fn run(folder: &Path, fault: &str) -> Output {
    Command::new("timeout")
        .args(["--signal=KILL", "60", "strace"])
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync,pwrite64", "-e", fault])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "faults::as_a_process_of_its_own", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap()
}

/// Opens the folder again and looks for all that was acknowledged. Returns whether a swap failed.
fn check(folder: &Path, output: &Output, what: &str) -> bool {
    let said = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}\n{problems}");
    let store = SledStore::open(folder, quick()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let words = || said.lines().filter_map(|line| line.split_once(' '));
    block_on(async {
        let stored = words().filter(|(word, _)| *word == "stored");
        let mut acknowledged = 0;
        for (_, number) in stored {
            let set = load(&store, &user(number.parse().unwrap()), KIND).await;
            assert_eq!(set.devices.len(), 1, "{what}: swap {number} is lost\n{said}");
            acknowledged += 1;
        }
        let logged = changes_after(&store, None).await.len();
        assert!(logged >= acknowledged, "{what}: {acknowledged} swaps, {logged} changes");
    });
    words().any(|(word, _)| word == "unknown")
}

#[test]
#[ignore = "started as a process of its own by the other test"]
fn as_a_process_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let options = Options { durability: Durability::Sync, ..quick() };
    let store = match SledStore::open(PathBuf::from(folder), options) {
        Ok(store) => store,
        Err(error) => return println!("\nrefused {error}"),
    };
    println!();
    let mut in_doubt = false;
    for number in 0..SWAPS {
        let user = user(number);
        let write = user.with_device(&DeviceSet::default(), KIND, "phone");
        let change = user.change_of(KIND, &write);
        let next = std::sync::Arc::new(write.next);
        match block_on(store.swap(&user.key(KIND), Revision::NONE, next, change)) {
            Ok(Swap::Stored) => println!("stored {number}"),
            Err(StoreError::Unknown { .. }) => println!("unknown {number}"),
            Err(StoreError::ReadOnly) => println!("read-only {number}"),
            other => panic!("{other:?}"),
        }
        in_doubt |= store.failure().is_some();
        let set = block_on(store.load(&user.key(KIND))).unwrap();
        assert_eq!(set.devices.len(), usize::from(!in_doubt));
    }
}
