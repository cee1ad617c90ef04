use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::{GeometryType, Id, Measurement, MeasurementType, Timestamp};

use GeometryType::{Circle, Line, Point, Polygon, Polyline, Rectangle};
use MeasurementType::{Area, Count, Linear, Volume};

fn terms(measurement_type: MeasurementType) -> Terms {
    let unit = Unit::of(measurement_type, Unit::standard(measurement_type)).unwrap();
    Terms { measurement_type, unit, depth: Some(4.0), px_per_foot: 10.0 }
}

fn line() -> Value {
    json!({"start": {"x": 0, "y": 0}, "end": {"x": 60, "y": 80}})
}

fn square() -> Value {
    json!({"x": 10, "y": 10, "width": 100, "height": 100})
}

fn points(of: &[(f64, f64)]) -> Value {
    json!({"points": of.iter().map(|(x, y)| json!({"x": x, "y": y})).collect::<Vec<_>>()})
}

fn quantity(kind: GeometryType, data: &Value, measure: MeasurementType) -> Result<f64, MeasureError> {
    calculate(kind, data, &terms(measure)).map(|c| c.quantity)
}

#[test]
fn every_geometry_under_every_type() {
    let pi = std::f64::consts::PI;
    let triangle = points(&[(0.0, 0.0), (100.0, 0.0), (50.0, 100.0)]);
    let bent = points(&[(0.0, 0.0), (30.0, 40.0), (30.0, 140.0)]);
    let circle = json!({"center": {"x": 0, "y": 0}, "radius": 50});
    let point = json!({"x": 5, "y": 6});
    let side = (50.0_f64 * 50.0 + 100.0 * 100.0).sqrt();
    let cy = |sf: f64| sf * 4.0 / 12.0 / 27.0;
    let rows: [(GeometryType, &Value, [Option<f64>; 3]); 6] = [
        (Line, &line(), [Some(10.0), None, None]),
        (Polyline, &bent, [Some(15.0), None, None]),
        (Polygon, &triangle, [Some((100.0 + side + side) / 10.0), Some(50.0), Some(cy(50.0))]),
        (Rectangle, &square(), [Some(40.0), Some(100.0), Some(cy(100.0))]),
        (Circle, &circle, [Some(10.0 * pi), Some(25.0 * pi), Some(cy(25.0 * pi))]),
        (Point, &point, [None, None, None]),
    ];
    for (kind, data, expected) in rows {
        for (measure, want) in [Linear, Area, Volume].into_iter().zip(expected) {
            match (quantity(kind, data, measure), want) {
                (Ok(found), Some(want)) => {
                    assert!((found - want).abs() < 1e-9, "{kind:?} {measure:?} {found}")
                }
                (Err(MeasureError::Incompatible { .. }), None) => {}
                (found, _) => panic!("{kind:?} under {measure:?}: {found:?}"),
            }
        }
        assert_eq!(quantity(kind, data, Count), Ok(1.0));
    }
    assert_eq!(quantity(Line, &line(), Area).unwrap_err().to_string(), "a line has no area");
}

/// A shape that the condition takes otherwise than it looks.
#[test]
fn what_is_taken_of_a_shape_is_noted_where_it_may_not_be_meant() {
    let square = points(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]);
    let note = |kind, data: &Value, of| {
        let c = calculate(kind, data, &terms(of)).unwrap();
        c.calculation.get("note").and_then(Value::as_str).map(str::to_owned)
    };
    for (kind, of, part) in [
        (Polygon, Linear, Some("outline")),
        (Polygon, Count, Some("one piece")),
        (Polyline, Count, Some("one piece")),
        (Polygon, Area, None),
        (Polyline, Linear, None),
    ] {
        let said = note(kind, &square, of);
        assert!(
            said.as_deref().map_or(part.is_none(), |s| part.is_some_and(|p| s.contains(p))),
            "{kind:?}: {said:?}"
        );
    }
    assert_eq!(note(Point, &json!({"x": 1.0, "y": 1.0}), Count), None);
}

#[test]
fn the_calculation_has_the_contracts_names() {
    let keys = |kind, data: &Value| {
        let c = calculate(kind, data, &terms(Count)).unwrap();
        let Value::Object(map) = c.calculation else { panic!("not an object") };
        let names = map.keys().filter(|k| *k != "note").cloned();
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(Line, &line()), "length_feet pixel_length");
    let polyline = points(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]);
    assert_eq!(keys(Polyline, &polyline), "length_feet pixel_length segment_count segment_lengths");
    assert_eq!(
        keys(Polygon, &polyline),
        "area_sf depth_inches perimeter_lf pixel_area pixel_perimeter volume_cy"
    );
    assert_eq!(
        keys(Rectangle, &square()),
        "area_sf depth_inches height_feet perimeter_lf pixel_area pixel_height pixel_perimeter pixel_width volume_cy width_feet"
    );
    assert_eq!(keys(Point, &json!({"x": 1, "y": 2})), "count position");
    let measured = calculate(Rectangle, &square(), &terms(Volume)).unwrap();
    assert_eq!(
        (measured.pixel_length, measured.pixel_area, measured.perimeter_ft),
        (None, Some(10_000.0), 40.0)
    );
    assert!((measured.quantity - 1.234_567_901_234_567_9).abs() < 1e-12);
}

#[test]
fn a_volume_without_depth_is_zero_and_says_why() {
    for depth in [None, Some(0.0)] {
        let terms = Terms { depth, ..terms(Volume) };
        let c = calculate(Rectangle, &square(), &terms).unwrap();
        assert_eq!(c.quantity, 0.0);
        assert!(c.calculation["note"].as_str().is_some_and(|n| n.contains("no depth")));
    }
    let noted = calculate(Rectangle, &square(), &terms(Volume)).unwrap();
    assert!(noted.calculation.get("note").is_none());
}

#[test]
fn a_rectangle_dragged_backwards_is_the_same_rectangle() {
    let back = json!({"x": 110, "y": 110, "width": -100, "height": -100, "rotation": 30});
    assert_eq!(quantity(Rectangle, &back, Area), Ok(100.0));
    let (a, b) = (Geometry::parse(Rectangle, &back), Geometry::parse(Rectangle, &square()));
    assert_eq!(a, b);
}

#[test]
fn malformed_geometry_says_what_and_where() {
    let many = points(&vec![(1.0, 1.0); MAX_POINTS + 1]);
    let cases: [(GeometryType, Value, &str); 22] = [
        (Line, json!(null), "must be an object, not null"),
        (Line, json!([1]), "must be an object, not an array"),
        (Line, json!({"start": {"x": 0, "y": 0}}), "geometry_data.end: is missing"),
        (Line, json!({"start": 3, "end": {"x": 0, "y": 0}}), "geometry_data.start: must be a point"),
        (Line, json!({"start": {"x": 0}, "end": {"x": 0, "y": 0}}), "geometry_data.start.y: is missing"),
        (
            Line,
            json!({"start": {"x": "0", "y": 0}, "end": {}}),
            "geometry_data.start.x: must be a number, not a string",
        ),
        (Line, json!({"start": {"x": 1, "y": 1}, "end": {"x": 1, "y": 1}}), "no length"),
        (Polyline, json!({}), "points: is missing"),
        (Polyline, json!({"points": {}}), "must be an array"),
        (Polyline, points(&[(0.0, 0.0)]), "at least 2"),
        (Polyline, points(&[(1.0, 0.0), (1.0, 0.0)]), "no length"),
        (
            Polyline,
            json!({"points": [{"x": 0, "y": 0}, {"x": 1e300, "y": 0}]}),
            "points[1].x: must be within",
        ),
        (Polyline, many.clone(), "at most 10000"),
        (Polygon, many, "at most 10000"),
        (Polygon, points(&[(0.0, 0.0), (1.0, 0.0)]), "at least 3 points, has 2"),
        (Polygon, points(&[(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 0.0)]), "at least 3 different"),
        (Polygon, points(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]), "no area"),
        (Rectangle, json!({"x": 0, "y": 0, "width": 0, "height": 5}), "width: must not be 0"),
        (Rectangle, json!({"x": 0, "y": 0, "width": 5}), "height: is missing"),
        (Circle, json!({"center": {"x": 0, "y": 0}, "radius": -5}), "radius: must be greater than 0"),
        (Circle, json!({"radius": 5}), "center: is missing"),
        (Point, json!({"x": true, "y": 0}), "x: must be a number, not a boolean"),
    ];
    for (kind, data, part) in cases {
        let error = calculate(kind, &data, &terms(Count)).unwrap_err();
        assert!(matches!(error, MeasureError::Geometry(_)));
        assert!(error.to_string().contains(part), "{error} lacks {part:?}");
    }
}

#[test]
fn what_no_page_can_show_has_no_size() {
    let size = |kind, data: Value| Geometry::parse(kind, &data).unwrap().has_size();
    let rectangle = |width: f64, height: f64| json!({"x": 5, "y": 5, "width": width, "height": height});
    let line = |x: f64| json!({"start": {"x": 5, "y": 5}, "end": {"x": x, "y": 5}});
    let circle = |radius: f64| json!({"center": {"x": 5, "y": 5}, "radius": radius});
    let sliver = |y: f64| points(&[(0.0, 0.0), (900.0, 0.0), (450.0, y)]);
    for (kind, data, said) in [
        (Rectangle, rectangle(1e-320, 9.0), "geometry_data.width: is 1e-320 px, and no page"),
        (Rectangle, rectangle(9.0, -1e-7), "geometry_data.height: is 1e-7 px, and no page"),
        (Line, line(5.0 + 1e-9), "geometry_data: the line is"),
        (Polyline, points(&[(0.0, 0.0), (0.0, 1e-300)]), "geometry_data.points: the polyline is"),
        (Polygon, sliver(1e-7), "geometry_data.points: the polygon is"),
        (Circle, circle(1e-310), "geometry_data.radius: is 1e-310 px, and no page"),
    ] {
        let error = size(kind, data).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error} is not {said}");
    }
    for (kind, data) in [
        (Rectangle, rectangle(-1e-6, 9.0)),
        (Line, line(5.1)),
        (Polygon, sliver(0.01)),
        (Circle, circle(0.001)),
        (Point, json!({"x": 0, "y": 0})),
    ] {
        assert_eq!(size(kind, data.clone()), Ok(()), "{data}");
    }
}

#[test]
fn polygons_that_cross_themselves_are_refused() {
    let bow_tie = points(&[(0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)]);
    let error = Geometry::parse(Polygon, &bow_tie).unwrap_err();
    let said = "the polygon crosses itself near (50.0, 50.0): the edges that begin at its points 1 and 3";
    assert_eq!(error.message, said);
    // Numbered as they were given, whatever is there twice.
    let doubled = points(&[(0.0, 0.0), (0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0), (0.0, 0.0)]);
    let error = Geometry::parse(Polygon, &doubled).unwrap_err();
    assert!(error.message.ends_with("its points 1 and 4"), "{error}");
    // Crossing exactly in a shared point: one lobe would be subtracted from the other.
    let pinched =
        points(&[(0.0, 0.0), (100.0, 100.0), (300.0, 300.0), (300.0, 0.0), (100.0, 100.0), (0.0, 200.0)]);
    let error = Geometry::parse(Polygon, &pinched).unwrap_err();
    assert!(error.message.contains("crosses itself"), "{error}");
    // A second lap covers the same place twice.
    let twice = points(&[
        (0.0, 0.0),
        (9.0, 0.0),
        (9.0, 9.0),
        (0.0, 9.0),
        (0.0, 0.0),
        (9.0, 0.0),
        (9.0, 9.0),
        (0.0, 8.0),
    ]);
    assert!(Geometry::parse(Polygon, &twice).is_err());
}

#[test]
fn polygons_that_only_touch_themselves_are_measured() {
    let area = |of: &[(f64, f64)]| quantity(Polygon, &points(of), Area).map(|sf| sf * 100.0);
    // Two lobes that meet in a point, both to the same side.
    let lobes = [(0.0, 0.0), (100.0, 100.0), (200.0, 0.0), (200.0, 200.0), (100.0, 100.0), (0.0, 200.0)];
    assert_eq!(area(&lobes), Ok(20_000.0));
    // A room with a hole, cut open along a line that is walked twice.
    let hole = [
        (0.0, 0.0),
        (100.0, 0.0),
        (100.0, 100.0),
        (0.0, 100.0),
        (0.0, 50.0),
        (40.0, 50.0),
        (40.0, 60.0),
        (60.0, 60.0),
        (60.0, 40.0),
        (40.0, 40.0),
        (40.0, 50.0),
        (0.0, 50.0),
    ];
    assert_eq!(area(&hole), Ok(10_000.0 - 400.0));
    // Closed by hand, with a double click.
    let closed = [(0.0, 0.0), (100.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)];
    assert_eq!(area(&closed), Ok(10_000.0));
}

#[test]
fn a_polygon_of_the_most_points_is_checked_in_time() {
    let n = MAX_POINTS;
    let star: Vec<(f64, f64)> = (0..n)
        .map(|i| {
            let (r, a) =
                (if i % 2 == 0 { 900.0 } else { 500.0 }, i as f64 / n as f64 * std::f64::consts::TAU);
            (1000.0 + r * a.cos(), 1000.0 + r * a.sin())
        })
        .collect();
    assert!(quantity(Polygon, &points(&star), Area).is_ok());
}

#[test]
fn a_scale_or_depth_that_is_no_length_is_refused() {
    for p in [0.0, -10.0, f64::NAN, f64::INFINITY] {
        let terms = Terms { px_per_foot: p, ..terms(Area) };
        assert!(matches!(calculate(Rectangle, &square(), &terms), Err(MeasureError::Scale(_))));
    }
    for d in [-1.0, f64::NAN] {
        let terms = Terms { depth: Some(d), ..terms(Area) };
        assert!(matches!(calculate(Rectangle, &square(), &terms), Err(MeasureError::Depth(_))));
    }
    let tiny = Terms { px_per_foot: 1e-200, ..terms(Area) };
    assert!(matches!(calculate(Rectangle, &square(), &tiny), Err(MeasureError::Overflow { .. })));
}

fn measured(quantity: f64, is_rejected: bool) -> Measurement {
    Measurement {
        id: Id::NIL,
        condition_id: Id::NIL,
        page_id: Id::NIL,
        project_id: Id::NIL,
        geometry_type: Rectangle,
        geometry_data: square(),
        quantity,
        unit: "SF".to_owned(),
        pixel_length: None,
        pixel_area: None,
        perimeter_ft: 40.0,
        calculation: Value::Null,
        is_ai_generated: false,
        ai_confidence: None,
        ai_model: None,
        is_modified: false,
        is_verified: false,
        is_rejected,
        rejection_reason: None,
        review_notes: None,
        reviewed_at: None,
        original_geometry: None,
        original_quantity: None,
        notes: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

#[test]
fn totals_leave_rejected_measurements_out() {
    let all = [measured(10.0, false), measured(99.0, true), measured(5.5, false)];
    let tally = Tally::of(&all).unwrap();
    assert_eq!(tally.totals(), Totals { quantity: 15.5, count: 2, perimeter_ft: 80.0 });
    assert_eq!(Tally::of([]).unwrap().totals(), Totals::default());
    for (quantity, times) in [(f64::MAX, 1), (4e18, 40), (f64::NAN, 1), (f64::INFINITY, 1)] {
        let all = vec![measured(quantity, false); times];
        assert_eq!(Tally::of(&all), Err(TooLarge), "{times} of {quantity}");
    }
}

proptest! {
    /// Adding and taking out in any order ends where adding the rest alone ends, to the last digit, and
    /// survives being stored.
    #[test]
    fn a_tally_is_exact(
        kept in proptest::collection::vec((0.0..1e9_f64, any::<bool>()), 0..20),
        gone in proptest::collection::vec((0.0..1e15_f64, any::<bool>()), 0..20),
    ) {
        let of = |v: &[(f64, bool)]| v.iter().map(|(q, r)| measured(*q, *r)).collect::<Vec<_>>();
        let (kept, gone) = (of(&kept), of(&gone));
        let mut tally = Tally::of(&gone).unwrap();
        kept.iter().for_each(|m| tally.add(m).unwrap());
        gone.iter().rev().for_each(|m| tally.remove(m).unwrap());
        prop_assert_eq!(tally, Tally::of(kept.iter().rev()).unwrap());
        let stored = serde_json::to_vec(&tally).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Tally>(&stored).unwrap(), tally);
        let plain: f64 = kept.iter().filter(|m| !m.is_rejected).map(|m| m.quantity).sum();
        prop_assert!((tally.totals().quantity - plain).abs() <= plain * 1e-12);
    }
}

/// A small JSON value of any shape under the keys that geometries have.
fn odd_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-50_i64..50).prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof!["x", "y", "points", "start", "end", "width", "height", "center", "radius"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..5)
                .prop_map(|kv| Value::Object(kv.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_measured_or_refused(data in odd_value(), p in any::<f64>(), kind in 0_usize..6, measure in 0_usize..4) {
        let kind = [Line, Polyline, Polygon, Rectangle, Circle, Point][kind];
        let terms = Terms { px_per_foot: p, ..terms([Linear, Area, Volume, Count][measure]) };
        if let Ok(c) = calculate(kind, &data, &terms) {
            prop_assert!(c.quantity.is_finite() && c.quantity >= 0.0);
        }
    }

    /// Points on small whole coordinates: either the ring is refused, or shoelace and a count of
    /// places inside (non-zero winding, on a fine grid) agree.
    #[test]
    fn an_accepted_polygon_has_the_area_that_it_shows(ring in proptest::collection::vec((0_u8..7, 0_u8..7), 3..9)) {
        let ring: Vec<(f64, f64)> = ring.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
        if let Ok(Geometry::Polygon(kept)) = Geometry::parse(Polygon, &points(&ring)) {
            let n = 140;
            let step = 7.0 / f64::from(n);
            let inside = (0..n * n).filter(|i| {
                let (px, py) = ((f64::from(i % n) + 0.503) * step, (f64::from(i / n) + 0.501) * step);
                let mut winding = 0;
                for (k, a) in kept.iter().enumerate() {
                    let b = kept[(k + 1) % kept.len()];
                    if (a.y > py) != (b.y > py) && px < a.x + (py - a.y) / (b.y - a.y) * (b.x - a.x) {
                        winding += if b.y > a.y { 1 } else { -1 };
                    }
                }
                winding != 0
            }).count();
            let seen = inside as f64 * step * step;
            let area = polygon::area(&kept);
            prop_assert!((seen - area).abs() < 1.0, "{kept:?}: {area} but {seen} seen");
        }
    }
}

#[test]
fn a_unit_converts_what_it_names() {
    // 100 feet by 100 feet at 10 px a foot, 4 in deep; 100 feet of line.
    let square = json!({"x": 0, "y": 0, "width": 1000, "height": 1000});
    let line = json!({"start": {"x": 0, "y": 0}, "end": {"x": 1000, "y": 0}});
    let cf = 10_000.0 * 4.0 / 12.0;
    let rows: [(MeasurementType, &str, &str, f64); 18] = [
        (Linear, "LF", "LF", 100.0),
        (Linear, "ft", "LF", 100.0),
        (Linear, "lin. ft", "LF", 100.0),
        (Linear, "LY", "LY", 100.0 / 3.0),
        (Linear, "in", "IN", 1200.0),
        (Linear, "CLF", "CLF", 1.0),
        (Linear, "m", "M", 30.48),
        (Area, "SF", "SF", 10_000.0),
        (Area, "sq. yd", "SY", 10_000.0 / 9.0),
        (Area, "SQ", "SQ", 100.0),
        (Area, "MSF", "MSF", 10.0),
        (Area, "acres", "ACRE", 10_000.0 / 43_560.0),
        (Area, "m²", "M2", 929.0304),
        (Volume, "CY", "CY", cf / 27.0),
        (Volume, "cf", "CF", cf),
        (Volume, "M3", "M3", cf * 0.028_316_846_592),
        (Count, "each", "EA", 1.0),
        (Count, " set ", "set", 1.0),
    ];
    for (of, given, code, want) in rows {
        let unit = Unit::of(of, given).unwrap();
        assert_eq!(unit.code(given), code);
        let (kind, data) = if of == Linear { (Line, &line) } else { (Rectangle, &square) };
        let got = calculate(kind, data, &Terms { unit, ..terms(of) }).unwrap().quantity;
        assert!((got - want).abs() <= 1e-12 * want, "{given}: {got}, not {want}");
        assert!((unit.from_feet(unit.to_feet(got)) - got).abs() <= 1e-12 * got, "{given}");
    }
}

#[test]
fn a_unit_of_another_type_is_none() {
    for (of, given) in [
        (Linear, "SF"),
        (Linear, "furlong"),
        (Linear, "EA"),
        (Area, "LF"),
        (Area, "m"),
        (Area, "CY"),
        (Volume, "SF"),
        (Volume, "cm3"),
        (Count, "SF"),
        (Count, "cu. yd"),
        (Count, "LF"),
        (Area, ""),
        (Count, "  "),
    ] {
        assert!(Unit::of(of, given).is_err(), "{given} of {of:?}");
    }
    let e = Unit::of(Area, "EA").unwrap_err().to_string();
    assert_eq!(e, "the unit of an area must be one of SF, SY, SQ, MSF, ACRE, M2, not \"EA\"");
}

#[test]
fn what_is_to_be_left_out_of_a_shape_is_refused() {
    let square = |key: &str, value: Value| json!({"x": 0, "y": 0, "width": 9, "height": 9, key: value});
    for key in ["holes", "cutouts", "interiors"] {
        let said = Geometry::has_no_holes(&square(key, json!([[{"x": 1, "y": 1}]]))).unwrap_err().to_string();
        assert!(said.starts_with(&format!("geometry_data.{key}: no hole")), "{said}");
        for nothing in [json!([]), json!(null), json!(false), json!({})] {
            assert!(Geometry::has_no_holes(&square(key, nothing)).is_ok(), "{key}");
        }
    }
    assert!(Geometry::has_no_holes(&square("rotation", json!(30))).is_ok());
}

#[test]
fn a_rectangle_that_was_dragged_backwards_is_kept_as_one_that_was_not() {
    let kept = |data| Geometry::kept(GeometryType::Rectangle, data);
    assert_eq!(
        kept(json!({"x": 10, "y": 20, "width": -4, "height": 5, "label": "a"})),
        json!({"x": 6.0, "y": 20, "width": 4.0, "height": 5, "label": "a"})
    );
    assert_eq!(
        kept(json!({"x": 10, "y": 20, "width": 4, "height": -5})),
        json!({"x": 10, "y": 15.0, "width": 4, "height": 5.0})
    );
    let upright = json!({"x": 10, "y": 20, "width": 4, "height": 5});
    assert_eq!(kept(upright.clone()), upright);
    let point = json!({"x": 1, "y": 1, "width": -4});
    assert_eq!(Geometry::kept(GeometryType::Point, point.clone()), point);
}
