//! Documents, pages, scale, sheets, counting, tasks over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_tests::{Node, School, first_count, problems, school_plans};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value} has no id")).to_owned()
}

/// Image and thumbnail of a page are where it says, readable from another origin, of the right size.
async fn pictures(page: &Value) {
    for key in ["image_url", "thumbnail_url"] {
        let url = page[key].as_str().unwrap();
        assert!(url.starts_with("http://"), "{url} is not absolute");
        let image =
            reqwest::Client::new().get(url).header("origin", "http://localhost:5173").send().await.unwrap();
        assert_eq!(image.status(), 200);
        assert_eq!(image.headers()["content-type"], "image/png");
        assert!(image.headers().contains_key("access-control-allow-origin"));
        let bytes = image.bytes().await.unwrap();
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let size = (side(16), side(20));
        if key == "image_url" {
            assert_eq!(
                (Some(u64::from(size.0)), Some(u64::from(size.1))),
                (page["width"].as_u64(), page["height"].as_u64())
            );
        } else {
            assert_eq!(size.0.max(size.1), 256);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_pages_have_the_platforms_shape() {
    let s = School::open().await;
    let c = &s.client;
    let list = c.get(&format!("/projects/{}/documents", s.project)).await.expect(200);
    assert_eq!(list["total"], 1);
    assert!(list["documents"][0].get("storage_key").is_none() && list["documents"][0]["pages"] == json!([]));
    c.get(&format!("/projects/{NOBODY}/documents")).await.expect(404);
    let document = c.get(&format!("/documents/{}", s.document)).await.expect(200);
    assert_eq!(document["status"], "ready");
    assert_eq!(document["file_type"], "pdf");
    assert_eq!(document["filename"], format!("{}.pdf", s.document));
    assert_eq!(document["original_filename"], "plans.pdf");
    assert_eq!(document["pages"].as_array().unwrap().len(), s.pages.len());
    assert_eq!(document["is_latest_revision"], true);
    let unknown = c.get(&format!("/documents/{NOBODY}/pages")).await.expect(200);
    assert_eq!(unknown, json!({"pages": [], "total": 0}));

    let page = &s.pages[0];
    for field in [
        "classification",
        "discipline",
        "concrete_relevance",
        "title",
        "sheet_number",
        "display_name",
        "scale_unit",
        "scale_detection_method",
        "scale_calibration_data",
        "ocr_blocks",
        "document",
        "is_relevant",
        "status",
    ] {
        assert!(page.get(field).is_some(), "{field} is missing");
    }
    assert_eq!(page["document"]["project_id"], s.project);
    pictures(page).await;
    let again = c.get(&format!("/pages/{}", id(page))).await.expect(200);
    let path = |p: &Value| p["image_url"].as_str().unwrap().split('?').next().unwrap().to_owned();
    assert_eq!(path(&again), path(page), "the path of an image is stable");
    let image = c.request(Method::GET, &format!("/pages/{}/image", id(page))).send().await.unwrap();
    assert_eq!(image.status(), 307);
    assert_eq!(image.headers()["location"].to_str().unwrap().split('?').next().unwrap(), path(page));
    c.get(&format!("/pages/{NOBODY}")).await.expect(404);

    let tasks = c.get(&format!("/tasks/project/{}", s.project)).await.expect(200);
    let ingest =
        tasks["tasks"].as_array().unwrap().iter().find(|t| t["task_type"] == "document_processing").unwrap();
    let task = c.task(ingest["task_id"].as_str().unwrap()).await;
    assert_eq!(task["status"], "SUCCESS");
    assert_eq!(task["task_name"], "Processing plans.pdf");
    assert_eq!(task["result"]["page_count"].as_u64(), Some(s.pages.len() as u64));
    assert_eq!(
        c.get(&format!("/tasks/{}/status", task["task_id"].as_str().unwrap())).await.expect(200),
        task
    );
    assert_eq!(c.get("/tasks/never-issued").await.expect(200)["status"], "FAILURE");
    c.get(&format!("/tasks/project/{}?limit=-1", s.project)).await.expect(422);
    c.get(&format!("/tasks/project/{}?limit=101", s.project)).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_judged_by_their_bytes() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let project = c.project("Uploads").await;
    let plans = std::fs::read(school_plans()).unwrap();
    let taken = c.try_upload(&project, "plans.pdf", plans.clone(), "application/octet-stream").await.unwrap();
    taken.expect(201);
    let text = c.try_upload(&project, "notes.pdf", b"just a text".to_vec(), "application/pdf").await.unwrap();
    let text = text.expect(400);
    assert!(text["detail"].as_str().unwrap().len() > 10, "{text}");
    let cut = c.try_upload(&project, "cut.pdf", plans[..200].to_vec(), "application/pdf").await.unwrap();
    cut.expect(400);
    let empty = c.try_upload(&project, "empty.pdf", Vec::new(), "application/pdf").await.unwrap();
    empty.expect(400);
    c.try_upload(NOBODY, "plans.pdf", plans, "application/pdf").await.unwrap().expect(404);
    let form = reqwest::multipart::Form::new().text("other", "x");
    let path = format!("/projects/{project}/documents");
    let missing = c.request(Method::POST, &path).multipart(form).send().await.unwrap();
    assert_eq!(missing.status(), 422);
    assert_eq!(problems(&missing.json().await.unwrap()), [("missing".to_owned(), "body.file".to_owned())]);
    let list = c.get(&path).await.expect(200);
    assert_eq!(list["total"], 1, "refused uploads leave no document");
}

#[tokio::test(flavor = "multi_thread")]
async fn scales_are_set_calibrated_copied_and_detected_again() {
    let s = School::open().await;
    let c = &s.client;
    let (a, b) = (s.page(s.calibrated()).to_owned(), s.page(1).to_owned());
    for value in [json!(0), json!(-10), json!("x"), Value::Null] {
        c.put(&format!("/pages/{a}/scale"), json!({"scale_value": value})).await.expect(422);
    }
    let set = c
        .put(&format!("/pages/{a}/scale"), json!({"scale_value": 37.5, "scale_text": "1/4\" = 1'-0\""}))
        .await;
    let mut set = set.expect(200);
    set.as_object_mut().unwrap().remove("notice").expect("there is one, or null");
    assert_eq!(
        set,
        json!({"status": "success", "page_id": a, "scale_value": 37.5, "scale_unit": "foot", "scale_calibrated": true})
    );
    let page = c.get(&format!("/pages/{a}")).await.expect(200);
    assert_eq!(page["scale_detection_method"], "manual_calibration");
    assert_eq!(page["scale_calibration_data"]["manual_calibration"]["scale_value"], 37.5);

    let calibrate = |query: &'static str| {
        let path = format!("/pages/{a}/calibrate?{query}");
        async move { c.post(&path, Value::Null).await }
    };
    let set = calibrate("pixel_distance=100&real_distance=10&real_unit=meter").await.expect(200);
    assert!((set["pixels_per_foot"].as_f64().unwrap() - 10.0 / 3.28084).abs() < 1e-9);
    calibrate("pixel_distance=100&real_distance=0").await.expect(400);
    calibrate("pixel_distance=-1&real_distance=1").await.expect(400);
    calibrate("pixel_distance=100&real_distance=10&real_unit=yard").await.expect(422);
    assert_eq!(
        problems(&calibrate("real_distance=10").await.expect(422))[0],
        ("missing".to_owned(), "query.pixel_distance".to_owned())
    );

    let copied = c.post(&format!("/pages/{b}/copy-scale-from/{a}"), Value::Null).await.expect(200);
    assert_eq!(copied["copied_from"], a);
    c.post(&format!("/pages/{NOBODY}/copy-scale-from/{a}"), Value::Null).await.expect(404);
    let batch = json!({"page_ids": [a, NOBODY], "scale_value": 20.0});
    let batch = c.post("/pages/batch-scale", batch).await.expect(200);
    assert_eq!((&batch["count"], &batch["missing_ids"]), (&json!(1), &json!([NOBODY])));
    let said = batch["notice"].as_str().unwrap();
    assert!(said.starts_with(&format!("page {a}: the sheet's own text says ")), "{said}");
    c.post("/pages/batch-scale", json!({"page_ids": [NOBODY], "scale_value": 20.0})).await.expect(404);

    let queued = c.post(&format!("/pages/{a}/detect-scale"), Value::Null).await.expect(202);
    assert_eq!(queued["status"], "queued");
    let status = c.scale(&a).await;
    assert_eq!(status["scale_value"], 20.0, "a person gave it, so it is kept");
    let best = &status["detection"]["best_scale"];
    let stated = &s.pages[s.calibrated() - 1]["scale_value"];
    assert_eq!(&best["pixels_per_foot"], stated, "what was found is shown beside it");
    let findings = status["detection"]["findings"].as_array().unwrap();
    let kept =
        findings.iter().find(|f| f["code"] == "scale_kept_by_hand").unwrap_or_else(|| panic!("{status}"));
    assert!(kept["message"].as_str().unwrap().contains("not 20 pixels per foot"), "{kept}");
    let set = c.put(&format!("/pages/{a}/scale"), json!({"scale_value": 20.0})).await.expect(200);
    let notice = set["notice"].as_str().unwrap();
    assert!(
        notice.starts_with(&format!("the sheet's own text says {} (", best["text"].as_str().unwrap())),
        "{notice}"
    );
    let as_stated = json!({"scale_text": best["text"]});
    let agreed = c.put(&format!("/pages/{a}/scale"), as_stated).await.expect(200);
    assert_eq!((&agreed["notice"], &agreed["scale_value"]), (&Value::Null, stated));
    let now = c.get(&format!("/pages/{a}/scale-detection-status")).await.expect(200);
    assert!(!now.to_string().contains("scale_kept_by_hand"), "{now}");
    assert!(status["detection"]["best_scale"]["bbox"]["width"].as_f64().unwrap() > 0.0);
    assert_eq!(c.task(queued["task_id"].as_str().unwrap()).await["result"]["page_id"], a);
    c.post(&format!("/pages/{NOBODY}/detect-scale"), Value::Null).await.expect(404);
    let sheets = c.get(&format!("/projects/{}/sheets", s.project)).await.expect(200);
    assert_eq!(sheets["total"].as_u64(), Some(s.pages.len() as u64));
    assert!(sheets["groups"][0]["sheets"][0]["measurement_count"].is_u64());
    c.get(&format!("/projects/{NOBODY}/sheets")).await.expect(404);
}

/// What no session is started for.
async fn refusals(s: &School, start: &str, condition: &str, bbox: &Value) {
    let c = &s.client;
    let area = s.condition("area", "SF").await;
    let refused = c.post(start, json!({"condition_id": area, "template_bbox": bbox})).await.expect(400);
    assert!(refused["detail"].as_str().unwrap().contains("count"), "{refused}");
    let wrong = json!({"condition_id": condition, "template_bbox": {"x": 1, "y": 1, "w": 0, "h": 5}, "confidence_threshold": 2, "rotation_tolerance": 91});
    assert_eq!(problems(&c.post(start, wrong).await.expect(422)).len(), 3);
    let outside =
        json!({"condition_id": condition, "template_bbox": {"x": 90_000, "y": 1, "w": 50, "h": 50}});
    c.post(start, outside).await.expect(400);
    for (field, value, named) in
        [("detection_method", "llm", "llm"), ("provider", "openai", "provider \"openai\"")]
    {
        let body = json!({"condition_id": condition, "template_bbox": bbox, field: value});
        let refused = c.post(start, body).await.expect(400);
        assert!(refused["detail"].as_str().unwrap().contains(named), "{refused}");
    }
    assert_eq!(c.get(&start.replace("auto-count", "auto-count-sessions")).await.expect(200), json!([]));
    c.post(start, json!({"condition_id": NOBODY, "template_bbox": bbox})).await.expect(404);
}

/// Refused at once, or by its session, where it takes long to see.
async fn a_blank_exemplar_comes_to_nothing(s: &School, start: &str, condition: &str) {
    let c = &s.client;
    let blank = json!({"condition_id": condition, "template_bbox": {"x": 2, "y": 2, "w": 20, "h": 20}});
    let blank = c.post(start, blank).await;
    if blank.status == 202 {
        let session = c.task(blank.body["task_id"].as_str().unwrap()).await;
        assert_eq!(session["status"], "FAILURE");
        let session = c
            .get(&format!("/auto-count-sessions/{}", blank.body["session_id"].as_str().unwrap()))
            .await
            .expect(200);
        assert_eq!(session["status"], "failed");
        assert!(session["error_message"].as_str().is_some_and(|m| m.len() > 10), "{session}");
    } else {
        blank.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_is_started_reviewed_and_measured_once() {
    let s = School::open().await;
    let c = &s.client;
    let (number, bbox) = first_count();
    let page = s.page(number).to_owned();
    let start = format!("/pages/{page}/auto-count");
    let condition = s.condition("count", "EA").await;
    refusals(&s, &start, &condition, &bbox).await;

    let session = c
        .count(
            &page,
            json!({"condition_id": condition, "template_bbox": bbox, "rotation_tolerance": 90,
                   "detection_method": "hybrid", "provider": null}),
        )
        .await;
    assert_eq!(session["status"], "completed", "{session}");
    assert_eq!(
        (&session["detection_method"], &session["applied_method"], &session["llm_match_count"]),
        (&json!("hybrid"), &json!("template"), &json!(0)),
        "it says that no model looked"
    );
    let detections = session["detections"].as_array().unwrap().clone();
    assert!(detections.len() >= 3, "{session}");
    assert!(session["processing_time_ms"].as_f64().unwrap() > 0.0);
    let confidences: Vec<f64> = detections.iter().map(|d| d["confidence"].as_f64().unwrap()).collect();
    assert!(confidences.windows(2).all(|w| w[0] >= w[1]), "highest first");
    assert!(detections.iter().any(|d| d["is_exemplar"] == true), "the exemplar is counted");
    assert!(detections.iter().all(|d| d["page_id"] == page && d["status"] == "pending"));

    let (sid, first, second) = (id(&session), id(&detections[0]), id(&detections[1]));
    c.post(&format!("/auto-count-detections/{first}/confirm"), Value::Null).await.expect(200);
    c.post(&format!("/auto-count-detections/{second}/reject"), Value::Null).await.expect(200);
    let make = format!("/auto-count-sessions/{sid}/create-measurements");
    let made = c.post(&make, Value::Null).await.expect(200);
    assert_eq!(made["measurements_created"], 1);
    assert!(made["notes"].as_str().unwrap().contains("not confirmed and make"), "{made}");
    let bulk = c
        .post(&format!("/auto-count-sessions/{sid}/bulk-confirm"), json!({"threshold": 0.0}))
        .await
        .expect(200);
    assert_eq!(bulk["confirmed_count"].as_u64(), Some(detections.len() as u64 - 2));
    assert_eq!(
        c.post(&make, Value::Null).await.expect(200)["measurements_created"].as_u64(),
        Some(detections.len() as u64 - 2)
    );
    assert_eq!(c.post(&make, Value::Null).await.expect(200)["measurements_created"], 0);
    let path = format!("/projects/{}/conditions/{condition}", s.project);
    assert_eq!(
        c.get(&path).await.expect(200)["total_quantity"].as_f64(),
        Some(detections.len() as f64 - 1.0)
    );
    let rejected = c.post(&format!("/auto-count-detections/{first}/reject"), Value::Null).await.expect(200);
    assert_eq!(rejected["status"], "rejected");
    assert_eq!(
        c.get(&path).await.expect(200)["total_quantity"].as_f64(),
        Some(detections.len() as f64 - 2.0)
    );
    let after = c.get(&format!("/auto-count-sessions/{sid}")).await.expect(200);
    assert_eq!(
        (&after["rejected_count"], after["confirmed_count"].as_u64()),
        (&json!(2), Some(detections.len() as u64 - 2))
    );
    let listed =
        c.get(&format!("/pages/{page}/auto-count-sessions?condition_id={condition}")).await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let made = c.get(&format!("/conditions/{condition}/measurements")).await.expect(200);
    let one = &made["measurements"][0];
    assert_eq!(
        (&one["ai_model"], &one["is_ai_generated"], &one["geometry_type"]),
        (&json!("auto_count"), &json!(true), &json!("point"))
    );
    a_blank_exemplar_comes_to_nothing(&s, &start, &condition).await;
}
