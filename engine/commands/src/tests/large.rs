//! Changes on which more hangs than one commit can hold.

use takeoff_core::model::MeasurementType::{Count, Linear};
use takeoff_core::model::{Condition, Id, IdSource, Measurement, Page};
use takeoff_core::scale::{ScaleCandidate, ScaleRecord};
use takeoff_storage::Batch;
use takeoff_storage::catalog::MAX_BATCH_OPS;

use super::{assert_settled, condition, measured, refusal, square};
use crate::conditions::{self, ConditionPatch};
use crate::measurements::{self, MeasurementPatch};
use crate::scale::{ManualScale, batch_scale, detected_batch, set_scale};
use crate::testing::{Node, id};
use crate::{Field, reads};

fn scale(value: f64) -> ManualScale {
    ManualScale { value: Some(value), unit: "foot".to_owned(), text: None }
}

/// Puts `count` measurements like the first one on the page, the condition's totals not following.
async fn many(node: &Node, condition: &Condition, page: &Page, count: usize) {
    let ctx = node.ctx();
    let first = measured(node, square(condition.id, page.id, 100.0)).await;
    let first: Measurement = reads::measurement(&ctx, first).await.unwrap();
    let copies: Vec<Measurement> =
        (1..count).map(|_| Measurement { id: ctx.next(), ..first.clone() }).collect();
    for part in copies.chunks(MAX_BATCH_OPS) {
        let mut batch = Batch::new(ctx.tenant);
        for measurement in part {
            batch.create(measurement);
        }
        ctx.handle.commit(batch).await.unwrap();
    }
    // They came past the command that keeps it, as on records from before.
    let read = crate::load::required::<Page>(&ctx.desk(), page.id, "Page").await.unwrap();
    let mut batch = Batch::new(ctx.tenant);
    batch.update(read.version, &Page { shapes: None, ..read.value });
    let read = crate::load::required::<Condition>(&ctx.desk(), condition.id, "Condition").await.unwrap();
    batch.update(read.version, &Condition { shapes: None, ..read.value });
    ctx.handle.commit(batch).await.unwrap();
}

/// A page that more hangs on than can be recalculated at once.
async fn crowded(node: &Node) -> (Id, Condition, Page) {
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let wall = node.condition(project, Linear).await;
    many(node, &wall, &page, MAX_BATCH_OPS + 1).await;
    (project, wall, page)
}

#[tokio::test]
async fn many_pages_are_scaled_in_as_many_commits_as_it_takes() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let (mut pages, mut walls) = (Vec::new(), Vec::new());
    for number in 1..=3 {
        let wall = node.condition(project, Linear).await;
        walls.push(wall.id);
        let page = node.scaled_page(project, number).await;
        many(&node, &wall, &page, 2_000).await;
        pages.push(page.id);
    }
    let asked = [pages[2], id(1), pages[0], pages[1]];
    let done = batch_scale(&ctx, &asked, scale(20.0)).await.unwrap();
    assert_eq!((done.updated, done.missing), (vec![pages[2], pages[0], pages[1]], vec![id(1)]));
    for page in pages {
        assert_eq!(reads::page(&ctx, page).await.unwrap().scale.px_per_foot, Some(20.0));
    }
    // A side of 100 px is 5 ft, four sides a measurement.
    for wall in walls {
        assert_eq!(condition(&node, wall).await.total_quantity, 2_000.0 * 20.0);
    }
    assert_settled(&node, project, "the scale of all pages").await;
}

#[tokio::test]
async fn what_does_not_fit_one_commit_is_refused_by_its_limit_and_changes_nothing() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let (project, wall, page) = crowded(&node).await;
    let other = node.scaled_page(project, 2).await;
    let limit = MAX_BATCH_OPS.to_string();
    assert!(refusal(set_scale(&ctx, page.id, scale(20.0)).await).contains(&limit));
    let both = batch_scale(&ctx, &[other.id, page.id], scale(20.0)).await;
    assert!(refusal(both).contains(&limit));
    let patch =
        ConditionPatch { depth: Field::Value(6.0), unit: Some("YD".to_owned()), ..ConditionPatch::default() };
    assert!(refusal(conditions::update(&ctx, project, wall.id, patch).await).contains(&limit));
    assert_eq!(condition(&node, wall.id).await.unit, wall.unit);
    for page in [page.id, other.id] {
        assert_eq!(reads::page(&ctx, page).await.unwrap().scale.px_per_foot, Some(10.0));
    }
}

#[tokio::test]
async fn a_detected_scale_that_too_much_depends_on_is_shown_and_not_put_in_force() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let (_, _, page) = crowded(&node).await;
    // As after counting: measured, though never calibrated by hand.
    let read = crate::load::required::<Page>(&ctx.desk(), page.id, "Page").await.unwrap();
    let mut bare = read.value;
    (bare.scale.calibrated, bare.scale.px_per_foot, bare.scale.method) = (false, None, None);
    let mut batch = Batch::new(ctx.tenant);
    batch.update(read.version, &bare);
    ctx.handle.commit(batch).await.unwrap();
    let best = ScaleCandidate {
        text: "1/4\" = 1'-0\"".to_owned(),
        ratio: 48.0,
        px_per_foot: Some(37.5),
        confidence: 0.9,
        method: "ocr_pattern_match".to_owned(),
        bbox: None,
    };
    let record = ScaleRecord { candidates: vec![best.clone()], best: Some(best), ..ScaleRecord::default() };
    let detected = detected_batch(&ctx.desk(), page.id, record, id(7)).await.unwrap().unwrap();
    ctx.handle.commit(detected.batch).await.unwrap();
    let stored = reads::page(&ctx, page.id).await.unwrap().scale;
    assert_eq!((stored.calibrated, stored.px_per_foot), (false, None));
    let record = stored.record.unwrap();
    assert!(record.needs_calibration && record.best.is_none());
    assert!(record.withheld.as_deref().is_some_and(|w| w.contains("recalculated at once")), "{record:?}");
    assert_eq!((record.candidates.len(), record.findings.len()), (1, 1));
}

#[tokio::test]
async fn a_page_takes_no_more_shapes_than_can_be_corrected() {
    let node = Node::start().await;
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let (full, other) = (node.condition(project, Linear).await, node.condition(project, Linear).await);
    many(&node, &full, &page, 4_000).await;
    let ctx = node.ctx();
    let why = refusal(measurements::create(&ctx, square(full.id, page.id, 100.0)).await);
    assert!(why.contains("the condition has 4000 measured shapes"), "{why}");
    let why = refusal(measurements::create(&ctx, square(other.id, page.id, 100.0)).await);
    assert!(why.contains("the page has 4000 measured shapes"), "{why}");
    set_scale(&ctx, page.id, scale(20.0)).await.unwrap();
    assert_settled(&node, project, "the scale of a full page").await;
}

#[tokio::test]
async fn the_word_for_what_is_counted_changes_however_many_there_are() {
    let node = Node::start().await;
    let ctx = node.ctx();
    let project = node.project().await;
    let page = node.scaled_page(project, 1).await;
    let doors = node.condition(project, Count).await;
    many(&node, &doors, &page, MAX_BATCH_OPS + 1).await;
    let patch = ConditionPatch { unit: Some("SET".to_owned()), ..ConditionPatch::default() };
    let changed = conditions::update(&ctx, project, doors.id, patch).await.unwrap();
    assert_eq!(changed.unit, "SET");
    let all = reads::measurements_of_condition(&ctx, doors.id).await.unwrap();
    assert_eq!(all.len(), MAX_BATCH_OPS + 1);
    assert!(all.iter().all(|m| m.unit == "SET"));
    let on_page = reads::measurements_of_page(&ctx, page.id).await.unwrap();
    assert!(on_page.iter().all(|m| m.unit == "SET"));
    let one = all[0].id;
    assert_eq!(reads::measurement(&ctx, one).await.unwrap().unit, "SET");
    let patch = MeasurementPatch { notes: Some("by the stairs".to_owned()), geometry_data: None };
    assert_eq!(measurements::update(&ctx, one, patch).await.unwrap().unit, "SET");
}
