use std::collections::HashMap;

use rust_decimal::Decimal;

use super::locked::outdated;
use super::money::cents;
use crate::model::{Assembly, Condition, Id};

/// Sums of the stored totals of a project's assemblies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostSummary {
    pub total_conditions: u64,
    pub conditions_with_assemblies: u64,
    pub material_cost: Decimal,
    pub labor_cost: Decimal,
    pub equipment_cost: Decimal,
    pub subcontract_cost: Decimal,
    pub other_cost: Decimal,
    pub total_cost: Decimal,
    pub total_with_markup: Decimal,
    /// Lines whose formula could not be evaluated: their cost is missing from the sums.
    pub components_in_error: u64,
    /// Names of conditions that something is measured for and whose quantity of 0 is none (see
    /// [`Condition::is_flat`]).
    pub without_depth: Vec<String>,
    /// Conditions that are priced and whose quantity is too small as far as their counts tell.
    pub counted_short: Vec<DoubtedPrice>,
    /// Locked assemblies whose numbers are in the sums and no longer those of their conditions.
    pub outdated_locks: Vec<DoubtedPrice>,
}

/// A price that is in the sums and is not that of what there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubtedPrice {
    /// The condition's name.
    pub condition: String,
    /// See [`outdated`] and [`Condition::counted_short`].
    pub why: String,
}

/// Adds up what the assemblies of a project's conditions show; a condition without one counts only in
/// `total_conditions`.
pub fn summarize<'a>(
    conditions: impl IntoIterator<Item = &'a Condition>,
    assemblies: impl IntoIterator<Item = &'a Assembly>,
) -> CostSummary {
    let (mut total_conditions, mut without_depth) = (0, Vec::new());
    let mut known: HashMap<Id, &Condition> = HashMap::new();
    for condition in conditions {
        total_conditions += 1;
        known.insert(condition.id, condition);
        if condition.is_flat() && condition.measurement_count > 0 {
            without_depth.push(condition.name.clone());
        }
    }
    let zero = cents(Decimal::ZERO);
    let start = CostSummary {
        total_conditions,
        without_depth,
        counted_short: Vec::new(),
        outdated_locks: Vec::new(),
        conditions_with_assemblies: 0,
        material_cost: zero,
        labor_cost: zero,
        equipment_cost: zero,
        subcontract_cost: zero,
        other_cost: zero,
        total_cost: zero,
        total_with_markup: zero,
        components_in_error: 0,
    };
    assemblies.into_iter().fold(start, |mut sum, a| {
        if let Some(condition) = known.get(&a.condition_id) {
            let doubted = |why| DoubtedPrice { condition: condition.name.clone(), why };
            sum.outdated_locks.extend(outdated(a, condition).map(doubted));
            sum.counted_short.extend(condition.counted_short().map(doubted));
        }
        with(sum, a)
    })
}

fn with(sum: CostSummary, a: &Assembly) -> CostSummary {
    CostSummary {
        conditions_with_assemblies: sum.conditions_with_assemblies + 1,
        material_cost: sum.material_cost.saturating_add(a.material_cost),
        labor_cost: sum.labor_cost.saturating_add(a.labor_cost),
        equipment_cost: sum.equipment_cost.saturating_add(a.equipment_cost),
        subcontract_cost: sum.subcontract_cost.saturating_add(a.subcontract_cost),
        other_cost: sum.other_cost.saturating_add(a.other_cost),
        total_cost: sum.total_cost.saturating_add(a.total_cost),
        total_with_markup: sum.total_with_markup.saturating_add(a.total_with_markup),
        components_in_error: sum.components_in_error + u64::from(a.components_in_error),
        ..sum
    }
}
