//! Looking at everything: each frame, each index, each record in force, both ways.

use device_core::SetKey;
use device_store::codec::{decode_alias, decode_change, decode_set};

use crate::files::{Files, JournalFile};
use crate::format::{FrameKind, Record, Tag, entries};
use crate::index::Contents;
use crate::journal::Journal;
use crate::scan::{ScanError, frames};
use crate::segment::{Segment, segment_name};
use crate::store::JournalStore;

/// What a walk over everything found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Segments that were read.
    pub segments: usize,
    /// Records in them, those that are no longer in force included.
    pub records: usize,
    /// Sets, aliases and changes in force that were read.
    pub in_force: usize,
    /// What is wrong, each in a line that names the place. Empty if all is well.
    pub problems: Vec<String>,
}

impl<F: Files> JournalStore<F> {
    /// Reads every frame of every segment and checks its checksum and its records, compares each index with the frames, and reads each record in force as a look-up would.
    /// Commits, reads and compaction go on meanwhile; what they change after the walk has passed is not seen.
    #[must_use]
    pub fn verify(&self) -> Verified {
        let mut verified = Verified::default();
        for segment in self.journal.segments.all() {
            let name = segment_name(segment.id);
            if let Err(error) = verify_segment(&segment, &mut verified) {
                verified.problems.push(format!("{name}: {error}"));
            }
            verified.segments += 1;
        }
        verify_in_force(&self.journal, &mut verified);
        verified
    }
}

fn verify_segment<F: JournalFile>(
    segment: &Segment<F>,
    verified: &mut Verified,
) -> Result<(), ScanError> {
    let end = segment.end();
    let name = segment_name(segment.id);
    let ended = frames(&segment.file, segment.id, Some(end), |frame, payload, at| {
        for entry in entries(payload, at) {
            let (record, value) = entry.ok_or(ScanError::Damaged { at })?;
            verified.records += 1;
            // The checksums of the record and of the frame are of the same bytes, but made at different times.
            if let Err(reason) = decode(&record, value) {
                let offset = record.offset;
                verified.problems.push(format!("{name}: the record at byte {offset}: {reason}"));
            }
        }
        debug_assert!(frame.kind != FrameKind::Index);
        Ok(())
    })?;
    if ended.at != end {
        return Err(ScanError::Damaged { at: ended.at });
    }
    if segment.is_indexed() {
        let by_index = Contents::read(&segment.file, segment.id, true)?;
        let by_frames = Contents::read(&segment.file, segment.id, false)?;
        if !by_index.indexed {
            verified
                .problems
                .push(format!("{name}: its index is damaged; a start reads its frames"));
        } else if !by_index.records().eq(by_frames.records()) {
            verified.problems.push(format!("{name}: its index is not that of its frames"));
        }
    }
    Ok(())
}

fn decode(record: &Record<'_>, value: &[u8]) -> Result<(), device_store::codec::DecodeError> {
    match record.tag {
        Tag::Set => decode_set(record.key, value).map(drop),
        Tag::Alias => decode_alias(record.key, value).map(drop),
        Tag::Change => decode_change(record.key, value).map(drop),
        Tag::SetForgotten | Tag::AliasForgotten => Ok(()),
    }
}

/// Reads what is in force as a look-up reads it.
fn verify_in_force<F: Files>(journal: &Journal<F>, verified: &mut Verified) {
    let (mut sets, mut aliases) = (Vec::new(), Vec::new());
    journal.directory.for_each(|space, key, known| match space {
        _ if known.is_forgotten() => {}
        crate::format::Space::Sets => sets.push(Box::<[u8]>::from(key)),
        crate::format::Space::Aliases => aliases.push(Box::<[u8]>::from(key)),
    });
    for key in sets {
        let read = match SetKey::from_bytes(&key) {
            Some(key) => journal.read_set(&key).map(drop).map_err(|error| error.to_string()),
            None => Err(format!("`{}` is not the key of a set", key.escape_ascii())),
        };
        verified.in_force += 1;
        verified.problems.extend(read.err());
    }
    for name in aliases {
        verified.in_force += 1;
        verified.problems.extend(journal.alias(&name).err().map(|error| error.to_string()));
    }
    let kept = journal.changes.read().kept();
    for number in kept {
        verified.in_force += 1;
        verified.problems.extend(journal.change(number).err().map(|error| error.to_string()));
    }
}
