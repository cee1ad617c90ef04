//! From statements to a decision: one distinct scale is taken, anything else is withheld with a reason.

use super::band::RatioText;
use super::detect::{Statement, Testimony};
use super::hedge::Doubt;
use super::location::{self, is_location};
use super::named_sheet::SheetPaper;
use super::notation::{PLAUSIBLE_RATIOS, Standing};
use super::other_print::{for_several_papers, of_other_prints, other_paper};
use super::text::printable;
use super::{Reservation, ScaleCandidate, ScaleRecord};
use crate::found::{Finding, Found};
use crate::page::display::DisplayList;

/// Confidence of the one distinct scale of a page; at or above 0.85 a page calibrates itself.
const CONFIDENCE_ONE: f64 = 0.90;
/// Confidence of each of several scales: a person has to choose.
const CONFIDENCE_SEVERAL: f64 = 0.50;
/// Confidence of what only looks like a scale.
const CONFIDENCE_WEAK: f64 = 0.30;
/// The ratio of what is drawn as large as it is, to the rounding of decimals.
const FULL_SIZE: f64 = 1.0 + 1e-9;
/// Code of the finding that a scale of that size is taken.
pub(super) const TAKEN_FULL_SIZE: &str = "scale_full_size";
/// Confidence in a statement that there is no scale, as far as the statement goes.
const CONFIDENCE_NOT_TO_SCALE: f64 = 0.90;

pub(super) fn decide(testimony: Testimony, list: &DisplayList) -> Found<ScaleRecord> {
    let Testimony {
        mut statements,
        deferred,
        half_size,
        left_out,
        sheets,
        unscaled_plan,
        other_views,
        half_sizes: _,
        resized: _,
        reduced: _,
        unread: _,
    } = testimony;
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
    let of_location = location::settle(&mut statements, other_views, list);
    for i in of_other_prints(&statements, &list.space) {
        statements[i].other_print = true;
    }
    let (mut chosen, mut corrected) = choose_for_page(&statements, deferred.as_deref(), &sheets, list);
    let against = |_| speaks_against(&statements, unscaled_plan.as_deref());
    if let Some(why) = chosen.as_ref().ok().and_then(against) {
        (chosen, corrected) = (Err(Refusal::stands(why)), None);
    }
    findings.extend(not_used(&statements, chosen.as_ref().ok().map(|&i| statements[i].text.as_str())));
    findings.extend(chosen.as_ref().ok().and_then(|&i| full_size(&statements[i])));
    findings.extend(of_location.filter(|_| chosen.is_ok()));
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
    let mut candidates: Vec<ScaleCandidate> = statements.iter().map(candidate).collect();
    if let (Some(ratio), Some(of)) = (corrected, statements.iter().position(counts)) {
        let text = RatioText::short(ratio).to_string();
        let px_per_foot = list.space.px_per_foot(ratio);
        candidates.push(ScaleCandidate { text, ratio, px_per_foot, ..candidates[of].clone() });
    }
    let best = chosen.as_ref().ok().and_then(|&i| candidates.get(i).cloned());
    let mut record =
        ScaleRecord { candidates, needs_calibration: best.is_none(), best, ..ScaleRecord::default() };
    if let Err(refusal) = chosen {
        findings.push(refusal.put_on(&mut record, corrected.and_then(|ratio| list.space.px_per_foot(ratio))));
    }
    Found::with(record, findings)
}

/// Why no scale is taken.
struct Refusal {
    /// For a person.
    why: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It is not known which scale the page has: who gives one knows.
    Unknown,
    /// The page states several, each for a part of it.
    Several,
    /// Whoever gives the scale that the page states has to hear it, too.
    Stands,
}

impl Refusal {
    fn stands(why: String) -> Self {
        Self { why, kind: Kind::Stands }
    }

    fn put_on(self, record: &mut ScaleRecord, px_per_foot_of_copy: Option<f64>) -> Finding {
        let why = self.why;
        record.several = self.kind == Kind::Several;
        record.reservation =
            (self.kind == Kind::Stands).then(|| Reservation { why: why.clone(), px_per_foot_of_copy });
        record.withheld = Some(why.clone());
        Finding::new("scale_withheld", why)
    }
}

/// Of a reason that only says that nothing was found.
impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self { why, kind: Kind::Unknown }
    }
}

/// The statement to take, or why none is taken; and the scale that one written for another paper has on this page if the
/// page is a copy of that.
fn choose_for_page(
    statements: &[Statement],
    deferred: Option<&str>,
    sheets: &[SheetPaper],
    list: &DisplayList,
) -> (Result<usize, Refusal>, Option<f64>) {
    match choose(statements, deferred, list) {
        Ok(i) => match other_paper(statements, i, sheets, &list.space) {
            None => (Ok(i), None),
            Some(other) => {
                let corrected = other.on_this_page(&statements[i], &list.space);
                (Err(Refusal::stands(other.reason(&statements[i], corrected, &list.space))), corrected)
            }
        },
        Err(why) => match for_several_papers(statements, &list.space).filter(|_| deferred.is_none()) {
            Some((why, corrected)) => (Err(Refusal::stands(why)), corrected),
            None => (Err(why), None),
        },
    }
}

/// Why the page has no scale although it states one only.
fn speaks_against(statements: &[Statement], unscaled_plan: Option<&str>) -> Option<String> {
    let of_part = unscaled_plan.and_then(|plan| of_a_part(statements, plan));
    of_part.or_else(|| of_a_profile(statements)).or_else(|| of_two_plans(statements))
}

/// Why the page has no scale although its details have one: a plan is beside them, and none of theirs is said to be its.
fn of_a_part(statements: &[Statement], plan: &str) -> Option<String> {
    let mut counted = statements.iter().filter(|s| counts(s));
    let (text, part) = counted.next().and_then(|s| Some((&s.text, s.part.as_ref()?)))?;
    counted.all(|s| s.part.is_some()).then(|| {
        format!("{text} is the scale of \"{part}\", and none is stated for \"{plan}\" on the same sheet")
    })
}

/// Why the page has no scale although its block plan or details have one: a location plan beside them has another, and
/// none of the two is the sheet's.
fn of_two_plans(statements: &[Statement]) -> Option<String> {
    let mut counted = statements.iter().filter(|s| counts(s));
    let (part, title) = counted.next().and_then(|s| Some((s, s.part.as_ref()?)))?;
    let (other, location) = statements.iter().find_map(|s| match &s.doubt {
        Some(Doubt::Beside(title)) if s.ratio != part.ratio && is_location(title) => Some((s, title)),
        _ => None,
    })?;
    counted.all(|s| s.part.is_some()).then(|| {
        format!(
            "the page states 2 different scales: {} is that of \"{title}\" and {} that of \"{location}\", and none that \
             of the sheet",
            part.text, other.text
        )
    })
}

/// Why the page has no scale although what runs across in its profile has one: heights have another.
fn of_a_profile(statements: &[Statement]) -> Option<String> {
    let mut counted = statements.iter().filter(|s| counts(s));
    let across = counted.next()?;
    let is_height = |s: &&Statement| matches!(s.doubt, Some(Doubt::Vertical(_))) && s.ratio != across.ratio;
    let up = statements.iter().find(is_height)?;
    (across.across && counted.all(|s| s.across)).then(|| {
        format!(
            "{} is the scale of what runs across and {} that of heights: what is measured has neither",
            across.text, up.text
        )
    })
}

/// Full size is said where it is taken.
fn full_size(taken: &Statement) -> Option<Finding> {
    let said = format!(
        "{} is taken, which is full size. Programs write that where nobody entered a scale: check a known length",
        taken.text
    );
    (taken.ratio <= FULL_SIZE).then(|| Finding::new(TAKEN_FULL_SIZE, said))
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
    let doubtful = |which: fn(&Doubt) -> bool| {
        statements.iter().filter(|s| s.doubt.as_ref().is_some_and(which)).cloned().collect::<Vec<_>>()
    };
    let beside = |d: &Doubt| matches!(d, Doubt::Beside(_) | Doubt::Vertical(_));
    let beside = unused(&doubtful(beside), "scale_beside", |texts| {
        format!("not used, because it is that of something beside the drawing: {texts}")
    });
    let about = unused(&doubtful(|d| matches!(d, Doubt::About(_))), "scale_about", |texts| {
        format!("not used, because it is said to be about right only: {texts}")
    });
    let original = unused(&doubtful(|d| matches!(d, Doubt::Original(_))), "scale_of_original", |texts| {
        format!("not used, because it is given as that of an original: {texts}")
    });
    let spoken = unused(&doubtful(|d| matches!(d, Doubt::Spoken(_))), "scale_of_another", |texts| {
        format!("not used, because its line speaks of something else that has it: {texts}")
    });
    let slope = unused(&doubtful(|d| matches!(d, Doubt::Slope(_))), "scale_of_slope", |texts| {
        format!("not used, because a slope is spoken of there: {texts}")
    });
    let elsewhere = unused(&doubtful(|d| matches!(d, Doubt::Elsewhere(_))), "scale_elsewhere", |texts| {
        format!("not used, because the line above sends the reader to another sheet: {texts}")
    });
    let listed = unused(&doubtful(|d| matches!(d, Doubt::Listed(_))), "scale_listed", |texts| {
        format!("not used, because it stands in a list of drawings: {texts}")
    });
    let other = unused(&of(|s| s.other_print), "scale_for_other_paper", |texts| {
        format!("not used, because it holds for prints on another paper: {texts}")
    });
    let weak = of(|s| s.ratio > 0.0 && !s.sample && s.doubt.is_none() && !s.other_print && !counts(s));
    let weak = unused(&weak, "scale_unlabelled", |texts| {
        format!("not used, because nothing says that it is the page's scale: {texts}")
    });
    [marked, samples, beside, about, original, spoken, slope, elsewhere, listed, other, weak]
        .into_iter()
        .flatten()
        .collect()
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
pub(super) fn named(texts: &[&str]) -> String {
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

/// What is added to the text of a notation that a note elsewhere on the sheet doubled; a notation that is read with it
/// is doubled, too.
const HALVED: &str = " (half size)";
/// Longest scale text of the contract, characters.
const LONGEST_TEXT: usize = 100;

/// A half-size print shows twice the real length per inch; what leaves the plausible range goes and is
/// returned.
fn double(statements: &mut Vec<Statement>) -> Vec<Statement> {
    for s in statements.iter_mut().filter(|s| !s.halved) {
        s.ratio *= 2.0;
        s.halved = true;
        // Whoever reads the text beside the scale sees why the two differ.
        if s.ratio > 0.0 && s.text.chars().count() + HALVED.len() <= LONGEST_TEXT {
            s.text.push_str(HALVED);
        }
    }
    let plausible = |s: &Statement| s.ratio == 0.0 || PLAUSIBLE_RATIOS.contains(&s.ratio);
    let (kept, gone) = std::mem::take(statements).into_iter().partition(plausible);
    *statements = kept;
    gone
}

/// Whether a statement alone may decide.
pub(super) fn counts(s: &Statement) -> bool {
    s.ratio > 0.0 && s.standing > Standing::Weak && !s.sample && s.doubt.is_none() && !s.other_print
}

/// The statement to take, or why none is taken.
fn choose(statements: &[Statement], deferred: Option<&str>, list: &DisplayList) -> Result<usize, Refusal> {
    let strong: Vec<usize> = (0..statements.len()).filter(|&i| counts(&statements[i])).collect();
    let mut distinct: Vec<f64> = Vec::new();
    for &i in &strong {
        let ratio = statements[i].ratio;
        if !distinct.iter().any(|d| (d - ratio).abs() <= 1e-6 * ratio) {
            distinct.push(ratio);
        }
    }
    let kind = if distinct.len() > 1 { Kind::Several } else { Kind::Unknown };
    if let Some(words) = deferred {
        return Err(Refusal { why: elsewhere(words, statements, strong.len(), distinct.len()), kind });
    }
    if distinct.len() > 1 {
        let first = |d: &f64| strong.iter().map(|&i| &statements[i]).find(|s| s.ratio == *d);
        let texts: Vec<&str> = distinct.iter().filter_map(first).map(|s| s.text.as_str()).collect();
        let why = format!("the page states {} different scales: {}", distinct.len(), named(&texts));
        return Err(Refusal { why, kind });
    }
    let Some(&first) = strong.iter().max_by_key(|&&i| (statements[i].standing, std::cmp::Reverse(i))) else {
        return Err(nothing_strong(statements, list));
    };
    let text = &statements[first].text;
    let unscaled = statements.iter().find(|s| s.ratio == 0.0 && s.lone);
    if let Some(unscaled) = unscaled.filter(|_| strong.iter().all(|&i| statements[i].lone)) {
        return Err(Refusal::stands(format!(
            "the page says {}, and {text} stands on it with nothing that says that it is its scale",
            unscaled.text
        )));
    }
    if list.space.dpi.is_none() {
        return Err(Refusal::from(format!(
            "the page states {text} but the picture's resolution is not known, so pixels per foot are not"
        )));
    }
    Ok(first)
}

fn nothing_strong(statements: &[Statement], list: &DisplayList) -> Refusal {
    if let Some((s, doubt)) = statements.iter().find_map(|s| s.doubt.as_ref().map(|doubt| (s, doubt))) {
        return Refusal::stands(doubted(s, doubt));
    }
    if let Some(s) = statements.iter().find(|s| s.ratio > 0.0 && s.sample) {
        return format!("the only scale of the page, {}, stands in a legend", s.text).into();
    }
    if let Some(s) = statements.iter().find(|s| s.ratio > 0.0) {
        return format!("{} stands on the page, but nothing says that it is its scale", s.text).into();
    }
    if !statements.is_empty() {
        return Refusal::stands("the page is marked as not to scale".to_owned());
    }
    if list.words.is_empty() {
        return Refusal::from("the page has no text to read a scale from".to_owned());
    }
    let why = match list.lines.iter().find(|line| labels_a_number(&line.text)) {
        Some(line) => {
            format!("the page says \"{}\", and no scale could be read of it", printable(line.text.trim()))
        }
        None => "no scale is stated in the page's text".to_owned(),
    };
    why.into()
}

/// Whether the word SCALE stands before a number, as before a scale.
fn labels_a_number(line: &str) -> bool {
    let upper = line.to_uppercase();
    let mut parts = upper.match_indices("SCALE");
    parts.any(|(at, word)| {
        let alone = !upper[..at].ends_with(char::is_alphanumeric);
        let after = upper[at + word.len()..].trim_start_matches([' ', ':', '=', '-', '.']);
        alone && after.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Why a statement is in doubt, for a person.
fn doubted(s: &Statement, doubt: &Doubt) -> String {
    match doubt {
        Doubt::Beside(what) | Doubt::Vertical(what) => {
            format!("{} is the scale of \"{what}\", which may be only a part of the sheet", s.text)
        }
        Doubt::About(words) => format!("{} is only about right: the page says \"{words}\"", s.text),
        Doubt::Unscaled(words) => format!("{} stands beside \"{words}\"", s.text),
        Doubt::Original(words) => {
            format!("{} is given as \"{words}\", which may be that of another drawing or print", s.text)
        }
        Doubt::Spoken(words) => {
            format!("{} is given as \"{words}\", which may be that of another drawing", s.text)
        }
        Doubt::Slope(words) => format!("{} stands at \"{words}\" and may be that slope", s.text),
        Doubt::Listed(words) => {
            format!(
                "{} stands in a list of drawings, at \"{words}\", and may be the scale of another sheet",
                s.text
            )
        }
        Doubt::Elsewhere(words) => {
            format!("{} stands under \"{words}\" and may be the scale of another sheet", s.text)
        }
    }
}

fn counted(n: usize, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}
