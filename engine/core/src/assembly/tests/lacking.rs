//! Formulas that read what the condition does not have.

use super::*;

/// The error of a line with this formula.
fn error_of(condition: &Condition, formula: &str) -> Option<String> {
    let line = component(ComponentType::Material, formula, "2", 0.0);
    let a = price(&Assembly { components: vec![line], ..empty() }, &ConditionQuantities::from(condition));
    let mut a = a.unwrap();
    let line = a.components.remove(0);
    assert_eq!(a.components_in_error, u32::from(line.error.is_some()), "{formula}");
    assert!(line.error.is_none() || line.extended_cost.is_zero() && line.calculated_quantity == 0.0);
    line.error
}

#[test]
fn what_the_condition_does_not_have_is_an_error_and_no_zero() {
    let without = Condition { depth: None, thickness: None, ..condition(MeasurementType::Area, 100.0) };
    for (reads, set) in [
        ("{depth}", "`depth`"),
        ("{depth_ft}", "`depth`"),
        ("{volume_cf}", "`depth`"),
        ("{volume_cy}", "`depth`"),
        ("{thickness}", "`thickness`"),
        ("{thickness_ft}", "`thickness`"),
        ("{height}", "number of feet"),
        ("{width}", "number of feet"),
        ("{length}", "number of feet"),
    ] {
        let said = error_of(&without, &format!("{{qty}} * 2 + {reads}")).expect(reads);
        assert!(said.contains(reads) && said.contains(set), "{said}");
    }
    let said = error_of(&without, "{volume_cy} + {height} + {depth}").unwrap();
    let expected = "The formula reads {depth}, {volume_cy}: the condition has no depth, set its `depth` in inches; it \
                    reads {height}: no condition has that, write it into the formula as a number of feet";
    assert_eq!(said, expected);
    for formula in ["{qty}", "", "{perimeter} + {count}", "5"] {
        assert_eq!(error_of(&without, formula), None, "{formula}");
    }
    let with = condition(MeasurementType::Area, 100.0);
    assert_eq!(error_of(&with, "{volume_cy} + {depth_ft} + {thickness_ft}"), None, "it was given");
    // A depth of 0 is none: what it would cost is 0, too.
    let zero = Condition { depth: Some(0.0), thickness: Some(0.0), ..with };
    for formula in ["{volume_cy}", "{depth_ft}", "{thickness_ft}"] {
        assert!(error_of(&zero, formula).is_some(), "{formula}");
    }
    // Points have no length; where nothing is measured, 0 is the length of it.
    let points = Condition { total_perimeter_ft: 0.0, ..condition(MeasurementType::Count, 3.0) };
    assert!(error_of(&points, "{perimeter}").unwrap().contains("has a length"));
    assert_eq!(error_of(&Condition { measurement_count: 0, ..points }, "{perimeter}"), None);
}

/// A quantity in another unit beside sizes in feet and inches: nothing in the number would show it.
#[test]
fn quantities_that_are_not_in_feet_are_not_mixed_with_sizes() {
    let of = |kind, unit: &str| Condition { unit: unit.to_owned(), ..condition(kind, 100.0) };
    for (kind, unit) in [
        (MeasurementType::Area, "SY"),
        (MeasurementType::Area, "SQ"),
        (MeasurementType::Area, "MSF"),
        (MeasurementType::Area, "acre"),
        (MeasurementType::Area, "M2"),
        (MeasurementType::Linear, "IN"),
        (MeasurementType::Linear, "LY"),
        (MeasurementType::Linear, "CLF"),
    ] {
        let of = of(kind, unit);
        for formula in ["{qty} * {depth} / 12 / 27", "{qty} * {thickness_ft}", "{qty} + {perimeter}"] {
            let said = error_of(&of, formula).unwrap_or_else(|| panic!("{unit}: {formula}"));
            assert!(said.contains("feet"), "{unit}: {said}");
        }
        for formula in ["{qty} * 1.1", "{count}", "{depth_ft} * 2"] {
            assert_eq!(error_of(&of, formula), None, "{unit}: {formula}");
        }
    }
    assert_eq!(error_of(&of(MeasurementType::Area, "SY"), "{volume_cy} + {perimeter}"), None);
    for (kind, unit) in [(MeasurementType::Area, "sq ft"), (MeasurementType::Count, "PR")] {
        assert_eq!(error_of(&of(kind, unit), "{qty} * {depth} / 12 / 27"), None, "{unit}");
    }
}

#[test]
fn a_volume_of_measured_areas_without_a_depth_is_an_error_and_no_zero() {
    let volume = |depth, measurement_count| Condition {
        unit: "CY".to_owned(),
        depth,
        measurement_count,
        ..condition(MeasurementType::Volume, 0.0)
    };
    for depth in [None, Some(0.0)] {
        for formula in ["{qty}", "", "{volume_cy}", "{volume_cf} / 2"] {
            let said = error_of(&volume(depth, 2), formula).expect(formula);
            assert!(said.contains("a volume without a depth"), "{said}");
            assert_eq!(error_of(&volume(depth, 0), formula), None, "nothing is measured, so 0 it is");
        }
        assert_eq!(error_of(&volume(depth, 2), "{perimeter} + {count}"), None);
    }
    assert_eq!(error_of(&volume(Some(4.0), 2), "{qty} + {volume_cf}"), None);
}

#[test]
fn a_depth_makes_no_volume_of_lengths_or_of_numbers() {
    for kind in [MeasurementType::Linear, MeasurementType::Count] {
        let measured = Condition { depth: Some(12.0), ..condition(kind, 100.0) };
        for formula in ["{volume_cf}", "ceil({volume_cy})"] {
            let said = error_of(&measured, formula).expect(formula);
            assert!(said.contains("has no area") && said.contains("multiply it by {qty}"), "{said}");
        }
        assert_eq!(error_of(&measured, "{qty} * 2.5 * {depth_ft} / 27"), None, "the width is in the formula");
        assert_eq!(
            error_of(&Condition { total_quantity: 0.0, ..measured }, "{volume_cf}"),
            None,
            "nothing is measured"
        );
    }
    let slab = Condition { depth: Some(12.0), ..condition(MeasurementType::Area, 100.0) };
    assert_eq!(error_of(&slab, "{volume_cf}"), None);
}
