//! What is suggested on a sheet, against the kinds that were drawn on it.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context as _;
use serde_json::json;
use takeoff_benches::inputs::{display_list, opened};
use takeoff_benches::machine::{Machine, thread_cpu_seconds};
use takeoff_benches::stats::quantile;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, PageIndex, Suggestion, Suggestions, suggest};
use takeoff_core::geom::PxRect;
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::request::ParseLimits;
use takeoff_samples::{Habit, Instance};

use crate::Suggest;
use crate::curve::share;
use crate::scan::Scan;
use crate::sheets::Drawing;
use crate::tally::Truth;

/// Suggestions that a person looks at.
const FIRST: usize = 20;
/// Instances that make a kind one that must be among them.
const ENOUGH: usize = 3;
/// A suggestion is of a kind when its box overlaps one of the kind's by this much, over their union.
const SAME: f64 = 0.35;
const SCHEMA: &str = "takeoff-suggestions/1";
/// Deviation of a scanned pixel's brightness, of 255.
const NOISE: f64 = 6.0;

/// What one sheet gave.
struct Sheet {
    /// Kinds that repeat, and those of them that are among the first suggestions.
    kinds: usize,
    found: usize,
    missed: Vec<String>,
    /// Of the first suggestions: all, and those that are of no kind.
    shown: usize,
    nothing: usize,
    complete: bool,
    ms: f64,
}

pub(crate) fn run(asked: &Suggest, out: &mut impl Write) -> anyhow::Result<()> {
    if let Some(file) = &asked.file {
        let pdf = std::fs::read(file).with_context(|| file.display().to_string())?;
        let index = asked.page.checked_sub(1).context("the first page is 1")?;
        let list = opened(pdf)?.walk_page(index, &ParseLimits::default(), &Budget::unlimited())?.list;
        let (suggestions, ms) = timed(&list, asked)?;
        list_all(&suggestions, &Truth::new(), out)?;
        writeln!(out, "{ms:.0} ms of CPU, complete: {}", suggestions.complete)?;
        return Ok(());
    }
    let mut sheets = Vec::new();
    for (name, drawing) in drawings(asked)? {
        for seed in asked.seed..asked.seed + asked.sheets {
            sheets.push(sheet(&format!("{name} {seed}"), drawing, seed, asked, out)?);
        }
    }
    let sum = |of: fn(&Sheet) -> usize| sheets.iter().map(of).sum::<usize>();
    let (kinds, found) = (sum(|s| s.kinds), sum(|s| s.found));
    let (shown, nothing) = (sum(|s| s.shown), sum(|s| s.nothing));
    let mut ms: Vec<f64> = sheets.iter().map(|s| s.ms).collect();
    ms.sort_by(f64::total_cmp);
    let complete = sheets.iter().filter(|s| s.complete).count();
    let mut missed: BTreeMap<&str, usize> = BTreeMap::new();
    sheets.iter().flat_map(|s| &s.missed).for_each(|kind| *missed.entry(kind).or_default() += 1);
    writeln!(out, "sheets {}, complete {complete}", sheets.len())?;
    writeln!(
        out,
        "kinds of {ENOUGH} and more: {kinds}, among the first {FIRST}: {found} ({:.3})",
        share(found, kinds)
    )?;
    writeln!(out, "first {FIRST}: {shown} suggestions, {nothing} of no kind ({:.3})", share(nothing, shown))?;
    writeln!(out, "ms of CPU: median {:.0}, max {:.0}", quantile(&ms, 0.5), quantile(&ms, 1.0))?;
    writeln!(out, "missed: {missed:?}")?;
    if let Some(file) = &asked.out {
        let mut report = crate::head(SCHEMA, asked.seed, Machine::here())?;
        let figures = json!({
            "sheets": sheets.len(), "complete": complete,
            "kinds": kinds, "among_the_first": found, "recall": share(found, kinds), "first": FIRST,
            "shown": shown, "of_no_kind": nothing, "missed": missed,
            "cpu_ms": {"median": quantile(&ms, 0.5), "max": quantile(&ms, 1.0)},
        });
        report.insert("suggestions".to_owned(), figures);
        crate::write(file, &report.into())?;
    }
    Ok(())
}

fn drawings(asked: &Suggest) -> anyhow::Result<Vec<(String, Drawing)>> {
    if let Some(paths) = asked.paths {
        return Ok(vec![(format!("{paths} paths"), Drawing::Large(paths))]);
    }
    let all = || Habit::NAMES.iter().map(|n| (*n).to_owned()).collect();
    let names: Vec<String> = if asked.habits.is_empty() { all() } else { asked.habits.clone() };
    let drawing = |name: String| {
        let habit = Habit::named(&name).with_context(|| format!("there is no habit named {name}"))?;
        Ok((name, Drawing::Plan(habit)))
    };
    names.into_iter().map(drawing).collect()
}

/// What is suggested, and in how many milliseconds of one core once the page is indexed.
fn timed(list: &DisplayList, asked: &Suggest) -> anyhow::Result<(Suggestions, f64)> {
    let index = PageIndex::build(list, &Budget::unlimited())?;
    let params = CountParams { scale_tolerance: asked.scale_tolerance, ..CountParams::default() };
    let before = thread_cpu_seconds();
    let found = suggest(&index, &params, &Budget::unlimited()).value;
    Ok((found, (thread_cpu_seconds() - before) * 1_000.0))
}

fn sheet(
    name: &str,
    drawing: Drawing,
    seed: u64,
    asked: &Suggest,
    out: &mut impl Write,
) -> anyhow::Result<Sheet> {
    let (pdf, page) = drawing.draw(seed);
    let size = [page.width_px, page.height_px];
    let mut truth = page.symbols;
    let list = match asked.scan {
        Some(dpi) => {
            let scanned = Scan { dpi, noise: NOISE, skewed: true }.of(pdf, size, seed)?;
            truth.values_mut().flatten().for_each(|i| *i = scanned.place(i));
            scanned.list
        }
        None => display_list(pdf).with_context(|| name.to_owned())?,
    };
    let (suggestions, ms) = timed(&list, asked)?;
    let first = &suggestions.list[..suggestions.list.len().min(FIRST)];
    let repeated: Vec<&String> = truth
        .iter()
        .filter(|(_, all)| all.iter().filter(|i| i.counts()).count() >= ENOUGH)
        .map(|(k, _)| k)
        .collect();
    let among = |kind: &str| first.iter().any(|s| kind_of(s, &truth).contains(&kind));
    let missed: Vec<String> = repeated.iter().filter(|k| !among(k)).map(|k| (*k).clone()).collect();
    let nothing = first.iter().filter(|s| kind_of(s, &truth).is_empty()).count();
    if asked.verbose {
        writeln!(out, "{name}: {ms:.0} ms of CPU, complete {}, missed {missed:?}", suggestions.complete)?;
        list_all(&suggestions, &truth, out)?;
    }
    Ok(Sheet {
        kinds: repeated.len(),
        found: repeated.len() - missed.len(),
        missed,
        shown: first.len(),
        nothing,
        complete: suggestions.complete,
        ms,
    })
}

fn list_all(suggestions: &Suggestions, truth: &Truth, out: &mut impl Write) -> anyhow::Result<()> {
    for (n, s) in suggestions.list.iter().enumerate() {
        let b = s.bbox;
        let kinds = kind_of(s, truth).join(" or ");
        let drawn: Vec<usize> =
            kind_of(s, truth).iter().map(|k| truth[*k].iter().filter(|i| i.counts()).count()).collect();
        writeln!(
            out,
            "{:>4} {:>4} x  {:.0},{:.0},{:.0},{:.0}  {}  legend {}  {:?} {:?}  {kinds} {drawn:?}",
            n + 1,
            s.count,
            b.x,
            b.y,
            b.w,
            b.h,
            s.confidence.map_or("uncounted".to_owned(), |c| format!("{:.2} {:.2}", c.least, c.mean)),
            s.in_legend,
            s.label,
            s.words
        )?;
    }
    Ok(())
}

/// Kinds one of whose instances stands in the suggestion's box.
fn kind_of<'t>(s: &Suggestion, truth: &'t Truth) -> Vec<&'t str> {
    let here = |i: &Instance| {
        let [x, y, w, h] = i.area;
        PxRect::new(x, y, w, h).iou(&s.bbox) >= SAME
    };
    truth.iter().filter(|(_, all)| all.iter().any(here)).map(|(k, _)| k.as_str()).collect()
}
