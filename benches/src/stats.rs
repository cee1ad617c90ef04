//! Medians and spreads.

use serde::Serialize;

/// Where the samples of a measure lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    /// Lower and upper quartile.
    pub q1: f64,
    pub q3: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of no samples.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let at = |q| quantile(&sorted, q);
        Some(Self { median: at(0.5), q1: at(0.25), q3: at(0.75), min, max })
    }
}

/// Value below which the share `q` of ascending samples lies, interpolated between neighbours; 0 of none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_does_not_depend_on_the_order() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        assert_eq!(spread, Spread { median: 3.0, q1: 2.0, q3: 4.0, min: 1.0, max: 5.0 });
        assert_eq!(Spread::of(&[2.0, 1.0]).unwrap().median, 1.5);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn quantiles_reach_both_ends() {
        let sorted: Vec<f64> = (0..=100).map(f64::from).collect();
        for q in [0.0, 0.5, 0.9, 0.99, 1.0] {
            assert!((quantile(&sorted, q) - q * 100.0).abs() < 1e-9);
        }
        assert_eq!(quantile(&[7.0], 0.99), 7.0);
    }
}
