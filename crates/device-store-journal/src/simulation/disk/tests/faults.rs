//! Operations that fail, syncs that are ignored, handles of a dead disk, and the hook.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::{disk_with, outcomes, sector_bytes};
use crate::files::{Files as _, JournalFile as _};
use crate::simulation::{Fault, FaultKind, Random, SimulatedDisk, is_crash};

const BROKEN_ONCE: Fault = Fault { kind: FaultKind::Io, from_then_on: false };

/// A disk whose file of eight sectors was written and whose sync failed.
fn after_failed_sync(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    disk.set_content("a", vec![b'-'; 8 * 512]);
    let file = disk.open("a").unwrap();
    file.write_all_at(&[b'x'; 8 * 512], 0).unwrap();
    disk.reset_counters();
    disk.fail_at(1, BROKEN_ONCE);
    assert_eq!(file.sync().unwrap_err().raw_os_error(), Some(5));
    disk
}

fn look(disk: &SimulatedDisk) -> Vec<u8> {
    sector_bytes(&disk.content("a"))
}

#[test]
fn what_a_failed_sync_lost_is_read_and_never_durable() {
    for seed in 0..5 {
        let disk = after_failed_sync(seed);
        assert_eq!(look(&disk), [b'x'; 8]);
        let durable = outcomes(&disk, look);
        assert_eq!(durable.len(), 1, "it is decided what is on the disk");
        disk.open("a").unwrap().sync().unwrap();
        assert_eq!(outcomes(&disk, look), durable, "trying again changes nothing");
        assert_eq!(outcomes(&disk.kill(), look), durable, "nor does another process");
    }
    let durable = |seed| look(&after_failed_sync(seed).crash(&mut Random::new(0)));
    assert!((1..20).any(|seed| durable(seed) != durable(0)), "any part of it is durable");
}

#[test]
fn what_a_failed_sync_lost_is_durable_when_written_again() {
    let disk = after_failed_sync(1);
    let file = disk.open("a").unwrap();
    file.write_all_at(&[b'x'; 8 * 512], 0).unwrap();
    file.sync().unwrap();
    assert_eq!(outcomes(&disk, look).into_iter().collect::<Vec<_>>(), [[b'x'; 8]]);
}

#[test]
fn the_length_that_a_failed_sync_lost_comes_with_the_bytes() {
    for seed in 0..20 {
        let disk = SimulatedDisk::new(seed);
        disk.set_content("a", Vec::new());
        let file = disk.open("a").unwrap();
        file.write_all_at(&[1; 2_000], 0).unwrap();
        disk.fail_at(3, BROKEN_ONCE);
        file.sync().unwrap_err();
        file.sync().unwrap();
        let lengths = outcomes(&disk, |disk| disk.content("a").len());
        assert_eq!(lengths.len(), 1);
        // A byte in each sector brings the whole sector, and the length with it.
        for at in [0, 600, 1_100, 1_600] {
            file.write_all_at(&[1], at).unwrap();
        }
        file.sync().unwrap();
        assert_eq!(disk.crash(&mut Random::new(seed)).content("a"), [1; 2_000]);
    }
}

#[test]
fn names_that_a_failed_sync_lost_wait_for_another_change() {
    let disk = (0..)
        .find_map(|seed| {
            let disk = SimulatedDisk::new(seed);
            disk.create("a").unwrap();
            disk.fail_at(2, BROKEN_ONCE);
            disk.sync_names().unwrap_err();
            disk.after_crash(&mut Random::new(0)).names().is_empty().then_some(disk)
        })
        .unwrap();
    disk.sync_names().unwrap();
    assert_eq!(outcomes(&disk, SimulatedDisk::names).into_iter().collect::<Vec<_>>(), [[""; 0]]);
    disk.create("b").unwrap();
    disk.sync_names().unwrap();
    assert_eq!(outcomes(&disk, SimulatedDisk::names).into_iter().collect::<Vec<_>>(), [["a", "b"]]);
}

#[test]
fn a_failed_write_has_written_any_part() {
    let written: std::collections::BTreeSet<_> = (0..500)
        .map(|seed| {
            let disk = SimulatedDisk::new(seed);
            disk.set_content("a", vec![b'-'; 4 * 512]);
            let file = disk.open("a").unwrap();
            disk.fail_at(2, Fault { kind: FaultKind::NoSpace, from_then_on: false });
            let error = file.write_all_at(&[b'x'; 4 * 512], 0).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(28));
            file.write_all_at(b"", 0).unwrap();
            disk.content("a").into_iter().map(char::from).collect::<String>()
        })
        .collect();
    let part = |sectors: &str| {
        sectors.chars().map(|sector| sector.to_string().repeat(512)).collect::<String>()
    };
    for sectors in ["----", "x---", "xx-x", "---x", "xxxx"] {
        assert!(written.contains(&part(sectors)), "{sectors}");
    }
    assert!(written.len() > 100, "a short write ends at any byte");
}

#[test]
fn a_broken_disk_refuses_all_and_a_full_one_what_needs_space() {
    let disk = disk_with(b"1");
    let file = disk.open("a").unwrap();
    disk.fail_at(2, Fault { kind: FaultKind::NoSpace, from_then_on: true });
    disk.create("b").unwrap_err();
    file.write_all_at(b"2", 0).unwrap_err();
    file.sync().unwrap();
    disk.rename("a", "c").unwrap();
    disk.clear_faults();
    disk.create("b").unwrap();

    disk.reset_counters();
    disk.fail_at(1, Fault { kind: FaultKind::Io, from_then_on: true });
    disk.sync_names().unwrap_err();
    disk.remove("b").unwrap_err();
    disk.open("c").unwrap_err();
    file.read_exact_at(&mut [0], 0).unwrap();
    disk.count_reads(true);
    assert!(!is_crash(&file.read_exact_at(&mut [0], 0).unwrap_err()));
    disk.list().unwrap_err();
    assert_eq!(disk.names(), ["b", "c"]);
}

fn assert_dead(disk: &SimulatedDisk, file: &super::super::SimulatedFile) {
    assert!(disk.is_dead());
    assert!(is_crash(&file.read_exact_at(&mut [0], 0).unwrap_err()));
    assert!(is_crash(&file.write_all_at(b"x", 0).unwrap_err()));
    assert!(is_crash(&file.sync().unwrap_err()));
    assert!(is_crash(&file.length().unwrap_err()));
    assert!(is_crash(&file.is_shared().unwrap_err()));
    assert!(is_crash(&disk.list().unwrap_err()));
    assert!(is_crash(&disk.create("new").unwrap_err()));
    assert!(is_crash(&disk.open("a").unwrap_err()));
    assert!(is_crash(&disk.rename("a", "new").unwrap_err()));
    assert!(is_crash(&disk.remove("a").unwrap_err()));
    assert!(is_crash(&disk.sync_names().unwrap_err()));
}

#[test]
fn handles_of_a_dead_disk_are_dead() {
    let disk = disk_with(b"1");
    let file = disk.open("a").unwrap();
    let clone = disk.clone();
    let next = disk.kill();
    assert_dead(&clone, &file);

    let file = next.open("a").unwrap();
    let found = next.crash(&mut Random::new(1));
    assert_dead(&next, &file);
    assert!(found.open("a").is_ok() && !found.is_dead());
    assert!(!is_crash(&found.open("b").unwrap_err()));
}

#[test]
fn the_machine_goes_off_in_the_operation_that_was_named() {
    let run = |seed| {
        let disk = SimulatedDisk::new(seed);
        disk.set_content("a", b"1".to_vec());
        let file = disk.open("a").unwrap();
        disk.crash_at(3);
        file.write_all_at(b"2", 0).unwrap();
        assert!(is_crash(&disk.rename("a", "b").unwrap_err()));
        assert_dead(&disk, &file);
        disk.names()
    };
    let found: std::collections::BTreeSet<_> = (0..50).flat_map(run).collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "b"], "it has had an effect or not");
}

#[test]
fn ignored_syncs_do_nothing() {
    let disk = disk_with(b"1");
    disk.set_content("b", b"1".to_vec());
    disk.ignore_syncs("a");
    disk.ignore_name_syncs();
    // It stays so on the disk that is found.
    let disk = disk.crash(&mut Random::new(1));
    for name in ["a", "b"] {
        let file = disk.open(name).unwrap();
        file.write_all_at(b"2", 0).unwrap();
        file.sync().unwrap();
    }
    disk.create("c").unwrap();
    disk.sync_names().unwrap();
    assert_eq!(outcomes(&disk, |disk| disk.content("a")).len(), 2);
    assert_eq!(outcomes(&disk, |disk| disk.content("b")).len(), 1);
    assert_eq!(outcomes(&disk, SimulatedDisk::names).len(), 2);
}

#[test]
fn the_hook_runs_before_each_operation_and_not_in_itself() {
    let disk = disk_with(b"1");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (inner, log) = (disk.clone(), Arc::clone(&seen));
    disk.on_operation(move |operation, name| {
        // Without a lock: this one works, and does not call the hook.
        inner.open("a").unwrap().write_all_at(b"2", 0).unwrap();
        log.lock().push(format!("{operation} {name}"));
    });
    let file = disk.open("a").unwrap();
    let mut read = [0];
    file.read_exact_at(&mut read, 0).unwrap();
    assert_eq!(&read, b"2");
    disk.rename("a", "b").unwrap();
    disk.remove_hook();
    file.sync().unwrap();
    assert_eq!(*seen.lock(), ["open a", "read a", "rename a"]);
    assert_eq!(Arc::strong_count(&seen), 1, "a removed hook is dropped");
}

#[test]
fn a_hook_may_remove_itself_and_a_crash_removes_it() {
    let disk = disk_with(b"1");
    let calls = Arc::new(AtomicU64::new(0));
    let (inner, counted) = (disk.clone(), Arc::clone(&calls));
    disk.on_operation(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        inner.remove_hook();
    });
    disk.open("a").unwrap();
    disk.open("a").unwrap();
    assert_eq!((calls.load(Ordering::Relaxed), Arc::strong_count(&calls)), (1, 1));

    let (inner, counted) = (disk.clone(), Arc::clone(&calls));
    disk.on_operation(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        drop(inner.kill());
    });
    assert!(is_crash(&disk.open("a").unwrap_err()));
    assert_eq!((calls.load(Ordering::Relaxed), Arc::strong_count(&calls)), (2, 1));
}
