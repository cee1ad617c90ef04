//! One generated sheet, every kind on it asked for once.

use std::path::Path;

use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use takeoff_benches::inputs::display_list;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};
use takeoff_core::geom::PxRect;
use takeoff_engine::clock::Stopwatch;
use takeoff_samples::{Habit, Instance, PageTruth, big_page, crowded, half, sheet};

use crate::scan::Scan;
use crate::tally::{Query, Truth};

/// How much larger than the symbol a person's box is on each side, pixels.
const BOX_MARGIN_PX: std::ops::Range<f64> = 2.0..7.0;
/// More than any sheet holds.
const MAX_DETECTIONS: usize = 5_000;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Drawing {
    /// A plan as a CAD program of this habit writes it.
    Plan(Habit),
    /// So many look-alikes close together.
    Crowd(Habit, usize),
    /// The first or the second sheet of a plan that is cut at a match line.
    Half(Habit, bool),
    /// A page of about so many paths.
    Large(usize),
}

impl Drawing {
    pub(crate) fn draw(self, seed: u64) -> (Vec<u8>, PageTruth) {
        let drawn = match self {
            Self::Plan(habit) => sheet(seed, habit),
            Self::Crowd(habit, instances) => crowded(seed, habit, instances),
            Self::Half(habit, second) => half(seed, habit, second),
            Self::Large(paths) => return big_page(paths, seed),
        };
        (drawn.pdf, drawn.truth)
    }
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
        let (pdf, page) = self.drawing.draw(self.seed);
        let size = [page.width_px, page.height_px];
        let mut truth = page.symbols;
        let list = match self.scan {
            Some(scan) => {
                let scanned =
                    scan.of(pdf, size, self.seed).with_context(|| format!("{} {}", self.name, self.seed))?;
                for all in truth.values_mut() {
                    all.iter_mut().for_each(|i| *i = scanned.place(i));
                }
                if let Some(file) = self.strokes {
                    std::fs::write(file, scanned.svg())?;
                }
                scanned.list
            }
            None => display_list(pdf).with_context(|| format!("{} {}", self.name, self.seed))?,
        };
        let index = PageIndex::build(&list, &Budget::unlimited())?;
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut queries = Vec::new();
        for kind in truth.keys().filter(|k| self.kinds.is_empty() || self.kinds.contains(k)) {
            let Some(drawn) = boxed(&truth[kind], &mut rng) else { continue };
            queries.push(self.ask(&index, kind, drawn, &truth));
        }
        Ok(queries)
    }

    fn ask(&self, page: &PageIndex, kind: &str, drawn: PxRect, truth: &Truth) -> Query {
        let budget = Budget::unlimited();
        let clock = Stopwatch::start();
        let mut query = Query::new(self.name, self.seed, kind);
        let exemplar = match Exemplar::cut(page, drawn, &budget) {
            Ok(exemplar) => exemplar,
            Err(e) => {
                query.exemplar = format!("box {:.0},{:.0} {:.0} x {:.0}", drawn.x, drawn.y, drawn.w, drawn.h);
                query.refuse(e.to_string(), &truth[kind]);
                return query;
            }
        };
        query.exemplar =
            format!("{exemplar}, box {:.0},{:.0} {:.0} x {:.0}", drawn.x, drawn.y, drawn.w, drawn.h);
        let params = CountParams { max_detections: MAX_DETECTIONS, ..CountParams::default() };
        let outcome = find(page, &exemplar, &params, &budget).value;
        query.query_ms = clock.elapsed_ms();
        query.judge(&outcome, truth);
        query
    }
}

/// The box that a person draws around one of the instances that stand free.
pub(crate) fn boxed(all: &[Instance], rng: &mut StdRng) -> Option<PxRect> {
    let plain: Vec<&Instance> = all.iter().filter(|i| i.counts() && !i.crossed && !i.touching).collect();
    if plain.is_empty() {
        return None;
    }
    let [x, y, w, h] = plain[rng.random_range(0..plain.len())].area;
    let mut margin = || rng.random_range(BOX_MARGIN_PX);
    let (left, top, right, bottom) = (margin(), margin(), margin(), margin());
    Some(PxRect::new(x - left, y - top, w + left + right, h + top + bottom))
}
