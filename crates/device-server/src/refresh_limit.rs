//! How often one source may send refresh messages for one username.
//!
//! It acts before the user is looked up, on the name as the message gives it, so that it tells nobody which users exist; and on the source too, so that whoever floods a user's name from elsewhere does not lock that user's
//! phone out. Source: `decisions.md` (Refresh).

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use device_core::{Realm, RefreshMessage, fold};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quick_cache::sync::Cache;

use crate::limits::REFRESHING_MAX;
use crate::source::network;

/// What is known of those who refreshed lately. Where more come than are kept, those are forgotten first who came once: too much is let through then, and no phone is refused.
#[derive(Debug)]
pub struct RefreshLimit {
    quota: Quota,
    seen: Cache<u64, Arc<DefaultDirectRateLimiter>>,
    /// Nobody outside knows which names share a digest.
    digests: RandomState,
    clock: DefaultClock,
}

impl RefreshLimit {
    /// At most `burst` messages at once, and `per_minute` in the long run.
    #[must_use]
    pub fn new(burst: NonZeroU32, per_minute: NonZeroU32) -> Self {
        Self {
            quota: Quota::per_minute(per_minute).allow_burst(burst),
            seen: Cache::new(REFRESHING_MAX),
            digests: RandomState::new(),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a message.
    ///
    /// # Errors
    /// How long to wait, if there were too many.
    pub fn count(
        &self,
        realm: &Realm,
        message: &RefreshMessage<'_>,
        source: IpAddr,
    ) -> Result<(), Duration> {
        let name = fold::fold(message.username.as_str());
        let key = self.digests.hash_one((realm.as_str(), name, network(source)));
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::new(RateLimiter::direct(self.quota)));
        let Ok(limiter) = self.seen.get_or_insert_with(&key, fresh);
        limiter.check().map_err(|refused| refused.wait_time_from(self.clock.now()))
    }
}
