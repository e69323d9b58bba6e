//! What a power loss leaves of names.

use super::{SEEDS, disk_with, outcomes};
use crate::files::{Files as _, JournalFile as _};
use crate::simulation::{Random, SimulatedDisk};

/// The names that may be found, each with the first byte of its file.
fn found(disk: &SimulatedDisk) -> Vec<String> {
    let look = |disk: &SimulatedDisk| {
        let show =
            |name: &String| format!("{name}={}", String::from_utf8(disk.content(name)).unwrap());
        disk.names().iter().map(show).collect::<Vec<_>>().join(" ")
    };
    outcomes(disk, look).into_iter().collect()
}

fn create(disk: &SimulatedDisk, name: &str, content: &[u8]) {
    let file = disk.create(name).unwrap();
    file.write_all_at(content, 0).unwrap();
    file.sync().unwrap();
}

#[test]
fn synced_names_survive_every_crash() {
    let disk = disk_with(b"1");
    create(&disk, "b", b"2");
    disk.rename("a", "c").unwrap();
    disk.sync_names().unwrap();
    assert_eq!(found(&disk), ["b=2 c=1"]);
    disk.remove("c").unwrap();
    disk.sync_names().unwrap();
    assert_eq!(found(&disk), ["b=2"]);
}

#[test]
fn unsynced_names_are_there_or_not() {
    let disk = disk_with(b"1");
    create(&disk, "b", b"2");
    disk.remove("a").unwrap();
    assert_eq!(found(&disk), ["", "a=1", "a=1 b=2", "b=2"]);
}

#[test]
fn a_rename_replaces_or_does_not() {
    let disk = disk_with(b"1");
    create(&disk, "a.new", b"2");
    disk.sync_names().unwrap();
    disk.rename("a.new", "a").unwrap();
    assert_eq!(found(&disk), ["a=1 a.new=2", "a=2"]);
}

#[test]
fn a_rename_needs_the_name_it_changes() {
    let disk = disk_with(b"1");
    create(&disk, "a.new", b"2");
    disk.rename("a.new", "a").unwrap();
    assert_eq!(found(&disk), ["a=1", "a=1 a.new=2", "a=2"]);
}

#[test]
fn a_file_whose_rename_was_lost_is_not_replaced_under_its_old_name() {
    let disk = disk_with(b"1");
    disk.rename("a", "b").unwrap();
    create(&disk, "a", b"2");
    assert_eq!(found(&disk), ["a=1", "a=2 b=1", "b=1"]);

    let disk = disk_with(b"1");
    disk.set_content("c", b"3".to_vec());
    disk.rename("a", "b").unwrap();
    disk.rename("c", "a").unwrap();
    assert_eq!(found(&disk), ["a=1 c=3", "a=3 b=1", "b=1 c=3"]);
}

#[test]
fn a_removal_needs_the_rename_before_it() {
    let disk = disk_with(b"1");
    disk.set_content("a.new", b"2".to_vec());
    disk.rename("a.new", "a").unwrap();
    disk.remove("a").unwrap();
    assert_eq!(found(&disk), ["", "a=1 a.new=2", "a=2"]);
}

#[test]
fn no_rename_loses_a_file() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let disk = SimulatedDisk::new(seed);
        let letters = ["a", "b", "c", "d", "e", "f"];
        for letter in &letters[..3] {
            disk.set_content(letter, letter.as_bytes().to_vec());
        }
        for _ in 0..10 {
            let (from, to) = (letters[random.index(6)], letters[random.index(6)]);
            if !disk.names().iter().any(|name| name == to) {
                drop(disk.rename(from, to));
            }
        }
        let after = disk.crash(&mut random);
        let mut files: Vec<_> = after.names().iter().map(|name| after.content(name)).collect();
        files.sort();
        assert_eq!(files, [b"a", b"b", b"c"], "seed {seed}");
    }
}

#[test]
fn a_name_is_durable_without_the_bytes_and_the_bytes_without_the_name() {
    let disk = SimulatedDisk::new(1);
    let file = disk.create("a").unwrap();
    file.write_all_at(b"1", 0).unwrap();
    disk.sync_names().unwrap();
    assert!(found(&disk).contains(&"a=".to_owned()));

    let disk = SimulatedDisk::new(1);
    create(&disk, "a", b"1");
    assert_eq!(found(&disk), ["", "a=1"]);
}

#[test]
fn refuses_what_a_folder_refuses() {
    let disk = disk_with(b"1");
    assert_eq!(disk.create("a").unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(disk.open("b").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert_eq!(disk.rename("b", "a").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert_eq!(disk.remove("b").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    disk.rename("a", "a").unwrap();
    assert_eq!(found(&disk), ["a=1"]);
}
