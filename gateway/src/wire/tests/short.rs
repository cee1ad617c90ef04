//! Counts that are not whole, in what the gateway answers.

use takeoff_core::model;

use super::takeoff::{condition, counted};
use super::{AT, id};

#[test]
fn a_session_that_was_cut_off_says_how_much_is_missing() {
    let cut = counted();
    let said = serde_json::to_value(crate::wire::autocount::Completeness::of(&cut)).unwrap();
    assert_eq!((&said["truncated"], &said["found_detections"]), (&true.into(), &3.into()));
    let notes = said["notes"].as_str().unwrap();
    assert!(notes.contains("found 3") && notes.contains("2 are not counted"), "{notes}");
    let session = serde_json::to_value(crate::wire::autocount::Session::from(cut.clone())).unwrap();
    assert_eq!(session["notes"], notes);
    let whole = model::CountSession { truncated: false, found_detections: 1, ..cut };
    let said = serde_json::to_value(crate::wire::autocount::Completeness::of(&whole)).unwrap();
    assert_eq!(said["notes"], serde_json::Value::Null);
}

#[test]
fn what_a_search_has_not_covered_is_said() {
    let uncovered = model::CountSession::uncovered;
    let whole = model::CountSession { error_message: None, ..counted() };
    assert_eq!(uncovered(&whole), None);
    let missing = Some("page 3 was not searched".to_owned());
    assert_eq!(uncovered(&model::CountSession { error_message: missing.clone(), ..counted() }), missing);
    let cancelled = model::CountSession {
        status: model::SessionStatus::Failed,
        error_message: Some("cancelled by the client".to_owned()),
        ..counted()
    };
    let said = uncovered(&cancelled).unwrap();
    assert!(said.contains("cancelled by the client") && said.contains("pages were searched"), "{said}");
    let running = model::CountSession { status: model::SessionStatus::Processing, ..whole };
    assert!(uncovered(&running).unwrap().contains("not over"));
}

#[test]
fn what_a_count_left_out_is_told_with_the_quantity_and_the_price() {
    let cut = model::CountSession { truncated: true, found_detections: 1_011, ..counted() };
    let short = model::Condition {
        name: "Stalls".to_owned(),
        short_counts: cut.short().into_iter().collect(),
        ..condition()
    };
    let json = serde_json::to_value(crate::wire::condition::Condition::from(short.clone())).unwrap();
    let notice = json["notice"].as_str().unwrap();
    assert!(notice.contains("found 1011") && notice.contains("not whole"), "{notice}");
    let template = takeoff_core::assembly::templates().remove(0).to_template(id(1), AT);
    let assembly = takeoff_core::assembly::from_template(
        &template,
        &short,
        takeoff_core::assembly::NewAssembly::default(),
        &takeoff_engine::clock::SystemIds,
        AT,
    );
    let summary = takeoff_core::assembly::summarize([&short], [&assembly]);
    let json = serde_json::to_value(crate::wire::assembly::CostSummary::of(id(1), summary)).unwrap();
    let notice = json["notice"].as_str().unwrap();
    assert!(notice.starts_with("quantities that are too small: \"Stalls\": a count"), "{notice}");
    let whole = model::CountSession { truncated: false, ..cut };
    assert_eq!(whole.short(), None);
    assert!(whole.replaces(&short.short_counts[0]));
}
