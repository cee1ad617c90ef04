//! The shapes of the contract: every declared field, in the words and encodings that clients expect.

use serde::Serialize;
use serde_json::{Value, json};
use takeoff_commands::reads::{ProjectView, SheetGroup, SheetView};
use takeoff_core::geom::{PageSpace, PxRect};
use takeoff_core::model::{self, BlobHash, Id, Timestamp};
use takeoff_core::page::request::FileType;
use takeoff_core::scale::{ScaleCandidate, ScaleRecord};

use crate::links::Links;

mod short;
mod takeoff;

const AT: Timestamp = Timestamp(1_769_850_000_000_000);
const AT_TEXT: &str = "2026-01-31T09:00:00.000000Z";

fn id(n: u8) -> Id {
    let mut bytes = [0; 16];
    bytes[15] = n;
    Id::from_bytes(bytes)
}

fn id_text(n: u8) -> String {
    format!("00000000-0000-0000-0000-0000000000{n:02x}")
}

fn links() -> Links {
    Links::to("http://plans.example")
}

/// The value as JSON; its keys must be exactly those given.
fn shape(value: impl Serialize, keys: &str) -> Value {
    let value = serde_json::to_value(value).unwrap();
    let mut found: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted: Vec<&str> = keys.split_whitespace().collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    value
}

fn candidate(text: &str, bbox: Option<PxRect>) -> ScaleCandidate {
    ScaleCandidate {
        text: text.to_owned(),
        ratio: 48.0,
        px_per_foot: Some(37.5),
        confidence: 0.9,
        method: "ocr_pattern_match".to_owned(),
        bbox,
    }
}

fn page() -> model::Page {
    let best = candidate("1/4\" = 1'-0\"", Some(PxRect::new(1875.0, 1440.0, 260.0, 22.0)));
    let mut scale = model::PageScale::unknown();
    scale.px_per_foot = Some(37.5);
    scale.text = Some(best.text.clone());
    scale.calibrated = true;
    scale.method = Some("ocr_pattern_match".to_owned());
    scale.record = Some(ScaleRecord {
        candidates: vec![best.clone(), candidate("NTS", None)],
        best: Some(best),
        ..ScaleRecord::default()
    });
    model::Page {
        id: id(3),
        document_id: id(2),
        project_id: id(1),
        number: 1,
        space: PageSpace::of_points(17.0 * 72.0, 11.0 * 72.0),
        inches: Some((17.0, 11.0)),
        status: model::PageStatus::Ready,
        processing_error: None,
        blobs: Some(model::PageBlobs {
            list: BlobHash([1; 32]),
            image: BlobHash([0xab; 32]),
            thumbnail: BlobHash([3; 32]),
        }),
        is_vector: Some(true),
        path_count: 10,
        word_count: 5,
        findings: Vec::new(),
        scale,
        sheet_number: Some("S1.01".to_owned()),
        title: None,
        display_name: Some("Foundations".to_owned()),
        display_order: Some(4),
        group_name: None,
        is_relevant: true,
        shapes: None,
        created_at: AT,
        updated_at: AT,
    }
}

#[test]
fn a_project() {
    let project = model::Project {
        id: id(1),
        name: "Warehouse 7".to_owned(),
        description: None,
        client_name: Some("Acme".to_owned()),
        project_address: Some(String::new()),
        status: model::ProjectStatus::InProgress,
        created_at: AT,
        updated_at: AT,
    };
    let json = shape(
        super::project::Project::from(ProjectView { project, document_count: 2 }),
        "id name description client_name project_address status document_count created_at updated_at",
    );
    assert_eq!(json["id"], id_text(1));
    assert_eq!(json["status"], "in_progress");
    assert_eq!(json["description"], Value::Null);
    assert_eq!(json["created_at"], AT_TEXT);
}

#[test]
fn a_document_names_its_files_and_its_pages() {
    let document = model::Document {
        id: id(2),
        project_id: id(1),
        original_filename: "S-set.pdf".to_owned(),
        file_type: FileType::Pdf,
        file_size: 519,
        blob: BlobHash([9; 32]),
        status: model::DocumentStatus::Ready,
        page_count: Some(1),
        processing_error: None,
        findings: Vec::new(),
        job_id: id(5),
        revision_number: None,
        revision_date: None,
        revision_label: None,
        supersedes_document_id: None,
        is_latest_revision: true,
        created_at: AT,
        updated_at: AT,
    };
    let pages = vec![super::document::PageSummary::of(&page(), &links())];
    let json = shape(
        super::document::Document::of(document, pages, &links()),
        "id project_id filename original_filename file_type file_size status page_count processing_error \
         created_at updated_at pages title_block_region revision_number revision_date revision_label \
         supersedes_document_id is_latest_revision task_id download_url findings",
    );
    assert_eq!(json["filename"], format!("{}.pdf", id_text(2)));
    assert_eq!(json["status"], "ready");
    assert_eq!(
        json["pages"][0],
        json!({
            "id": id_text(3), "page_number": 1, "classification": null, "classification_confidence": null,
            "concrete_relevance": null, "scale_calibrated": true,
            "thumbnail_url": format!("http://plans.example/api/v1/files/pages/{}/thumbnail.png?v=0303030303030303", id_text(3)),
        })
    );
}

const PAGE_KEYS: &str = "id document_id page_number width height classification classification_confidence discipline \
    discipline_confidence page_type page_type_confidence concrete_relevance concrete_elements description \
    llm_provider llm_latency_ms title sheet_number scale_text scale_value scale_unit scale_calibrated \
    scale_detection_method scale_calibration_data display_name display_order group_name is_relevant status \
    processing_error image_url thumbnail_url content_hash document ocr_text ocr_blocks dpi is_vector findings created_at \
    updated_at";

#[test]
fn a_page_carries_the_place_of_its_scale() {
    let json = shape(super::page::Page::of(page(), &links()), PAGE_KEYS);
    assert_eq!((json["width"].as_u64(), json["height"].as_u64()), (Some(2550), Some(1650)));
    assert_eq!(json["scale_value"], 37.5);
    assert_eq!(json["content_hash"], ["01".repeat(16), "ab".repeat(16)].concat());
    assert_eq!(json["display_name"], "Foundations");
    assert_eq!(json["display_order"], 4);
    assert_eq!(json["document"], json!({"project_id": id_text(1), "title_block_region": null}));
    let place = json!({"x": 1875.0, "y": 1440.0, "width": 260.0, "height": 22.0});
    assert_eq!(json["scale_calibration_data"]["best_scale"]["bbox"], place);
    assert_eq!(json["scale_calibration_data"]["parsed_scales"][1].get("bbox"), None);
    assert_eq!(json["scale_calibration_data"]["scale_bars"], json!([]));
    let blocks = &json["ocr_blocks"];
    assert_eq!(
        blocks["blocks"],
        json!([{"text": "1/4\" = 1'-0\"", "confidence": 0.9, "bounding_box": place}]),
        "the scale's block once, those without a place not at all"
    );
    assert_eq!(blocks["detected_scales"], json!(["1/4\" = 1'-0\"", "NTS"]));
    assert_eq!(blocks["detected_sheet_numbers"], json!(["S1.01"]));
    assert_eq!(
        json["image_url"],
        format!("http://plans.example/api/v1/files/pages/{}/image.png?v=abababababababab", id_text(3))
    );
}

#[test]
fn a_page_of_which_nothing_could_be_had() {
    let mut page = page();
    page.space = None;
    page.blobs = None;
    page.status = model::PageStatus::Error;
    page.processing_error = Some("it is damaged".to_owned());
    page.scale = model::PageScale::unknown();
    let json = shape(super::page::Page::of(page, &links()), PAGE_KEYS);
    assert_eq!((&json["width"], &json["height"]), (&json!(0), &json!(0)));
    assert_eq!((&json["image_url"], &json["thumbnail_url"]), (&Value::Null, &Value::Null));
    assert_eq!((&json["status"], &json["processing_error"]), (&json!("error"), &json!("it is damaged")));
    assert_eq!((&json["scale_unit"], &json["scale_calibrated"]), (&json!("foot"), &json!(false)));
    assert_eq!((&json["scale_calibration_data"], &json["ocr_blocks"]), (&Value::Null, &Value::Null));
}

#[test]
fn manual_keys_stand_beside_the_evidence() {
    let mut record = ScaleRecord { needs_calibration: true, ..ScaleRecord::default() };
    record.manual.insert("copied_from".to_owned(), json!(id_text(9)));
    record.findings = vec![takeoff_core::found::Finding::new("scale_withheld", "the page states 2 scales")];
    let json = shape(
        super::scale::ScaleFound::from(record),
        "parsed_scales scale_bars best_scale needs_calibration withheld findings copied_from",
    );
    assert_eq!((&json["best_scale"], &json["needs_calibration"]), (&Value::Null, &json!(true)));
    assert_eq!(json["findings"], json!([{"code": "scale_withheld", "message": "the page states 2 scales"}]));
}

#[test]
fn a_detection_under_way_hides_what_an_older_one_found() {
    let keys = "status scale_text scale_value calibrated detection";
    let mut under_way = page();
    under_way.scale.detection_job = Some(id(7));
    let json = shape(super::scale::DetectionStatus::from(under_way), keys);
    assert_eq!(
        json,
        json!({"status": "processing", "scale_text": null, "scale_value": null, "calibrated": false, "detection": null})
    );
    let json = shape(super::scale::DetectionStatus::from(page()), keys);
    assert_eq!((&json["status"], &json["scale_value"]), (&json!("complete"), &json!(37.5)));

    let mut nothing = page();
    nothing.scale = model::PageScale::unknown();
    let json = shape(super::scale::DetectionStatus::from(nothing), keys);
    assert_eq!(json["status"], "complete", "a run that found nothing has ended too");

    let mut waiting = page();
    waiting.status = model::PageStatus::Processing;
    waiting.scale = model::PageScale::unknown();
    assert_eq!(shape(super::scale::DetectionStatus::from(waiting), keys)["status"], "processing");
}

#[test]
fn sheets_are_counted_over_their_groups() {
    let group = |name: &str, n: usize| SheetGroup {
        group_name: name.to_owned(),
        sheets: vec![SheetView { page: page(), measurement_count: 3 }; n],
    };
    let sheets = super::sheet::Sheets::of(vec![group("A", 2), group("Unclassified", 1)], &links());
    let json = shape(sheets, "groups total");
    assert_eq!(json["total"], 3);
    assert_eq!(json["groups"][1]["group_name"], "Unclassified");
    shape(
        &json["groups"][0]["sheets"][0],
        "id document_id page_number sheet_number title display_name display_order group_name discipline page_type \
         classification classification_confidence scale_text scale_value scale_calibrated scale_detection_method \
         measurement_count thumbnail_url image_url width height is_relevant",
    );
}
