//! The suite that every backend runs: the contract of [`DeviceStore`] edge by edge, races, and random histories against a plain model.
//!
//! A backend says where its stores live and gets one test a sentence of the contract:
//!
//! ```
//! use device_store::conformance::Place;
//! use device_store::MemoryStore;
//!
//! #[derive(Default)]
//! struct InMemory;
//!
//! impl Place for InMemory {
//!     type Store = MemoryStore;
//!     const PERSISTS: bool = false;
//!
//!     fn open(&self, changes_kept: u64) -> MemoryStore {
//!         MemoryStore::with_changes_kept(changes_kept)
//!     }
//! }
//!
//! device_store::conformance_tests!(InMemory);
//!
//! // In a test of its own:
//! device_store::conformance::random_histories::<InMemory>(100);
//! ```
//!
//! The functions are async and generic over the store, and need no runtime: the contract says that futures do not depend on one. Those that race start
//! threads of their own, which wait for their futures with a plain executor. The number of random histories is the backend's choice, because
//! what one costs is: a place that persists is opened again several times in each.

#![allow(
    clippy::unwrap_used,
    reason = "only tests use this: what is not as it should be must fail the test"
)]

pub mod aliases;
pub mod changes;
pub mod fixtures;
pub mod fuzz_targets;
mod histories;
pub mod names;
pub mod purges;
pub mod races;
pub mod records;
pub mod reopens;
pub mod retention;
pub mod scans;
pub mod swaps;

pub use histories::random_histories;

use crate::{CHANGES_KEPT_DEFAULT, DeviceStore};

/// Where one store lives: a folder, a database, this process's memory. A new place is empty; what it holds goes with it.
pub trait Place: Default {
    /// The store under test.
    type Store: DeviceStore;

    /// Whether a store that is dropped and opened again still has everything.
    const PERSISTS: bool;

    /// Whether there are such places here at all. A place that needs a server, and finds none, says so where people see it, and its tests do nothing.
    fn is_there() -> bool {
        true
    }

    /// Opens the store that lives here, keeping at most `changes_kept` changes. Opened again only after the one opened before was dropped.
    fn open(&self, changes_kept: u64) -> Self::Store;
}

/// Runs a test on an empty store.
pub fn on_a_store<P: Place>(test: impl AsyncFnOnce(&P::Store)) {
    if !P::is_there() {
        return;
    }
    let place = P::default();
    let store = place.open(CHANGES_KEPT_DEFAULT);
    futures_executor::block_on(test(&store));
}

/// Runs a test on a place, if what it holds persists.
pub fn on_a_persistent_place<P: Place>(test: impl AsyncFnOnce(&P)) {
    if P::PERSISTS && P::is_there() {
        futures_executor::block_on(test(&P::default()));
    }
}

/// One `#[test]` for each function of the suite, on stores that live in the given [`Place`]. Random histories are not among them: see the module.
#[macro_export]
macro_rules! conformance_tests {
    ($place:ty) => {
        $crate::conformance_tests!(@on_a_store $place;
            swaps: unknown_sets_are_empty, a_first_swap_is_stored, later_swaps_follow, a_lost_swap_stores_nothing, one_of_two_swaps_is_stored,
                a_first_swap_of_a_stored_set_is_lost, sets_of_one_user_are_independent, misuse_is_refused, an_emptied_set_stays, revisions_may_skip;
            aliases: an_alias_comes_with_its_set, no_alias_where_id_and_name_are_one, a_lost_swap_stores_no_alias, a_stale_alias_stays,
                an_alias_leads_to_the_last_user_who_took_it, aliases_belong_to_realms;
            names: names_that_fold_alike_share_a_set, odd_names_are_only_names, realms_are_separate, long_names;
            records: every_kind_with_every_member, arbitrary_sets, sixty_four_devices, a_large_record, a_record_at_the_limits;
            scans: an_empty_store_has_an_empty_page, keys_in_order_realms_as_a_tree, pages_join, a_page_has_limits, a_walk_ends_anywhere,
                what_changes_meanwhile;
            changes: nothing_happened, changes_in_order, pages_join, lost_swaps_are_not_logged, every_member_of_a_change, a_page_has_limits;
            retention: trim_forgets, trim_of_everything, cursors_after_trim;
            purges: everything_of_a_user_goes, unknown_users_store_nothing, others_stay, writers_from_before_lose, a_new_start,
                aliases_others_have_taken_stay, misuse_is_refused;
            races: additions_to_one_set, writers_on_many_sets, one_winner_a_contest, nothing_missed_while_writers_run, the_log_agrees_with_the_sets,
                sets_are_seen_whole;
        );
        $crate::conformance_tests!(@on_a_persistent_place $place;
            reopens: sets_and_aliases_are_there, changes_go_on, swaps_go_on, purged_stays_purged, trimmed_stays_trimmed, a_large_record;
        );

        #[test]
        fn old_changes_are_forgotten() {
            $crate::conformance::retention::old_changes_are_forgotten::<$place>();
        }
    };
    (@$run:ident $place:ty; $($theme:ident: $($test:ident),+;)+) => {
        $(
            mod $theme {
                #[allow(unused_imports, reason = "the place may be named by its full path")]
                use super::*;

                $(
                    #[test]
                    fn $test() {
                        $crate::conformance::$run::<$place>($crate::conformance::$theme::$test);
                    }
                )+
            }
        )+
    };
}
