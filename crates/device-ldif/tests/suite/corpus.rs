//! The fuzzer's corpus, without a fuzzer.

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/ldif");
    let mut replayed = 0;
    for entry in fs::read_dir(folder).unwrap() {
        device_ldif::fuzz_target::ldif(&fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 10, "the corpus is gone: {replayed} files");
}
