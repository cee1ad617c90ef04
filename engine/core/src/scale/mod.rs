//! Scale: notations, candidates found on a page, reconciliation.

mod band;
#[cfg(test)]
mod beside_tests;
mod calibrate;
mod context;
mod detect;
#[cfg(test)]
mod detect_tests;
mod equation;
#[cfg(test)]
mod forms_tests;
#[cfg(test)]
mod glued_tests;
mod hedge;
mod lex;
mod listed;
#[cfg(test)]
mod listed_tests;
mod location;
mod named_paper;
mod named_sheet;
mod notation;
#[cfg(test)]
mod notation_tests;
mod other_print;
mod paper;
#[cfg(test)]
mod paper_tests;
mod places;
#[cfg(test)]
mod practice_sheet_tests;
#[cfg(test)]
mod practice_tests;
mod print;
mod ratio;
mod reconcile;
mod record;
#[cfg(test)]
mod reduced_tests;
mod sentence;
mod shared;
mod sheet_list;
#[cfg(test)]
mod sign_tests;
mod spelled;
#[cfg(test)]
mod stamp_tests;
mod statement;
mod text;
mod title;
mod view;
mod words;
mod wrapped;

pub use band::{ImplausibleScale, SCALE_BAND, check_scale};
pub use calibrate::{CalibrationError, RealUnit, calibrate, estimated_ratio};
pub use detect::detect;
pub use hedge::Doubt;
pub use named_sheet::SheetPaper;
pub use notation::{Family, Notation, PLAUSIBLE_RATIOS, Reading, Standing, parse_all, read};
pub use record::{Reservation, ScaleBox, ScaleCandidate, ScaleRecord};
pub use shared::{SharedScale, SharedScaleError, readable};
pub use statement::HalfSize;
