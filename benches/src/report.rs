//! The report: what was measured, how, against which goal.

use serde::Serialize;
use serde_json::{Value, json};

use crate::machine::{Machine, Versions};
use crate::stats::Spread;

/// Name and number of the report's format.
pub const SCHEMA: &str = "takeoff-benchmarks/1";

#[derive(Debug, Serialize)]
pub struct Report {
    pub schema: &'static str,
    /// RFC 3339.
    pub started_at: String,
    /// How long measuring took.
    pub seconds: f64,
    /// A quick run shows that everything still works; its figures mean nothing.
    pub quick: bool,
    pub seed: u64,
    pub machine: Machine,
    pub versions: Versions,
    pub measures: Vec<Measure>,
}

/// What a measure is to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn limit(self) -> f64 {
        match self {
            Self::AtMost(limit) | Self::AtLeast(limit) => limit,
        }
    }

    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

/// Which figure of a measure its goal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    Median,
    Max,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Goal {
    pub bound: Bound,
    pub figure: Figure,
    pub met: bool,
    /// The figure over its limit: below 1 there is room under a limit at most, above 1 over one at least.
    pub ratio: f64,
}

/// Something comparable that was measured in turns with the measure, so that their ratio says more than
/// either figure on a noisy machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    pub what: &'static str,
    pub unit: &'static str,
    #[serde(flatten)]
    pub spread: Spread,
    pub samples: Vec<f64>,
    /// The measure's median over this one's.
    pub ratio: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// Stable name, `snake_case`.
    pub id: String,
    pub title: String,
    pub unit: &'static str,
    #[serde(flatten)]
    pub spread: Spread,
    pub repetitions: usize,
    /// In the order in which they were taken.
    pub samples: Vec<f64>,
    pub goal: Option<Goal>,
    pub beside: Option<Beside>,
    /// What it was measured on.
    pub inputs: Value,
    /// What is in the figure, for whoever compares it.
    pub how: &'static str,
}

impl Measure {
    /// # Errors
    /// There is not a single sample.
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        unit: &'static str,
        samples: Vec<f64>,
    ) -> anyhow::Result<Self> {
        let id = id.into();
        let Some(spread) = Spread::of(&samples) else { anyhow::bail!("{id} has no samples") };
        Ok(Self {
            id,
            title: title.into(),
            unit,
            spread,
            repetitions: samples.len(),
            samples,
            goal: None,
            beside: None,
            inputs: json!({}),
            how: "",
        })
    }

    pub fn goal(mut self, bound: Bound, figure: Figure) -> Self {
        let value = match figure {
            Figure::Median => self.spread.median,
            Figure::Max => self.spread.max,
        };
        self.goal = Some(Goal { bound, figure, met: bound.holds(value), ratio: value / bound.limit() });
        self
    }

    pub fn beside(mut self, what: &'static str, unit: &'static str, samples: Vec<f64>) -> Self {
        self.beside = Spread::of(&samples).map(|spread| {
            let ratio = self.spread.median / spread.median;
            Beside { what, unit, spread, samples, ratio }
        });
        self
    }

    pub fn inputs(mut self, inputs: Value) -> Self {
        self.inputs = inputs;
        self
    }

    pub fn how(mut self, how: &'static str) -> Self {
        self.how = how;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_about_the_figure_it_names() {
        let measure = || Measure::new("m", "m", "s", vec![0.5, 0.7, 0.6]).unwrap();
        let met = |bound, figure| measure().goal(bound, figure).goal.unwrap().met;
        assert!(met(Bound::AtMost(0.6), Figure::Median));
        assert!(!met(Bound::AtMost(0.6), Figure::Max));
        assert!(met(Bound::AtLeast(0.6), Figure::Median));
        assert!(!met(Bound::AtLeast(0.65), Figure::Median));
        assert_eq!(measure().goal(Bound::AtMost(1.4), Figure::Max).goal.unwrap().ratio, 0.5);
        assert!(Measure::new("m", "m", "s", Vec::new()).is_err());
    }

    #[test]
    fn a_ratio_is_of_medians() {
        let measure = Measure::new("m", "m", "1/s", vec![10.0, 20.0, 90.0]).unwrap();
        let beside = measure.beside("limit", "1/s", vec![40.0]).beside.unwrap();
        assert_eq!(beside.ratio, 0.5);
    }
}
