//! The door to the arithmetic of `takeoff-core`.

use takeoff_core::assembly::{self as core, ConditionQuantities};
use takeoff_core::formula::Formula;
use takeoff_core::measure::{Tally, Terms, Unit, calculate};
use takeoff_core::model::{Assembly, Condition, GeometryType, Measurement, MeasurementType, PricedFor};
use takeoff_engine::clock::Stopwatch;
use takeoff_engine::metrics as names;

/// Computes the quantity of a measurement from its geometry. `px_per_foot` may be missing only for points
/// that are counted. The error is for a person.
pub(crate) fn measure(
    measurement: &mut Measurement,
    condition: &Condition,
    px_per_foot: Option<f64>,
) -> Result<(), String> {
    let counted = condition.measurement_type == MeasurementType::Count
        && measurement.geometry_type == GeometryType::Point;
    let px_per_foot = match px_per_foot {
        Some(p) => p,
        // Of a counted point nothing is a length.
        None if counted => 1.0,
        None => return Err("the scale of its page is not calibrated".to_owned()),
    };
    let measurement_type = condition.measurement_type;
    let unit = Unit::of(measurement_type, &condition.unit).map_err(|e| e.to_string())?;
    let terms = Terms { measurement_type, unit, depth: condition.depth, px_per_foot };
    let calculated = calculate(measurement.geometry_type, &measurement.geometry_data, &terms)
        .map_err(|e| e.to_string())?;
    measurement.quantity = calculated.quantity;
    measurement.unit.clone_from(&condition.unit);
    measurement.pixel_length = calculated.pixel_length;
    measurement.pixel_area = calculated.pixel_area;
    measurement.perimeter_ft = calculated.perimeter_ft;
    measurement.calculation = calculated.calculation;
    Ok(())
}

/// Writes the totals that a tally gives.
pub(crate) fn total(condition: &mut Condition, tally: Tally) {
    let totals = tally.totals();
    condition.total_quantity = totals.quantity;
    condition.measurement_count = totals.count;
    condition.total_perimeter_ft = totals.perimeter_ft;
    condition.tally = Some(tally);
}

/// Prices an assembly from the totals of its condition. A component that cannot be evaluated carries its
/// error; only what has no price as a whole is an error here.
pub(crate) fn price(assembly: &mut Assembly, condition: &Condition) -> Result<(), String> {
    let watch = Stopwatch::start();
    *assembly = core::price(assembly, &ConditionQuantities::from(condition)).map_err(|e| e.to_string())?;
    assembly.priced_for = Some(PricedFor::of(condition));
    ::metrics::histogram!(names::FORMULA_SECONDS).record(watch.elapsed().as_secs_f64());
    if assembly.components_in_error > 0 {
        ::metrics::counter!(names::ASSEMBLY_ERRORS).increment(1);
    }
    Ok(())
}

/// Whether a formula can be kept; the error says what is wrong with it and where.
pub(crate) fn check_formula(formula: &str) -> Result<(), String> {
    Formula::compile(formula).map(drop).map_err(|e| format!("the quantity formula is refused: {e}"))
}
