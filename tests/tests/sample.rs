//! The first command of the README, whole: the sample set is taken off, and every number is the true one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use takeoff_samples::{PageTruth, ScaleTruth, SetTruth};
use takeoff_tests::{Node, run};

/// Quantities are traced in hundredths of a pixel and stated in hundredths of a unit.
const MEASURED: f64 = 0.02;
const MEASURED_PART: f64 = 1e-4;
/// Sides of a symbol's box that its instance may lie off the detection, at most.
const NEAR: f64 = 0.5;
/// Of boxes around what was found and left out.
const GREY: [u8; 3] = [120, 120, 120];
/// Half a dash of a box around what is less sure, pixels.
const DASH: u32 = 6;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/school")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_taken_off_as_its_truth_says() {
    let truth: SetTruth =
        serde_json::from_slice(&std::fs::read(folder().join("truth.json")).unwrap()).unwrap();
    let recipe: toml::Table =
        std::fs::read_to_string(folder().join("takeoff.toml")).unwrap().parse().unwrap();
    let work = tempfile::tempdir().unwrap();
    let path = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let (out, data) = (path("out"), path("data"));
    let recipe_path = folder().join("takeoff.toml");
    let ran = run(&["run", recipe_path.to_str().unwrap(), "--out", &out, "--data-dir", &data]);
    let (said, lines) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    assert_eq!(ran.status.code(), Some(0), "{said}\n{lines}");

    let report: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&out).join("report.json")).unwrap()).unwrap();
    assert_eq!(report["problems"], serde_json::json!([]));
    // The time told is that of all parts, the pictures' among them.
    let seconds = report["seconds"].as_object().unwrap();
    let of = |part: &str| seconds[part].as_f64().unwrap();
    let parts: f64 = seconds.keys().filter(|part| *part != "total").map(|part| of(part)).sum();
    assert!(of("draw") > 0.0 && (parts - of("total")).abs() < 1e-6, "{seconds:?}");
    person(&said, &report);
    as_in_the_readme(&said);
    progress(&lines, &recipe);
    pages(&report, &truth);
    files(Path::new(&out), &report, &truth);
    kept(Path::new(&data), &report).await;
    quantities(&report, &truth);
    places(&report, &truth, &recipe);
}

/// What the README shows of the report is what is printed, line for line and in its order; `...` stands for the rest
/// of a line.
fn as_in_the_readme(said: &str) {
    let readme = std::fs::read_to_string(folder().join("../../README.md")).unwrap();
    let shown = readme.split("prints for the sample:\n\n```\n").nth(1).and_then(|b| b.split("\n```").next());
    let mut printed = said.lines();
    for line in shown.expect("the README shows a report").lines().filter(|l| !l.is_empty()) {
        let same = |l: &str| line.strip_suffix("...").map_or(l == line, |start| l.starts_with(start));
        assert!(
            printed.any(same),
            "the README shows, and the sample does not print there:\n{line}\n\n{said}"
        );
    }
}

/// The report on standard output has a line for everything.
fn person(said: &str, report: &Value) {
    assert!(!said.contains('\u{1b}'), "no terminal, no colours");
    for part in ["Documents", "Pages", "Quantities", "Cost", "material", "labor", "Time ", "Memory "] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
    let line = |words: &[&str]| {
        let found = said.lines().any(|l| words.iter().all(|w| l.contains(w)));
        assert!(found, "no line has {words:?} in\n{said}");
    };
    line(&[report["project"].as_str().unwrap()]);
    for page in list(&report["pages"]) {
        let size = format!("{} x {}", page["width"], page["height"]);
        let mut words = vec![page["document"].as_str().unwrap(), &size];
        words.extend(page["scale"]["text"].as_str().filter(|_| page["scale"]["calibrated"] == true));
        line(&words);
    }
    for condition in list(&report["conditions"]) {
        let name = condition["name"].as_str().unwrap();
        line(&[name, condition["unit"].as_str().unwrap()]);
        if !list(&condition["counts"]).is_empty() {
            line(&[name, "counted, confidence"]);
            for count in list(&condition["counts"]) {
                for page in list(&count["pages"]).iter().filter(|p| p["counted"] != 0) {
                    let words = ["document", "page", "counted", "in_legend"].map(|key| match key {
                        "document" => count[key].as_str().unwrap().to_owned(),
                        _ => page[key].to_string(),
                    });
                    let words: Vec<&str> = words
                        .iter()
                        .map(String::as_str)
                        .chain([name, page["scale"].as_str().unwrap()])
                        .collect();
                    line(&words);
                }
            }
        }
    }
    line(&["TOTAL", &grouped(report["cost"]["total_with_markup"].as_str().unwrap())]);
}

/// `1234.50` as `1,234.50`.
fn grouped(money: &str) -> String {
    let (whole, cents) = money.split_once('.').unwrap();
    let digits: Vec<char> = whole.chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(|g| g.iter().collect()).collect();
    format!("{}.{cents}", groups.join(","))
}

/// Without a terminal every step is a plain line, in the order of the work.
fn progress(lines: &str, recipe: &toml::Table) {
    assert!(!lines.contains(['\u{1b}', '\r']), "{lines}");
    let names = |key: &str, of: &str| -> Vec<String> {
        let parts = recipe[key].as_array().unwrap();
        parts
            .iter()
            .filter(|p| key != "condition" || p.get("count").is_some())
            .map(|p| p[of].as_str().unwrap().to_owned())
            .collect()
    };
    let mut steps: Vec<String> = names("document", "file").iter().map(|f| format!("Ingesting {f}")).collect();
    steps.push("Finding the scale of every page".to_owned());
    steps.extend(names("condition", "name").iter().map(|n| format!("Counting {n}")));
    steps.push("Drawing the pages that were counted or measured on".to_owned());
    let said: Vec<&str> = lines.lines().filter(|l| steps.iter().any(|s| s == l)).collect();
    assert_eq!(said, steps, "{lines}");
}

fn pages(report: &Value, truth: &SetTruth) {
    let mut seen = 0;
    for document in &truth.documents {
        for page in &document.pages {
            let place = format!("{} page {}", document.id, page.page);
            let found = report_page(report, &document.id, page.page);
            assert_eq!(found["status"], "ready", "{place}");
            assert_eq!(
                (&found["width"], &found["height"]),
                (&page.width_px.into(), &page.height_px.into()),
                "{place}"
            );
            scale(&found["scale"], page, &place);
            seen += 1;
        }
    }
    assert_eq!(list(&report["pages"]).len(), seen);
}

fn report_page<'a>(report: &'a Value, document: &str, number: u32) -> &'a Value {
    let is = |p: &&Value| p["document"] == document && p["page"] == number;
    list(&report["pages"]).iter().find(is).unwrap_or_else(|| panic!("no {document} page {number}"))
}

fn scale(found: &Value, page: &PageTruth, place: &str) {
    match &page.scale {
        ScaleTruth::One { px_per_foot, ratio, in_text, .. } => {
            assert_eq!(found["calibrated"], true, "{place}: {found}");
            assert!((number(&found["pixels_per_foot"]) - px_per_foot).abs() < 1e-9, "{place}: {found}");
            assert!((number(&found["ratio"]) - ratio).abs() < 1e-6, "{place}: {found}");
            // What no text says comes from the recipe.
            assert_eq!(found["method"] == "manual_calibration", !in_text, "{place}: {found}");
            if *in_text {
                assert_eq!(number(&found["confidence"]), 0.90, "{place}: {found}");
            }
        }
        ScaleTruth::Several { viewports } => {
            let drawn: Vec<&str> =
                viewports.iter().filter(|v| v.ratio.is_some()).map(|v| v.notation.as_str()).collect();
            let candidates: Vec<&str> =
                list(&found["candidates"]).iter().map(|c| c.as_str().unwrap()).collect();
            for notation in drawn {
                assert!(
                    candidates.iter().any(|c| c.contains(notation)),
                    "{place}: {notation} of {candidates:?}"
                );
            }
            withheld(found, place);
        }
        ScaleTruth::None | ScaleTruth::NotToScale => withheld(found, place),
    }
}

fn withheld(found: &Value, place: &str) {
    assert_eq!((&found["calibrated"], &found["pixels_per_foot"]), (&false.into(), &Value::Null), "{place}");
    assert!(found["withheld"].as_str().is_some_and(|w| !w.is_empty()), "{place}: {found}");
}

/// `report.json`, `takeoff.csv`, the list of what was written and one picture for each page that was counted or measured
/// on, and no more.
fn files(out: &Path, report: &Value, truth: &SetTruth) {
    let mut pictures: BTreeMap<String, (String, u32)> = BTreeMap::new();
    for count in list(&report["conditions"]).iter().flat_map(|c| list(&c["counts"])) {
        let document = count["document"].as_str().unwrap();
        for page in list(&count["searched_pages"]).iter().map(|p| p.as_u64().unwrap() as u32) {
            pictures.insert(format!("{document}-page{page}.png"), (document.to_owned(), page));
        }
    }
    for measure in list(&report["conditions"]).iter().flat_map(|c| list(&c["measures"])) {
        let (document, page) =
            (measure["document"].as_str().unwrap(), measure["page"].as_u64().unwrap() as u32);
        pictures.insert(format!("{document}-page{page}.png"), (document.to_owned(), page));
    }
    assert!(pictures.len() >= 5, "{pictures:?}");
    let expected: BTreeSet<&str> =
        pictures.keys().map(String::as_str).chain([".takeoff-files", "report.json", "takeoff.csv"]).collect();
    let written: Vec<String> =
        std::fs::read_dir(out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(written.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    for (name, (document, page)) in &pictures {
        let picture = image::open(out.join(name)).unwrap_or_else(|e| panic!("{name}: {e}")).into_rgb8();
        let of = truth.documents.iter().find(|d| d.id == *document).unwrap();
        let size = of.pages.iter().find(|p| p.page == *page).map(|p| (p.width_px, p.height_px));
        let (width, height) = size.unwrap();
        // The strip that names the conditions is below the page, which stays where it is.
        assert_eq!(picture.width(), width, "{name}");
        assert!(picture.height() > height && picture.height() < height + 200, "{name}");
        let counts =
            list(&report["conditions"]).iter().flat_map(|c| list(&c["counts"]).iter().map(move |n| (c, n)));
        let here = counts
            .filter(|(_, n)| n["document"] == **document)
            .flat_map(|(c, n)| list(&n["detections"]).iter().map(move |d| (c, d)));
        for (condition, detection) in here.filter(|(_, d)| d["page"] == *page) {
            let color =
                if detection["counted"] == true { rgb(condition["color"].as_str().unwrap()) } else { GREY };
            let bbox = &detection["box"];
            // On the line that runs a little to the left of the symbol.
            let x = (number(&bbox["x"]) - 4.0).round() as u32 - 1;
            let y = (number(&bbox["y"]) + number(&bbox["h"]) / 2.0).round() as u32;
            let boxed = (y - DASH..=y + DASH).any(|y| picture.get_pixel(x, y).0 == color);
            assert!(boxed, "{name} has no box in {color:?} around {detection}");
        }
    }
    let csv = std::fs::read_to_string(out.join("takeoff.csv")).unwrap();
    let rows: Vec<&str> = csv.split_terminator("\r\n").collect();
    let conditions = list(&report["conditions"]);
    assert_eq!(rows.len(), conditions.len() + 2, "{csv}");
    let total = format!(",{},", report["cost"]["total_with_markup"].as_str().unwrap());
    assert!(rows.last().is_some_and(|r| r.starts_with("TOTAL,,,,,") && r.contains(&total)), "{csv}");
    for (row, condition) in rows[1..].iter().zip(conditions) {
        let quantity =
            format!(",{:.4},{},", number(&condition["quantity"]), condition["unit"].as_str().unwrap());
        let cost = format!(",{},", condition["cost"]["total_with_markup"].as_str().unwrap());
        assert!(row.contains(&quantity) && row.contains(&cost), "{row} has no {quantity} or no {cost}");
    }
}

/// `#RRGGBB` as bytes.
fn rgb(hex: &str) -> [u8; 3] {
    [1, 3, 5].map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
}

/// A given folder keeps the takeoff: a node that opens it shows the same project at the same cost.
async fn kept(data: &Path, report: &Value) {
    let node = Node::start(data);
    let client = node.client();
    let projects = client.get("/projects").await.expect(200);
    let [project] = &list(&projects)[..] else { panic!("{projects}") };
    assert_eq!(project["name"], report["project"]);
    assert_eq!(project["document_count"], list(&report["documents"]).len());
    let summary =
        client.get(&format!("/projects/{}/cost-summary", project["id"].as_str().unwrap())).await.expect(200);
    for sum in ["material_cost", "labor_cost", "total_cost", "total_with_markup"] {
        assert_eq!(summary[sum], report["cost"][sum], "{sum}");
    }
}

/// All quantities, so that one run shows every wrong one.
fn quantities(report: &Value, truth: &SetTruth) {
    let conditions = list(&report["conditions"]);
    assert_eq!(conditions.len(), truth.conditions.len());
    let mut wrong = Vec::new();
    for condition in conditions {
        let id = condition["condition"].as_str().unwrap();
        let expected = &truth.conditions[id];
        let found = number(&condition["quantity"]);
        let off = (found - expected.quantity).abs();
        let counted = condition["type"] == "count";
        let allowed = if counted { 0.0 } else { MEASURED + expected.quantity * MEASURED_PART };
        if off > allowed || condition["unit"] != expected.unit {
            wrong.push(format!(
                "{id}: {found} {}, truly {} {}",
                condition["unit"], expected.quantity, expected.unit
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A right number of wrong places is no count: every detection is a symbol of its own.
fn places(report: &Value, truth: &SetTruth, recipe: &toml::Table) {
    let mut wrong = Vec::new();
    for condition in list(&report["conditions"]) {
        let id = condition["condition"].as_str().unwrap();
        let part =
            recipe["condition"].as_array().unwrap().iter().find(|c| c["id"].as_str() == Some(id)).unwrap();
        for (n, count) in list(&condition["counts"]).iter().enumerate() {
            let document = truth.documents.iter().find(|d| count["document"] == *d.id).unwrap();
            let shown = numbers(&part["count"][n]["box"]);
            let kind = kind_in(&document.pages[count["page"].as_u64().unwrap() as usize - 1], &shown);
            let split = list(&count["pages"]);
            assert_eq!(
                split.iter().map(|p| &p["page"]).collect::<Vec<_>>(),
                list(&count["searched_pages"]).iter().collect::<Vec<_>>()
            );
            for (number, part) in list(&count["searched_pages"]).iter().zip(split) {
                let page = &document.pages[number.as_u64().unwrap() as usize - 1];
                let of_kind = || page.symbols.get(&kind).into_iter().flatten();
                assert_eq!(part["counted"], of_kind().filter(|i| i.counts()).count(), "{id}: {part}");
                assert_eq!(part["in_legend"], of_kind().filter(|i| i.in_legend).count(), "{id}: {part}");
                assert!(part["scale"].is_string(), "{id}: {part}");
                let detections = list(&count["detections"]).iter().filter(|d| d["page"] == *number);
                wrong.extend(
                    misplaced(page, &kind, detections)
                        .into_iter()
                        .map(|w| format!("{id}, page {number}: {w}")),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The kind of symbol that a box shows.
fn kind_in(page: &PageTruth, shown: &[f64]) -> String {
    let inside = |p: [f64; 2]| (0..2).all(|i| p[i] > shown[i] && p[i] < shown[i] + shown[i + 2]);
    let hit = page.symbols.iter().find(|(_, all)| all.iter().any(|i| i.counts() && inside(i.center)));
    hit.expect("the box shows a symbol").0.clone()
}

fn misplaced<'a>(page: &PageTruth, kind: &str, detections: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut open: Vec<_> = page.symbols.get(kind).into_iter().flatten().filter(|i| i.counts()).collect();
    let mut wrong = Vec::new();
    for detection in detections.filter(|d| d["in_legend"] == false) {
        let b = &detection["box"];
        let center = [number(&b["x"]) + number(&b["w"]) / 2.0, number(&b["y"]) + number(&b["h"]) / 2.0];
        let near = open.iter().position(|i| {
            let of = [i.area[0] + i.area[2] / 2.0, i.area[1] + i.area[3] / 2.0];
            (0..2).all(|side| (of[side] - center[side]).abs() < i.area[side + 2] * NEAR)
        });
        match near {
            Some(at) => drop(open.swap_remove(at)),
            None => wrong.push(format!("nothing stands at {center:?}")),
        }
    }
    wrong.extend(open.iter().map(|i| format!("the one at {:?} was not found", i.center)));
    wrong
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &toml::Value) -> Vec<f64> {
    let one = |v: &toml::Value| v.as_float().or(v.as_integer().map(|i| i as f64)).unwrap();
    value.as_array().unwrap().iter().map(one).collect()
}
