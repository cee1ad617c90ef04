//! What a picture's stated resolution makes of it: square pixels, and whether it is evidence of its size on paper.

use super::upright::Turn;
use crate::found::Finding;

/// Resolutions outside are slips of the writing program, not paper sizes.
pub(super) const DPI: std::ops::RangeInclusive<f64> = 10.0..=10_000.0;
/// The two axes of one picture agree within this.
const EVEN: f64 = 0.01;
/// No scanner and no fax (204 x 98, 204 x 391) has one axis so much finer than the other.
const MOST_UNEVEN: f64 = 4.5;
/// What programs write that know no resolution: points of a screen, of Windows' screens, of a doubled screen.
const SCREENS: [f64; 3] = [72.0, 96.0, 144.0];
/// Files keep whole dots a centimetre or metre, 28 dots a centimetre are 71.12 an inch; by so much what is stated is
/// off what such a file would state.
const ROUNDED: f64 = 0.03;
pub(super) const CM: f64 = 2.54;
/// A page rendered for a screen has its sheet's size to the pixel or two. Scans have not, and 200 / 72 and
/// 100 / 72 are steps of the A series within 1.8 percent: what is told apart here must be nearer than that.
const SHEET: f64 = 0.005;
/// Inches of the longer side of the smallest piece of a drawing that anybody scans.
const LEAST: f64 = 2.0;
/// Inches across the widest rolls that plotters take.
const WIDEST: f64 = 60.0;
/// Inches of the longest plot on a roll.
const LONGEST: f64 = 240.0;
/// Sheets that drawings are plotted on, inches, the shorter side first: ANSI Y14.1, the architectural sizes, ISO 216.
pub(super) const SHEETS: [(f64, f64); 17] = [
    (8.5, 11.0),
    (8.5, 14.0),
    (11.0, 17.0),
    (17.0, 22.0),
    (22.0, 34.0),
    (34.0, 44.0),
    (9.0, 12.0),
    (12.0, 18.0),
    (18.0, 24.0),
    (24.0, 36.0),
    (30.0, 42.0),
    (36.0, 48.0),
    (210.0 / MM, 297.0 / MM),
    (297.0 / MM, 420.0 / MM),
    (420.0 / MM, 594.0 / MM),
    (594.0 / MM, 841.0 / MM),
    (841.0 / MM, 1189.0 / MM),
];
const MM: f64 = 25.4;
/// Others that drawings come on, ISO 216 B and the architectural ones between the usual.
pub(super) const OTHER_SHEETS: [(f64, f64); 6] = [
    (257.0 / MM, 364.0 / MM),
    (364.0 / MM, 515.0 / MM),
    (515.0 / MM, 728.0 / MM),
    (728.0 / MM, 1030.0 / MM),
    (26.0, 38.0),
    (27.0, 39.0),
];
/// What scanners are set to. A picture that is a sheet at one of these, and at what its file states is none or a worse
/// one, was scanned at the former.
pub(super) const SCANS: [f64; 6] = [100.0, 150.0, 200.0, 300.0, 400.0, 600.0];
/// Scans are trimmed, or show what lies around the sheet, by so many inches or this share of a side.
const TRIMMED: f64 = 0.5;
const TRIMMED_SHARE: f64 = 0.02;
/// What is looked for at other resolutions than the stated one may be off by this share: more finds sheets in anything.
const ABOUT: f64 = 0.01;

/// How dense a picture's pixels are across and down, as its file states it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Density {
    /// Pixels an inch.
    PerInch(f64, f64),
    /// Pixels a length that the file does not name: only the shape of a pixel is told.
    Shape(f64, f64),
}

impl Density {
    /// That of the upright picture, where this is that of the stored one.
    pub(super) fn turned(self, turn: Turn) -> Self {
        let (across, down) = match self {
            Self::PerInch(across, down) | Self::Shape(across, down) => turn.pair((across, down)),
        };
        match self {
            Self::PerInch(..) => Self::PerInch(across, down),
            Self::Shape(..) => Self::Shape(across, down),
        }
    }
}

/// What becomes of a picture by its stated density.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// Its pixels across and down on the page, which are square.
    pub(super) size: (u32, u32),
    /// Those an inch; `None` where none are stated or what is stated is no evidence.
    pub(super) dpi: Option<f64>,
    pub(super) findings: Vec<Finding>,
}

/// The page of an upright picture of `size`. Where its pixels are longer one way than the other, the page is as fine as
/// the finer axis, or as `max_pixels` allow.
pub(super) fn judged(size: (u32, u32), stated: Option<Density>, max_pixels: u64) -> Judged {
    let sound = |v: f64| v.is_finite() && v > 0.0;
    let as_it_is =
        |dpi, finding: Option<Finding>| Judged { size, dpi, findings: finding.into_iter().collect() };
    let (x, y, known) = match stated {
        Some(Density::PerInch(x, y) | Density::Shape(x, y)) if !(sound(x) && sound(y)) => {
            return as_it_is(None, None);
        }
        Some(Density::PerInch(x, y)) => (x, y, DPI.contains(&x) && DPI.contains(&y)),
        Some(Density::Shape(x, y)) => (x, y, false),
        None => return as_it_is(None, None),
    };
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    let fine = x.max(y);
    if fine - x.min(y) <= EVEN * fine {
        let (dpi, finding) = if known { believed((width, height), x) } else { (None, None) };
        return as_it_is(dpi, finding);
    }
    if let Some(said) = no_evidence((width, height), (x, y), known) {
        let said = format!("{said}, so it is not believed: its scale cannot be read from a notation");
        let how = "calibrate it, and check a known length across and one down.";
        return as_it_is(
            None,
            Some(Finding::new(Finding::RESOLUTION_UNEVEN_NOT_TAKEN, format!("{said}, {how}"))),
        );
    }
    let finest = (width * fine / x, height * fine / y);
    let (dpi, finding) = if known { believed(finest, fine) } else { (None, None) };
    let least = (max_pixels as f64 / (finest.0 * finest.1)).sqrt().min(1.0);
    let whole = |v: f64| if least < 1.0 { v.floor() } else { v.round() };
    let side = |v: f64| whole(v * least).clamp(1.0, f64::from(u32::MAX)) as u32;
    let squared = (side(finest.0), side(finest.1));
    let bounded = if least < 1.0 { ", as fine as the limit of pixels allows" } else { "" };
    let said = format!(
        "The picture has {}: it is shown with square pixels, {} x {}{bounded}, so that lengths across and down are \
         measured alike.",
        uneven((x, y), known),
        squared.0,
        squared.1,
    );
    let findings = std::iter::once(Finding::new("resolution_uneven", said)).chain(finding).collect();
    Judged { size: squared, dpi: dpi.map(|dpi| dpi * least), findings }
}

fn uneven((x, y): (f64, f64), known: bool) -> String {
    let figure = |v: f64| (v * 100.0).round() / 100.0;
    if known {
        return format!("{} pixels an inch across and {} down", figure(x), figure(y));
    }
    format!("{} pixels across where it has {} down", figure(x), figure(y))
}

/// Why two densities are no evidence: no device has them, or the picture is a sheet where its pixels are square and
/// none where they are not.
fn no_evidence((width, height): (f64, f64), (x, y): (f64, f64), known: bool) -> Option<String> {
    let said = format!("The file states {}", uneven((x, y), known));
    if x.max(y) > MOST_UNEVEN * x.min(y) {
        return Some(format!("{said}, as nothing that scans does"));
    }
    let sorted = |a: f64, b: f64| (a.min(b), a.max(b));
    let (short, long) = sorted(width / x, height / y);
    let square = [x, y].into_iter().find(|per_inch| {
        let (short, long) = sorted(width / per_inch, height / per_inch);
        is_sheet(short, long)
    });
    let square = square.filter(|_| known && !is_about_a_sheet(short, long))?;
    Some(format!(
        "{said}, which makes {:.1} x {:.1} in and no sheet's size; at {} both ways it is a sheet of {:.1} x {:.1} in",
        width / x,
        height / y,
        crate::brief(square),
        width / square,
        height / square
    ))
}

/// Pixels an inch of a picture of so many pixels whose file states `x`; `None` where that is no evidence. With a
/// finding that says what was made of it.
fn believed((width, height): (f64, f64), x: f64) -> (Option<f64>, Option<Finding>) {
    let near = |screen: f64| (x - screen).abs() <= ROUNDED;
    let screen = SCREENS.into_iter().find(|screen| near(*screen) || near((screen / CM).round() * CM));
    let x = screen.unwrap_or(x);
    let (w, h) = (width / x, height / x);
    let (short, long) = (w.min(h), w.max(h));
    let sheet = format!("{w:.1} x {h:.1} in");
    if long < LEAST || short > WIDEST || long > LONGEST {
        let said =
            format!("The file states {x:.0} pixels an inch, which makes the picture {sheet}: no drawing is");
        return (None, Some(doubt(Finding::RESOLUTION_ABSURD, said)));
    }
    if screen.is_none() {
        return scanned((width, height), x, &sheet);
    }
    if is_sheet(short, long) {
        let said = format!(
            "The file states {x:.0} pixels an inch, as programs do that know none. It is believed because it makes the \
             picture a sheet of {sheet}: check a known length."
        );
        return (Some(x), Some(Finding::new("resolution_of_screens_taken", said)));
    }
    let said = format!(
        "The file states {x:.0} pixels an inch, as programs do that know none, and the {sheet} that this makes are no \
         sheet's size, so it is not believed"
    );
    (None, Some(doubt(Finding::RESOLUTION_OF_SCREENS, said)))
}

/// Whether a size is that of a sheet that drawings are plotted on, exactly.
pub(super) fn is_sheet(short: f64, long: f64) -> bool {
    is_within(short, long, |side| SHEET * side)
}

/// Whether a size is that of such a sheet that was trimmed a little, or scanned a little aslant.
fn is_about_a_sheet(short: f64, long: f64) -> bool {
    is_within(short, long, |side| ABOUT * side)
}

fn is_within(short: f64, long: f64, off: impl Fn(f64) -> f64) -> bool {
    let agrees = |a: f64, b: f64| (a - b).abs() <= off(b);
    SHEETS.iter().any(|(a, b)| agrees(short, *a) && agrees(long, *b))
}

/// Whether a size is about that of a sheet, or of a piece of a roll as wide as one.
pub(crate) fn is_like_a_sheet(short: f64, long: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= TRIMMED.max(TRIMMED_SHARE * b);
    SHEETS.iter().chain(&OTHER_SHEETS).any(|(a, b)| {
        near(short, *a) && near(long, *b)
            || [*a, *b].iter().any(|roll| near(short, *roll) && long > 2.0 * roll)
    })
}

/// What somebody stated who knew: it is believed unless the picture is a better sheet at another resolution that
/// scanners have. A factor of two makes sheets of sheets, so that one is not noticed. Of parts of sheets, which may
/// have any size, one in two hundred looks like a sheet at another resolution.
fn scanned((width, height): (f64, f64), x: f64, sheet: &str) -> (Option<f64>, Option<Finding>) {
    let (short, long) = (width.min(height), width.max(height));
    // Programs round what they state: the same resolution, said in another way, is no other.
    let others = || SCANS.into_iter().filter(|scan| (scan - x).abs() > TRIMMED_SHARE * scan);
    let elsewhere = |fits: fn(f64, f64) -> bool| others().find(|scan| fits(short / scan, long / scan));
    let like = is_like_a_sheet(short / x, long / x);
    let better = if is_about_a_sheet(short / x, long / x) {
        None
    } else if like {
        elsewhere(is_sheet)
    } else {
        elsewhere(is_sheet).or_else(|| elsewhere(is_about_a_sheet))
    };
    let none = if like { "no usual sheet's size" } else { "no sheet's size" };
    let said = format!("The file states {x:.0} pixels an inch, and the {sheet} that this makes are {none}");
    if let Some(scan) = better {
        let (w, h) = (width / scan, height / scan);
        let said = format!("{said}; at {scan:.0} it is a sheet of {w:.1} x {h:.1} in, so it is not believed");
        return (None, Some(doubt(Finding::RESOLUTION_OF_NO_SHEET, said)));
    }
    if like {
        return (Some(x), None);
    }
    let said =
        format!("{said}. It is believed, as a part of a sheet may have any size: check a known length.");
    (Some(x), Some(Finding::new("resolution_of_no_sheet_taken", said)))
}

fn doubt(code: &str, said: String) -> Finding {
    Finding::new(code, format!("{said}: its scale cannot be read from a notation, calibrate it."))
}
