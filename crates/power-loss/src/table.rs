use std::fmt::Write;

use crate::{Report, Verdict};

/// The report as lines for people: one row of counts, and the first failures of each kind with
/// the seed that builds each again.
pub fn table(name: &str, report: &Report) -> String {
    let mut text = format!("{:<24} {:>7}", "variant", "images");
    let images: u64 = report.counts.values().sum();
    for verdict in Verdict::ALL {
        // Writing to a string cannot fail.
        let _ = write!(text, " {verdict:>11}");
    }
    let _ = write!(text, "\n{name:<24} {images:>7}");
    for verdict in Verdict::ALL {
        let _ = write!(text, " {:>11}", report.counts.get(&verdict).copied().unwrap_or(0));
    }
    text.push('\n');
    for verdict in Verdict::ALL {
        let failures = report.failures.iter().filter(|failure| failure.verdict == verdict);
        for failure in failures.take(SHOWN_MAX) {
            let _ = writeln!(
                text,
                "  {verdict}: --seed {}, moment {}, {:?}, after `{}`: {:.200}",
                failure.seed, failure.moment, failure.policy, failure.acknowledged, failure.detail
            );
        }
    }
    text
}

/// Failures of one kind are mostly the same one.
const SHOWN_MAX: usize = 4;
