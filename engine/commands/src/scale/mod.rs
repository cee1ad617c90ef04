//! The scale of pages: detection, manual scales, calibration. A change of scale recalculates whatever
//! depends on it in the same commit.

mod detected;
mod manual;

pub use detected::{CALIBRATING_CONFIDENCE, Detected, detect_scale, detected_batch, failed_batch};
pub use manual::{
    BatchScaled, Calibrated, Calibration, FOOT, MAX_BATCH_PAGES, ManualScale, batch_scale, calibrate,
    copy_scale, set_scale,
};
pub use takeoff_core::scale::RealUnit;
