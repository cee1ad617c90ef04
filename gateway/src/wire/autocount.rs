mod answers;
mod detection;

use serde::Serialize;
use takeoff_commands::count::{BoxOnPage, Bulk, MAX_SESSION_PAGES, StartCount, StartScope};
use takeoff_commands::reads::CountView;
use takeoff_core::count::MAX_EXEMPLARS;
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::model::{self, Id, Lettering, SessionStatus};
use utoipa::ToSchema;
use uuid::Uuid;

use super::scalar::Stamp;
use super::validate::{Boolean, Fields, IdRule, Nested, OneOf, integer, items, number, text};

use answers::excluded;
pub(crate) use answers::{
    ApartCounts, BulkConfirmed, Completeness, MeasurementsCreated, Rejected, set_apart, unconfirmed,
};
pub(crate) use detection::Detection;

/// A box in page pixels; auto count alone writes `w` and `h`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct BBox {
    x: f64,
    y: f64,
    #[schema(exclusive_minimum = 0.0)]
    w: f64,
    #[schema(exclusive_minimum = 0.0)]
    h: f64,
}

impl From<PxRect> for BBox {
    fn from(r: PxRect) -> Self {
        Self { x: r.x, y: r.y, w: r.w, h: r.h }
    }
}

/// A box on a page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct BoxOfPage {
    page_id: Uuid,
    bbox: BBox,
}

impl From<&model::PageBox> for BoxOfPage {
    fn from(b: &model::PageBox) -> Self {
        Self { page_id: b.page_id.0, bbox: b.bbox.into() }
    }
}

/// One question "count these".
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    id: Uuid,
    /// The page of the example.
    page_id: Uuid,
    /// All pages that are searched.
    page_ids: Vec<Uuid>,
    condition_id: Uuid,
    template_bbox: BBox,
    /// More examples, after the one of `template_bbox`.
    exemplars: Vec<BoxOfPage>,
    /// What is not meant.
    negative_exemplars: Vec<BoxOfPage>,
    /// Only what has its centre in here counts.
    region: Option<BBox>,
    /// `flag`, `exclude`.
    mirrored: &'static str,
    same_pen: bool,
    /// Which of the candidates are detections; can be moved, down to `confidence_floor`.
    confidence_threshold: f64,
    /// Down to which confidence candidates were kept.
    confidence_floor: f64,
    scale_tolerance: f64,
    /// Deviation allowed about each quarter turn, degrees; 90 stands for any angle.
    rotation_tolerance: f64,
    /// As it was asked for: `template`, `hybrid`.
    detection_method: String,
    /// `auto`, `agree`, `ignore`.
    lettering: &'static str,
    /// What was done: `template`, a comparison of vectors. `hybrid` comes to the same, as there is no vision
    /// provider.
    applied_method: &'static str,
    /// `pending`, `processing`, `completed`, `failed`.
    status: &'static str,
    /// How many of `page_ids` were searched until now.
    pages_searched: u64,
    pages_total: u64,
    /// Shown.
    total_detections: u64,
    /// Before the cap.
    found_detections: u64,
    /// More were found than the session shows; the strongest are shown.
    truncated: bool,
    /// Candidates below the threshold that are listed for review.
    near_miss_count: u64,
    /// Pending detections in legends. They are samples and do not count unless each is confirmed: `bulk-confirm`
    /// leaves them out.
    in_legend_count: u64,
    /// Pending detections that do not count unless each is confirmed by its id, by where they lie (`apart` of a
    /// detection).
    apart_counts: ApartCounts,
    /// Places, at the threshold that the session was started with, that would be detections if they were not as much like
    /// what is not meant; `null` without `negative_exemplars`.
    excluded_count: Option<u64>,
    /// Places that show most of an exemplar and too little to be listed for review: the first 200.
    shown_in_part: Vec<PlaceOfPage>,
    /// Places that show most of the example and all lack the same part of it: the first 200.
    lacking_a_part: Vec<PlaceOfPage>,
    /// Places whose pen alone decides: near misses on the example's own page, where pens are compared, and
    /// detections on other pages, where they are not. Each is marked `other_pen`. As the threshold was at the start.
    other_pen_near_misses: u64,
    other_pen_detections: u64,
    max_detections: u32,
    confirmed_count: u64,
    rejected_count: u64,
    /// What is missing or went wrong; also of a completed session that ran out of time.
    error_message: Option<String>,
    /// What to know of a result that is complete, such as symbols of the same shape that were left out
    /// because they say something else.
    notes: Option<String>,
    processing_time_ms: Option<f64>,
    template_match_count: u64,
    /// Always 0: there is no vision provider.
    llm_match_count: u64,
    task_id: String,
    created_at: Stamp,
    updated_at: Stamp,
}

/// A place on a page of the session's document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaceOfPage {
    page_number: u32,
    /// Page pixels.
    x: f64,
    y: f64,
}

impl From<&(u32, PxPoint)> for PlaceOfPage {
    fn from((page_number, at): &(u32, PxPoint)) -> Self {
        Self { page_number: *page_number, x: at.x, y: at.y }
    }
}

/// How detections are found, and so where they come from.
const TEMPLATE: &str = "template";

/// From here on the tolerance means any angle.
const ANY_ANGLE_DEG: f64 = 90.0;

const fn session_word(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Pending => "pending",
        SessionStatus::Processing => "processing",
        SessionStatus::Completed => "completed",
        SessionStatus::Failed => "failed",
    }
}

impl From<model::CountSession> for Session {
    fn from(s: model::CountSession) -> Self {
        let kept = s.kept();
        let missing = Completeness::of(&s).notes;
        let notes = missing
            .into_iter()
            .chain(set_apart(&s))
            .chain(excluded(&s))
            .chain(s.notes.clone())
            .reduce(|a, b| format!("{a}; {b}"));
        let boxes = |all: &[model::PageBox]| all.iter().map(BoxOfPage::from).collect();
        Self {
            id: s.id.0,
            exemplars: boxes(&s.scope.exemplars),
            negative_exemplars: boxes(&s.scope.negatives),
            region: s.scope.region.map(BBox::from),
            mirrored: if s.scope.mirrored { FLAG } else { EXCLUDE },
            same_pen: s.scope.same_pen,
            confidence_floor: kept.floor,
            excluded_count: s.excluded_on(|_| true),
            shown_in_part: s.progress.partly_at.iter().map(PlaceOfPage::from).collect(),
            lacking_a_part: s.progress.lacking_at.iter().map(PlaceOfPage::from).collect(),
            other_pen_near_misses: s.progress.pen_refused,
            other_pen_detections: s.progress.pen_taken,
            pages_searched: s.pages_searched() as u64,
            pages_total: s.page_ids.len() as u64,
            near_miss_count: s.near_misses,
            in_legend_count: s.set_apart,
            apart_counts: ApartCounts::from(&s),
            page_id: s.page_id.0,
            page_ids: s.page_ids.iter().map(|id| id.0).collect(),
            condition_id: s.condition_id.0,
            template_bbox: s.exemplar.into(),
            confidence_threshold: s.confidence_threshold,
            scale_tolerance: s.scale_tolerance,
            rotation_tolerance: s.rotation_tolerance.unwrap_or(ANY_ANGLE_DEG),
            detection_method: s.detection_method,
            lettering: lettering_word(s.lettering),
            applied_method: TEMPLATE,
            status: session_word(s.status),
            total_detections: s.total_detections,
            found_detections: s.found_detections,
            truncated: s.truncated,
            max_detections: s.max_detections,
            confirmed_count: s.confirmed_count,
            rejected_count: s.rejected_count,
            error_message: s.error_message,
            notes,
            processing_time_ms: s.processing_time_ms,
            template_match_count: s.total_detections,
            llm_match_count: 0,
            task_id: s.job_id.to_string(),
            created_at: Stamp(s.created_at),
            updated_at: Stamp(s.updated_at),
        }
    }
}

/// A session with its detections, highest confidence first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionDetail {
    #[serde(flatten)]
    session: Session,
    /// At or above the threshold, and whatever was confirmed or rejected.
    detections: Vec<Detection>,
    /// Below the threshold, strongest first, 500 at most. Confirming one makes it a detection.
    near_misses: Vec<Detection>,
}

impl From<CountView> for SessionDetail {
    fn from(view: CountView) -> Self {
        let wire = |all: Vec<model::Detection>| all.into_iter().map(Detection::from).collect();
        Self {
            session: view.session.into(),
            detections: wire(view.candidates.detections),
            near_misses: wire(view.candidates.near_misses),
        }
    }
}

/// A box on a page, the example's page if none is named.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `start_auto_count` reads")]
pub(crate) struct BoxOnAPage {
    page_id: Option<Uuid>,
    bbox: BBox,
}

/// "Count these."
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `start_auto_count` reads")]
pub(crate) struct StartAutoCount {
    condition_id: Uuid,
    /// The example, page pixels.
    template_bbox: BBox,
    /// More examples, seven at most, on any page of the project. Each counts itself; a place that several are
    /// like is one detection.
    exemplars: Option<Vec<BoxOnAPage>>,
    /// What is not meant, eight at most: a place that is as much like one of these is no detection.
    negative_exemplars: Option<Vec<BoxOnAPage>>,
    /// Only what has its centre in here counts, page pixels of each page that is searched.
    region: Option<BBox>,
    /// Mirror images: `flag` counts them and says which they are, `exclude` leaves them out.
    #[schema(default = "flag", pattern = "^(flag|exclude)$")]
    mirrored: Option<String>,
    /// Line weight, colour and dashes are part of the meaning on the example's own page; elsewhere they are not
    /// compared, as pages may be plotted with other pens. `notes` say of how many places that decides.
    #[schema(default = true)]
    same_pen: Option<bool>,
    #[schema(minimum = 0.0, maximum = 1.0)]
    confidence_threshold: Option<f64>,
    #[schema(minimum = 0.0, maximum = 1.0)]
    scale_tolerance: Option<f64>,
    /// Deviation allowed about each quarter turn, degrees; absent, and 45 and more, mean any angle.
    #[schema(minimum = 0.0, maximum = 90.0)]
    rotation_tolerance: Option<f64>,
    /// `template` compares vectors, and so does `hybrid`, as there is no vision provider.
    #[schema(default = "hybrid", pattern = "^(template|hybrid)$")]
    detection_method: Option<String>,
    /// None or null: there are no vision providers.
    #[schema(max_length = 0)]
    provider: Option<String>,
    /// Lettering inside the symbol: `auto` (a tag such as T1 must agree, a number need not, a word that
    /// happens to lie across the example means nothing), `agree` (the same words, inside it and beside it in the
    /// box), `ignore`.
    #[schema(default = "auto")]
    lettering: Option<String>,
    /// More pages of the project to search.
    page_ids: Option<Vec<Uuid>>,
    /// Search every page of the example's document that can be; `error_message` names the others.
    #[schema(default = false)]
    document: Option<bool>,
    /// Show at most so many.
    #[schema(minimum = 1)]
    max_detections: Option<u32>,
}

/// The words of the contract; [`StartCount`] judges what can be done.
const METHODS: &[(&str, &str)] = &[(TEMPLATE, TEMPLATE), ("llm", "llm"), ("hybrid", "hybrid")];
const LETTERING: &[(&str, Option<Lettering>)] =
    &[("auto", None), ("agree", Some(Lettering::Agree)), ("ignore", Some(Lettering::Ignore))];

const FLAG: &str = "flag";
const EXCLUDE: &str = "exclude";
/// Whether mirror images are looked for.
const MIRRORED: &[(&str, bool)] = &[(FLAG, true), (EXCLUDE, false)];

fn lettering_word(of: Option<Lettering>) -> &'static str {
    LETTERING.iter().find(|(_, l)| *l == of).map_or("auto", |(word, _)| word)
}

fn bbox(f: &Fields<'_>) -> Option<PxRect> {
    let (x, y) = (f.required("x", number()), f.required("y", number()));
    let (w, h) = (f.required("w", number().gt(0.0)), f.required("h", number().gt(0.0)));
    Some(PxRect::new(x?, y?, w?, h?))
}

fn box_on_page(f: &Fields<'_>) -> Option<BoxOnPage> {
    let page_id = f.optional("page_id", IdRule);
    let bbox = f.required("bbox", Nested(bbox));
    Some(BoxOnPage { page_id: page_id?, bbox: bbox? })
}

fn scope(f: &Fields<'_>) -> Option<StartScope> {
    let boxes = |max| items(Nested(box_on_page), max);
    let exemplars = f.optional("exemplars", boxes(MAX_EXEMPLARS - 1));
    let negatives = f.optional("negative_exemplars", boxes(MAX_EXEMPLARS));
    let region = f.optional("region", Nested(bbox));
    let whole_document = f.optional("document", Boolean);
    let mirrored = f.optional("mirrored", OneOf(MIRRORED));
    let same_pen = f.optional("same_pen", Boolean);
    Some(StartScope {
        exemplars: exemplars?.unwrap_or_default(),
        negatives: negatives?.unwrap_or_default(),
        region: region?,
        whole_document: whole_document?.unwrap_or(false),
        mirrored: mirrored?.unwrap_or(true),
        same_pen: same_pen?.unwrap_or(true),
    })
}

/// The request, and the vision provider that it names.
pub(crate) fn start_count(page_id: Option<Id>, f: &Fields<'_>) -> Option<(StartCount, Option<String>)> {
    let unit = || number().ge(0.0).le(1.0);
    let condition_id = f.required("condition_id", IdRule);
    let exemplar = f.required("template_bbox", Nested(bbox));
    let confidence_threshold = f.optional("confidence_threshold", unit());
    let scale_tolerance = f.optional("scale_tolerance", unit());
    let rotation_tolerance = f.optional("rotation_tolerance", number().ge(0.0).le(ANY_ANGLE_DEG));
    let detection_method = f.optional("detection_method", OneOf(METHODS));
    let lettering = f.optional("lettering", OneOf(LETTERING));
    let provider = f.optional("provider", text().max(255));
    let scope = scope(f);
    let page_ids = f.optional("page_ids", items(IdRule, MAX_SESSION_PAGES));
    let max_detections = f.optional("max_detections", integer().ge(1).le(i64::from(u32::MAX)));
    let request = StartCount {
        page_id: page_id?,
        condition_id: condition_id?,
        exemplar: exemplar?,
        confidence_threshold: confidence_threshold?,
        scale_tolerance: scale_tolerance?,
        rotation_tolerance: rotation_tolerance?,
        detection_method: detection_method?.map(str::to_owned),
        lettering: lettering?.flatten(),
        max_detections: max_detections?.and_then(|n| u32::try_from(n).ok()),
        page_ids: page_ids?,
        scope: scope?,
    };
    Some((request, provider?))
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountStarted {
    session_id: Uuid,
    task_id: String,
    status: &'static str,
}

impl From<model::CountSession> for CountStarted {
    fn from(s: model::CountSession) -> Self {
        Self { session_id: s.id.0, task_id: s.job_id.to_string(), status: session_word(s.status) }
    }
}

/// What of a session can be changed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `move_threshold` reads")]
pub(crate) struct MoveThreshold {
    /// From the session's `confidence_floor` on.
    #[schema(minimum = 0.0, maximum = 1.0)]
    confidence_threshold: f64,
}

pub(crate) fn moved_threshold(f: &Fields<'_>) -> Option<f64> {
    f.required("confidence_threshold", number().ge(0.0).le(1.0))
}

/// From which confidence on.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `bulk_confirm` reads")]
pub(crate) struct BulkConfirm {
    #[schema(minimum = 0.0, maximum = 1.0)]
    threshold: f64,
    /// Samples in legends, too; not what is set apart for another reason.
    #[schema(default = false)]
    include_legend: Option<bool>,
}

pub(crate) fn bulk(f: &Fields<'_>) -> Option<Bulk> {
    let threshold = f.required("threshold", number().ge(0.0).le(1.0));
    let include_legend = f.optional("include_legend", Boolean);
    Some(Bulk { threshold: threshold?, include_legend: include_legend?.unwrap_or(false) })
}
