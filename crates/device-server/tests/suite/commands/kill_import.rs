//! An import that is killed leaves a store in which nothing is damaged, and is completed when it is repeated.
//!
//! `DEVREG_KILLS` says how many imports of each store are killed; `scripts/kill-import` runs a campaign.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::demo_data::{command, demo_data};
use crate::place::Place;

/// Few in every run of the tests; moments are random, so each run tries others.
const KILLS_DEFAULT: usize = 5;

const USERS: &str = "1500";

fn kills() -> usize {
    std::env::var("DEVREG_KILLS").map_or(KILLS_DEFAULT, |kills| kills.parse().unwrap())
}

/// A moment below `range`, another one each time.
fn random_moment(range: Duration) -> Duration {
    let thousandths = u32::try_from(RandomState::new().hash_one(0) % 1_000).unwrap();
    range * thousandths / 1_000
}

/// Runs `demo-data | import`, and kills the import after a while. Returns whether it was still at work.
fn import_killed_after(place: &Place, moment: Duration) -> bool {
    let mut source = command(&["--users", USERS]);
    let mut source = source.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut import = place.command(&["import", "-"]);
    import.stdin(source.stdout.take().unwrap()).stderr(Stdio::null());
    let mut child = import.spawn().unwrap();
    // It holds the reading end of the pipe, too, and the source would wait for it.
    drop(import);
    std::thread::sleep(moment);
    let was_at_work = child.try_wait().unwrap().is_none();
    // SIGKILL.
    let _ = child.kill();
    child.wait().unwrap();
    source.wait().unwrap();
    was_at_work
}

/// Kills so many imports and counts the sets that were there each time.
fn kill_imports(store: &'static str) {
    let lines = demo_data(&["--users", USERS]);
    let undisturbed = Place::on(store);
    let started = Instant::now();
    undisturbed.run_on(&lines, &["import", "-"]).done();
    let duration = started.elapsed();
    let export = undisturbed.export();
    let all = verified(&undisturbed).unwrap();

    let mut found = Vec::new();
    let wanted = kills();
    for attempt in 0.. {
        if found.len() == wanted {
            break;
        }
        assert!(attempt < 10 * wanted, "imports end before they are killed");
        let place = Place::on(store);
        let moment = random_moment(duration);
        if !import_killed_after(&place, moment) {
            continue;
        }
        found.push(verified(&place).unwrap_or(0));
        let again = place.run_on(&lines, &["import", "-"]);
        assert_eq!(again.code, 0, "{store}, killed after {moment:?}: {again:?}");
        assert_eq!(verified(&place), Some(all), "{store}, killed after {moment:?}");
        assert!(place.export() == export, "{store}, killed after {moment:?}");
    }
    found.sort_unstable();
    let partly = found.iter().filter(|sets| (1..all).contains(sets)).count();
    println!(
        "{store}: {wanted} imports killed, {partly} of them with some of {all} sets stored ({found:?}); all clean, repeated and equal"
    );
}

/// How many sets a clean store has; `None` if the import was killed before it made one.
fn verified(place: &Place) -> Option<u64> {
    let ended = place.run(&["verify", "--output", "json"]);
    if ended.code == 3 {
        return None;
    }
    let counts: Value = serde_json::from_str(&ended.done()).unwrap();
    assert_eq!(counts["problems"], 0);
    Some(counts["sets"].as_u64().unwrap())
}

#[test]
fn on_the_journal() {
    kill_imports("journal");
}

#[test]
fn on_sled() {
    kill_imports("sled");
}
