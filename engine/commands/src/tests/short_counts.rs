//! Counts that are not whole, as their conditions and prices tell of them.

use serde_json::json;
use takeoff_core::model::MeasurementType::Count;

use super::counting::{drawn, finish, request};
use super::{measured, square, total};
use crate::assemblies::NewAssembly;
use crate::count::{Bulk, StartCount, bulk_confirm, create_measurements, start};
use crate::measurements::NewMeasurement;
use crate::reads;
use crate::scale::{ManualScale, set_scale};
use crate::testing::Node;

/// Whoever reads the quantity or its price later did not see what the count said of itself.
#[tokio::test]
async fn a_count_that_is_not_whole_is_told_by_its_condition_until_a_whole_one_is_taken() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let said = || async { reads::condition(&ctx, project, closets.id).await.unwrap().counted_short() };
    let priced = || async { reads::cost_summary(&ctx, project).await.unwrap().counted_short };
    let count = async |most: u32, confirms: bool| {
        let wanted = StartCount { max_detections: Some(most), ..request(page.id, closets.id) };
        let session = start(&ctx, wanted).await.unwrap();
        finish(&node, &session, &[1.0, 0.97, 0.91]).await;
        if confirms {
            bulk_confirm(&ctx, session.id, Bulk::from(0.0)).await.unwrap();
        }
        create_measurements(&ctx, session.id).await.unwrap().made
    };
    let assembly = crate::assemblies::create(&ctx, closets.id, NewAssembly::default()).await.unwrap();
    assert_eq!(count(2, false).await, 0);
    assert_eq!(said().await, None, "it has no measurement of that count");
    assert_eq!(count(2, true).await, 2);
    let short = said().await.unwrap();
    assert!(short.contains("found 3 and the session holds 2"), "{short}");
    assert_eq!(reads::price_doubt(&ctx, &assembly).await.unwrap().as_ref(), Some(&short));
    let doubted = priced().await;
    assert_eq!(doubted.iter().map(|d| &d.why).collect::<Vec<_>>(), [&short]);
    // What the cap left out is placed by hand, and then a whole count finds nothing that is not counted.
    let scale = ManualScale { value: Some(18.75), unit: "foot".to_owned(), text: None };
    set_scale(&ctx, page.id, scale).await.unwrap();
    let by_hand = NewMeasurement {
        geometry_type: "point".to_owned(),
        geometry_data: json!({"x": 25.0, "y": 5.0}),
        ..square(closets.id, page.id, 1.0)
    };
    measured(&node, by_hand).await;
    assert!(said().await.is_some());
    assert_eq!(count(500, true).await, 0);
    assert_eq!((said().await, priced().await), (None, Vec::new()));
    assert_eq!(total(&node, closets.id).await, (3.0, 3));
    // All that one finds is counted already: nothing is its.
    assert_eq!(count(1, true).await, 0);
    assert_eq!(said().await, None);
}
