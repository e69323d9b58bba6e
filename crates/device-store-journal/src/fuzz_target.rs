//! What the fuzzer calls, as a plain function, so that an ordinary test can replay its corpus.

use device_core::SetKey;
use device_store::PAGE_MAX;

use crate::format::{ALIGNMENT, Frame, HEADER_BYTES};
use crate::journal::Journal;
use crate::open::{Reading, open};
use crate::segment::segment_name;
use crate::simulation::SimulatedDisk;
use crate::writer::SegmentBytes;

/// Bytes of a segment, as they are and with all checksums put right: opening it never panics, and what opens can be read to its end.
///
/// # Panics
/// If something does not hold for the bytes.
pub fn segment(bytes: &[u8]) {
    let mut sealed = bytes.to_vec();
    seal(&mut sealed);
    for content in [bytes.to_vec(), sealed] {
        read(content.clone(), true);
        read(content, false);
    }
}

fn read(content: Vec<u8>, use_indexes: bool) {
    let disk = SimulatedDisk::new(1);
    // The one that it says to be, so that this is not all that is checked.
    let id =
        content.get(12..).and_then(<[u8]>::first_chunk).map_or(1, |id| u32::from_le_bytes(*id));
    disk.set_content(&segment_name(id), content);
    let segment_bytes = SegmentBytes { min: 4096, max: 4096 };
    let Ok(opened) = open(disk, Reading { threads: 1, use_indexes, segment_bytes }) else { return };
    let journal = Journal::new(opened, 0);
    let mut after: Option<SetKey> = None;
    loop {
        let Ok(page) = journal.scan(after.as_ref(), PAGE_MAX) else { break };
        let Some(last) = page.last() else { break };
        assert!(after.is_none_or(|after| after < last.key), "a scan goes on");
        after = Some(last.key.clone());
    }
    let mut after = None;
    while let Ok(page) = journal.changes(after, PAGE_MAX) {
        let Some(last) = page.last() else { break };
        assert!(after < Some(last.cursor), "the log goes on");
        after = Some(last.cursor);
    }
}

/// Puts the checksums right of the header, of whatever begins like a frame, and of a trailer. The fuzzer would not find them.
fn seal(bytes: &mut [u8]) {
    if let Some(header) = bytes.first_chunk_mut::<{ HEADER_BYTES as usize }>() {
        let checksum = crc32c::crc32c(&header[..60]);
        header[60..].copy_from_slice(&checksum.to_le_bytes());
    }
    for at in (HEADER_BYTES as usize..bytes.len()).step_by(ALIGNMENT) {
        let rest = &mut bytes[at..];
        if let Some(checksum) = Frame::parse(rest).and_then(|frame| frame.right_checksum(rest)) {
            rest[4..8].copy_from_slice(&checksum.to_le_bytes());
        }
    }
    if let Some(trailer) = bytes.last_chunk_mut::<64>() {
        let checksum = crc32c::crc32c(&trailer[8..]);
        trailer[4..8].copy_from_slice(&checksum.to_le_bytes());
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    #[test]
    fn the_corpus_is_replayed() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/segment");
        let files = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
        let replayed = files.map(|file| super::segment(&fs::read(file).unwrap())).count();
        assert!(replayed >= 5, "the corpus is gone: {replayed} files");
    }

    proptest! {
        /// What the fuzzer does, for a moment: golden files with some bytes changed.
        #[test]
        fn damaged_segments_are_read_or_refused(
            name in prop::sample::select(vec!["commits", "commits-indexed", "copies"]),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/segment");
            let mut bytes = fs::read(corpus.join(name)).unwrap();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            super::segment(&bytes);
        }
    }
}
