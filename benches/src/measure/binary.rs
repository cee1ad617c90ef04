//! The binary itself.

use anyhow::Context as _;

use super::Bench;
use crate::report::{Bound, Figure, Measure};

/// Seconds that the first command may take on a clean clone, builds included.
const GOAL_BUILD_S: f64 = 480.0;

const HOW_SIZE: &str = "Size of the file, as built.";
const HOW_BUILD: &str = "The first command on a clean clone, builds included, timed by hand.";

pub(super) fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let about = std::fs::metadata(&bench.program).with_context(|| bench.program.display().to_string())?;
    let size_mb = about.len() as f64 / 1e6;
    let mut measures =
        vec![Measure::new("binary_size", "size of the binary", "MB", vec![size_mb])?.how(HOW_SIZE)];
    if let Some(seconds) = bench.build_seconds {
        let build = Measure::new("first_command", "first command, builds included", "s", vec![seconds])?;
        measures.push(build.goal(Bound::AtMost(GOAL_BUILD_S), Figure::Median).how(HOW_BUILD));
    }
    Ok(measures)
}
