//! Formulas per second: every formula of every template, over quantities that vary.

use std::hint::black_box;

use anyhow::ensure;
use serde_json::json;
use takeoff_engine::clock::Stopwatch;

use super::Bench;
use crate::inputs::{evaluate, formulas, quantities};
use crate::report::{Bound, Figure, Measure};

const GOAL_PER_S: f64 = 1_000_000.0;
/// Different quantities; more than a branch predictor remembers.
const QUANTITIES: usize = 4_096;

const HOW: &str = "The compiled formulas of all templates that ship, each over thousands of seeded quantities, one \
    thread; making the variables of each quantity is included, compiling is not. A sample is a round of half a \
    second.";

pub(super) fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let (formulas, quantities) = (formulas()?, quantities(QUANTITIES, bench.seed));
    let mut samples = Vec::new();
    for _ in 0..bench.sizes.formula_rounds {
        let (watch, mut evaluated) = (Stopwatch::start(), 0);
        // Blocks small enough that even a slow build looks at the clock in time.
        for block in quantities.chunks(64).cycle() {
            let (sum, failed) = evaluate(black_box(&formulas), black_box(block));
            ensure!(failed == 0, "{failed} formulas have no value");
            black_box(sum);
            evaluated += formulas.len() * block.len();
            if watch.elapsed() >= bench.sizes.formula_time {
                break;
            }
        }
        samples.push(evaluated as f64 / watch.elapsed().as_secs_f64());
    }
    let inputs = json!({"formulas": formulas.len(), "quantities": QUANTITIES, "seed": bench.seed});
    let measure = Measure::new("formula_evaluations", "formulas evaluated, one core", "1/s", samples)?
        .goal(Bound::AtLeast(GOAL_PER_S), Figure::Median)
        .inputs(inputs)
        .how(HOW);
    Ok(vec![measure])
}
