//! What may happen to a store: arbitrary operations of few users, so that they meet.

use device_core::limits::DEVICES_MAX;
use device_core::rules::OnLimit;
use device_core::strategies::{device_name, full_profile, profile, skip};
use device_core::{DeviceKind, DeviceName, Skip};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::conformance::fixtures::User;

/// Kinds with a skip setting, with refresh messages, and with neither.
pub(super) const KINDS: [DeviceKind; 3] =
    [DeviceKind::Oath, DeviceKind::Push, DeviceKind::WebAuthn];

/// Users: some of them are one user written in two ways, some share an id, some differ only in the realm.
pub(super) fn users() -> [User; 7] {
    [
        User::named("/", "bjensen"),
        User::named("/a", "bjensen").with_id("first-id"),
        User::named("/a", "BJensen").with_id("second-id"),
        User::named("/a", "scarter").with_id("FIRST-ID"),
        User::named("/a", "first-id"),
        User::named("/a/b", "bjensen").with_id("first-id"),
        User::named("/a-b", "*"),
    ]
}

/// One operation on a store. Users are numbers of [`users`]; an [`Index`] chooses among what there is when the operation runs.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// Loads a set, applies a rule, and swaps what becomes of it.
    Write { user: usize, kind: DeviceKind, rule: Rule },
    /// Applies a rule to a set as it was loaded some time ago, and swaps.
    LateWrite { seen: Index, rule: Rule },
    /// Forgets a user.
    Purge { user: usize },
    /// Forgets changes.
    Trim { through: Index },
    /// Reads a page of sets.
    Scan { after: Option<(usize, DeviceKind)>, limit: usize },
    /// Reads a page of changes.
    Changes { after: Option<Index>, limit: usize },
    /// Asks whose id that is.
    Resolve { user: usize },
    /// Closes the store and opens it again, where that is possible.
    Reopen,
}

/// A rule and its arguments.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Enrol { profile: String, limit: usize, on_limit: OnLimit },
    Delete { device: Index },
    Rename { device: Index, name: DeviceName },
    Reset,
    Refresh { device: Index, token: &'static str },
    SetSkip { skip: Skip },
    Use { device: Index, counter: u64 },
    UseCode { device: Index, code: Index },
    Restore { profiles: Vec<String>, skip: Skip, replace: bool },
}

/// An arbitrary history.
pub(super) fn history() -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..100)
}

fn operation() -> impl Strategy<Value = Operation> {
    // Two of them are one user: most operations meet there.
    let user = prop_oneof![3 => 1..3_usize, 2 => 0..users().len()];
    // Push twice: a refresh is heard only where a phone with a key is.
    let write = (user.clone(), select(vec![KINDS[0], KINDS[1], KINDS[1], KINDS[2]])).prop_flat_map(
        |(user, kind)| rule(kind).prop_map(move |rule| Operation::Write { user, kind, rule }),
    );
    // The kind is that of the seen set, which is not known yet: a rule that fits all kinds.
    let any_rule =
        prop_oneof![Just(Rule::Reset), skip().prop_map(|skip| Rule::SetSkip { skip }), rename()];
    let key = (user.clone(), select(&KINDS[..]));
    prop_oneof![
        20 => write,
        4 => (any::<Index>(), any_rule).prop_map(|(seen, rule)| Operation::LateWrite { seen, rule }),
        2 => user.clone().prop_map(|user| Operation::Purge { user }),
        1 => any::<Index>().prop_map(|through| Operation::Trim { through }),
        2 => (option::of(key), 0..6_usize).prop_map(|(after, limit)| Operation::Scan { after, limit }),
        2 => (option::of(any::<Index>()), 0..6_usize).prop_map(|(after, limit)| Operation::Changes { after, limit }),
        2 => user.prop_map(|user| Operation::Resolve { user }),
        1 => Just(Operation::Reopen),
    ]
}

fn rule(kind: DeviceKind) -> BoxedStrategy<Rule> {
    let device = any::<Index>;
    let on_limit = select(&[OnLimit::Refuse, OnLimit::Replace][..]);
    let limit = prop_oneof![Just(1), Just(3), Just(DEVICES_MAX)];
    let profiles = vec(profile(kind), 0..3);
    // A device with everything that rules look for, under an id that is new mostly.
    let full = "[a-z]{2}".prop_map(move |id| full_profile(kind).replace("uuid of a device", &id));
    let profile = prop_oneof![profile(kind), full];
    prop_oneof![
        8 => (profile, limit, on_limit)
            .prop_map(|(profile, limit, on_limit)| Rule::Enrol { profile, limit, on_limit }),
        2 => device().prop_map(|device| Rule::Delete { device }),
        2 => rename(),
        1 => Just(Rule::Reset),
        3 => (device(), select(&["first", "second", "third"][..]))
            .prop_map(|(device, token)| Rule::Refresh { device, token }),
        1 => skip().prop_map(|skip| Rule::SetSkip { skip }),
        2 => (device(), 0..20_u64).prop_map(|(device, counter)| Rule::Use { device, counter }),
        1 => (device(), any::<Index>()).prop_map(|(device, code)| Rule::UseCode { device, code }),
        1 => (profiles, skip(), any::<bool>())
            .prop_map(|(profiles, skip, replace)| Rule::Restore { profiles, skip, replace }),
    ]
    .boxed()
}

fn rename() -> impl Strategy<Value = Rule> {
    (any::<Index>(), device_name()).prop_map(|(device, name)| Rule::Rename { device, name })
}
