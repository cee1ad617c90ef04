//! What a picture file states of its density in two places: in its format's own and in its Exif block.

use super::resolution::{CM, DPI, Density, is_sheet};
use crate::found::Finding;

/// Share by which one resolution may be said in two ways.
const SAME: f64 = 0.01;
/// What Exif prescribes where the resolution is not known (CIPA DC-008, 4.6.4).
const UNKNOWN: f64 = 72.0;

/// The density that a picture of `size` goes by: the format's own (JFIF's, pHYs') where there is one, that of Exif
/// otherwise. With a finding where the two contradict each other, whatever becomes of the first.
pub(super) fn stated(
    size: (u32, u32),
    own: Option<Density>,
    exif: Option<Density>,
) -> (Option<Density>, Option<Finding>) {
    use Density::{PerInch, Shape};
    let (own, exif) = match (own.and_then(meant), exif.and_then(meant)) {
        (Some(own), Some(exif)) => (own, exif),
        (one, other) => return (one.or(other), None),
    };
    let (is_one, taken) = match (own, exif) {
        (PerInch(x, y), PerInch(other_x, other_y)) => {
            (is_same(x, other_x) && is_same(y, other_y) || is_unknown(size, exif), own)
        }
        // Most encoders that know of no size say that pixels are square.
        (Shape(..), PerInch(..)) if is_same_shape(own, exif) => (true, exif),
        _ => (is_same_shape(own, exif), own),
    };
    (Some(taken), (!is_one).then(|| contradicted(own, exif)))
}

/// A density as it is meant: dots an inch that no picture has tell the shape of a pixel at most.
fn meant(density: Density) -> Option<Density> {
    let (Density::PerInch(x, y) | Density::Shape(x, y)) = density;
    let is_sound = [x, y].iter().all(|v| v.is_finite() && *v > 0.0);
    let is_known = matches!(density, Density::PerInch(..)) && DPI.contains(&x) && DPI.contains(&y);
    is_sound.then_some(if is_known { density } else { Density::Shape(x, y) })
}

/// Whole dots a centimetre are half of one off.
fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= (SAME * a.max(b)).max(CM / 2.0)
}

fn is_same_shape(a: Density, b: Density) -> bool {
    let shape = |density| match density {
        Density::PerInch(x, y) | Density::Shape(x, y) => x / y,
    };
    let (a, b) = (shape(a), shape(b));
    (a - b).abs() <= SAME * a.max(b)
}

/// Whether Exif says that it knows none. A page that was rendered at 72 an inch is a sheet by it.
fn is_unknown((width, height): (u32, u32), exif: Density) -> bool {
    let sides = (f64::from(width) / UNKNOWN, f64::from(height) / UNKNOWN);
    exif == Density::PerInch(UNKNOWN, UNKNOWN) && !is_sheet(sides.0.min(sides.1), sides.0.max(sides.1))
}

fn contradicted(own: Density, exif: Density) -> Finding {
    let said = format!(
        "The file states {}, and in its Exif block {}. Which of the two holds is not known: check a known length, or \
         give the scale by two points.",
        told(own),
        told(exif)
    );
    Finding::new(Finding::RESOLUTION_CONTRADICTED, said)
}

fn told(density: Density) -> String {
    let figure = |v: f64| crate::brief((v * 100.0).round() / 100.0);
    match density {
        Density::PerInch(x, y) if is_same(x, y) => format!("{} pixels an inch", figure(x)),
        Density::PerInch(x, y) => format!("{} pixels an inch across and {} down", figure(x), figure(y)),
        Density::Shape(x, y) => format!("{} pixels across where it has {} down", figure(x), figure(y)),
    }
}

#[cfg(test)]
mod tests {
    use super::Density::{PerInch, Shape};
    use super::*;

    /// The density that a 24 x 36 in sheet at 300 an inch goes by, and what is said.
    fn of(own: Option<Density>, exif: Option<Density>) -> (Option<Density>, Option<String>) {
        let (density, finding) = stated((10_800, 7_200), own, exif);
        (density, finding.map(|f| f.message))
    }

    #[test]
    fn one_that_is_stated_is_used_and_so_are_two_that_agree() {
        let at = |dpi: f64| Some(PerInch(dpi, dpi));
        for (own, exif, taken) in [
            (at(300.0), None, at(300.0)),
            (None, at(300.0), at(300.0)),
            (at(300.0), at(299.9994), at(300.0)),
            // Whole dots a centimetre.
            (at(118.0 * 2.54), at(300.0), at(118.0 * 2.54)),
            // Square pixels of no size, the usual head of a JPEG, and a head of zeros.
            (Some(Shape(1.0, 1.0)), at(300.0), at(300.0)),
            (Some(PerInch(1.0, 1.0)), at(300.0), at(300.0)),
            (Some(Shape(0.0, 0.0)), at(300.0), at(300.0)),
            (Some(PerInch(204.0, 98.0)), Some(Shape(204.0, 98.0)), Some(PerInch(204.0, 98.0))),
            // Exif's word for none.
            (at(300.0), at(72.0), at(300.0)),
            (at(300.0), Some(PerInch(0.0, 300.0)), at(300.0)),
        ] {
            assert_eq!(of(own, exif), (taken, None), "{own:?} {exif:?}");
        }
        assert_eq!(of(None, None), (None, None));
    }

    #[test]
    fn two_that_contradict_each_other_are_told() {
        let at = |dpi: f64| Some(PerInch(dpi, dpi));
        for (own, exif, words) in [
            (at(300.0), at(150.0), ["300 pixels an inch", "150 pixels an inch"]),
            (at(96.0), at(300.0), ["96 pixels an inch", "300 pixels an inch"]),
            (
                at(200.0),
                Some(PerInch(200.0, 100.0)),
                ["200 pixels an inch,", "200 pixels an inch across and 100"],
            ),
            (Some(Shape(2.0, 1.0)), at(300.0), ["2 pixels across where it has 1 down", "300 pixels"]),
        ] {
            let (taken, said) = of(own, exif);
            let said = said.unwrap_or_else(|| panic!("{own:?} {exif:?}"));
            assert_eq!(taken, own);
            assert!(words.iter().all(|w| said.contains(w)), "{said}");
        }
        // Rendered at 72, whatever the head says.
        let rendered = stated((2_592, 1_728), at(300.0), at(72.0));
        assert!(rendered.0 == at(300.0) && rendered.1.is_some());
    }
}
