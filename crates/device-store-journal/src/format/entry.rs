//! Entries: the records in a frame, and what the index says of them.

use super::FRAME_HEADER_BYTES;
use super::fields::Fields;

/// Bytes of an entry besides key and value.
pub(crate) const ENTRY_BYTES: usize = 23;

/// Bytes of an entry of the index besides the key.
pub(crate) const INDEX_ENTRY_BYTES: usize = ENTRY_BYTES + 4;

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    Set = 1,
    Alias = 2,
    Change = 3,
    SetForgotten = 4,
    AliasForgotten = 5,
}

/// Which keys of the directory an entry speaks of: those of sets and of aliases may be the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Space {
    Sets = 0,
    Aliases = 1,
}

impl Tag {
    fn from_number(number: u8) -> Option<Self> {
        let all = [Self::Set, Self::Alias, Self::Change, Self::SetForgotten, Self::AliasForgotten];
        all.into_iter().find(|tag| *tag as u8 == number)
    }

    /// The keys it speaks of; `None` for changes, which are not in the directory.
    pub(crate) fn space(self) -> Option<Space> {
        match self {
            Self::Set | Self::SetForgotten => Some(Space::Sets),
            Self::Alias | Self::AliasForgotten => Some(Space::Aliases),
            Self::Change => None,
        }
    }

    /// Whether it says that there is nothing under the key any more.
    pub(crate) fn is_forgotten(self) -> bool {
        matches!(self, Self::SetForgotten | Self::AliasForgotten)
    }
}

/// A record in a segment: what the directory needs to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) tag: Tag,
    pub(crate) key: &'a [u8],
    /// The number of the commit that wrote it first.
    pub(crate) commit: u64,
    /// The revision of the set; 0 in others.
    pub(crate) revision: u64,
    /// Where the value is in the file.
    pub(crate) offset: u32,
    /// Bytes of the value.
    pub(crate) length: u32,
}

impl Record<'_> {
    /// The number of the change, if it is one.
    pub(crate) fn change_number(&self) -> Option<u64> {
        (self.tag == Tag::Change).then(|| Fields(self.key).array().map(u64::from_be_bytes))?
    }

    /// Bytes it takes in a segment, its entry in the index included.
    pub(crate) fn segment_bytes(&self) -> u64 {
        segment_bytes(self.key.len(), self.length)
    }
}

/// Bytes a record takes in a segment, its entry in the index included.
pub(crate) fn segment_bytes(key_bytes: usize, value_bytes: u32) -> u64 {
    (ENTRY_BYTES + INDEX_ENTRY_BYTES + 2 * key_bytes) as u64 + u64::from(value_bytes)
}

/// Adds an entry to a frame that starts at `frame_at` in its file. Returns the record; its offset is the value's.
pub(crate) fn push_entry<'a>(
    frame: &mut Vec<u8>,
    frame_at: u32,
    tag: Tag,
    key: &'a [u8],
    commit: u64,
    revision: u64,
    value: &[u8],
) -> Record<'a> {
    // Keys and records have limits far below these types' (`device_core::limits`, `RECORD_BYTES_MAX`).
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    push_head(frame, tag, key, length, commit, revision);
    frame.extend_from_slice(key);
    let offset = frame_at.saturating_add(u32::try_from(frame.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(value);
    Record { tag, key, commit, revision, offset, length }
}

/// Adds an entry to an index.
pub(crate) fn push_index_entry(frame: &mut Vec<u8>, record: &Record<'_>) {
    push_head(frame, record.tag, record.key, record.length, record.commit, record.revision);
    frame.extend_from_slice(&record.offset.to_le_bytes());
    frame.extend_from_slice(record.key);
}

fn push_head(frame: &mut Vec<u8>, tag: Tag, key: &[u8], length: u32, commit: u64, revision: u64) {
    frame.push(tag as u8);
    frame.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&commit.to_le_bytes());
    frame.extend_from_slice(&revision.to_le_bytes());
}

/// The records in the payload of a frame that starts at `frame_at` in its file, with their values. `None` in place of one that is not an entry.
pub(crate) fn entries(
    payload: &[u8],
    frame_at: u32,
) -> impl Iterator<Item = Option<(Record<'_>, &[u8])>> {
    let mut fields = Fields(payload);
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed || fields.0.is_empty() {
            return None;
        }
        let entry = entry(&mut fields, payload.len(), frame_at);
        failed = entry.is_none();
        Some(entry)
    })
}

fn entry<'a>(
    fields: &mut Fields<'a>,
    payload_bytes: usize,
    frame_at: u32,
) -> Option<(Record<'a>, &'a [u8])> {
    let (tag, key_bytes, length, commit, revision) = head(fields)?;
    let key = fields.bytes(key_bytes)?;
    let offset = FRAME_HEADER_BYTES + (payload_bytes - fields.0.len());
    let offset = frame_at.checked_add(u32::try_from(offset).ok()?)?;
    let value = fields.bytes(usize::try_from(length).ok()?)?;
    Some((Record { tag, key, commit, revision, offset, length }, value))
}

/// The records in the payload of an index. `None` in place of one that is not an entry.
pub(crate) fn index_entries(payload: &[u8]) -> impl Iterator<Item = Option<Record<'_>>> {
    let mut fields = Fields(payload);
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed || fields.0.is_empty() {
            return None;
        }
        let entry = index_entry(&mut fields);
        failed = entry.is_none();
        Some(entry)
    })
}

fn index_entry<'a>(fields: &mut Fields<'a>) -> Option<Record<'a>> {
    let (tag, key_bytes, length, commit, revision) = head(fields)?;
    let offset = fields.u32()?;
    let key = fields.bytes(key_bytes)?;
    Some(Record { tag, key, commit, revision, offset, length })
}

fn head(fields: &mut Fields<'_>) -> Option<(Tag, usize, u32, u64, u64)> {
    let tag = Tag::from_number(fields.u8()?)?;
    let key_bytes = usize::from(fields.u16()?);
    let length = fields.u32()?;
    Some((tag, key_bytes, length, fields.u64()?, fields.u64()?))
}
