//! Taking a limit away makes its case fail: each file that a limit of the parser stops is given to a
//! parse worker twice, with all limits and with all but that one.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt as _;
use takeoff_core::budget::Budget;
use takeoff_core::page::request::{FileType, PageHead, PageOutcome, ParseLimits, ParseReply, ParseRequest};
use takeoff_engine::child::{CallLimits, ChildConfig, ChildError, ChildPool, Flow};
use takeoff_samples::Hostile;
use tokio::time::Instant;

use crate::ends::MAX_PAGE_PIXELS;

/// Longest that a reply may take where all limits hold.
const BOUND: Duration = Duration::from_secs(60);

/// A file, its limit lifted, and what holds as long as it is not.
struct Case {
    kind: Hostile,
    limit: &'static str,
    lift: fn(&mut ParseLimits),
    holds: Holds,
}

enum Holds {
    /// The file or its page is refused with this reason.
    Says(&'static str),
    /// The page's image has a size that can be dealt with.
    Fits,
}

const fn case(kind: Hostile, limit: &'static str, lift: fn(&mut ParseLimits), says: &'static str) -> Case {
    Case { kind, limit, lift, holds: Holds::Says(says) }
}

fn cases() -> Vec<Case> {
    let segments = |l: &mut ParseLimits| l.max_segments = u64::MAX;
    let bytes = |l: &mut ParseLimits| l.max_stream_bytes = u64::MAX;
    let pixels = |l: &mut ParseLimits| l.max_pixels = u64::MAX;
    let pages = |l: &mut ParseLimits| l.max_pages = u32::MAX;
    vec![
        case(Hostile::FormBomb, "max_segments", segments, "the limit for a page"),
        case(Hostile::MicroDashes, "max_segments", segments, "dashes, the limit"),
        case(Hostile::ManySegments, "max_segments", segments, "path segments, the limit"),
        case(Hostile::FlateBomb, "max_stream_bytes", bytes, "unpacks to more than"),
        case(Hostile::NestedFlateBomb, "max_stream_bytes", bytes, "unpacks to more than"),
        case(Hostile::HugePng, "max_pixels", pixels, "pixels; the limit is"),
        case(Hostile::HugeJpeg, "max_pixels", pixels, "pixels; the limit is"),
        case(Hostile::HugeTiff, "max_pixels", pixels, "pixels; the limit is"),
        case(Hostile::ManyPages, "max_pages", pages, "pages; the limit is"),
        case(Hostile::ManyFrames, "max_pages", pages, "frames, the limit"),
        case(Hostile::GiantMediaBox, "max_page_side_pt", |l| l.max_page_side_pt = u32::MAX, "inches a side"),
        Case {
            kind: Hostile::HugePage,
            limit: "max_page_pixels",
            lift: |l| l.max_page_pixels = u64::MAX,
            holds: Holds::Fits,
        },
    ]
}

/// What a parse worker made of a file.
#[derive(Debug)]
enum Fared {
    /// The reason, for the file or for its first page.
    Refused(String),
    Parsed {
        pixels: u64,
    },
    /// It gave no answer: too slow, too large.
    Stopped(ChildError),
}

impl Case {
    /// What is left of the case's claim.
    fn holds(&self, fared: &Fared) -> bool {
        match (&self.holds, fared) {
            (Holds::Says(what), Fared::Refused(why)) => why.contains(what),
            (Holds::Fits, Fared::Parsed { pixels }) => *pixels <= MAX_PAGE_PIXELS,
            _ => false,
        }
    }

    async fn check(&self, workers: &ChildPool, folder: &Path) {
        let (name, limit) = (self.kind.name(), self.limit);
        let path = folder.join(name);
        self.kind.write(&path).unwrap();
        let mut limits = ParseLimits::default();
        let started = Instant::now();
        let with = fare(workers, &path, limits, BOUND).await;
        assert!(self.holds(&with), "{name} with every limit: {with:?}");

        (self.lift)(&mut limits);
        assert_ne!(limits, ParseLimits::default(), "{limit} is not lifted");
        // Ample for what just ended by itself, on a machine of any speed.
        let patience = started.elapsed() * 2 + Duration::from_secs(2);
        let without = fare(workers, &path, limits, patience).await;
        assert!(!self.holds(&without), "{name} ends well without {limit}, so another limit stops it");
        if let Fared::Stopped(error) = &without {
            let by_a_limit =
                matches!(error, ChildError::Deadline { .. } | ChildError::Died { memory: true, .. });
            assert!(by_a_limit, "{name} without {limit}: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_limit_a_case_fails() {
    let folder = tempfile::tempdir().unwrap();
    let workers = ChildPool::new(ChildConfig {
        program: takeoff_tests::program().to_path_buf(),
        args: vec!["parse-worker".to_owned()],
        workers: 2,
        memory_bytes: 768 << 20,
        recycle_after: 100,
        queue_ms: 300_000,
    });
    futures::stream::iter(cases())
        .for_each_concurrent(2, |case| {
            let (workers, folder) = (&workers, folder.path());
            async move { case.check(workers, folder).await }
        })
        .await;
    workers.close().await;
}

/// Opens the file and parses its first page, as ingestion does.
async fn fare(workers: &ChildPool, path: &Path, limits: ParseLimits, patience: Duration) -> Fared {
    let bytes = std::fs::read(path).unwrap();
    let file_type = FileType::sniff(&bytes).expect("it begins like a drawing");
    drop(bytes);
    let (text, out) = (path.to_str().unwrap().to_owned(), tempfile::tempdir().unwrap());
    let open = ParseRequest::Open { path: text.clone(), file_type, limits };
    match ask(workers, &open, patience).await {
        Ok(ParseReply::Rejected(rejected)) => return Fared::Refused(rejected.message),
        Ok(ParseReply::Opened(opened)) => match &opened.pages[0] {
            PageHead::Broken { reason } => return Fared::Refused(reason.clone()),
            PageHead::Sized { .. } => {}
        },
        Ok(other) => panic!("{other:?} to a request to open"),
        Err(stopped) => return Fared::Stopped(stopped),
    }
    let out_dir = out.path().to_str().unwrap().to_owned();
    let memory_bytes = u64::MAX;
    let page = ParseRequest::Pages { path: text, file_type, indexes: vec![0], out_dir, limits, memory_bytes };
    match ask(workers, &page, patience).await {
        Ok(ParseReply::Page { outcome: PageOutcome::Failed { message, .. }, .. }) => Fared::Refused(message),
        Ok(ParseReply::Page { outcome: PageOutcome::Parsed(parsed), .. }) => {
            let space = parsed.space;
            Fared::Parsed { pixels: u64::from(space.width_px) * u64::from(space.height_px) }
        }
        Ok(other) => panic!("{other:?} to a request for a page"),
        Err(stopped) => Fared::Stopped(stopped),
    }
}

/// The last reply to a request.
async fn ask(
    workers: &ChildPool,
    request: &ParseRequest,
    patience: Duration,
) -> Result<ParseReply, ChildError> {
    let request = postcard::to_allocvec(request).unwrap();
    let ms = u64::try_from(patience.as_millis()).unwrap();
    let limits = CallLimits { reply_ms: ms, total_ms: ms };
    let mut answer = None;
    workers
        .call(&request, limits, &Budget::unlimited(), &mut |bytes| match postcard::from_bytes(bytes).unwrap()
        {
            ParseReply::Starting { .. } => Flow::More,
            reply => {
                answer = Some(reply);
                Flow::Done
            }
        })
        .await?;
    Ok(answer.expect("a call that went well has its reply"))
}
