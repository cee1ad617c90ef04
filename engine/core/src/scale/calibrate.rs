//! A scale from two points and the real distance between them.

use crate::geom::{DEFAULT_DPI, PageSpace};

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
    pub const ALL: [Self; 3] = [Self::Foot, Self::Inch, Self::Meter];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Foot => "foot",
            Self::Inch => "inch",
            Self::Meter => "meter",
        }
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    #[error("the pixel distance must be greater than zero, not {}", crate::brief(*.0))]
    PixelDistance(f64),
    #[error("the real distance must be greater than zero, not {}", crate::brief(*.0))]
    RealDistance(f64),
    #[error("{} px over {} gives no usable scale", crate::brief(*pixels), crate::brief(*real))]
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

/// Ratio (real inches per drawing inch) that `px_per_foot` means on a page, one without an image taken for 150 dpi;
/// `None` for a picture that states no resolution: nobody knows the size of its paper.
pub fn estimated_ratio(space: Option<&PageSpace>, px_per_foot: f64) -> Option<f64> {
    let dpi = space.map_or(Some(DEFAULT_DPI), |s| s.dpi).filter(|d| d.is_finite() && *d > 0.0);
    dpi.map(|dpi| dpi * 12.0 / px_per_foot)
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
    }

    #[test]
    fn the_ratio_comes_back_with_its_factor_of_twelve() {
        let space = PageSpace::of_points(3024.0, 2160.0).unwrap();
        assert_eq!(estimated_ratio(Some(&space), 37.5), Some(48.0));
        let lowered = PageSpace { dpi: Some(75.0), ..space };
        assert_eq!(estimated_ratio(Some(&lowered), 37.5), Some(24.0));
        let unknown = PageSpace { dpi: None, ..space };
        assert_eq!(estimated_ratio(Some(&unknown), 37.5), None);
        assert_eq!(estimated_ratio(None, 37.5), Some(48.0));
    }
}
