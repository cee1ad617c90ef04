//! Scales that hold for prints on other paper than the page is.

use super::band::RatioText;
use super::detect::Statement;
use super::named_sheet::SheetPaper;
use super::paper::{self, inches, is_on_paper, may_be_reduced};
use super::reconcile::{counts, named};
use crate::geom::PageSpace;

/// Ratios this near each other are one scale.
const SAME: f64 = 1e-6;
/// Papers that were reduced by rounded factors give one scale to this part.
const SAME_COPY: f64 = 0.01;

/// The paper that a page's scale holds for, where the page is not of it.
pub(super) struct OtherPaper<'a> {
    name: &'a str,
    named_by: NamedBy,
}

enum NamedBy {
    Scale,
    Sheet,
    /// The sheet, by words that may name its number.
    SheetOrNumber,
}

/// Of statements that name papers (`1:100 @ A1 / 1:200 @ A3`), those for others than this page's, where one names that;
/// and those that repeat one of them and name no paper, as the titles of the views do.
pub(super) fn of_other_prints(statements: &[Statement], space: &PageSpace) -> Vec<usize> {
    let fits = |s: &Statement| is_on_paper(s.paper.as_deref()?, &written_for(s, space));
    let is = |of: bool| statements.iter().filter(move |s| counts(s) && fits(s) == Some(of));
    let known = |among: &[f64], ratio: f64| among.iter().any(|r| (r - ratio).abs() <= SAME * ratio);
    let here: Vec<f64> = is(true).map(|s| s.ratio).collect();
    let others: Vec<f64> = is(false).map(|s| s.ratio).collect();
    if here.is_empty() {
        return Vec::new();
    }
    let is_other = |s: &Statement| match fits(s) {
        Some(fits) => !fits,
        None => s.paper.is_none() && known(&others, s.ratio) && !known(&here, s.ratio),
    };
    (0..statements.len()).filter(|&i| counts(&statements[i]) && is_other(&statements[i])).collect()
}

/// Why a page has no scale that states different ones for several papers and is none of those; with the scale that it
/// has if it is a copy of one of them.
pub(super) fn for_several_papers(
    statements: &[Statement],
    space: &PageSpace,
) -> Option<(String, Option<f64>)> {
    let (w, h) = inches(space)?;
    let all: Vec<(&Statement, &str)> = statements
        .iter()
        .filter(|s| counts(s))
        .map(|s| Some((s, s.paper.as_deref()?)))
        .collect::<Option<_>>()?;
    let mut distinct: Vec<f64> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for (s, paper) in &all {
        if !distinct.iter().any(|d| (d - s.ratio).abs() <= SAME * s.ratio) {
            distinct.push(s.ratio);
            texts.push(format!("{} for {paper}", s.text));
        }
    }
    if distinct.len() < 2 || all.iter().any(|(s, p)| is_on_paper(p, &written_for(s, space)) != Some(false)) {
        return None;
    }
    let mut copies = all.iter().map(|(s, paper)| on_this_page(s, paper, space));
    let first = copies.next().flatten();
    let copy = first.filter(|f| copies.all(|c| c.is_some_and(|c| (c - f).abs() <= SAME_COPY * f)));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let said = format!(
        "the page states {} different scales: {}; it measures {w:.1} x {h:.1} in and is none of these papers",
        distinct.len(),
        named(&texts)
    );
    let said = match copy {
        Some(ratio) => {
            format!("{said}; if it is a copy of one of them, its scale is {}", RatioText::short(ratio))
        }
        None => said,
    };
    Some((said, copy))
}

/// The paper that the taken statement, one that agrees with it or else the sheet names, where it names none that the page
/// is of. A sheet that says that it is printed at half size is compared at its full one.
pub(super) fn other_paper<'a>(
    statements: &'a [Statement],
    taken: usize,
    sheets: &'a [SheetPaper],
    space: &PageSpace,
) -> Option<OtherPaper<'a>> {
    let space = written_for(&statements[taken], space);
    let other = |papers: &[OtherPaper<'a>]| {
        let judged = papers.iter().filter_map(|p| is_on_paper(p.name, &space).map(|fits| (p.name, fits)));
        judged.collect::<Vec<_>>()
    };
    let own = statements.iter().filter(|s| counts(s)).filter_map(|s| s.paper.as_deref());
    let own: Vec<_> = own.map(|name| OtherPaper { name, named_by: NamedBy::Scale }).collect();
    // What the scale itself names is meant of it, whatever is said of the sheet.
    let papers = if other(&own).is_empty() { of_sheet(sheets, &space) } else { own };
    let judged = other(&papers);
    if judged.iter().any(|(_, fits)| *fits) {
        return None;
    }
    let first = judged.first()?.0;
    papers.into_iter().find(|p| p.name == first)
}

/// Papers that the sheet names, the sure ones first. `SHEET: A1` may be one where the page may be a reduced print of it,
/// and is a number elsewhere.
fn of_sheet<'a>(sheets: &'a [SheetPaper], space: &PageSpace) -> Vec<OtherPaper<'a>> {
    let sure = sheets.iter().filter(|s| !s.or_number);
    let sure = sure.map(|s| OtherPaper { name: &s.name, named_by: NamedBy::Sheet });
    let unsure = sheets.iter().filter(|s| s.or_number && may_be_reduced(&s.name, space));
    sure.chain(unsure.map(|s| OtherPaper { name: &s.name, named_by: NamedBy::SheetOrNumber })).collect()
}

/// The page as large as a statement was written for.
fn written_for(s: &Statement, space: &PageSpace) -> PageSpace {
    PageSpace { dpi: space.dpi.map(|dpi| if s.halved { dpi / 2.0 } else { dpi }), ..*space }
}

fn on_this_page(s: &Statement, paper: &str, space: &PageSpace) -> Option<f64> {
    paper::on_this_page(if s.halved { s.ratio / 2.0 } else { s.ratio }, paper, space)
}

impl OtherPaper<'_> {
    /// The ratio on this page, if it is a copy of the paper at another size.
    pub(super) fn on_this_page(&self, s: &Statement, space: &PageSpace) -> Option<f64> {
        on_this_page(s, self.name, space)
    }

    /// Why the statement is not taken, and what its scale would be on a copy.
    pub(super) fn reason(&self, s: &Statement, corrected: Option<f64>, space: &PageSpace) -> String {
        let (w, h) = inches(space).unwrap_or_default();
        let (name, text) = (self.name, &s.text);
        let page = format!("this page measures {w:.1} x {h:.1} in");
        let said = match self.named_by {
            NamedBy::Scale => format!("{text} holds for {name} paper, but {page}"),
            NamedBy::Sheet => format!("{text} is stated on a sheet made for {name} paper, but {page}"),
            NamedBy::SheetOrNumber => {
                format!(
                    "{text} stands on a sheet that says \"SHEET: {name}\", which may be its paper, but {page}"
                )
            }
        };
        let Some(ratio) = corrected else { return said };
        let shown = RatioText::short(ratio);
        let written = if s.halved { s.ratio / 2.0 } else { s.ratio };
        let larger = written / ratio;
        if larger > 1.0 {
            return format!(
                "{said}; if it is a copy of that, made {larger:.2} times as large to fill the page, its scale is {shown}, \
                 and if it only lies on larger paper, it is {text} still"
            );
        }
        format!("{said}; if it is a copy of that, its scale is {shown}")
    }
}
