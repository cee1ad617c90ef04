//! Commands against a whole node in memory.

mod assemblies;
mod counting;
mod measuring;
mod scaling;
mod totals;
mod uploads;

use takeoff_core::model::{Condition, Id};

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
        other => panic!("not refused: {other:?}"),
    }
}

/// Every quantity, total and price of a project is what its inputs make of it from scratch.
async fn assert_settled(node: &Node, project_id: Id) {
    let ctx = node.ctx();
    for condition in reads::conditions(&ctx, project_id).await.unwrap() {
        let measurements = reads::measurements_of_condition(&ctx, condition.id).await.unwrap();
        for stored in &measurements {
            let page = reads::page(&ctx, stored.page_id).await.unwrap();
            let mut again = stored.clone();
            crate::figures::measure(&mut again, &condition, page.scale.px_per_foot).unwrap();
            assert_eq!(&again, stored);
        }
        let mut again = condition.clone();
        crate::figures::total(&mut again, measurements.iter()).unwrap();
        assert_eq!(again, condition);
        let assembly = reads::assembly_of(&ctx, condition.id).await.unwrap();
        if let Some(stored) = assembly.filter(|a| !a.is_locked) {
            let mut again = stored.clone();
            crate::figures::price(&mut again, &condition).unwrap();
            assert_eq!(again, stored);
        }
    }
}
