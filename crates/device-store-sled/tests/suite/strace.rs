//! What the store asks of the kernel, seen from outside with `strace`: no acknowledgement without a sync that survives power loss, and few syncs for many writers.
//!
//! The test starts this test program as a process of its own under `strace`. That one writes a mark to its standard error right after each acknowledgement,
//! which puts it among the system calls.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use device_core::DeviceKind;
use device_store::conformance::fixtures::{User, enrol};
use device_store_sled::SledStore;
use futures_executor::block_on;
use futures_util::future::join_all;

use crate::support::{folder, has_strace, quick};

const FOLDER_VARIABLE: &str = "DEVREG_STRACE_FOLDER";

const SWAPS: usize = 25;
const WRITERS: usize = 64;
const SYNCS_FOR_WRITERS_MAX: usize = WRITERS / 4 - 1;

#[test]
fn an_acknowledged_swap_is_on_the_disk() {
    if !has_strace() {
        return;
    }
    let folder = folder();
    let trace = Trace::of(&folder.path().canonicalize().unwrap());
    trace.opening_is_synced();
    for number in 0..SWAPS {
        trace.is_synced(&format!("swap {number}"));
    }
    trace.has_no_blobs();
    trace.is_synced("long names");
    let syncs = trace.syncs_between("together", "all together");
    eprintln!("{syncs} syncs for {WRITERS} concurrent swaps");
    assert!((1..=SYNCS_FOR_WRITERS_MAX).contains(&syncs), "{syncs} syncs for {WRITERS} writers");
}

#[test]
#[ignore = "started as a process of its own by the other test"]
fn as_a_process_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let options =
        device_store_sled::Options { durability: device_store_sled::Durability::Sync, ..quick() };
    let store = SledStore::open(PathBuf::from(folder), options).unwrap();
    mark("opened");
    block_on(async {
        let user = User::named("/a", "bjensen").with_id("014c54bd");
        for number in 0..SWAPS {
            enrol(&store, &user, DeviceKind::Push, &format!("phone {number}")).await;
            mark(&format!("swap {number}"));
        }
        // Nothing fills a page as names do.
        let realm = format!("/{}", "\u{10348}".repeat(255)).repeat(16);
        for number in 0..40 {
            let user = User::named(&realm, &format!("user-{number}"));
            enrol(&store, &user, DeviceKind::Push, "phone").await;
            mark(&format!("long name {number}"));
        }
        enrol(&store, &user, DeviceKind::Push, "the last phone").await;
        mark("long names");
        let users: Vec<User> =
            (0..WRITERS).map(|number| User::named("/a", &format!("user-{number}"))).collect();
        mark("together");
        join_all(users.iter().map(|user| enrol(&store, user, DeviceKind::Push, "phone"))).await;
        mark("all together");
    });
}

/// One write, so that it is one system call.
fn mark(text: &str) {
    std::io::stderr().write_all(format!("mark {text};\n").as_bytes()).unwrap();
}

/// The system calls of a process in their order.
struct Trace {
    folder: String,
    calls: Vec<Call>,
}

/// One system call.
#[derive(Debug)]
struct Call {
    name: String,
    /// Its arguments and its result, file descriptors with their paths.
    rest: String,
    /// The lines of the trace in which it begins and ends.
    began: usize,
    ended: usize,
}

impl Trace {
    fn of(folder: &Path) -> Self {
        let output = folder.with_extension("strace");
        let status = Command::new("strace")
            .args(["-f", "-y", "-s", "64", "-o"])
            .arg(&output)
            .args(["-e", "trace=fdatasync,fsync,sync_file_range,pwrite64,write,openat"])
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "strace::as_a_process_of_its_own"])
            .env(FOLDER_VARIABLE, folder)
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        let text = String::from_utf8_lossy(&std::fs::read(&output).unwrap()).into_owned();
        std::fs::remove_file(&output).unwrap();
        Self { folder: folder.display().to_string(), calls: calls(&text) }
    }

    /// The line of a mark.
    fn mark(&self, text: &str) -> usize {
        let text = format!("\"mark {text};");
        let mark = self.calls.iter().find(|call| call.name == "write" && call.rest.contains(&text));
        mark.unwrap_or_else(|| panic!("no {text} in the trace")).began
    }

    /// Successful calls with that name on that file of the folder.
    fn on<'a>(&'a self, names: &'a [&str], file: &str) -> impl Iterator<Item = &'a Call> {
        let file = format!("<{}{file}>", self.folder);
        self.calls.iter().filter(move |call| {
            names.contains(&call.name.as_str())
                && call.rest.contains(&file)
                && !call.rest.contains("= -1")
        })
    }

    /// Before the mark, the data file was written and then synced: the sync began after the last write had ended.
    fn is_synced(&self, text: &str) {
        let mark = self.mark(text);
        let before = self.calls.iter().rfind(|call| call.began < mark && is_mark(call));
        let before = before.map_or(0, |call| call.began);
        let written = self
            .on(&["pwrite64", "write"], "/db")
            .filter(|call| call.began < mark)
            .map(|call| call.ended)
            .max()
            .unwrap();
        assert!(written > before, "nothing was written for `{text}`");
        let synced = self
            .on(&["fdatasync", "fsync"], "/db")
            .any(|call| call.began > written && call.ended < mark);
        assert!(synced, "`{text}` was acknowledged without a sync after the last write");
    }

    /// sled made no file of its own for a page.
    fn has_no_blobs(&self) {
        let folder = format!("{}/blobs/", self.folder);
        let made = |call: &&Call| call.name == "openat" && call.rest.contains("O_EXCL");
        let blob = self.calls.iter().filter(made).find(|call| call.rest.contains(&folder));
        assert!(blob.is_none(), "{blob:?}");
    }

    /// What opening made is synced, and so are the names in the folder after that. Before sled makes any file, the name is synced by which the folder is known as a store's.
    fn opening_is_synced(&self) {
        let mark = self.mark("opened");
        let opened = |file| {
            let path = format!("\"{}/{file}\"", self.folder);
            let mut opens = self.calls.iter().filter(|call| call.name == "openat");
            opens.find(|call| call.rest.contains(&path)).unwrap_or_else(|| panic!("no `{file}`"))
        };
        let between = opened("lock").ended..opened("conf").began;
        assert!(self.on(&["fsync"], "").any(|call| between.contains(&call.began)), "`lock`");
        let sync = |file| {
            self.on(&["fsync"], file)
                .filter(|call| call.ended < mark)
                .map(|call| call.ended)
                .max()
                .unwrap_or_else(|| panic!("`{file}` was not synced"))
        };
        let folder = sync("");
        for file in ["/db", "/conf", "/blobs"] {
            assert!(sync(file) < folder, "{file}");
        }
    }

    fn syncs_between(&self, first: &str, last: &str) -> usize {
        let lines = self.mark(first)..self.mark(last);
        self.on(&["fdatasync"], "/db").filter(|call| lines.contains(&call.began)).count()
    }
}

fn is_mark(call: &Call) -> bool {
    call.name == "write" && call.rest.contains("\"mark ")
}

/// Puts the lines of a trace together: a call during which another thread makes one has two, `name(... <unfinished ...>` and `<... name resumed>...`.
fn calls(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut unfinished: Vec<(&str, usize)> = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some((_, rest)) = text.split_once(" resumed>") {
            let at = unfinished.iter().position(|(waiting, _)| *waiting == thread).unwrap();
            let (_, call) = unfinished.swap_remove(at);
            calls[call].rest.push_str(rest);
            calls[call].ended = line;
        } else if let Some((name, rest)) = text.split_once('(') {
            if rest.ends_with("<unfinished ...>") {
                unfinished.push((thread, calls.len()));
            }
            calls.push(Call::new(name, rest, line));
        }
    }
    calls
}

impl Call {
    fn new(name: &str, rest: &str, line: usize) -> Self {
        Self { name: name.to_owned(), rest: rest.to_owned(), began: line, ended: line }
    }
}
