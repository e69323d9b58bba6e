//! What every embedded engine owes: it stores, refuses what came too late, and has after a restart what it acknowledged.

use std::path::Path;

use device_core::{DeviceSet, Revision};
use devreg_benches::population::Population;
use devreg_benches::swapping::next;
use devreg_rivals::Failure;
use devreg_rivals::engines::{Fjall, Lmdb, Redb, Sled, Sqlite};
use devreg_rivals::group::{Embedded, Group};
use devreg_rivals::store::Store as _;
use futures_executor::block_on;
use futures_util::future::join_all;

fn check<E: Embedded>(open: impl Fn(&Path) -> Result<E, Failure>, together: usize) {
    let folder = tempfile::tempdir().unwrap();
    let start = || Group::start(open(folder.path()).unwrap(), together).unwrap();
    let population = Population::of(50);
    let (key, first) = (&population.keys[0], &*population.sets[0]);
    let nothing = DeviceSet::default();
    let second = next(first, 0, 1);
    let raced = block_on(async {
        let store = start();
        assert_eq!(store.load(key).await.unwrap().revision, Revision::NONE);
        assert!(store.swap(key, &nothing, first).await.unwrap());
        assert!(!store.swap(key, &nothing, &second).await.unwrap(), "there is one already");
        assert_eq!(store.load(key).await.unwrap(), *first);
        assert!(store.swap(key, first, &second).await.unwrap());
        assert!(!store.swap(key, first, &next(first, 0, 2)).await.unwrap(), "too late");

        let others = population.keys.iter().zip(&population.sets).skip(1);
        let stored = join_all(others.map(|(key, set)| store.swap(key, &nothing, set))).await;
        assert!(stored.into_iter().all(|stored| stored.unwrap()));

        let contenders: Vec<DeviceSet> = (10..40).map(|serial| next(&second, 0, serial)).collect();
        let race = contenders.iter().map(|contender| store.swap(key, &second, contender));
        let race = join_all(race).await;
        let mut winners =
            contenders.into_iter().zip(race).filter(|(_, won)| *won.as_ref().unwrap());
        let (winner, _) = winners.next().unwrap();
        assert!(winners.next().is_none(), "one of them all");
        winner
    });
    block_on(async {
        let store = start();
        assert_eq!(store.load(key).await.unwrap(), raced);
        for (key, set) in population.keys.iter().zip(&population.sets).skip(1) {
            assert_eq!(store.load(key).await.unwrap(), **set);
        }
    });
}

#[test]
fn sqlite() {
    check(Sqlite::open, 1);
    check(Sqlite::open, 1024);
}

#[test]
fn redb() {
    check(Redb::open, 1024);
}

#[test]
fn fjall() {
    check(Fjall::open, 1024);
}

#[test]
fn lmdb() {
    check(Lmdb::open, 1024);
}

#[test]
fn sled() {
    check(Sled::open, 1024);
}
