//! The sample set in the repository is the one that the generator makes, and what it claims is so.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use takeoff_samples::geometry::{path_length, polygon_area};
use takeoff_samples::school::{PLANS, RECIPE, SITE, TRUTH};
use takeoff_samples::{DocumentTruth, PageTruth, ScaleTruth, SetTruth, school};

const LIMIT: usize = 500 * 1024;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../school")
}

#[test]
fn the_folder_holds_exactly_what_is_made_again() {
    let made = school();
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected: Vec<String> = made.files.iter().map(|(name, _)| (*name).to_owned()).collect();
    expected.sort();
    assert_eq!(names, expected);
    for (name, bytes) in &made.files {
        let stored = std::fs::read(folder().join(name)).unwrap();
        assert!(
            stored == *bytes,
            "{name} differs: run `cargo run -p takeoff-samples -- school samples/school`"
        );
    }
    let total: usize = made.files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(total < LIMIT, "{total} bytes");
}

#[test]
fn two_runs_make_the_same_bytes() {
    assert!(school().files == school().files);
}

#[test]
fn a_reader_sees_the_pages_that_the_truth_describes() {
    let made = school();
    let files: BTreeMap<&str, Vec<u8>> = made.files.into_iter().collect();
    for document in &made.truth.documents {
        let pdf = hayro_syntax::Pdf::new(Arc::new(files[document.file.as_str()].clone())).unwrap();
        assert_eq!(pdf.pages().len(), document.pages.len(), "{}", document.file);
        for (page, truth) in pdf.pages().iter().zip(&document.pages) {
            let (w, h) = page.render_dimensions();
            let px = |pt: f32| (f64::from(pt) * 150.0 / 72.0).round() as u32;
            assert_eq!((px(w), px(h)), (truth.width_px, truth.height_px));
            let mut stream = page.typed_operations();
            let operations = std::iter::from_fn(|| stream.next().map(|_| ())).count();
            assert!(operations > 300, "{} page {}: {operations}", document.file, truth.page);
        }
    }
}

#[test]
fn the_stored_truth_reads_back() {
    let text = std::fs::read_to_string(folder().join(TRUTH)).unwrap();
    let truth: SetTruth = serde_json::from_str(&text).unwrap();
    assert_eq!(truth, school().truth);
}

#[test]
fn symbols_lie_inside_their_page_and_apart_from_each_other() {
    for page in school().truth.documents.iter().flat_map(|d| &d.pages) {
        let all: Vec<_> = page.symbols.iter().flat_map(|(k, v)| v.iter().map(move |i| (k, i))).collect();
        for (kind, i) in &all {
            let [x, y, w, h] = i.area;
            let inside =
                x > 0.0 && y > 0.0 && x + w < f64::from(page.width_px) && y + h < f64::from(page.height_px);
            assert!(inside, "{kind} {i:?}");
            let [cx, cy] = i.center;
            assert!(cx > x && cx < x + w && cy > y && cy < y + h, "{kind} {i:?}");
        }
        for (n, (kind_a, a)) in all.iter().enumerate() {
            for (kind_b, b) in &all[n + 1..] {
                if a.touching && b.touching {
                    continue;
                }
                // The leaves of a pair of doors meet in the middle.
                if *kind_a == "door" && *kind_b == "door" {
                    continue;
                }
                let overlap = |p: f64, q: f64, r: f64, s: f64| (p + q).min(r + s) - p.max(r);
                let wide = overlap(a.area[0], a.area[2], b.area[0], b.area[2]);
                let high = overlap(a.area[1], a.area[3], b.area[1], b.area[3]);
                assert!(wide < 0.1 || high < 0.1, "page {}: {kind_a} {a:?} over {kind_b} {b:?}", page.page);
            }
        }
    }
}

#[test]
fn rooms_and_walls_measure_what_they_claim() {
    for page in school().truth.documents.iter().flat_map(|d| &d.pages) {
        let ScaleTruth::One { px_per_foot, ratio, .. } = page.scale else {
            assert!(page.rooms.is_empty() && page.walls.is_empty());
            continue;
        };
        assert_eq!(px_per_foot, 1800.0 / ratio);
        for room in &page.rooms {
            let area = polygon_area(&room.polygon) / (px_per_foot * px_per_foot);
            assert!(
                (area - room.area_sf).abs() < 0.02 + area * 1e-4,
                "{} {area} {}",
                room.number,
                room.area_sf
            );
            let around = path_length(&room.polygon, true) / px_per_foot;
            assert!((around - room.perimeter_ft).abs() < 0.02, "{}", room.number);
        }
        for wall in &page.walls {
            let length = path_length(&wall.points, false) / px_per_foot;
            assert!((length - wall.length_ft).abs() < 0.02, "{} {length}", wall.kind);
        }
    }
}

fn page<'a>(documents: &'a [DocumentTruth], id: &str, number: i64) -> &'a PageTruth {
    &documents.iter().find(|d| d.id == id).unwrap().pages[number as usize - 1]
}

#[test]
fn the_recipe_asks_for_what_the_truth_answers() {
    let truth = school().truth;
    let text = std::fs::read_to_string(folder().join(RECIPE)).unwrap();
    let recipe: toml::Value = toml::from_str(&text).unwrap();
    let files: Vec<&str> =
        recipe["document"].as_array().unwrap().iter().map(|d| d["file"].as_str().unwrap()).collect();
    assert_eq!(files, [PLANS, SITE]);
    let conditions = recipe["condition"].as_array().unwrap();
    let ids: Vec<&str> = conditions.iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), truth.conditions.len());
    let mut counted = 0;
    for condition in conditions {
        let expected = &truth.conditions[condition["id"].as_str().unwrap()];
        assert_eq!(condition["unit"].as_str().unwrap(), expected.unit);
        assert!(expected.quantity > 0.0);
        for count in condition.get("count").into_iter().flat_map(|c| c.as_array().unwrap()) {
            let on = page(
                &truth.documents,
                count["document"].as_str().unwrap(),
                count["page"].as_integer().unwrap(),
            );
            let shown: Vec<f64> = count["box"]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_float().unwrap_or_else(|| v.as_integer().unwrap() as f64))
                .collect();
            let inside = |p: [f64; 2]| {
                p[0] > shown[0] && p[0] < shown[0] + shown[2] && p[1] > shown[1] && p[1] < shown[1] + shown[3]
            };
            let hit: Vec<&String> = on
                .symbols
                .iter()
                .filter(|(_, v)| v.iter().any(|i| inside(i.center) && i.counts()))
                .map(|(k, _)| k)
                .collect();
            assert_eq!(hit.len(), 1, "{:?} shows {hit:?}", condition["id"]);
            counted += 1;
        }
        let assembly = &condition["assembly"];
        let own = assembly.get("component").map_or(0, |c| c.as_array().unwrap().len());
        assert!(own >= 3 || assembly["template"].is_str());
    }
    assert!(counted >= 3);
}

#[test]
fn line_weights_tell_new_from_existing_on_the_second_power_plan() {
    let truth = school().truth;
    let duplex = &page(&truth.documents, "plans", 4).symbols["receptacle_duplex"];
    let existing = duplex.iter().filter(|i| i.status == takeoff_samples::Status::Existing).count();
    assert!(existing >= 10 && existing < duplex.len());
}
