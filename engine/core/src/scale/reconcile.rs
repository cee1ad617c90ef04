//! From statements to a decision: one distinct scale is taken, anything else is withheld with a reason.

use super::detect::{Statement, Testimony};
use super::notation::{PLAUSIBLE_RATIOS, Standing};
use super::{ScaleCandidate, ScaleRecord};
use crate::found::{Finding, Found};
use crate::geom::PageSpace;
use crate::page::display::DisplayList;

/// Confidence of the one distinct scale of a page; at or above 0.85 a page calibrates itself.
const CONFIDENCE_ONE: f64 = 0.90;
/// Confidence of each of several scales: a person has to choose.
const CONFIDENCE_SEVERAL: f64 = 0.50;
/// Confidence of what only looks like a scale.
const CONFIDENCE_WEAK: f64 = 0.30;
/// Confidence in a statement that there is no scale, as far as the statement goes.
const CONFIDENCE_NOT_TO_SCALE: f64 = 0.90;
/// Paper sizes agree within this part of their length: trimming and driver margins.
const PAPER_TOLERANCE: f64 = 0.04;

pub(super) fn decide(testimony: Testimony, list: &DisplayList) -> Found<ScaleRecord> {
    let Testimony { mut statements, deferred, half_size, left_out, resized: _ } = testimony;
    let mut findings = Vec::new();
    if half_size {
        let implausible = double(&mut statements);
        findings.extend(unused(&implausible, "scale_implausible", |texts| {
            format!("doubled for the half-size print, no scale that drawings have: {texts}")
        }));
        findings.push(Finding::new(
            "scale_half_size",
            "the sheet says that it is printed at half size: ratios are doubled",
        ));
    }
    if left_out > 0 {
        findings.push(Finding::new(
            "scale_candidates_truncated",
            format!("{left_out} more scale notations of the page are not listed"),
        ));
    }
    let chosen = choose(&statements, deferred.as_deref(), list);
    findings.extend(not_used(&statements, chosen.as_ref().ok().map(|&i| statements[i].text.as_str())));
    let confidence = |s: &Statement| match (&chosen, s.ratio > 0.0) {
        (_, false) => CONFIDENCE_NOT_TO_SCALE,
        _ if !counts(s) => CONFIDENCE_WEAK,
        (Ok(_), _) => CONFIDENCE_ONE,
        (Err(_), _) => CONFIDENCE_SEVERAL,
    };
    let candidate = |s: &Statement| ScaleCandidate {
        text: s.text.clone(),
        ratio: s.ratio,
        px_per_foot: list.space.px_per_foot(s.ratio),
        confidence: confidence(s),
        method: s.method.to_owned(),
        bbox: s.bbox,
    };
    let candidates: Vec<ScaleCandidate> = statements.iter().map(candidate).collect();
    let best = chosen.as_ref().ok().and_then(|&i| candidates.get(i).cloned());
    let withheld = chosen.err();
    if let Some(reason) = &withheld {
        findings.push(Finding::new("scale_withheld", reason.clone()));
    }
    let needs_calibration = best.is_none();
    let record = ScaleRecord { candidates, best, needs_calibration, withheld, ..ScaleRecord::default() };
    Found::with(record, findings)
}

/// What the page states and the decision for `taken` leaves out.
fn not_used(statements: &[Statement], taken: Option<&str>) -> Vec<Finding> {
    let of =
        |which: fn(&Statement) -> bool| statements.iter().filter(|s| which(s)).cloned().collect::<Vec<_>>();
    let marked = unused(&of(|s| s.ratio == 0.0), "scale_not_to_scale", |texts| match taken {
        Some(taken) => format!(
            "the page states {taken} and also that it, or parts of it, are not to scale: {texts}; {taken} is taken, \
             and nothing that is so marked can be measured by it"
        ),
        None => format!("parts of the page are marked as not to scale: {texts}"),
    });
    let samples = unused(&of(|s| s.ratio > 0.0 && s.sample), "scale_in_legend", |texts| {
        format!("not used, because it stands in a legend: {texts}")
    });
    let weak = unused(&of(|s| s.ratio > 0.0 && !s.sample && !counts(s)), "scale_unlabelled", |texts| {
        format!("not used, because nothing says that it is the page's scale: {texts}")
    });
    [marked, samples, weak].into_iter().flatten().collect()
}

/// Texts that one sentence names; it says how many more there are.
const NAMED: usize = 4;

/// A finding over statements, each text once; none where there are none.
fn unused(statements: &[Statement], code: &str, say: impl Fn(&str) -> String) -> Option<Finding> {
    let mut texts: Vec<&str> = Vec::new();
    for s in statements {
        if !texts.contains(&s.text.as_str()) {
            texts.push(&s.text);
        }
    }
    (!texts.is_empty()).then(|| Finding::new(code, say(&named(&texts))))
}

/// The first few of some texts, and how many more there are.
fn named(texts: &[&str]) -> String {
    let first = texts.iter().take(NAMED).copied().collect::<Vec<_>>().join("; ");
    match texts.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first}; and {more} more"),
    }
}

/// Why a sheet whose scale is said to stand elsewhere has none: what its details state, in how many places
/// and how many different scales that is.
fn elsewhere(words: &str, statements: &[Statement], places: usize, distinct: usize) -> String {
    let scales = match distinct {
        0 => "none of its details states one".to_owned(),
        1 => format!("its details state 1 scale in {}", counted(places, "place")),
        n => format!("its details state {n} different scales in {places} places"),
    };
    let unscaled = match statements.iter().filter(|s| s.ratio == 0.0).count() {
        0 => String::new(),
        1 => ", 1 is marked as not to scale".to_owned(),
        n => format!(", {n} are marked as not to scale"),
    };
    format!("the sheet's scale is given as \"{words}\"; {scales}{unscaled}")
}

/// A half-size print shows twice the real length per inch; what leaves the plausible range goes and is
/// returned.
fn double(statements: &mut Vec<Statement>) -> Vec<Statement> {
    for s in statements.iter_mut().filter(|s| !s.halved) {
        s.ratio *= 2.0;
        s.halved = true;
    }
    let plausible = |s: &Statement| s.ratio == 0.0 || PLAUSIBLE_RATIOS.contains(&s.ratio);
    let (kept, gone) = std::mem::take(statements).into_iter().partition(plausible);
    *statements = kept;
    gone
}

/// Whether a statement alone may decide.
fn counts(s: &Statement) -> bool {
    s.ratio > 0.0 && s.standing > Standing::Weak && !s.sample
}

/// The statement to take, or why none is taken.
fn choose(statements: &[Statement], deferred: Option<&str>, list: &DisplayList) -> Result<usize, String> {
    let strong: Vec<usize> = (0..statements.len()).filter(|&i| counts(&statements[i])).collect();
    let mut distinct: Vec<f64> = Vec::new();
    for &i in &strong {
        let ratio = statements[i].ratio;
        if !distinct.iter().any(|d| (d - ratio).abs() <= 1e-6 * ratio) {
            distinct.push(ratio);
        }
    }
    if let Some(words) = deferred {
        return Err(elsewhere(words, statements, strong.len(), distinct.len()));
    }
    if distinct.len() > 1 {
        let first = |d: &f64| strong.iter().map(|&i| &statements[i]).find(|s| s.ratio == *d);
        let texts: Vec<&str> = distinct.iter().filter_map(first).map(|s| s.text.as_str()).collect();
        return Err(format!("the page states {} different scales: {}", distinct.len(), named(&texts)));
    }
    let Some(&first) = strong.iter().max_by_key(|&&i| (statements[i].standing, std::cmp::Reverse(i))) else {
        return Err(nothing_strong(statements, list));
    };
    if list.space.dpi.is_none() {
        return Err(format!(
            "the page states {} but the picture's resolution is not known, so pixels per foot are not",
            statements[first].text
        ));
    }
    match strong.iter().find_map(|&i| other_paper(&statements[i], &list.space)) {
        Some(reason) => Err(reason),
        None => Ok(first),
    }
}

fn nothing_strong(statements: &[Statement], list: &DisplayList) -> String {
    if let Some(s) = statements.iter().find(|s| s.ratio > 0.0 && s.sample) {
        return format!("the only scale of the page, {}, stands in a legend", s.text);
    }
    if let Some(s) = statements.iter().find(|s| s.ratio > 0.0) {
        return format!("{} stands on the page, but nothing says that it is its scale", s.text);
    }
    if !statements.is_empty() {
        return "the page is marked as not to scale".to_owned();
    }
    if list.words.is_empty() {
        return "the page has no text to read a scale from".to_owned();
    }
    "no scale is stated in the page's text".to_owned()
}

fn counted(n: usize, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}

/// Why a scale that names its paper does not hold on this page.
fn other_paper(s: &Statement, space: &PageSpace) -> Option<String> {
    let name = s.paper.as_deref()?;
    if is_on_paper(name, space)? {
        return None;
    }
    let (w, h) = inches(space)?;
    Some(format!("{} holds for {name} paper, but this page measures {w:.1} x {h:.1} in", s.text))
}

/// Whether a page is a sheet of `A1` or `24X36`; `None` for another name and for a page of unknown size.
pub(super) fn is_on_paper(name: &str, space: &PageSpace) -> Option<bool> {
    let (short, long) = paper_inches(name)?;
    let (w, h) = inches(space)?;
    let agrees = |a: f64, b: f64| (a - b).abs() <= PAPER_TOLERANCE * b;
    Some(agrees(w.min(h), short) && agrees(w.max(h), long))
}

/// Width and height of the page's paper.
fn inches(space: &PageSpace) -> Option<(f64, f64)> {
    let dpi = space.dpi?;
    Some((f64::from(space.width_px) / dpi, f64::from(space.height_px) / dpi))
}

/// Short and long side in inches of `A1` or `24X36`.
fn paper_inches(name: &str) -> Option<(f64, f64)> {
    // ISO 216, millimetres.
    const A_MM: [(f64, f64); 5] =
        [(841.0, 1189.0), (594.0, 841.0), (420.0, 594.0), (297.0, 420.0), (210.0, 297.0)];
    if let Some(n) = name.strip_prefix('A') {
        let (short, long) = *A_MM.get(n.parse::<usize>().ok()?)?;
        return Some((short / 25.4, long / 25.4));
    }
    let (a, b) = name.split_once('X')?;
    let (a, b): (f64, f64) = (a.parse().ok()?, b.parse().ok()?);
    Some((a.min(b), a.max(b)))
}
