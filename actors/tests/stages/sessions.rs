//! Sessions of several pages and exemplars: stored page by page, once, and with one answer.

use takeoff_commands::count::{BoxOnPage, StartCount, StartScope, start};
use takeoff_commands::jobs::{AutoCountArgs, encode};
use takeoff_commands::reads::{self, CountView};
use takeoff_core::geom::{ListRect, PxRect};
use takeoff_core::job::{JobState, NewJob, RetryPolicy, Stage};
use takeoff_core::model::{CountSession, Detection, Id, MeasurementType, SessionStatus};
use takeoff_core::page::display::DisplayList;
use takeoff_storage::Batch;

use crate::counting::{session, triangles};
use crate::support::{Node, job, sheet, until};

async fn counted(node: &Node, session: Id) -> CountView {
    reads::counted(&node.ctx(), session).await.unwrap()
}

/// The box around a triangle, page pixels.
fn around(x: f32, y: f32) -> PxRect {
    sheet().space.rect_to_px(&ListRect { left: x - 2.0, top: y - 2.0, right: x + 22.0, bottom: y + 32.0 })
}

/// A question about the triangle at 100, 100.
async fn request(node: &Node, page_id: Id, others: &[Id], scope: StartScope) -> StartCount {
    StartCount {
        page_id,
        condition_id: node.condition(MeasurementType::Count).await.id,
        exemplar: around(100.0, 100.0),
        confidence_threshold: None,
        scale_tolerance: None,
        rotation_tolerance: None,
        lettering: None,
        detection_method: None,
        max_detections: None,
        page_ids: Some(others.to_vec()),
        scope,
    }
}

async fn ended(node: &Node, started: &CountSession) -> CountView {
    node.ended(started.job_id).await;
    counted(node, started.id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_stored_when_it_has_been_searched_and_no_retry_stores_it_again() {
    let node = Node::start(|_| {}).await;
    let (first, second) = (
        triangles(&[(100.0, 100.0), (300.0, 100.0)]),
        triangles(&[(100.0, 100.0), (300.0, 100.0), (100.0, 400.0)]),
    );
    let pages = [node.page(1, Some(&first)).await, node.page(2, Some(&second)).await];
    // The second page's drawing is away for a while.
    let ctx = node.ctx();
    ctx.handle.blobs().delete(ctx.tenant, pages[1].blobs.unwrap().list).await.unwrap();
    let session = session(&node, &pages.each_ref().map(|p| p.id)).await;
    let mut batch = Batch::new(ctx.tenant);
    batch.create(&session);
    let args = encode(&AutoCountArgs::Session { session_id: session.id });
    let retry = RetryPolicy { max_attempts: 200, base_delay_ms: 50, max_delay_ms: 200 };
    batch.jobs.push(NewJob { id: session.job_id, retry, ..job(&node, Stage::AutoCount, args) });
    ctx.handle.commit(batch).await.unwrap();

    let attempts =
        async || ctx.handle.catalog().job(ctx.tenant, session.job_id).await.unwrap().unwrap().attempts;
    until(async || attempts().await >= 2).await;
    let CountView { session: now, candidates } = counted(&node, session.id).await;
    assert_eq!((now.status, now.pages_searched(), now.total_detections), (SessionStatus::Processing, 1, 2));
    let of_first: Vec<Id> = candidates.detections.iter().map(|d| d.id).collect();
    assert_eq!(of_first.len(), 2);

    ctx.handle.blobs().put_bytes(ctx.tenant, second.encode().into()).await.unwrap();
    assert_eq!(node.ended(session.job_id).await.state, JobState::Succeeded);
    let CountView { session: now, candidates } = counted(&node, session.id).await;
    assert_eq!((now.status, now.pages_searched(), now.error_message), (SessionStatus::Completed, 2, None));
    assert_eq!((now.total_detections, candidates.detections.len()), (5, 5));
    let kept = candidates.detections.iter().filter(|d| d.page_id == pages[0].id).map(|d| d.id);
    assert_eq!(kept.collect::<Vec<_>>(), of_first, "the first page's are the same as before");
}

/// What a detection is, without its id and times.
fn essence(node_pages: &[Id], d: &Detection) -> (usize, String) {
    let page = node_pages.iter().position(|p| *p == d.page_id).unwrap();
    (page, format!("{:?} {} {} {:?} {:?} {}", d.bbox, d.confidence, d.angle, d.coverage, d.extra, d.exemplar))
}

fn sheets() -> [DisplayList; 3] {
    [
        triangles(&[(100.0, 100.0), (300.0, 100.0), (400.0, 300.0)]),
        triangles(&[(50.0, 60.0), (300.5, 101.0), (200.0, 600.0), (260.0, 600.0)]),
        triangles(&[(100.0, 100.0), (500.0, 700.0)]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_has_one_answer_in_any_order_at_any_number_of_threads() {
    let mut answers = Vec::new();
    for threads in [1, 2] {
        let node = Node::start(|config| config.compute.threads = threads).await;
        let mut pages = Vec::new();
        for (nth, list) in sheets().iter().enumerate() {
            pages.push(node.page(nth as u32 + 1, Some(list)).await.id);
        }
        let mut started = Vec::new();
        for others in [[pages[1], pages[2]], [pages[2], pages[1]], [pages[1], pages[2]]] {
            let scope = StartScope {
                exemplars: vec![BoxOnPage { page_id: Some(pages[2]), bbox: around(500.0, 700.0) }],
                ..StartScope::default()
            };
            // All run at the same time.
            started.push(start(&node.ctx(), request(&node, pages[0], &others, scope).await).await.unwrap());
        }
        for session in &started {
            let view = ended(&node, session).await;
            assert_eq!(view.session.status, SessionStatus::Completed);
            answers.push(view.candidates.detections.iter().map(|d| essence(&pages, d)).collect::<Vec<_>>());
        }
    }
    assert_eq!(answers[0].len(), 9);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exemplars_of_other_pages_are_cut_there() {
    let node = Node::start(|_| {}).await;
    let [first, second, _] = sheets();
    let pages = [node.page(1, Some(&first)).await.id, node.page(2, Some(&second)).await.id];
    let here = BoxOnPage { page_id: Some(pages[1]), bbox: around(200.0, 600.0) };
    let scope = StartScope { exemplars: vec![here], ..StartScope::default() };
    let started = start(&node.ctx(), request(&node, pages[0], &[], scope.clone()).await).await.unwrap();
    let view = ended(&node, &started).await;
    assert_eq!(view.session.page_ids, pages, "an exemplar is an instance, so its page is searched");
    let own: Vec<_> = view.candidates.detections.iter().filter(|d| d.is_exemplar).collect();
    assert_eq!(
        own.iter().map(|d| (d.page_id, d.exemplar)).collect::<Vec<_>>(),
        [(pages[0], 0), (pages[1], 1)]
    );
    assert!(own.iter().all(|d| d.confidence == 1.0));
    assert_eq!(view.session.total_detections, 7);

    // A negative one's page is not searched; one that is no symbol is named.
    let scope = StartScope { exemplars: Vec::new(), negatives: vec![here], ..StartScope::default() };
    let started = start(&node.ctx(), request(&node, pages[0], &[], scope).await).await.unwrap();
    let session = ended(&node, &started).await.session;
    assert_eq!(session.page_ids, [pages[0]]);
    assert_eq!(session.excluded_on(|_| true), Some(0), "one that is drawn alike excludes but itself");
    let third = BoxOnPage { page_id: None, bbox: around(400.0, 300.0) };
    let scope = StartScope { exemplars: Vec::new(), negatives: vec![third], ..StartScope::default() };
    let started = start(&node.ctx(), request(&node, pages[0], &[pages[1]], scope).await).await.unwrap();
    let session = ended(&node, &started).await.session;
    assert_eq!((session.total_detections, session.excluded_on(|_| true)), (6, Some(1)));
    assert_eq!(session.excluded_on(|page| page == pages[1]), Some(0));
    let tiny = BoxOnPage { page_id: Some(pages[1]), bbox: PxRect { w: 2.0, ..around(202.0, 602.0) } };
    let scope = StartScope { exemplars: vec![tiny], ..StartScope::default() };
    let started = start(&node.ctx(), request(&node, pages[0], &[], scope).await).await.unwrap();
    let failed = ended(&node, &started).await.session;
    assert_eq!(failed.status, SessionStatus::Failed);
    assert!(failed.error_message.as_deref().is_some_and(|e| e.starts_with("exemplar 2: ")), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_and_a_whole_document_bound_what_is_searched() {
    let node = Node::start(|_| {}).await;
    let [first, second, third] = sheets();
    let pages = [
        node.page(1, Some(&first)).await.id,
        node.page(2, Some(&second)).await.id,
        node.page(3, Some(&third)).await.id,
    ];
    node.page(4, None).await;
    let left = sheet().space.rect_to_px(&ListRect { left: 0.0, top: 0.0, right: 250.0, bottom: 792.0 });
    let scope = StartScope { region: Some(left), whole_document: true, ..StartScope::default() };
    let started = start(&node.ctx(), request(&node, pages[0], &[], scope).await).await.unwrap();
    let CountView { session, candidates } = ended(&node, &started).await;
    assert_eq!(session.page_ids, pages);
    let missing = session.error_message.unwrap();
    assert!(missing.contains("page 4 cannot be searched"), "{missing}");
    assert_eq!(candidates.detections.len(), 4);
    assert!(candidates.detections.iter().all(|d| left.contains(d.center)));
}

/// A session that nobody came to is ended, one that an operator holds back is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_waits_past_its_deadline_is_ended() {
    let node = Node::start(|config| {
        config.jobs.session_deadline_ms = 1_000;
        config.jobs.poll_ms = 50;
        config.stages.iter_mut().filter(|s| s.stage == Stage::AutoCount).for_each(|s| s.enabled = false);
    })
    .await;
    let page = node.page(1, Some(&triangles(&[(100.0, 100.0), (300.0, 100.0)]))).await;
    let started =
        start(&node.ctx(), request(&node, page.id, &[], StartScope::default()).await).await.unwrap();
    let now = ended(&node, &started).await.session;
    assert_eq!(now.status, SessionStatus::Failed);
    let job = node.ended(started.job_id).await;
    assert_eq!((job.state, job.error.as_deref()), (JobState::Cancelled, Some("it did not end within 1 s")));
}
