use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::plan::checksum;

/// The remedy under test: every batch goes to a log of our own first, and what is in the log is
/// what is there; sled is thrown away at open and filled again from it.
///
/// A record is its length, a checksum of the rest, and keys and values with their lengths.
pub(crate) struct Log {
    file: File,
    end: u64,
}

/// Keys and values of one batch; no value removes the key.
pub(crate) type Records = Vec<(Vec<u8>, Option<Vec<u8>>)>;

impl Log {
    /// Opens the log, or makes one of zeros so that appending never changes its length. The
    /// whole records at its begin are handed to `each`; what follows them is overwritten.
    pub(crate) fn open(
        folder: &Path,
        mut each: impl FnMut(&Records) -> io::Result<()>,
    ) -> io::Result<Self> {
        let path = folder.join("log");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        if file.metadata()?.len() < LOG_BYTES {
            file.set_len(LOG_BYTES)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()?;
        }
        let bytes = fs::read(&path)?;
        let mut end = 0;
        while let Some((records, next)) = decode(&bytes, end) {
            each(&records)?;
            end = next;
        }
        // A record of a later batch may lie behind a hole: after the hole is filled, it would
        // follow. So the whole rest is cleared, not only its begin.
        if bytes[end..].iter().any(|byte| *byte != 0) {
            file.write_all_at(&vec![0; bytes.len() - end], end as u64)?;
            file.sync_all()?;
        }
        Ok(Self { file, end: end as u64 })
    }

    /// When this returns, the batch may be acknowledged.
    pub(crate) fn append(&mut self, records: &Records) -> io::Result<()> {
        let record = encode(records);
        self.file.write_all_at(&record, self.end)?;
        self.file.sync_data()?;
        self.end += record.len() as u64;
        assert!(self.end < LOG_BYTES, "the probe's log is full");
        Ok(())
    }
}

fn encode(records: &Records) -> Vec<u8> {
    let mut body = vec![];
    for (key, value) in records {
        let value_len = value.as_ref().map_or(u32::MAX, |value| value.len() as u32);
        body.extend((key.len() as u32).to_le_bytes());
        body.extend(value_len.to_le_bytes());
        body.extend(key);
        body.extend(value.iter().flatten());
    }
    let len = (body.len() as u64).to_le_bytes();
    [&len, checksum(&body).to_le_bytes().as_slice(), &body].concat()
}

fn decode(bytes: &[u8], at: usize) -> Option<(Records, usize)> {
    let word = |at: usize| {
        bytes.get(at..at + 8).map(|it| u64::from_le_bytes(it.try_into().expect("8 bytes")))
    };
    let len = usize::try_from(word(at)?).ok().filter(|len| *len > 0)?;
    let end = at.checked_add(16)?.checked_add(len)?;
    let mut body = bytes.get(at + 16..end)?;
    if checksum(body) != word(at + 8)? {
        return None;
    }
    let mut records = vec![];
    while !body.is_empty() {
        let half = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().expect("4 bytes"));
        let (key_len, value_len) = (half(0) as usize, half(4));
        let (key, rest) = body[8..].split_at(key_len);
        let value_bytes = if value_len == u32::MAX { 0 } else { value_len as usize };
        let (value, rest) = rest.split_at(value_bytes);
        records.push((key.to_vec(), (value_len != u32::MAX).then(|| value.to_vec())));
        body = rest;
    }
    Some((records, end))
}

const LOG_BYTES: u64 = 16 << 20;
