//! The scale of pages: detection, manual scales, calibration. A change of scale recalculates whatever
//! depends on it in the same commit.

mod batch;
mod beside;
mod detected;
mod manual;

pub use batch::{BatchScaled, MAX_BATCH_PAGES, batch_scale};
pub use beside::contradicted;
pub use detected::{CALIBRATING_CONFIDENCE, Detected, detect_scale, detected_batch, failed_batch};
pub use manual::{
    Calibrated, Calibration, FOOT, ManualScale, calibrate, check_scale_text, copy_scale, set_scale,
};
pub use takeoff_core::scale::RealUnit;
