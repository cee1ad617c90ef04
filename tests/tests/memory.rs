//! Memory tokens on a real node: pages that are dearer than the budget, too dear for any worker, and queues that
//! are full.

use std::time::Duration;

use serde_json::{Value, json};
use takeoff_tests::{Client, Node, eventually};

const WAIT: Duration = Duration::from_secs(120);

async fn memory(client: &Client) -> Value {
    client.get("/admin/node").await.expect(200)["memory"].clone()
}

/// Pages of these sizes, points, each with one stroke.
fn pages(sizes: &[(u32, u32)]) -> Vec<u8> {
    let kids: Vec<String> = (0..sizes.len()).map(|n| format!("{} 0 R", 4 + n)).collect();
    let content = "2 w 72 72 468 648 re S";
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Count {}/Kids[{}]>>", kids.len(), kids.join(" ")),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
    ];
    objects.extend(sizes.iter().map(|(width, height)| {
        format!("<</Type/Page/Parent 2 0 R/Contents 3 0 R/MediaBox[0 0 {width} {height}]>>")
    }));
    file_of(&objects)
}

/// A page of 17 x 11 in that draws one picture of 2,000 x 2,000 pixels so many times.
fn picture_page(times: usize) -> Vec<u8> {
    let content = "q 1224 0 0 792 0 0 cm /P Do Q ".repeat(times);
    let head = "/Type/XObject/Subtype/Image/Width 2000/Height 2000/BitsPerComponent 1/ColorSpace/DeviceGray";
    let picture = "\0".repeat(250 * 2_000);
    file_of(&[
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[4 0 R]>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        "<</Type/Page/Parent 2 0 R/Contents 3 0 R/MediaBox[0 0 1224 792]/Resources<</XObject<</P 5 0 R>>>>>>"
            .to_owned(),
        format!("<<{head}/Length {}>>stream\n{picture}\nendstream", picture.len()),
    ])
}

fn file_of(objects: &[String]) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", n + 1).as_bytes());
    }
    let start = pdf.len();
    let table: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let size = objects.len() + 1;
    let end = format!(
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    );
    pdf.extend_from_slice(end.as_bytes());
    pdf
}

async fn upload(client: &Client, project: &str, pdf: Vec<u8>) -> String {
    let taken = client.try_upload(project, "set.pdf", pdf, "application/pdf").await.unwrap().expect(201);
    taken["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_dearer_than_the_budget_run_one_after_the_other() {
    let data = tempfile::tempdir().unwrap();
    // A sheet of 42 x 30 in takes more than this.
    let node = Node::start_with(data.path(), &[("TAKEOFF_MEMORY_BUDGET_MIB", "128")]);
    let client = node.client();
    let project = client.project("Dear").await;
    let document = upload(&client, &project, takeoff_samples::set_of(4, 3_000, 11)).await;
    let looked = async {
        loop {
            let now = memory(&client).await;
            assert!(now["taken_bytes"].as_u64() <= now["budget_bytes"].as_u64(), "{now}");
            tokio::task::yield_now().await;
        }
    };
    // Two are leased at a time, and one has its memory.
    let waits = eventually("a page says that it waits for memory", WAIT, || async {
        let jobs = client.get("/admin/jobs?stage=ingest&state=leased").await.expect(200);
        let told = |job: &Value| job["step"] == "Waiting for memory";
        jobs["jobs"].as_array().unwrap().iter().any(told).then_some(())
    });
    let pages = tokio::select! {
        (pages, ()) = async { tokio::join!(client.pages_of(&document, 4), waits) } => pages,
        () = looked => unreachable!("it looks for ever"),
    };
    assert_eq!(pages.len(), 4);
    let seen = eventually("all memory is given back", WAIT, || async {
        let now = memory(&client).await;
        (now["taken_bytes"] == 0 && now["waiting"] == 0).then_some(now)
    })
    .await;
    assert!(seen["alone"].as_u64() >= Some(4), "{seen}");
    assert!(seen["peak_bytes"].as_u64() <= seen["budget_bytes"].as_u64(), "{seen}");
    let metrics =
        client.request(reqwest::Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    let has = |line: &str| assert!(metrics.lines().any(|l| l.starts_with(line)), "no {line} in\n{metrics}");
    has("takeoff_memory_budget_bytes 134217728");
    has("takeoff_memory_taken_bytes ");
    has("takeoff_memory_requests_total{outcome=\"alone\"}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_no_worker_may_hold_is_refused_with_the_reason() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_with(data.path(), &[("TAKEOFF_CHILDREN_MEMORY_MIB", "128")]);
    let client = node.client();
    let project = client.project("Too dear").await;
    let document = upload(&client, &project, pages(&[(612, 792), (4_320, 3_240)])).await;
    client.settled(&document).await;
    let mut pages = client.pages(&document).await;
    pages.sort_by_key(|p| p["page_number"].as_u64());
    assert_eq!((&pages[0]["status"], &pages[1]["status"]), (&json!("ready"), &json!("error")), "{pages:?}");
    let page = client.get(&format!("/pages/{}", pages[1]["id"].as_str().unwrap())).await.expect(200);
    let why = page["processing_error"].as_str().unwrap();
    assert_eq!(why, "page 2 needs 129 MiB of memory at the least; the limit is 128 MiB");
    // Whoever looks at the document or its task alone learns of it.
    let seen = client.get(&format!("/documents/{document}")).await.expect(200);
    assert_eq!(seen["findings"][0]["code"], "pages_unread", "{seen}");
    assert_eq!(seen["findings"][0]["message"], format!("1 of 2 pages could not be read: 2. Page 2: {why}"));
    let task = client.task(seen["task_id"].as_str().unwrap()).await;
    assert_eq!((&task["status"], &task["result"]["pages_unread"]), (&json!("SUCCESS"), &json!(1)), "{task}");
    let seen = eventually("all memory is given back", WAIT, || async {
        let now = memory(&client).await;
        (now["taken_bytes"] == 0).then_some(now)
    })
    .await;
    assert_eq!(seen["refused"], 1, "{seen}");
}

/// How often a page draws its pictures shows only when it is walked, and each time takes memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_given_what_its_pictures_take_or_is_refused() {
    // One keeps 2,000 x 1,650 pixels or more of 4 bytes.
    const EACH: u64 = 2_000 * 1_650 * 4;
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_with(data.path(), &[("TAKEOFF_MEMORY_BUDGET_MIB", "1024")]);
    let client = node.client();
    let project = client.project("Pictures").await;
    let document = upload(&client, &project, picture_page(9)).await;
    let read = client.pages_of(&document, 1).await;
    assert_eq!(read[0]["status"], "ready", "{read:?}");
    let seen = memory(&client).await;
    assert!(seen["peak_bytes"].as_u64() > Some(8 * EACH), "{seen}");
    drop(node);

    let node = Node::start_with(data.path(), &[("TAKEOFF_CHILDREN_MEMORY_MIB", "128")]);
    let client = node.client();
    let document = upload(&client, &project, picture_page(10)).await;
    client.settled(&document).await;
    let page = &client.pages(&document).await[0];
    let page = client.get(&format!("/pages/{}", page["id"].as_str().unwrap())).await.expect(200);
    let why = page["processing_error"].as_str().unwrap();
    assert!(
        why.starts_with("page 1 needs ")
            && why.ends_with(" MiB of memory at the least; the limit is 128 MiB"),
        "{why}"
    );
}

/// A page that fills itself with tilings of large cells, of which the renderer keeps each.
fn tiled_page(tilings: usize) -> Vec<u8> {
    let names: Vec<String> = (0..tilings).map(|n| format!("/P{n} {} 0 R", 5 + n)).collect();
    let fills: String = (0..tilings).map(|n| format!("/P{n} scn 0 0 1224 792 re f ")).collect();
    let content = format!("/Pattern cs {fills}");
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[4 0 R]>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        format!(
            "<</Type/Page/Parent 2 0 R/Contents 3 0 R/MediaBox[0 0 1224 792]/Resources<</Pattern<<{}>>>>>>",
            names.join(" ")
        ),
    ];
    let cell = "0.5 g 5 5 900 600 re f 0 0 m 1000 700 l S";
    let head =
        "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1200 790]/YStep 790/Resources<<>>";
    objects.extend(
        (0..tilings).map(|n| {
            format!("<<{head}/XStep {}/Length {}>>stream\n{cell}\nendstream", 1_200 + n, cell.len())
        }),
    );
    file_of(&objects)
}

/// What nothing foretold ends its worker before it takes what others were promised, and the page has all that a worker
/// may have.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_outgrows_what_it_was_given_is_taken_up_again_with_more() {
    let data = tempfile::tempdir().unwrap();
    let given = [("TAKEOFF_MEMORY_BUDGET_MIB", "1024"), ("TAKEOFF_CHILDREN_MEMORY_MIB", "768")];
    let node = Node::start_with(data.path(), &given);
    let client = node.client();
    let project = client.project("Tiled").await;
    let document = upload(&client, &project, tiled_page(40)).await;
    let read = client.pages_of(&document, 1).await;
    assert_eq!(read[0]["status"], "ready", "{read:?}");
    let view = client.get("/admin/node").await.expect(200);
    assert_eq!(view["children"]["memory_deaths"], 1, "{view}");
    assert_eq!(view["memory"]["peak_bytes"].as_u64(), Some(768 * 1024 * 1024), "{view}");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_counts_are_told_to_come_back_when_too_much_waits() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_with(data.path(), &[("TAKEOFF_JOBS_MAX_WAITING", "2")]);
    let client = node.client();
    let project = client.project("Busy").await;
    client.post("/admin/pause", json!({"stage": "ingest", "cause": "a full queue"})).await.expect(200);
    for _ in 0..2 {
        upload(&client, &project, pages(&[(612, 792)])).await;
    }
    let part = reqwest::multipart::Part::bytes(pages(&[(612, 792)])).file_name("set.pdf");
    let form = reqwest::multipart::Form::new().part("file", part);
    let path = format!("/projects/{project}/documents");
    let refused = client.request(reqwest::Method::POST, &path).multipart(form).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "30");
    let said: Value = refused.json().await.unwrap();
    assert_eq!(said["detail"], "the node is busy: 2 jobs of the stage ingest are waiting already");
    client.post("/admin/resume", json!({"stage": "ingest"})).await.expect(200);
    eventually("there is space again", WAIT, || async {
        let sent = client.try_upload(&project, "set.pdf", pages(&[(612, 792)]), "application/pdf").await;
        (sent.unwrap().status == 201).then_some(())
    })
    .await;
}

/// What the node's own process may hold more for a set of ten times as many pages: each request and each commit is bounded,
/// and the heap is never used without a gap.
const GROWTH_KIB: u64 = 20 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_set_takes_of_memory_does_not_grow_with_its_pages() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let client = node.client();
    let project = client.project("Large").await;
    // More than one job hands out: the jobs below it hand out their pages in turn.
    let small = upload(&client, &project, pages(&[(612, 792); 120])).await;
    let read = client.pages_of(&small, 120).await;
    assert!(read.iter().all(|p| p["status"] == "ready"), "{read:?}");
    let before = node.status_kib("VmHWM:");
    // It is `ready` when all its pages are listed and handed out.
    let large = upload(&client, &project, pages(&[(612, 792); 1_000])).await;
    assert_eq!(client.settled(&large).await["status"], "ready");
    let after = node.status_kib("VmHWM:");
    assert!(after < before + GROWTH_KIB, "{before} KiB, then {after}");
    let document = client.get(&format!("/documents/{large}")).await.expect(200);
    assert_eq!(document["page_count"], 1_000);
}
