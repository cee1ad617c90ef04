use takeoff_core::count::{MatchLineSeen, SheetSeen};
use takeoff_core::model::{SearchedSheet, SearchedSheets};

use super::*;
use crate::testing::{self, Bench, id};

/// A candidate at a place of its own.
fn candidate(page: u64, at: f64, confidence: f64) -> NewDetection {
    NewDetection {
        page_id: id(page),
        bbox: PxRect::new(at, 0.0, 10.0, 10.0),
        center: PxPoint::new(at + 5.0, 5.0),
        confidence,
        likeness: confidence,
        coverage: 0.9,
        extra: 0.1,
        exemplar: 0,
        angle: 0.0,
        mirrored: false,
        scale: 1.0,
        is_exemplar: confidence == 1.0,
        in_legend: false,
        apart: None,
        match_line: None,
        variant: false,
        other_pen: false,
        label: None,
    }
}

/// Candidates of these confidences, side by side.
fn page(nth: u32, confidences: &[f64]) -> PageResult {
    let candidates =
        confidences.iter().enumerate().map(|(i, c)| candidate(500 + u64::from(nth) - 1, 20.0 * i as f64, *c));
    PageResult {
        candidates: candidates.collect(),
        progress: CountProgress { next: nth, searched: nth, ..CountProgress::default() },
        processing_time_ms: 12.5,
        notes: None,
    }
}

async fn bench(limit: u32) -> Bench {
    let bench = Bench::new();
    bench.put(&testing::session(id(600), vec![id(500), id(501)], limit)).await;
    bench
}

/// Commits all of a page; how many commits that took.
async fn store(bench: &Bench, page: &PageResult) -> usize {
    let mut commits = 0;
    loop {
        match page_batch(&bench.desk(), id(600), page).await.unwrap() {
            Next::Commit(batch) => bench.commit(batch).await,
            Next::Stored => return commits,
            Next::Over => panic!("the session is over"),
        }
        commits += 1;
    }
}

async fn complete(bench: &Bench, page: &PageResult) {
    let progress = page.progress.clone();
    let completion = Completion { progress, processing_time_ms: 20.0, notes: None };
    let (batch, _) = completed_batch(&bench.desk(), id(600), completion).await.unwrap();
    bench.commit(batch).await;
}

async fn session(bench: &Bench) -> CountSession {
    bench.get(id(600)).await
}

async fn sorted(bench: &Bench) -> Candidates {
    let all = list::<Detection>(&bench.desk(), Index::BySession, id(600)).await.unwrap();
    Candidates::of(&session(bench).await, all.into_iter().map(|d| d.value).collect())
}

fn confidences(of: &[Detection]) -> Vec<f64> {
    of.iter().map(|d| d.confidence).collect()
}

#[tokio::test]
async fn pages_are_stored_one_after_the_other_and_each_once() {
    let bench = bench(500).await;
    bench.commit(begun_batch(&bench.desk(), id(600)).await.unwrap()).await;
    let (first, second) = (page(1, &[1.0, 0.9, 0.7]), page(2, &[0.95, 0.6]));
    assert_eq!(store(&bench, &first).await, 1);
    let now = session(&bench).await;
    assert_eq!((now.status, now.total_detections, now.near_misses), (SessionStatus::Processing, 2, 1));
    assert_eq!((now.pages_searched(), now.processing_time_ms), (1, Some(12.5)));

    // As another attempt would after a crash, with what it read before.
    assert_eq!(store(&bench, &first).await, 0);
    assert_eq!(store(&bench, &second).await, 1);
    complete(&bench, &second).await;
    let now = session(&bench).await;
    assert_eq!((now.status, now.total_detections, now.found_detections), (SessionStatus::Completed, 3, 3));
    assert_eq!((now.near_misses, now.truncated, now.pages_searched()), (2, false, 2));
    assert_eq!(now.processing_time_ms, Some(20.0));
    let Candidates { detections, near_misses, .. } = sorted(&bench).await;
    assert_eq!(confidences(&detections), [1.0, 0.95, 0.9]);
    assert_eq!(confidences(&near_misses), [0.7, 0.6]);
    assert_eq!((detections[0].coverage, detections[0].extra), (Some(0.9), Some(0.1)));
}

#[tokio::test]
async fn the_strongest_are_shown_and_the_rest_is_said() {
    let bench = bench(3).await;
    let (first, second) = (page(1, &[0.82, 1.0, 0.9]), page(2, &[0.9, 0.91]));
    store(&bench, &first).await;
    store(&bench, &second).await;
    complete(&bench, &second).await;
    let now = session(&bench).await;
    assert_eq!((now.total_detections, now.found_detections, now.truncated), (3, 5, true));
    let shown = sorted(&bench).await.detections;
    let shown: Vec<_> = shown.iter().map(|d| (d.page_id, d.confidence)).collect();
    assert_eq!(shown, [(id(500), 1.0), (id(501), 0.91), (id(500), 0.9)], "the earlier page before the later");
}

#[tokio::test]
async fn a_session_begins_once_and_not_after_its_end() {
    let bench = bench(10).await;
    bench.commit(begun_batch(&bench.desk(), id(600)).await.unwrap()).await;
    assert_eq!(session(&bench).await.status, SessionStatus::Processing);
    assert!(begun_batch(&bench.desk(), id(600)).await.unwrap().is_empty());
    bench.commit(failed_batch(&bench.desk(), id(600), "cancelled").await.unwrap()).await;
    assert!(begun_batch(&bench.desk(), id(600)).await.unwrap().is_empty());
    assert_eq!(session(&bench).await.status, SessionStatus::Failed);
}

#[tokio::test]
async fn a_session_ends_once_and_takes_no_page_after_it() {
    let bench = bench(10).await;
    let first = page(1, &[1.0]);
    store(&bench, &first).await;
    complete(&bench, &first).await;
    let late = page_batch(&bench.desk(), id(600), &page(2, &[0.9])).await.unwrap();
    assert!(matches!(late, Next::Over));
    let completion = Completion { progress: first.progress, processing_time_ms: 1.0, notes: None };
    assert!(completed_batch(&bench.desk(), id(600), completion).await.unwrap().0.is_empty());
    assert!(failed_batch(&bench.desk(), id(600), "cancelled").await.unwrap().is_empty());
    assert_eq!(session(&bench).await.processing_time_ms, Some(20.0));
}

#[tokio::test]
async fn a_session_that_is_cut_short_says_why_and_keeps_what_it_has() {
    let bench = bench(10).await;
    store(&bench, &page(1, &[1.0, 0.6])).await;
    bench.commit(failed_batch(&bench.desk(), id(600), "cancelled by the client").await.unwrap()).await;
    let now = session(&bench).await;
    assert_eq!((now.status, now.total_detections, now.near_misses), (SessionStatus::Failed, 1, 1));
    assert_eq!(now.error_message.as_deref(), Some("cancelled by the client"));
}

/// More than a session keeps on one page, and stronger ones on the next, with what a person decided meanwhile.
#[tokio::test]
async fn stronger_candidates_take_the_places_of_weaker_ones() {
    let bench = bench(u32::MAX).await;
    let most = MAX_SESSION_DETECTIONS as usize;
    assert_eq!(store(&bench, &page(1, &vec![0.9; most + 50])).await, 1);
    let now = session(&bench).await;
    assert_eq!((now.total_detections, now.found_detections), (4_000, 4_050));
    assert!(now.truncated);

    let mut weakest = sorted(&bench).await.detections.pop().unwrap();
    let version = list::<Detection>(&bench.desk(), Index::BySession, id(600)).await.unwrap();
    let version = version.iter().find(|d| d.value.id == weakest.id).unwrap().version;
    weakest.status = DetectionStatus::Confirmed;
    let mut batch = Batch::new(bench.desk().tenant);
    batch.update(version, &weakest);
    bench.commit(batch).await;

    let stronger = page(2, &vec![0.95; most - 1]);
    assert_eq!(store(&bench, &stronger).await, 2, "as much goes as comes");
    let now = session(&bench).await;
    assert_eq!((now.total_detections, now.found_detections), (4_000, 8_049));
    let kept = sorted(&bench).await.detections;
    assert_eq!(kept.last().unwrap().id, weakest.id, "what a person decided on stays");
    assert!(kept[..most - 1].iter().all(|d| d.confidence == 0.95));
    assert_eq!(session(&bench).await.kept().left_out.from(0.92), 0);
}

#[tokio::test]
async fn near_misses_have_a_limit_and_make_room_for_detections() {
    let bench = bench(u32::MAX).await;
    store(&bench, &page(1, &vec![0.7; MAX_NEAR_MISSES + 7])).await;
    let now = session(&bench).await;
    assert_eq!((now.total_detections, now.near_misses), (0, 500));
    assert_eq!(now.kept().left_out.from(0.7), 7);
    store(&bench, &page(2, &vec![0.85; MAX_SESSION_DETECTIONS as usize - 10])).await;
    let now = session(&bench).await;
    assert_eq!((now.total_detections, now.near_misses, now.found_detections), (3_990, 10, 3_990));
    assert_eq!(now.kept().left_out.from(0.5), 497);
}

#[tokio::test]
async fn what_is_beyond_a_match_line_is_decided_when_all_pages_were_searched() {
    let sheet = |number: &str, other: &str| {
        let at = PxPoint::new(0.0, 0.0);
        let line = MatchLineSeen { sheet: Some(other.to_owned()), told: true, at };
        SheetSeen { number: Some(number.to_owned()), match_lines: vec![line] }
    };
    let searched = |page, seen| SearchedSheet::of(page, true, seen, std::iter::empty());
    let (own, other) = (searched(1, sheet("A-101", "A-102")), searched(2, sheet("A-102", "A-101")));
    // With the other sheet among the pages, without it.
    for (sheets, apart) in [
        (SearchedSheets::from([(id(500), own.clone()), (id(501), other)]), 1),
        (SearchedSheets::from([(id(500), own)]), 0),
    ] {
        let bench = bench(500).await;
        let mut first = page(1, &[1.0, 0.9, 0.9, 0.7]);
        first.candidates[1].apart = Some(Apart::TitleBlock);
        for (nth, on_line) in [(2, false), (0, true), (3, false)] {
            first.candidates[nth].match_line = Some(AtMatchLine { line: 0, on_line });
        }
        store(&bench, &first).await;
        let now = session(&bench).await.apart;
        assert_eq!((now.title_block, now.beyond_match_line), (1, 0), "not known yet");
        first.progress.sheets = sheets;
        complete(&bench, &first).await;
        let now = session(&bench).await.apart;
        assert_eq!((now.title_block, now.key_plan, now.beyond_match_line), (1, 0, apart));
        let Candidates { detections, near_misses, .. } = sorted(&bench).await;
        let beyond = |d: &Detection| d.set_apart() == Some(Apart::BeyondMatchLine);
        assert_eq!(detections.iter().filter(|d| beyond(d)).count() as u64, apart);
        assert_eq!(near_misses.iter().any(beyond), apart == 1, "it may become a detection");
    }
}
