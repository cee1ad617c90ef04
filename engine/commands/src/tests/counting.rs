use serde_json::json;
use takeoff_core::geom::{ListRect, PageSpace, PxPoint, PxRect};
use takeoff_core::model::MeasurementType::{Area, Count};
use takeoff_core::model::{
    CountProgress, CountSession, DetectionStatus, Id, Kind, Page, PageStatus, SessionStatus,
};
use takeoff_core::page::display::{DisplayList, NO_LAYER, PageKind, Word};
use takeoff_storage::Batch;

use super::{measured, refusal, square, total};
use crate::conditions::{self, ConditionPatch};
use crate::count::{
    BoxOnPage, Bulk, Completion, NewDetection, Next, PageResult, StartCount, StartScope, Taken, bulk_confirm,
    completed_batch, confirm, create_measurements, page_batch, reject, set_threshold, start, still_counted,
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
        scope: StartScope::default(),
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

/// What the stage makes of a session whose first page gave this.
pub(super) async fn finish(node: &Node, session: &CountSession, confidences: &[f64]) {
    finish_with(node, session, confidences, &[]).await;
}

/// The same where some of them lie in a legend.
async fn finish_with(node: &Node, session: &CountSession, confidences: &[f64], in_legend: &[usize]) {
    let candidates = confidences.iter().enumerate().map(|(i, confidence)| NewDetection {
        page_id: session.page_ids[i % session.page_ids.len()],
        bbox: PxRect::new(10.0 * i as f64, 0.0, 10.0, 10.0),
        center: PxPoint::new(10.0 * i as f64 + 5.0, 5.0),
        confidence: *confidence,
        likeness: *confidence,
        coverage: 1.0,
        extra: 0.0,
        exemplar: 0,
        angle: 0.0,
        mirrored: false,
        scale: 1.0,
        is_exemplar: i == 0,
        in_legend: in_legend.contains(&i),
        apart: None,
        match_line: None,
        variant: false,
        other_pen: false,
        label: None,
    });
    let progress = CountProgress { next: 1, searched: 1, ..session.progress.clone() };
    let (processing_time_ms, notes) = (1.0, None);
    let page = PageResult {
        candidates: candidates.collect(),
        progress: progress.clone(),
        processing_time_ms,
        notes,
    };
    let ctx = node.ctx();
    while let Next::Commit(batch) = page_batch(&ctx.desk(), session.id, &page).await.unwrap() {
        ctx.handle.commit(batch).await.unwrap();
    }
    let completion = Completion { progress, processing_time_ms, notes: None };
    let (batch, _) = completed_batch(&ctx.desk(), session.id, completion).await.unwrap();
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
    assert_eq!(bulk_confirm(&ctx, session.id, Bulk::from(0.9)).await.unwrap(), 3);
    assert_eq!(bulk_confirm(&ctx, session.id, Bulk::from(0.9)).await.unwrap(), 0);
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
async fn samples_in_legends_wait_for_a_word_of_their_own() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish_with(&node, &session, &[1.0, 0.97, 0.91, 0.9], &[1, 3]).await;
    let now = || async { reads::session(&ctx, session.id).await.unwrap() };
    assert_eq!((now().await.total_detections, now().await.set_apart), (4, 2), "they are listed");

    assert_eq!(bulk_confirm(&ctx, session.id, Bulk::from(0.0)).await.unwrap(), 2);
    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 2);
    assert_eq!(total(&node, closets.id).await, (2.0, 2));
    let all = reads::detections(&ctx, session.id).await.unwrap();
    let samples: Vec<_> = all.iter().filter(|d| d.in_legend).collect();
    assert!(samples.iter().all(|d| d.status == DetectionStatus::Pending));
    // One is an instance after all.
    confirm(&ctx, samples[0].id).await.unwrap();
    assert_eq!(now().await.set_apart, 1);
    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 1);
    // And the rest, if somebody says so.
    let all = Bulk { threshold: 0.0, include_legend: true };
    assert_eq!(bulk_confirm(&ctx, session.id, all).await.unwrap(), 1);
    assert_eq!(now().await.set_apart, 0);
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
    let scale = ManualScale { value: Some(18.75), unit: "foot".to_owned(), text: None };
    set_scale(&ctx, page.id, scale).await.unwrap();
    measured(&node, by_hand).await;
    for (confidences, taken) in [
        (&[1.0, 0.97, 0.91][..], Taken { made: 2, already_counted: 1 }),
        (&[1.0, 0.97, 0.91, 0.9][..], Taken { made: 1, already_counted: 3 }),
    ] {
        let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
        finish(&node, &session, confidences).await;
        bulk_confirm(&ctx, session.id, Bulk::from(0.0)).await.unwrap();
        assert_eq!(create_measurements(&ctx, session.id).await.unwrap(), taken);
    }
    assert_eq!(total(&node, closets.id).await, (4.0, 4));
}

#[tokio::test]
async fn a_point_by_hand_on_a_counted_symbol_is_known_for_one() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let scale = ManualScale { value: Some(18.75), unit: "foot".to_owned(), text: None };
    set_scale(&ctx, page.id, scale).await.unwrap();
    let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish(&node, &session, &[1.0, 0.97]).await;
    bulk_confirm(&ctx, session.id, Bulk::from(0.0)).await.unwrap();
    create_measurements(&ctx, session.id).await.unwrap();
    // The symbols are 10 px wide, with their middles at 5 and 15 px: what is nearer than 5 px is on one of them.
    for (x, on) in [(18.0, Some(3.0)), (20.0, None), (24.0, None)] {
        let new = NewMeasurement {
            geometry_type: "point".to_owned(),
            geometry_data: json!({"x": x, "y": 5.0}),
            ..square(closets.id, page.id, 1.0)
        };
        let made = measurements::create(&ctx, new).await.unwrap();
        match (reads::again(&ctx, &made).await.unwrap(), on) {
            (Some(reads::Again::Near { id, distance_px }), Some(expected)) => {
                let counted = reads::measurement(&ctx, id).await.unwrap();
                assert!(counted.is_ai_generated && (distance_px - expected).abs() < 1e-9, "{distance_px}");
            }
            (None, None) => {}
            (found, _) => panic!("at {x}: {found:?}"),
        }
        measurements::delete(&ctx, made.id).await.unwrap();
    }
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
    bulk_confirm(&ctx, session.id, Bulk::from(0.0)).await.unwrap();
    create_measurements(&ctx, session.id).await.unwrap();
    let detection = reads::detections(&ctx, session.id).await.unwrap().remove(0);
    let rejected = reject(&ctx, detection.id).await.unwrap();
    assert_eq!((rejected.status, rejected.measurement_id), (DetectionStatus::Rejected, None));
    assert_eq!(total(&node, closets.id).await, (1.0, 1));
    assert_eq!(still_counted(&ctx, &rejected).await.unwrap(), None);
    confirm(&ctx, detection.id).await.unwrap();
    assert_eq!(create_measurements(&ctx, session.id).await.unwrap().made, 1);
    assert_eq!(total(&node, closets.id).await, (2.0, 2));

    // What a second count finds at the same places makes nothing, so that rejecting it takes nothing back; that is told.
    let again = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish(&node, &again, &[1.0, 0.9]).await;
    bulk_confirm(&ctx, again.id, Bulk::from(0.0)).await.unwrap();
    let nothing = Taken { made: 0, already_counted: 2 };
    assert_eq!(create_measurements(&ctx, again.id).await.unwrap(), nothing);
    let first = reads::detections(&ctx, session.id).await.unwrap().remove(0);
    let second = reads::detections(&ctx, again.id).await.unwrap().remove(0);
    let rejected = reject(&ctx, second.id).await.unwrap();
    assert_eq!(total(&node, closets.id).await, (2.0, 2));
    let still = still_counted(&ctx, &rejected).await.unwrap();
    assert!(still.is_some() && still == first.measurement_id, "{still:?}");
    reject(&ctx, first.id).await.unwrap();
    assert_eq!(still_counted(&ctx, &rejected).await.unwrap(), None);
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
    bulk_confirm(&ctx, session.id, Bulk::from(0.0)).await.unwrap();
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
    assert_eq!(bulk_confirm(&ctx, session.id, Bulk::from(0.9)).await.unwrap(), 3_200);
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
    bulk_confirm(&ctx, session.id, Bulk::from(0.0)).await.unwrap();
    let patch = ConditionPatch { measurement_type: Some(Area), ..ConditionPatch::default() };
    conditions::update(&ctx, project, closets.id, patch).await.unwrap();
    assert!(refusal(create_measurements(&ctx, session.id).await).contains("no longer counts"));
}

/// Told apart by a threshold that moves: what is a detection, what may be confirmed by the dozen, what is capped.
#[tokio::test]
async fn moving_the_threshold_tells_detections_from_near_misses_anew() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let wanted = StartCount { max_detections: Some(4), ..request(page.id, closets.id) };
    let session = start(&ctx, wanted).await.unwrap().id;
    let of_session = reads::session(&ctx, session).await.unwrap();
    finish(&node, &of_session, &[1.0, 0.95, 0.85, 0.75, 0.65, 0.55]).await;
    let seen = async || {
        let view = reads::counted(&ctx, session).await.unwrap();
        let s = view.session;
        let (shown, near) = (view.candidates.detections, view.candidates.near_misses);
        assert_eq!((s.total_detections, s.near_misses), (shown.len() as u64, near.len() as u64));
        (shown.len(), near.len(), s.found_detections, s.truncated)
    };
    assert_eq!(seen().await, (3, 3, 3, false));
    assert_eq!(
        bulk_confirm(&ctx, session, Bulk::from(0.0)).await.unwrap(),
        3,
        "near misses are not confirmed"
    );

    // A near miss that a person confirms is a detection, and stays one.
    let near = reads::counted(&ctx, session).await.unwrap().candidates.near_misses;
    assert_eq!(near.iter().map(|d| d.confidence).collect::<Vec<_>>(), [0.75, 0.65, 0.55]);
    confirm(&ctx, near[1].id).await.unwrap();
    assert_eq!(seen().await, (4, 2, 4, false));
    assert_eq!(create_measurements(&ctx, session).await.unwrap().made, 4);
    assert_eq!(total(&node, closets.id).await, (4.0, 4));
    set_threshold(&ctx, session, 0.9).await.unwrap();
    assert_eq!(seen().await, (4, 2, 4, false), "what was decided on and measured stays");
    assert_eq!(total(&node, closets.id).await, (4.0, 4));

    let moved = set_threshold(&ctx, session, 0.5).await.unwrap();
    assert_eq!((moved.confidence_threshold, moved.found_detections, moved.truncated), (0.5, 6, true));
    assert_eq!(seen().await, (5, 0, 6, true), "four of the six, and the one that was confirmed");
    assert_eq!(bulk_confirm(&ctx, session, Bulk::from(0.5)).await.unwrap(), 1, "not what is not shown");
    assert_eq!(reads::session(&ctx, session).await.unwrap().confirmed_count, 5);
    for beyond in [0.024, 1.01, f64::NAN] {
        assert!(refusal(set_threshold(&ctx, session, beyond).await).contains("threshold"), "{beyond}");
    }
    assert!(matches!(set_threshold(&ctx, id(1), 0.9).await, Err(CommandError::NotFound { what: "Session" })));
}

#[tokio::test]
async fn a_session_of_before_near_misses_says_what_its_cap_left_out() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let closets = node.condition(project, Count).await;
    let session = start(&ctx, request(page.id, closets.id)).await.unwrap();
    finish(&node, &session, &[1.0, 0.95, 0.85]).await;
    let read = ctx.handle.catalog().get(ctx.tenant, Kind::CountSession, session.id).await.unwrap().unwrap();
    let mut old = reads::session(&ctx, session.id).await.unwrap();
    (old.kept, old.found_detections, old.truncated) = (None, 10, true);
    let mut batch = Batch::new(ctx.tenant);
    batch.update(read.version, &old);
    ctx.handle.commit(batch).await.unwrap();

    assert_eq!(bulk_confirm(&ctx, session.id, Bulk::from(0.9)).await.unwrap(), 2);
    let now = reads::session(&ctx, session.id).await.unwrap();
    assert_eq!((now.total_detections, now.found_detections, now.truncated), (3, 10, true));
    assert!(refusal(set_threshold(&ctx, session.id, 0.79).await).contains("0.8"));
    let moved = set_threshold(&ctx, session.id, 0.9).await.unwrap();
    assert_eq!((moved.total_detections, moved.found_detections, moved.near_misses), (2, 2, 1));
}

#[tokio::test]
async fn exemplars_regions_and_documents_are_judged_at_once() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.page(project, 1, &drawn()).await;
    let other = node.page(project, 2, &drawn()).await;
    let third = node.page(project, 3, &drawn()).await;
    let broken = node.page(project, 4, &drawn()).await;
    let read = ctx.handle.catalog().get(ctx.tenant, Kind::Page, broken.id).await.unwrap().unwrap();
    let broken = Page { status: PageStatus::Error, ..broken };
    let mut batch = Batch::new(ctx.tenant);
    batch.update(read.version, &broken);
    ctx.handle.commit(batch).await.unwrap();
    let closets = node.condition(project, Count).await;
    let at = |page_id, x| BoxOnPage { page_id, bbox: PxRect::new(x, 0.0, 100.0, 100.0) };
    let asked = |scope| StartCount { scope, ..request(page.id, closets.id) };
    let with = |exemplars: Vec<BoxOnPage>, negatives: Vec<BoxOnPage>| {
        asked(StartScope { exemplars, negatives, ..StartScope::default() })
    };
    let region =
        |w| asked(StartScope { region: Some(PxRect::new(0.0, 0.0, w, 10.0)), ..StartScope::default() });
    let whole = asked(StartScope { whole_document: true, ..StartScope::default() });
    let whole = start(&ctx, whole).await.unwrap();
    assert_eq!(whole.page_ids, [page.id, other.id, third.id]);
    assert_eq!(whole.progress.missing.len(), 1);
    assert!(whole.progress.missing[0].contains("page 4 cannot be searched"), "{:?}", whole.progress.missing);

    // The pages of these tests have no document, so one of another project comes after that.
    let elsewhere = node.page(node.project().await, 1, &drawn()).await;
    let cases = [
        (with(vec![at(None, 0.0); 8], vec![]), "at most 8"),
        (with(vec![], vec![at(None, 20.0); 9]), "at most 8"),
        (with(vec![], vec![at(None, 10.0)]), "the same place"),
        (with(vec![at(Some(other.id), 0.0)], vec![at(Some(other.id), 5.0)]), "the same place"),
        (with(vec![at(Some(other.id), 1_200.0)], vec![]), "outside"),
        (with(vec![at(Some(other.id), 500.0)], vec![]), "blank"),
        (with(vec![at(Some(broken.id), 0.0)], vec![]), "cannot be searched"),
        (with(vec![], vec![at(Some(elsewhere.id), 0.0)]), "different project"),
        (with(vec![], vec![at(Some(id(1)), 0.0)]), "not found"),
        (region(0.0), "region"),
        (region(f64::NAN), "region"),
    ];
    for (wanted, part) in cases {
        let detail = refusal(start(&ctx, wanted.clone()).await);
        assert!(detail.contains(part), "{:?}: {detail}", wanted.scope);
    }
    // In whatever order they are named: the exemplar's page, then the others by number. A negative one's is not
    // searched.
    let mut wanted = with(vec![at(Some(third.id), 0.0)], vec![at(Some(other.id), 0.0)]);
    assert_eq!(start(&ctx, wanted.clone()).await.unwrap().page_ids, [page.id, third.id]);
    wanted.page_ids = Some(vec![third.id, other.id]);
    assert_eq!(start(&ctx, wanted).await.unwrap().page_ids, [page.id, other.id, third.id]);
}
