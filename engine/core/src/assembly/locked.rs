//! What a locked price was made for, against what its condition measures now: the numbers of a lock stay as they are, so
//! somebody has to be told when they are no longer those of the condition.

use super::price::{ConditionQuantities, price};
use crate::formula::{Formula, Variable};
use crate::model::{Assembly, Condition, PricedFor};

/// Share of a number that rounding explains.
const SLACK: f64 = 1e-9;
/// Places after the point of a quantity, unless more are needed to tell two apart.
const PLACES: usize = 4;
const MOST_PLACES: usize = 15;

/// Variables that follow something of the condition beside its quantity.
const OF_DEPTH: &[Variable] = &[Variable::Depth, Variable::DepthFt, Variable::VolumeCf, Variable::VolumeCy];
const OF_THICKNESS: &[Variable] = &[Variable::Thickness, Variable::ThicknessFt];

impl PricedFor {
    /// What there is to price of a condition as it is.
    pub fn of(condition: &Condition) -> Self {
        Self {
            quantity: condition.total_quantity,
            unit: condition.unit.clone(),
            depth: condition.depth,
            thickness: condition.thickness,
            perimeter_ft: condition.total_perimeter_ft,
            count: condition.measurement_count,
        }
    }
}

/// Why the numbers of a locked assembly are no longer those of its condition, for a person; `None` where they are, and
/// of one that is not locked. Beside the quantity it is only what the formulas read that matters. Of one that was priced
/// before this was kept, what it would cost now is compared.
pub fn outdated(assembly: &Assembly, condition: &Condition) -> Option<String> {
    if !assembly.is_locked {
        return None;
    }
    let said = match &assembly.priced_for {
        Some(then) => changed(assembly, then, &PricedFor::of(condition)),
        None => repriced(assembly, condition),
    };
    said.map(|said| format!("{said}: its cost stays that of the lock until it is unlocked"))
}

fn changed(assembly: &Assembly, then: &PricedFor, now: &PricedFor) -> Option<String> {
    if then.unit != now.unit || differ(then.quantity, now.quantity) {
        let (before, after) = apart(then.quantity, now.quantity);
        return Some(format!(
            "locked at {before} {}; the condition now measures {after} {}",
            then.unit, now.unit
        ));
    }
    let included = assembly.components.iter().filter(|c| c.is_included);
    let formulas: Vec<Formula> =
        included.filter_map(|c| Formula::compile(&c.quantity_formula).ok()).collect();
    let read = |any: &[Variable]| formulas.iter().any(|f| any.iter().any(|v| f.uses(*v)));
    let inches = |what: &str, then: Option<f64>, now: Option<f64>, variables: &[Variable]| {
        let (then, now) = (then.unwrap_or(0.0), now.unwrap_or(0.0));
        let (before, after) = apart(then, now);
        (differ(then, now) && read(variables))
            .then(|| format!("locked at a {what} of {before} in; the condition now has one of {after} in"))
    };
    let perimeter = || {
        let (before, after) = apart(then.perimeter_ft, now.perimeter_ft);
        (differ(then.perimeter_ft, now.perimeter_ft) && read(&[Variable::Perimeter]))
            .then(|| format!("locked at a perimeter of {before} ft; the condition now has one of {after} ft"))
    };
    let count = || {
        (then.count != now.count && read(&[Variable::Count]))
            .then(|| format!("locked at {} measurements; the condition now has {}", then.count, now.count))
    };
    inches("depth", then.depth, now.depth, OF_DEPTH)
        .or_else(|| inches("thickness", then.thickness, now.thickness, OF_THICKNESS))
        .or_else(perimeter)
        .or_else(count)
}

fn repriced(assembly: &Assembly, condition: &Condition) -> Option<String> {
    let now = match price(assembly, &ConditionQuantities::from(condition)) {
        Ok(now) => now,
        Err(why) => return Some(format!("locked, and what the condition measures now has no price ({why})")),
    };
    if now.total_with_markup != assembly.total_with_markup {
        let (then, now) = (assembly.total_with_markup, now.total_with_markup);
        return Some(format!(
            "locked at {then:.2} with markup; what the condition measures now would be {now:.2}"
        ));
    }
    (now.unit_cost != assembly.unit_cost).then(|| {
        let (then, now) = (assembly.unit_cost, now.unit_cost);
        format!("locked at {then:.4} a unit; what the condition measures now would be {now:.4}")
    })
}

fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > SLACK * a.abs().max(b.abs())
}

/// Two numbers with as few places as tell them apart.
fn apart(a: f64, b: f64) -> (String, String) {
    let short = |v: f64, places: usize| {
        let text = format!("{v:.places$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let mut places = PLACES;
    while differ(a, b) && places < MOST_PLACES && short(a, places) == short(b, places) {
        places += 1;
    }
    (short(a, places), short(b, places))
}
