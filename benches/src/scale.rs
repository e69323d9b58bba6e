//! How large a run is: `DEVREG_BENCH_QUICK=1` makes it a smoke test whose figures mean nothing.

use std::time::Duration;

use criterion::Criterion;

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Users of the small population, which fits into the processor's caches.
    pub users_few: usize,
    /// Users of the large one, which does not.
    pub users_many: usize,
    /// How long one figure is measured. Short: `scripts/bench` runs several rounds, and the noise between them is the larger one.
    pub measurement: Duration,
    /// Swaps in one slice for each that is in flight.
    pub swaps: usize,
}

impl Scale {
    /// The scale that the environment asks for.
    #[must_use]
    pub fn from_environment() -> Self {
        if std::env::var_os("DEVREG_BENCH_QUICK").is_some_and(|value| value == "1") {
            let measurement = Duration::from_millis(50);
            return Self { users_few: 100, users_many: 1_000, measurement, swaps: 10 };
        }
        let measurement = Duration::from_secs(1);
        Self { users_few: 1_000, users_many: 100_000, measurement, swaps: 1_000 }
    }

    /// Criterion, set to this scale.
    #[must_use]
    pub fn criterion(self) -> Criterion {
        Criterion::default()
            .sample_size(20)
            .warm_up_time(self.measurement / 2)
            .measurement_time(self.measurement)
            .without_plots()
            .configure_from_args()
    }
}
