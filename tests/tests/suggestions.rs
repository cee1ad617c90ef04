//! What repeats on a page, found without an example, as a person would go on from there.

use std::io::Cursor;

use reqwest::Method;
use serde_json::{Value, json};
use takeoff_tests::{Client, Drawn, problems};

/// What a count of the suggestions is made with, too.
const SCALE_TOLERANCE: f64 = 0.03;
/// Overlap over union of a suggestion's box, which has some room, and a symbol's.
const SAME: f64 = 0.35;

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap()
}

fn sides(bbox: &Value) -> [f64; 4] {
    ["x", "y", "w", "h"].map(|k| number(&bbox[k]))
}

fn overlap([ax, ay, aw, ah]: [f64; 4], [bx, by, bw, bh]: [f64; 4]) -> f64 {
    let w = (ax + aw).min(bx + bw) - ax.max(bx);
    let h = (ay + ah).min(by + bh) - ay.max(by);
    let both = w.max(0.0) * h.max(0.0);
    both / (aw * ah + bw * bh - both)
}

/// Pieces of work that the node's pool has done.
async fn looked_through(c: &Client) -> u64 {
    let node = c.get("/admin/node").await.expect(200);
    node["compute"]["done"].as_u64().unwrap_or_else(|| panic!("{node}"))
}

async fn picture(url: &str) -> image::RgbImage {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{url}");
    assert_eq!(answer.headers()["content-type"], "image/png");
    let bytes = answer.bytes().await.unwrap();
    image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().decode().unwrap().into_rgb8()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_repeats_is_suggested_shown_and_counted_with_one_click() {
    let d = Drawn::open_with(&[]).await;
    let c = &d.client;
    let path = format!("/pages/{}/symbols", d.page);
    let answer = c.get(&path).await.expect(200);
    assert_eq!(answer["page_id"], d.page.as_str());
    let symbols = answer["symbols"].as_array().unwrap();
    assert!(symbols.is_sorted_by(|a, b| number(&a["count"]) >= number(&b["count"])), "{answer}");
    assert!(symbols.len() <= 20 && symbols.iter().all(|s| number(&s["count"]) >= 3.0), "{answer}");
    for (kind, all) in &d.truth.symbols {
        let instances = all.iter().filter(|i| i.counts()).count();
        let here = |s: &&Value| all.iter().any(|i| overlap(sides(&s["bbox"]), i.area) >= SAME);
        assert!(instances < 3 || symbols.iter().any(|s| here(&s)), "{kind} x {instances}: {answer}");
    }

    let page = c.get(&format!("/pages/{}", d.page)).await.expect(200);
    let whole = picture(page["image_url"].as_str().unwrap()).await;
    let condition = d.condition().await;
    let mut counted = 0;
    for symbol in symbols.iter().take(6) {
        let [x, y, w, h] = sides(&symbol["bbox"]).map(|v| v as u32);
        let shown = picture(symbol["crop_url"].as_str().unwrap()).await;
        let there = image::imageops::crop_imm(&whole, x, y, w, h).to_image();
        assert!(shown == there, "the crop of {symbol} is another picture");
        if symbol["counted"] == false {
            continue;
        }
        counted += 1;
        let request = json!({
            "condition_id": condition, "template_bbox": symbol["bbox"],
            "scale_tolerance": SCALE_TOLERANCE, "rotation_tolerance": 90,
        });
        let session = c.count(&d.page, request).await;
        let found = session["detections"].as_array().unwrap();
        let instances = found.iter().filter(|f| f["in_legend"] == false).count();
        assert_eq!(symbol["count"], instances, "{symbol}");
        assert_eq!(symbol["in_legend"], found.len() - instances, "{symbol}");
    }
    assert!(counted > 0, "{answer}");
    let work = looked_through(c).await;
    assert_eq!(c.get(&path).await.expect(200), answer, "the same page gives the same answer");
    assert_eq!(looked_through(c).await, work, "it is not looked through again");

    let few = c.get(&format!("{path}?limit=1&min_count=5")).await.expect(200);
    let often = c.get(&format!("{path}?limit=100&min_count=5")).await.expect(200)["symbols"].clone();
    let often = often.as_array().unwrap().len();
    assert_eq!((few["symbols"].as_array().unwrap().len(), &few["total"]), (1, &json!(often)));
    assert_eq!(few["symbols"][0], symbols[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_says_why() {
    let d = Drawn::open_with(&[]).await;
    let c = &d.client;
    let page = format!("/pages/{}", d.page);
    for (query, field) in [
        ("symbols?limit=0", "query.limit"),
        ("symbols?limit=101", "query.limit"),
        ("symbols?min_count=1", "query.min_count"),
        ("crop", "query.bbox"),
        ("crop?bbox=1,2,3", "query.bbox"),
        ("crop?bbox=0,0,0,5", "query.bbox"),
        ("crop?bbox=0,0,5,2049", "query.bbox"),
        ("crop?bbox=-1,0,5,5", "query.bbox"),
        ("crop?bbox=1.5,0,5,5", "query.bbox"),
    ] {
        let body = c.get(&format!("{page}/{query}")).await.expect(422);
        assert_eq!(problems(&body)[0].1, field, "{query}: {body}");
    }
    c.get(&format!("{page}/crop?bbox=4000000000,0,5,5")).await.expect(400);
    let unknown = "/pages/00000000-0000-4000-8000-000000000000";
    assert_eq!(c.get(&format!("{unknown}/symbols")).await.expect(404)["detail"], "Page not found");
    assert_eq!(c.get(&format!("{unknown}/crop?bbox=0,0,5,5")).await.expect(404)["detail"], "Page not found");

    let path = format!("{page}/crop?bbox=10,10,30,30");
    let first = c.request(Method::GET, &path).send().await.unwrap();
    let again = c.request(Method::GET, &path).header("if-none-match", &first.headers()["etag"]);
    assert_eq!(again.send().await.unwrap().status().as_u16(), 304);
}
