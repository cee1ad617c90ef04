//! Auto count: one exemplar in, every instance out.
//!
//! A page is indexed once ([`PageIndex`]); a symbol is cut from a box ([`Exemplar`]); [`find`] looks for it,
//! [`ask`] for several and for what is not meant. [`suggest`] says which symbols repeat, without an exemplar.
//! Matching is on ink, not on how it was drawn: straight parts, curves and loops of the exemplar propose poses, the
//! rarest first and others until hardly an instance rests on one alone; each pose is refined on the page's strokes
//! and judged by what it explains, both ways: the exemplar's ink that the page has, and the page's ink inside that the
//! exemplar has not.
//! What lies in a legend, a title block, a key plan or beyond a match line is found and marked ([`Apart`]).

mod apart;
mod ask;
mod beside;
mod candidates;
mod choice;
mod company;
mod cut;
mod exemplar;
mod fills;
mod frame;
mod grid;
mod hidden;
mod index;
mod ink;
mod inkmap;
mod judge;
mod label;
mod lattice;
mod legend;
mod lettering;
mod marks;
mod matching;
mod nearest;
mod of_pens;
mod parts;
mod pens;
mod places;
mod pose;
mod probe;
mod rough;
mod round;
mod runs;
mod scan;
mod search;
mod stand_in;
mod suggest;
mod surroundings;
mod symmetry;
mod tag;
mod template;
#[cfg(test)]
mod tests;
mod texture;
mod trim;
mod variant;
mod worth;

pub use apart::{Apart, AtMatchLine, MatchLineSeen, SheetSeen};
pub(crate) use apart::{is_same_sheet, plain_sheet};
pub use ask::{Answer, MAX_EXEMPLARS, Match, Question, ask};
pub use exemplar::{Exemplar, ExemplarError};
pub use index::PageIndex;
pub use label::Compare;
pub use search::{CountOutcome, CountParams, Detection, find};
pub use suggest::{Confidence, MAX_SUGGESTIONS, Suggestion, Suggestions, suggest};
pub use worth::CONFIDENCE_FLOOR;
