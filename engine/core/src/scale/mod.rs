//! Scale: notations, candidates found on a page, reconciliation.

mod band;
mod calibrate;
mod context;
mod detect;
#[cfg(test)]
mod detect_tests;
mod equation;
mod lex;
mod notation;
#[cfg(test)]
mod notation_tests;
mod ratio;
mod reconcile;
mod record;
mod shared;
#[cfg(test)]
mod sign_tests;
mod statement;
mod text;
mod words;
mod wrapped;

pub use band::{ImplausibleScale, SCALE_BAND, check_scale};
pub use calibrate::{CalibrationError, RealUnit, calibrate, estimated_ratio};
pub use detect::detect;
pub use notation::{Family, Notation, PLAUSIBLE_RATIOS, Reading, Standing, parse_all, read};
pub use record::{ScaleBox, ScaleCandidate, ScaleRecord};
pub use shared::{SharedScale, SharedScaleError, readable};
