//! Arbitrary names, profiles, drafts, sets and signed messages, for the property tests of this and other crates (feature `strategies`).
//!
//! Small alphabets on purpose: names must meet, fold alike and be taken twice for a test to see anything.

#![allow(
    clippy::unwrap_used,
    reason = "only tests use this: what is made here is valid, or the test must fail"
)]

mod messages;
mod names;
mod profiles;
mod sets;

pub use messages::{Signed, refresh_body, sign};
pub use names::{ODD_NAMES, device_id, device_name, owner, realm, user_id, username};
pub use profiles::{
    CANARY, draft, draft_with_id, full_profile, json_value, least_profile, profile,
};
pub use sets::{device_set, refreshes, skip};
