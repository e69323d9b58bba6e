//! Faults that are put into the engine on purpose: a simulation that does not find them would not find real ones.

use std::cell::Cell;

use super::SimulatedDisk;

/// A fault to plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plant {
    /// A commit is shown and acknowledged without having been synced.
    CommitNotSynced,
    /// A commit that fills its segment is not synced, while the index of the segment says that it is there.
    LastFrameNotSynced,
    /// Readers see a commit before it is synced.
    ShownBeforeSync,
    /// Frames are taken for good without a look at their checksums.
    ChecksumIgnored,
    /// An index is believed because the trailer leads to it, whatever its checksum says.
    IndexTrusted,
    /// A new segment gets its name before its header is synced.
    HeaderNotSynced,
    /// Names are never synced.
    NamesNotSynced,
    /// The copies of compaction are not synced before the old segments go.
    CopiesNotSynced,
    /// The name of the copies is not synced before the old segments go.
    CopiesNameNotSynced,
    /// A copy is put in force although its key was written meanwhile.
    CopiesOverNewer,
    /// Compaction drops the record of a forgotten key while an older one is on the disk.
    TombstoneDropped,
    /// A copy is not counted as one more record of its key.
    CopiesNotCounted,
    /// A segment that was prepared to follow another one is gone on in all the same.
    PreparedForAnother,
    /// The journal goes on in a segment that ends with a torn frame.
    TornTailContinued,
    /// After a start, the last frame is synced but not written again: a sync that failed before may have lost it.
    LastFrameNotRewritten,
    /// After a start, names are synced without a further change: a sync that failed before may have lost them.
    NamesNotRewritten,
    /// The journal goes on in another segment while the one it leaves is empty, because a commit is too large for it.
    FollowedWhileEmpty,
    /// The journal goes on in a segment that has a trailer already, because its index was lost.
    ClosedContinued,
    /// The writer or the upkeep takes a name for durable although a sync of the other one, which failed meanwhile, has lost it.
    NamesNotDoubted,
    /// What is left of a torn frame stays as it is, and may become whole when the file grows.
    TornFrameKept,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::CommitNotSynced,
        Self::LastFrameNotSynced,
        Self::ShownBeforeSync,
        Self::ChecksumIgnored,
        Self::IndexTrusted,
        Self::HeaderNotSynced,
        Self::NamesNotSynced,
        Self::CopiesNotSynced,
        Self::CopiesNameNotSynced,
        Self::CopiesOverNewer,
        Self::TombstoneDropped,
        Self::CopiesNotCounted,
        Self::PreparedForAnother,
        Self::TornTailContinued,
        Self::LastFrameNotRewritten,
        Self::NamesNotRewritten,
        Self::FollowedWhileEmpty,
        Self::ClosedContinued,
        Self::NamesNotDoubted,
        Self::TornFrameKept,
    ];

    /// Plants those that the disk can have.
    pub(super) fn on_disk(self, disk: &SimulatedDisk) {
        match self {
            Self::NamesNotSynced => disk.ignore_name_syncs(),
            Self::CopiesNotSynced => disk.ignore_syncs("unfinished"),
            _ => {}
        }
    }
}

thread_local! {
    // A simulation is one thread, and nothing else runs in it: so the engine needs no argument for what production never has.
    static PLANTED: Cell<Option<Plant>> = const { Cell::new(None) };
}

/// Whether this fault is planted for this thread.
pub(crate) fn is_planted(plant: Plant) -> bool {
    PLANTED.get() == Some(plant)
}

/// A fault that is planted in this thread as long as this lives.
#[derive(Debug)]
pub(super) struct Planted(());

impl Planted {
    pub(super) fn new(plant: Option<Plant>) -> Self {
        PLANTED.set(plant);
        Self(())
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        PLANTED.set(None);
    }
}
