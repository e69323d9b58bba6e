//! The folder: who may open it, when, and what it may hold.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use device_core::DeviceKind;
use device_core::fold::UNICODE_VERSION;
use device_store::conformance::fixtures::{User, enrol, walk};
use device_store_journal::{JournalStore, OpenError, Options};
use futures_executor::block_on;

use crate::tools::{folder, folder_of_this_process, run_apart};

const SEGMENT: &str = "segment-0000000001";

fn open(folder: &Path) -> Result<JournalStore, OpenError> {
    let mut options = Options::default();
    options.segment_bytes_min = 4 * 1024;
    JournalStore::open(folder, &options)
}

fn enrolled(store: &JournalStore, name: &str) {
    block_on(enrol(store, &User::named("/a", name), DeviceKind::Push, "phone"));
}

/// The users in the folder's store.
fn users(folder: &Path) -> usize {
    block_on(walk(&open(folder).unwrap(), 10)).len()
}

fn is_in_use(answer: Result<JournalStore, OpenError>, path: &Path) {
    let error = answer.unwrap_err();
    assert!(error.is_in_use(), "{error:?}");
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
    enrolled(&store, "anna");
    store.close();
    is_in_use(open(folder.path()), folder.path());
    drop(store);
    assert!(another_process(folder.path()).contains("opened it"));
    assert_eq!(users(folder.path()), 1);
}

/// What a process says that tries to open the folder.
fn another_process(folder: &Path) -> String {
    let none: [&str; 0] = [];
    let output = run_apart(None, none, "folder::as_a_process_of_its_own", folder);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "started as a process of its own by another test"]
fn as_a_process_of_its_own() {
    let Some(folder) = folder_of_this_process() else { return };
    match open(&folder) {
        Ok(_store) => println!("opened it"),
        Err(error) => println!("{error}"),
    }
}

#[test]
fn folder_and_files_are_closed_to_others() {
    let parent = folder();
    let path = parent.path().join("a/b");
    let store = open(&path).unwrap();
    (0..50).for_each(|number| enrolled(&store, &format!("user-{number}")));
    drop(store);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let files: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 3, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
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
    assert!(error.to_string().contains("holds files that are not this store's"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn something_else_among_the_segments_is_refused_by_name() {
    let folder = folder();
    enrolled(&open(folder.path()).unwrap(), "anna");
    for name in
        ["letters.txt", "segment-1", "segment-+000000001", "segment-x", "Segment-0000000001"]
    {
        let path = folder.path().join(name);
        fs::copy(folder.path().join(SEGMENT), &path).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(matches!(&error, OpenError::Foreign { name: it } if **it == *name), "{error:?}");
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(users(folder.path()), 1);
}

#[test]
fn a_file_is_not_a_folder() {
    let folder = folder();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    assert!(matches!(open(&path), Err(OpenError::Folder(_))));
}

#[test]
fn the_root_of_a_file_system_will_do() {
    let folder = folder();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    enrolled(&open(folder.path()).unwrap(), "anna");
    assert_eq!(users(folder.path()), 1);
}

#[test]
fn leftovers_are_removed() {
    let folder = folder();
    enrolled(&open(folder.path()).unwrap(), "anna");
    let leftovers = ["unfinished-0000000009", "spare-0000000001", "spare-0000000002"];
    for name in leftovers {
        fs::copy(folder.path().join(SEGMENT), folder.path().join(name)).unwrap();
    }
    assert_eq!(users(folder.path()), 1);
    for name in leftovers {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
}

/// Writes bytes into the header of a segment and puts its checksum right.
fn with_header(folder: &Path, at: usize, bytes: &[u8]) {
    let path = folder.join(SEGMENT);
    let mut segment = fs::read(&path).unwrap();
    segment[at..at + bytes.len()].copy_from_slice(bytes);
    let checksum = crc32c::crc32c(&segment[..60]);
    segment[60..64].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&path, segment).unwrap();
}

#[test]
fn other_formats_are_refused() {
    let folder = folder();
    enrolled(&open(folder.path()).unwrap(), "anna");
    let before = fs::read(folder.path().join(SEGMENT)).unwrap();
    let (major, minor, update) = UNICODE_VERSION;
    let this = format!("{major}.{minor}.{update}");
    let refused = [
        (8, &[7, 0][..], ["its format is 7", "this version reads 1"].map(str::to_owned)),
        (20, b"15.0.0\0\0", ["Unicode 15.0.0;".to_owned(), format!("folds with {this};")]),
    ];
    for (at, bytes, expected) in refused {
        with_header(folder.path(), at, bytes);
        let error = open(folder.path()).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(message.contains(SEGMENT), "{message}");
        for part in expected {
            assert!(message.contains(&part), "`{part}` is not in: {message}");
        }
        fs::write(folder.path().join(SEGMENT), &before).unwrap();
    }
    assert_eq!(users(folder.path()), 1);
}
