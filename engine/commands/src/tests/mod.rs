//! Commands against a whole node in memory.

mod assemblies;
mod counting;
mod large;
mod measuring;
mod races;
mod scaling;
mod short_counts;
mod together;
mod totals;
mod uploads;

use std::collections::BTreeSet;

use takeoff_core::model::{Condition, GeometryType, Id, Measurement};

use crate::measurements::{self, NewMeasurement};
use crate::testing::Node;
use crate::{CommandError, reads};

fn square(condition_id: Id, page_id: Id, side_px: f64) -> NewMeasurement {
    NewMeasurement {
        condition_id,
        page_id,
        geometry_type: "rectangle".to_owned(),
        geometry_data: serde_json::json!({"x": 10, "y": 10, "width": side_px, "height": side_px}),
        notes: None,
    }
}

async fn measured(node: &Node, new: NewMeasurement) -> Id {
    measurements::create(&node.ctx(), new).await.unwrap().id
}

async fn condition(node: &Node, id: Id) -> Condition {
    let found = crate::load::required::<Condition>(&node.ctx().desk(), id, "Condition").await;
    found.unwrap().value
}

async fn total(node: &Node, id: Id) -> (f64, u64) {
    let condition = condition(node, id).await;
    (condition.total_quantity, condition.measurement_count)
}

/// The detail of a refusal.
fn refusal<T: std::fmt::Debug>(result: Result<T, CommandError>) -> String {
    match result {
        Err(CommandError::Invalid { detail }) => detail,
        Err(CommandError::ImplausibleScale(e)) => e.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Every quantity, total and price of a project is what its inputs make of it from scratch.
async fn assert_settled(node: &Node, project_id: Id, after: &str) {
    let ctx = node.ctx();
    for condition in reads::conditions(&ctx, project_id).await.unwrap() {
        let measurements = reads::measurements_of_condition(&ctx, condition.id).await.unwrap();
        let shapes = |all: &[Measurement]| {
            Some(all.iter().filter(|m| m.geometry_type != GeometryType::Point).count() as u64)
        };
        assert!(condition.shapes.is_none() || condition.shapes == shapes(&measurements), "{after}");
        let pages: BTreeSet<Id> = measurements.iter().map(|m| m.page_id).collect();
        for page in pages {
            let there = reads::measurements_of_page(&ctx, page).await.unwrap();
            let page = reads::page(&ctx, page).await.unwrap();
            assert!(page.shapes.is_none() || page.shapes == shapes(&there), "{after}");
        }
        for stored in &measurements {
            let page = reads::page(&ctx, stored.page_id).await.unwrap();
            let mut again = stored.clone();
            crate::figures::measure(&mut again, &condition, page.scale.px_per_foot).unwrap();
            let mut stored = stored.clone();
            if condition.measurement_type != takeoff_core::model::MeasurementType::Volume {
                // It says how the quantity was reckoned when it was, and no quantity but a volume hangs on a depth.
                for calculation in [&mut again.calculation, &mut stored.calculation] {
                    for key in ["depth_inches", "volume_cy"] {
                        calculation.as_object_mut().unwrap().remove(key);
                    }
                }
            }
            assert_eq!(again, stored, "{after}");
        }
        let mut again = condition.clone();
        crate::figures::total(&mut again, takeoff_core::measure::Tally::of(measurements.iter()).unwrap());
        assert_eq!(again, condition, "{after}");
        let assembly = reads::assembly_of(&ctx, condition.id).await.unwrap();
        if let Some(stored) = assembly.filter(|a| !a.is_locked) {
            let mut again = stored.clone();
            crate::figures::price(&mut again, &condition).unwrap();
            assert_eq!(again, stored, "{after}");
        }
    }
}

/// Handlers are spawned on any thread, so what they await must be able to move.
#[tokio::test]
async fn commands_can_move_between_threads() {
    fn movable<F: Future + Send>(future: F) {
        drop(future);
    }
    let node = Node::start().await;
    let ctx = node.ctx();
    let id = Id::NIL;
    movable(measurements::create(&ctx, square(id, id, 1.0)));
    movable(measurements::delete(&ctx, id));
    movable(crate::measurements::recalculate(&ctx, id));
    movable(crate::conditions::update(&ctx, id, id, crate::conditions::ConditionPatch::default()));
    movable(crate::scale::copy_scale(&ctx, id, id));
    movable(crate::scale::batch_scale(
        &ctx,
        &[],
        crate::scale::ManualScale { value: Some(1.0), unit: "foot".to_owned(), text: None },
    ));
    movable(crate::scale::detect_scale(&ctx, id));
    movable(crate::assemblies::create(&ctx, id, crate::assemblies::NewAssembly::default()));
    movable(crate::assemblies::unlock(&ctx, id));
    movable(crate::assemblies::calculate(&ctx, id));
    movable(crate::count::create_measurements(&ctx, id));
    movable(crate::count::reject(&ctx, id));
    movable(crate::templates::seed(&ctx));
    movable(crate::tasks::cancel(&ctx, id));
    movable(reads::sheets(&ctx, id));
    movable(crate::documents::receive_upload(
        &ctx,
        id,
        crate::documents::StagedUpload {
            path: "never-there".into(),
            size: 1,
            original_filename: String::new(),
        },
    ));
}
