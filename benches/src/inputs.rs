//! Seeded inputs: the same seed gives the same bytes on every machine.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use takeoff_core::assembly::templates;
use takeoff_core::budget::Budget;
use takeoff_core::formula::{Formula, Inputs, Variables};
use takeoff_core::geom::PxRect;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::{FileType, ParseLimits};
use takeoff_core::page::{OpenedFile, open};
use takeoff_samples::{PageTruth, big_page, school};

/// Seed of everything unless another one is asked for.
pub const SEED: u64 = 20_261_125;

/// Space that a person leaves around a symbol, page pixels.
const BOX_MARGIN_PX: f64 = 3.0;

/// One page as a PDF file, and what is true of it.
pub struct Drawing {
    pub pdf: Vec<u8>,
    pub truth: PageTruth,
}

/// A 42 x 30 in page of `paths` paths.
pub fn drawing(paths: usize, seed: u64) -> Drawing {
    let (pdf, truth) = big_page(paths, seed);
    Drawing { pdf, truth }
}

/// The plan set that the project ships.
pub fn school_plans() -> anyhow::Result<Vec<u8>> {
    let plans = school().files.into_iter().find(|(name, _)| *name == takeoff_samples::school::PLANS);
    Ok(plans.context("the school set has no plans")?.1)
}

/// # Errors
/// The file is no drawing.
pub fn opened(pdf: Vec<u8>) -> anyhow::Result<OpenedFile> {
    open(Arc::new(pdf), FileType::Pdf, &ParseLimits::default()).map_err(|r| anyhow!(r.message))
}

/// The display list of a file's first page.
///
/// # Errors
/// The file is no drawing, or its page is damaged.
pub fn display_list(pdf: Vec<u8>) -> anyhow::Result<DisplayList> {
    let walked = opened(pdf)?.walk_page(0, &ParseLimits::default(), &Budget::unlimited())?;
    Ok(walked.list)
}

/// A symbol to count: its box in the page's legend, where nothing is drawn across it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sought {
    pub kind: String,
    /// Page pixels.
    pub area: PxRect,
    /// Instances that an estimator counts.
    pub true_count: usize,
}

/// Every kind of symbol that a page's legend explains.
pub fn sought(truth: &PageTruth) -> Vec<Sought> {
    let of_kind = |(kind, instances): (&String, &Vec<takeoff_samples::Instance>)| {
        let [x, y, w, h] = instances.iter().find(|i| i.in_legend)?.area;
        let m = BOX_MARGIN_PX;
        let area = PxRect::new(x - m, y - m, w + 2.0 * m, h + 2.0 * m);
        Some(Sought { kind: kind.clone(), area, true_count: truth.count(kind) })
    };
    truth.symbols.iter().filter_map(of_kind).collect()
}

/// The compiled formulas of all templates that ship with the engine.
///
/// # Errors
/// A template's formula does not compile.
pub fn formulas() -> anyhow::Result<Vec<Formula>> {
    let all = templates();
    let texts = all.iter().flat_map(|t| &t.components).map(|c| c.formula);
    texts.map(|text| Formula::compile(text).with_context(|| text.to_owned())).collect()
}

/// Quantities as conditions have them.
pub fn quantities(count: usize, seed: u64) -> Vec<Inputs> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let one = |_| Inputs {
        qty: random.random_range(1.0..50_000.0),
        depth: random.random_range(2.0..48.0),
        thickness: random.random_range(4.0..24.0),
        perimeter: random.random_range(10.0..2_000.0),
        count: f64::from(random.random_range(1..500)),
        height: random.random_range(1.0..40.0),
        width: random.random_range(1.0..40.0),
        length: random.random_range(1.0..2_000.0),
        volume_cf: None,
    };
    (0..count).map(one).collect()
}

/// Evaluates every formula over every quantity; the sum of all results, and how many had none.
pub fn evaluate(formulas: &[Formula], quantities: &[Inputs]) -> (f64, usize) {
    let (mut sum, mut failed) = (0.0, 0);
    for inputs in quantities {
        let variables = Variables::new(inputs);
        for formula in formulas {
            match formula.eval(&variables) {
                Ok(value) => sum += value,
                Err(_) => failed += 1,
            }
        }
    }
    (sum, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_formula_has_a_value_over_every_quantity() {
        let formulas = formulas().unwrap();
        assert!(formulas.len() > 50, "{}", formulas.len());
        let (sum, failed) = evaluate(&formulas, &quantities(64, SEED));
        assert_eq!(failed, 0);
        assert!(sum.is_finite() && sum > 0.0);
    }

    #[test]
    fn a_page_explains_symbols_that_it_has() {
        let page = drawing(2_000, SEED);
        let sought = sought(&page.truth);
        assert!(sought.iter().any(|s| s.true_count > 3), "{sought:?}");
        assert_eq!(drawing(2_000, SEED).pdf, page.pdf);
    }
}
