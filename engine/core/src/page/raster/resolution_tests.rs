use super::resolution::*;

const LIMIT: u64 = 100_000_000;

fn even(width: u32, height: u32, dpi: f64) -> Judged {
    judged((width, height), Some(Density::PerInch(dpi, dpi)), LIMIT)
}

fn said(width: u32, height: u32, dpi: f64) -> (Option<f64>, Option<String>) {
    let judged = even(width, height, dpi);
    assert_eq!(judged.size, (width, height));
    (judged.dpi, judged.findings.first().map(|f| f.code.clone()))
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
    assert_eq!(judged((100, 100), None, LIMIT), Judged { size: (100, 100), dpi: None, findings: Vec::new() });
}

#[test]
fn another_resolution_is_noticed_where_only_that_makes_a_sheet() {
    // 24 x 36 in at 300, at 400 and at 150, A1 at 300.
    for (w, h, tag) in
        [(10_800, 7200, 200.0), (14_400, 9600, 300.0), (5400, 3600, 200.0), (9933, 7016, 200.0)]
    {
        assert_eq!(said(w, h, tag), (None, code("resolution_of_no_sheet")), "{w} x {h} at {tag}");
    }
    let finding = even(10_800, 7200, 200.0).findings.pop();
    let message = finding.unwrap().message;
    assert!(message.contains("54.0 x 36.0 in") && message.contains("36.0 x 24.0 in"), "{message}");
    // Half as much makes another sheet.
    assert_eq!(said(5400, 3600, 300.0), (Some(300.0), None));
    // Parts of sheets have any size.
    for (w, h, dpi) in [(900, 700, 300.0), (5000, 2900, 300.0), (2222, 2222, 200.0)] {
        assert_eq!(said(w, h, dpi), (Some(dpi), code("resolution_of_no_sheet_taken")), "{w} x {h} at {dpi}");
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
                assert_eq!(said(px(long), px(short), tag).0, None, "{short} x {long} at {scanned}, {tag}");
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
    let finding = even(7874, 11_811, 100.0).findings.pop();
    assert!(finding.unwrap().message.contains("78.7 x 118.1 in"));
}

/// A page of `size` whose file states two densities.
fn two(size: (u32, u32), density: Density, limit: u64) -> ((u32, u32), Option<f64>, Vec<String>) {
    let Judged { size, dpi, findings } = judged(size, Some(density), limit);
    (size, dpi, findings.into_iter().map(|f| f.code).collect())
}

#[test]
fn pixels_longer_one_way_become_square_at_the_finer_resolution() {
    // A fax of a letter, the same lying, one whose resolution nobody names.
    let letter = two((1734, 1078), Density::PerInch(204.0, 98.0), LIMIT);
    assert_eq!(letter, ((1734, 2244), Some(204.0), vec!["resolution_uneven".to_owned()]));
    let lying = two((1078, 1734), Density::PerInch(98.0, 204.0), LIMIT);
    assert_eq!((lying.0, lying.1), ((2244, 1734), Some(204.0)));
    let shape = two((1000, 500), Density::Shape(2.0, 1.0), LIMIT);
    assert_eq!(shape, ((1000, 1000), None, vec!["resolution_uneven".to_owned()]));
    // An aspect that was written as if it were pixels an inch.
    assert_eq!(two((1000, 500), Density::PerInch(2.0, 1.0), LIMIT), shape);
    assert_eq!(two((1000, 500), Density::Shape(1.0, 1.0), LIMIT), ((1000, 500), None, vec![]));
    let said = judged((1734, 1078), Some(Density::PerInch(204.0, 98.0)), LIMIT).findings.remove(0).message;
    assert!(said.contains("204 pixels an inch across and 98 down") && said.contains("1734 x 2244"), "{said}");
}

#[test]
fn a_page_that_would_be_too_fine_is_as_fine_as_it_may_be() {
    let (size, dpi, _) = two((4000, 1000), Density::PerInch(400.0, 100.0), 4_000_000);
    assert_eq!((size, dpi), ((2000, 2000), Some(200.0)));
    let (size, dpi, codes) = two((3001, 1103), Density::PerInch(307.0, 101.0), 5_000_000);
    let dpi = dpi.unwrap();
    assert!(u64::from(size.0) * u64::from(size.1) <= 5_000_000 && codes[0] == "resolution_uneven");
    for (px, inches) in [(size.0, 3001.0 / 307.0), (size.1, 1103.0 / 101.0)] {
        assert!((f64::from(px) / dpi - inches).abs() < 1e-3 * inches, "{size:?} at {dpi}");
    }
}

#[test]
fn two_resolutions_that_no_scan_has_are_none() {
    let none = |size, x, y| two(size, Density::PerInch(x, y), LIMIT);
    let not_taken = |size| (size, None, vec!["resolution_uneven_not_taken".to_owned()]);
    assert_eq!(none((3000, 2000), 300.0, 20.0), not_taken((3000, 2000)));
    // 11 x 17 in at 600 both ways, and 11 x 34 by what is stated.
    assert_eq!(none((6600, 10_200), 600.0, 300.0), not_taken((6600, 10_200)));
    for (x, y) in [(0.0, 98.0), (f64::NAN, 98.0), (204.0, -98.0), (f64::INFINITY, 98.0)] {
        assert_eq!(none((100, 100), x, y), ((100, 100), None, vec![]));
    }
}

#[test]
fn a_better_sheet_at_another_resolution_speaks_against_a_worse_one() {
    // A3 and A2 at 150 tagged 200 are 9 x 12 and 12 x 18 in to half an inch.
    for (w, h) in [(2480, 1754), (2480, 3508)] {
        assert_eq!(said(w, h, 200.0), (None, code("resolution_of_no_sheet")), "{w} x {h}");
    }
    // 24 x 36 in at 150, trimmed by a fifth of an inch.
    assert_eq!(said(5370, 3570, 200.0), (None, code("resolution_of_no_sheet")));
    // 12 x 18 at 200, trimmed a little more than usual, is no other sheet.
    assert_eq!(said(3510, 2310, 200.0), (Some(200.0), None));
}
