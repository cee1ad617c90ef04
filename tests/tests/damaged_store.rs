//! A store that is damaged, or taken away, under a node: it says so, and nobody gets the rest for the whole.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use takeoff_samples::raster;
use takeoff_tests::{Client, Node, eventually};

const NOTICED: Duration = Duration::from_secs(60);
const PROMPT: Duration = Duration::from_secs(10);

/// Every blob, cut to 100 bytes.
fn cut(folder: &Path) -> usize {
    let mut cut_off = 0;
    for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            cut_off += cut(&entry);
        } else {
            fs::OpenOptions::new().write(true).open(&entry).unwrap().set_len(100).unwrap();
            cut_off += 1;
        }
    }
    cut_off
}

async fn status_and_caching(c: &Client, url: &str) -> (u16, String) {
    let path = url.split_once("/api/v1").unwrap().1;
    let answer = c.request(Method::GET, path).send().await.unwrap();
    let caching = answer.headers().get("cache-control").map(|v| v.to_str().unwrap().to_owned());
    (answer.status().as_u16(), caching.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_is_an_error_and_never_the_file() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let project = c.project("Damage").await;
    let png = raster::picture(9, 1_200, 800).png(Some(150));
    let made = c.try_upload(&project, "scan.png", png, "image/png").await.unwrap().expect(201);
    let document = made["id"].as_str().unwrap();
    c.settled(document).await;
    let page = c.pages(document).await[0]["id"].as_str().unwrap().to_owned();
    let page = c.get(&format!("/pages/{page}")).await.expect(200);
    let original = format!("/api/v1/files/documents/{document}/original");
    let urls = [page["image_url"].as_str().unwrap(), page["thumbnail_url"].as_str().unwrap(), &original];
    for url in urls {
        assert_eq!(status_and_caching(&c, url).await.0, 200, "{url}");
    }
    // With what it remembers of them, and without.
    assert!(cut(&data.path().join("blobs/blobs")) >= 3);
    for url in urls {
        assert_eq!(status_and_caching(&c, url).await.0, 500, "{url}");
    }
    assert_eq!(node.stop("TERM", PROMPT).code(), Some(0));
    let mut node = Node::start(data.path());
    let c = node.client();
    for url in urls {
        let (status, caching) = status_and_caching(&c, url).await;
        assert_eq!((status, caching.as_str()), (500, "no-store"), "{url}");
    }
    assert!(node.log().iter().any(|line| line.contains("a blob is damaged")));
    let metrics = c.request(Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    let counted = metrics.lines().find(|l| l.starts_with("takeoff_store_blobs_damaged_total")).unwrap();
    assert!(counted.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() >= 3.0, "{counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_is_removed_is_noticed_before_anything_more_is_acknowledged() {
    let outer = tempfile::tempdir().unwrap();
    let data = outer.path().join("data");
    let node = Node::start(&data);
    let c = node.client();
    c.project("Before").await;
    fs::remove_dir_all(&data).unwrap();
    c.post("/projects", json!({"name": "After"})).await.expect(503);
    let ready = c.get("//ready").await.expect(503);
    assert!(ready["reasons"].to_string().contains("removed or replaced"), "{ready}");
    assert_eq!(c.get("//health").await.expect(503)["status"], "unhealthy");
    drop(node);
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_that_are_removed_make_the_node_unready() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    fs::remove_dir_all(data.path().join("blobs")).unwrap();
    let ready = eventually("the loss is seen", NOTICED, || async {
        let ready = c.get("//ready").await;
        (ready.status == 503).then_some(ready.body)
    })
    .await;
    assert!(ready["reasons"].to_string().contains("removed or replaced"), "{ready}");
    drop(node);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_file_that_is_removed_is_noticed_while_it_can_be_put_back() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    for part in ["", "catalog", "blobs"] {
        let marker = data.path().join(part).join("FORMAT");
        let kept = fs::read(&marker).unwrap();
        fs::remove_file(&marker).unwrap();
        // At once, and as long as it lasts.
        let refused = c.post("/projects", json!({"name": "Lost"})).await.expect(503);
        assert!(refused["detail"].is_string(), "{refused}");
        let ready = eventually("the loss is seen", NOTICED, || async {
            let ready = c.get("//ready").await;
            (ready.status == 503).then_some(ready.body)
        })
        .await;
        let reasons = ready["reasons"].to_string();
        assert!(reasons.contains(marker.to_str().unwrap()) && reasons.contains("put it back"), "{ready}");
        fs::write(&marker, kept).unwrap();
        eventually("it is ready again", NOTICED, || async {
            (c.get("//ready").await.status == 200).then_some(())
        })
        .await;
        c.post("/projects", json!({"name": "Kept"})).await.expect(201);
    }
    assert_eq!(node.stop("TERM", PROMPT).code(), Some(0));
    let node = Node::start(data.path());
    let kept = node.client().get("/projects").await.expect(200);
    assert_eq!(kept.as_array().unwrap().len(), 3, "{kept}");
    drop(node);
}
