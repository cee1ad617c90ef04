//! What comes of boxes that are not drawn around one whole symbol: parts of symbols, boxes beside them or too small.
//! A count may be wrong then, but must not be wrong without a word; and boxes that are right must not be doubted.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use takeoff_benches::inputs::opened;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountOutcome, CountParams, Exemplar, PageIndex, find};
use takeoff_core::geom::PxRect;
use takeoff_core::page::request::ParseLimits;
use takeoff_samples::{Instance, PageTruth, SetTruth};

use crate::Boxes;

/// More than any page holds.
const MAX_DETECTIONS: usize = 5_000;
/// Margins of boxes that are right, pixels.
const MARGINS: [f64; 3] = [0.0, 3.0, 5.0];
/// A part's share of the box that it is a part of.
const PART: std::ops::Range<f64> = 0.4..0.75;
/// How far a box is off the symbol, shares of its sides.
const OFF: std::ops::Range<f64> = 0.06..0.3;
/// A detection is an instance when its middle is within the instance's box: shares of its sides about its middle.
const SAME_PLACE: f64 = 0.5;

/// Near misses from here on are pointed at, and matches up to here called unsure.
const CLOSE: f64 = 0.7;
const SURE: f64 = 0.9;
/// How far the symbol may be from where it was boxed, as the sessions' notes have it: pixels, and share of the box.
const MOVED_PX: f64 = 5.0;
const MOVED_SHARE: f64 = 0.25;

/// What a count with a box came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Right,
    /// Right, and yet doubted.
    RightTold,
    /// The box was no exemplar.
    Refused,
    WrongTold,
    /// Wrong, and nothing said so.
    Silent,
}

/// A box and what came of it.
pub(crate) struct Asked {
    pub name: String,
    pub end: End,
    pub text: String,
}

impl Asked {
    fn is_right_box(&self) -> bool {
        self.name.ends_with("px")
    }
}

/// Boxes by what was done to them, around one instance.
fn wrong_boxes([x, y, w, h]: [f64; 4], rng: &mut StdRng) -> Vec<(&'static str, PxRect)> {
    let mut boxes = Vec::new();
    // Halves as a person draws them, a little around the symbol.
    let (gx, gy, gw, gh) = (x - 3.0, y - 3.0, w + 6.0, h + 6.0);
    let part = |share: f64, side: usize| match side {
        0 => PxRect::new(gx, gy, gw, gh * share),
        1 => PxRect::new(gx, gy + gh * (1.0 - share), gw, gh * share),
        2 => PxRect::new(gx, gy, gw * share, gh),
        _ => PxRect::new(gx + gw * (1.0 - share), gy, gw * share, gh),
    };
    for (side, name) in ["top", "bottom", "left", "right"].into_iter().enumerate() {
        boxes.push((name, part(0.5, side)));
        boxes.push((name, part(rng.random_range(PART), side)));
    }
    let mut off = || rng.random_range(OFF) * if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    boxes.push(("off", PxRect::new(x + w * off(), y + h * off(), w, h)));
    let quarter = (off(), off());
    let (qx, qy) =
        (if quarter.0 > 0.0 { gx } else { gx + gw / 2.0 }, if quarter.1 > 0.0 { gy } else { gy + gh / 2.0 });
    boxes.push(("quarter", PxRect::new(qx, qy, gw / 2.0, gh / 2.0)));
    let (dx, dy) = (w * off().abs() / 2.0, h * off().abs() / 2.0);
    boxes.push(("small", PxRect::new(x + dx, y + dy, w - 2.0 * dx, h - 2.0 * dy)));
    boxes
}

/// How a count with this box ends.
pub(crate) fn ask(page: &PageIndex, drawn: PxRect, all: &[&Instance]) -> (End, String) {
    let budget = Budget::unlimited();
    let exemplar = match Exemplar::cut(page, drawn, &budget) {
        Ok(exemplar) => exemplar,
        Err(e) => return (End::Refused, e.to_string()),
    };
    let params = CountParams { max_detections: MAX_DETECTIONS, ..CountParams::default() };
    let outcome = find(page, &exemplar, &params, &budget).value;
    let found: Vec<_> = outcome.detections.iter().filter(|d| d.apart.is_none()).collect();
    let hit = |i: &&&Instance| {
        let [_, _, w, h] = i.area;
        let off = |x: f64, y: f64| {
            (x - i.center[0]).abs() <= w * SAME_PLACE && (y - i.center[1]).abs() <= h * SAME_PLACE
        };
        found.iter().filter(|d| off(d.center.x, d.center.y)).count() == 1
    };
    let right = found.len() == all.len() && all.iter().filter(hit).count() == all.len();
    let told = told(&outcome, &drawn);
    let end = match (right, told.is_empty()) {
        (true, true) => End::Right,
        (true, false) => End::RightTold,
        (false, false) => End::WrongTold,
        (false, true) => End::Silent,
    };
    let b = drawn;
    (
        end,
        format!(
            "{} of {} [{:.1},{:.1},{:.1},{:.1}] {}",
            found.len(),
            all.len(),
            b.x,
            b.y,
            b.w,
            b.h,
            told.join(" ")
        ),
    )
}

/// What the outcome says against itself.
fn told(outcome: &CountOutcome, drawn: &PxRect) -> Vec<String> {
    let variants = outcome.detections.iter().filter(|d| d.variant).count();
    let others = outcome.detections.iter().filter(|d| !d.is_exemplar).count();
    let moved = outcome.detections.iter().any(|d| d.is_exemplar && is_moved(drawn, &d.bbox));
    let close = outcome.near_misses.iter().filter(|d| d.likeness >= CLOSE).count();
    let unsure = outcome.detections.iter().filter(|d| d.confidence < SURE).count();
    let said = [
        ("variants", variants),
        ("lack", outcome.lacking_a_part),
        ("partly", outcome.partly.len()),
        ("moved", usize::from(moved)),
        ("trimmed", usize::from(outcome.trimmed.is_some())),
        ("alone", usize::from(others == 0)),
        ("lettering", outcome.other_lettering.len()),
        ("close", close),
        ("unsure", unsure),
        ("cut", outcome.cut),
    ];
    said.into_iter().filter(|s| s.1 > 0).map(|(what, n)| format!("{what}={n}")).collect()
}

fn is_moved(drawn: &PxRect, symbol: &PxRect) -> bool {
    let axes = [(drawn.x, drawn.w, symbol.x, symbol.w), (drawn.y, drawn.h, symbol.y, symbol.h)];
    axes.into_iter().any(|(at, side, symbol_at, symbol_side)| {
        let (before, after) = (symbol_at - at, at + side - (symbol_at + symbol_side));
        let least = before.min(after);
        let inside = before.max(after) > (side * MOVED_SHARE).max(2.0 * MOVED_PX);
        ((before - after) / 2.0).abs() > MOVED_PX || least < -MOVED_PX || inside
    })
}

pub(crate) fn run(asked: &Boxes, out: &mut impl Write) -> anyhow::Result<()> {
    let all = sweep(asked)?;
    let mut ends: BTreeMap<(bool, End), usize> = BTreeMap::new();
    for one in &all {
        let right = one.is_right_box();
        *ends.entry((right, one.end)).or_default() += 1;
        if asked.verbose || one.end == End::Silent || (right && one.end != End::Right) {
            writeln!(out, "{:?} {} {}", one.end, one.name, one.text)?;
        }
    }
    for ((right, end), n) in &ends {
        writeln!(out, "{:<12} {end:?} {n}", if *right { "right boxes" } else { "other boxes" })?;
    }
    if let Some(file) = &asked.out {
        let rows: Vec<_> = all
            .iter()
            .map(|a| json!({"box": a.name, "end": format!("{:?}", a.end), "text": a.text}))
            .collect();
        crate::write(file, &rows.into())?;
    }
    Ok(())
}

/// Every box of a set and what came of it.
fn sweep(asked: &Boxes) -> anyhow::Result<Vec<Asked>> {
    let truth =
        std::fs::read(asked.set.join("truth.json")).with_context(|| asked.set.display().to_string())?;
    let truth: SetTruth = serde_json::from_slice(&truth)?;
    let mut all = Vec::new();
    for document in &truth.documents {
        for page in document.pages.iter().filter(|p| !p.symbols.is_empty()) {
            let index = index(&asked.set.join(&document.file), page.page - 1)?;
            let name = format!("{}-{}", document.id, page.page);
            all.extend(page_boxes(&name, &index, page, asked));
        }
    }
    Ok(all)
}

fn index(file: &Path, page: u32) -> anyhow::Result<PageIndex> {
    let pdf = std::fs::read(file).with_context(|| file.display().to_string())?;
    let list = opened(pdf)?.walk_page(page, &ParseLimits::default(), &Budget::unlimited())?.list;
    Ok(PageIndex::build(&list, &Budget::unlimited())?)
}

fn page_boxes(name: &str, index: &PageIndex, page: &PageTruth, asked: &Boxes) -> Vec<Asked> {
    let mut all = Vec::new();
    for (kind, drawn) in page.symbols.iter().filter(|k| asked.kinds.is_empty() || asked.kinds.contains(k.0)) {
        let there: Vec<&Instance> = drawn.iter().filter(|i| !i.in_legend).collect();
        let mut rng = StdRng::seed_from_u64(asked.seed + u64::from(page.page) * 1000 + kind.len() as u64);
        if there.len() < 2 {
            continue;
        }
        if !asked.only_right {
            for n in 0..asked.instances {
                let one = there[rng.random_range(0..there.len())];
                let there: Vec<&Instance> =
                    there.iter().filter(|i| i.status == one.status).copied().collect();
                for (what, drawn) in wrong_boxes(one.area, &mut rng) {
                    let (end, text) = ask(index, drawn, &there);
                    all.push(Asked { name: format!("{name}-{kind}-{n}-{what}"), end, text });
                }
            }
        }
        if !asked.only_wrong {
            for (n, one) in there.iter().enumerate().step_by(asked.step.max(1)) {
                let [x, y, w, h] = one.area;
                let there: Vec<&Instance> =
                    there.iter().filter(|i| i.status == one.status).copied().collect();
                for m in MARGINS {
                    let drawn = PxRect::new(x - m, y - m, w + 2.0 * m, h + 2.0 * m);
                    let (end, text) = ask(index, drawn, &there);
                    all.push(Asked { name: format!("{name}-{kind}-{n}-{m}px"), end, text });
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Boxes {
        Boxes {
            set: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/school"),
            seed: 1,
            instances: 1,
            step: 17,
            kinds: Vec::new(),
            only_right: false,
            only_wrong: false,
            verbose: false,
            out: None,
        }
    }

    /// The one that is known: a half of a lamp whose circle ends exactly at its edge.
    const SILENT: [&str; 1] = ["site-1-light_pole-0-bottom"];

    #[test]
    fn a_wrong_box_is_not_counted_wrong_without_a_word() {
        let all = sweep(&asked()).unwrap();
        let (right, wrong): (Vec<&Asked>, Vec<&Asked>) = all.iter().partition(|a| a.is_right_box());
        assert!(wrong.len() > 400 && right.len() > 100, "{} {}", wrong.len(), right.len());
        let silent: Vec<&str> =
            all.iter().filter(|a| a.end == End::Silent).map(|a| a.name.as_str()).collect();
        assert_eq!(silent, SILENT);
        let doubted: Vec<&str> =
            right.iter().filter(|a| a.text.contains("cut=")).map(|a| a.text.as_str()).collect();
        assert!(doubted.is_empty(), "{doubted:?}");
    }
}
