use serde_json::json;
use takeoff_core::model::MeasurementType::{Area, Count, Linear, Volume};

use super::{condition, measured, refusal, square, total};
use crate::conditions::{self, ConditionPatch, NewCondition};
use crate::measurements::{self, MeasurementPatch, NewMeasurement};
use crate::testing::{Node, blank_list, id};
use crate::{CommandError, Field, reads};
use takeoff_core::page::display::PageKind;

#[tokio::test]
async fn totals_follow_every_write() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let slab = node.condition(project, Area).await;
    let first = measured(&node, square(slab.id, page.id, 100.0)).await;
    let second = measured(&node, square(slab.id, page.id, 50.0)).await;
    assert_eq!(total(&node, slab.id).await, (125.0, 2));
    assert_eq!(condition(&node, slab.id).await.total_perimeter_ft, 60.0);

    let patch = MeasurementPatch {
        geometry_data: Some(square(slab.id, page.id, 200.0).geometry_data),
        notes: Some("north bay".to_owned()),
    };
    let changed = measurements::update(&ctx, first, patch).await.unwrap();
    assert_eq!((changed.quantity, changed.is_modified), (400.0, true));
    assert_eq!(total(&node, slab.id).await, (425.0, 2));

    measurements::delete(&ctx, second).await.unwrap();
    assert_eq!(total(&node, slab.id).await, (400.0, 1));
    let gone = measurements::delete(&ctx, second).await;
    assert!(matches!(gone, Err(CommandError::NotFound { what: "Measurement" })), "{gone:?}");
}

#[tokio::test]
async fn absent_notes_and_geometry_stay() {
    let node = Node::start().await;
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let slab = node.condition(project, Area).await;
    let new = NewMeasurement { notes: Some("keep".to_owned()), ..square(slab.id, page.id, 100.0) };
    let made = measured(&node, new).await;
    let same = measurements::update(&node.ctx(), made, MeasurementPatch::default()).await.unwrap();
    assert_eq!((same.notes.as_deref(), same.quantity, same.is_modified), (Some("keep"), 100.0, false));
    let again = measurements::recalculate(&node.ctx(), made).await.unwrap();
    assert_eq!((again.quantity, again.is_modified), (100.0, false));
}

#[tokio::test]
async fn what_cannot_be_measured_is_refused_and_leaves_nothing() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let bare = node.page(project, 2, &blank_list(PageKind::Vector)).await;
    let elsewhere = node.scaled_page(node.project().await, 1).await;
    let slab = node.condition(project, Area).await;
    let good = square(slab.id, page.id, 100.0);
    let cases = [
        (NewMeasurement { page_id: bare.id, ..good.clone() }, "scale"),
        (NewMeasurement { page_id: elsewhere.id, ..good.clone() }, "different projects"),
        (NewMeasurement { page_id: id(1), ..good.clone() }, "Page not found"),
        (NewMeasurement { condition_id: id(1), ..good.clone() }, "Condition not found"),
        (NewMeasurement { geometry_type: "blob".to_owned(), ..good.clone() }, "geometry type"),
        (NewMeasurement { geometry_data: json!({"x": 1}), ..good.clone() }, "missing"),
        (
            NewMeasurement { geometry_data: json!({"x": 1, "y": 1, "width": "wide", "height": 1}), ..good },
            "width",
        ),
    ];
    for (new, part) in cases {
        let detail = refusal(measurements::create(&ctx, new.clone()).await);
        assert!(detail.contains(part), "{new:?}: {detail}");
    }
    assert_eq!(total(&node, slab.id).await, (0.0, 0));
    assert!(reads::measurements_of_condition(&ctx, slab.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_of_the_condition_recalculates_in_the_same_commit() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let slab = node.condition(project, Area).await;
    let made = measured(&node, square(slab.id, page.id, 180.0)).await;
    let update = |patch| conditions::update(&ctx, project, slab.id, patch);

    let patch = ConditionPatch {
        measurement_type: Some(Volume),
        unit: Some("CY".to_owned()),
        depth: Field::Value(12.0),
        ..ConditionPatch::default()
    };
    assert_eq!(update(patch).await.unwrap().total_quantity, 12.0);
    let stored = reads::measurement(&ctx, made).await.unwrap();
    assert_eq!((stored.quantity, stored.unit.as_str()), (12.0, "CY"));

    let cleared = update(ConditionPatch { depth: Field::Null, ..ConditionPatch::default() }).await.unwrap();
    assert_eq!((cleared.depth, cleared.total_quantity), (None, 0.0));

    let kept =
        update(ConditionPatch { name: Some("Slab".to_owned()), ..ConditionPatch::default() }).await.unwrap();
    assert_eq!((kept.name.as_str(), kept.measurement_type), ("Slab", Volume));
    let other = conditions::update(&ctx, node.project().await, slab.id, ConditionPatch::default()).await;
    assert!(matches!(other, Err(CommandError::NotFound { .. })));
}

#[tokio::test]
async fn a_change_that_no_measurement_can_follow_is_refused() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let wall = node.condition(project, Linear).await;
    let line = NewMeasurement {
        geometry_type: "line".to_owned(),
        geometry_data: json!({"start": {"x": 0, "y": 0}, "end": {"x": 100, "y": 0}}),
        ..square(wall.id, page.id, 1.0)
    };
    measured(&node, line).await;
    let patch = ConditionPatch { measurement_type: Some(Area), ..ConditionPatch::default() };
    let detail = refusal(conditions::update(&ctx, project, wall.id, patch).await);
    assert!(detail.contains("area"), "{detail}");
    assert_eq!(total(&node, wall.id).await, (10.0, 1));
    let patch = ConditionPatch { measurement_type: Some(Count), ..ConditionPatch::default() };
    assert_eq!(conditions::update(&ctx, project, wall.id, patch).await.unwrap().total_quantity, 1.0);
}

#[tokio::test]
async fn conditions_have_defaults_an_order_and_bounds() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    for name in ["B", "A"] {
        conditions::create(&ctx, project, NewCondition::named(name, Linear)).await.unwrap();
    }
    let all = reads::conditions(&ctx, project).await.unwrap();
    let seen: Vec<_> = all.iter().map(|c| (c.name.as_str(), c.sort_order, c.unit.as_str())).collect();
    assert_eq!(seen, [("B", 1, "LF"), ("A", 2, "LF")]);
    let bad = [
        NewCondition { depth: Some(-1.0), ..NewCondition::named("x", Area) },
        NewCondition { depth: Some(f64::NAN), ..NewCondition::named("x", Area) },
        NewCondition { fill_opacity: Some(1.5), ..NewCondition::named("x", Area) },
        NewCondition { color: Some("red".to_owned()), ..NewCondition::named("x", Area) },
        NewCondition::named("x".repeat(256), Area),
    ];
    for new in bad {
        refusal(conditions::create(&ctx, project, new).await);
    }
    let nowhere = conditions::create(&ctx, id(1), NewCondition::named("x", Area)).await;
    assert!(matches!(nowhere, Err(CommandError::NotFound { what: "Project" })));
}

#[tokio::test]
async fn what_lies_beside_its_page_is_not_measured() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let area = node.condition(project, Area).await;
    let at = |x: f64| json!({"x": x, "y": 10, "width": 50, "height": 50});
    let shape = |x: f64| NewMeasurement { geometry_data: at(x), ..square(area.id, page.id, 1.0) };
    let far = NewMeasurement {
        geometry_data: json!({"x": 0, "y": 0, "width": 90_000, "height": 50}),
        ..shape(0.0)
    };
    assert!(refusal(measurements::create(&ctx, far).await).contains("reaches far over its edge"));
    for x in [90_000.0, -90_000.0] {
        assert!(refusal(measurements::create(&ctx, shape(x)).await).contains("lies outside page 1"));
    }
    // Over the edge is on the page.
    let id = measured(&node, shape(-20.0)).await;
    let patch = MeasurementPatch { geometry_data: Some(at(90_000.0)), notes: None };
    assert!(refusal(measurements::update(&ctx, id, patch).await).contains("lies outside page 1"));
}
