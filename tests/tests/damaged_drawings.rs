//! Bytes that changed in a drawing, before it is handed in and after: no number of it is shown as if it were whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use takeoff_tests::{Client, Node, first_count, run, school_plans};

const PROMPT: Duration = Duration::from_secs(10);

/// Streams of fewer bytes hold no page's content.
const LONG: usize = 4_000;

/// Where the packed data of a file's longer streams lie.
fn streams(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let (head, tail): (&[u8], &[u8]) = (b"stream", b"endstream");
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) =
        file[at..].windows(head.len()).position(|w| w == head).map(|i| at + i + head.len())
    {
        let Some(end) = file[start..].windows(tail.len()).position(|w| w == tail).map(|i| start + i) else {
            break;
        };
        if end - start >= LONG {
            found.push(start..end);
        }
        at = end + tail.len();
    }
    found
}

/// The school's plans with a byte changed in the middle of every page's content.
fn damaged_plans() -> Vec<u8> {
    let mut file = fs::read(school_plans()).unwrap();
    let streams = streams(&file);
    assert!(streams.len() >= 4, "{streams:?}");
    for stream in streams {
        file[(stream.start + stream.end) / 2] ^= 0x55;
    }
    file
}

#[test]
fn a_run_over_a_damaged_drawing_fails_and_says_which_numbers_lack_something() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plans.pdf"), damaged_plans()).unwrap();
    let (page, b) = first_count();
    let b = ["x", "y", "w", "h"].map(|side| b[side].as_f64().unwrap());
    let recipe = format!(
        "[project]\nname = \"P\"\n[[document]]\nid = \"plans\"\nfile = \"plans.pdf\"\n\
         [[condition]]\nid = \"c\"\nname = \"Outlets\"\ntype = \"count\"\n[[condition.count]]\ndocument = \"plans\"\n\
         page = {page}\nbox = {b:?}\n\
         [[condition]]\nid = \"m\"\nname = \"Marks\"\ntype = \"count\"\n[[condition.measure]]\ndocument = \"plans\"\n\
         page = {page}\ngeometry = \"point\"\nx = 900\ny = 900\n\
         [[scale]]\ndocument = \"plans\"\npage = {page}\npx_per_foot = 18.75\n"
    );
    let path = folder.path().join("takeoff.toml");
    fs::write(&path, recipe).unwrap();
    let out = folder.path().join("out");
    let ran = run(&["run", path.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    let report: Value = serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    let problems =
        report["problems"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect::<Vec<_>>();
    let told = |of: &str| problems.iter().filter(|p| p.starts_with(of)).collect::<Vec<_>>();
    let of_page = told(&format!("`plans` page {page}"));
    assert!(of_page.iter().any(|p| p.contains("(object ")), "{problems:?}");
    for condition in ["c", "m"] {
        let of_condition = told(&format!("condition `{condition}`"));
        assert!(of_condition.iter().any(|p| p.contains("the file is damaged")), "{problems:?}");
    }
    for condition in report["conditions"].as_array().unwrap() {
        assert_ne!(condition["problems"], json!([]), "{condition}");
    }
    assert!(said.contains("INCOMPLETE") || said.contains("not known"), "{said}");
    let pages = report["pages"].as_array().unwrap();
    // But what is stated by hand.
    let others = pages.iter().filter(|p| p["page"] != page);
    let damaged = others.filter(|p| p["findings"].to_string().contains("(object "));
    let scales: Vec<&Value> = damaged.map(|p| &p["scale"]["calibrated"]).collect();
    assert!(scales.len() >= 4 && scales.iter().all(|calibrated| **calibrated == false), "{scales:?}");
}

/// The one blob of these bytes.
fn blob_of(folder: &Path, bytes: &[u8]) -> PathBuf {
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else if fs::metadata(&path).unwrap().len() == bytes.len() as u64
            && fs::read(&path).unwrap() == bytes
        {
            return path;
        }
    }
    panic!("the blob is not there");
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(path, bytes).unwrap();
}

/// What of a document's pages must not depend on when it was handed in.
async fn shown(c: &Client, document: &str) -> Vec<Value> {
    let mut rows = c.pages(document).await;
    rows.sort_by_key(|p| p["page_number"].as_u64());
    let mut pages = Vec::new();
    for row in rows {
        let page = c.get(&format!("/pages/{}", row["id"].as_str().unwrap())).await.expect(200);
        pages.push(json!([
            page["status"],
            page["width"],
            page["height"],
            page["findings"],
            page["path_count"]
        ]));
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_original_is_not_read_and_the_same_file_handed_in_again_mends_it() {
    let data = tempfile::tempdir().unwrap();
    // Without the cache, so that the second document is read of what is stored.
    let node = Node::start_with(data.path(), &[("TAKEOFF_PAGE_CACHE_PAGES", "0")]);
    let c = node.client();
    let jobs = |arguments: &[&str]| {
        let ran = run(&[&["jobs", "--url", node.address()], arguments].concat());
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    let plans = fs::read(school_plans()).unwrap();
    let project = c.project("Damage").await;
    let first = c.upload(&project, &school_plans()).await.expect(201);
    let first = first["id"].as_str().unwrap();
    assert_eq!(c.settled(first).await["status"], "ready");
    let whole = shown(&c, first).await;
    let stored = blob_of(&data.path().join("blobs"), &plans);

    // Handed in again over a damaged blob.
    damage(&stored);
    let again = c.upload(&project, &school_plans()).await.expect(201);
    let again = again["id"].as_str().unwrap();
    assert_eq!(c.settled(again).await["status"], "ready");
    assert_eq!(shown(&c, again).await, whole);
    assert_eq!(fs::read(&stored).unwrap(), plans);

    // Damaged between the upload and the reading.
    jobs(&["pause", "--stage", "ingest", "--cause", "damage"]);
    let third = c.upload(&project, &school_plans()).await.expect(201);
    let third = third["id"].as_str().unwrap();
    damage(&stored);
    jobs(&["resume", "--stage", "ingest"]);
    let settled = c.settled(third).await;
    assert_eq!(settled["status"], "error", "{settled}");
    let why = settled["error"].as_str().or(settled["processing_error"].as_str()).unwrap_or_default();
    assert!(why.contains("stored original is damaged"), "{settled}");
    let metrics = c.request(reqwest::Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    let counted = metrics.lines().find(|l| l.starts_with("takeoff_store_blobs_damaged_total")).unwrap();
    assert!(counted.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() >= 2.0, "{counted}");
    assert_eq!(node.stop("TERM", PROMPT).code(), Some(0));
}
