//! Latencies as histograms, and errors by kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest latency that is told apart from longer ones, microseconds: ten minutes.
const MOST_US: u64 = 600_000_000;
/// Digits that are kept.
const DIGITS: u8 = 3;

#[derive(Default)]
pub(crate) struct Tally(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    latencies: BTreeMap<&'static str, Histogram<u64>>,
    errors: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// A histogram as it is reported, milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
    /// Of each bucket that is not empty: the longest latency in it, and how many.
    pub(crate) buckets: Vec<(f64, u64)>,
}

impl Tally {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn took(&self, what: &'static str, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(MOST_US).clamp(1, MOST_US);
        let mut counted = self.counted();
        let histogram = counted.latencies.entry(what).or_insert_with(|| {
            Histogram::new_with_bounds(1, MOST_US, DIGITS).expect("the bounds are sound constants")
        });
        histogram.saturating_record(us);
    }

    pub(crate) fn wrong(&self, what: &'static str, error: String) {
        *self.counted().errors.entry(what).or_default().entry(error).or_default() += 1;
    }

    pub(crate) fn errors(&self) -> BTreeMap<&'static str, BTreeMap<String, u64>> {
        self.counted().errors.clone()
    }

    pub(crate) fn latencies(&self) -> BTreeMap<&'static str, Latency> {
        let ms = |us: u64| us as f64 / 1e3;
        let of = |h: &Histogram<u64>| Latency {
            count: h.len(),
            p50: ms(h.value_at_quantile(0.5)),
            p90: ms(h.value_at_quantile(0.9)),
            p99: ms(h.value_at_quantile(0.99)),
            p999: ms(h.value_at_quantile(0.999)),
            max: ms(h.max()),
            buckets: h.iter_recorded().map(|b| (ms(b.value_iterated_to()), b.count_at_value())).collect(),
        };
        self.counted().latencies.iter().map(|(what, h)| (*what, of(h))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_keep_their_quantiles_and_errors_their_kind() {
        let tally = Tally::default();
        for ms in 1..=1_000 {
            tally.took("read", Duration::from_millis(ms));
        }
        tally.wrong("read", "503".to_owned());
        tally.wrong("read", "503".to_owned());
        let latencies = tally.latencies();
        let read = &latencies["read"];
        assert_eq!(read.count, 1_000);
        assert!((read.p50 - 500.0).abs() < 1.0 && (read.p99 - 990.0).abs() < 1.0, "{read:?}");
        assert_eq!(read.buckets.iter().map(|(_, n)| n).sum::<u64>(), 1_000);
        assert_eq!(tally.errors()["read"]["503"], 2);
    }
}
