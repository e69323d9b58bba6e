//! What the store asks of the kernel, seen from outside with `strace`: no acknowledgement without a sync that survives power loss, and few syncs for many writers.
//!
//! The test starts this test program as a process of its own under `strace`. That one writes a mark to its standard error right after each acknowledgement,
//! which puts it among the system calls.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use device_core::DeviceKind;
use device_store::conformance::fixtures::{User, enrol};
use device_store_journal::{JournalStore, Options};
use futures_executor::block_on;
use futures_util::future::join_all;

use crate::tools::{folder, folder_of_this_process, has_strace};
use crate::trace::{Trace, mark};

const SWAPS: usize = 60;
const WRITERS: usize = 64;
const SYNCS_FOR_WRITERS_MAX: usize = WRITERS / 4 - 1;

#[test]
fn few_syncs_and_none_less() {
    if !has_strace() {
        return;
    }
    let folder = folder();
    let path = folder.path().canonicalize().unwrap();
    let trace = Trace::of("strace::as_a_process_of_its_own", &path);
    for alone in ["first", "second", "third"] {
        trace.is_one_write_and_one_sync(&format!("before the {alone}"), &format!("the {alone}"));
    }
    let lines = trace.mark("together")..trace.mark("all together");
    let syncs = trace.on("fdatasync", "segment-").filter(|call| lines.contains(&call.began));
    let syncs = syncs.count();
    println!("{syncs} syncs for {WRITERS} concurrent swaps");
    assert!((1..=SYNCS_FOR_WRITERS_MAX).contains(&syncs), "{syncs} syncs for {WRITERS} writers");
}

#[test]
fn an_acknowledged_swap_is_in_a_file_whose_name_is_durable() {
    if !has_strace() {
        return;
    }
    let folder = folder();
    let path = folder.path().canonicalize().unwrap();
    let trace = Trace::of("strace::as_a_process_with_small_segments", &path);
    let swaps = 0..SWAPS;
    let segments: BTreeSet<_> = swaps.map(|number| trace.is_synced(number)).collect();
    println!("{SWAPS} swaps in {} segments", segments.len());
    assert!(segments.len() > 3, "{segments:?}");
}

impl Trace {
    /// Between the marks the folder saw nothing but one write and one sync, of one file, in this order.
    fn is_one_write_and_one_sync(&self, from: &str, to: &str) {
        let lines = self.mark(from)..self.mark(to);
        let calls: Vec<_> = self
            .calls
            .iter()
            .filter(|call| lines.contains(&call.began) && call.segment().is_some())
            .map(|call| (call.name.as_str(), call.segment().unwrap()))
            .collect();
        let [("pwrite64", written), ("fdatasync", synced)] = calls[..] else {
            panic!("`{to}` took {calls:?}")
        };
        assert_eq!(written, synced);
    }

    /// Before the mark, the last frame was written to a segment, which was then synced; and if the segment got its name just now, the folder was synced after that. Gives back the segment.
    fn is_synced(&self, swap: usize) -> &str {
        let text = format!("swap {swap}");
        let mark = self.mark(&text);
        let written = self.on("pwrite64", "segment-").filter(|call| call.ended < mark);
        // The upkeep writes indexes into earlier ones at the same time.
        let written = written.max_by_key(|call| (call.segment(), call.ended)).unwrap();
        let segment = written.segment().unwrap();
        let synced = self
            .on("fdatasync", segment)
            .any(|call| call.began > written.ended && call.ended < mark);
        assert!(synced, "`{text}` was acknowledged without a sync after the last write");
        let name = format!("/{segment}\"");
        let named = self
            .calls
            .iter()
            .rfind(|call| call.name == "rename" && call.ended < mark && call.rest.contains(&name));
        // The first one of all is there since the start, under the same rule.
        let named = named.unwrap_or_else(|| panic!("`{segment}` never got its name"));
        let is_durable =
            self.on("fsync", "").any(|call| call.began > named.ended && call.ended < mark);
        assert!(is_durable, "`{text}` was acknowledged in a file whose name was not synced");
        segment
    }
}

#[test]
#[ignore = "started as a process of its own by another test"]
fn as_a_process_of_its_own() {
    /// Until the upkeep has nothing to do.
    const CALM: Duration = Duration::from_millis(100);
    let Some(folder) = folder_of_this_process() else { return };
    let user = User::named("/a", "bjensen").with_id("014c54bd");
    let store = JournalStore::open(&folder, &Options::default()).unwrap();
    thread::sleep(CALM);
    for alone in ["first", "second", "third"] {
        mark(&format!("before the {alone}"));
        block_on(enrol(&store, &user, DeviceKind::Push, alone));
        mark(&format!("the {alone}"));
    }
    let users: Vec<User> =
        (0..WRITERS).map(|number| User::named("/a", &format!("user-{number}"))).collect();
    mark("together");
    block_on(join_all(users.iter().map(|user| enrol(&store, user, DeviceKind::Push, "phone"))));
    mark("all together");
}

#[test]
#[ignore = "started as a process of its own by another test"]
fn as_a_process_with_small_segments() {
    let Some(folder) = folder_of_this_process() else { return };
    let mut options = Options::default();
    options.segment_bytes_min = 4 * 1024;
    options.segment_bytes_max = 4 * 1024;
    let store = JournalStore::open(&folder, &options).unwrap();
    for number in 0..SWAPS {
        let user = User::named("/a", &format!("user-{}", number % 5));
        block_on(enrol(&store, &user, DeviceKind::Push, &format!("phone {number}")));
        mark(&format!("swap {number}"));
    }
}
