use std::cell::Cell;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Mutex;

use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::*;
use crate::formula::{Formula, Variable};
use crate::model::{Assembly, Component, ComponentType, Condition, Id, IdSource, MeasurementType, Timestamp};

mod cents;
mod lacking;
mod locks;

const NOW: Timestamp = Timestamp(1);

/// Ids that count up.
struct Counter(Mutex<Cell<u128>>);

impl Counter {
    fn new() -> Self {
        Self(Mutex::new(Cell::new(1)))
    }
}

impl IdSource for Counter {
    fn next(&self) -> Id {
        let next = self.0.lock().unwrap();
        next.set(next.get() + 1);
        Id(Uuid::from_u128(next.get()))
    }
}

fn condition(measurement_type: MeasurementType, total_quantity: f64) -> Condition {
    Condition {
        id: Id(Uuid::from_u128(7)),
        project_id: Id(Uuid::from_u128(8)),
        name: "Slab".to_owned(),
        description: None,
        scope: "concrete".to_owned(),
        category: None,
        measurement_type,
        color: "#3B82F6".to_owned(),
        line_width: 2,
        fill_opacity: 0.3,
        unit: "SF".to_owned(),
        depth: Some(4.0),
        thickness: Some(8.0),
        total_quantity,
        measurement_count: 2,
        total_perimeter_ft: 130.0,
        tally: None,
        shapes: None,
        short_counts: Vec::new(),
        sort_order: 0,
        is_ai_generated: false,
        is_visible: true,
        extra_metadata: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn money(text: &str) -> Decimal {
    Decimal::from_str(text).unwrap()
}

fn empty() -> Assembly {
    blank(&condition(MeasurementType::Area, 1000.0), NewAssembly::default(), &Counter::new(), NOW)
}

fn component(kind: ComponentType, formula: &str, unit_cost: &str, waste_percent: f64) -> Component {
    let spec = templates().remove(0);
    let template = spec.to_template(Id(Uuid::from_u128(1)), NOW);
    let from = from_template(
        &template,
        &condition(MeasurementType::Area, 0.0),
        NewAssembly::default(),
        &Counter::new(),
        NOW,
    );
    Component {
        component_type: kind,
        quantity_formula: formula.to_owned(),
        unit_cost: money(unit_cost),
        waste_percent,
        labor_hours: None,
        ..from.components[0].clone()
    }
}

fn priced(components: Vec<Component>, qty: f64) -> Assembly {
    let quantities =
        ConditionQuantities { qty, depth: Some(4.0), count: 1, ..ConditionQuantities::default() };
    price(&Assembly { components, ..empty() }, &quantities).unwrap()
}

#[test]
fn the_domains_example() {
    let labor =
        Component { labor_hours: Some(8.0), ..component(ComponentType::Labor, "{qty} / 100", "100", 0.0) };
    let components = vec![component(ComponentType::Material, "{qty} * 1.1", "12.34567", 5.0), labor];
    let assembly = Assembly { components, overhead_percent: 10.0, profit_percent: 8.0, ..empty() };
    let quantities = ConditionQuantities { qty: 1000.0, ..ConditionQuantities::default() };
    let priced = price(&assembly, &quantities).unwrap();
    let shown: Vec<(f64, String)> =
        priced.components.iter().map(|c| (c.quantity_with_waste, c.extended_cost.to_string())).collect();
    assert!((priced.components[0].calculated_quantity - 1100.0).abs() < 1e-9);
    assert!((shown[0].0 - 1155.0).abs() < 1e-9);
    assert_eq!((shown[0].1.as_str(), shown[1].1.as_str()), ("14259.28", "1000.00"));
    assert_eq!(priced.total_cost.to_string(), "15259.28");
    assert_eq!(priced.unit_cost.to_string(), "15.2593");
    assert_eq!(priced.total_with_markup.to_string(), "18005.95");
    assert_eq!(priced.total_labor_hours, 80.0);
}

#[test]
fn markup_is_additive_and_rounded_once() {
    let assembly = Assembly {
        components: vec![component(ComponentType::Other, "{qty}", "100", 0.0)],
        overhead_percent: 10.0,
        profit_percent: 8.0,
        ..empty()
    };
    let one = ConditionQuantities { qty: 1.0, ..ConditionQuantities::default() };
    assert_eq!(price(&assembly, &one).unwrap().total_with_markup.to_string(), "118.00");
}

#[test]
fn lines_are_rounded_and_then_added() {
    // Three lines of 0.005: unrounded they make 0.015, shown they make 0.03.
    let line = || component(ComponentType::Material, "{qty}", "0.005", 0.0);
    let priced = priced(vec![line(), line(), line()], 1.0);
    assert_eq!(priced.material_cost.to_string(), "0.03");
    assert_eq!(priced.total_cost.to_string(), "0.03");
}

#[test]
fn every_type_has_its_bucket() {
    use ComponentType::{Equipment, Labor, Material, Other, Subcontract};
    let kinds = [Material, Labor, Equipment, Subcontract, Other];
    let components =
        kinds.iter().enumerate().map(|(i, k)| component(*k, "{qty}", &format!("{}", i + 1), 0.0)).collect();
    let a = priced(components, 1.0);
    let buckets = [a.material_cost, a.labor_cost, a.equipment_cost, a.subcontract_cost, a.other_cost];
    assert_eq!(buckets.map(|b| b.to_string()), ["1.00", "2.00", "3.00", "4.00", "5.00"]);
    assert_eq!(a.total_cost.to_string(), "15.00");
}

#[test]
fn a_line_in_error_is_named_and_costs_nothing() {
    let good = || component(ComponentType::Material, "{qty}", "2", 0.0);
    let cases = [
        ("1 / ({qty} - 10)", "2", 0.0, "Division by zero"),
        ("{nothing}", "2", 0.0, "Unknown variable: {nothing}"),
        ("{qty} ** {qty} ** {qty}", "2", 0.0, "too large"),
        ("1e20", "1000000", 0.0, "cost is too large"),
        ("1e300", "2", 0.0, "none that a number can hold"),
        ("{qty}", "2", f64::NAN, "waste"),
    ];
    for (formula, cost, waste, message) in cases {
        let a = priced(vec![good(), component(ComponentType::Labor, formula, cost, waste), good()], 10.0);
        let bad = &a.components[1];
        assert!(bad.error.as_deref().is_some_and(|e| e.contains(message)), "{formula}: {:?}", bad.error);
        assert_eq!(
            (bad.calculated_quantity, bad.quantity_with_waste, bad.extended_cost),
            (0.0, 0.0, Decimal::ZERO)
        );
        assert_eq!((a.components_in_error, a.total_cost.to_string().as_str()), (1, "40.00"));
        // Mended, the error goes away.
        let mut mended = a;
        mended.components[1] = good();
        let again = price(&mended, &ConditionQuantities { qty: 10.0, ..Default::default() }).unwrap();
        assert_eq!((again.components_in_error, again.total_cost.to_string().as_str()), (0, "60.00"));
    }
}

#[test]
fn feet_and_metres_do_not_meet_in_one_formula_unseen() {
    let in_unit = |unit: &str, formula: &str| {
        let mut area = condition(MeasurementType::Area, 100.0);
        unit.clone_into(&mut area.unit);
        (area.depth, area.thickness, area.total_perimeter_ft) = (Some(6.0), Some(8.0), 40.0);
        let assembly =
            Assembly { components: vec![component(ComponentType::Material, formula, "1", 0.0)], ..empty() };
        price(&assembly, &ConditionQuantities::from(&area)).unwrap().components.remove(0).error
    };
    for formula in ["{perimeter}", "{qty} + {perimeter} * 0.3048"] {
        assert!(in_unit("M2", formula).unwrap().contains("{perimeter} is in feet"), "{formula}");
        assert_eq!(in_unit("SF", formula), None);
    }
    for formula in ["{qty} * {depth} / 12 / 27", "{qty} + {thickness_ft}"] {
        assert!(in_unit("M2", formula).unwrap().contains("in feet or inches"), "{formula}");
        assert_eq!(in_unit("SF", formula), None);
    }
    assert!(in_unit("M2", "{qty} * {height}").unwrap().contains("in feet or inches"));
    for formula in ["{qty} * 1.1", "{count}", "{volume_cy} * 0.7646", "{depth}"] {
        assert_eq!(in_unit("M2", formula), None, "{formula}");
    }
}

#[test]
fn a_template_says_what_its_formulas_need() {
    for t in templates() {
        for c in t.components {
            let formula = Formula::compile(c.formula).unwrap();
            for (word, variables) in [
                ("depth", &[Variable::Depth, Variable::DepthFt, Variable::VolumeCf, Variable::VolumeCy][..]),
                ("thickness", &[Variable::Thickness, Variable::ThicknessFt]),
            ] {
                let reads = variables.iter().any(|v| formula.uses(*v));
                let said = t.description.contains(&format!("{word} from the condition"));
                assert!(!reads || said, "{} / {} reads the {word}", t.name, c.name);
            }
        }
    }
}

#[test]
fn excluded_components_cost_nothing_and_cannot_fail() {
    let excluded = Component {
        is_included: false,
        labor_hours: Some(1.0),
        ..component(ComponentType::Material, "{bad}", "2", 0.0)
    };
    let a = priced(vec![excluded], 10.0);
    assert_eq!((a.components_in_error, a.total_cost, a.total_labor_hours), (0, Decimal::ZERO, 0.0));
    assert_eq!(a.components[0].error, None);
}

#[test]
fn a_condition_without_quantity_has_no_unit_cost() {
    let fixed = || vec![component(ComponentType::Other, "5", "2", 0.0)];
    for qty in [0.0, -3.0] {
        let a = priced(fixed(), qty);
        assert_eq!(
            (a.total_cost.to_string().as_str(), a.unit_cost.to_string().as_str()),
            ("10.00", "0.0000")
        );
    }
    let tiny = ConditionQuantities { qty: 1e-30, ..Default::default() };
    let error = price(&Assembly { components: fixed(), ..empty() }, &tiny).unwrap_err();
    assert!(matches!(error, PriceError::UnitCost(_)), "{error}");
}

#[test]
fn a_markup_that_is_no_percentage_is_refused() {
    for bad in [f64::NAN, f64::INFINITY, 1e9] {
        let error =
            price(&Assembly { profit_percent: bad, ..empty() }, &ConditionQuantities::default()).unwrap_err();
        assert!(error.to_string().contains("profit_percent"), "{error}");
    }
}

#[test]
fn the_summary_adds_what_is_shown() {
    let a = priced(vec![component(ComponentType::Material, "{qty}", "1.115", 0.0)], 1.0);
    let mut b = priced(vec![component(ComponentType::Labor, "{qty}", "2.5", 0.0)], 3.0);
    b.components_in_error = 2;
    let conditions = vec![condition(MeasurementType::Area, 0.0); 5];
    let sum = summarize(&conditions, [&a, &b]);
    assert_eq!((sum.total_conditions, sum.conditions_with_assemblies, sum.components_in_error), (5, 2, 2));
    assert_eq!(sum.material_cost.to_string(), "1.12");
    assert_eq!(sum.labor_cost.to_string(), "7.50");
    assert_eq!(sum.total_cost, a.total_cost + b.total_cost);
    assert_eq!(summarize([], []).total_with_markup.to_string(), "0.00");
    let flat = Condition { depth: None, name: "Pad".to_owned(), ..condition(MeasurementType::Volume, 0.0) };
    let unmeasured = Condition { measurement_count: 0, ..flat.clone() };
    let sum = summarize([&flat, &unmeasured, &conditions[0]], []);
    assert_eq!((sum.total_conditions, sum.without_depth), (3, vec!["Pad".to_owned()]));
}

#[test]
fn templates_are_complete_and_their_formulas_compile() {
    let all = templates();
    let names: BTreeSet<&str> = all.iter().map(|t| t.name).collect();
    assert_eq!(names.len(), all.len(), "a name is the key of seeding");
    assert!(all.iter().filter(|t| t.scope == "concrete").count() >= 10);
    for scope in ["drywall", "flooring", "painting", "doors", "electrical", "plumbing"] {
        assert!(all.iter().any(|t| t.scope == scope), "{scope}");
    }
    let units = ["CY", "CF", "SF", "SFCA", "LF", "LB", "EA", "GAL", "DAY", "BAG", "SY", "SET", "PR"];
    for t in &all {
        assert!(t.version >= 1 && !t.description.is_empty());
        let names: BTreeSet<&str> = t.components.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), t.components.len(), "{}: component names", t.name);
        assert!(t.components.iter().any(|c| c.component_type == ComponentType::Material), "{}", t.name);
        assert!(t.components.iter().any(|c| c.component_type == ComponentType::Labor), "{}", t.name);
        let stored = t.to_template(Id::NIL, NOW);
        assert!(stored.is_system && stored.description.is_some_and(|d| d.ends_with(PLACEHOLDER_PRICES)));
        for c in &t.components {
            let formula =
                Formula::compile(c.formula).unwrap_or_else(|e| panic!("{} / {}: {e}", t.name, c.name));
            assert!(units.contains(&c.unit), "{} / {}: {}", t.name, c.name, c.unit);
            assert!(c.unit_cost > Decimal::ZERO && (0.0..=100.0).contains(&c.waste_percent));
            assert_eq!(
                c.component_type == ComponentType::Labor,
                c.labor_hours.is_some(),
                "{} / {}",
                t.name,
                c.name
            );
            // Nothing of a condition's that has none: a volume of lengths, a depth of counts without depth.
            let areal = formula.uses(Variable::VolumeCy) || formula.uses(Variable::VolumeCf);
            assert!(!areal || t.measurement_type == MeasurementType::Area, "{} / {}", t.name, c.name);
            for none in [Variable::Height, Variable::Width, Variable::Length] {
                assert!(!formula.uses(none), "{} / {} uses a variable that is always 0", t.name, c.name);
            }
        }
    }
}

/// A template priced for 100 units, depth 6 in, thickness 8 in, perimeter 40 ft, one measurement.
fn quantity_of(template: &str, component: &str) -> (f64, &'static str) {
    let spec = templates().into_iter().find(|t| t.name == template).expect("template");
    let c = spec.components.iter().find(|c| c.name.starts_with(component)).expect("component");
    let quantities = ConditionQuantities {
        qty: 100.0,
        depth: Some(6.0),
        thickness: Some(8.0),
        perimeter_ft: 40.0,
        count: 1,
        volume_cf: None,
        without_area: false,
        is_volume: false,
        measured_in: MeasuredIn::Feet,
    };
    (Formula::compile(c.formula).unwrap().eval(&quantities.variables()).unwrap(), c.unit)
}

#[test]
fn template_quantities_check_by_hand() {
    let rows = [
        // 100 SF x 6 in.
        ("Ground Slab with Welded Wire", "Ready-mix", 50.0 / 27.0, "CY"),
        ("Ground Slab with Welded Wire", "Edge forms", 20.0, "SFCA"),
        // 10 x 10 ft: bars at 18 in make 66.7 ft each way.
        ("Ground Slab with Single Bar Mat", "#4 bars", 133.333_333_333 * 0.668, "LB"),
        // Four layers of 100 ft.
        ("Ground Slab with Double Bar Mat", "#5 bars", 400.0 * 1.043, "LB"),
        ("Continuous Footing, 24 in Wide", "Ready-mix", 100.0 * 2.0 * 0.5 / 27.0, "CY"),
        ("Continuous Footing, 24 in Wide", "#5 bars", 300.0 * 1.043, "LB"),
        ("Continuous Footing, 24 in Wide", "Formwork", 100.0, "SFCA"),
        ("Isolated Footing, 4 ft Square", "Ready-mix", 100.0 * 8.0 / 27.0, "CY"),
        ("Isolated Footing, 4 ft Square", "#5 bars", 100.0 * 35.0 * 1.043, "LB"),
        ("Isolated Footing, 4 ft Square", "Formwork", 100.0 * 8.0, "SFCA"),
        ("Basement Wall, Bars in Both Faces", "Ready-mix", 100.0 * (8.0 / 12.0) / 27.0, "CY"),
        ("Basement Wall, Bars in Both Faces", "Formwork", 200.0, "SFCA"),
        ("Square Column, 18 in by 12 ft", "Ready-mix", 100.0, "CY"),
        ("Square Column, 18 in by 12 ft", "Formwork", 7200.0, "SFCA"),
        ("Square Column, 18 in by 12 ft", "#6 bars", 100.0 * 112.0 * 1.502, "LB"),
        ("Concrete Wall, Single Bar Curtain", "#5 bars", 200.0 * 1.043, "LB"),
        ("Walk with Broom Finish", "Ready-mix", 50.0 / 27.0, "CY"),
        ("Curb with 18 in Gutter", "Ready-mix", 125.0 / 27.0, "CY"),
        ("Gypsum Partition, One Layer, 9 ft", "Gypsum board", 1800.0, "SF"),
        ("Gypsum Partition, One Layer, 9 ft", "Steel studs", 76.0, "EA"),
        ("Resilient Tile Floor with Base", "Rubber base", 40.0, "LF"),
        ("Carpet Tile Floor with Base", "Carpet tile", 100.0 / 9.0, "SY"),
        ("Wall Paint, Primer and Two Coats", "Paint", 0.5, "GAL"),
        ("Hollow Metal Door, 3 ft x 7 ft", "Butt hinges", 300.0, "EA"),
        ("Duplex Receptacle with Branch Wiring", "Wire", 7500.0, "LF"),
        ("Recessed 2x4 Luminaire with Branch Wiring", "EMT conduit", 1200.0, "LF"),
        ("Wall-Hung Water Closet with Rough-In", "Water closet", 100.0, "EA"),
    ];
    for (template, component, expected, unit) in rows {
        let (found, of) = quantity_of(template, component);
        assert!(
            (found - expected).abs() < 1e-6 * expected,
            "{template} / {component}: {found} {of}, not {expected}"
        );
        assert_eq!(of, unit, "{template} / {component}");
    }
}

#[test]
fn an_assembly_copies_its_template_in_order() {
    let condition = condition(MeasurementType::Area, 1000.0);
    for spec in templates() {
        let template = spec.to_template(Id(Uuid::from_u128(99)), NOW);
        let a = from_template(&template, &condition, NewAssembly::default(), &Counter::new(), NOW);
        assert_eq!((a.name.as_str(), a.template_id), (spec.name, Some(template.id)));
        assert_eq!((a.condition_id, a.project_id), (condition.id, condition.project_id));
        let orders: Vec<i64> = a.components.iter().map(|c| c.sort_order).collect();
        assert_eq!(orders, (0..a.components.len() as i64).collect::<Vec<_>>());
        let ids: BTreeSet<Id> = a.components.iter().map(|c| c.id).chain([a.id]).collect();
        assert_eq!(ids.len(), a.components.len() + 1);
        let priced = price(&a, &ConditionQuantities::from(&condition)).unwrap();
        assert_eq!(priced.components_in_error, 0, "{}", spec.name);
        assert!(priced.components.iter().all(|c| c.extended_cost > Decimal::ZERO), "{}", spec.name);
    }
    let named = NewAssembly { name: Some("Mine".to_owned()), description: None };
    let template = templates()[0].to_template(Id::NIL, NOW);
    assert_eq!(from_template(&template, &condition, named, &Counter::new(), NOW).name, "Mine");
    assert_eq!(blank(&condition, NewAssembly::default(), &Counter::new(), NOW).name, "Slab");
}

fn any_component() -> impl Strategy<Value = Component> {
    let kinds = prop_oneof![
        Just(ComponentType::Material),
        Just(ComponentType::Labor),
        Just(ComponentType::Equipment),
        Just(ComponentType::Subcontract),
        Just(ComponentType::Other)
    ];
    let formulas = prop_oneof![
        Just("{qty}"),
        Just("{qty} / 3"),
        Just("{qty} * 1.1"),
        Just("ceil({qty} / 7)"),
        Just("-{qty}"),
        Just("1 / ({qty} - 5)"),
        Just("{qty} ** 9"),
        Just("{oops}"),
    ];
    (
        kinds,
        formulas,
        -1_000_000_i64..100_000_000,
        0_u32..=1000,
        any::<bool>(),
        -3_i64..3,
        proptest::option::of(0.0..9.0),
    )
        .prop_map(|(kind, formula, cost, waste, included, order, hours)| Component {
            is_included: included,
            sort_order: order,
            labor_hours: hours,
            unit_cost: Decimal::new(cost, 5),
            waste_percent: f64::from(waste) / 10.0,
            ..component(kind, formula, "0", 0.0)
        })
}

proptest! {
    #[test]
    fn what_is_shown_adds_up_to_what_is_shown(
        components in proptest::collection::vec(any_component(), 0..12),
        qty in prop_oneof![0.0..5000.0, Just(5.0), Just(0.0), -10.0..0.0],
        overhead in 0_u32..500, profit in 0_u32..500,
    ) {
        let assembly = Assembly {
            components,
            overhead_percent: f64::from(overhead) / 10.0,
            profit_percent: f64::from(profit) / 10.0,
            ..empty()
        };
        let quantities = ConditionQuantities { qty, depth: Some(4.0), ..Default::default() };
        let Ok(a) = price(&assembly, &quantities) else { return Ok(()) };
        let shown = |d: Decimal| Decimal::from_str(&format!("{d:.2}")).unwrap();
        let lines: Decimal = a.components.iter().map(|c| shown(c.extended_cost)).sum();
        let buckets = [a.material_cost, a.labor_cost, a.equipment_cost, a.subcontract_cost, a.other_cost];
        prop_assert_eq!(lines, shown(a.total_cost));
        prop_assert_eq!(buckets.iter().map(|b| shown(*b)).sum::<Decimal>(), shown(a.total_cost));
        for kind in [ComponentType::Material, ComponentType::Labor] {
            let of: Decimal = a.components.iter().filter(|c| c.component_type == kind).map(|c| c.extended_cost).sum();
            prop_assert_eq!(of, if kind == ComponentType::Material { a.material_cost } else { a.labor_cost });
        }
        let errors = a.components.iter().filter(|c| c.error.is_some()).count();
        prop_assert_eq!(errors, a.components_in_error as usize);
        prop_assert!(a.components.is_sorted_by_key(|c| c.sort_order));
        // Pricing what was priced changes nothing.
        prop_assert_eq!(price(&a, &quantities).unwrap(), a);
    }

    #[test]
    fn no_number_makes_pricing_panic(
        qty in any::<f64>(), waste in any::<f64>(), hours in any::<f64>(), overhead in any::<f64>(), perimeter in any::<f64>(),
        cost in any::<i64>(), scale in 0_u32..20,
    ) {
        let odd = Component {
            waste_percent: waste,
            labor_hours: Some(hours),
            unit_cost: Decimal::new(cost, scale),
            ..component(ComponentType::Labor, "{qty} + {perimeter}", "0", 0.0)
        };
        let assembly = Assembly { components: vec![odd], overhead_percent: overhead, ..empty() };
        let quantities = ConditionQuantities { qty, perimeter_ft: perimeter, ..Default::default() };
        if let Ok(a) = price(&assembly, &quantities) {
            prop_assert!(a.total_labor_hours.is_finite());
        }
    }
}
