//! The scale of pages: detection, manual scales, calibration. A change of scale recalculates whatever
//! depends on it in the same commit.

mod detected;
mod manual;

pub use detected::{CALIBRATING_CONFIDENCE, Detected, detect_scale, detected_batch, failed_batch};
pub use manual::{
    BatchScaled, Calibrated, Calibration, ManualScale, RealUnit, batch_scale, calibrate, copy_scale,
    set_scale,
};
