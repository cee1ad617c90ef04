//! What a count is asked for beyond one example, and the threshold that tells its detections from near misses.

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_tests::{Client, Drawn, problems};

fn all(session: &Value, list: &str) -> Vec<Value> {
    session[list].as_array().unwrap().clone()
}

fn confidence(d: &Value) -> f64 {
    d["confidence"].as_f64().unwrap()
}

fn path(session: &Value) -> String {
    format!("/auto-count-sessions/{}", session["id"].as_str().unwrap())
}

/// The session's lists are told apart by its threshold, and its numbers are those of its lists.
#[track_caller]
fn is_consistent(session: &Value) {
    let (detections, near) = (all(session, "detections"), all(session, "near_misses"));
    let threshold = session["confidence_threshold"].as_f64().unwrap();
    assert!(detections.iter().all(|d| confidence(d) >= threshold || d["status"] != "pending"), "{session}");
    assert!(near.iter().all(|d| confidence(d) < threshold && d["status"] == "pending"), "{session}");
    for list in [&detections, &near] {
        assert!(list.is_sorted_by(|a, b| confidence(a) >= confidence(b)), "{session}");
    }
    let of = |status: &str| detections.iter().filter(|d| d["status"] == status).count();
    assert_eq!(session["total_detections"], detections.len());
    assert_eq!(session["template_match_count"], detections.len());
    assert_eq!(session["near_miss_count"], near.len());
    assert_eq!(
        (&session["confirmed_count"], &session["rejected_count"]),
        (&json!(of("confirmed")), &json!(of("rejected")))
    );
    let found = session["found_detections"].as_u64().unwrap() as usize;
    assert_eq!(session["truncated"], found > detections.len());
}

async fn gauge(c: &Client) -> f64 {
    let text = c.request(Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    let value =
        text.lines().find_map(|l| l.strip_prefix("auto_count_precision_ratio ")).expect("the gauge is there");
    value.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_the_threshold_refilters_at_once_and_near_misses_can_be_confirmed() {
    let d = Drawn::open_with(&[]).await;
    let c = &d.client;
    let condition = d.condition().await;
    let request = json!({"condition_id": condition, "template_bbox": d.exemplar()});
    let session = c.count(&d.page, request.clone()).await;
    is_consistent(&session);
    assert_eq!(
        (&session["confidence_threshold"], &session["confidence_floor"]),
        (&json!(0.8), &json!(0.025))
    );
    assert_eq!((&session["pages_searched"], &session["pages_total"]), (&json!(1), &json!(1)));
    let candidates = all(&session, "detections").len() + all(&session, "near_misses").len();
    for one in all(&session, "near_misses") {
        let likeness = one["likeness"].as_f64().unwrap();
        assert!(likeness >= confidence(&one) && (0.5..1.0).contains(&likeness), "{one}");
    }
    for one in all(&session, "detections") {
        let (coverage, extra) = (one["coverage"].as_f64().unwrap(), one["extra"].as_f64().unwrap());
        assert!(
            (0.5..=1.0).contains(&coverage) && (0.0..1.0).contains(&extra) && one["exemplar"] == 0,
            "{one}"
        );
        assert_eq!(one["likeness"], one["confidence"], "what is found on a drawing is worth its likeness");
    }

    let path = path(&session);
    let moved = c.patch(&path, json!({"confidence_threshold": 1.0})).await.expect(200);
    assert_eq!(moved, c.get(&path).await.expect(200));
    is_consistent(&moved);
    let (sure, near) = (all(&moved, "detections"), all(&moved, "near_misses"));
    assert_eq!(sure.len() + near.len(), candidates);
    assert!(!sure.is_empty() && near.len() >= 2, "{} and {}", sure.len(), near.len());

    let bulk = c
        .post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.0, "include_legend": true}))
        .await
        .expect(200);
    assert_eq!(bulk["confirmed_count"], sure.len(), "near misses are never confirmed by the dozen");
    let id = |d: &Value| d["id"].as_str().unwrap().to_owned();
    let confirmed = c.post(&format!("/auto-count-detections/{}/confirm", id(&near[0])), Value::Null).await;
    assert_eq!(confirmed.expect(200)["status"], "confirmed");
    assert_eq!(gauge(c).await, 1.0);
    c.post(&format!("/auto-count-detections/{}/reject", id(&near[1])), Value::Null).await.expect(200);
    let right = sure.len() as f64 + 1.0;
    assert_eq!(gauge(c).await, right / (right + 1.0));
    let reviewed = c.get(&path).await.expect(200);
    is_consistent(&reviewed);
    assert_eq!(all(&reviewed, "detections").len(), sure.len() + 2);
    assert!(all(&reviewed, "detections").iter().any(|d| d["id"] == near[0]["id"]), "it is a detection now");

    let made = c.post(&format!("{path}/create-measurements"), Value::Null).await.expect(200);
    assert_eq!(made["measurements_created"].as_f64(), Some(right));
    let back = c.patch(&path, json!({"confidence_threshold": 0.025})).await.expect(200);
    is_consistent(&back);
    assert_eq!((all(&back, "detections").len(), all(&back, "near_misses").len()), (candidates, 0));
    assert_eq!(
        all(&back, "detections").iter().filter(|d| d["measurement_id"].is_string()).count() as f64,
        right
    );
    assert_eq!(
        c.post(&format!("{path}/create-measurements"), Value::Null).await.expect(200)["measurements_created"],
        0
    );

    let refused = c.patch(&path, json!({"confidence_threshold": 0.02})).await.expect(400);
    assert!(refused["detail"].as_str().unwrap().contains("0.025"), "{refused}");
    for bad in [json!({"confidence_threshold": 1.5}), json!({}), json!({"confidence_threshold": "high"})] {
        c.patch(&path, bad).await.expect(422);
    }
    let nobody = "/auto-count-sessions/00000000-0000-4000-8000-000000000001";
    c.patch(nobody, json!({"confidence_threshold": 0.9})).await.expect(404);

    capped(c, &d.page, request, sure.len()).await;
}

/// What is beyond the cap is said, whatever the threshold is.
async fn capped(c: &Client, page: &str, mut request: Value, sure: usize) {
    request["max_detections"] = json!(2);
    let few = c.count(page, request).await;
    is_consistent(&few);
    assert_eq!((all(&few, "detections").len(), &few["truncated"]), (2, &json!(true)));
    let path = path(&few);
    let loose = c.patch(&path, json!({"confidence_threshold": 0.5})).await.expect(200);
    is_consistent(&loose);
    assert!(loose["found_detections"].as_u64() >= few["found_detections"].as_u64());
    let bulk = c
        .post(&format!("{path}/bulk-confirm"), json!({"threshold": 0.0, "include_legend": true}))
        .await
        .expect(200);
    assert_eq!(bulk["confirmed_count"], 2, "what is not shown is not confirmed");
    let strict = c.patch(&path, json!({"confidence_threshold": 1.0})).await.expect(200);
    is_consistent(&strict);
    assert!(sure > 2);
    assert_eq!(strict["found_detections"], sure, "both that were confirmed are among them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_takes_several_examples_what_is_not_meant_and_where() {
    let d = Drawn::open_with(&[]).await;
    let c = &d.client;
    let condition = d.condition().await;
    let around = |[x, y, w, h]: [f64; 4]| json!({"x": x - 2.0, "y": y - 2.0, "w": w + 4.0, "h": h + 4.0});
    let alone: Vec<Value> =
        d.commonest().iter().filter(|i| !i.crossed && !i.touching).map(|i| around(i.area)).collect();
    assert!(alone.len() >= 3);
    let request = |more: Value| {
        let mut request = json!({"condition_id": condition, "template_bbox": alone[0]});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let one = c.count(&d.page, request(json!({}))).await;
    let exemplars = json!([{"bbox": alone[1]}, {"bbox": alone[2], "page_id": d.page}]);
    let three = c.count(&d.page, request(json!({"exemplars": exemplars}))).await;
    is_consistent(&three);
    assert_eq!(three["total_detections"], one["total_detections"], "a place is one detection");
    let own: Vec<Value> =
        all(&three, "detections").into_iter().filter(|d| d["is_exemplar"] == true).collect();
    assert!(own.iter().all(|d| d["confidence"] == 1.0));
    let mut rest_on: Vec<u64> = own.iter().map(|d| d["exemplar"].as_u64().unwrap()).collect();
    rest_on.sort_unstable();
    assert_eq!(rest_on, [0, 1, 2]);
    let shown = all(&three, "exemplars");
    assert_eq!(shown.iter().map(|e| &e["page_id"]).collect::<Vec<_>>(), [&json!(d.page), &json!(d.page)]);
    assert_eq!(shown[1]["bbox"], alone[2]);

    let without = c.count(&d.page, request(json!({"negative_exemplars": [{"bbox": alone[1]}]}))).await;
    let (x, y) = (alone[1]["x"].as_f64().unwrap() + 4.0, alone[1]["y"].as_f64().unwrap() + 4.0);
    let there = |d: &Value| {
        let b = |key: &str| d["bbox"][key].as_f64().unwrap();
        (b("x")..b("x") + b("w")).contains(&x) && (b("y")..b("y") + b("h")).contains(&y)
    };
    assert!(all(&one, "detections").iter().any(there));
    assert!(!all(&without, "detections").iter().chain(&all(&without, "near_misses")).any(there));

    let region = json!({"x": 0, "y": 0, "w": alone[0]["x"].as_f64().unwrap() + 200.0, "h": 20_000});
    let asked = json!({"region": region, "document": true, "mirrored": "exclude", "same_pen": false});
    let left = c.count(&d.page, request(asked)).await;
    is_consistent(&left);
    let right_edge = region["w"].as_f64().unwrap();
    let inside = |d: &&Value| d["center_x"].as_f64().unwrap() <= right_edge;
    assert_eq!(all(&left, "detections").iter().filter(inside).count(), all(&left, "detections").len());
    assert!(all(&left, "detections").iter().all(|d| d["mirrored"] == false));
    assert_eq!((&left["mirrored"], &left["same_pen"]), (&json!("exclude"), &json!(false)));
    assert_eq!(left["region"], json!({"x": 0.0, "y": 0.0, "w": right_edge, "h": 20_000.0}));
    refused(c, &d.page, &request, &alone).await;
}

async fn refused(c: &Client, page: &str, request: &dyn Fn(Value) -> Value, alone: &[Value]) {
    let start = format!("/pages/{page}/auto-count");
    let outside = json!({"bbox": {"x": -500, "y": 0, "w": 10, "h": 10}});
    let nowhere = json!({"bbox": alone[1], "page_id": "00000000-0000-4000-8000-000000000001"});
    for (more, part) in [
        (json!({"exemplars": [outside]}), "outside"),
        (json!({"negative_exemplars": [nowhere]}), "not found"),
        (json!({"negative_exemplars": [{"bbox": alone[0]}]}), "the same place"),
    ] {
        let detail = c.post(&start, request(more)).await.expect(400);
        assert!(detail["detail"].as_str().unwrap().contains(part), "{detail}");
    }
    let eight: Vec<Value> = vec![json!({"bbox": alone[1]}); 8];
    for (more, place) in [
        (json!({"exemplars": eight}), "exemplars"),
        (json!({"exemplars": [{"bbox": {"x": 0, "y": 0, "w": 0, "h": 1}}]}), "exemplars"),
        (json!({"negative_exemplars": [alone[0]]}), "negative_exemplars"),
        (json!({"region": [0, 0, 10, 10]}), "region"),
        (json!({"mirrored": "both"}), "mirrored"),
        (json!({"document": "perhaps"}), "document"),
    ] {
        let body = c.post(&start, request(more)).await.expect(422);
        assert!(problems(&body).iter().any(|(_, loc)| loc.contains(place)), "{body}");
    }
}
