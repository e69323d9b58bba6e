//! Walking through the frames of a segment, from its header to the end of what was written.

use std::io;

use crate::files::JournalFile;
use crate::format::{
    ALIGNMENT, FRAME_HEADER_BYTES, Frame, FrameKind, FrameState, HEADER_BYTES, MAGIC_BYTES,
};

/// Bytes that are read at once.
const WINDOW_BYTES: usize = 1 << 20;

/// Where a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The end of the last good frame of records.
    pub(crate) at: u32,
    /// Whether a frame of this segment begins there that is not complete: a commit that a crash interrupted.
    pub(crate) torn: bool,
    /// What the index says of the store, if there is a good one: then no frame is missing.
    pub(crate) index: Option<FrameState>,
}

/// Why a walk could not be finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A frame is damaged, and what follows shows that it was whole once.
    #[error("the frame at byte {at} is damaged")]
    Damaged { at: u32 },
}

/// Calls `each` with the frames of records of a segment in their order, their payloads and where they start. Ends before the index, or at the byte `until`.
///
/// A frame that is not good is the end of what was written, unless a good one follows anywhere: each frame was durable before the next was written, so then it is damage.
pub(crate) fn frames<F: JournalFile>(
    file: &F,
    segment: u32,
    until: Option<u32>,
    mut each: impl FnMut(&Frame, &[u8], u32) -> Result<(), ScanError>,
) -> Result<Ended, ScanError> {
    let mut window = Window::new(file)?;
    window.length = window.length.min(until.map_or(u64::MAX, u64::from));
    let mut at = u64::from(HEADER_BYTES);
    loop {
        let place = place(at)?;
        match good_frame(&mut window, segment, at)? {
            Found::Good(frame) if frame.kind == FrameKind::Index => {
                return Ok(Ended { at: place, torn: false, index: Some(frame.state) });
            }
            Found::Good(frame) => {
                let payload = window.payload(at, &frame)?;
                each(&frame, payload, place)?;
                at += frame.bytes();
            }
            other => {
                if any_good_frame_after(&mut window, segment, at)? {
                    return Err(ScanError::Damaged { at: place });
                }
                let torn = matches!(other, Found::Torn);
                return Ok(Ended { at: place, torn, index: None });
            }
        }
    }
}

enum Found {
    Good(Frame),
    /// It begins like one of this segment.
    Torn,
    Nothing,
}

fn good_frame<F: JournalFile>(
    window: &mut Window<'_, F>,
    segment: u32,
    at: u64,
) -> io::Result<Found> {
    let Some(head) = window.bytes(at, FRAME_HEADER_BYTES)? else { return Ok(Found::Nothing) };
    let Some(frame) = Frame::parse(head).filter(|frame| frame.segment == segment) else {
        return Ok(Found::Nothing);
    };
    let bytes = usize::try_from(frame.bytes()).unwrap_or(usize::MAX);
    let whole = window.bytes(at, bytes)?;
    let good = whole.is_some_and(|bytes| frame.payload(bytes).is_some());
    Ok(if good { Found::Good(frame) } else { Found::Torn })
}

fn any_good_frame_after<F: JournalFile>(
    window: &mut Window<'_, F>,
    segment: u32,
    at: u64,
) -> io::Result<bool> {
    let mut at = at + ALIGNMENT as u64;
    while let Some(head) = window.bytes(at, MAGIC_BYTES)? {
        if head[0] == FrameKind::Commit.magic()[0]
            && matches!(good_frame(window, segment, at)?, Found::Good(_))
        {
            return Ok(true);
        }
        at += ALIGNMENT as u64;
    }
    Ok(false)
}

/// Offsets in a segment have 32 bits: no segment is longer.
fn place(at: u64) -> io::Result<u32> {
    u32::try_from(at).map_err(|_| io::Error::other("the segment is longer than 4 GiB"))
}

/// Reads a file in large pieces.
struct Window<'a, F> {
    file: &'a F,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a, F: JournalFile> Window<'a, F> {
    fn new(file: &'a F) -> io::Result<Self> {
        Ok(Self { file, length: file.length()?, start: 0, bytes: Vec::new() })
    }

    /// These bytes of the file; `None` if they go beyond its end.
    fn bytes(&mut self, at: u64, count: usize) -> io::Result<Option<&[u8]>> {
        let end = at.saturating_add(count as u64);
        if end > self.length {
            return Ok(None);
        }
        if at < self.start || end > self.start + self.bytes.len() as u64 {
            let most = usize::try_from(self.length - at).unwrap_or(usize::MAX);
            self.start = at;
            self.bytes.resize(most.min(WINDOW_BYTES.max(count)), 0);
            self.file.read_exact_at(&mut self.bytes, at)?;
        }
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..).and_then(|bytes| bytes.get(..count)))
    }

    /// The payload of a frame that is good.
    fn payload(&mut self, at: u64, frame: &Frame) -> io::Result<&[u8]> {
        let bytes = usize::try_from(frame.bytes()).unwrap_or(usize::MAX);
        let payload = FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + frame.payload_bytes as usize;
        let whole = self.bytes(at, bytes)?;
        whole
            .and_then(|bytes| bytes.get(payload))
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
