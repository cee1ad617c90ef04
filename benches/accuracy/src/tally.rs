//! What was found against what was drawn.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};
use takeoff_core::count::{CountOutcome, Detection};
use takeoff_core::geom::PxPoint;
use takeoff_samples::Instance;

/// One kind on one sheet.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub habit: String,
    pub seed: u64,
    pub kind: String,
    pub query_ms: f64,
    /// What was cut out of the box.
    pub exemplar: String,
    /// Why the exemplar was refused.
    pub refused: Option<String>,
    pub right: usize,
    pub missed: usize,
    pub invented: usize,
    /// Confidence of each detection, and whether it was right; near misses, too.
    pub judged: Vec<(f64, bool)>,
    misses: Vec<String>,
    inventions: Vec<String>,
}

impl Query {
    pub(crate) fn new(habit: &str, seed: u64, kind: &str) -> Self {
        Self {
            habit: habit.to_owned(),
            seed,
            kind: kind.to_owned(),
            query_ms: 0.0,
            exemplar: String::new(),
            refused: None,
            right: 0,
            missed: 0,
            invented: 0,
            judged: Vec::new(),
            misses: Vec::new(),
            inventions: Vec::new(),
        }
    }

    pub(crate) fn is_right(&self) -> bool {
        self.missed == 0 && self.invented == 0
    }

    pub(crate) fn describe(&self) -> String {
        let mut text = format!(
            "{} {} {}: {} right, {} missed, {} invented\n    {}",
            self.habit, self.seed, self.kind, self.right, self.missed, self.invented, self.exemplar
        );
        if let Some(why) = &self.refused {
            text += &format!("; refused: {why}");
        }
        for (what, list) in [("missed", &self.misses), ("invented", &self.inventions)] {
            for one in list.iter().take(6) {
                text += &format!("\n    {what} {one}");
            }
        }
        text
    }
}

/// Pairs detections with instances, nearest first. Samples in a legend and existing work are no instances.
pub(crate) fn match_up(
    query: &mut Query,
    outcome: &CountOutcome,
    all: &[Instance],
    places: &[(PxPoint, f64)],
) {
    let mut free: Vec<bool> = all.iter().map(Instance::counts).collect();
    let nearest = |d: &Detection, free: &[bool]| {
        (0..all.len())
            .filter(|&i| free[i])
            .map(|i| (places[i].0.distance(d.center), i))
            .filter(|(away, i)| *away <= places[*i].1)
            .min_by(|p, q| p.0.total_cmp(&q.0))
    };
    for d in outcome.detections.iter().filter(|d| !d.in_legend) {
        if let Some((_, i)) = nearest(d, &free) {
            free[i] = false;
            query.right += 1;
            query.judged.push((d.confidence, true));
        } else {
            query.invented += 1;
            query.judged.push((d.confidence, false));
            query.inventions.push(format!(
                "at {:.0},{:.0} confidence {:.2} coverage {:.2} extra {:.2} angle {:.1}",
                d.center.x, d.center.y, d.confidence, d.coverage, d.extra, d.angle_deg
            ));
        }
    }
    let mut unfound = free.clone();
    for d in outcome.near_misses.iter().filter(|d| !d.in_legend) {
        let hit = nearest(d, &unfound);
        if let Some((_, i)) = hit {
            unfound[i] = false;
        }
        query.judged.push((d.confidence, hit.is_some()));
    }
    for (i, _) in free.iter().enumerate().filter(|f| *f.1) {
        query.missed += 1;
        let seen = outcome.near_misses.iter().chain(&outcome.detections);
        let near = seen.filter(|d| places[i].0.distance(d.center) <= places[i].1);
        let near: Vec<String> = near
            .map(|d| {
                format!(
                    "{:.2} (coverage {:.2}, extra {:.2}, legend {})",
                    d.confidence, d.coverage, d.extra, d.in_legend
                )
            })
            .collect();
        query.misses.push(format!(
            "at {:.0},{:.0}{}{}: near {near:?}",
            places[i].0.x,
            places[i].0.y,
            if all[i].crossed { " crossed" } else { "" },
            if all[i].touching { " touching" } else { "" },
        ));
    }
}

/// All queries.
pub(crate) struct Report {
    seed: u64,
    sheets: u64,
    queries: Vec<Query>,
}

impl Report {
    pub(crate) fn new(seed: u64, sheets: u64) -> Self {
        Self { seed, sheets, queries: Vec::new() }
    }

    pub(crate) fn add(&mut self, query: Query) {
        self.queries.push(query);
    }

    fn by<'s>(&'s self, key: impl Fn(&'s Query) -> &'s str) -> BTreeMap<&'s str, Row> {
        let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
        for q in &self.queries {
            rows.entry(key(q)).or_default().add(q);
        }
        rows
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        for (title, rows) in [("habit", self.by(|q| &q.habit)), ("kind", self.by(|q| &q.kind))] {
            writeln!(
                out,
                "\n{title:<20} queries  right missed invented  precision recall  exact  median ms  p95 ms"
            )?;
            for (name, row) in &rows {
                writeln!(out, "{name:<20} {}", row.text())?;
            }
        }
        let mut all = Row::default();
        self.queries.iter().for_each(|q| all.add(q));
        writeln!(out, "{:<20} {}", "all", all.text())
    }

    pub(crate) fn to_json(&self) -> Value {
        let rows = |rows: BTreeMap<&str, Row>| -> Value {
            rows.into_iter()
                .map(|(k, r)| (k.to_owned(), r.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let mut all = Row::default();
        self.queries.iter().for_each(|q| all.add(q));
        json!({
            "seed": self.seed,
            "sheets_per_habit": self.sheets,
            "engine_version": takeoff_core::ENGINE_VERSION,
            "all": all.to_json(),
            "by_habit": rows(self.by(|q| &q.habit)),
            "by_kind": rows(self.by(|q| &q.kind)),
            "reliability": reliability(&self.queries),
        })
    }
}

/// Share of right ones among detections, by confidence in steps of 0.05.
fn reliability(queries: &[Query]) -> Vec<Value> {
    let mut bins = [(0_u64, 0_u64); 20];
    for (confidence, right) in queries.iter().flat_map(|q| &q.judged) {
        let bin = ((confidence * 20.0) as usize).min(19);
        bins[bin].0 += 1;
        bins[bin].1 += u64::from(*right);
    }
    bins.iter()
        .enumerate()
        .filter(|(_, (all, _))| *all > 0)
        .map(|(i, (all, right))| {
            let from = i as f64 * 0.05;
            json!({"from": from, "to": from + 0.05, "detections": all, "right": *right as f64 / *all as f64})
        })
        .collect()
}

#[derive(Debug, Default)]
struct Row {
    queries: usize,
    exact: usize,
    right: usize,
    missed: usize,
    invented: usize,
    ms: Vec<f64>,
}

impl Row {
    fn add(&mut self, q: &Query) {
        self.queries += 1;
        self.exact += usize::from(q.is_right());
        self.right += q.right;
        self.missed += q.missed;
        self.invented += q.invented;
        self.ms.push(q.query_ms);
        self.ms.sort_by(f64::total_cmp);
    }

    fn precision(&self) -> f64 {
        self.right as f64 / ((self.right + self.invented) as f64).max(1.0)
    }

    fn recall(&self) -> f64 {
        self.right as f64 / ((self.right + self.missed) as f64).max(1.0)
    }

    fn quantile(&self, share: f64) -> f64 {
        let last = self.ms.len().saturating_sub(1);
        self.ms.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
    }

    fn text(&self) -> String {
        format!(
            "{:>7} {:>6} {:>6} {:>8}  {:>9.4} {:>6.4}  {:>5} {:>10.1} {:>7.1}",
            self.queries,
            self.right,
            self.missed,
            self.invented,
            self.precision(),
            self.recall(),
            self.exact,
            self.quantile(0.5),
            self.quantile(0.95)
        )
    }

    fn to_json(&self) -> Value {
        json!({
            "queries": self.queries,
            "exact": self.exact,
            "right": self.right,
            "missed": self.missed,
            "invented": self.invented,
            "precision": self.precision(),
            "recall": self.recall(),
            "query_ms": {"median": self.quantile(0.5), "p95": self.quantile(0.95), "max": self.quantile(1.0)},
        })
    }
}
