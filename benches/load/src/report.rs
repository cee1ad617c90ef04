//! What a run found, and which bounds it kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::Limits;
use crate::tally::{Latency, Tally};
use crate::watch::Sample;

pub(crate) const SCHEMA: &str = "takeoff-load/1";

#[derive(Debug, Serialize)]
pub(crate) struct Bound {
    what: &'static str,
    limit: f64,
    value: f64,
    kept: bool,
    /// Whether it was looked at for long enough to mean anything; otherwise it breaks nothing.
    judged: bool,
}

impl Bound {
    fn at_most(what: &'static str, limit: f64, value: f64) -> Self {
        // What could not be measured is not kept.
        Self { what, limit, value, kept: value <= limit, judged: true }
    }

    const fn word(&self) -> &'static str {
        match (self.kept, self.judged) {
            (_, false) => "too short to judge",
            (true, true) => "kept",
            (false, true) => "BROKEN",
        }
    }
}

/// What was run.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) seconds: u64,
    pub(crate) warm_up: u64,
    pub(crate) seed: u64,
    pub(crate) nodes: usize,
    /// Arrivals a second.
    pub(crate) rates: BTreeMap<&'static str, f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    engine: &'static str,
    build: &'static str,
    #[serde(flatten)]
    run: Run,
    /// Cores that were busy after the warm-up, by role: nodes with their children, database, bucket.
    cores: BTreeMap<&'static str, f64>,
    memory_slope_mib_per_minute: f64,
    latencies_ms: BTreeMap<&'static str, Latency>,
    errors: BTreeMap<&'static str, BTreeMap<String, u64>>,
    bounds: Vec<Bound>,
    samples: Vec<Sample>,
}

impl Report {
    /// # Errors
    /// Too short to see anything after the warm-up.
    pub(crate) fn of(run: Run, samples: Vec<Sample>, tally: &Tally, limits: &Limits) -> anyhow::Result<Self> {
        let warm: Vec<&Sample> = samples.iter().filter(|s| s.seconds >= run.warm_up as f64).collect();
        anyhow::ensure!(warm.len() >= 4, "too short: {} samples after the warm-up", warm.len());
        let slope = slope(&warm, |s| s.memory_mib);
        let (latencies_ms, errors) = (tally.latencies(), tally.errors());
        let answered: u64 = latencies_ms.values().map(|l| l.count).sum();
        let wrong: u64 = errors.values().flat_map(BTreeMap::values).sum();
        let p99 = |what| latencies_ms.get(what).map_or(f64::INFINITY, |l: &Latency| l.p99);
        let looked_at = warm[warm.len() - 1].seconds - warm[0].seconds;
        let memory = Bound::at_most("memory, MiB a minute", limits.max_memory_slope, slope);
        let bounds = vec![
            Bound { judged: looked_at >= limits.memory_from as f64, ..memory },
            Bound::at_most("queued jobs, growth", limits.max_queue_growth, growth(&warm, Sample::depth)),
            Bound::at_most(
                "open files, growth",
                limits.max_file_growth,
                growth(&warm, |s| s.open_files as f64),
            ),
            Bound::at_most("dead letters", 0.0, growth(&warm, |s| s.dead as f64) + warm[0].dead as f64),
            Bound::at_most("reads, p99 ms", limits.max_read_p99, p99("read")),
            Bound::at_most("writes, p99 ms", limits.max_write_p99, p99("write")),
            Bound::at_most(
                "errors of a thousand",
                limits.max_errors,
                wrong as f64 * 1e3 / (answered + wrong).max(1) as f64,
            ),
        ];
        Ok(Self {
            schema: SCHEMA,
            engine: env!("CARGO_PKG_VERSION"),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            cores: cores(&warm),
            run,
            memory_slope_mib_per_minute: slope,
            latencies_ms,
            errors,
            bounds,
            samples,
        })
    }

    pub(crate) const fn latencies(&self) -> &BTreeMap<&'static str, Latency> {
        &self.latencies_ms
    }

    pub(crate) fn kept(&self) -> bool {
        self.bounds.iter().all(|b| b.kept || !b.judged)
    }

    fn warm(&self) -> Vec<&Sample> {
        self.samples.iter().filter(|s| s.seconds >= self.run.warm_up as f64).collect()
    }

    pub(crate) fn table(&self) -> String {
        let mut out = format!(
            "takeoff {} ({} build, nodes: {}) under load for {} s, the first {} s warm-up\n\n",
            self.engine, self.build, self.run.nodes, self.run.seconds, self.run.warm_up
        );
        let _ =
            writeln!(out, "{:<24}{:>9}{:>10}{:>10}{:>10}{:>10}", "ms", "count", "p50", "p90", "p99", "max");
        for (what, l) in &self.latencies_ms {
            let _ = writeln!(
                out,
                "{what:<24}{:>9}{:>10.1}{:>10.1}{:>10.1}{:>10.1}",
                l.count, l.p50, l.p90, l.p99, l.max
            );
        }
        for (what, kinds) in &self.errors {
            for (kind, n) in kinds {
                let _ = writeln!(out, "error of {what}: {kind}, {n} times");
            }
        }
        let busy = self.cores.iter().map(|(role, cores)| format!("{role} {cores:.3}"));
        let _ = writeln!(out, "\ncores busy: {}", busy.collect::<Vec<_>>().join(", "));
        if let [first, .., last] = &self.warm()[..] {
            let _ = writeln!(
                out,
                "memory: {:.0} MiB after the warm-up, {:.0} at the end",
                first.memory_mib, last.memory_mib
            );
        }
        out.push('\n');
        for b in &self.bounds {
            let _ = writeln!(out, "{:<24}{:>12.2}   at most {:<10}{}", b.what, b.value, b.limit, b.word());
        }
        out
    }
}

/// By role, CPU time over time.
fn cores(samples: &[&Sample]) -> BTreeMap<&'static str, f64> {
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    let used = |role: &str| last.cpu_seconds[role] - first.cpu_seconds.get(role).copied().unwrap_or(0.0);
    let seconds = last.seconds - first.seconds;
    last.cpu_seconds.keys().map(|role| (*role, used(role) / seconds)).collect()
}

/// A minute, by least squares.
fn slope(samples: &[&Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    let n = samples.len() as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(|s| of(s)).sum::<f64>() / n;
    let (at, high) = (mean(&|s| s.seconds), mean(&value));
    let (mut both, mut square) = (0.0, 0.0);
    for s in samples {
        both += (s.seconds - at) * (value(s) - high);
        square += (s.seconds - at).powi(2);
    }
    both / square * 60.0
}

/// How much more the mean of the last quarter is than that of the first.
fn growth(samples: &[&Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    let quarter = (samples.len() / 4).max(1);
    let mean = |part: &[&Sample]| part.iter().map(|s| value(s)).sum::<f64>() / part.len() as f64;
    mean(&samples[samples.len() - quarter..]) - mean(&samples[..quarter])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: impl Fn(f64) -> f64, queued: impl Fn(f64) -> u64) -> Vec<Sample> {
        (0..120)
            .map(|n| {
                let seconds = f64::from(n);
                Sample {
                    seconds,
                    memory_mib: memory(seconds),
                    open_files: 20,
                    cpu_seconds: [("node", seconds * 0.5)].into(),
                    queued: [("ingest".to_owned(), queued(seconds))].into(),
                    dead: 0,
                }
            })
            .collect()
    }

    fn report(samples: Vec<Sample>, wrong: u64) -> Report {
        let limits = Limits {
            max_memory_slope: 1.0,
            memory_from: 90,
            max_queue_growth: 100.0,
            max_file_growth: 64.0,
            max_read_p99: 500.0,
            max_write_p99: 1_000.0,
            max_errors: 1.0,
        };
        let tally = Tally::default();
        for _ in 0..500 {
            tally.took("read", std::time::Duration::from_millis(3));
            tally.took("write", std::time::Duration::from_millis(3));
        }
        (0..wrong).for_each(|_| tally.wrong("read", "500".to_owned()));
        let run = Run { seconds: 120, warm_up: 20, seed: 1, nodes: 1, rates: BTreeMap::new() };
        Report::of(run, samples, &tally, &limits).unwrap()
    }

    fn broken(report: &Report) -> Vec<&str> {
        report.bounds.iter().filter(|b| !b.kept && b.judged).map(|b| b.what).collect()
    }

    #[test]
    fn a_leak_a_queue_that_grows_and_errors_break_their_bounds() {
        let flat = report(samples(|t| 200.0 + (t / 7.0).sin() * 2.0, |_| 3), 0);
        assert!((flat.cores["node"] - 0.5).abs() < 1e-9 && flat.table().contains("cores busy: node 0.500"));
        assert!(flat.kept() && flat.memory_slope_mib_per_minute.abs() < 1.0, "{:?}", flat.bounds);
        // Growth within the warm-up is none.
        assert!(report(samples(|t| 100.0 + t.min(20.0) * 5.0, |_| 3), 0).kept());
        let leak = report(samples(|t| 100.0 + t / 30.0, |_| 3), 0);
        assert!((leak.memory_slope_mib_per_minute - 2.0).abs() < 1e-6);
        assert_eq!(broken(&leak), ["memory, MiB a minute"]);
        assert_eq!(broken(&report(samples(|_| 100.0, |t| t as u64 * 3), 0)), ["queued jobs, growth"]);
        assert_eq!(broken(&report(samples(|_| 100.0, |_| 3), 2)), ["errors of a thousand"]);
        assert!(
            leak.table().contains("BROKEN")
                && leak.table().contains("memory: 101 MiB after the warm-up, 104 at")
        );
        // What was looked at for less than a minute and a half says nothing of memory.
        let short = report(samples(|t| 100.0 + t / 30.0, |_| 3).into_iter().take(100).collect(), 0);
        assert!(short.kept() && short.table().contains("too short to judge"), "{}", short.table());
    }
}
