//! Cents of lines whose quantities have no exact double.

use super::*;

/// As doubles, 3 and 15 percent are 3.4499999999999997.
#[test]
fn half_cents_are_not_lost_to_binary_fractions() {
    for (formula, unit_cost, waste, with_waste, cost) in [
        ("3", "0.50", 15.0, 3.45, "1.73"),
        ("3", "12.50", 15.0, 3.45, "43.13"),
        ("{qty} * 1.1", "0.005", 0.0, 110.0, "0.55"),
        ("1.1 * 1.1", "0.5", 0.0, 1.21, "0.61"),
        ("0 - 3", "0.50", 15.0, -3.45, "-1.73"),
    ] {
        let line = component(ComponentType::Material, formula, unit_cost, waste);
        let line = priced(vec![line], 100.0).components.remove(0);
        assert_eq!(
            (line.quantity_with_waste, line.extended_cost.to_string().as_str()),
            (with_waste, cost),
            "{formula}"
        );
    }
}
