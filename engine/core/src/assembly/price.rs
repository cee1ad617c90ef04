//! The costs of an assembly.
//!
//! For every included component, in sort order: its formula's value, the same with waste, and the cost: both in
//! decimals, from the 15 digits that a double holds, times the unit price, rounded to cents. Buckets and totals
//! sum those rounded lines, and markup (overhead and profit both on cost) is rounded once: what is shown
//! adds up to what is shown. All component types are priced as quantity times unit price; rates and
//! crews are information.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::money::{MAX_LINE, cents, decimal_of, quantity_of, unit_price};
use crate::formula::{Formula, Inputs, Variable, Variables};
use crate::measure::Unit;
use crate::model::{Assembly, Component, ComponentType, Condition, MeasurementType};

/// Largest overhead or profit, percent, either sign.
const MAX_MARKUP_PERCENT: f64 = 100_000.0;
/// Most hours of one line, either sign.
const MAX_LINE_HOURS: f64 = 1e12;

/// What a condition gives to its assembly.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ConditionQuantities {
    /// In the condition's unit.
    pub qty: f64,
    /// Inches.
    pub depth: Option<f64>,
    /// Inches.
    pub thickness: Option<f64>,
    /// Lengths and perimeters of the measurements, feet.
    pub perimeter_ft: f64,
    /// Measurements.
    pub count: u64,
    /// Cubic feet; `None` takes quantity times depth.
    pub volume_cf: Option<f64>,
    /// Lengths or numbers are measured: a depth makes no volume of them.
    pub without_area: bool,
    /// The quantity is a volume itself.
    pub is_volume: bool,
    /// What the quantity is in.
    pub measured_in: MeasuredIn,
}

/// What a quantity is in, beside the feet and inches that formulas read of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MeasuredIn {
    /// Feet, square or cubic ones, pieces; also cubic yards, which the formulas' own volumes are in.
    #[default]
    Feet,
    /// A unit that is another number of feet: square yards, squares, acres, inches.
    OtherFeet(&'static str),
    /// Metres, square or cubic ones.
    Metres,
}

impl From<&Condition> for ConditionQuantities {
    fn from(c: &Condition) -> Self {
        Self {
            qty: c.total_quantity,
            depth: c.depth,
            thickness: c.thickness,
            perimeter_ft: c.total_perimeter_ft,
            count: c.measurement_count,
            volume_cf: volume_cf(c),
            without_area: matches!(c.measurement_type, MeasurementType::Linear | MeasurementType::Count),
            is_volume: c.measurement_type == MeasurementType::Volume,
            measured_in: Unit::of(c.measurement_type, &c.unit).map_or(MeasuredIn::Feet, MeasuredIn::from),
        }
    }
}

/// What the condition's quantity is in cubic feet: a volume as it is, all else times the depth.
fn volume_cf(c: &Condition) -> Option<f64> {
    let feet = Unit::of(c.measurement_type, &c.unit).ok()?.to_feet(c.total_quantity);
    Some(match c.measurement_type {
        MeasurementType::Volume => feet,
        _ => feet * c.depth.unwrap_or(0.0) / 12.0,
    })
}

impl ConditionQuantities {
    /// The formulas' variables. What is not known is 0 here; a component that reads it has no price (see [`price`]).
    pub fn variables(&self) -> Variables {
        Variables::new(&Inputs {
            qty: self.qty,
            depth: self.depth.unwrap_or(0.0),
            thickness: self.thickness.unwrap_or(0.0),
            perimeter: self.perimeter_ft,
            count: self.count as f64,
            volume_cf: self.volume_cf,
            ..Inputs::default()
        })
    }

    /// Why a formula has no value here although it can be evaluated: the condition does not have what it reads, and a
    /// 0 in its place would be a price that nobody asked for.
    fn lack(&self, formula: &Formula) -> Option<String> {
        let read = Variable::ALL.into_iter().filter(|v| formula.uses(*v));
        let mut lacks: Vec<(&str, Vec<String>)> = Vec::new();
        for (variable, why) in read.filter_map(|v| self.lacks(v).map(|why| (v, why))) {
            let name = format!("{{{}}}", variable.name());
            match lacks.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(name),
                None => lacks.push((why, vec![name])),
            }
        }
        let said = lacks.iter().map(|(why, names)| format!("reads {}: {why}", names.join(", ")));
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| format!("The formula {}", said.join("; it ")))
    }

    /// Why a variable has no value, and what gives it one.
    fn lacks(&self, variable: Variable) -> Option<&'static str> {
        // Measured areas that are to be a volume and have no depth are not 0 cubic yards.
        let flat = self.is_volume && self.count > 0 && self.depth.unwrap_or(0.0) <= 0.0;
        match variable {
            Variable::Count => None,
            // Of shapes that were measured, points alone have no length.
            Variable::Perimeter => {
                let none = self.count > 0 && self.perimeter_ft <= 0.0;
                none.then_some("nothing that is measured for the condition has a length")
            }
            Variable::Qty | Variable::VolumeCf | Variable::VolumeCy if self.is_volume => {
                flat.then_some("the condition is a volume without a depth, set its `depth` in inches")
            }
            Variable::Qty => None,
            // Length times depth is a face, number times depth a height: neither is what the name promises.
            Variable::VolumeCf | Variable::VolumeCy if self.without_area && self.qty != 0.0 => Some(
                "the condition measures lengths or numbers and has no area, write the volume of one foot or of one \
                 piece into the formula and multiply it by {qty}",
            ),
            Variable::Depth | Variable::DepthFt | Variable::VolumeCf | Variable::VolumeCy => {
                let none = self.depth.unwrap_or(0.0) <= 0.0;
                none.then_some("the condition has no depth, set its `depth` in inches")
            }
            Variable::Thickness | Variable::ThicknessFt => {
                let none = self.thickness.unwrap_or(0.0) <= 0.0;
                none.then_some("the condition has no thickness, set its `thickness` in inches")
            }
            Variable::Height | Variable::Width | Variable::Length => {
                Some("no condition has that, write it into the formula as a number of feet")
            }
        }
    }
}

/// Variables that are in feet or inches whatever the condition's unit is, but for the perimeter.
const OF_FEET: [Variable; 9] = [
    Variable::Depth,
    Variable::DepthFt,
    Variable::Thickness,
    Variable::ThicknessFt,
    Variable::VolumeCf,
    Variable::VolumeCy,
    Variable::Height,
    Variable::Width,
    Variable::Length,
];

impl From<Unit> for MeasuredIn {
    fn from(unit: Unit) -> Self {
        match unit.known_code() {
            Some("M" | "M2" | "M3") => Self::Metres,
            None | Some("LF" | "SF" | "CF" | "CY" | "EA") => Self::Feet,
            Some(code) => Self::OtherFeet(code),
        }
    }
}

/// Why a formula has no value where the quantity is not in feet: what else it reads is in feet or inches, and nothing
/// in the number that comes out would show it. A perimeter is read beside metres or for them, so it has no value
/// there; a depth or a volume has one by itself.
fn mixed(formula: &Formula, measured_in: MeasuredIn) -> Option<String> {
    let reads_qty = formula.uses(Variable::Qty);
    let of_feet = OF_FEET.into_iter().find(|v| formula.uses(*v));
    match measured_in {
        MeasuredIn::Feet => None,
        MeasuredIn::Metres if formula.uses(Variable::Perimeter) => Some(
            "{perimeter} is in feet and the condition's unit is metric: give the condition a unit of feet, or measure \
             the lengths in a condition of their own with the unit M and read its {qty}"
                .to_owned(),
        ),
        MeasuredIn::Metres => of_feet.filter(|_| reads_qty).map(|of_feet| {
            let name = of_feet.name();
            format!(
                "{{qty}} is metric here and {{{name}}} in feet or inches: give the condition a unit of feet, or read \
                 {{volume_cy}} or {{volume_cf}} without {{qty}}"
            )
        }),
        MeasuredIn::OtherFeet(code) => {
            let perimeter = Some(Variable::Perimeter).filter(|v| formula.uses(*v));
            of_feet.or(perimeter).filter(|_| reads_qty).map(|of_feet| {
                let name = of_feet.name();
                format!(
                    "{{qty}} is in {code} here and {{{name}}} in feet or inches: give the condition a unit of feet (LF, \
                     SF), or read {{volume_cy}} or {{volume_cf}} without {{qty}}"
                )
            })
        }
    }
}

/// Why an assembly as a whole has no price.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PriceError {
    #[error("{field} must be a percentage of at most {MAX_MARKUP_PERCENT} either way, not {}", crate::brief(*.value))]
    Markup { field: &'static str, value: f64 },
    #[error("the condition's quantity of {} gives no unit cost that a number can hold", crate::brief(*.0))]
    UnitCost(f64),
}

/// The assembly with every output calculated anew: lines, buckets, totals, hours and errors. Components
/// come back in sort order. A line that cannot be evaluated, or that reads what the condition does not have, carries its
/// `error`, counts in `components_in_error` and costs nothing.
pub fn price(assembly: &Assembly, quantities: &ConditionQuantities) -> Result<Assembly, PriceError> {
    let mut priced = assembly.clone();
    let markup = percent("overhead_percent", priced.overhead_percent)?
        + percent("profit_percent", priced.profit_percent)?;
    let variables = quantities.variables();
    priced.components.sort_by_key(|c| c.sort_order);
    let mut buckets = [Decimal::ZERO; 5];
    let mut hours = 0.0;
    priced.components_in_error = 0;
    for component in &mut priced.components {
        let line =
            if component.is_included { line(component, &variables, quantities) } else { Ok(Line::default()) };
        component.error = line.as_ref().err().cloned();
        priced.components_in_error += u32::from(component.error.is_some());
        let line = line.unwrap_or_default();
        component.calculated_quantity = line.quantity;
        component.quantity_with_waste = line.with_waste;
        component.extended_cost = line.cost;
        buckets[bucket(component.component_type)] += line.cost;
        hours += line.hours;
    }
    [
        priced.material_cost,
        priced.labor_cost,
        priced.equipment_cost,
        priced.subcontract_cost,
        priced.other_cost,
    ] = buckets.map(cents);
    priced.total_cost = cents(buckets.iter().sum());
    priced.total_with_markup = cents(priced.total_cost * (Decimal::ONE + markup / Decimal::ONE_HUNDRED));
    priced.unit_cost = unit_cost(priced.total_cost, quantities.qty)?;
    priced.total_labor_hours = hours;
    Ok(priced)
}

fn bucket(kind: ComponentType) -> usize {
    match kind {
        ComponentType::Material => 0,
        ComponentType::Labor => 1,
        ComponentType::Equipment => 2,
        ComponentType::Subcontract => 3,
        ComponentType::Other => 4,
    }
}

fn percent(field: &'static str, value: f64) -> Result<Decimal, PriceError> {
    let usable = value.is_finite() && value.abs() <= MAX_MARKUP_PERCENT;
    usable.then(|| decimal_of(value)).flatten().ok_or(PriceError::Markup { field, value })
}

fn unit_cost(total: Decimal, qty: f64) -> Result<Decimal, PriceError> {
    if qty.is_nan() || qty <= 0.0 || total.is_zero() {
        return Ok(unit_price(Decimal::ZERO));
    }
    let cost = decimal_of(qty).and_then(|q| total.checked_div(q));
    // Four more places must fit beside the digits before the point.
    let cost = cost.filter(|c| c.abs() < Decimal::from_i128_with_scale(10_i128.pow(24), 0));
    cost.map(unit_price).ok_or(PriceError::UnitCost(qty))
}

struct Line {
    quantity: f64,
    with_waste: f64,
    cost: Decimal,
    hours: f64,
}

impl Default for Line {
    /// With money in its places.
    fn default() -> Self {
        Self { quantity: 0.0, with_waste: 0.0, cost: cents(Decimal::ZERO), hours: 0.0 }
    }
}

/// One component's outputs, or why there are none.
fn line(
    component: &Component,
    variables: &Variables,
    quantities: &ConditionQuantities,
) -> Result<Line, String> {
    let formula = Formula::compile(&component.quantity_formula).map_err(|e| e.to_string())?;
    if let Some(why) = mixed(&formula, quantities.measured_in).or_else(|| quantities.lack(&formula)) {
        return Err(why);
    }
    let quantity = formula.eval(variables).map_err(|e| e.to_string())?;
    let waste = || Some(Decimal::ONE + decimal_of(component.waste_percent)? / Decimal::ONE_HUNDRED);
    // In decimals: half a cent is one, not a little more or less.
    let exact = quantity_of(quantity).and_then(|q| q.checked_mul(waste()?));
    let with_waste = exact.and_then(|q| q.to_f64()).unwrap_or(f64::NAN);
    let hours = component.labor_hours.map_or(0.0, |h| h * with_waste);
    if !with_waste.is_finite() {
        return Err(format!(
            "A quantity of {} and a waste of {} percent give none that a number can hold",
            crate::brief(quantity),
            component.waste_percent
        ));
    }
    if hours.is_nan() || hours.abs() > MAX_LINE_HOURS {
        return Err(format!("The labor hours are too large: a line may take {MAX_LINE_HOURS} at most"));
    }
    let cost = exact.and_then(|q| q.checked_mul(unit_price(component.unit_cost)));
    let cost = cost.filter(|c| c.abs() <= MAX_LINE).map(cents);
    let cost = cost.ok_or_else(|| format!("The cost is too large: a line may cost {MAX_LINE} at most"))?;
    Ok(Line { quantity, with_waste, cost, hours })
}
