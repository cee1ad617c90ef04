use takeoff_commands::jobs::{AutoCountArgs, encode};
use takeoff_commands::reads;
use takeoff_core::geom::{ListRect, PageSpace};
use takeoff_core::job::{JobState, NewJob, Stage};
use takeoff_core::model::{
    ApartCounts, CountProgress, CountScope, CountSession, Id, IdSource, KeptCandidates, MeasurementType,
    SessionStatus,
};
use takeoff_core::page::display::{DisplayList, NO_LAYER, Paint, PathEntry, Style, Verb};
use takeoff_engine::metrics::COUNT_TIMEOUTS;
use takeoff_storage::Batch;

use crate::support::{Node, counter, job, recorder, sheet};

/// Triangles of the same size, list units.
pub(crate) fn triangles(places: &[(f32, f32)]) -> DisplayList {
    let mut list = sheet();
    list.styles.push(Style { paint: Paint::Stroke, rgba: 0xff, width: 0.5, dash: Vec::new() });
    for &(x, y) in places {
        let bounds = ListRect { left: x, top: y, right: x + 20.0, bottom: y + 30.0 };
        list.paths.push(PathEntry {
            style: 0,
            layer: NO_LAYER,
            verb_start: list.verbs.len() as u32,
            verb_len: 4,
            coord_start: list.coords.len() as u32,
            bounds,
            visible: bounds,
        });
        list.verbs.extend([Verb::Move, Verb::Line, Verb::Line, Verb::Close]);
        list.coords.extend([[x, y], [x + 20.0, y], [x, y + 30.0]]);
    }
    list
}

/// A session, not stored yet, that counts the triangle at 100, 100 of the first page on all pages.
pub(crate) async fn session(node: &Node, pages: &[Id]) -> CountSession {
    let ctx = node.ctx();
    let now = ctx.handle.now();
    CountSession {
        id: ctx.next(),
        page_id: pages[0],
        page_ids: pages.to_vec(),
        condition_id: node.condition(MeasurementType::Count).await.id,
        project_id: node.project,
        job_id: ctx.next(),
        exemplar: sheet().space.rect_to_px(&ListRect { left: 98.0, top: 98.0, right: 122.0, bottom: 132.0 }),
        scope: CountScope::default(),
        confidence_threshold: 0.8,
        scale_tolerance: 0.2,
        rotation_tolerance: None,
        lettering: None,
        detection_method: "hybrid".to_owned(),
        max_detections: 500,
        status: SessionStatus::Pending,
        error_message: None,
        notes: None,
        kept: Some(KeptCandidates::with(0.8)),
        progress: CountProgress::default(),
        near_misses: 0,
        set_apart: 0,
        apart: ApartCounts::default(),
        total_detections: 0,
        found_detections: 0,
        truncated: false,
        confirmed_count: 0,
        rejected_count: 0,
        processing_time_ms: None,
        created_at: now,
        updated_at: now,
    }
}

/// Runs such a session. It is made by hand: `start` takes no page that cannot be searched, and one that
/// cannot be when its turn comes is what these tests are about.
async fn counted(node: &Node, pages: &[Id]) -> CountSession {
    let ctx = node.ctx();
    let session = session(node, pages).await;
    let mut batch = Batch::new(ctx.tenant);
    batch.create(&session);
    let args = encode(&AutoCountArgs::Session { session_id: session.id });
    batch.jobs.push(NewJob { id: session.job_id, ..job(node, Stage::AutoCount, args) });
    ctx.handle.commit(batch).await.unwrap();
    assert_eq!(node.ended(session.job_id).await.state, JobState::Succeeded);
    reads::session(&ctx, session.id).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_session_that_ran_out_of_time_counts_as_a_timeout() {
    recorder();
    let list = triangles(&[(100.0, 100.0), (300.0, 100.0)]);

    let node = Node::start(|_| {}).await;
    let pages = [node.page(1, Some(&list)).await.id, node.page(2, None).await.id];
    let session = counted(&node, &pages).await;
    assert_eq!((session.status, session.total_detections), (SessionStatus::Completed, 2));
    let missing = session.error_message.unwrap();
    assert!(missing.contains("could not be read"), "{missing}");
    assert_eq!(counter(COUNT_TIMEOUTS), 0, "a page that cannot be read is no timeout");

    let node = Node::start(|config| config.jobs.count_session_ms = 0).await;
    let pages = [node.page(1, Some(&list)).await.id];
    let session = counted(&node, &pages).await;
    assert_eq!((session.status, session.total_detections), (SessionStatus::Completed, 0));
    let missing = session.error_message.unwrap();
    assert!(missing.contains("time was up"), "{missing}");
    assert_eq!(counter(COUNT_TIMEOUTS), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_came_to_its_bound_does_not_blame_the_time() {
    let node = Node::start(|_| {}).await;
    // More triangles than places are judged of a page.
    let places: Vec<(f32, f32)> = (0..177)
        .flat_map(|i| (0..128).map(move |j| (4.0 + 24.0 * i as f32, 1.0 + 33.0 * j as f32)))
        .collect();
    let mut list = triangles(&places);
    list.space = PageSpace::of_points(4_300.0, 4_300.0).unwrap();
    let pages = [node.page(1, Some(&list)).await.id];
    let session = counted(&node, &pages).await;
    let missing = session.error_message.unwrap();
    assert!(
        missing.contains("more than 20000 places") && missing.contains("draw the box closer"),
        "{missing}"
    );
    assert!(!missing.contains("time was up"), "{missing}");
}
