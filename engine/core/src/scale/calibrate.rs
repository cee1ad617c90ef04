//! A scale from two points and the real distance between them.

use std::str::FromStr;

use crate::geom::PageSpace;

/// Feet in a metre, as the contract's clients compute it.
const FEET_PER_METER: f64 = 3.28084;

/// The unit of a real distance that a person typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealUnit {
    Foot,
    Inch,
    Meter,
}

impl RealUnit {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Foot => "foot",
            Self::Inch => "inch",
            Self::Meter => "meter",
        }
    }
}

impl FromStr for RealUnit {
    type Err = CalibrationError;

    fn from_str(text: &str) -> Result<Self, CalibrationError> {
        match text {
            "foot" => Ok(Self::Foot),
            "inch" => Ok(Self::Inch),
            "meter" => Ok(Self::Meter),
            other => Err(CalibrationError::Unit(other.chars().take(50).collect())),
        }
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    #[error("the pixel distance must be a finite number greater than 0, not {0}")]
    PixelDistance(f64),
    #[error("the real distance must be a finite number greater than 0, not {0}")]
    RealDistance(f64),
    #[error("unknown unit {0:?}: use foot, inch or meter")]
    Unit(String),
    #[error("{pixels} px over {real} gives no usable scale")]
    OutOfRange { pixels: f64, real: f64 },
}

/// Page pixels per real foot for two points `pixel_distance` apart that are `real_distance` apart in
/// reality.
pub fn calibrate(pixel_distance: f64, real_distance: f64, unit: RealUnit) -> Result<f64, CalibrationError> {
    let usable = |v: f64| v.is_finite() && v > 0.0;
    if !usable(pixel_distance) {
        return Err(CalibrationError::PixelDistance(pixel_distance));
    }
    if !usable(real_distance) {
        return Err(CalibrationError::RealDistance(real_distance));
    }
    let per_unit = pixel_distance / real_distance;
    let per_foot = match unit {
        RealUnit::Foot => per_unit,
        RealUnit::Inch => per_unit * 12.0,
        RealUnit::Meter => per_unit / FEET_PER_METER,
    };
    if usable(per_foot) {
        Ok(per_foot)
    } else {
        Err(CalibrationError::OutOfRange { pixels: pixel_distance, real: real_distance })
    }
}

/// Ratio (real inches per drawing inch) that `px_per_foot` means on a page; `None` where its paper
/// size is unknown.
pub fn estimated_ratio(space: &PageSpace, px_per_foot: f64) -> Option<f64> {
    // The relation is its own inverse: ratio = dpi x 12 / px_per_foot.
    space.px_per_foot(px_per_foot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_lead_to_feet() {
        assert_eq!(calibrate(375.0, 10.0, RealUnit::Foot), Ok(37.5));
        assert_eq!(calibrate(375.0, 120.0, RealUnit::Inch), Ok(37.5));
        let meters = calibrate(375.0, 10.0 / FEET_PER_METER, RealUnit::Meter).unwrap();
        assert!((meters - 37.5).abs() < 1e-9);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(calibrate(bad, 1.0, RealUnit::Foot), Err(CalibrationError::PixelDistance(_))));
            assert!(matches!(calibrate(1.0, bad, RealUnit::Foot), Err(CalibrationError::RealDistance(_))));
        }
        assert!(matches!(calibrate(1e300, 1e-300, RealUnit::Foot), Err(CalibrationError::OutOfRange { .. })));
        assert!(matches!(calibrate(1e-300, 1e300, RealUnit::Foot), Err(CalibrationError::OutOfRange { .. })));
        assert_eq!("yard".parse::<RealUnit>(), Err(CalibrationError::Unit("yard".to_owned())));
        for unit in [RealUnit::Foot, RealUnit::Inch, RealUnit::Meter] {
            assert_eq!(unit.name().parse(), Ok(unit));
        }
    }

    #[test]
    fn the_ratio_comes_back_with_its_factor_of_twelve() {
        let space = PageSpace::of_points(3024.0, 2160.0).unwrap();
        assert_eq!(estimated_ratio(&space, 37.5), Some(48.0));
    }
}
