//! The fuzzer's corpus, without a fuzzer.

use std::fs;
use std::path::Path;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut replayed = 0;
    for entry in fs::read_dir(folder).unwrap() {
        body(&fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 10, "the corpus is gone: {replayed} files");
}

#[test]
fn requests_are_replayed() {
    replay("request", device_wire::fuzz_target::request);
}

#[test]
fn query_filters_are_replayed() {
    replay("query_filter", device_wire::fuzz_target::query_filter);
}
