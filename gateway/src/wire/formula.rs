use std::collections::BTreeMap;

use serde::Serialize;
use takeoff_core::formula::{EXAMPLES, FUNCTIONS, Formula, Inputs, PRESETS, VARIABLES, Variables};
use utoipa::ToSchema;

use super::validate::{Fields, integer, number, text};

/// A formula to try.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `validate_formula` reads")]
pub(crate) struct ValidateFormula {
    formula: String,
    /// The formula is evaluated only when this is given; other variables are then 0 by default. In an assembly they are
    /// not: a component that reads what its condition does not have is in error.
    test_qty: Option<f64>,
    /// Inches.
    test_depth: Option<f64>,
    /// Inches.
    test_thickness: Option<f64>,
    /// Feet.
    test_perimeter: Option<f64>,
    test_count: Option<i64>,
}

/// A formula and what it is tried with.
pub(crate) struct Trial {
    formula: String,
    inputs: Option<Inputs>,
}

/// Longer texts are an answer of the formula language, not of this reader.
const MAX_TEXT: usize = 10_000;

pub(crate) fn trial(f: &Fields<'_>) -> Option<Trial> {
    let formula = f.required("formula", text().max(MAX_TEXT));
    let qty = f.optional("test_qty", number());
    let depth = f.optional("test_depth", number());
    let thickness = f.optional("test_thickness", number());
    let perimeter = f.optional("test_perimeter", number());
    let count = f.optional("test_count", integer());
    let (depth, thickness, perimeter, count) = (depth?, thickness?, perimeter?, count?);
    let inputs = qty?.map(|qty| Inputs {
        qty,
        depth: depth.unwrap_or(0.0),
        thickness: thickness.unwrap_or(0.0),
        perimeter: perimeter.unwrap_or(0.0),
        count: count.unwrap_or(0) as f64,
        ..Inputs::default()
    });
    Some(Trial { formula: formula?, inputs })
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormulaVerdict {
    is_valid: bool,
    /// What is wrong, with its place.
    error: Option<String>,
    /// The value, when a quantity to try was given.
    test_result: Option<f64>,
}

impl From<Trial> for FormulaVerdict {
    fn from(trial: Trial) -> Self {
        let value = Formula::compile(&trial.formula).map_err(|e| e.to_string()).and_then(|formula| {
            let Some(inputs) = &trial.inputs else { return Ok(None) };
            formula.eval(&Variables::new(inputs)).map(Some).map_err(|e| e.to_string())
        });
        match value {
            Ok(test_result) => Self { is_valid: true, error: None, test_result },
            Err(error) => Self { is_valid: false, error: Some(error), test_result: None },
        }
    }
}

/// A formula to start from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormulaPreset {
    name: &'static str,
    formula: &'static str,
    description: &'static str,
}

pub(crate) fn presets() -> BTreeMap<&'static str, FormulaPreset> {
    let preset = |p: &takeoff_core::formula::Preset| FormulaPreset {
        name: p.name,
        formula: p.formula,
        description: p.description,
    };
    PRESETS.iter().map(|p| (p.id, preset(p))).collect()
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormulaExample {
    description: &'static str,
    formula: &'static str,
}

/// What a person who writes a formula is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormulaHelp {
    /// Each variable as written, and what it means.
    variables: BTreeMap<&'static str, &'static str>,
    functions: Vec<&'static str>,
    examples: Vec<FormulaExample>,
}

pub(crate) fn help() -> FormulaHelp {
    let example = |(description, formula)| FormulaExample { description, formula };
    FormulaHelp {
        variables: VARIABLES.into_iter().collect(),
        functions: FUNCTIONS.to_vec(),
        examples: EXAMPLES.into_iter().map(example).collect(),
    }
}
