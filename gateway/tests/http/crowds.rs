//! Many writers of one project, and requests that contradict themselves.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{DEADLINE, Server};

const WRITERS: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn many_edits_of_one_condition_are_all_answered_and_others_do_not_wait() {
    let server = Server::start().await;
    let (crowded, quiet) = (server.project().await, server.project().await);
    let page = server.page(&crowded, b"png").await.id;
    server.put(&format!("/pages/{page}/scale"), json!({"scale_value": 10})).await.expect(200);
    let slab =
        server.condition(&crowded, json!({"name": "Slab", "measurement_type": "volume", "depth": 6})).await;
    for n in 0..20 {
        let shape = json!({"x": n, "y": 0, "width": 90, "height": 90});
        let body = json!({"page_id": page.to_string(), "geometry_type": "rectangle", "geometry_data": shape});
        server.post(&format!("/conditions/{slab}/measurements"), body).await.expect(201);
    }
    let path = Server::api(&format!("/projects/{crowded}/conditions/{slab}"));
    let edits = (1..=WRITERS).map(|depth| {
        let request = server.client.put(server.url(&path)).json(&json!({ "depth": depth }));
        tokio::spawn(async move { request.send().await.unwrap().status() })
    });
    let edits: Vec<_> = edits.collect();
    let began = Instant::now();
    let path = format!("/projects/{quiet}/conditions");
    server.post(&path, json!({"name": "x", "measurement_type": "area"})).await.expect(201);
    assert!(began.elapsed() < Duration::from_secs(10), "it waited for another project");
    let mut done = 0;
    for edit in edits {
        match tokio::time::timeout(DEADLINE, edit).await.expect("an answer in time").unwrap() {
            StatusCode::OK => done += 1,
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    assert!(done > 0);
    let after = server.get(&format!("/projects/{crowded}/conditions/{slab}")).await.expect(200);
    let expected = 20.0 * 81.0 * after["depth"].as_f64().unwrap() / 12.0 / 27.0;
    assert!((after["total_quantity"].as_f64().unwrap() - expected).abs() < 1e-6, "{after}");
}

#[tokio::test]
async fn a_depth_that_no_quantity_hangs_on_rewrites_no_measurement() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    server.put(&format!("/pages/{page}/scale"), json!({"scale_value": 10})).await.expect(200);
    for (kind, rewritten) in [("area", false), ("volume", true)] {
        let of = server.condition(&project, json!({"name": "S", "measurement_type": kind, "depth": 6})).await;
        let shape = json!({"x": 0, "y": 0, "width": 90, "height": 90});
        let body = json!({"page_id": page.to_string(), "geometry_type": "rectangle", "geometry_data": shape});
        let made = server.post(&format!("/conditions/{of}/measurements"), body).await.expect(201);
        server.put(&format!("/projects/{project}/conditions/{of}"), json!({"depth": 12})).await.expect(200);
        let one = server.get(&format!("/measurements/{}", made["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(one["updated_at"] != made["updated_at"], rewritten, "{kind}");
    }
}

#[tokio::test]
async fn what_contradicts_itself_or_is_beyond_all_bounds_is_refused_with_the_reason() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    let scale = format!("/pages/{page}/scale");
    let text = "1/4\" = 1'-0\"";
    let why = server.put(&scale, json!({"scale_value": 1000, "scale_text": text})).await.detail(400);
    assert!(why.contains("37.5") && why.contains("leave the text out"), "{why}");
    let unset = server.get(&format!("/pages/{page}")).await.expect(200);
    assert_eq!((&unset["scale_value"], &unset["scale_text"]), (&json!(null), &json!(null)));
    for sound in [json!(text), json!(""), json!("as measured on site")] {
        server.put(&scale, json!({"scale_value": 37.5, "scale_text": sound})).await.expect(200);
    }

    let repeated = format!("/pages/{page}/calibrate?pixel_distance=100&real_distance=10&pixel_distance=200");
    assert!(server.act(&repeated).await.problems()[0].ends_with("at query.pixel_distance"));
    let huge =
        server.act(&format!("/pages/{page}/calibrate?pixel_distance=1e308&real_distance=1e-308")).await;
    assert!(huge.json.to_string().len() < 400, "{}", huge.json);

    let deep = json!({"name": "S", "measurement_type": "volume", "depth": 1e308});
    let why = server.post(&format!("/projects/{project}/conditions"), deep).await.detail(400);
    assert!(why.contains("the depth in inches must be between 0 and") && why.len() < 120, "{why}");
}

#[tokio::test]
async fn a_body_that_states_to_be_too_long_is_not_waited_for() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/v1/projects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 9999999999\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    // A body that does not go on is given up after 30 s, with 408.
    let read = tokio::time::timeout(Duration::from_secs(15), stream.read_exact(&mut answer));
    read.await.expect("an answer at once").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn no_text_stands_beside_a_scale_that_it_contradicts() {
    let server = Server::start().await;
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    let scale = format!("/pages/{page}/scale");
    let text = "1/4\" = 1'-0\"";
    server.put(&scale, json!({"scale_value": 37.5, "scale_text": text})).await.expect(200);
    // The same again, without its text, is no other scale.
    for (value, shown) in [(37.5, json!(text)), (18.75, json!(null))] {
        server.put(&scale, json!({"scale_value": value})).await.expect(200);
        let now = server.get(&format!("/pages/{page}")).await.expect(200);
        assert_eq!((&now["scale_value"], &now["scale_text"]), (&json!(value), &shown));
    }

    let two = "1:100 @A1 / 1:200 @A3";
    let why = server.put(&scale, json!({"scale_value": 37.5, "scale_text": two})).await.detail(400);
    assert!(why.contains("18 and 9 px/ft"), "{why}");
    let pages = json!([page.to_string()]);
    let batch = json!({"page_ids": pages, "scale_value": 37.5, "scale_text": two});
    assert!(server.post("/pages/batch-scale", batch).await.detail(400).contains("18 and 9 px/ft"));
    server.put(&scale, json!({"scale_value": 9, "scale_text": two})).await.expect(200);
}
