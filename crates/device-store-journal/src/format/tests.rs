//! What is written is read again, and nothing else is taken for it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Written {
    tag: Tag,
    key: Vec<u8>,
    commit: u64,
    revision: u64,
    value: Vec<u8>,
}

fn any_entry() -> impl Strategy<Value = Written> {
    let tag = prop::sample::select(vec![
        Tag::Set,
        Tag::Alias,
        Tag::Change,
        Tag::SetForgotten,
        Tag::AliasForgotten,
    ]);
    let (key, value) = (vec(any::<u8>(), 0..200), vec(any::<u8>(), 0..400));
    (tag, key, any::<u64>(), any::<u64>(), value).prop_map(|(tag, key, commit, revision, value)| {
        Written { tag, key, commit, revision, value }
    })
}

fn any_state() -> impl Strategy<Value = FrameState> {
    (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>())
        .prop_map(|(commit, first, start, end)| FrameState { commit, first, kept: start..end })
}

fn any_kind() -> impl Strategy<Value = FrameKind> {
    prop::sample::select(vec![FrameKind::Commit, FrameKind::Copies, FrameKind::Index])
}

/// A frame of these entries that starts at `at`, and their records.
fn frame_of<'a>(
    written: &'a [Written],
    kind: FrameKind,
    state: &FrameState,
    at: u32,
) -> (Vec<u8>, Vec<Record<'a>>) {
    let mut frame = FrameWriter::new();
    let records = written
        .iter()
        .map(|it| push_entry(frame.entry(), at, it.tag, &it.key, it.commit, it.revision, &it.value))
        .collect();
    assert_eq!(frame.frame_bytes() % ALIGNMENT, 0);
    let expected = frame.frame_bytes();
    let bytes = frame.finish(kind, 7, state).to_vec();
    assert_eq!(bytes.len(), expected);
    (bytes, records)
}

proptest! {
    #[test]
    fn frames_are_read_as_written(
        written in vec(any_entry(), 0..8),
        kind in any_kind(),
        state in any_state(),
        at in (1..1_000_000_u32).prop_map(|it| it * 64),
    ) {
        let (bytes, records) = frame_of(&written, kind, &state, at);
        let frame = Frame::parse(&bytes).unwrap();
        prop_assert_eq!(frame.bytes(), bytes.len() as u64);
        prop_assert_eq!((frame.kind, frame.segment, &frame.state), (kind, 7, &state));
        prop_assert_eq!(frame.entries as usize, written.len());
        let payload = frame.payload(&bytes).unwrap();
        let read: Vec<_> = entries(payload, at).map(Option::unwrap).collect();
        prop_assert_eq!(read.len(), written.len());
        for (((record, value), pushed), it) in read.iter().zip(&records).zip(&written) {
            prop_assert_eq!(record, pushed);
            prop_assert_eq!((record.tag, record.key), (it.tag, &*it.key));
            prop_assert_eq!((record.commit, record.revision), (it.commit, it.revision));
            prop_assert_eq!(*value, &it.value);
            // In the file, the value is where the record says.
            let from = (record.offset - at) as usize;
            prop_assert_eq!(&bytes[from..from + record.length as usize], &it.value);
        }
    }

    #[test]
    fn indexes_are_read_as_written(written in vec(any_entry(), 0..8), state in any_state()) {
        let (_, records) = frame_of(&written, FrameKind::Commit, &state, 64);
        let mut index = FrameWriter::new();
        records.iter().for_each(|record| push_index_entry(index.entry(), record));
        let entry_bytes: usize = written.iter().map(|it| INDEX_ENTRY_BYTES + it.key.len()).sum();
        let bytes = index.finish(FrameKind::Index, 7, &state).to_vec();
        let frame = Frame::parse(&bytes).unwrap();
        let payload = frame.payload(&bytes).unwrap();
        prop_assert_eq!(payload.len(), entry_bytes);
        let read: Vec<_> = index_entries(payload).map(Option::unwrap).collect();
        prop_assert_eq!(read, records);
    }

    #[test]
    fn a_frame_with_another_byte_is_not_good(
        written in vec(any_entry(), 1..4),
        state in any_state(),
        place in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let (mut bytes, _) = frame_of(&written, FrameKind::Commit, &state, 64);
        let payload_bytes = Frame::parse(&bytes).unwrap().payload_bytes as usize;
        let place = place.index(FRAME_HEADER_BYTES + payload_bytes);
        bytes[place] ^= change;
        prop_assert!(Frame::parse(&bytes).is_none_or(|frame| frame.payload(&bytes).is_none()));
    }

    #[test]
    fn a_shorter_frame_is_not_good(
        written in vec(any_entry(), 1..4),
        state in any_state(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (bytes, _) = frame_of(&written, FrameKind::Commit, &state, 64);
        let payload_bytes = Frame::parse(&bytes).unwrap().payload_bytes as usize;
        let short = &bytes[..cut.index(FRAME_HEADER_BYTES + payload_bytes)];
        prop_assert!(Frame::parse(short).is_none_or(|frame| frame.payload(short).is_none()));
    }

    #[test]
    fn arbitrary_bytes_are_no_frame(
        kind in any_kind(),
        has_magic in any::<bool>(),
        mut bytes in vec(any::<u8>(), 0..600),
    ) {
        if has_magic && bytes.len() >= MAGIC_BYTES {
            bytes[..MAGIC_BYTES].copy_from_slice(&kind.magic());
            if let Some(length) = bytes.get_mut(12..16) {
                length[1..].fill(0);
            }
        }
        if let Some(frame) = Frame::parse(&bytes) {
            prop_assert_eq!(frame.payload(&bytes), None);
            prop_assert!(frame.bytes() <= u64::from(u32::MAX) + 128);
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_to_their_end(bytes in vec(any::<u8>(), 0..600), at in any::<u32>()) {
        for (record, value) in entries(&bytes, at).flatten() {
            prop_assert_eq!(record.length as usize, value.len());
            let from = (record.offset - at) as usize - FRAME_HEADER_BYTES;
            prop_assert_eq!(&bytes[from..from + value.len()], value);
        }
        let entries: usize = entries(&bytes, at).count();
        prop_assert!(entries <= 1 + bytes.len() / (INDEX_ENTRY_BYTES - 4));
        prop_assert!(index_entries(&bytes).count() <= 1 + bytes.len() / INDEX_ENTRY_BYTES);
    }

    #[test]
    fn headers_are_read_as_written(id in any::<u32>(), number in any::<u32>(), copies in any::<bool>()) {
        let kind =
            if copies { Kind::Copies { end: number } } else { Kind::Commits { previous: number } };
        let header = Header { id, kind };
        let mut bytes = header.to_bytes();
        prop_assert_eq!(Header::parse(&bytes), Ok(header));
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            prop_assert!(Header::parse(&bytes).is_err());
            bytes[place] ^= 1;
        }
    }

    #[test]
    fn trailers_are_read_as_written(segment in any::<u32>(), index in any::<u32>()) {
        let trailer = Trailer { segment, index };
        let mut bytes = trailer.to_bytes();
        prop_assert_eq!(Trailer::parse(&bytes), Some(trailer));
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            prop_assert_eq!(Trailer::parse(&bytes), None);
            bytes[place] ^= 1;
        }
    }

    #[test]
    fn arbitrary_bytes_are_neither_header_nor_trailer(bytes in any::<[[u8; 32]; 2]>()) {
        let bytes: [u8; 64] = bytes.concat().try_into().unwrap();
        prop_assert!(Header::parse(&bytes).is_err());
        prop_assert_eq!(Trailer::parse(&bytes), None);
    }
}

#[test]
fn a_header_of_a_later_format_is_told_from_damage() {
    let mut bytes = Header { id: 1, kind: Kind::Commits { previous: 0 } }.to_bytes();
    bytes[8] = 2;
    let checksum = crc32c::crc32c(&bytes[..60]);
    bytes[60..].copy_from_slice(&checksum.to_le_bytes());
    let error = Header::parse(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "its format is 2; this version reads 1");
}
