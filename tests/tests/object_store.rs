//! A node whose blobs are in a bucket: the same work, nothing of it in the data folder.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use takeoff_tests::{Bucket, Node, School, eventually, first_count, problems_of_config};

const WORK: Duration = Duration::from_secs(120);

fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_set_is_stored_counted_and_served_from_a_bucket() {
    let bucket = Bucket::start().await;
    let mut school = School::open_with(&bucket.settings()).await;
    let (number, area) = first_count();
    let condition = school.condition("count", "EA").await;
    let body = json!({"condition_id": condition, "template_bbox": area});
    let path = format!("/pages/{}/auto-count", school.page(number));
    let session = school.client.post(&path, body).await.expect(202)["session_id"].clone();
    let session = format!("/auto-count-sessions/{}", session.as_str().unwrap());
    let client = school.client.clone();
    let counted = eventually("the count", WORK, || {
        let (client, session) = (client.clone(), session.clone());
        async move {
            let found = client.get(&session).await.expect(200);
            (found["status"] == "completed").then_some(found)
        }
    })
    .await;
    assert!(counted["total_detections"].as_u64().unwrap() > 50, "{}", counted["total_detections"]);

    let image = school.pages[number - 1]["image_url"].as_str().unwrap();
    let png = reqwest::get(image).await.unwrap().error_for_status().unwrap().bytes().await.unwrap();
    assert!(png.starts_with(b"\x89PNG"), "{} bytes", png.len());
    let kept = files_below(&school.node.data().join("objects"));
    let kept: Vec<&str> = kept.iter().filter_map(|f| f.rsplit('/').next()).collect();
    assert!(kept.iter().all(|f| ["FORMAT", "LOCK", "OWNER"].contains(f)), "{kept:?}");
    assert!(!school.node.data().join("blobs").exists());
    let told = school.node.log().join("\n");
    assert!(!told.contains("geheim") && !told.contains("schluessel"), "a secret is in the log");

    // Another start finds everything; one that looks into the folder for blobs is refused.
    let school = school.again(&bucket.settings());
    let page = school.client.get(&format!("/pages/{}", school.page(number))).await.expect(200);
    let again = reqwest::get(page["image_url"].as_str().unwrap()).await.unwrap();
    assert_eq!(again.bytes().await.unwrap(), png);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_does_not_start_on_blobs_that_are_elsewhere() {
    let bucket = Bucket::start().await;
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_with(data.path(), &bucket.settings());
    node.kill();
    let folder = data.path().to_str().unwrap();
    let (code, said) = problems_of_config(&[("TAKEOFF_NODE_DATA_DIR", folder)]);
    assert_eq!(code, Some(78), "{said}");
    let other = tempfile::tempdir().unwrap();
    let mut second = bucket.settings().to_vec();
    second.push(("TAKEOFF_NODE_DATA_DIR", other.path().to_str().unwrap()));
    let (code, said) = problems_of_config(&second);
    assert!(code == Some(78) && said.contains("belongs to the store"), "{said}");
    let mut wrong = bucket.settings();
    wrong[3].1 = "nowhere";
    let fresh = tempfile::tempdir().unwrap();
    let mut wrong = wrong.to_vec();
    wrong.push(("TAKEOFF_NODE_DATA_DIR", fresh.path().to_str().unwrap()));
    let (code, said) = problems_of_config(&wrong);
    assert!(code == Some(78) && said.contains("no bucket"), "{said}");
    assert!(!said.contains("geheim") && !said.contains("schluessel"), "{said}");
}
