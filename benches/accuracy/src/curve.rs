//! What confidences are worth: precision against recall over thresholds, and how often each confidence is right.

use serde::Serialize;

/// What was found somewhere: how sure the engine was, and whether it was right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judged {
    pub confidence: f64,
    pub right: bool,
}

/// Precision and recall when everything from a confidence up is taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Point {
    pub threshold: f64,
    pub found: usize,
    pub right: usize,
    /// 1 where nothing is found.
    pub precision: f64,
    pub recall: f64,
}

/// Confidences of one twentieth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Bin {
    pub from: f64,
    pub to: f64,
    pub number: usize,
    pub right: usize,
    pub share_right: f64,
    /// The true share is above this in 39 of 40 samples of this size (Wilson's interval of 95 %).
    pub lower_bound: f64,
}

const BINS: usize = 20;
/// Normal deviate of a two-sided interval of 95 %.
const Z: f64 = 1.959_964;

/// One point for each hundredth; `there` instances are to be found.
pub(crate) fn precision_recall(judged: &[Judged], there: usize) -> Vec<Point> {
    (0..=100u32).map(|percent| at_threshold(judged, there, f64::from(percent) / 100.0)).collect()
}

pub(crate) fn at_threshold(judged: &[Judged], there: usize, threshold: f64) -> Point {
    let kept = || judged.iter().filter(|j| j.confidence >= threshold);
    let (found, right) = (kept().count(), kept().filter(|j| j.right).count());
    Point { threshold, found, right, precision: share(right, found), recall: share(right, there) }
}

/// A part of a whole; 1 of none, since nothing of it is wrong.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The bins that hold something, lowest first.
pub(crate) fn reliability(judged: &[Judged]) -> Vec<Bin> {
    let mut counts = [(0, 0); BINS];
    for j in judged {
        // An edge belongs to the bin above it, whatever its last bit says.
        let bin = ((j.confidence * BINS as f64 + 1e-9) as usize).min(BINS - 1);
        counts[bin].0 += 1;
        counts[bin].1 += usize::from(j.right);
    }
    let edge = |i: usize| (i * 100 / BINS) as f64 / 100.0;
    let filled = counts.iter().enumerate().filter(|(_, (number, _))| *number > 0);
    filled
        .map(|(i, &(number, right))| Bin {
            from: edge(i),
            to: edge(i + 1),
            number,
            right,
            share_right: share(right, number),
            lower_bound: wilson_low(right, number),
        })
        .collect()
}

/// Lower end of Wilson's score interval of 95 % (E. B. Wilson, JASA 22, 1927); 0 of no trials.
pub(crate) fn wilson_low(right: usize, trials: usize) -> f64 {
    if trials == 0 {
        return 0.0;
    }
    let (n, p, z2) = (trials as f64, share(right, trials), Z * Z);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((p + z2 / (2.0 * n) - spread) / (1.0 + z2 / n)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(all: &[(f64, bool)]) -> Vec<Judged> {
        all.iter().map(|&(confidence, right)| Judged { confidence, right }).collect()
    }

    #[test]
    fn a_curve_trades_recall_for_precision() {
        let judged =
            judged(&[(0.99, true), (0.95, true), (0.85, false), (0.80, true), (0.55, true), (0.52, false)]);
        let curve = precision_recall(&judged, 5);
        assert_eq!(curve.len(), 101);
        let at = |threshold: f64| *curve.iter().find(|p| (p.threshold - threshold).abs() < 1e-9).unwrap();
        assert_eq!((at(0.80).found, at(0.80).right), (4, 3));
        assert_eq!((at(0.80).precision, at(0.80).recall), (0.75, 0.6));
        assert_eq!((at(0.50).precision, at(0.50).recall), (4.0 / 6.0, 0.8));
        assert_eq!((at(0.90).precision, at(0.90).recall), (1.0, 0.4));
        assert_eq!((at(1.00).found, at(1.00).precision, at(1.00).recall), (0, 1.0, 0.0));
        assert!(curve.windows(2).all(|w| w[0].recall >= w[1].recall));
    }

    #[test]
    fn bins_are_twentieths_with_their_lower_edge() {
        let bins =
            reliability(&judged(&[(0.95, true), (1.0, true), (0.949, false), (0.55, false), (0.599, true)]));
        let rows: Vec<_> = bins.iter().map(|b| (b.from, b.to, b.number, b.right)).collect();
        assert_eq!(rows, [(0.55, 0.6, 2, 1), (0.9, 0.95, 1, 0), (0.95, 1.0, 2, 2)]);
        assert_eq!(bins[0].share_right, 0.5);
        for hundredths in (0..100).step_by(5) {
            let bins = reliability(&judged(&[(f64::from(hundredths) / 100.0, true)]));
            assert_eq!(bins[0].from, f64::from(hundredths) / 100.0, "an edge fell into the bin below");
        }
    }

    /// Values of the formula by hand, with z = 1.96: 10 of 10, 8 of 10, 198 of 200.
    #[test]
    fn wilson_s_bound_is_below_the_share_and_nears_it() {
        for (right, trials, expected) in [(10, 10, 0.7225), (8, 10, 0.4902), (198, 200, 0.9643), (0, 10, 0.0)]
        {
            let bound = wilson_low(right, trials);
            assert!((bound - expected).abs() < 2e-4, "{right} of {trials}: {bound}");
        }
        assert_eq!(wilson_low(0, 0), 0.0);
        assert!(wilson_low(9_900, 10_000) > wilson_low(99, 100));
    }
}
