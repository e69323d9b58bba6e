//! The clock and the source of randomness, so that tests and simulations can bring their own.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use device_core::Moment;

/// What the registry asks of the outside.
pub trait Surroundings: fmt::Debug + Send + Sync {
    /// The time, in milliseconds since 1970. May jump; nothing that must be ordered depends on it.
    fn now_ms(&self) -> u64;

    /// 128 random bits.
    fn random(&self) -> u128;

    /// Both, for a rule.
    fn moment(&self) -> Moment {
        Moment { now_ms: self.now_ms(), random: self.random() }
    }
}

/// The machine's clock, and random numbers of a generator in each thread that the operating system seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Surroundings for System {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads randomness")]
    fn random(&self) -> u128 {
        // Seeded by the operating system and again from time to time; asking that for every number costs as much as the HMAC of a refresh.
        rand::random()
    }
}
