//! The abuse cases of the threat model (`guarantees.md` 2) that are met at the wire, by their numbers: each is refused as `decisions.md` says, and changes
//! nothing, or exactly what is stated. `docs/wire.md` has them as a table.
//!
//! Case 42, clients that are slow, is in `bad_input::connections` and takes its time; 45 to 55 are not of the wire.

mod answers;
mod bodies;
mod callers;
mod changes;
mod connections;
mod flood;
mod permissions;
mod queries;
mod refreshes;
mod renames;
mod short_keys;
mod signatures;
mod targets;
mod tokens;
mod trace;

pub(crate) use bodies::{NOT_AN_OBJECT, malformed};
pub(crate) use callers::operations;

use crate::wire::tests;

#[test]
fn each_number_has_one_test() {
    let mut numbers: Vec<u8> = tests()
        .iter()
        .filter_map(|test| test.strip_prefix("abuse_cases::")?.split_once("::case_"))
        .map(|(_, name)| name[..2].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=41).chain(43..=44).collect::<Vec<u8>>());
}
