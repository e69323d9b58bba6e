//! What a power loss leaves of bytes.

use super::{disk_with, outcomes, sector_bytes};
use crate::files::{Files as _, JournalFile as _};
use crate::simulation::{Random, SimulatedDisk};

#[test]
fn synced_bytes_survive_every_crash() {
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let mut disk = SimulatedDisk::new(seed);
        disk.create("a").unwrap();
        disk.sync_names().unwrap();
        for _ in 0..10 {
            let file = disk.open("a").unwrap();
            for _ in 0..random.below(5) {
                let bytes = vec![random.below(256).try_into().unwrap(); random.index(2_000)];
                file.write_all_at(&bytes, random.below(4_000)).unwrap();
            }
            file.sync().unwrap();
            let synced = disk.content("a");
            disk = if random.one_in(4) { disk.kill() } else { disk.crash(&mut random) };
            assert_eq!(disk.content("a"), synced, "seed {seed}");
        }
    }
}

#[test]
fn unsynced_sectors_are_lost_kept_torn_and_reordered() {
    let disk = disk_with(&[b'-'; 4 * 512]);
    let file = disk.open("a").unwrap();
    for sector in 0..4 {
        file.write_all_at(&[b'x'; 512], sector * 512).unwrap();
    }
    let found =
        outcomes(&disk, |disk| String::from_utf8(sector_bytes(&disk.content("a"))).unwrap());
    assert_eq!(found.len(), 16, "any of the four sectors is there or not");
}

#[test]
fn a_sector_that_was_written_often_has_any_of_its_versions() {
    let disk = disk_with(&[b'0'; 512]);
    let file = disk.open("a").unwrap();
    for version in b'1'..=b'5' {
        file.write_all_at(&[version; 512], 0).unwrap();
    }
    let found = outcomes(&disk, |disk| sector_bytes(&disk.content("a"))[0]);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), b"012345");
}

#[test]
fn part_of_a_sector_does_not_tear_the_rest() {
    let disk = disk_with(b"0123456789");
    let file = disk.open("a").unwrap();
    file.write_all_at(b"xy", 4).unwrap();
    file.write_all_at(b"z", 9).unwrap();
    let found = outcomes(&disk, |disk| String::from_utf8(disk.content("a")).unwrap());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["0123456789", "0123xy6789", "0123xy678z"]);
}

#[test]
fn a_file_that_grew_has_any_length_between() {
    let disk = disk_with(b"12345");
    let file = disk.open("a").unwrap();
    file.write_all_at(b"67", 5).unwrap();
    let found = outcomes(&disk, |disk| disk.content("a"));
    for content in ["12345", "123456", "1234567"] {
        assert!(found.contains(content.as_bytes()), "{content}");
    }
    // The length is there and the sector is not.
    assert!(found.contains(&b"12345\0\0"[..]));
    assert!(found.iter().all(|content| content.starts_with(b"12345") && content.len() <= 7));
}

#[test]
fn a_gap_reads_as_zeros() {
    let disk = disk_with(b"");
    let file = disk.open("a").unwrap();
    file.write_all_at(&[1; 10], 2_000).unwrap();
    assert!(disk.content("a")[..2_000].iter().all(|byte| *byte == 0));
    file.sync().unwrap();
    assert_eq!(disk.crash(&mut Random::new(3)).content("a").len(), 2_010);
}

#[test]
fn a_long_write_is_kept_or_lost_whole_beside_another() {
    let disk = disk_with(&[b'-'; 40 * 512]);
    let file = disk.open("a").unwrap();
    for part in 0..4 {
        file.write_all_at(&[b'x'; 10 * 512], part * 10 * 512).unwrap();
    }
    let found = outcomes(&disk, |disk| sector_bytes(&disk.content("a")));
    let middle_lost = [[b'x'; 10], [b'-'; 10], [b'x'; 10], [b'x'; 10]].concat();
    assert!(found.contains(&middle_lost));
}

#[test]
fn files_are_reordered_among_each_other() {
    let disk = disk_with(b"-");
    disk.set_content("b", b"-".to_vec());
    disk.open("a").unwrap().write_all_at(b"x", 0).unwrap();
    disk.open("b").unwrap().write_all_at(b"x", 0).unwrap();
    let found = outcomes(&disk, |disk| (disk.content("a"), disk.content("b")));
    assert_eq!(found.len(), 4);
}

#[test]
fn what_was_not_durable_at_a_kill_is_not_durable_after_it() {
    let disk = disk_with(b"-");
    disk.open("a").unwrap().write_all_at(b"x", 0).unwrap();
    disk.rename("a", "b").unwrap();
    let next = disk.kill();
    assert_eq!((next.names(), next.content("b")), (vec!["b".to_owned()], b"x".to_vec()));
    let found = outcomes(&next, |disk| (disk.names(), disk.content("a"), disk.content("b")));
    assert_eq!(found.len(), 4);

    let file = next.open("b").unwrap();
    file.sync().unwrap();
    next.sync_names().unwrap();
    assert_eq!(outcomes(&next, |disk| disk.content("b")).into_iter().collect::<Vec<_>>(), [b"x"]);
    // The dead one is as it was.
    assert_eq!(outcomes(&disk, |disk| (disk.names(), disk.content("a"), disk.content("b"))), found);
}
