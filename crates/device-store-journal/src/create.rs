//! Making segments for commits.

use std::io;
use std::sync::Arc;

use crate::files::{Files, JournalFile};
use crate::format::{HEADER_BYTES, Header, Kind};
use crate::journal::Journal;
use crate::planted::planted;
use crate::segment::{Segment, segment_name, spare_name, unfinished_name};

/// A segment to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewSegment {
    pub(crate) id: u32,
    /// The segment of commits that is written before it.
    pub(crate) previous: u32,
    /// Bytes it may grow to.
    pub(crate) capacity: u32,
}

/// What a segment is made of.
#[derive(Debug)]
pub(crate) enum Material<F> {
    /// A new file. It grows with each commit, which costs the disk more than writing over something.
    Empty,
    /// A new file full of zeros.
    Zeros,
    /// The file of a segment that is no longer needed, under the spare name of that segment.
    Spare { of: u32, file: F },
}

/// Makes a segment and its name durable. From then on every file of that name begins with a good header, or it is damaged.
pub(crate) fn create<F: Files>(
    files: &F,
    new: NewSegment,
    material: Material<F::File>,
) -> io::Result<Arc<Segment<F::File>>> {
    let NewSegment { id, previous, capacity } = new;
    let (name, file) = match material {
        Material::Empty => (spare_name(id), files.create(&spare_name(id))?),
        Material::Zeros => {
            let file = files.create(&spare_name(id))?;
            fill_with_zeros(&file, capacity)?;
            (spare_name(id), file)
        }
        Material::Spare { of, file } => (spare_name(of), file),
    };
    let header = Header { id, kind: Kind::Commits { previous } };
    file.write_all_at(&header.to_bytes(), 0)?;
    if !planted!(HeaderNotSynced) {
        file.sync()?;
    }
    files.rename(&name, &segment_name(id))?;
    files.sync_names()?;
    let mut segment = Segment::new(header, file);
    segment.capacity = capacity;
    Ok(Arc::new(segment))
}

/// Names, as long as writer and upkeep both change some.
impl<F: Files> Journal<F> {
    /// [`create`]s a segment.
    pub(crate) fn create(
        &self,
        new: NewSegment,
        material: Material<F::File>,
    ) -> io::Result<Arc<Segment<F::File>>> {
        let segment = create(&self.files, new, material);
        self.confirm_names(segment)
    }

    /// Makes all names durable.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        self.confirm_names(self.files.sync_names())
    }

    /// After a sync of names: if it failed, what the other one syncs next may be lost. If the other one's failed meanwhile, it may have lost what this one synced.
    fn confirm_names<T>(&self, synced: io::Result<T>) -> io::Result<T> {
        let synced = synced.inspect_err(|_| self.handover.doubt_names())?;
        if self.handover.take_names_doubted() && !planted!(NamesNotDoubted) {
            renew_names(&self.files).inspect_err(|_| self.handover.doubt_names())?;
        }
        Ok(synced)
    }
}

/// Makes all names durable, those too that a sync that failed has lost: they are written again only with a further change.
pub(crate) fn renew_names<F: Files>(files: &F) -> io::Result<()> {
    let name = unfinished_name(0);
    if !planted!(NamesNotRewritten) {
        files.create(&name)?;
        files.remove(&name)?;
    }
    files.sync_names()
}

fn fill_with_zeros<F: JournalFile>(file: &F, bytes: u32) -> io::Result<()> {
    /// Bytes of one write.
    const PIECE: u32 = 1 << 20;
    let zeros = vec![0; bytes.min(PIECE) as usize];
    let mut at = HEADER_BYTES;
    while at < bytes {
        let piece = (bytes - at).min(PIECE) as usize;
        file.write_all_at(&zeros[..piece], u64::from(at))?;
        at = at.saturating_add(PIECE);
    }
    Ok(())
}
