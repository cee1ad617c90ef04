use takeoff_core::geom::PageSpace;

use super::*;
use crate::testing::{Bench, document, id};

fn sized() -> PageHead {
    PageHead::Sized { space: PageSpace::of_points(612.0, 792.0).unwrap(), inches: Some((8.5, 11.0)) }
}

fn broken() -> PageHead {
    PageHead::Broken { reason: "its dictionary is damaged".to_owned() }
}

fn opened(pages: Vec<PageHead>) -> Opened {
    Opened { pages, findings: Vec::new() }
}

async fn bench() -> (Bench, Id) {
    let bench = Bench::new();
    let document_id = id(1_000_000);
    bench.put(&document(document_id, id(9))).await;
    (bench, document_id)
}

#[tokio::test]
async fn an_opened_document_is_ready_with_all_its_pages() {
    let (bench, document_id) = bench().await;
    let file = opened(vec![sized(), broken(), sized()]);
    let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
    assert!(!step.more);
    assert_eq!(step.pages.iter().map(|p| p.index).collect::<Vec<_>>(), [0, 2]);
    bench.commit(step.batch).await;
    let document: Document = bench.get(document_id).await;
    assert_eq!((document.status, document.page_count), (DocumentStatus::Ready, Some(3)));
    let pages = list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap();
    let states: Vec<_> =
        pages.iter().map(|p| (p.value.number, p.value.status, p.value.space.is_some())).collect();
    let expect =
        [(1, PageStatus::Processing, true), (2, PageStatus::Error, false), (3, PageStatus::Processing, true)];
    assert_eq!(states, expect);
    assert_eq!(pages[1].value.processing_error.as_deref(), Some("its dictionary is damaged"));
}

#[tokio::test]
async fn a_document_is_processing_from_the_beginning_of_its_work() {
    let (bench, document_id) = bench().await;
    bench.commit(begun_batch(&bench.desk(), document_id).await.unwrap()).await;
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Processing);
    assert!(begun_batch(&bench.desk(), document_id).await.unwrap().is_empty());
    let step = opened_batch(&bench.desk(), document_id, &opened(vec![sized()])).await.unwrap().unwrap();
    bench.commit(step.batch).await;
    assert!(begun_batch(&bench.desk(), document_id).await.unwrap().is_empty());
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
}

#[tokio::test]
async fn an_operator_puts_a_document_back() {
    let (bench, document_id) = bench().await;
    let file = opened(vec![sized(), broken()]);
    bench.commit(opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap().batch).await;
    assert!(revived_batch(&bench.desk(), document_id).await.unwrap().is_empty(), "it did not fail");
    bench.commit(failed_batch(&bench.desk(), document_id, "its child died").await.unwrap()).await;
    bench.commit(revived_batch(&bench.desk(), document_id).await.unwrap()).await;
    let document: Document = bench.get(document_id).await;
    assert_eq!((document.status, document.processing_error), (DocumentStatus::Uploaded, None));
    bench.commit(begun_batch(&bench.desk(), document_id).await.unwrap()).await;
    let again = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
    assert_eq!(again.pages.iter().map(|p| p.index).collect::<Vec<_>>(), [0], "the other one has no size");
    bench.commit(again.batch).await;
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
}

#[tokio::test]
async fn an_operator_puts_pages_back_and_with_them_a_document_without_any() {
    let (bench, document_id) = bench().await;
    let file = opened(vec![sized(), sized()]);
    let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
    bench.commit(step.batch).await;
    for page in list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap() {
        let failed = Page { status: PageStatus::Error, ..page.value };
        let mut batch = Batch::new(bench.desk().tenant);
        batch.update(page.version, &failed);
        bench.commit(batch).await;
    }
    let finished = finish_batch(&bench.desk(), document_id).await.unwrap();
    assert!(finished.failed.is_some(), "the task fails with it");
    bench.commit(finished.batch).await;
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Error);
    let one = &step.pages[1..];
    bench.commit(revived_pages_batch(&bench.desk(), document_id, one).await.unwrap()).await;
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
    let pages = list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap();
    let states: Vec<_> = pages.iter().map(|p| p.value.status).collect();
    assert_eq!(states, [PageStatus::Error, PageStatus::Processing]);
    assert!(revived_pages_batch(&bench.desk(), document_id, one).await.unwrap().is_empty());
}

#[tokio::test]
async fn opening_twice_writes_no_page_twice() {
    let (bench, document_id) = bench().await;
    let file = opened(vec![sized(), sized()]);
    let first = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
    bench.commit(first.batch).await;
    let again = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
    assert_eq!(again.batch.op_count(), 0);
    assert_eq!(again.pages, first.pages);
}

#[tokio::test]
async fn a_very_long_document_is_opened_in_steps_and_ready_after_the_last() {
    let (bench, document_id) = bench().await;
    let file = opened(vec![sized(); 2 * STEP_PAGES + 1]);
    let mut steps = 0;
    let pages = loop {
        let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
        bench.commit(step.batch).await;
        steps += 1;
        let status = bench.get::<Document>(document_id).await.status;
        assert_eq!(status == DocumentStatus::Ready, !step.more);
        if !step.more {
            break step.pages;
        }
    };
    assert_eq!(steps, 3);
    assert!(pages.iter().map(|p| p.index as usize).eq(0..2 * STEP_PAGES + 1));
}

#[tokio::test]
async fn a_document_without_a_readable_page_is_in_error() {
    for file in [opened(vec![broken(), broken()]), opened(Vec::new())] {
        let (bench, document_id) = bench().await;
        let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
        assert!(step.pages.is_empty());
        bench.commit(step.batch).await;
        let document: Document = bench.get(document_id).await;
        assert_eq!(document.status, DocumentStatus::Error);
        assert!(document.processing_error.is_some());
        assert!(opened_batch(&bench.desk(), document_id, &file).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn only_when_every_page_failed_does_the_document_fail() {
    for (last_fails, expect) in [(false, DocumentStatus::Ready), (true, DocumentStatus::Error)] {
        let (bench, document_id) = bench().await;
        let step =
            opened_batch(&bench.desk(), document_id, &opened(vec![sized(); 3])).await.unwrap().unwrap();
        bench.commit(step.batch).await;
        for page in &step.pages[..if last_fails { 3 } else { 2 }] {
            let failed = crate::pages::PageResult::Failed { message: "too many segments".to_owned() };
            let batch = crate::pages::stored_batch(&bench.desk(), page.page_id, failed, None).await.unwrap();
            bench.commit(batch).await;
        }
        let finished = finish_batch(&bench.desk(), document_id).await.unwrap();
        assert_eq!(finished.failed.is_some(), last_fails, "the task says what the document does");
        assert_eq!(finished.unread, if last_fails { 3 } else { 2 });
        bench.commit(finished.batch).await;
        let document: Document = bench.get(document_id).await;
        assert_eq!(document.status, expect);
        let named = document.processing_error.is_some_and(|e| e.contains("too many segments"));
        assert_eq!(named, last_fails);
    }
}

/// A bench with an opened document of three pages, of which so many are stored.
async fn stored(pages: usize) -> (Bench, Id) {
    let (bench, document_id) = bench().await;
    let step = opened_batch(&bench.desk(), document_id, &opened(vec![sized(); 3])).await.unwrap().unwrap();
    bench.commit(step.batch).await;
    for page in &step.pages[..pages] {
        let stored = crate::pages::PageResult::Stored(crate::testing::stored_page());
        let batch = crate::pages::stored_batch(&bench.desk(), page.page_id, stored, None).await.unwrap();
        bench.commit(batch).await;
    }
    (bench, document_id)
}

async fn states(bench: &Bench, document_id: Id) -> Vec<PageStatus> {
    let mut pages = list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap();
    pages.sort_by_key(|p| p.value.number);
    pages.iter().map(|p| p.value.status).collect()
}

#[tokio::test]
async fn a_document_that_is_given_up_and_its_pages_say_the_same() {
    use PageStatus::{Error, Processing, Ready};
    let (bench, document_id) = stored(2).await;
    bench.commit(failed_batch(&bench.desk(), document_id, "cancelled").await.unwrap()).await;
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Error);
    assert_eq!(states(&bench, document_id).await, [Error; 3]);
    // What was stored is there when it is put back.
    bench.commit(revived_batch(&bench.desk(), document_id).await.unwrap()).await;
    assert_eq!(states(&bench, document_id).await, [Ready, Ready, Processing]);

    let (bench, document_id) = stored(3).await;
    let late = failed_batch(&bench.desk(), document_id, "cancelled").await.unwrap();
    assert!(late.is_empty(), "nothing waits any more");
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
}

#[tokio::test]
async fn a_buried_document_takes_its_waiting_pages_along() {
    let (bench, document_id) = bench().await;
    let step = opened_batch(&bench.desk(), document_id, &opened(vec![sized(); 2])).await.unwrap().unwrap();
    bench.commit(step.batch).await;
    bench.commit(failed_batch(&bench.desk(), document_id, "the job was cancelled").await.unwrap()).await;
    let pages = list::<Page>(&bench.desk(), Index::ByDocument, document_id).await.unwrap();
    assert!(pages.iter().all(|p| p.value.status == PageStatus::Error));
    assert!(failed_batch(&bench.desk(), document_id, "again").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_document_is_given_up_in_two_steps_where_one_is_too_slow() {
    use PageStatus::{Error, Processing, Ready};
    let (bench, document_id) = stored(2).await;
    assert!(
        failed_rest_batch(&bench.desk(), document_id, "cancelled").await.unwrap().is_empty(),
        "not in error"
    );
    bench.commit(failed_in_short_batch(&bench.desk(), document_id, "cancelled").await.unwrap()).await;
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Error);
    assert_eq!(states(&bench, document_id).await, [Ready, Ready, Processing]);
    assert!(failed_in_short_batch(&bench.desk(), document_id, "again").await.unwrap().is_empty());
    bench.commit(failed_rest_batch(&bench.desk(), document_id, "cancelled").await.unwrap()).await;
    assert_eq!(states(&bench, document_id).await, [Error; 3]);
    assert!(
        failed_rest_batch(&bench.desk(), document_id, "cancelled").await.unwrap().is_empty(),
        "nothing is left"
    );

    let (bench, document_id) = stored(3).await;
    assert!(
        failed_in_short_batch(&bench.desk(), document_id, "cancelled").await.unwrap().is_empty(),
        "it is read"
    );
}

#[tokio::test]
async fn pages_that_were_put_back_before_their_document_do_not_strand_the_others() {
    use PageStatus::{Error, Processing};
    let (bench, document_id) = bench().await;
    let file = opened(vec![sized(); 3]);
    let step = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
    let first = step.pages[0];
    bench.commit(step.batch).await;
    bench.commit(failed_batch(&bench.desk(), document_id, "cancelled").await.unwrap()).await;
    bench.commit(revived_pages_batch(&bench.desk(), document_id, &[first]).await.unwrap()).await;
    assert_eq!(bench.get::<Document>(document_id).await.status, DocumentStatus::Ready);
    assert_eq!(states(&bench, document_id).await, [Processing, Error, Error]);
    bench.commit(revived_batch(&bench.desk(), document_id).await.unwrap()).await;
    assert_eq!(states(&bench, document_id).await, [Processing; 3]);
    let again = opened_batch(&bench.desk(), document_id, &file).await.unwrap().unwrap();
    assert_eq!(again.pages.len(), 3);
}
