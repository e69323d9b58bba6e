//! What the segments say together: whether one of them is missing its end, where to go on, which changes are kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::change_log::ChangeLog;
use crate::directory::Location;
use crate::error::{OpenError, damaged_segment};
use crate::format::{FrameState, Kind};
use crate::planted::planted;
use crate::segment::{Segment, segment_name};

/// What was found in a segment.
#[derive(Debug)]
pub(crate) struct Found<F> {
    pub(crate) segment: Arc<Segment<F>>,
    /// Whether it has its index, and so is full.
    pub(crate) indexed: bool,
    /// Whether it says itself that no commit is missing at its end.
    pub(crate) closed: bool,
    /// Whether a commit begins at its end that is not complete.
    pub(crate) torn: bool,
    pub(crate) index_bytes: usize,
    /// Where the last frame starts, if frames were read.
    pub(crate) last_frame: Option<u32>,
    /// The state after its last frame; commit 0 if there is none.
    pub(crate) state: FrameState,
}

impl<F> Found<F> {
    pub(crate) fn is_commits(&self) -> bool {
        matches!(self.segment.kind, Kind::Commits { .. })
    }

    fn previous(&self) -> u32 {
        match self.segment.kind {
            Kind::Commits { previous } => previous,
            Kind::Copies { .. } => 0,
        }
    }

    /// Whether nothing was ever committed in it.
    fn is_empty(&self) -> bool {
        self.state.commit == 0
    }
}

/// Checks that no commit is missing at the end of a segment, or of all of them. Gives back the state after the last commit. Takes the segments in the order of their ids.
///
/// A frame that is not good at the end of a segment is a commit that a crash interrupted. It is damage if a later commit follows in the next segment, or if compaction has seen it.
pub(crate) fn check_chain<F>(found: &[Found<F>]) -> Result<FrameState, OpenError> {
    let commits: Vec<_> = found.iter().filter(|found| found.is_commits()).collect();
    for segment in commits.iter().filter(|found| !found.is_empty()) {
        let before = commits.iter().find(|found| found.segment.id == segment.previous());
        if let Some(before) = before
            && before.state.commit.checked_add(1) != Some(segment.state.first)
        {
            let reason = format!(
                "its last good commit is {}, but the next segment begins with {}",
                before.state.commit, segment.state.first
            );
            return Err(damaged_segment(segment_name(before.segment.id), reason));
        }
    }
    let last = commits.iter().filter(|found| !found.is_empty()).max_by_key(|it| it.state.commit);
    let durable = last.map(|found| found.state.clone()).unwrap_or_default();
    if let Some(last) = last {
        check_ends(&commits, last.segment.id)?;
    }
    let seen = found.iter().max_by_key(|found| found.state.commit);
    if let Some(seen) = seen.filter(|seen| seen.state.commit > durable.commit) {
        let name = last.map_or("the journal".to_owned(), |last| segment_name(last.segment.id));
        let reason = format!(
            "it ends with commit {}, but compaction has seen commit {}",
            durable.commit, seen.state.commit
        );
        return Err(damaged_segment(name, reason));
    }
    Ok(durable)
}

/// Checks that no commit is missing at the end of a segment whose next one was compacted away: it got its index before that, which says where it ends.
fn check_ends<F>(commits: &[&Found<F>], last: u32) -> Result<(), OpenError> {
    let written = || commits.iter().filter(|found| !found.is_empty());
    for segment in commits.iter().filter(|found| found.segment.id < last && !found.closed) {
        let is_followed = written().any(|next| next.previous() == segment.segment.id);
        // One that was prepared and not taken is removed before anything is compacted.
        let was_not_taken =
            segment.is_empty() && written().any(|other| other.previous() == segment.previous());
        if !is_followed && !was_not_taken {
            let reason = "its index is damaged, and nothing else says where its commits end";
            return Err(damaged_segment(segment_name(segment.segment.id), reason));
        }
    }
    Ok(())
}

/// Where the journal goes on.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// The segment to write to; `None` if a new one is needed.
    pub(crate) active: Option<u32>,
    /// The one after it.
    pub(crate) prepared: Option<u32>,
    /// Segments in which nothing was ever committed, and which nobody needs.
    pub(crate) useless: Vec<u32>,
}

/// Finds out where the journal goes on: after the last commit, unless that segment is full, which a trailer without an index says, too, or ends in a torn frame, whose remains must not be taken for a later one's.
pub(crate) fn tail<F>(found: &[Found<F>]) -> Tail {
    let commits: Vec<_> = found.iter().filter(|found| found.is_commits()).collect();
    let last = commits.iter().rfind(|found| !found.is_empty());
    let last_id = last.map(|found| found.segment.id);
    let fresh = commits.iter().rfind(|found| {
        found.is_empty()
            && !found.torn
            && !found.indexed
            && last_id.is_none_or(|last| found.segment.id > last && found.previous() == last)
    });
    let fresh = fresh.map(|found| found.segment.id);
    let is_open = |last: &Found<F>| {
        (!last.closed || planted!(ClosedContinued) && !last.indexed)
            && (!last.torn || planted!(TornTailContinued))
    };
    let (active, prepared) = match last {
        Some(last) if is_open(last) => (Some(last.segment.id), fresh),
        _ => (fresh, None),
    };
    let useless = commits
        .iter()
        .filter(|found| found.is_empty() && Some(found.segment.id) != fresh)
        .map(|found| found.segment.id)
        .collect();
    Tail { active, prepared, useless }
}

/// The places of the changes that are kept, all of which must have been found.
pub(crate) fn change_log(
    durable: &FrameState,
    found: &BTreeMap<u64, Location>,
) -> Result<ChangeLog, OpenError> {
    let mut places = VecDeque::new();
    for number in durable.kept.clone() {
        match found.get(&number) {
            Some(place) => places.push_back(*place),
            None => return Err(damaged_segment(format!("change {number}"), "it is not there")),
        }
    }
    Ok(ChangeLog::new(durable.kept.start, places))
}
