//! Locked prices whose conditions change.

use super::*;
use crate::model::PricedFor;

/// A locked assembly of one line, priced for the condition.
fn locked(condition: &Condition, formula: &str) -> Assembly {
    let line = component(ComponentType::Material, formula, "2", 0.0);
    let assembly = Assembly { components: vec![line], ..empty() };
    let priced = price(&assembly, &ConditionQuantities::from(condition)).unwrap();
    Assembly { is_locked: true, priced_for: Some(PricedFor::of(condition)), ..priced }
}

const TAIL: &str = ": its cost stays that of the lock until it is unlocked";

#[test]
fn a_lock_tells_what_it_was_made_for_and_what_there_is_now() {
    let then = condition(MeasurementType::Area, 240.0);
    let assembly = locked(&then, "{qty}");
    assert_eq!(outdated(&assembly, &then), None);
    let now = Condition { total_quantity: 260.0, ..then.clone() };
    let said = "locked at 240 SF; the condition now measures 260 SF";
    assert_eq!(outdated(&assembly, &now), Some(format!("{said}{TAIL}")));
    assert_eq!(outdated(&Assembly { is_locked: false, ..assembly.clone() }, &now), None);
    let hardly = Condition { total_quantity: 240.000_02, ..then.clone() };
    let said = "locked at 240 SF; the condition now measures 240.00002 SF";
    assert_eq!(outdated(&assembly, &hardly), Some(format!("{said}{TAIL}")), "told apart");
    let rounding = Condition { total_quantity: 240.000_000_000_000_03, ..then.clone() };
    assert_eq!(outdated(&assembly, &rounding), None);
    let other = Condition { unit: "SY".to_owned(), ..then };
    assert!(
        outdated(&assembly, &other)
            .unwrap()
            .starts_with("locked at 240 SF; the condition now measures 240 SY")
    );
}

#[test]
fn what_a_formula_reads_beside_the_quantity_is_told_and_what_none_reads_is_not() {
    let then = condition(MeasurementType::Area, 240.0);
    let deeper = Condition { depth: Some(6.0), ..then.clone() };
    let thin = Condition { thickness: None, ..then.clone() };
    let longer = Condition { total_perimeter_ft: 140.5, ..then.clone() };
    let more = Condition { measurement_count: 3, ..then.clone() };
    for (formula, now, said) in [
        ("{volume_cy}", &deeper, "locked at a depth of 4 in; the condition now has one of 6 in"),
        ("{depth_ft}", &deeper, "locked at a depth of 4 in; the condition now has one of 6 in"),
        ("{thickness}", &thin, "locked at a thickness of 8 in; the condition now has one of 0 in"),
        ("{perimeter}", &longer, "locked at a perimeter of 130 ft; the condition now has one of 140.5 ft"),
        ("{count}", &more, "locked at 2 measurements; the condition now has 3"),
    ] {
        let assembly = locked(&then, formula);
        assert_eq!(outdated(&assembly, now), Some(format!("{said}{TAIL}")), "{formula}");
        let mut left_out = assembly;
        left_out.components[0].is_included = false;
        assert_eq!(outdated(&left_out, now), None, "{formula} is in no sum");
    }
    for now in [&deeper, &thin, &longer, &more] {
        assert_eq!(outdated(&locked(&then, "{qty}"), now), None);
    }
}

#[test]
fn a_lock_of_an_older_engine_is_held_against_what_it_would_cost_now() {
    let then = condition(MeasurementType::Area, 240.0);
    let old = |formula: &str| {
        let mut stored = serde_json::to_value(locked(&then, formula)).unwrap();
        stored.as_object_mut().unwrap().remove("priced_for");
        serde_json::from_value::<Assembly>(stored).expect("older records are read")
    };
    assert_eq!(outdated(&old("{qty}"), &then), None);
    let now = Condition { total_quantity: 260.0, ..then.clone() };
    let said = "locked at 480.00 with markup; what the condition measures now would be 520.00";
    assert_eq!(outdated(&old("{qty}"), &now), Some(format!("{said}{TAIL}")));
    // A sum that is the same for every quantity: the price of a unit is not.
    let said = "locked at 1.0000 a unit; what the condition measures now would be 0.9231";
    assert_eq!(outdated(&old("120"), &now), Some(format!("{said}{TAIL}")));
}

#[test]
fn a_summary_names_the_conditions_whose_locks_are_outdated() {
    let then = condition(MeasurementType::Area, 240.0);
    let now = Condition { total_quantity: 260.0, ..then.clone() };
    let assembly = locked(&then, "{qty}");
    assert!(summarize([&then], [&assembly]).outdated_locks.is_empty());
    let sum = summarize([&now], [&assembly]);
    assert_eq!(sum.total_cost, assembly.total_cost, "the lock's numbers are the project's");
    let [lock] = &sum.outdated_locks[..] else { panic!("{sum:?}") };
    assert_eq!(lock.condition, "Slab");
    assert!(lock.why.starts_with("locked at 240 SF; the condition now measures 260 SF"), "{lock:?}");
}
