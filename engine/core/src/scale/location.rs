//! The location plan that is the only drawing of its sheet, as applications for planning have one.

use super::detect::Statement;
use super::hedge::Doubt;
use super::paper::inches;
use crate::found::Finding;
use crate::page::display::DisplayList;

/// Longer side of the largest sheet that is one of a location plan alone, inches: A3 and 11 x 17 with their margins. What
/// is larger has other drawings, whether or not they have titles in text.
const SMALL_IN: f64 = 18.5;
/// Words of other drawings, and of what they show.
const OTHERS: [&str; 34] = [
    "PROPOSED",
    "EXISTING",
    "ELEVATION",
    "ELEVATIONS",
    "SECTION",
    "SECTIONS",
    "DETAIL",
    "DETAILS",
    "FLOOR",
    "FLOORS",
    "ROOF",
    "FRONT",
    "REAR",
    "LAYOUT",
    "BEDROOM",
    "BED",
    "BATH",
    "BATHROOM",
    "KITCHEN",
    "LIVING",
    "DINING",
    "LOUNGE",
    "HALL",
    "LANDING",
    "ENSUITE",
    "WC",
    "OFFICE",
    "CORRIDOR",
    "LOBBY",
    "STAIR",
    "STAIRS",
    "STORE",
    "UTILITY",
    "BLOCK",
];

/// Takes the doubt from the scale of a location plan where nothing else is drawn; says so with the words.
pub(super) fn settle(statements: &mut [Statement], other_views: bool, list: &DisplayList) -> Option<Finding> {
    let is_small = inches(&list.space).is_some_and(|(w, h)| w.max(h) <= SMALL_IN);
    let first = statements.first()?;
    let (text, ratio) = (first.text.clone(), first.ratio);
    let title = match &first.doubt {
        Some(Doubt::Beside(title)) if is_location(title) => title.clone(),
        _ => return None,
    };
    let same = |s: &Statement| {
        let of_location = match &s.doubt {
            Some(Doubt::Beside(title)) => is_location(title),
            None => !s.lone && s.part.is_none(),
            Some(_) => false,
        };
        of_location && s.ratio == ratio && !s.sample
    };
    let known = |line: &str| {
        let upper = line.to_uppercase();
        upper.split(|c: char| !c.is_alphabetic()).any(|w| OTHERS.contains(&w))
    };
    let alone = is_small && !other_views && statements.iter().all(same);
    if !alone || list.lines.iter().any(|l| known(&l.text)) {
        return None;
    }
    statements.iter_mut().for_each(|s| s.doubt = None);
    let said =
        format!("{text} is taken, which is the scale of \"{title}\": no other drawing is named on the sheet");
    Some(Finding::new("scale_of_location_plan", said))
}

/// Whether a title is that of a location plan, which is drawn to be measured as a key plan is not.
pub(super) fn is_location(title: &str) -> bool {
    title.to_uppercase().split(|c: char| !c.is_alphabetic()).any(|w| w == "LOCATION")
}

#[cfg(test)]
mod tests {
    use super::super::detect;
    use super::super::detect_tests::{Placed, page, paper};
    use super::super::practice_tests::a1;

    #[test]
    fn a_location_plan_that_is_all_of_its_sheet_has_its_scale() {
        let a4 = paper(297.0, 210.0);
        let sheets: [&[Placed]; 3] = [
            &[(200.0, 200.0, "LOCATION PLAN 1:1250")],
            &[
                (200.0, 200.0, "SITE LOCATION PLAN"),
                (200.0, 214.0, "SCALE 1:1250"),
                (600.0, 500.0, "MARCH 2024"),
            ],
            &[(200.0, 200.0, "LOCATION PLAN"), (200.0, 214.0, "1:1250 @ A4"), (300.0, 100.0, "HIGH STREET")],
        ];
        for sheet in sheets {
            let found = detect(&page(a4, sheet));
            assert_eq!(
                found.value.best.map(|b| b.ratio),
                Some(1250.0),
                "{sheet:?} {:?}",
                found.value.withheld
            );
            assert!(found.findings.iter().any(|f| f.code == "scale_of_location_plan"), "{sheet:?}");
            assert!(!found.findings.iter().any(|f| f.code == "scale_beside"), "{sheet:?}");
            // A larger sheet has other drawings, and so has one that names them or their rooms.
            assert!(detect(&page(a1(), sheet)).value.best.is_none(), "{sheet:?}");
            for other in
                ["PROPOSED", "KITCHEN", "FRONT ELEVATION", "STAIR DETAIL", "GROUND FLOOR", "SITE PLAN", "NTS"]
            {
                let mut more = sheet.to_vec();
                more.push((500.0, 400.0, other));
                let record = detect(&page(a4, &more)).value;
                assert!(record.best.is_none(), "{sheet:?} {other}");
                assert!(record.withheld.is_some_and(|why| why.contains("1:")), "{sheet:?} {other}");
            }
        }
        // On other paper than it is written for, and beside another plan of its kind.
        let other: &[Placed] = &[(200.0, 200.0, "LOCATION PLAN"), (200.0, 214.0, "1:1250 @ A3")];
        assert!(detect(&page(a4, other)).value.best.is_none());
        for key in ["KEY PLAN 1:1250", "VICINITY MAP 1:1250"] {
            assert!(detect(&page(a4, &[(200.0, 200.0, key)])).value.best.is_none(), "{key}");
        }
    }
}
