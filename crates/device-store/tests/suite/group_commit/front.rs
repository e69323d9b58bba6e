//! The queue and the thread, with an engine that does what the test says.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{Context, Poll, Waker};
use std::thread;

use device_core::{DeviceSet, Revision, SetKey, Username, What};
use device_store::conformance::fixtures::User;
use device_store::group_commit::{BatchLimits, Commit, Durable, Engine, GroupCommit, WAITING_MAX};
use device_store::{Cursor, Purged, StoreError, Swap};
use futures_channel::oneshot;
use futures_executor::block_on;
use parking_lot::Mutex;

use super::{KIND, LIMITS, Stored, swap};

/// An engine that tells of each commit, and ends it when it is told how.
struct Held {
    stored: Arc<Mutex<Stored>>,
    /// How many changes the commit adds and forgets.
    began: Sender<(usize, u64)>,
    end: Receiver<End>,
}

enum End {
    Durable,
    Failed,
    Panic,
}

impl Durable for Held {
    fn revision(&self, key: &SetKey) -> Result<Revision, StoreError> {
        self.stored.lock().revision(key)
    }

    fn set(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        self.stored.lock().set(key)
    }

    fn alias(&self, name: &[u8]) -> Result<Option<Username>, StoreError> {
        self.stored.lock().alias(name)
    }
}

impl Engine for Held {
    fn commit(&mut self, commit: Commit) -> io::Result<()> {
        let forgotten = commit.forgotten.end - commit.forgotten.start;
        self.began.send((commit.changes.len(), forgotten)).unwrap();
        match self.end.recv().unwrap() {
            End::Durable => self.stored.lock().apply(commit),
            End::Failed => return Err(io::Error::other("no disk")),
            End::Panic => panic!("as the test says"),
        }
        Ok(())
    }
}

struct World {
    stored: Arc<Mutex<Stored>>,
    began: Receiver<(usize, u64)>,
    end: Sender<End>,
    /// Dropped last: a test that fails leaves an engine that waits for its end.
    commits: GroupCommit,
}

impl World {
    fn new(limits: BatchLimits) -> Self {
        let stored = Arc::new(Mutex::new(Stored::default()));
        let (began, when_begun) = mpsc::channel();
        let (end, how) = mpsc::channel();
        let engine = Held { stored: Arc::clone(&stored), began, end: how };
        let commits = GroupCommit::start(engine, limits, 10_000, 1..1).unwrap();
        Self { stored, began: when_begun, end, commits }
    }

    /// The first swap of that user's set, in the queue.
    fn swap(&self, user: &User) -> Asked<'_, Swap> {
        let (reply, _) = oneshot::channel();
        let request = swap(user, &DeviceSet::default(), "phone", reply);
        self.asked(self.commits.swap(
            request.key,
            request.expected,
            request.next,
            request.record,
            request.change,
        ))
    }

    fn asked<'a, T: 'a>(
        &'a self,
        answer: impl Future<Output = Result<T, StoreError>> + 'a,
    ) -> Asked<'a, T> {
        let mut asked = Asked(Box::pin(answer));
        if let Poll::Ready(answer) = asked.0.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            asked.0 = Box::pin(std::future::ready(answer));
        }
        asked
    }

    /// One in a commit, so many in the queue.
    fn with_waiting(&self, count: usize) -> (Asked<'_, Swap>, Vec<Asked<'_, Swap>>) {
        let first = self.swap(&User::named("/a", "first"));
        assert_eq!(self.began.recv().unwrap(), (1, 0));
        let waiting = (0..count).map(|number| self.swap(&numbered(number))).collect();
        (first, waiting)
    }
}

/// An answer that is waited for.
struct Asked<'a, T>(Pin<Box<dyn Future<Output = Result<T, StoreError>> + 'a>>);

impl<T> Asked<'_, T> {
    fn answer(self) -> Result<T, StoreError> {
        block_on(self.0)
    }
}

fn numbered(number: usize) -> User {
    User::named("/b", &format!("user-{number}"))
}

#[test]
fn what_waits_shares_a_commit() {
    let world = World::new(LIMITS);
    let (first, waiting) = world.with_waiting(10);
    world.end.send(End::Durable).unwrap();
    assert_eq!(first.answer(), Ok(Swap::Stored));
    assert_eq!(world.began.recv().unwrap(), (10, 0));
    world.end.send(End::Durable).unwrap();
    assert!(waiting.into_iter().all(|swap| swap.answer() == Ok(Swap::Stored)));

    let user = User::named("/a", "first");
    let set = world.stored.lock().sets[&user.key(KIND)].clone();
    assert_eq!(world.swap(&user).answer(), Ok(Swap::Conflict(set)), "without a commit");
    let purge = world.commits.purge(
        user.realm.clone(),
        user.owner.username.clone(),
        user.change(What::Purged),
    );
    let purge = world.asked(purge);
    world.end.send(End::Durable).unwrap();
    assert_eq!(purge.answer(), Ok(Purged { sets: 1, devices: 1 }));
    assert_eq!(world.stored.lock().changes.len(), 12);
}

#[test]
fn a_long_trim_lets_others_through() {
    let world = World::new(BatchLimits { forgotten_max: 4, ..LIMITS });
    let (_, _) = world.with_waiting(9);
    world.end.send(End::Durable).unwrap();
    assert_eq!(world.began.recv().unwrap(), (9, 0));
    let trim = world.asked(world.commits.trim(Cursor::from_sequence(9)));
    let swap = world.swap(&User::named("/a", "second"));
    for expected in [(0, 4), (0, 4), (1, 1)] {
        world.end.send(End::Durable).unwrap();
        assert_eq!(world.began.recv().unwrap(), expected);
    }
    world.end.send(End::Durable).unwrap();
    assert_eq!((trim.answer(), swap.answer()), (Ok(9), Ok(Swap::Stored)));
    assert_eq!(world.stored.lock().kept, 10..12);
}

#[test]
fn the_queue_is_bounded() {
    let world = World::new(LIMITS);
    let (first, waiting) = world.with_waiting(WAITING_MAX);
    let refused = world.swap(&User::named("/a", "late")).answer();
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    for _ in 0..=WAITING_MAX.div_ceil(LIMITS.requests_max) {
        world.end.send(End::Durable).unwrap();
    }
    assert_eq!(first.answer(), Ok(Swap::Stored));
    assert!(waiting.into_iter().all(|swap| swap.answer() == Ok(Swap::Stored)));
}

#[test]
fn what_was_accepted_is_durable_at_the_end() {
    let world = World::new(LIMITS);
    let (first, mut waiting) = world.with_waiting(2);
    // Nobody waits for this one any more.
    drop(waiting.pop());
    thread::scope(|scope| {
        let ends: [_; 2] = std::array::from_fn(|_| scope.spawn(|| world.commits.close()));
        world.end.send(End::Durable).unwrap();
        world.end.send(End::Durable).unwrap();
        for end in ends {
            end.join().unwrap();
            assert_eq!(world.stored.lock().sets.len(), 3);
        }
    });
    assert_eq!(first.answer(), Ok(Swap::Stored));
    assert_eq!(waiting.pop().unwrap().answer(), Ok(Swap::Stored));
    let closed = Err(StoreError::Unavailable("it is closed".into()));
    assert_eq!(world.swap(&numbered(7)).answer(), closed);
    world.commits.close();
    assert_eq!(world.commits.failure(), None);
    assert!(world.began.recv().is_ok() && world.began.recv().is_err(), "the engine is gone");
}

#[test]
fn dropping_it_waits_as_well() {
    let World { commits, stored, began, end } = World::new(LIMITS);
    let (reply, _) = oneshot::channel();
    let request = swap(&numbered(0), &DeviceSet::default(), "phone", reply);
    let (key, next) = (request.key, request.next);
    let mut asked =
        Box::pin(commits.swap(key, request.expected, next, request.record, request.change));
    assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(asked);
    began.recv().unwrap();
    thread::scope(|scope| {
        let dropped = scope.spawn(|| drop(commits));
        end.send(End::Durable).unwrap();
        dropped.join().unwrap();
    });
    assert_eq!(stored.lock().sets.len(), 1);
}

#[test]
fn after_a_failure_nothing_is_written() {
    let world = World::new(LIMITS);
    let (first, waiting) = world.with_waiting(3);
    assert_eq!(world.commits.failure(), None);
    world.end.send(End::Failed).unwrap();
    let answer = first.answer();
    assert!(matches!(answer, Err(StoreError::Unknown { .. })), "{answer:?}");
    assert!(waiting.into_iter().all(|swap| swap.answer() == Err(StoreError::ReadOnly)));
    assert_eq!(world.swap(&numbered(7)).answer(), Err(StoreError::ReadOnly));
    assert_eq!(world.commits.failure().as_deref(), Some("no disk"));
    assert!(world.began.recv().is_err(), "the engine is gone");
    assert!(world.stored.lock().sets.is_empty());
}

#[test]
fn nobody_waits_for_an_engine_that_panicked() {
    let world = World::new(LIMITS);
    let (first, waiting) = world.with_waiting(3);
    world.end.send(End::Panic).unwrap();
    let answer = first.answer();
    assert!(matches!(answer, Err(StoreError::Unknown { .. })), "{answer:?}");
    assert!(waiting.into_iter().all(|swap| swap.answer() == Err(StoreError::ReadOnly)));
    world.commits.close();
}

/// The committer takes all that waits at once, and more than fits in a batch.
#[test]
fn what_was_taken_for_later_batches_is_refused_at_the_end() {
    for end in [End::Failed, End::Panic] {
        let world = World::new(BatchLimits { requests_max: 2, ..LIMITS });
        let (first, waiting) = world.with_waiting(5);
        world.end.send(End::Durable).unwrap();
        assert_eq!(first.answer(), Ok(Swap::Stored));
        assert_eq!(world.began.recv().unwrap(), (2, 0));
        world.end.send(end).unwrap();
        let answers: Vec<_> = waiting.into_iter().map(Asked::answer).collect();
        let (in_doubt, refused) = answers.split_at(2);
        assert!(in_doubt.iter().all(|it| matches!(it, Err(StoreError::Unknown { .. }))));
        assert_eq!(refused, vec![Err(StoreError::ReadOnly); 3]);
    }
}
