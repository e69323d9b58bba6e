//! How much is in a batch, who waits for it, and who is told what when it fails.

use device_core::{DeviceSet, SetKey};
use device_store::conformance::fixtures::User;
use device_store::group_commit::{Plan, Request, TrimRequest};
use device_store::{Cursor, Purged, StoreError, Swap};
use futures_channel::oneshot;
use uuid::Uuid;

use super::{KIND, LIMITS, Stored, damaged, purge, swap};

fn plan(stored: &Stored) -> Plan<'_, Stored> {
    Plan::new(stored, LIMITS, 1_000_000, stored.kept.clone())
}

/// Stores the first set of a user.
fn store(stored: &mut Stored, user: &User) {
    let (reply, _) = oneshot::channel();
    let mut plan = plan(stored);
    assert!(plan.add(Request::Swap(swap(user, &DeviceSet::default(), "phone", reply))).is_none());
    let (commit, _) = plan.into_parts();
    stored.apply(commit);
}

#[test]
fn a_batch_has_limits() {
    let stored = Stored::default();
    let mut requests = plan(&stored);
    for number in 0..LIMITS.requests_max {
        assert!(!requests.is_full());
        let (reply, _) = oneshot::channel();
        let user = User::named("/a", &format!("user-{number}"));
        assert!(requests.add(Request::Purge(purge(&user, reply))).is_none());
    }
    assert!(requests.is_full());

    let mut bytes = plan(&stored);
    let (reply, _) = oneshot::channel();
    let mut large = swap(&User::named("/a", "bjensen"), &DeviceSet::default(), "phone", reply);
    large.record = vec![0; LIMITS.bytes_max];
    assert!(bytes.add(Request::Swap(large)).is_none());
    assert!(bytes.is_full());
}

#[test]
fn a_long_trim_comes_back() {
    let mut stored = Stored { kept: 1..2_501, ..Stored::default() };
    let (reply, mut answer) = oneshot::channel();
    let through = Cursor::from_sequence(2_400);
    let mut left = Some(Request::Trim(TrimRequest { through, forgotten: 0, reply }));
    for kept in [1_025..2_501, 2_049..2_501, 2_401..2_501] {
        assert_eq!(answer.try_recv().unwrap(), None);
        let mut plan = plan(&stored);
        left = plan.add(left.unwrap());
        let (commit, waiters) = plan.into_parts();
        assert_eq!(commit.kept, kept);
        stored.apply(commit);
        waiters.succeed();
    }
    assert!(left.is_none());
    assert_eq!(answer.try_recv().unwrap(), Some(Ok(2_400)));
}

#[test]
fn what_cannot_be_read_is_left_as_it_is() {
    let (set, alias, sound) = (
        User::named("/a", "anna"),
        User::named("/a", "bert").with_id("2"),
        User::named("/a", "carl"),
    );
    let mut stored = Stored::default();
    store(&mut stored, &alias);
    let current = stored.sets[&alias.key(KIND)].clone();
    let name = SetKey::name_bytes(&alias.realm, "2");
    stored.damaged = [set.key(KIND).as_bytes().into(), name.as_slice().into()].into();

    let mut plan = plan(&stored);
    for (user, current) in [(&set, &DeviceSet::default()), (&alias, &current)] {
        let (reply, mut answer) = oneshot::channel();
        assert!(plan.add(Request::Swap(swap(user, current, "phone 2", reply))).is_none());
        assert_eq!(answer.try_recv().unwrap(), Some(Err(damaged())));
        let (reply, mut answer) = oneshot::channel();
        assert!(plan.add(Request::Purge(purge(user, reply))).is_none());
        assert_eq!(answer.try_recv().unwrap(), Some(Err(damaged())));
    }
    let (reply, mut answer) = oneshot::channel();
    assert!(plan.add(Request::Swap(swap(&sound, &DeviceSet::default(), "phone", reply))).is_none());
    let (commit, waiters) = plan.into_parts();
    assert_eq!(commit.sets.keys().collect::<Vec<_>>(), [&sound.key(KIND)]);
    assert_eq!((commit.aliases.len(), commit.changes.len()), (0, 1));
    waiters.succeed();
    assert_eq!(answer.try_recv().unwrap(), Some(Ok(Swap::Stored)));
}

#[test]
fn what_is_not_durable_is_not_told() {
    let user = User::named("/a", "anna");
    for durable in [true, false] {
        let mut stored = Stored::default();
        store(&mut stored, &User::named("/a", "bert"));
        let mut plan = plan(&stored);
        let (reply, mut won) = oneshot::channel();
        let first = swap(&user, &DeviceSet::default(), "phone", reply);
        let (change, set) = (first.change.id, first.next.clone());
        assert!(plan.add(Request::Swap(first)).is_none());
        let (reply, mut lost) = oneshot::channel();
        let second = swap(&user, &DeviceSet::default(), "phone 2", reply);
        assert!(plan.add(Request::Swap(second)).is_none());
        let (reply, mut purged) = oneshot::channel();
        let first = purge(&user, reply);
        let purge_change = first.change.id;
        assert!(plan.add(Request::Purge(first)).is_none());
        let (reply, mut gone) = oneshot::channel();
        assert!(plan.add(Request::Purge(purge(&user, reply))).is_none());
        let (reply, mut trimmed) = oneshot::channel();
        let through = Cursor::from_sequence(1);
        let trim = TrimRequest { through, forgotten: 0, reply };
        assert!(plan.add(Request::Trim(trim)).is_none());
        assert_eq!(won.try_recv().unwrap(), None);
        assert_eq!(lost.try_recv().unwrap(), None);
        assert_eq!(purged.try_recv().unwrap(), None);
        assert_eq!(gone.try_recv().unwrap(), None);
        assert_eq!(trimmed.try_recv().unwrap(), None);

        let (_, waiters) = plan.into_parts();
        let unknown = |change| StoreError::Unknown { change };
        if durable {
            waiters.succeed();
            assert_eq!(won.try_recv().unwrap(), Some(Ok(Swap::Stored)));
            assert_eq!(lost.try_recv().unwrap(), Some(Ok(Swap::Conflict(set))));
            assert_eq!(purged.try_recv().unwrap(), Some(Ok(Purged { sets: 1, devices: 1 })));
            assert_eq!(gone.try_recv().unwrap(), Some(Ok(Purged::default())));
            assert_eq!(trimmed.try_recv().unwrap(), Some(Ok(1)));
        } else {
            waiters.fail();
            assert_eq!(won.try_recv().unwrap(), Some(Err(unknown(change))));
            assert_eq!(lost.try_recv().unwrap(), Some(Err(StoreError::ReadOnly)));
            assert_eq!(purged.try_recv().unwrap(), Some(Err(unknown(purge_change))));
            assert_eq!(gone.try_recv().unwrap(), Some(Err(StoreError::ReadOnly)));
            assert_eq!(trimmed.try_recv().unwrap(), Some(Err(unknown(Uuid::nil()))));
        }
    }
}

#[test]
fn who_lost_to_what_is_durable_is_told_at_once() {
    let user = User::named("/a", "anna");
    let mut stored = Stored::default();
    store(&mut stored, &user);
    let mut plan = plan(&stored);
    let (reply, mut lost) = oneshot::channel();
    assert!(
        plan.add(Request::Swap(swap(&user, &DeviceSet::default(), "phone 2", reply))).is_none()
    );
    let current = stored.sets[&user.key(KIND)].clone();
    assert_eq!(lost.try_recv().unwrap(), Some(Ok(Swap::Conflict(current))));
    let (reply, mut gone) = oneshot::channel();
    let unknown = User::named("/a", "bert");
    assert!(plan.add(Request::Purge(purge(&unknown, reply))).is_none());
    assert_eq!(gone.try_recv().unwrap(), Some(Ok(Purged::default())));
    let (commit, _) = plan.into_parts();
    assert_eq!((commit.sets.len(), commit.changes.len()), (0, 0));
}

#[test]
fn nothing_of_a_set_is_in_what_is_printed() {
    let stored = Stored::default();
    let user = User::named("/a", "bjensen").with_id("the-id");
    let (reply, _) = oneshot::channel();
    let swap = Request::Swap(swap(&user, &DeviceSet::default(), "the phone", reply));
    let (reply, _) = oneshot::channel();
    let purge = Request::Purge(purge(&user, reply));
    let mut printed = format!("{swap:?} {purge:?}");
    let mut plan = plan(&stored);
    assert!(plan.add(swap).is_none());
    printed += &format!("{plan:?}");
    let (commit, waiters) = plan.into_parts();
    let new = commit.sets.values().next().unwrap();
    printed += &format!("{commit:?} {waiters:?} {new:?}");
    for content in ["bjensen", "the-id", "the phone", "devices"] {
        assert!(!printed.contains(content), "{printed}");
    }
}
