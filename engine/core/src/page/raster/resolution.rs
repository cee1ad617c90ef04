//! Whether a picture's stated resolution is evidence of its size on paper.

use crate::found::Finding;

/// Resolutions outside are slips of the writing program, not paper sizes.
const DPI: std::ops::RangeInclusive<f64> = 10.0..=10_000.0;
/// The two axes of one picture agree within this.
const EVEN: f64 = 0.01;
/// What programs write that know no resolution: points of a screen, of Windows' screens, of a doubled screen.
const SCREENS: [f64; 3] = [72.0, 96.0, 144.0];
/// Files keep whole dots a centimetre or metre, 28 dots a centimetre are 71.12 an inch; by so much what is stated is
/// off what such a file would state.
const ROUNDED: f64 = 0.03;
const CM: f64 = 2.54;
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
const SHEETS: [(f64, f64); 17] = [
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
const OTHER_SHEETS: [(f64, f64); 6] = [
    (257.0 / MM, 364.0 / MM),
    (364.0 / MM, 515.0 / MM),
    (515.0 / MM, 728.0 / MM),
    (728.0 / MM, 1030.0 / MM),
    (26.0, 38.0),
    (27.0, 39.0),
];
/// What scanners are set to. A picture that is a sheet to half a percent at one of these, and nothing like a sheet at
/// what its file states, was scanned at the former.
const SCANS: [f64; 6] = [100.0, 150.0, 200.0, 300.0, 400.0, 600.0];
/// Scans are trimmed, or show what lies around the sheet, by so many inches or this share of a side.
const TRIMMED: f64 = 0.5;
const TRIMMED_SHARE: f64 = 0.02;

/// Pixels an inch of a picture of `width` x `height` pixels whose file states `per_inch` across and down; `None`
/// where nothing is stated or what is stated is no evidence, with a finding that says why.
pub(super) fn believed(
    width: u32,
    height: u32,
    per_inch: Option<(f64, f64)>,
) -> (Option<f64>, Option<Finding>) {
    let Some((x, y)) = per_inch.filter(|(x, y)| DPI.contains(x) && DPI.contains(y)) else {
        return (None, None);
    };
    if (x - y).abs() > EVEN * x.max(y) {
        let said = format!("The picture has {x:.0} pixels an inch across and {y:.0} down");
        return (None, Some(doubt("resolution_uneven", said)));
    }
    let near = |screen: f64| (x - screen).abs() <= ROUNDED;
    let screen = SCREENS.into_iter().find(|screen| near(*screen) || near((screen / CM).round() * CM));
    let x = screen.unwrap_or(x);
    let (w, h) = (f64::from(width) / x, f64::from(height) / x);
    let (short, long) = (w.min(h), w.max(h));
    let sheet = format!("{w:.1} x {h:.1} in");
    if long < LEAST || short > WIDEST || long > LONGEST {
        let said =
            format!("The file states {x:.0} pixels an inch, which makes the picture {sheet}: no drawing is");
        return (None, Some(doubt("resolution_absurd", said)));
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
    (None, Some(doubt("resolution_of_screens", said)))
}

/// Whether a size is that of a sheet that drawings are plotted on, exactly.
fn is_sheet(short: f64, long: f64) -> bool {
    let agrees = |a: f64, b: f64| (a - b).abs() <= SHEET * b;
    SHEETS.iter().any(|(a, b)| agrees(short, *a) && agrees(long, *b))
}

/// Whether a size is about that of a sheet, or of a piece of a roll as wide as one.
fn is_like_a_sheet(short: f64, long: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= TRIMMED.max(TRIMMED_SHARE * b);
    SHEETS.iter().chain(&OTHER_SHEETS).any(|(a, b)| {
        near(short, *a) && near(long, *b)
            || [*a, *b].iter().any(|roll| near(short, *roll) && long > 2.0 * roll)
    })
}

/// What somebody stated who knew: it is believed unless the picture is a sheet at another resolution that scanners
/// have and none at this.
fn scanned((width, height): (u32, u32), x: f64, sheet: &str) -> (Option<f64>, Option<Finding>) {
    let (short, long) = (f64::from(width.min(height)), f64::from(width.max(height)));
    if is_like_a_sheet(short / x, long / x) {
        return (Some(x), None);
    }
    let said =
        format!("The file states {x:.0} pixels an inch, and the {sheet} that this makes are no sheet's size");
    // Programs round what they state: the same resolution, said in another way, is no other.
    let others = SCANS.into_iter().filter(|scan| (scan - x).abs() > TRIMMED_SHARE * scan);
    if let Some(scan) = others.into_iter().find(|scan| is_sheet(short / scan, long / scan)) {
        let (w, h) = (f64::from(width) / scan, f64::from(height) / scan);
        let said = format!("{said}; at {scan:.0} it is a sheet of {w:.1} x {h:.1} in, so it is not believed");
        return (None, Some(doubt("resolution_of_no_sheet", said)));
    }
    let said =
        format!("{said}. It is believed, as a part of a sheet may have any size: check a known length.");
    (Some(x), Some(Finding::new("resolution_of_no_sheet_taken", said)))
}

fn doubt(code: &str, said: String) -> Finding {
    Finding::new(code, format!("{said}: its scale cannot be read from a notation, calibrate it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(width: u32, height: u32, dpi: f64) -> (Option<f64>, Option<String>) {
        let (dpi, finding) = believed(width, height, Some((dpi, dpi)));
        (dpi, finding.map(|f| f.code))
    }

    fn code(code: &str) -> Option<String> {
        Some(code.to_owned())
    }

    #[test]
    fn a_scanner_s_resolution_is_believed() {
        // ARCH D, an 11 x 17 that was trimmed, a long roll, a B1, one with what lies around it.
        for (w, h, dpi) in [
            (7200, 10_800, 300.0),
            (3340, 2180, 200.0),
            (7200, 36_000, 200.0),
            (8598, 12_165, 300.0),
            (4900, 7290, 200.0),
        ] {
            assert_eq!(said(w, h, dpi), (Some(dpi), None));
        }
        for (short, long) in SHEETS.into_iter().chain(OTHER_SHEETS) {
            for dpi in SCANS {
                let px = |inches: f64| (inches * dpi).round() as u32;
                assert_eq!(said(px(long), px(short), dpi), (Some(dpi), None), "{short} x {long} at {dpi}");
                // Trimmed a little, at one side or all around.
                assert_eq!(said(px(long - 0.3), px(short), dpi), (Some(dpi), None));
                assert_eq!(said(px(long - 0.4), px(short - 0.4), dpi), (Some(dpi), None));
            }
        }
        assert_eq!(believed(100, 100, None), (None, None));
    }

    #[test]
    fn another_resolution_is_noticed_where_only_that_makes_a_sheet() {
        // 24 x 36 in at 300, at 400 and at 150, A1 at 300.
        for (w, h, tag) in
            [(10_800, 7200, 200.0), (14_400, 9600, 300.0), (5400, 3600, 200.0), (9933, 7016, 200.0)]
        {
            assert_eq!(said(w, h, tag), (None, code("resolution_of_no_sheet")), "{w} x {h} at {tag}");
        }
        let (_, finding) = believed(10_800, 7200, Some((200.0, 200.0)));
        let message = finding.unwrap().message;
        assert!(message.contains("54.0 x 36.0 in") && message.contains("36.0 x 24.0 in"), "{message}");
        // Half as much makes another sheet.
        assert_eq!(said(5400, 3600, 300.0), (Some(300.0), None));
        // Parts of sheets have any size.
        for (w, h, dpi) in [(900, 700, 300.0), (5000, 2900, 300.0), (2222, 2222, 200.0)] {
            assert_eq!(
                said(w, h, dpi),
                (Some(dpi), code("resolution_of_no_sheet_taken")),
                "{w} x {h} at {dpi}"
            );
        }
        // A resolution that was rounded is no other.
        assert_eq!(said(10_800, 7200, 299.0), (Some(299.0), None));
    }

    #[test]
    fn a_screen_s_resolution_is_evidence_only_where_it_makes_a_sheet() {
        // Scans at 150 to 600 dpi of sheets of every series, tagged by a program that knows no resolution.
        for scanned in [100.0, 150.0, 200.0, 300.0, 400.0, 600.0] {
            for (short, long) in SHEETS {
                for tag in [71.12, 72.0, 72.009, 96.0, 96.52, 144.0] {
                    let px = |inches: f64| (inches * scanned) as u32;
                    assert_eq!(
                        said(px(long), px(short), tag).0,
                        None,
                        "{short} x {long} at {scanned}, {tag}"
                    );
                }
            }
        }
        for (w, h) in [(2592, 1728), (1728, 2592), (2384, 1684), (1224, 792)] {
            assert_eq!(said(w, h, 72.0), (Some(72.0), code("resolution_of_screens_taken")), "{w} x {h}");
        }
        assert_eq!(said(3456, 2304, 96.0).0, Some(96.0));
        // Stated on purpose, whatever is near it.
        for dpi in [71.5, 73.0] {
            assert_eq!(said(1684, 2384, dpi), (Some(dpi), None));
        }
        assert_eq!(said(1684, 2384, 95.0), (Some(95.0), code("resolution_of_no_sheet_taken")));
        assert_eq!(said(3000, 2000, 72.0), (None, code("resolution_of_screens")));
    }

    #[test]
    fn sheets_that_nobody_plots_are_not_believed() {
        // Two by three metres, and three centimetres.
        assert_eq!(said(7874, 11_811, 100.0), (None, code("resolution_absurd")));
        assert_eq!(said(354, 300, 300.0), (None, code("resolution_absurd")));
        let (_, finding) = believed(7874, 11_811, Some((100.0, 100.0)));
        assert!(finding.unwrap().message.contains("78.7 x 118.1 in"));
    }

    #[test]
    fn two_resolutions_are_none() {
        let (dpi, finding) = believed(3000, 2000, Some((200.0, 100.0)));
        assert_eq!((dpi, finding.unwrap().code), (None, "resolution_uneven".to_owned()));
    }
}
