//! One generated sheet, every kind on it asked for once.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::{FileType, ParseLimits};
use takeoff_samples::{Habit, Instance, big_page, sheet};

use crate::scan::{Scan, Scanned};
use crate::tally::{Query, match_up};

/// A detection is an instance when their middles are at most this share of the instance's longer side
/// apart.
const SAME_PLACE: f64 = 0.25;
/// How much larger than the symbol a person's box is on each side, pixels.
const BOX_MARGIN_PX: std::ops::Range<f64> = 2.0..7.0;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Drawing {
    /// A plan as a CAD program of this habit writes it.
    Plan(Habit),
    /// A page of about so many paths.
    Large(usize),
}

/// A sheet to be drawn and counted.
pub(crate) struct Run<'a> {
    pub name: &'a str,
    pub drawing: Drawing,
    pub seed: u64,
    /// Kinds to ask for; all if there are none.
    pub kinds: &'a [String],
    /// As a scanner gives it.
    pub scan: Option<Scan>,
    /// Where its strokes are to be seen.
    pub strokes: Option<&'a Path>,
}

impl Run<'_> {
    /// Draws the sheet, indexes it and asks for every kind that stands on its plan.
    pub(crate) fn queries(&self) -> anyhow::Result<Vec<Query>> {
        let (pdf, truth) = match self.drawing {
            Drawing::Plan(habit) => {
                let drawn = sheet(self.seed, habit);
                (drawn.pdf, drawn.truth)
            }
            Drawing::Large(paths) => big_page(paths, self.seed),
        };
        let mut truth = truth;
        let budget = Budget::unlimited();
        let list = match self.scan {
            Some(scan) => {
                let scanned = scan.of(pdf, self.seed)?;
                for all in truth.symbols.values_mut() {
                    all.iter_mut().for_each(|i| *i = scanned.place(i));
                }
                eprintln!(
                    "traced in {:.0} ms, {} paths {} coords",
                    scanned.trace_ms,
                    scanned.list.paths.len(),
                    scanned.list.coords.len()
                );
                if let Some(file) = self.strokes {
                    std::fs::write(file, scanned.svg())?;
                }
                scanned.list
            }
            None => self.drawn(pdf)?,
        };
        let page = PageIndex::build(&list, &budget).context("an unlimited budget ended")?;
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut queries = Vec::new();
        for (kind, all) in &truth.symbols {
            if !self.kinds.is_empty() && !self.kinds.iter().any(|k| k == kind) {
                continue;
            }
            let counted: Vec<&Instance> = all.iter().filter(|i| i.counts()).collect();
            let plain: Vec<&&Instance> = counted.iter().filter(|i| !i.crossed && !i.touching).collect();
            let Some(chosen) = pick(&mut rng, &plain).map(|i| **i) else { continue };
            queries.push(self.ask(&page, kind, chosen, all, &mut rng));
        }
        Ok(queries)
    }

    fn drawn(&self, pdf: Vec<u8>) -> anyhow::Result<DisplayList> {
        let (limits, budget) = (ParseLimits::default(), Budget::unlimited());
        let mut file = takeoff_core::page::open(Arc::new(pdf), FileType::Pdf, &limits)
            .map_err(|e| anyhow::anyhow!("{} {}: {e:?}", self.name, self.seed))?;
        let walked = file.walk_page(0, &limits, &budget);
        Ok(walked.map_err(|e| anyhow::anyhow!("{} {}: {e:?}", self.name, self.seed))?.list)
    }

    fn ask(
        &self,
        page: &PageIndex,
        kind: &str,
        chosen: &Instance,
        all: &[Instance],
        rng: &mut StdRng,
    ) -> Query {
        let [x, y, w, h] = chosen.area;
        let mut margin = || rng.random_range(BOX_MARGIN_PX);
        let (left, top, right, bottom) = (margin(), margin(), margin(), margin());
        let drawn = PxRect::new(x - left, y - top, w + left + right, h + top + bottom);
        let budget = Budget::unlimited();
        let clock = Stopwatch::start();
        let mut query = Query::new(self.name, self.seed, kind);
        let exemplar = match Exemplar::cut(page, drawn, &budget) {
            Ok(exemplar) => exemplar,
            Err(e) => {
                query.refused = Some(e.to_string());
                query.missed = all.iter().filter(|i| i.counts()).count();
                return query;
            }
        };
        query.exemplar =
            format!("{exemplar}, box {:.0},{:.0} {:.0} x {:.0}", drawn.x, drawn.y, drawn.w, drawn.h);
        let params = CountParams { max_detections: 5_000, ..CountParams::default() };
        let outcome = find(page, &exemplar, &params, &budget).value;
        query.query_ms = clock.ms();
        let places: Vec<(PxPoint, f64)> =
            all.iter().map(|i| (Scanned::center(i), i.area[2].max(i.area[3]) * SAME_PLACE)).collect();
        match_up(&mut query, &outcome, all, &places);
        query
    }
}

fn pick<'s, T>(rng: &mut StdRng, from: &'s [T]) -> Option<&'s T> {
    (!from.is_empty()).then(|| &from[rng.random_range(0..from.len())])
}

/// The one place of this program that reads the time.
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "a benchmark times")]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn ms(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }
}
