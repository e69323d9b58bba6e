//! What the public operations promise on any store, under writers that race: run by the tests of every backend.
//!
//! Each function takes a store of its own and panics where the promise does not hold. Writers are threads, as in a server.

use std::thread;

use device_core::rules::Use;
use device_core::{
    DeviceId, DeviceKind, DeviceName, Draft, Facts, IfMatch, Realm, Refusal, UserId,
};
use device_store::DeviceStore;
use futures_executor::block_on;

use crate::{Caller, Error, Policy, Registry, Request, User};

const KIND: DeviceKind = DeviceKind::Trusted;

fn operator() -> Caller {
    Caller::Operator { name: "conformance".into() }
}

/// A registry on `store` in which one user has one device.
fn with_one_device<S: DeviceStore>(
    store: S,
    kind: DeviceKind,
    profile: &str,
) -> (Registry<S>, User, DeviceId) {
    let registry = Registry::new(store, Policy::default());
    let user = User { realm: realm(), user_id: UserId::parse("bjensen").expect("a valid id") };
    let draft = Draft::parse(kind, profile).expect("a valid profile");
    let caller = operator();
    let enrolled = block_on(registry.enrol(
        &Request::by(&caller),
        &user,
        None,
        kind,
        draft,
        Default::default(),
    ));
    let id = enrolled.expect("an empty store takes a device").id;
    (registry, user, id)
}

fn realm() -> Realm {
    Realm::parse("/alpha").expect("a valid realm")
}

/// `writers` threads add one to a counter `additions` times each, through [`Registry::record_use`]. None sees an error, none is lost.
///
/// # Panics
/// Where that does not hold.
pub fn additions_are_never_lost<S: DeviceStore>(store: S, writers: u64, additions: u64) {
    let (registry, user, id) =
        with_one_device(store, KIND, r#"{"uuid":"7","name":"Firefox","selectionCounter":0}"#);
    thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                let caller = operator();
                let request = Request::by(&caller);
                for _ in 0..additions {
                    let used = registry.record_use(
                        &request,
                        &user,
                        KIND,
                        &id,
                        &Use::Selected,
                        IfMatch::Any,
                    );
                    block_on(used).expect("no writer sees an error");
                }
            });
        }
    });
    let caller = operator();
    let (device, _) = block_on(registry.read(&Request::by(&caller), &user, KIND, &id))
        .expect("the device is there");
    let Facts::Trusted { selection_counter, .. } = device.facts else { panic!("a trusted device") };
    assert_eq!(selection_counter, Some(writers * additions), "additions were lost");
}

/// In each of `contests` rounds `writers` threads rename a device under the same `If-Match`: exactly one wins, the others are told and change nothing.
///
/// # Panics
/// Where that does not hold.
pub fn one_writer_wins_a_revision<S: DeviceStore>(store: S, writers: usize, contests: usize) {
    let kind = DeviceKind::WebAuthn;
    let (registry, user, id) =
        with_one_device(store, kind, r#"{"uuid":"7","credentialId":"c","deviceName":"Key"}"#);
    for contest in 0..contests {
        let caller = operator();
        let request = &Request::by(&caller);
        let (before, _) =
            block_on(registry.read(request, &user, kind, &id)).expect("the device is there");
        let if_match = IfMatch::Exactly(before.revision);
        let (registry, user, id) = (&registry, &user, &id);
        let winners: Vec<String> = thread::scope(|scope| {
            let attempt = |writer: usize| {
                scope.spawn(move || {
                    let caller = operator();
                    let text = format!("Key {contest} {writer}");
                    let name = DeviceName::parse(&text).expect("a valid name");
                    match block_on(registry.rename(
                        &Request::by(&caller),
                        user,
                        kind,
                        id,
                        name,
                        if_match,
                    )) {
                        Ok(_) => Some(text),
                        Err(Error::Refused(Refusal::Stale { .. })) => None,
                        Err(error) => {
                            panic!("a loser is told that the revision is stale, not: {error}")
                        }
                    }
                })
            };
            let attempts: Vec<_> = (0..writers).map(attempt).collect();
            attempts
                .into_iter()
                .filter_map(|attempt| attempt.join().expect("no writer panics"))
                .collect()
        });
        let (after, _) =
            block_on(registry.read(request, user, kind, id)).expect("the device is there");
        assert_eq!(winners, [after.name.as_str()], "exactly one writer wins, and its name stays");
    }
}

/// While one thread enrols two devices and resets, over and over, readers see none, one or two devices in the order of their registration, but never a reset half done:
/// the second without the first, or devices of two rounds.
///
/// # Panics
/// Where that does not hold.
pub fn a_reset_is_seen_whole<S: DeviceStore>(store: S, rounds: usize) {
    let kind = DeviceKind::Push;
    let limits = crate::Limits::default().with(kind, 2);
    let registry = &Registry::new(store, Policy { limits, ..Policy::default() });
    let user = &User { realm: realm(), user_id: UserId::parse("bjensen").expect("a valid id") };
    let done = &std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || {
                let caller = operator();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let listing = block_on(registry.list(&Request::by(&caller), user, kind))
                        .expect("lists work");
                    let names: Vec<_> =
                        listing.set.devices.iter().map(|device| device.name.as_str()).collect();
                    match names.as_slice() {
                        [] => assert_eq!(
                            listing.set.skip,
                            device_core::Skip::NotSet,
                            "skip moves with the reset"
                        ),
                        [first] => assert!(first.ends_with(" a"), "half a reset: {names:?}"),
                        [first, second] => {
                            assert_eq!(first.replace(" a", " b"), **second, "two rounds mixed");
                        }
                        _ => panic!("too many devices: {names:?}"),
                    }
                }
            });
        }
        let caller = operator();
        let request = Request::by(&caller);
        for round in 0..rounds {
            for part in ["a", "b"] {
                let profile = format!("{{\"deviceName\":\"{round} {part}\"}}");
                let draft = Draft::parse(kind, &profile).expect("a valid profile");
                let enrolled =
                    registry.enrol(&request, user, None, kind, draft, Default::default());
                block_on(enrolled).expect("there is room");
            }
            block_on(registry.reset(&request, user, kind, IfMatch::Any)).expect("resets work");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
