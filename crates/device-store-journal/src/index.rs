//! The index of a full segment: made from its frames, so that a start need not read them, and compaction knows what is in it.

use std::io;

use crate::files::JournalFile;
use crate::format::{
    FRAME_HEADER_BYTES, Frame, FrameKind, FrameState, FrameWriter, HEADER_BYTES, Record,
    TRAILER_BYTES, Trailer, entries, index_entries, push_index_entry,
};
use crate::planted::planted;
use crate::scan::{Ended, ScanError, frames};

/// What a segment holds, read from its index or from its frames.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The records as entries of an index.
    index: Vec<u8>,
    /// The last commit in it and the state after it; the first one.
    pub(crate) state: FrameState,
    /// Where the frames of records end.
    pub(crate) ended: Ended,
    /// Where the last frame of records starts, if frames were read and there is one.
    pub(crate) last_frame: Option<u32>,
    /// Whether there was an index.
    pub(crate) indexed: bool,
    /// Whether index or trailer say that no frame is missing at its end.
    pub(crate) closed: bool,
}

impl Contents {
    /// The records.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        // They were checked when they were read.
        index_entries(&self.index).flatten()
    }

    /// Bytes of the entries of the index.
    pub(crate) fn index_bytes(&self) -> usize {
        self.index.len()
    }

    /// Reads the index of a segment, or its frames if it has none that is good.
    pub(crate) fn read<F: JournalFile>(
        file: &F,
        segment: u32,
        use_index: bool,
    ) -> Result<Self, ScanError> {
        if use_index && let Some(contents) = Self::from_index(file, segment)? {
            return Ok(contents);
        }
        Self::from_frames(file, segment)
    }

    fn from_index<F: JournalFile>(file: &F, segment: u32) -> io::Result<Option<Self>> {
        let Some((Trailer { index: at, .. }, trailer_at)) = trailer(file, segment)? else {
            return Ok(None);
        };
        let mut head = [0; FRAME_HEADER_BYTES];
        if u64::from(at) + head.len() as u64 > trailer_at {
            return Ok(None);
        }
        file.read_exact_at(&mut head, u64::from(at))?;
        let frame = Frame::parse(&head)
            .filter(|frame| frame.segment == segment && frame.kind == FrameKind::Index);
        let Some(frame) = frame.filter(|frame| u64::from(at) + frame.bytes() <= trailer_at) else {
            return Ok(None);
        };
        let mut bytes = vec![0; usize::try_from(frame.bytes()).unwrap_or(0)];
        file.read_exact_at(&mut bytes, u64::from(at))?;
        let believed = planted!(IndexTrusted);
        let payload = match frame.payload(&bytes) {
            None if believed => bytes.get(FRAME_HEADER_BYTES..),
            payload => payload,
        };
        let Some(payload) = payload else { return Ok(None) };
        // So that what is read for a record is never longer than the file, whoever wrote the index.
        let is_before = |record: &Record<'_>| {
            u64::from(record.offset) + u64::from(record.length) <= u64::from(at)
        };
        let entries = index_entries(payload).flatten().filter(is_before).count();
        if entries != frame.entries as usize && !believed {
            return Ok(None);
        }
        let index = payload.to_vec();
        let ended = Ended { at, torn: false, index: Some(frame.state.clone()) };
        let (state, last_frame, indexed) = (frame.state, None, true);
        Ok(Some(Self { index, state, ended, last_frame, indexed, closed: true }))
    }

    fn from_frames<F: JournalFile>(file: &F, segment: u32) -> Result<Self, ScanError> {
        let (mut index, mut last_frame) = (Vec::new(), None);
        let mut state = FrameState::default();
        let ended = frames(file, segment, None, |frame, payload, at| {
            let mut in_frame = 0;
            for entry in entries(payload, at) {
                // The checksum is right and the content is not: nobody wrote this.
                let (record, _value) = entry.ok_or(ScanError::Damaged { at })?;
                push_index_entry(&mut index, &record);
                in_frame += 1;
            }
            let follows = frame.kind == FrameKind::Copies
                || state.commit == 0
                || state.commit.checked_add(1) == Some(frame.state.commit);
            if in_frame != frame.entries as usize || !follows {
                return Err(ScanError::Damaged { at });
            }
            last_frame = Some(at);
            let first = if state.commit == 0 { frame.state.first } else { state.first };
            state = FrameState { first, ..frame.state.clone() };
            Ok(())
        })?;
        let trailer = trailer(file, segment)?.map(|(trailer, _)| trailer.index);
        if trailer.is_some_and(|index| index != ended.at) {
            return Err(ScanError::Damaged { at: ended.at });
        }
        let closed = trailer.is_some() || ended.index.is_some();
        // That of copies was made last, and may have seen a later commit than their frames.
        let state = ended.index.clone().unwrap_or(state);
        Ok(Self { index, state, ended, last_frame, indexed: false, closed })
    }

    /// Writes the index of a full segment after its frames, and the trailer at its end.
    pub(crate) fn write<F: JournalFile>(&self, file: &F, segment: u32) -> io::Result<()> {
        let mut frame = FrameWriter::new();
        for record in self.records() {
            push_index_entry(frame.entry(), &record);
        }
        write_index(file, segment, &self.state, &mut frame, self.ended.at)
    }
}

/// The trailer of a segment and where it is, if there is one.
fn trailer<F: JournalFile>(file: &F, segment: u32) -> io::Result<Option<(Trailer, u64)>> {
    let Some(at) = file.length()?.checked_sub(u64::from(TRAILER_BYTES)) else { return Ok(None) };
    let mut bytes = [0; TRAILER_BYTES as usize];
    file.read_exact_at(&mut bytes, at)?;
    let trailer = Trailer::parse(&bytes).filter(|trailer| trailer.segment == segment);
    Ok(trailer.map(|trailer| (trailer, at)))
}

/// Writes a frame of entries of the index at `at`, and the trailer. Nothing is synced.
pub(crate) fn write_index<F: JournalFile>(
    file: &F,
    segment: u32,
    state: &FrameState,
    index: &mut FrameWriter,
    at: u32,
) -> io::Result<()> {
    debug_assert!(at >= HEADER_BYTES);
    let frame = index.finish(FrameKind::Index, segment, state);
    let end = u64::from(at) + frame.len() as u64;
    file.write_all_at(frame, u64::from(at))?;
    // At the very end of the file, which may have been longer before.
    let trailer_at = end.max(file.length()?.saturating_sub(u64::from(TRAILER_BYTES)));
    let trailer = Trailer { segment, index: at }.to_bytes();
    file.write_all_at(&trailer, trailer_at)
}
