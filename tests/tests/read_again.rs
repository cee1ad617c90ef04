//! A page whose parser was killed from outside, and that is read again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_samples::{big_page, raster};
use takeoff_tests::{Client, Node, children, eventually};

const WAIT: Duration = Duration::from_secs(120);

async fn page(c: &Client, id: &str) -> Value {
    c.get(&format!("/pages/{id}")).await.expect(200)
}

/// Kills every parse child of the node until something holds.
async fn killing_until<T>(node: &Node, what: &str, holds: impl AsyncFn() -> Option<T>) -> T {
    eventually(what, WAIT, || async {
        for child in children(node.id(), "parse-worker") {
            // Gone already is as well.
            let _ = std::process::Command::new("kill").args(["-KILL", &child.to_string()]).output();
        }
        holds().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_parser_was_killed_is_read_again() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_with(data.path(), &[("TAKEOFF_PAGE_CACHE_PAGES", "0")]);
    let c = node.client();
    let project = c.project("Killed").await;
    // It takes long to read, so that its child is seen at it.
    let (pdf, _) = big_page(60_000, 5);
    let made = c.try_upload(&project, "killed.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    let document = made["id"].as_str().unwrap().to_owned();
    // From here on the only job is that of its page.
    eventually("the document is opened", WAIT, || async {
        let now = c.get(&format!("/documents/{document}/status")).await.expect(200);
        (now["status"] == "ready").then_some(())
    })
    .await;
    let listed = c.get(&format!("/documents/{document}/pages")).await.expect(200);
    let id = listed["pages"][0]["id"].as_str().unwrap().to_owned();
    killing_until(&node, "the page is given up", async || {
        let status = page(&c, &id).await["status"].clone();
        assert_ne!(status, "ready", "it was read before its parser was killed three times");
        (status == "error").then_some(())
    })
    .await;
    let failed = page(&c, &id).await;
    assert!(failed["processing_error"].as_str().unwrap().contains("the parser died"), "{failed}");
    eventually("its document has failed with its only page", WAIT, || async {
        let status = c.get(&format!("/documents/{document}/status")).await.expect(200);
        (status["status"] == "error").then_some(())
    })
    .await;

    let queued = c.post(&format!("/pages/{id}/reprocess-ocr"), Value::Null).await.expect(202);
    assert_eq!((&queued["status"], &queued["page_id"]), (&json!("queued"), &json!(id)));
    let task = format!("/tasks/{}", queued["task_id"].as_str().unwrap());
    let ended = eventually("the task ends", WAIT, || async {
        let task = c.get(&task).await.expect(200);
        ["SUCCESS", "FAILURE"].iter().any(|s| task["status"] == *s).then_some(task)
    })
    .await;
    assert_eq!(
        (&ended["status"], &ended["task_type"]),
        (&json!("SUCCESS"), &json!("ocr_processing")),
        "{ended}"
    );
    let read = page(&c, &id).await;
    assert_eq!((&read["status"], &read["processing_error"]), (&json!("ready"), &Value::Null), "{read}");
    assert_eq!(c.get(&format!("/documents/{document}/status")).await.expect(200)["status"], "ready");
    assert!(read["width"].as_u64().is_some_and(|w| w > 0) && read["image_url"].is_string(), "{read}");

    // While it waits for its turn, who asks again is told of the same task.
    c.post("/admin/pause", json!({"stage": "ingest", "cause": "looked at"})).await.expect(200);
    let first = c.post(&format!("/pages/{id}/reprocess-ocr"), Value::Null).await.expect(202);
    let second = c.post(&format!("/pages/{id}/reprocess-ocr"), Value::Null).await.expect(202);
    assert_eq!(first["task_id"], second["task_id"]);
    c.post("/admin/resume", json!({"stage": "ingest"})).await.expect(200);
    let task = format!("/tasks/{}", first["task_id"].as_str().unwrap());
    eventually("it is read", WAIT, || async {
        (c.get(&task).await.expect(200)["status"] == "SUCCESS").then_some(())
    })
    .await;

    // And once more, for nothing: it is as it was.
    let queued = c.post(&format!("/pages/{id}/reprocess-ocr"), Value::Null).await.expect(202);
    let task = format!("/tasks/{}", queued["task_id"].as_str().unwrap());
    eventually("that task ends, too", WAIT, || async {
        (c.get(&task).await.expect(200)["status"] == "SUCCESS").then_some(())
    })
    .await;
    let again = page(&c, &id).await;
    assert_eq!((&again["status"], &again["image_url"]), (&json!("ready"), &read["image_url"]));
    c.post("/pages/00000000-0000-4000-8000-000000000000/reprocess-ocr", Value::Null).await.expect(404);
}

/// Every blob, cut to 100 bytes.
fn cut(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            cut(&entry);
        } else {
            fs::OpenOptions::new().write(true).open(&entry).unwrap().set_len(100).unwrap();
        }
    }
}

/// The task that reads a page again, when it has ended.
async fn reprocessed(c: &Client, page: &str) -> Value {
    let queued = c.post(&format!("/pages/{page}/reprocess-ocr"), Value::Null).await.expect(202);
    let task = format!("/tasks/{}", queued["task_id"].as_str().unwrap());
    eventually("the task ends", WAIT, || async {
        let task = c.get(&task).await.expect(200);
        ["SUCCESS", "FAILURE"].iter().any(|s| task["status"] == *s).then_some(task)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_says_that_its_original_is_damaged_until_it_is_mended() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let project = c.project("Damaged").await;
    let png = raster::picture(9, 1_200, 800).png(Some(150));
    let upload = async || {
        let made = c.try_upload(&project, "scan.png", png.clone(), "image/png").await.unwrap().expect(201);
        let id = made["id"].as_str().unwrap().to_owned();
        c.settled(&id).await;
        id
    };
    let document = upload().await;
    let found = async || c.get(&format!("/documents/{document}")).await.expect(200)["findings"].clone();
    let id = c.pages(&document).await[0]["id"].as_str().unwrap().to_owned();
    eventually("the page is read", WAIT, || async {
        (page(&c, &id).await["status"] == "ready").then_some(())
    })
    .await;
    assert_eq!(found().await, json!([]));

    cut(&data.path().join("blobs/blobs"));
    // Once, however often it is tried.
    for _ in 0..2 {
        let ended = reprocessed(&c, &id).await;
        assert_eq!(ended["status"], "FAILURE", "{ended}");
        let found = found().await;
        assert_eq!((found.as_array().unwrap().len(), &found[0]["code"]), (1, &json!("original_damaged")));
        assert!(found[0]["message"].as_str().unwrap().contains("same file again"), "{found}");
        assert_eq!(page(&c, &id).await["status"], "ready", "what was read of it stays");
    }

    upload().await;
    let ended = reprocessed(&c, &id).await;
    assert_eq!(ended["status"], "SUCCESS", "{ended}");
    assert_eq!(found().await, json!([]));
}
