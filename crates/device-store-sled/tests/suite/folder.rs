//! The folder: who may open it, when, and what it has to hold.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use device_core::DeviceKind;
use device_store::conformance::fixtures::{User, enrol, walk};
use device_store_sled::{OpenError, Options, SledStore};
use futures_executor::block_on;

use crate::support::{folder, quick, with_tree};

/// Tells the process that is started below which folder to open.
const FOLDER_VARIABLE: &str = "DEVREG_TEST_FOLDER";

fn open(folder: &Path) -> Result<SledStore, OpenError> {
    SledStore::open(folder, quick())
}

fn is_in_use(answer: Result<SledStore, OpenError>, path: &Path) {
    let error = answer.unwrap_err();
    assert!(matches!(&error, OpenError::InUse { folder } if folder == path), "{error:?}");
    let expected =
        format!("the store in `{}` is in use: one process at a time can open it", path.display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_second_opener_is_refused() {
    let folder = folder();
    let store = open(folder.path()).unwrap();
    is_in_use(open(folder.path()), folder.path());
    let refused = another_process(folder.path());
    assert!(refused.contains("is in use: one process at a time can open it"), "{refused}");
    block_on(enrol(&store, &User::named("/a", "anna"), DeviceKind::Push, "none was harmed"));
    drop(store);
    assert!(another_process(folder.path()).contains("opened it"));
    open(folder.path()).unwrap();
}

/// What a process says that tries to open the folder.
fn another_process(folder: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "folder::as_a_process_of_its_own", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "started as a process of its own by other tests"]
fn as_a_process_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    match open(&PathBuf::from(folder)) {
        Ok(_store) => println!("opened it"),
        Err(error) => println!("{error}"),
    }
}

#[test]
fn somebody_who_uses_sled_itself_is_not_disturbed() {
    let folder = folder();
    drop(open(folder.path()).unwrap());
    with_tree(folder.path(), |_tree| is_in_use(open(folder.path()), folder.path()));
}

#[test]
fn a_new_folder_is_closed_to_others() {
    let parent = folder();
    let path = parent.path().join("a/b");
    drop(open(&path).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o700);
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let folder = folder();
    fs::write(folder.path().join("letters.txt"), "dear").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::OtherFormat { .. }), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_file_is_not_a_folder() {
    let folder = folder();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    assert!(matches!(open(&path), Err(OpenError::Folder { .. })));
}

#[test]
fn other_formats_are_refused() {
    for (key, value) in [
        ("mformat", "devreg sled 2"),
        ("mfolding", "names folded with Unicode 15.0.0"),
        ("mfolding", "\u{fffd}"),
    ] {
        let folder = folder();
        let store = open(folder.path()).unwrap();
        block_on(enrol(&store, &User::named("/a", "anna"), DeviceKind::Push, "phone"));
        drop(store);
        let before = with_tree(folder.path(), |tree| tree.insert(key, value).unwrap().unwrap());
        let error = open(folder.path()).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, OpenError::OtherFormat { .. }), "{error:?}");
        assert!(message.contains(value) && message.contains("this version reads"), "{message}");
        with_tree(folder.path(), |tree| tree.insert(key, before).unwrap());
        assert_eq!(block_on(walk(&open(folder.path()).unwrap(), 10)).len(), 1);
    }
}

#[test]
fn a_sled_tree_of_something_else_is_refused() {
    let folder = folder();
    with_tree(folder.path(), |tree| tree.insert("a", "b").unwrap());
    let error = open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("a sled tree of something else"), "{error}");
}

#[test]
fn what_an_interrupted_start_leaves_is_cleaned_up() {
    let folder = folder();
    let store = open(folder.path()).unwrap();
    block_on(enrol(&store, &User::named("/a", "anna"), DeviceKind::Push, "phone"));
    drop(store);
    for conf in [b"".as_slice(), b"torn in half", &[0; 64]] {
        fs::write(folder.path().join("conf"), conf).unwrap();
        fs::write(folder.path().join("snap.FFFFFFFFFFFFFFFF.generating"), "").unwrap();
        assert_eq!(block_on(walk(&open(folder.path()).unwrap(), 10)).len(), 1);
    }
}

#[test]
fn damaged_files_are_refused_with_a_message() {
    let folder = folder();
    let store = open(folder.path()).unwrap();
    block_on(enrol(&store, &User::named("/a", "anna"), DeviceKind::Push, "phone"));
    drop(store);
    // A second start writes the first snapshot.
    drop(open(folder.path()).unwrap());
    let snapshot = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("/snap."))
        .unwrap();
    fs::write(snapshot, "not a snapshot").unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Engine { .. }), "{error:?}");
    assert!(error.to_string().contains(&folder.path().display().to_string()));
}

#[test]
fn the_smallest_caches_work() {
    let folder = folder();
    let options = Options { cache_bytes: 0, engine_cache_bytes: 0, ..quick() };
    let store = SledStore::open(folder.path(), options).unwrap();
    block_on(enrol(&store, &User::named("/a", "anna"), DeviceKind::Push, "phone"));
    assert_eq!(store.cached_bytes(), 0);
    assert_eq!(block_on(walk(&store, 10)).len(), 1);
}
