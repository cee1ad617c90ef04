//! A page that is a picture is counted by its strokes.

use serde_json::{Value, json};
use takeoff_samples::SetTruth;
use takeoff_tests::{School, school_plans};

/// Page of the school set with fixtures, and one of its kinds.
const PAGE: u32 = 6;
const KIND: &str = "floor_drain";
/// A detection lies this near to what was drawn, pixels.
const NEAR: f64 = 2.0;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Middles of what is drawn, samples in the legend apart, and the box of the first instance.
fn truth() -> (Vec<Vec<f64>>, Vec<Vec<f64>>, Vec<f64>) {
    let path = school_plans().with_file_name("truth.json");
    let bytes = std::fs::read(path).unwrap();
    let set: SetTruth = serde_json::from_slice(&bytes).unwrap();
    let text: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(set.documents[0].pages[PAGE as usize - 1].page, PAGE);
    let all = text["documents"][0]["pages"][PAGE as usize - 1]["symbols"][KIND].as_array().unwrap().clone();
    let (samples, instances): (Vec<Value>, Vec<Value>) =
        all.into_iter().partition(|s| s["in_legend"] == true);
    let area = numbers(&instances[0]["box"]);
    let middles = |list: Vec<Value>| list.iter().map(|s| numbers(&s["center"])).collect();
    (middles(instances), middles(samples), area)
}

async fn picture(page: &Value) -> Vec<u8> {
    let answer = reqwest::get(page["image_url"].as_str().unwrap()).await.unwrap();
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_page_counts_as_the_page_does() {
    let s = School::open().await;
    let c = &s.client;
    let png = picture(&s.pages[PAGE as usize - 1]).await;
    let document = c.try_upload(&s.project, "scan.png", png, "image/png").await.unwrap().expect(201);
    let document = document["id"].as_str().unwrap();
    assert_eq!(c.settled(document).await["status"], "ready");
    let page = c.pages(document).await.remove(0);
    let id = page["id"].as_str().unwrap();
    let condition = s.condition("count", "EA").await;
    let (instances, samples, area) = truth();
    let count = |x: f64, y: f64| {
        let request = json!({
            "condition_id": condition,
            "template_bbox": {"x": x, "y": y, "w": area[2] + 4.0, "h": area[3] + 4.0},
            "rotation_tolerance": 90,
        });
        c.count(id, request)
    };
    let session = count(area[0] - 2.0, area[1] - 2.0).await;
    assert_eq!(session["status"], "completed", "{session}");
    assert!(session["notes"].as_str().unwrap().contains("scanned picture"), "{session}");
    let mut left = instances.clone();
    for d in session["detections"].as_array().unwrap() {
        let middle = |axis: &str, side: &str| {
            d["bbox"][axis].as_f64().unwrap() + d["bbox"][side].as_f64().unwrap() / 2.0
        };
        let (x, y) = (middle("x", "w"), middle("y", "h"));
        let near = |p: &&Vec<f64>| (p[0] - x).hypot(p[1] - y) < NEAR;
        let confidence = d["confidence"].as_f64().unwrap();
        assert!(d["is_exemplar"] == true || confidence < 0.90, "nothing traced is sure: {d}");
        if !samples.iter().any(|p| near(&p)) {
            assert_eq!(d["in_legend"], false, "{d}");
            let at =
                left.iter().position(|p| near(&p)).unwrap_or_else(|| panic!("nothing is at {x}, {y}: {d}"));
            left.remove(at);
        }
    }
    assert!(left.is_empty(), "not found: {left:?}");

    let blank = json!({
        "condition_id": condition,
        "template_bbox": {"x": 5.0, "y": 5.0, "w": 20.0, "h": 20.0},
    });
    let refused = c.post(&format!("/pages/{id}/auto-count"), blank).await.expect(400);
    assert!(refused["detail"].as_str().unwrap().contains("blank"), "{refused}");
}
