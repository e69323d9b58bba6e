//! The simulated disk does what it promises, and everything bad that it may do happens within some seeds.

mod faults;
mod losses;
mod names;

use std::collections::BTreeSet;

use super::SimulatedDisk;
use crate::files::{Files as _, JournalFile as _};
use crate::simulation::Random;

/// Enough that what happens once in a hundred power losses happens here.
const SEEDS: u64 = 2_000;

/// Everything that may be found after a power loss, as `look` sees it.
fn outcomes<T: Ord>(disk: &SimulatedDisk, look: impl Fn(&SimulatedDisk) -> T) -> BTreeSet<T> {
    (0..SEEDS).map(|seed| look(&disk.after_crash(&mut Random::new(seed)))).collect()
}

/// A disk with one durable file `a` of these bytes.
fn disk_with(content: &[u8]) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    disk.set_content("a", content.to_vec());
    disk
}

/// Each sector's byte, of a file whose sectors are of one byte each.
fn sector_bytes(content: &[u8]) -> Vec<u8> {
    content
        .chunks(512)
        .map(|sector| {
            assert!(sector.iter().all(|byte| *byte == sector[0]), "a sector was torn");
            sector[0]
        })
        .collect()
}

#[test]
fn reads_what_was_written() {
    let disk = SimulatedDisk::new(1);
    let file = disk.create("a").unwrap();
    let mut random = Random::new(7);
    let mut model = Vec::new();
    for _ in 0..500 {
        let offset = random.index(4_000);
        let bytes = vec![u8::try_from(random.below(256)).unwrap(); random.index(2_000)];
        file.write_all_at(&bytes, offset as u64).unwrap();
        let end = offset + bytes.len();
        if end > model.len() && !bytes.is_empty() {
            model.resize(end, 0);
        }
        if !bytes.is_empty() {
            model[offset..end].copy_from_slice(&bytes);
        }
        assert_eq!(disk.content("a"), model);
    }
    let mut read = vec![0; 1_000];
    file.read_exact_at(&mut read, 700).unwrap();
    assert_eq!(read, model[700..1_700]);
    assert_eq!(file.length().unwrap(), model.len() as u64);
    let error = file.read_exact_at(&mut read, model.len() as u64 - 999).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(file.read_exact_at(&mut read, u64::MAX).is_err());
    assert_eq!(
        file.write_all_at(b"x", u64::MAX).unwrap_err().kind(),
        std::io::ErrorKind::FileTooLarge
    );
}

#[test]
fn a_file_without_a_name_is_there_for_those_who_have_it_open() {
    let disk = disk_with(b"bytes");
    let file = disk.open("a").unwrap();
    disk.remove("a").unwrap();
    let mut read = [0; 5];
    file.read_exact_at(&mut read, 0).unwrap();
    assert_eq!(&read, b"bytes");
    assert!(disk.names().is_empty());
}

#[test]
fn counts_what_is_done() {
    let disk = disk_with(b"bytes");
    let file = disk.open("a").unwrap();
    file.write_all_at(b"12345", 3).unwrap();
    file.sync().unwrap();
    disk.sync_names().unwrap();
    file.length().unwrap();
    disk.list().unwrap();
    let counters = disk.counters();
    assert_eq!((counters.operations, counters.bytes_written, counters.syncs), (4, 5, 2));
    disk.count_reads(true);
    disk.list().unwrap();
    assert_eq!(disk.counters().operations, 5);
    disk.reset_counters();
    assert_eq!(disk.counters(), super::Counters::default());
}

#[test]
fn a_file_is_shared_only_if_it_was_said() {
    let disk = disk_with(b"bytes");
    let file = disk.open("a").unwrap();
    assert!(!file.is_shared().unwrap());
    disk.set_shared("a", true);
    assert!(file.is_shared().unwrap());
    assert!(disk.crash(&mut Random::new(1)).open("a").unwrap().is_shared().unwrap());
}

#[test]
fn the_same_seed_does_the_same() {
    let run = |seed| {
        let mut random = Random::new(seed);
        let disk = SimulatedDisk::new(seed);
        disk.fail_at(9, super::Fault { kind: super::FaultKind::Io, from_then_on: false });
        for turn in 0..5 {
            let file = disk.create(&format!("file{turn}")).unwrap();
            for _ in 0..4 {
                let bytes = vec![turn + 1; random.index(3_000)];
                drop(file.write_all_at(&bytes, random.below(2_000)));
            }
            if random.coin() {
                file.sync().unwrap();
            }
            if random.coin() {
                disk.sync_names().unwrap();
            }
        }
        let found = disk.crash(&mut random);
        let content = found.names().iter().map(|name| found.content(name)).collect::<Vec<_>>();
        (found.list().unwrap(), content, random.number())
    };
    let all: BTreeSet<_> = (0..200)
        .map(|seed| {
            assert_eq!(run(seed), run(seed));
            run(seed)
        })
        .collect();
    assert_eq!(all.len(), 200, "another seed does something else");
}
