//! The fuzzer's corpus, replayed without a fuzzer: what it found once is not found again.

use std::fs;
use std::path::Path;

use device_store::conformance::fuzz_targets;

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "the corpus of {target} is not there");
    for file in files {
        println!("{}", file.display());
        run(&fs::read(file).unwrap());
    }
}

#[test]
fn push_message() {
    replay("push_message", fuzz_targets::push_message);
}

#[test]
fn profile() {
    replay("profile", fuzz_targets::profile);
}

#[test]
fn record() {
    replay("record", fuzz_targets::record);
}

#[test]
fn set_key() {
    replay("set_key", fuzz_targets::set_key);
}
