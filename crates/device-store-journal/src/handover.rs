//! What the writer and the upkeep hand each other: a prepared segment one way, full ones the other.

use std::sync::Arc;

use crate::format::FrameState;
use crate::planted::planted;
use crate::segment::Segment;
use crate::sync::{Condvar, Mutex};

/// The place where they meet.
#[derive(Debug)]
pub(crate) struct Handover<F> {
    state: Mutex<State<F>>,
    wake: Condvar,
}

#[derive(Debug)]
struct State<F> {
    /// The segment that is being written.
    active: u32,
    /// The segment that is written next.
    prepared: Option<Arc<Segment<F>>>,
    /// Full segments without an index.
    full: Vec<Arc<Segment<F>>>,
    next_id: u32,
    /// What the last durable commit said of the store.
    durable: FrameState,
    /// Whether a sync of names failed, of the writer or of the upkeep: then the other one's next one may miss what was lost in it.
    names_doubted: bool,
    /// Whether the upkeep has something to look at.
    woken: bool,
    ended: bool,
}

impl<F> Handover<F> {
    /// What was found at the start.
    pub(crate) fn new(
        active: u32,
        prepared: Option<Arc<Segment<F>>>,
        full: Vec<Arc<Segment<F>>>,
        next_id: u32,
        durable: FrameState,
    ) -> Self {
        // There may be something to do from the start.
        let (names_doubted, woken, ended) = (false, true, false);
        let state = State { active, prepared, full, next_id, durable, names_doubted, woken, ended };
        Self { state: Mutex::new(state), wake: Condvar::new() }
    }

    /// A number for a new segment.
    pub(crate) fn new_id(&self) -> u32 {
        let mut state = self.state.lock();
        state.next_id += 1;
        state.next_id - 1
    }

    pub(crate) fn active(&self) -> u32 {
        self.state.lock().active
    }

    /// The writer goes on in `active`; the one it wrote before is full. Gives back what was prepared to follow that one while the writer made `active` itself: it follows nothing now.
    #[must_use = "a segment that follows nothing must be removed"]
    pub(crate) fn roll(&self, active: u32, full: Arc<Segment<F>>) -> Option<Arc<Segment<F>>> {
        let mut state = self.state.lock();
        state.active = active;
        state.full.push(full);
        state.woken = true;
        let late = if planted!(PreparedForAnother) { None } else { state.prepared.take() };
        drop(state);
        self.wake.notify_one();
        late
    }

    /// The first full segment without an index.
    pub(crate) fn full(&self) -> Option<Arc<Segment<F>>> {
        self.state.lock().full.first().map(Arc::clone)
    }

    /// The segment has its index.
    pub(crate) fn indexed(&self, id: u32) {
        self.state.lock().full.retain(|segment| segment.id != id);
    }

    /// Says that a sync of names failed.
    pub(crate) fn doubt_names(&self) {
        self.state.lock().names_doubted = true;
    }

    /// Whether that was said since the last time.
    pub(crate) fn take_names_doubted(&self) -> bool {
        std::mem::take(&mut self.state.lock().names_doubted)
    }

    pub(crate) fn take_prepared(&self) -> Option<Arc<Segment<F>>> {
        self.state.lock().prepared.take()
    }

    pub(crate) fn has_prepared(&self) -> bool {
        self.state.lock().prepared.is_some()
    }

    /// Hands over a segment that was prepared to follow `previous`. Gives it back if the writer has gone on without it.
    pub(crate) fn prepared(
        &self,
        previous: u32,
        segment: Arc<Segment<F>>,
    ) -> Option<Arc<Segment<F>>> {
        let mut state = self.state.lock();
        if state.active != previous || state.prepared.is_some() {
            return Some(segment);
        }
        state.prepared = Some(segment);
        None
    }

    pub(crate) fn durable(&self) -> FrameState {
        self.state.lock().durable.clone()
    }

    pub(crate) fn set_durable(&self, durable: FrameState) {
        self.state.lock().durable = durable;
    }

    /// Waits until there may be something to do. `false` at the end.
    pub(crate) fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while !state.woken && !state.ended {
            self.wake.wait(&mut state);
        }
        state.woken = false;
        !state.ended
    }

    /// Ends the upkeep.
    pub(crate) fn end(&self) {
        self.state.lock().ended = true;
        self.wake.notify_all();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state.lock().ended
    }
}
