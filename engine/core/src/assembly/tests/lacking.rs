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
    let zero = Condition { depth: Some(0.0), ..with.clone() };
    for condition in [with, zero] {
        assert_eq!(error_of(&condition, "{volume_cy} + {depth_ft} + {thickness_ft}"), None, "it was given");
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
