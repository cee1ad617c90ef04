use serde_json::json;
use takeoff_core::geom::{ListRect, PageSpace, PxPoint, PxRect};
use takeoff_core::model::MeasurementType::{Area, Count};
use takeoff_core::model::{CountSession, DetectionStatus, Id, SessionStatus};
use takeoff_core::page::display::{DisplayList, NO_LAYER, PageKind, Word};

use super::{measured, refusal, square, total};
use crate::conditions::{self, ConditionPatch};
use crate::count::{
    CountResult, NewDetection, StartCount, Taken, bulk_confirm, confirm, create_measurements, reject, start,
    stored_batch,
};
use crate::measurements::NewMeasurement;
use crate::scale::{ManualScale, set_scale};
use crate::testing::{Node, blank_list, id};
use crate::{CommandError, measurements, reads};

pub(super) fn request(page_id: Id, condition_id: Id) -> StartCount {
    StartCount {
        page_id,
        condition_id,
        exemplar: PxRect::new(0.0, 0.0, 100.0, 100.0),
        confidence_threshold: None,
        scale_tolerance: None,
        rotation_tolerance: None,
        lettering: None,
        detection_method: None,
        max_detections: None,
        page_ids: None,
    }
}

/// One word in the upper left corner.
pub(super) fn drawn() -> DisplayList {
    let mut list = blank_list(PageKind::Vector);
    list.words.push(Word {
        text: "WC".to_owned(),
        bounds: ListRect { left: 10.0, top: 10.0, right: 20.0, bottom: 20.0 },
        angle: 0.0,
        size: 10.0,
        layer: NO_LAYER,
    });
    list
}

pub(super) async fn finish(node: &Node, session: &CountSession, confidences: &[f64]) {
    let detections = confidences.iter().enumerate().map(|(i, confidence)| NewDetection {
        page_id: session.page_ids[i % session.page_ids.len()],
        bbox: PxRect::new(10.0 * i as f64, 0.0, 10.0, 10.0),
        center: PxPoint::new(10.0 * i as f64 + 5.0, 5.0),
        confidence: *confidence,
        angle: 0.0,
        mirrored: false,
        scale: 1.0,
        is_exemplar: i == 0,
        in_legend: false,
        label: None,
    });
    let result = CountResult {
        detections: detections.collect(),
        found: 0,
        processing_time_ms: 1.0,
        missing: None,
        notes: None,
    };
    let ctx = node.ctx();
    let batch = stored_batch(&ctx.desk(), session.id, result).await.unwrap();
    ctx.handle.commit(batch).await.unwrap();
}

#[tokio::test]
async fn a_session_starts_with_its_job() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let other = node.page(project, 2, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let wanted = StartCount { page_ids: Some(vec![other.id, page.id]), ..request(page.id, closets.id) };
    let session = start(&ctx, wanted).await.unwrap();
    assert_eq!(session.status, SessionStatus::Pending);
    assert_eq!(session.page_ids, [page.id, other.id]);
    assert_eq!((session.confidence_threshold, session.max_detections), (0.80, 500));
    let task = reads::task(&ctx, session.job_id).await.unwrap().unwrap();
    assert_eq!(task.task.unwrap().task_type, "auto_count");
    assert_eq!(task.subject_id, Some(session.id));
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_at_once() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let scan = node.page(project, 2, &blank_list(PageKind::Raster)).await;
    let elsewhere = node.page(node.project().await, 1, &drawn()).await;
    let (closets, slab) = (node.condition(project, Count).await, node.condition(project, Area).await);
    let good = request(page.id, closets.id);
    let at = |x, y, w, h| StartCount { exemplar: PxRect::new(x, y, w, h), ..good.clone() };
    let cases = [
        (request(page.id, slab.id), "count"),
        (request(scan.id, closets.id), "blank"),
        (request(elsewhere.id, closets.id), "different projects"),
        (at(1_200.0, 0.0, 100.0, 100.0), "outside"),
        (at(500.0, 500.0, 100.0, 100.0), "blank"),
        (at(0.0, 0.0, -1.0, 100.0), "width"),
        (StartCount { confidence_threshold: Some(1.5), ..good.clone() }, "threshold"),
        (StartCount { rotation_tolerance: Some(91.0), ..good.clone() }, "rotation"),
        (StartCount { max_detections: Some(0), ..good.clone() }, "detections"),
        (StartCount { page_ids: Some(vec![elsewhere.id]), ..good.clone() }, "different project"),
        (StartCount { page_ids: Some(vec![id(1)]), ..good.clone() }, "not found"),
        (StartCount { detection_method: Some("magic".to_owned()), ..good.clone() }, "method"),
        (StartCount { detection_method: Some("llm".to_owned()), ..good.clone() }, "vision provider"),
    ];
    for (wanted, part) in cases {
        let detail = refusal(start(&ctx, wanted.clone()).await);
        assert!(detail.contains(part), "{wanted:?}: {detail}");
    }
    for (page_id, condition_id, what) in [(id(1), closets.id, "Page"), (page.id, id(1), "Condition")] {
        match start(&ctx, request(page_id, condition_id)).await {
            Err(CommandError::NotFound { what: found }) => assert_eq!(found, what),
            other => panic!("{other:?}"),
        }
    }
    assert!(reads::sessions_of_page(&ctx, page.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn confirmed_detections_become_measurements_once() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish(&node, &session, &[1.0, 0.97, 0.91, 0.85]).await;

    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 0);
    assert_eq!(bulk_confirm(&ctx, session.id, 0.9).await.unwrap(), 3);
    assert_eq!(bulk_confirm(&ctx, session.id, 0.9).await.unwrap(), 0);
    let all = reads::detections(&ctx, session.id).await.unwrap();
    confirm(&ctx, all[3].id).await.unwrap();
    reject(&ctx, all[2].id).await.unwrap();
    let tally = reads::session(&ctx, session.id).await.unwrap();
    assert_eq!((tally.total_detections, tally.confirmed_count, tally.rejected_count), (4, 3, 1));

    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 3);
    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 0);
    assert_eq!(total(&node, closets.id).await, (3.0, 3));
    let made = reads::measurements_of_condition(&ctx, closets.id).await.unwrap();
    let second = made.iter().find(|m| m.ai_confidence == Some(0.97)).unwrap();
    assert_eq!(second.geometry_data, json!({"x": 15.0, "y": 5.0}));
    assert!(second.is_ai_generated && !second.is_verified);
    assert_eq!(second.ai_model.as_deref(), Some("auto_count"));
    assert!(second.notes.as_deref().unwrap().contains("97%"));
}

#[tokio::test]
async fn counting_again_doubles_nothing() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    // By hand, a little off the middle of the second symbol.
    let by_hand = NewMeasurement {
        geometry_type: "point".to_owned(),
        geometry_data: json!({"x": 17.0, "y": 6.0}),
        ..square(closets.id, page.id, 1.0)
    };
    let scale = ManualScale { value: 18.75, unit: "foot".to_owned(), text: None };
    set_scale(&ctx, page.id, scale).await.unwrap();
    measured(&node, by_hand).await;
    for (confidences, taken) in [
        (&[1.0, 0.97, 0.91][..], Taken { made: 2, already_counted: 1 }),
        (&[1.0, 0.97, 0.91, 0.9][..], Taken { made: 1, already_counted: 3 }),
    ] {
        let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
        finish(&node, &session, confidences).await;
        bulk_confirm(&ctx, session.id, 0.0).await.unwrap();
        assert_eq!(create_measurements(&ctx, session.id).await.unwrap(), taken);
    }
    assert_eq!(total(&node, closets.id).await, (4.0, 4));
}

#[tokio::test]
async fn rejecting_takes_the_measurement_back() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish(&node, &session, &[1.0, 0.9]).await;
    bulk_confirm(&ctx, session.id, 0.0).await.unwrap();
    create_measurements(&ctx, session.id).await.unwrap();
    let detection = reads::detections(&ctx, session.id).await.unwrap().remove(0);
    let rejected = reject(&ctx, detection.id).await.unwrap();
    assert_eq!((rejected.status, rejected.measurement_id), (DetectionStatus::Rejected, None));
    assert_eq!(total(&node, closets.id).await, (1.0, 1));
    confirm(&ctx, detection.id).await.unwrap();
    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 1);
    assert_eq!(total(&node, closets.id).await, (2.0, 2));
}

#[tokio::test]
async fn deleting_a_measurement_frees_its_detection() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish(&node, &session, &[1.0]).await;
    bulk_confirm(&ctx, session.id, 0.0).await.unwrap();
    create_measurements(&ctx, session.id).await.unwrap();
    let made = reads::detections(&ctx, session.id).await.unwrap()[0].measurement_id.unwrap();
    measurements::delete(&ctx, made).await.unwrap();
    assert_eq!(reads::detections(&ctx, session.id).await.unwrap()[0].measurement_id, None);
    assert_eq!(total(&node, closets.id).await, (0.0, 0));
}

#[tokio::test]
async fn thousands_of_measurements_are_made_over_several_pages() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let other = node.page(project, 2, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let wanted = StartCount {
        page_ids: Some(vec![other.id]),
        max_detections: Some(3_200),
        ..request(page.id, closets.id)
    };
    let session = start(&ctx, wanted).await.unwrap();
    finish(&node, &session, &vec![0.9; 3_200]).await;
    assert_eq!(bulk_confirm(&ctx, session.id, 0.9).await.unwrap(), 3_200);
    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 3_200);
    assert_eq!(total(&node, closets.id).await, (3_200.0, 3_200));
    assert_eq!(reads::measurements_of_page(&ctx, other.id).await.unwrap().len(), 1_600);
}

#[tokio::test]
async fn a_condition_that_no_longer_counts_takes_no_counts() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    assert_eq!(page.space, PageSpace::of_points(612.0, 792.0));
    let closets = node.condition(project, Count).await;
    let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish(&node, &session, &[1.0]).await;
    bulk_confirm(&ctx, session.id, 0.0).await.unwrap();
    let patch = ConditionPatch { measurement_type: Some(Area), ..ConditionPatch::default() };
    conditions::update(&ctx, project, closets.id, patch).await.unwrap();
    assert!(refusal(create_measurements(&ctx, session.id).await).contains("no longer counts"));
}
