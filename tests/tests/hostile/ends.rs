//! How each generated file ends.

use takeoff_samples::Hostile;

use crate::deliver::Outcome;

/// Pixels that the image of a page has at most.
pub(crate) const MAX_PAGE_PIXELS: u64 = 100_000_000;

/// A file's defined end. The texts are part of what a person is told.
#[derive(Debug)]
pub(crate) enum End {
    /// 400 with this reason.
    Refused(&'static str),
    /// 201, then document and pages in error with one of these reasons.
    Failed(&'static [&'static str]),
    /// Every page can be used, and says this.
    Ready(&'static str),
}

/// The end of a file on a node with default settings.
pub(crate) fn end_of(kind: Hostile) -> End {
    use Hostile as K;
    match kind {
        // Ten million draws take a slow machine longer than it has.
        K::FormBomb => End::Failed(&["limit for a page", "took longer than the limit"]),
        K::MicroDashes => End::Failed(&["draws more than 2000000 dashes"]),
        K::ManySegments => End::Failed(&["draws more than 2000000 path segments"]),
        K::FlateBomb | K::NestedFlateBomb | K::RunLengthBomb => {
            End::Failed(&["content unpacks to more than 268435456 bytes"])
        }
        K::HugeImage => End::Failed(&["picture on the page unpacks to more than 268435456 bytes"]),
        K::GiantMediaBox => End::Failed(&["the limit is 1000 inches a side"]),
        K::HugeTiff => End::Failed(&["60000 x 60000 pixels; the limit is 100000000"]),
        K::HugePng | K::HugeJpeg => End::Refused("65000 x 65000 pixels; the limit is 100000000"),
        K::TruncatedPng => End::Failed(&["cannot be read: the file ends before the picture does"]),
        K::ManyPages => End::Refused("has 50000 pages; the limit is 5000"),
        K::ManyFrames => End::Refused("has more than 5000 frames"),
        K::FrameLoop => End::Refused("cycle in the list"),
        K::Empty => End::Refused("the file is empty"),
        K::HeaderOnly => End::Refused("The file is damaged"),
        K::Truncated | K::DeepArrays => End::Refused("empty, damaged or cut off"),
        K::NotPdf => End::Refused("does not begin like a PDF"),
        K::Password => End::Refused("opens only with a password"),
        K::TruncatedStream => End::Ready("breaks off before its end"),
        // The reader ends these nests itself; what can be drawn of them is.
        K::RecursiveForm
        | K::MutualForms
        | K::DeepStates
        | K::DeepPageTree
        | K::PageTreeLoop
        | K::XrefLoop
        | K::FalseCount => End::Ready(""),
        // Its image has fewer pixels to the inch.
        K::HugePage => End::Ready(""),
        // Shown as a letter page, off which the drawing lies.
        K::FlatPage => End::Ready("comes out empty although its content is not"),
    }
}

impl End {
    #[track_caller]
    pub(crate) fn check(&self, outcome: &Outcome) {
        let (name, said, document) = (&outcome.name, outcome.said(), &outcome.document);
        match self {
            Self::Refused(why) => {
                assert_eq!(outcome.status, 400, "{name} is taken: {document}");
                assert!(said.contains(why), "{name} is refused with {said:?}, not {why:?}");
            }
            Self::Failed(reasons) => {
                assert_eq!(outcome.status, 201, "{name} is refused: {said}");
                assert_eq!(document["status"], "error", "{name}: {document}");
                for page in &outcome.pages {
                    let why = page["processing_error"].as_str().unwrap_or_default();
                    assert!(
                        reasons.iter().any(|r| why.contains(r)),
                        "{name} failed: {why:?}, not {reasons:?}"
                    );
                }
                assert!(reasons.iter().any(|r| said.contains(r)), "{name} failed with {said:?}");
            }
            Self::Ready(what) => {
                assert!(outcome.is_ready(), "{name}: {} {said:?} {document}", outcome.status);
                assert!(outcome.pages.iter().all(|p| p["status"] == "ready"), "{name}: {said}");
                assert!(said.contains(what), "{name} says {said:?}, not {what:?}");
            }
        }
    }
}
