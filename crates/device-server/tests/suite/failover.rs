//! Two servers on a cluster whose leader is killed again and again while clients write: nothing that was acknowledged is lost.
//!
//! Takes minutes and a cluster of Patroni, so only `scripts/failover` runs it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use device_core::{Change, What};
use device_server::settings::PostgresSettings;
use device_server::{on_store, stores};
use device_store::DeviceStore;
use serde_json::json;

use crate::http::Request;
use crate::place::{Ended, Place};
use crate::postgres::migrate;
use crate::server::{Server, alpha};
use crate::several_servers::SayDone;
use crate::users::DEVICE;

/// Writes that must be acknowledged and found again, and how often the leader is killed meanwhile.
const WRITES: (&str, usize) = ("DEVREG_FAILOVER_WRITES", 10_000);
const KILLS: (&str, usize) = ("DEVREG_FAILOVER_KILLS", 3);

/// Each writes to a user of its own, through one server after the other.
const WRITERS: usize = 16;

const SERVERS: usize = 2;

/// All changes, whoever opens the store: the log is what acknowledgements are compared with.
const CHANGES_KEPT: u64 = 100_000_000;

fn number((variable, default): (&str, usize)) -> usize {
    std::env::var(variable).map_or(default, |number| number.parse().unwrap())
}

/// A cluster of `scripts/throw-away-patroni`, which goes when its stdin ends: with this process at the latest.
struct Cluster {
    url: &'static str,
    said: Lines<BufReader<ChildStdout>>,
    stdin: Option<ChildStdin>,
    child: Child,
}

impl Cluster {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/throw-away-patroni");
        let mut command = Command::new(script);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = said.next().expect("the cluster does not start").unwrap().leak();
        Self { url, said, stdin: child.stdin.take(), child }
    }

    /// Kills the leader, and says which node it was.
    fn kill(&mut self) -> String {
        self.stdin.as_mut().unwrap().write_all(b"kill\n").unwrap();
        self.said.next().expect("a leader is killed").unwrap()
    }

    /// Waits until the dead node follows another leader.
    fn be_whole(&mut self) {
        assert_eq!(self.said.next().expect("the cluster heals").unwrap(), "whole");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// What one writer was told.
#[derive(Default)]
struct Told {
    /// Names that were acknowledged, in their order, and when.
    acknowledged: Vec<(String, Instant)>,
    /// Writes of unknown or no success.
    failed: usize,
}

fn username(writer: usize) -> String {
    format!("writer-{writer}")
}

/// Gives the user's device one name after the other until it is over.
fn write(writer: usize, servers: &[Server], token: &str, told: &Mutex<Told>, done: &AtomicBool) {
    let target = alpha(&username(writer), &format!("2fa/webauthn/{DEVICE}"));
    for number in 0.. {
        if done.load(Ordering::Acquire) {
            break;
        }
        let name = format!("name {number} of {writer}");
        let rename = Request::put(&target, &json!({"deviceName": name})).bearer(token);
        let answer = servers[(writer + number) % servers.len()].ask(&rename);
        let mut told = told.lock().unwrap();
        match answer.status {
            200 => told.acknowledged.push((name, Instant::now())),
            500..600 => told.failed += 1,
            _ => panic!("{answer:?}"),
        }
    }
}

async fn changes<S: DeviceStore>(store: &S) -> Vec<Change> {
    let (mut changes, mut after) = (Vec::new(), None);
    loop {
        let page = store.changes(after, 1_000).await.unwrap();
        let Some(last) = page.last() else { return changes };
        after = Some(last.cursor);
        changes.extend(page.into_iter().map(|entry| entry.change));
    }
}

/// The names that a user's device was given, in the order of the log, where each change is of the revision after that of the last.
fn names_of(changes: &[Change], username: &str) -> Vec<String> {
    let of_user = changes.iter().filter(|change| change.username.matches(username));
    let mut last = None;
    let mut names = Vec::new();
    for change in of_user {
        let What::Set { revision, devices, .. } = &change.what else { panic!("{change:?}") };
        let revision = revision.to_record();
        assert_eq!(last.map_or(revision, |last: u64| last + 1), revision, "{change:?}");
        last = Some(revision);
        names.extend(devices.iter().map(|device| device.name.as_str().to_owned()));
    }
    names
}

/// The longest time without an acknowledgement in a stretch of the run.
fn longest_gap(moments: &[Instant], from: Instant, to: Instant) -> Duration {
    let within = |pair: &&[Instant]| pair[1] >= from && pair[0] < to;
    let gaps = moments.windows(2).filter(within).map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or(to - from)
}

#[test]
#[ignore = "takes minutes and a cluster of Patroni: scripts/failover"]
fn leaders_are_killed_under_load() {
    let (writes, kills) = (number(WRITES), number(KILLS));
    let mut cluster = Cluster::start();
    migrate(cluster.url).done();
    let place = Place::on(cluster.url);
    let line = |writer| {
        let devices =
            json!({"webauthn": [{"uuid": DEVICE, "credentialId": "id", "deviceName": "first"}]});
        let user = json!({"realm": "/alpha", "username": username(writer), "devices": devices});
        format!("{user}\n")
    };
    let lines: String = (0..WRITERS).map(line).collect();
    place.run_on(&lines, &["import", "-"]).done();
    let token = place.administrator("/alpha");
    let kept = [("DEVREG_POSTGRES__CHANGES_KEPT", CHANGES_KEPT.to_string())];
    let settings = kept.each_ref().map(|(name, value)| (*name, value.as_str()));
    let servers: Vec<_> = (0..SERVERS).map(|_| place.serve(&settings)).collect();

    let told: Vec<Mutex<Told>> = (0..WRITERS).map(|_| Mutex::default()).collect();
    let (done, failures) = (AtomicBool::new(false), AtomicUsize::new(0));
    let acknowledged =
        || told.iter().map(|told| told.lock().unwrap().acknowledged.len()).sum::<usize>();
    let began = Instant::now();
    let mut killed = Vec::new();
    thread::scope(|scope| {
        for (writer, told) in told.iter().enumerate() {
            let (servers, token, done) = (&servers, &token, &done);
            scope.spawn(move || write(writer, servers, token, told, done));
        }
        let _said_at_the_end = SayDone(&done);
        let wait_for = |count: usize| {
            while acknowledged() < count {
                thread::sleep(Duration::from_millis(10));
            }
        };
        for kill in 1..=kills {
            wait_for(writes * kill / (kills + 1));
            killed.push((cluster.kill(), Instant::now()));
            cluster.be_whole();
            // It is over only when writes come through again.
            wait_for(acknowledged() + WRITERS);
        }
        wait_for(writes);
    });
    let ended = Instant::now();
    servers.into_iter().for_each(Server::stop);
    Ended::of(place.command(&["verify"]).envs(settings).output().unwrap()).done();

    let settings =
        PostgresSettings { changes_kept: Some(CHANGES_KEPT), ..PostgresSettings::default() };
    let store = stores::open_with(cluster.url, Path::new(""), &settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let stored = on_store!(&store, |store| runtime.block_on(changes(store)));
    let (mut lost, mut moments) = (0, vec![began]);
    for (writer, told) in told.iter().enumerate() {
        let told = told.lock().unwrap();
        let names = names_of(&stored, &username(writer));
        let places: HashMap<&str, usize> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        assert_eq!(places.len(), names.len(), "none is there twice");
        let found: Vec<usize> =
            told.acknowledged.iter().filter_map(|(name, _)| places.get(&**name).copied()).collect();
        assert!(found.is_sorted(), "in their order");
        lost += told.acknowledged.len() - found.len();
        // What was stored beyond the acknowledged is of those whose success is unknown.
        let unknown = (names.len() - 1).saturating_sub(told.acknowledged.len());
        assert!(unknown <= told.failed, "{unknown} stored of {} that failed", told.failed);
        failures.fetch_add(told.failed, Ordering::Relaxed);
        moments.extend(told.acknowledged.iter().map(|(_, at)| *at));
    }
    moments.sort_unstable();
    let failed = failures.into_inner();
    println!(
        "{} writes acknowledged in {:.0} s, {failed} answered with 5xx, {lost} acknowledged and lost",
        acknowledged(),
        (ended - began).as_secs_f64()
    );
    for (at, (node, moment)) in killed.iter().enumerate() {
        let next = killed.get(at + 1).map_or(ended, |(_, moment)| *moment);
        let gap = longest_gap(&moments, *moment, next);
        println!(
            "{node} at {:.0} s: {:.1} s without an acknowledged write",
            (*moment - began).as_secs_f64(),
            gap.as_secs_f64()
        );
    }
    assert_eq!(lost, 0);
}
