//! A page's scale from what its witnesses say.

use super::band::RatioText;
use super::hedge::Doubt;
use super::named_sheet::SheetPaper;
use super::notation::Standing;
use super::text::TextWitness;
use super::{Reservation, ScaleRecord, paper, print, reconcile};
use crate::found::{Finding, Found};
use crate::geom::{ListUnit, PageSpace, PxRect};
use crate::page::display::DisplayList;

/// One scale that a witness has seen stated on the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// As written.
    pub(super) text: String,
    /// Real inches per drawing inch; 0 for NTS.
    pub(super) ratio: f64,
    pub(super) standing: Standing,
    /// Why it is no scale of the sheet's drawing all the same.
    pub(super) doubt: Option<Doubt>,
    /// Nothing near it says whose it is: neither a word, nor a caption, nor a title.
    pub(super) lone: bool,
    /// Stands in a legend, as a sample of how scales are written.
    pub(super) sample: bool,
    /// The ratio is already doubled for a half-size note in its own line.
    pub(super) halved: bool,
    /// The paper it holds for, where it names one.
    pub(super) paper: Option<String>,
    /// It holds for prints on another paper, beside one that holds for this page's. Known when all are read.
    pub(super) other_print: bool,
    /// The part of a plan that it is the scale of, by the title before it or above: a detail, a section.
    pub(super) part: Option<String>,
    /// It is said to be that of what runs across, as of a profile.
    pub(super) across: bool,
    pub(super) bbox: Option<PxRect>,
    /// `scale_detection_method` of the contract.
    pub(super) method: &'static str,
}

/// Everything one witness says of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Testimony {
    pub(super) statements: Vec<Statement>,
    /// The sheet's own scale is said to stand elsewhere: the words that say so.
    pub(super) deferred: Option<String>,
    /// The sheet says that it is a half-size print.
    pub(super) half_size: bool,
    /// The sheet speaks of half-size prints without saying that it is one: the words.
    pub(super) half_sizes: Option<String>,
    /// The sheet says that it was reduced or enlarged by a share: the words.
    pub(super) resized: Option<String>,
    /// The sheet says that it was reduced, and not by how much: the words.
    pub(super) reduced: Option<String>,
    /// The title of a plan that no scale stands at.
    pub(super) unscaled_plan: Option<String>,
    /// Titles of views stand on the page, besides those of what is beside a drawing.
    pub(super) other_views: bool,
    /// A scale of which a number could not be read, as it reads without it.
    pub(super) unread: Option<String>,
    /// Papers that the sheet says it is made for.
    pub(super) sheets: Vec<SheetPaper>,
    /// Statements left out because there were too many.
    pub(super) left_out: usize,
}

/// Something on a page that can tell its scale: text, a scale bar, a dimension string.
pub(super) trait Witness {
    fn testify(&self, list: &DisplayList) -> Testimony;
}

/// The scale of a page: the one distinct scale that its witnesses state, or none and why. There is
/// never a default.
pub fn detect(list: &DisplayList) -> Found<ScaleRecord> {
    let witnesses: [&dyn Witness; 1] = [&TextWitness];
    let mut all = Testimony::default();
    for witness in witnesses {
        let said = witness.testify(list);
        all.statements.extend(said.statements);
        all.deferred = all.deferred.or(said.deferred);
        all.half_size |= said.half_size;
        all.half_sizes = all.half_sizes.or(said.half_sizes);
        all.resized = all.resized.or(said.resized);
        all.reduced = all.reduced.or(said.reduced);
        all.unscaled_plan = all.unscaled_plan.or(said.unscaled_plan);
        all.other_views |= said.other_views;
        all.unread = all.unread.or(said.unread);
        all.sheets.extend(said.sheets);
        all.left_out += said.left_out;
    }
    // A half-size print was reduced, by half.
    let reduced = all.reduced.take().filter(|_| !all.half_size);
    let share = all.resized.as_deref().and_then(print::times_as_large);
    let resized = all.resized.take().or(reduced);
    let half = half_or_not(&all, &list.space);
    let unread = all.unread.take();
    let mut found = reconcile::decide(all, list);
    if let Some(text) = unread {
        let why = format!(
            "the page states a scale of which a part could not be read, as of a stacked fraction: \"{text}\" is what is \
             left of it"
        );
        found.findings.retain(|f| f.code != "scale_withheld" && f.code != reconcile::TAKEN_FULL_SIZE);
        found.findings.push(Finding::new("scale_withheld", why.clone()));
        found.value.best = None;
        found.value.needs_calibration = true;
        found.value.reservation = Some(Reservation { why: why.clone(), px_per_foot_of_copy: None });
        found.value.withheld = Some(why);
        return found;
    }
    if list.findings.iter().any(Finding::is_damage) {
        let why = "the file is damaged where the page draws from it, another scale may be stated";
        withheld(found, why.to_owned())
    } else if list.findings.iter().any(|f| f.code == Finding::RESOLUTION_CONTRADICTED) {
        let why = "the picture's file states two resolutions that contradict each other, so pixels per foot are not sure";
        withheld(found, why.to_owned())
    } else if let Some(words) = resized {
        let why = format!("the sheet says \"{words}\": whether the scale holds for this size is not known");
        reserved(found, why, share)
    } else if let Some((why, times)) = half {
        reserved(found, why, Some(times))
    } else {
        on_no_sheet(found, &list.space)
    }
}

/// A scale that is taken on paper of no usual size is said to be: a part of a sheet may have any, and so may a print that
/// was made smaller. Of a picture its resolution's findings say it.
fn on_no_sheet(mut found: Found<ScaleRecord>, space: &PageSpace) -> Found<ScaleRecord> {
    let taken = found.value.best.as_ref().filter(|_| space.unit == ListUnit::Point);
    if let Some((best, (width, height))) = taken.zip(paper::inches(space))
        && !paper::is_usual(width.min(height), width.max(height))
    {
        let said = format!(
            "{} is taken on a page of {width:.1} x {height:.1} in, which is no sheet's size: a part of a sheet may have any \
             size, but a print that was made smaller or larger has another scale. Check a known length",
            best.text
        );
        found.findings.push(Finding::new(ScaleRecord::TAKEN_ON_NO_SHEET, said));
    }
    found
}

/// Longer side of the largest usual half-size print, inches, with its margin: 18 x 24 of 36 x 48, A2 of A0. Sheets
/// beyond that are drawn for their size.
const HALF_PRINT_IN: f64 = 25.0;

/// Why it is not known whether the page is a half-size print: it says so and is too large for one, or it is small enough
/// and speaks of such prints only.
///
/// With how many times as large as it would be the ratio is that holds if the other is true.
fn half_or_not(all: &Testimony, space: &PageSpace) -> Option<(String, f64)> {
    let (width, height) = paper::inches(space)?;
    let is_large = width.max(height) > HALF_PRINT_IN;
    let is_said = all.half_size || all.statements.iter().any(|s| s.halved);
    if is_large && is_said {
        let why = format!(
            "the sheet says that it is printed at half size, and is {width:.1} x {height:.1} in: whether that is meant \
             of the sheet or of a part is not known"
        );
        return Some((why, 0.5));
    }
    let words = all.half_sizes.as_ref().filter(|_| !is_large && !is_said)?;
    Some((format!("the sheet says \"{words}\": whether it is a half-size print itself is not known"), 2.0))
}

/// No scale is taken where the page says something that speaks against any.
fn withheld(mut found: Found<ScaleRecord>, reason: String) -> Found<ScaleRecord> {
    let record = &mut found.value;
    if record.best.take().is_some() {
        found.findings.retain(|f| f.code != reconcile::TAKEN_FULL_SIZE);
        found.findings.push(Finding::new("scale_withheld", reason.clone()));
        record.withheld = Some(reason);
        record.needs_calibration = true;
    }
    found
}

/// Nor is one where the page may be of another size than its scale was written for, and whoever gives that by hand hears
/// of it. `times`: the ratio that it has then, as a multiple of that which is stated.
fn reserved(mut found: Found<ScaleRecord>, reason: String, times: Option<f64>) -> Found<ScaleRecord> {
    let (mut why, mut px_per_foot_of_copy) = (reason, None);
    if let Some((best, times)) = found.value.best.as_ref().zip(times) {
        let (text, ratio) = (&best.text, RatioText::short(best.ratio * times));
        why = format!("{why}; if {text} is not that of this print, {ratio} is");
        px_per_foot_of_copy = best.px_per_foot.map(|value| value / times);
    }
    found.value.reservation.get_or_insert(Reservation { why: why.clone(), px_per_foot_of_copy });
    withheld(found, why)
}
