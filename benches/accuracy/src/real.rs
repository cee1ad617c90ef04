//! Real drawings, found through `TAKEOFF_CORPUS`: a finish plan whose water closets are known, and a raster plan
//! of chargers with boxes around each.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use image::ImageReader;
use serde_json::{Value, json};
use takeoff_benches::inputs::opened;
use takeoff_config::environment::Variables;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountOutcome, CountParams, Exemplar, PageIndex, find};
use takeoff_core::geom::{PageSpace, PxRect};
use takeoff_core::page::request::ParseLimits;
use takeoff_core::trace::{Gray, trace};

use crate::curve::Judged;
use crate::suite::figures;

const FINISH_PLAN: &str = "plans/opentakeoff/sample-finish-plan.pdf";
/// One of its new water closets: left, bottom, right, top in points of the page.
const WATER_CLOSET: [f64; 4] = [1906.9, 826.0, 1921.9, 847.7];
const WATER_CLOSETS: usize = 15;
/// The existing ones are west of this, page pixels.
const NEW_WORK_FROM_X: f64 = 2_600.0;

const CHARGERS: &str = "plans/ev-blueprint/E003";
const CHARGER: &str = "0";
/// The exemplar: one charger with its share of the wall, page pixels. The boxes of the truth are several times
/// larger than what they hold.
const CHOSEN: [f64; 4] = [6_388.0, 1_105.0, 44.0, 20.0];

/// Folder of the real drawings.
pub(crate) fn corpus() -> Option<PathBuf> {
    Variables::of_process().get("TAKEOFF_CORPUS").map(PathBuf::from)
}

pub(crate) fn run(corpus: &Path, folder: &Path) -> anyhow::Result<Value> {
    Ok(json!({
        "suite": "real",
        "what": "new water closets of a finish plan; chargers of a scanned parking level",
        "finish_plan": finish_plan(corpus)?,
        "chargers": chargers(corpus, folder)?,
    }))
}

fn finish_plan(corpus: &Path) -> anyhow::Result<Value> {
    let file = corpus.join(FINISH_PLAN);
    let pdf = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let list = opened(pdf)?.walk_page(0, &ParseLimits::default(), &Budget::unlimited())?.list;
    let (scale, height) = (list.space.px_per_unit, f64::from(list.space.height_px));
    let [left, bottom, right, top] = WATER_CLOSET;
    let area =
        PxRect::new(left * scale, height - top * scale, (right - left) * scale, (top - bottom) * scale);
    let outcome = counted(&PageIndex::build(&list, &Budget::unlimited())?, area)?;
    let found = outcome.detections.len();
    let existing = outcome.detections.iter().filter(|d| d.center.x < NEW_WORK_FROM_X).count();
    let right = found - existing;
    Ok(json!({
        "found": found, "existing_among_them": existing, "near_misses": outcome.near_misses.len(),
        "goals": [{
            "figure": "new water closets found, and nothing else",
            "value": right, "exactly": WATER_CLOSETS, "met": right == WATER_CLOSETS && existing == 0,
        }],
    }))
}

fn chargers(corpus: &Path, folder: &Path) -> anyhow::Result<Value> {
    let file = corpus.join(CHARGERS).with_extension("png");
    let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.no_limits();
    let picture = reader.decode()?.into_luma8();
    let (w, h) = picture.dimensions();
    let truth = std::fs::read_to_string(file.with_extension("txt"))?;
    let boxes = boxes(&truth, [f64::from(w), f64::from(h)])?;
    let gray = Gray::new(w as usize, h as usize, picture.as_raw()).context("the picture is empty")?;
    let budget = Budget::unlimited();
    let list = trace(&gray, &PageSpace::of_raster(w, h, None), &budget)?;
    let index = PageIndex::build(&list, &budget)?;
    let [x, y, width, height] = CHOSEN;
    let area = PxRect::new(x, y, width, height);
    let outcome = match counted(&index, area) {
        Ok(outcome) => outcome,
        Err(e) => return Ok(json!({"instances": boxes.len(), "refused": e.to_string()})),
    };
    // A hit is a middle inside a box that has none yet.
    let mut free = vec![true; boxes.len()];
    let all = outcome.detections.iter().filter(|d| d.apart.is_none()).chain(&outcome.near_misses);
    let judged: Vec<Judged> = all
        .map(|d| {
            let inside = |b: &PxRect| {
                (b.x..=b.x + b.w).contains(&d.center.x) && (b.y..=b.y + b.h).contains(&d.center.y)
            };
            let hit = (0..boxes.len()).find(|&i| free[i] && inside(&boxes[i]));
            hit.into_iter().for_each(|i| free[i] = false);
            Judged { confidence: d.confidence, right: hit.is_some() }
        })
        .collect();
    let mut value = figures("real-chargers", &judged, boxes.len(), None, folder)?;
    value["never_found"] = free.iter().filter(|f| **f).count().into();
    Ok(value)
}

/// Boxes of the chargers in pixels: a line a box of class, middle and size in shares of the picture.
fn boxes(truth: &str, [width, height]: [f64; 2]) -> anyhow::Result<Vec<PxRect>> {
    let mut all = Vec::new();
    for line in truth.lines() {
        let mut words = line.split_ascii_whitespace();
        if words.next() != Some(CHARGER) {
            continue;
        }
        let numbers = words.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        ensure!(numbers.len() == 4, "no box: {line}");
        let (w, h) = (numbers[2] * width, numbers[3] * height);
        all.push(PxRect::new(numbers[0] * width - w / 2.0, numbers[1] * height - h / 2.0, w, h));
    }
    Ok(all)
}

fn counted(index: &PageIndex, area: PxRect) -> anyhow::Result<CountOutcome> {
    let budget = Budget::unlimited();
    let exemplar = Exemplar::cut(index, area, &budget)?;
    Ok(find(index, &exemplar, &CountParams::default(), &budget).value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_truth_is_a_box_around_its_middle() {
        let boxes = boxes("0 0.5 0.25 0.1 0.1\n2 0.1 0.1 0.1 0.1\n", [1000.0, 800.0]).unwrap();
        assert_eq!(boxes, [PxRect::new(450.0, 160.0, 100.0, 80.0)]);
        assert!(super::boxes("0 0.5 0.25 0.1", [1.0, 1.0]).is_err());
    }
}
