//! Named suites of sheets with targets, and what came out of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use takeoff_core::count::CountParams;
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::Habit;

use crate::curve::{Bin, Judged, Point, at_threshold, precision_recall, reliability, share};
use crate::picture;
use crate::scan::Scan;
use crate::sheets::{Drawing, Run};
use crate::tally::{Query, Row, rows};

/// Bins with so many detections must be right as often as their lower edge says.
const BIN_HOLDS_FROM: usize = 200;
/// Of all detections of this confidence or more, this share must be right.
pub(crate) const SURE: (f64, f64) = (0.90, 0.99);
/// Instances that the crowded sheets of a habit hold, in turns.
const DENSITIES: [usize; 4] = [60, 150, 300, 500];
/// Paths of the pages that were drawn over.
const FILLED: [(&str, usize); 2] = [("filled", 20_000), ("packed", 65_000)];
/// Deviation of a scanned pixel's brightness, of 255.
const NOISE: f64 = 6.0;
/// Seeds tried until a sheet is found that can be scanned.
const SEEDS_TRIED: u64 = 50;
/// Queries with the most errors that are told.
const WORST: usize = 25;
/// Seeds of the habits of a suite lie so far apart.
const SEEDS_OF_A_HABIT: u64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    Vector,
    Hard,
    Cut,
    Filled,
    Scan300,
    Scan150,
}

impl Suite {
    pub(crate) const ALL: [Self; 6] =
        [Self::Vector, Self::Hard, Self::Cut, Self::Filled, Self::Scan300, Self::Scan150];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vector => "vector",
            Self::Hard => "hard",
            Self::Cut => "cut",
            Self::Filled => "filled",
            Self::Scan300 => "scan300",
            Self::Scan150 => "scan150",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Vector => "plans by seed in every habit",
            Self::Hard => {
                "families of look-alikes in every CAD habit, 60 to 500 a sheet, at any angle, mirrored, touching, \
                 crossed, hatched; and tilted plans"
            }
            Self::Cut => {
                "both sheets of a plan that is cut at a match line, with copies of its symbols in title block and key plan"
            }
            Self::Filled => {
                "plans over which hatch, dots, furniture, pipes and notes were drawn: pages of 20,000 and of 65,000 paths"
            }
            Self::Scan300 => "plans scanned at 300 dpi: turned up to 2 degrees, grainy, JPEG",
            Self::Scan150 => "plans scanned at 150 dpi: turned up to 2 degrees, grainy, JPEG",
        }
    }

    /// Precision and recall to reach.
    fn goal(self) -> (f64, f64) {
        match self {
            Self::Vector | Self::Cut => (0.99, 0.98),
            Self::Hard | Self::Filled => (0.98, 0.96),
            Self::Scan300 => (0.97, 0.95),
            Self::Scan150 => (0.95, 0.90),
        }
    }

    fn scan(self) -> Option<Scan> {
        let dpi = match self {
            Self::Vector | Self::Hard | Self::Cut | Self::Filled => return None,
            Self::Scan300 => 300,
            Self::Scan150 => 150,
        };
        Some(Scan { dpi, noise: NOISE, skewed: true })
    }

    /// Name and drawing of each sheet of the round.
    fn drawings(self, round: u64) -> Vec<(&'static str, Drawing)> {
        let plan = |name| Habit::named(name).map(|habit| (name, Drawing::Plan(habit)));
        match self {
            Self::Vector => Habit::NAMES.into_iter().filter_map(plan).collect(),
            Self::Hard => {
                let density = DENSITIES[round as usize % DENSITIES.len()];
                let crowd = |name| Habit::named(name).map(|habit| (name, Drawing::Crowd(habit, density)));
                Habit::CAD.into_iter().filter_map(crowd).chain(plan("tilted")).collect()
            }
            Self::Cut => {
                let half =
                    |name, second| Habit::named(name).map(|habit| (name, Drawing::Half(habit, second)));
                Habit::CAD
                    .into_iter()
                    .flat_map(|name| [half(name, false), half(name, true)])
                    .flatten()
                    .collect()
            }
            Self::Filled => FILLED.map(|(name, paths)| (name, Drawing::Large(paths))).to_vec(),
            Self::Scan300 | Self::Scan150 => {
                ["inline", "exploded", "dense", "tilted"].into_iter().filter_map(plan).collect()
            }
        }
    }

    /// Counts on `sheets` sheets of each habit, drawn from unlike seeds.
    pub(crate) fn run(self, seed: u64, sheets: u64, out: &mut impl Write) -> anyhow::Result<Outcome> {
        let watch = Stopwatch::start();
        let (mut queries, mut drawn) = (Vec::new(), 0);
        for round in 0..sheets {
            for (place, (name, drawing)) in self.drawings(round).into_iter().enumerate() {
                let first = seed + place as u64 * SEEDS_OF_A_HABIT + round;
                let seed = self.scannable(drawing, first)?;
                let run = Run { name, drawing, seed, kinds: &[], scan: self.scan(), strokes: None };
                let found = run.queries()?;
                let row = Row::of(&found);
                writeln!(out, "{:<8} {name:<10} {seed:<8} {}", self.name(), row.text())?;
                queries.extend(found);
                drawn += 1;
            }
        }
        Ok(Outcome { suite: self, queries, drawn, seconds: watch.elapsed().as_secs_f64() })
    }

    /// The first seed whose sheet is small enough for the suite's scanner.
    fn scannable(self, drawing: Drawing, first: u64) -> anyhow::Result<u64> {
        let Some(scan) = self.scan() else { return Ok(first) };
        // Far from the seeds of the next sheets.
        let mut seeds = (0..SEEDS_TRIED).map(|i| first + i * SEEDS_OF_A_HABIT * SEEDS_OF_A_HABIT);
        let fits = |seed: &u64| {
            let truth = drawing.draw(*seed).1;
            scan.takes([truth.width_px, truth.height_px])
        };
        seeds.find(fits).context("no sheet is small enough to be scanned")
    }
}

/// What a suite came to.
pub(crate) struct Outcome {
    suite: Suite,
    queries: Vec<Query>,
    drawn: usize,
    seconds: f64,
}

impl Outcome {
    pub(crate) fn to_json(&self, folder: &Path) -> anyhow::Result<Value> {
        let name = self.suite.name();
        let all = Row::of(&self.queries);
        let judged: Vec<Judged> = self.queries.iter().flat_map(|q| q.judged.iter().copied()).collect();
        let mut value = figures(name, &judged, all.right + all.missed, Some(self.suite.goal()), folder)?;
        let by = |rows: BTreeMap<&str, Row>| -> Map<String, Value> {
            rows.into_iter().map(|(k, r)| (k.to_owned(), r.to_json())).collect()
        };
        let (mut misses, mut inventions) = (BTreeMap::new(), BTreeMap::new());
        for q in &self.queries {
            q.misses_by.iter().for_each(|(why, n)| *misses.entry(*why).or_insert(0) += n);
            let named = |what: &str| format!("{}: {what}", q.kind);
            q.inventions_by.iter().for_each(|(what, n)| *inventions.entry(named(what)).or_insert(0) += n);
        }
        let more = json!({
            "suite": name,
            "what": self.suite.what(),
            "seconds": self.seconds,
            "sheets": self.drawn,
            "refused": self.queries.iter().filter(|q| q.refused.is_some()).count(),
            "all": all.to_json(),
            "by_habit": by(rows(&self.queries, |q| &q.habit)),
            "by_kind": by(rows(&self.queries, |q| &q.kind)),
            "misses_by": misses,
            "inventions_by": inventions,
            "worst": self.worst(),
        });
        merge(&mut value, more);
        Ok(value)
    }

    fn worst(&self) -> Vec<Value> {
        let mut wrong: Vec<&Query> = self.queries.iter().filter(|q| !q.is_right()).collect();
        wrong.sort_by_key(|q| std::cmp::Reverse(q.errors()));
        let told = |q: &&Query| {
            json!({
                "habit": q.habit, "seed": q.seed, "kind": q.kind, "exemplar": q.exemplar, "refused": q.refused,
                "right": q.right, "missed": q.missed, "invented": q.invented, "examples": q.examples(),
            })
        };
        wrong.iter().take(WORST).map(told).collect()
    }
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (value, more) {
        into.extend(more);
    }
}

/// Figures over all thresholds, beside their goals, and their pictures.
pub(crate) fn figures(
    name: &str,
    judged: &[Judged],
    there: usize,
    goal: Option<(f64, f64)>,
    folder: &Path,
) -> anyhow::Result<Value> {
    let threshold = CountParams::default().threshold;
    let at = at_threshold(judged, there, threshold);
    let (curve, bins) = (precision_recall(judged, there), reliability(judged));
    let sure = judged.iter().filter(|j| j.confidence >= SURE.0);
    let sure = (sure.clone().count(), sure.filter(|j| j.right).count());
    let pictures = [
        (format!("{name}-precision-recall.svg"), picture::curve(name, &curve, threshold, goal)),
        (format!("{name}-reliability.svg"), picture::reliability(name, &bins)),
    ];
    for (file, text) in &pictures {
        let file = folder.join(file);
        std::fs::write(&file, text).with_context(|| file.display().to_string())?;
    }
    let mut goals = Vec::new();
    if let Some(least) = goal {
        goals = goals_of(&at, least, share(sure.1, sure.0));
        let (near, taken): (Vec<Bin>, Vec<Bin>) =
            bins.iter().copied().partition(|b| b.from + 1e-9 < threshold);
        goals.push(calibrated("detections", &taken));
        goals.push(calibrated("near misses", &near));
    }
    Ok(json!({
        "instances": there,
        "at_default_threshold": at,
        "goals": goals,
        "sure": {"from": SURE.0, "number": sure.0, "right": sure.1, "share_right": share(sure.1, sure.0)},
        "curve": curve,
        "reliability": bins,
        "pictures": pictures.map(|(file, _)| file),
    }))
}

/// Whether each bin that holds enough is right as often as its lower edge says.
fn calibrated(of: &str, bins: &[Bin]) -> Value {
    let too_low = |b: &&Bin| b.number >= BIN_HOLDS_FROM && b.share_right < b.from;
    let low: Vec<f64> = bins.iter().filter(too_low).map(|b| b.from).collect();
    json!({
        "figure": format!("bins of 200 {of} or more that are right less often than their lower edge says"),
        "value": low.len(), "at_most": 0, "met": low.is_empty(), "bins": low,
    })
}

fn goals_of(at: &Point, (precision, recall): (f64, f64), sure: f64) -> Vec<Value> {
    let goal = |figure: &str, value: f64, least: f64| json!({"figure": figure, "value": value, "at_least": least, "met": value >= least});
    vec![
        goal("precision", at.precision, precision),
        goal("recall", at.recall, recall),
        goal("share right at 0.90 and above", sure, SURE.1),
    ]
}
