//! A page's scale from what its witnesses say.

use super::ScaleRecord;
use super::hedge::Doubt;
use super::notation::Standing;
use super::reconcile;
use super::text::TextWitness;
use crate::found::{Finding, Found};
use crate::geom::PxRect;
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
    /// The sheet says that it was reduced or enlarged by a share: the words.
    pub(super) resized: Option<String>,
    /// The sheet says that it was reduced, and not by how much: the words.
    pub(super) reduced: Option<String>,
    /// Papers that the sheet says it is made for (`A1`, `24X36`).
    pub(super) sheets: Vec<String>,
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
        all.resized = all.resized.or(said.resized);
        all.reduced = all.reduced.or(said.reduced);
        all.sheets.extend(said.sheets);
        all.left_out += said.left_out;
    }
    // A half-size print was reduced, by half.
    let reduced = all.reduced.take().filter(|_| !all.half_size);
    let resized = all.resized.take().or(reduced);
    let found = reconcile::decide(all, list);
    if list.findings.iter().any(Finding::is_damage) {
        let why = "the file is damaged where the page draws from it, another scale may be stated";
        withheld(found, why.to_owned())
    } else if let Some(words) = resized {
        let why = format!("the sheet says \"{words}\": whether the scale holds for this size is not known");
        withheld(found, why)
    } else {
        found
    }
}

/// No scale is taken where the page says something that speaks against any.
fn withheld(mut found: Found<ScaleRecord>, reason: String) -> Found<ScaleRecord> {
    let record = &mut found.value;
    if record.best.take().is_some() {
        found.findings.push(Finding::new("scale_withheld", reason.clone()));
        record.withheld = Some(reason);
        record.needs_calibration = true;
    }
    found
}
