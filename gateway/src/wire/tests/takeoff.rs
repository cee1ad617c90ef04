//! Measurements, conditions, assemblies, counts and tasks.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use takeoff_commands::assemblies::Line;
use takeoff_commands::count::Candidates;
use takeoff_commands::reads::{CostSummary, CountView};
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::job::{Job, JobState, Lane, Progress, RetryPolicy, Stage, TaskLabel};
use takeoff_core::model;

use super::{AT, AT_TEXT, id, id_text, shape};

fn measurement() -> model::Measurement {
    model::Measurement {
        id: id(7),
        condition_id: id(8),
        page_id: id(3),
        project_id: id(1),
        geometry_type: model::GeometryType::Point,
        geometry_data: json!({"x": 1, "y": 2.5, "label": "kept"}),
        quantity: 1.0,
        unit: "EA".to_owned(),
        pixel_length: None,
        pixel_area: None,
        perimeter_ft: 0.0,
        calculation: Value::Null,
        is_ai_generated: true,
        ai_confidence: Some(0.97),
        ai_model: Some("auto_count".to_owned()),
        is_modified: false,
        is_verified: false,
        is_rejected: false,
        rejection_reason: None,
        review_notes: None,
        reviewed_at: None,
        original_geometry: None,
        original_quantity: None,
        notes: None,
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn condition() -> model::Condition {
    model::Condition {
        id: id(8),
        project_id: id(1),
        name: "4\" SOG".to_owned(),
        description: None,
        scope: "concrete".to_owned(),
        category: None,
        measurement_type: model::MeasurementType::Area,
        color: "#3B82F6".to_owned(),
        line_width: 2,
        fill_opacity: 0.3,
        unit: "SF".to_owned(),
        depth: Some(4.0),
        thickness: None,
        total_quantity: 1_000.0,
        measurement_count: 1,
        total_perimeter_ft: 130.0,
        tally: None,
        shapes: None,
        short_counts: Vec::new(),
        sort_order: 1,
        is_ai_generated: false,
        is_visible: true,
        extra_metadata: None,
        created_at: AT,
        updated_at: AT,
    }
}

#[test]
fn a_measurement_keeps_its_geometry_as_it_came() {
    let json = shape(
        super::super::measurement::Measurement::from(measurement()),
        "id condition_id page_id geometry_type geometry_data quantity unit pixel_length pixel_area is_ai_generated \
         ai_confidence ai_model is_modified is_verified is_rejected rejection_reason review_notes reviewed_at \
         original_geometry original_quantity notes created_at updated_at notice",
    );
    assert_eq!(json["geometry_type"], "point");
    assert_eq!(json["geometry_data"], json!({"x": 1, "y": 2.5, "label": "kept"}));
    assert!(json["quantity"].is_f64());
}

#[test]
fn a_condition_and_its_measurements() {
    let keys = "id project_id name description scope category measurement_type color line_width fill_opacity unit \
                depth thickness total_quantity measurement_count sort_order is_ai_generated is_visible \
                extra_metadata created_at updated_at notice";
    let json = shape(super::super::condition::Condition::from(condition()), keys);
    assert_eq!((&json["measurement_type"], &json["total_quantity"]), (&json!("area"), &json!(1000.0)));
    let detail = super::super::condition::ConditionDetail::of(condition(), vec![measurement()]);
    let json = shape(detail, &format!("{keys} measurements"));
    shape(&json["measurements"][0], "id page_id geometry_type quantity unit is_ai_generated is_verified");
}

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn component() -> model::Component {
    model::Component {
        id: id(14),
        cost_item_id: None,
        name: "Concrete".to_owned(),
        description: None,
        component_type: model::ComponentType::Material,
        sort_order: 0,
        quantity_formula: "{qty} / 0".to_owned(),
        unit: "CY".to_owned(),
        unit_cost: money("165"),
        waste_percent: 5.0,
        labor_hours: None,
        labor_rate: Some(money("47.5")),
        crew_size: None,
        duration_hours: None,
        hourly_rate: None,
        daily_rate: None,
        is_included: true,
        is_optional: false,
        notes: None,
        created_at: AT,
        updated_at: AT,
        calculated_quantity: 0.0,
        quantity_with_waste: 0.0,
        extended_cost: money("1711.105"),
        error: Some("Division by zero at 7".to_owned()),
    }
}

const COMPONENT_KEYS: &str = "id assembly_id cost_item_id name description component_type sort_order quantity_formula \
    calculated_quantity unit unit_cost waste_percent quantity_with_waste extended_cost labor_hours labor_rate \
    crew_size duration_hours hourly_rate daily_rate is_included is_optional notes error created_at updated_at notice";

#[test]
fn an_assembly_prints_money_as_text_with_fixed_places() {
    let assembly = model::Assembly {
        id: id(13),
        condition_id: id(8),
        project_id: id(1),
        template_id: None,
        name: "4\" SOG".to_owned(),
        description: None,
        notes: None,
        csi_code: None,
        csi_description: None,
        default_waste_percent: 5.0,
        productivity_rate: None,
        productivity_unit: None,
        crew_size: None,
        overhead_percent: 10.0,
        profit_percent: 8.0,
        is_locked: true,
        locked_at: Some(AT),
        locked_by: Some("user".to_owned()),
        material_cost: money("1711.11"),
        labor_cost: money("38400"),
        equipment_cost: Decimal::ZERO,
        subcontract_cost: Decimal::ZERO,
        other_cost: Decimal::ZERO,
        total_cost: money("40111.11"),
        total_with_markup: money("47331.1098"),
        unit_cost: money("50.138888"),
        total_labor_hours: 64.0,
        components_in_error: 1,
        priced_for: None,
        components: vec![component()],
        created_at: AT,
        updated_at: AT,
    };
    let json = shape(
        super::super::assembly::Assembly::from(assembly),
        "id condition_id template_id name description csi_code csi_description default_waste_percent \
         productivity_rate productivity_unit crew_size material_cost labor_cost equipment_cost subcontract_cost \
         other_cost total_cost unit_cost total_labor_hours overhead_percent profit_percent total_with_markup \
         is_locked locked_at locked_by notes components_in_error created_at updated_at components notice",
    );
    assert_eq!(json["labor_cost"], "38400.00");
    assert_eq!(json["total_with_markup"], "47331.11");
    assert_eq!(json["unit_cost"], "50.1389");
    assert_eq!(json["total_labor_hours"], 64.0);
    assert_eq!(json["locked_at"], AT_TEXT);
    let line = shape(&json["components"][0], COMPONENT_KEYS);
    assert_eq!(line["assembly_id"], id_text(13));
    assert_eq!((&line["unit_cost"], &line["extended_cost"]), (&json!("165.0000"), &json!("1711.11")));
    assert_eq!((&line["labor_rate"], &line["error"]), (&json!("47.50"), &json!("Division by zero at 7")));
    assert!(line["notice"].as_str().unwrap().contains("pricing nothing: labor_rate ("), "{line}");
    assert_eq!(json["notice"], Value::Null, "every line has a waste of its own");
    let alone = super::super::assembly::Component::from(Line { assembly_id: id(13), component: component() });
    assert_eq!(serde_json::to_value(alone).unwrap(), line);
}

#[test]
fn a_cost_summary_says_what_it_lacks() {
    let mut summary: CostSummary = takeoff_core::assembly::summarize([&condition()], []);
    summary.components_in_error = 2;
    let json = shape(
        super::super::assembly::CostSummary::of(id(1), summary),
        "project_id total_conditions conditions_with_assemblies material_cost labor_cost equipment_cost \
         subcontract_cost other_cost total_cost total_with_markup components_in_error notice",
    );
    assert_eq!((&json["total_cost"], &json["components_in_error"]), (&json!("0.00"), &json!(2)));
    let notice = json["notice"].as_str().unwrap();
    assert!(notice.contains("lack 2 components"), "{notice}");
}

pub(super) fn counted() -> model::CountSession {
    model::CountSession {
        id: id(16),
        page_id: id(3),
        page_ids: vec![id(3)],
        condition_id: id(8),
        project_id: id(1),
        job_id: id(17),
        exemplar: PxRect::new(100.0, 100.0, 60.0, 61.0),
        scope: model::CountScope::default(),
        confidence_threshold: 0.8,
        scale_tolerance: 0.2,
        rotation_tolerance: None,
        lettering: None,
        detection_method: "hybrid".to_owned(),
        max_detections: 500,
        status: model::SessionStatus::Completed,
        error_message: None,
        notes: None,
        kept: Some(model::KeptCandidates::with(0.8)),
        progress: model::CountProgress {
            partly: 1,
            partly_at: vec![(2, PxPoint::new(7.5, 9.0))],
            lacking_at: vec![(3, PxPoint::new(1.0, 2.0))],
            pen_refused: 24,
            pen_taken: 5,
            ..model::CountProgress::default()
        },
        near_misses: 0,
        set_apart: 0,
        apart: model::ApartCounts::default(),
        total_detections: 1,
        found_detections: 3,
        truncated: true,
        confirmed_count: 0,
        rejected_count: 0,
        processing_time_ms: Some(412.5),
        created_at: AT,
        updated_at: AT,
    }
}

const DETECTION_KEYS: &str = "id session_id page_id measurement_id bbox center_x center_y confidence likeness coverage extra \
    exemplar detection_source status is_auto_confirmed angle mirrored scale in_legend apart is_exemplar variant other_pen label \
    created_at updated_at";

#[test]
fn auto_count_boxes_have_w_and_h() {
    let session = counted();
    let started =
        shape(super::super::autocount::CountStarted::from(session.clone()), "session_id task_id status");
    assert_eq!(started["task_id"], id_text(17));
    let detection = model::Detection {
        id: id(18),
        session_id: id(16),
        page_id: id(3),
        measurement_id: None,
        bbox: PxRect::new(400.0, 100.0, 60.0, 60.0),
        center: PxPoint::new(430.0, 130.0),
        confidence: 0.97,
        likeness: Some(0.97),
        coverage: Some(0.98),
        extra: Some(0.01),
        exemplar: 1,
        angle: 90.0,
        mirrored: true,
        scale: 1.0,
        is_exemplar: false,
        in_legend: true,
        apart: None,
        match_line: None,
        variant: false,
        other_pen: false,
        label: Some("T1".to_owned()),
        status: model::DetectionStatus::Pending,
        is_auto_confirmed: false,
        created_at: AT,
        updated_at: AT,
    };
    let near = model::Detection { id: id(19), confidence: 0.7, ..detection.clone() };
    for still in [None, Some(id(30))] {
        let rejected = super::super::autocount::Rejected::of(detection.clone(), still);
        let json = shape(rejected, &format!("{DETECTION_KEYS} notice"));
        let named = json["notice"].as_str().is_some_and(|said| said.contains(&id_text(30)));
        assert_eq!(named, still.is_some(), "{json}");
    }
    let candidates = Candidates { detections: vec![detection], near_misses: vec![near], found: 3 };
    let json = shape(
        super::super::autocount::SessionDetail::from(CountView { session, candidates }),
        "id page_id page_ids condition_id template_bbox exemplars negative_exemplars region mirrored same_pen \
         confidence_floor pages_searched pages_total near_miss_count in_legend_count apart_counts near_misses confidence_threshold scale_tolerance rotation_tolerance \
         detection_method applied_method status total_detections found_detections truncated max_detections excluded_count shown_in_part lacking_a_part other_pen_near_misses other_pen_detections confirmed_count \
         rejected_count error_message lettering notes processing_time_ms template_match_count llm_match_count task_id created_at \
         updated_at detections",
    );
    assert_eq!((&json["detection_method"], &json["applied_method"]), (&json!("hybrid"), &json!("template")));
    assert_eq!(json["template_bbox"], json!({"x": 100.0, "y": 100.0, "w": 60.0, "h": 61.0}));
    assert_eq!((&json["rotation_tolerance"], &json["status"]), (&json!(90.0), &json!("completed")));
    let detection = shape(&json["detections"][0], DETECTION_KEYS);
    assert_eq!((&detection["center_x"], &detection["detection_source"]), (&json!(430.0), &json!("template")));
    assert_eq!((&detection["coverage"], &detection["exemplar"]), (&json!(0.98), &json!(1)));
    assert_eq!(json["near_misses"][0]["confidence"], 0.7);
    assert_eq!((&json["mirrored"], &json["confidence_floor"]), (&json!("flag"), &json!(0.025)));
    assert_eq!(json["excluded_count"], Value::Null, "nothing was to be excluded");
    assert_eq!(json["shown_in_part"], json!([{"page_number": 2, "x": 7.5, "y": 9.0}]));
    assert_eq!(json["lacking_a_part"], json!([{"page_number": 3, "x": 1.0, "y": 2.0}]));
    assert_eq!((&json["other_pen_near_misses"], &json["other_pen_detections"]), (&json!(24), &json!(5)));
}

#[test]
fn a_session_says_how_much_what_is_not_meant_took_out() {
    let not_meant = model::PageBox { page_id: id(3), bbox: PxRect::new(9.0, 9.0, 9.0, 9.0) };
    for (places, said) in [
        (0, "no place was left out for being like the excluded example"),
        (1, "1 place like the excluded example was left out"),
        (5, "5 places like the excluded example were left out"),
    ] {
        let mut session = counted();
        session.scope.negatives = vec![not_meant];
        session.progress.excluded = Some([(id(3), places)].into());
        let json = serde_json::to_value(super::super::autocount::Session::from(session)).unwrap();
        assert_eq!(json["excluded_count"], places);
        assert!(json["notes"].as_str().unwrap().ends_with(said), "{json}");
    }
}

fn job(state: JobState) -> Job {
    Job {
        id: id(21),
        tenant: model::TenantId::DEFAULT,
        stage: Stage::Ingest,
        args: Value::Null,
        lane: Lane::Interactive,
        priority: 0,
        retry: RetryPolicy::default(),
        project_id: Some(id(1)),
        subject_id: Some(id(2)),
        task: Some(TaskLabel {
            task_type: "document_processing".to_owned(),
            name: "Processing S-set.pdf".to_owned(),
        }),
        request_id: None,
        state,
        run_at: AT,
        attempts: 1,
        child_deaths: 0,
        node_deaths: 0,
        lone_deaths: 0,
        token: 1,
        lease: None,
        failures: Vec::new(),
        progress: Progress { percent: 40.1, step: Some("Extracting pages".to_owned()) },
        result: Some(json!({"page_count": 1})),
        error: None,
        parent: None,
        children_left: 0,
        children_failed: 0,
        children_total: 0,
        checkpoint: None,
        created_at: AT,
        started_at: Some(AT),
        finished_at: None,
    }
}

const TASK_KEYS: &str =
    "task_id task_type task_name status progress result error created_at started_at completed_at project_id";

#[test]
fn jobs_are_tasks_to_clients() {
    let json = shape(super::super::task::Task::from(job(JobState::Leased)), TASK_KEYS);
    assert_eq!(json["status"], "PROGRESS");
    assert_eq!(json["progress"], json!({"percent": 40.1, "step": "Extracting pages"}));
    assert_eq!(json["result"], Value::Null, "there is no result before the end");
    let json = shape(super::super::task::Task::from(job(JobState::Succeeded)), TASK_KEYS);
    assert_eq!((&json["status"], &json["progress"]["percent"]), (&json!("SUCCESS"), &json!(100.0)));
    assert_eq!(json["result"], json!({"page_count": 1}));
    for (state, word) in
        [(JobState::Dead, "FAILURE"), (JobState::Cancelled, "REVOKED"), (JobState::Waiting, "PROGRESS")]
    {
        assert_eq!(shape(super::super::task::Task::from(job(state)), TASK_KEYS)["status"], word);
    }
    let mut fresh = job(JobState::Ready);
    fresh.started_at = None;
    assert_eq!(shape(super::super::task::Task::from(fresh), TASK_KEYS)["status"], "PENDING");
}

#[test]
fn a_task_that_was_never_issued_has_failed() {
    let json = shape(super::super::task::Task::unknown("no such"), TASK_KEYS);
    assert_eq!((&json["task_id"], &json["status"]), (&json!("no such"), &json!("FAILURE")));
    assert!(json["error"].as_str().unwrap().contains("not found"));
    let json = shape(super::super::task::Cancelled::of("no such", None), "task_id status message");
    assert_eq!(json["status"], "REVOKED");
}

/// The notice of an assembly of one line, and of the line.
fn notices(line: model::Component, default_waste_percent: f64) -> (Value, Value) {
    let template = takeoff_core::assembly::templates().remove(0).to_template(id(1), AT);
    let mut assembly = takeoff_core::assembly::from_template(
        &template,
        &condition(),
        takeoff_core::assembly::NewAssembly::default(),
        &takeoff_engine::clock::SystemIds,
        AT,
    );
    (assembly.crew_size, assembly.productivity_rate) = (None, None);
    (assembly.components, assembly.default_waste_percent) = (vec![line], default_waste_percent);
    let json = serde_json::to_value(super::super::assembly::Assembly::from(assembly)).unwrap();
    (json["notice"].clone(), json["components"][0]["notice"].clone())
}

#[test]
fn what_is_kept_and_prices_nothing_is_named() {
    let plain = || model::Component { labor_rate: None, ..component() };
    assert_eq!(notices(plain(), 5.0), (Value::Null, Value::Null));
    let (assembly, _) = notices(model::Component { waste_percent: 0.0, ..plain() }, 5.0);
    assert!(assembly.as_str().unwrap().contains("default_waste_percent of 5"), "{assembly}");
    assert_eq!(notices(model::Component { waste_percent: 0.0, ..plain() }, 0.0).0, Value::Null);
    let crewed = model::Component {
        crew_size: Some(3),
        duration_hours: Some(8.0),
        hourly_rate: Some(money("90")),
        daily_rate: Some(money("700")),
        is_optional: true,
        ..plain()
    };
    let (_, line) = notices(crewed.clone(), 5.0);
    let said = line.as_str().unwrap();
    assert!(said.contains("pricing nothing: hourly_rate, daily_rate, crew_size, duration_hours ("), "{said}");
    assert!(said.contains("optional line is in the totals"), "{said}");
    let left_out = notices(model::Component { is_included: false, ..crewed }, 5.0).1;
    assert!(!left_out.as_str().unwrap().contains("optional"), "{left_out}");
}

#[test]
fn a_volume_without_a_depth_says_so() {
    let flat = model::Condition {
        measurement_type: model::MeasurementType::Volume,
        depth: None,
        name: "Pad".to_owned(),
        ..condition()
    };
    let json = serde_json::to_value(super::super::condition::Condition::from(flat.clone())).unwrap();
    assert!(json["notice"].as_str().unwrap().contains("`depth`"), "{json}");
    let summary = takeoff_core::assembly::summarize([&flat], []);
    let json = serde_json::to_value(super::super::assembly::CostSummary::of(id(1), summary)).unwrap();
    assert_eq!(json["notice"], "a volume without a `depth` comes to 0: \"Pad\"");
    let of_it = model::Measurement {
        calculation: json!({"note": "the condition has no depth, so the volume is 0: set its `depth` in inches"}),
        ..measurement()
    };
    let json = serde_json::to_value(super::super::measurement::Measurement::from(of_it)).unwrap();
    assert!(json["notice"].as_str().unwrap().contains("no depth"), "{json}");
}
