//! What was found against what was drawn.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use takeoff_benches::stats::quantile;
use takeoff_core::count::{Apart, CountOutcome, Detection};
use takeoff_core::geom::PxPoint;
use takeoff_samples::{Instance, Status};

use crate::curve::{Judged, share};

/// A detection is an instance when their middles are at most this share of the instance's longer side
/// apart.
const SAME_PLACE: f64 = 0.25;
/// Misses and inventions of one query that are told one by one.
const TOLD: usize = 6;

/// Instances by kind, as they are drawn.
pub(crate) type Truth = BTreeMap<String, Vec<Instance>>;

/// One kind on one sheet.
#[derive(Debug, Clone, Default)]
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
    /// Detections and near misses.
    pub judged: Vec<Judged>,
    /// What was missed and why, and what was invented, by how often.
    pub misses_by: BTreeMap<&'static str, usize>,
    pub inventions_by: BTreeMap<String, usize>,
    misses: Vec<String>,
    inventions: Vec<String>,
}

impl Query {
    pub(crate) fn new(habit: &str, seed: u64, kind: &str) -> Self {
        Self { habit: habit.to_owned(), seed, kind: kind.to_owned(), ..Self::default() }
    }

    /// Nothing can be found with this exemplar.
    pub(crate) fn refuse(&mut self, why: String, all: &[Instance]) {
        self.missed = all.iter().filter(|i| i.counts()).count();
        self.misses_by.insert("exemplar refused", self.missed);
        self.refused = Some(why);
    }

    pub(crate) fn is_right(&self) -> bool {
        self.missed == 0 && self.invented == 0
    }

    pub(crate) fn errors(&self) -> usize {
        self.missed + self.invented
    }

    pub(crate) fn describe(&self) -> String {
        let mut text = format!(
            "{} {} {}: {} right, {} missed, {} invented\n    {}",
            self.habit, self.seed, self.kind, self.right, self.missed, self.invented, self.exemplar
        );
        if let Some(why) = &self.refused {
            text += &format!("; refused: {why}");
        }
        for one in self.examples() {
            text += &format!("\n    {one}");
        }
        text
    }

    /// Some of what went wrong.
    pub(crate) fn examples(&self) -> Vec<String> {
        let told = |what, list: &[String]| -> Vec<String> {
            list.iter().take(TOLD).map(|one| format!("{what} {one}")).collect()
        };
        [told("missed", &self.misses), told("invented", &self.inventions)].concat()
    }

    /// Compares the answer with what is drawn. Samples in a legend and existing work are no instances;
    /// what the engine set apart as a legend's sample, as in a title block or a key plan, or as beyond a match line is
    /// no detection. What is upon a match line is one on the sheet that it is work of.
    pub(crate) fn judge(&mut self, outcome: &CountOutcome, truth: &Truth) {
        let all = truth.get(&self.kind).map_or(&[][..], Vec::as_slice);
        let mut free: Vec<bool> = all.iter().map(Instance::counts).collect();
        let beyond = |d: &&Detection| d.match_line.is_some_and(|m| !m.on_line);
        let upon = |d: &Detection| {
            let is_it = |i: &Instance| i.apart == Some(takeoff_samples::Apart::OnMatchLine) && is_at(d, i);
            d.match_line.is_some() && all.iter().any(is_it)
        };
        for d in outcome.detections.iter().filter(|d| d.apart.is_none() && !beyond(d)) {
            if upon(d) {
                continue;
            }
            let hit = nearest(d, all, &free);
            self.judged.push(Judged { confidence: d.confidence, right: hit.is_some() });
            if let Some(i) = hit {
                free[i] = false;
                self.right += 1;
            } else {
                self.invent(d, truth);
            }
        }
        let mut unfound = free.clone();
        for d in &outcome.near_misses {
            let hit = nearest(d, all, &unfound);
            // Whether a near miss is a legend's sample is not asked of the engine.
            if hit.is_none() && all.iter().any(|i| (i.in_legend || i.apart.is_some()) && is_at(d, i)) {
                continue;
            }
            if let Some(i) = hit {
                unfound[i] = false;
            }
            self.judged.push(Judged { confidence: d.confidence, right: hit.is_some() });
        }
        for (instance, _) in all.iter().zip(free).filter(|(_, free)| *free) {
            self.miss(outcome, instance);
        }
    }

    fn invent(&mut self, d: &Detection, truth: &Truth) {
        self.invented += 1;
        let what = taken_for(d, truth, &self.kind);
        self.inventions.push(format!(
            "{what} at {:.0},{:.0} confidence {:.2} coverage {:.2} extra {:.2} angle {:.1}",
            d.center.x, d.center.y, d.confidence, d.coverage, d.extra, d.angle_deg
        ));
        *self.inventions_by.entry(what).or_default() += 1;
    }

    fn miss(&mut self, outcome: &CountOutcome, instance: &Instance) {
        self.missed += 1;
        let seen = outcome.detections.iter().chain(&outcome.near_misses).filter(|d| is_at(d, instance));
        let best = seen.max_by(|p, q| p.confidence.total_cmp(&q.confidence));
        let why = match best {
            Some(d) if d.in_legend => "set apart as a legend's sample",
            Some(d) if d.apart == Some(Apart::TitleBlock) => "set apart as in a title block",
            Some(d) if d.apart.is_some() => "set apart as in a key plan",
            Some(d) if d.match_line.is_some_and(|m| !m.on_line) => "set apart as beyond a match line",
            Some(_) => "below the threshold",
            None => "no candidate",
        };
        *self.misses_by.entry(why).or_default() += 1;
        let marks =
            [(instance.crossed, "crossed"), (instance.touching, "touching"), (instance.mirrored, "mirrored")];
        let marks: String = marks.iter().filter(|m| m.0).map(|m| format!(" {}", m.1)).collect();
        let middle = middle(instance);
        let near = best.map_or_else(String::new, |d| {
            let (sure, like) = (d.confidence, d.likeness);
            format!(" ({sure:.2}: likeness {like:.2}, coverage {:.2}, extra {:.2})", d.coverage, d.extra)
        });
        self.misses.push(format!(
            "at {:.0},{:.0} angle {:.0}{marks}: {why}{near}",
            middle.x, middle.y, instance.angle
        ));
    }
}

fn middle(instance: &Instance) -> PxPoint {
    let [x, y, w, h] = instance.area;
    PxPoint::new(x + w / 2.0, y + h / 2.0)
}

fn is_at(d: &Detection, instance: &Instance) -> bool {
    middle(instance).distance(d.center) <= instance.area[2].max(instance.area[3]) * SAME_PLACE
}

/// The nearest free instance that the detection can be.
fn nearest(d: &Detection, all: &[Instance], free: &[bool]) -> Option<usize> {
    let here = (0..all.len()).filter(|&i| free[i] && is_at(d, &all[i]));
    here.min_by(|&p, &q| middle(&all[p]).distance(d.center).total_cmp(&middle(&all[q]).distance(d.center)))
}

/// What really stands where something was invented.
fn taken_for(d: &Detection, truth: &Truth, kind: &str) -> String {
    let here = truth.iter().flat_map(|(k, all)| all.iter().map(move |i| (k, i))).filter(|(_, i)| is_at(d, i));
    let nearest =
        here.min_by(|p, q| middle(p.1).distance(d.center).total_cmp(&middle(q.1).distance(d.center)));
    match nearest {
        Some((k, i)) if k == kind && i.in_legend => "legend's sample".to_owned(),
        Some((k, i)) if k == kind && i.apart.is_some() => "one set apart in the truth".to_owned(),
        Some((k, i)) if k == kind && i.status == Status::Existing => "existing one".to_owned(),
        Some((k, _)) if k == kind => "one twice".to_owned(),
        Some((k, _)) => format!("a {k}"),
        None => beside(d, truth),
    }
}

/// The symbol in whose box the middle of an invention lies, or almost.
fn beside(d: &Detection, truth: &Truth) -> String {
    let holds = |i: &&Instance| {
        let ([x, y, w, h], slack) = (i.area, i.area[2].max(i.area[3]) * SAME_PLACE);
        (x - slack..=x + w + slack).contains(&d.center.x) && (y - slack..=y + h + slack).contains(&d.center.y)
    };
    let kind = truth.iter().find(|(_, all)| all.iter().any(|i| holds(&i)));
    kind.map_or_else(|| "nothing".to_owned(), |(kind, _)| format!("a part of, or beside, a {kind}"))
}

/// Several queries together.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub queries: usize,
    pub exact: usize,
    pub right: usize,
    pub missed: usize,
    pub invented: usize,
    ms: Vec<f64>,
}

impl Row {
    pub(crate) fn of<'q>(queries: impl IntoIterator<Item = &'q Query>) -> Self {
        let mut row = Self::default();
        for q in queries {
            row.queries += 1;
            row.exact += usize::from(q.is_right());
            row.right += q.right;
            row.missed += q.missed;
            row.invented += q.invented;
            row.ms.push(q.query_ms);
        }
        row.ms.sort_by(f64::total_cmp);
        row
    }

    pub(crate) fn precision(&self) -> f64 {
        share(self.right, self.right + self.invented)
    }

    pub(crate) fn recall(&self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    pub(crate) const HEAD: &str =
        "queries  right missed invented  precision recall  exact  median ms  p95 ms";

    pub(crate) fn text(&self) -> String {
        format!(
            "{:>7} {:>6} {:>6} {:>8}  {:>9.4} {:>6.4}  {:>5} {:>10.1} {:>7.1}",
            self.queries,
            self.right,
            self.missed,
            self.invented,
            self.precision(),
            self.recall(),
            self.exact,
            quantile(&self.ms, 0.5),
            quantile(&self.ms, 0.95)
        )
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "queries": self.queries,
            "exact": self.exact,
            "right": self.right,
            "missed": self.missed,
            "invented": self.invented,
            "precision": self.precision(),
            "recall": self.recall(),
            "query_ms": {"median": quantile(&self.ms, 0.5), "p95": quantile(&self.ms, 0.95), "max": quantile(&self.ms, 1.0)},
        })
    }
}

/// Rows by a property of the queries.
pub(crate) fn rows<'q>(queries: &'q [Query], key: impl Fn(&'q Query) -> &'q str) -> BTreeMap<&'q str, Row> {
    let mut groups: BTreeMap<&str, Vec<&Query>> = BTreeMap::new();
    for q in queries {
        groups.entry(key(q)).or_default().push(q);
    }
    groups.into_iter().map(|(name, group)| (name, Row::of(group))).collect()
}
