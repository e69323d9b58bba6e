//! Figures of several rounds.

use serde::{Deserialize, Serialize};

/// A figure of several rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The least of them.
    pub least: f64,
    /// The one in the middle, or what lies between the two there.
    pub median: f64,
    /// The greatest.
    pub most: f64,
}

impl Spread {
    /// `None` of no figures.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = match figures.len() % 2 {
            0 => f64::midpoint(figures[middle - 1], figures[middle]),
            _ => figures[middle],
        };
        Some(Self { least, median, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_rounds() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[]), None);
        let odd = Spread { least: 1.0, median: 2.0, most: 9.0 };
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(odd));
        let even = Spread { least: 1.0, median: 3.0, most: 9.0 };
        assert_eq!(spread(&[9.0, 1.0, 2.0, 4.0]), Some(even));
    }
}
