//! Whole plans and parts of them: a detail's scale is not that of the plan beside it.

use super::context::Line;
use super::notation::Hit;

/// A view of a whole storey, roof or site, or a part drawn larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Plan,
    Part,
}

/// Words that make a part, or something else than a plan, of whatever is named with them.
const PARTS: [&str; 38] = [
    "DETAIL",
    "DETAILS",
    "SECTION",
    "SECTIONS",
    "ELEVATION",
    "ELEVATIONS",
    "ENLARGED",
    "ENLARGEMENT",
    "BLOW",
    "BLOWUP",
    "INSET",
    "TYPES",
    "TYP",
    "TYPICAL",
    "DIAGRAM",
    "DIAGRAMS",
    "RISER",
    "RISERS",
    "ISOMETRIC",
    "ISO",
    "AXONOMETRIC",
    "SCHEDULE",
    "SCHEDULES",
    "PROFILE",
    "PROFILES",
    "SCHNITT",
    "SCHNITTE",
    "ANSICHT",
    "ANSICHTEN",
    "COUPE",
    "COUPES",
    "ALZADO",
    "CORTE",
    "SECCION",
    "SECCIÓN",
    "SEZIONE",
    "PROSPETTO",
    "FACADE",
];
/// Words before "plan" that make it one of a storey, a roof or a site.
const WHOLES: [&str; 45] = [
    "FLOOR",
    "LEVEL",
    "STOREY",
    "STORY",
    "BASEMENT",
    "CELLAR",
    "GROUND",
    "MEZZANINE",
    "ATTIC",
    "ROOF",
    "SITE",
    "CEILING",
    "FOUNDATION",
    "FRAMING",
    "SLAB",
    "STRUCTURAL",
    "GRADING",
    "DRAINAGE",
    "UTILITY",
    "UTILITIES",
    "PAVING",
    "PARKING",
    "LANDSCAPE",
    "PLANTING",
    "IRRIGATION",
    "EROSION",
    "DEMOLITION",
    "DEMO",
    "ELECTRICAL",
    "LIGHTING",
    "POWER",
    "MECHANICAL",
    "HVAC",
    "DUCTWORK",
    "PLUMBING",
    "PIPING",
    "FIRE",
    "SPRINKLER",
    "ALARM",
    "FINISH",
    "FURNITURE",
    "EGRESS",
    "OVERALL",
    "PROPOSED",
    "EXISTING",
];
const PLANS: [&str; 3] = ["PLAN", "PLANS", "LAYOUT"];
/// Plans by one word.
const PLANS_ALONE: [&str; 3] = ["GRUNDRISS", "PLANTA", "PIANTA"];
/// Words that send to a plan rather than name one.
const SENDING: [&str; 14] =
    ["SEE", "REFER", "REF", "PER", "ON", "FROM", "FOR", "AS", "OF", "TO", "IN", "SHOWN", "NOTE", "MATCH"];
/// Words after "plan" that only say which.
const WHICH: [&str; 24] = [
    "LEVEL", "FLOOR", "LOWER", "UPPER", "FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH", "GROUND", "BASEMENT",
    "ROOF", "NORTH", "SOUTH", "EAST", "WEST", "AREA", "BUILDING", "PHASE", "UNIT", "PART", "ZONE", "NEW",
    "WORK",
];

/// What the words of a title name; `None` for what is neither.
pub(super) fn view_of(title: &[&str]) -> Option<View> {
    // A block plan shows where buildings stand; it is drawn beside others.
    let is_block_plan = title.windows(2).any(|pair| matches!(pair, ["BLOCK", "PLAN" | "PLANS"]));
    if is_block_plan || title.iter().any(|w| PARTS.contains(w)) {
        return Some(View::Part);
    }
    let sends = |words: &[&str]| words.iter().any(|w| SENDING.contains(w));
    let which = |w: &&str| WHICH.contains(w) || w.chars().count() == 1;
    let plan = title.iter().position(|w| PLANS.contains(w) || PLANS_ALONE.contains(w))?;
    let (before, after) = (&title[..plan], &title[plan + 1..]);
    let whole = PLANS_ALONE.contains(&title[plan]) || before.iter().any(|w| WHOLES.contains(w));
    (whole && !sends(before) && (PLANS_ALONE.contains(&title[plan]) || after.iter().all(which)))
        .then_some(View::Plan)
}

impl Line<'_> {
    /// The part of a plan that the words just before a notation name: STAIR DETAIL SCALE: 1/2" = 1'-0".
    pub(super) fn part_before(&self, hit: &Hit, text: &str) -> Option<String> {
        let (at, _) = self.title_of(hit.tokens.start);
        let words: Vec<&str> = at.iter().filter_map(|&i| self.word(i)).collect();
        let (first, last) = (self.tokens.get(*at.first()?)?, self.tokens.get(*at.last()?)?);
        (view_of(&words) == Some(View::Part)).then(|| text.get(first.start..last.end).map(str::to_owned))?
    }
}

#[cfg(test)]
mod tests {
    use super::super::detect_tests::{Placed, best, found};
    use super::*;

    #[test]
    fn titles_name_whole_plans_or_parts() {
        let view = |title: &str| view_of(&title.split(' ').collect::<Vec<_>>());
        for title in [
            "FIRST FLOOR PLAN",
            "LEVEL PLAN",
            "ROOF PLAN",
            "REFLECTED CEILING PLAN",
            "SITE PLAN NORTH",
            "FLOOR PLAN LEVEL",
            "FLOOR PLAN A",
            "OVERALL SITE LAYOUT",
            "GRUNDRISS ERDGESCHOSS",
            "PARTIAL FLOOR PLAN",
        ] {
            assert_eq!(view(title), Some(View::Plan), "{title}");
        }
        for title in [
            "STAIR DETAIL",
            "WALL SECTION",
            "NORTH ELEVATION",
            "ENLARGED TOILET PLAN",
            "TYP CURB DETAIL",
            "DOOR TYPES",
            "BLOW UP",
            "INSET A",
            "BLOCK PLAN",
            "PROPOSED BLOCK PLAN",
            "RISER DIAGRAM",
            "FLOOR PLANS AND SECTIONS",
        ] {
            assert_eq!(view(title), Some(View::Part), "{title}");
        }
        for title in [
            "PLAN",
            "STAIR PLAN",
            "SEE FLOOR PLAN",
            "AS SHOWN ON SITE PLAN",
            "SITE PLAN APPROVAL",
            "FLOOR PLAN REVIEW",
            "LOBBY",
            "FLOOR DRAIN",
        ] {
            assert_eq!(view(title), None, "{title}");
        }
    }

    const DETAIL: &str = "SCALE: 1/2\" = 1'-0\"";

    #[test]
    fn the_scale_of_a_detail_is_not_that_of_the_plan_beside_it() {
        for title in [
            "STAIR DETAIL",
            "DETAIL 3/A5.1",
            "WALL SECTION",
            "BUILDING SECTION",
            "NORTH ELEVATION",
            "ENLARGED TOILET PLAN",
            "TYP. CURB DETAIL",
            "DOOR TYPES",
            "PARTITION TYPES",
            "BLOW-UP",
            "INSET A",
            "RISER DIAGRAM",
        ] {
            let plan = (200.0, 200.0, "FIRST FLOOR PLAN");
            let sheet: &[Placed] = &[plan, (1500.0, 900.0, title), (1500.0, 914.0, DETAIL)];
            let record = found(sheet).value;
            assert!(record.best.is_none(), "{title}: {:?}", record.best);
            let why = record.withheld.unwrap();
            assert!(why.contains("FIRST FLOOR PLAN") || why.contains("only a part"), "{title}: {why}");
            assert!(record.candidates.iter().any(|c| c.ratio == 24.0), "{title}");
            // Without a plan beside them they are what the sheet shows.
            if title != "INSET A" {
                assert_eq!(best(&sheet[1..]), Some(24.0), "{title}");
                // The plan has a scale of its own: then there are two.
                let both: &[Placed] =
                    &[plan, (200.0, 214.0, "1/8\" = 1'-0\""), sheet[1], (1500.0, 914.0, DETAIL)];
                assert!(found(both).value.withheld.unwrap().contains("2 different scales"), "{title}");
            }
        }
        // In one line.
        let line: &[Placed] =
            &[(200.0, 200.0, "FIRST FLOOR PLAN"), (1500.0, 900.0, "STAIR DETAIL 1/2\" = 1'-0\"")];
        assert!(found(line).value.withheld.unwrap().contains("\"STAIR DETAIL\""));
    }

    #[test]
    fn a_plan_is_scaled_by_its_own_title_or_by_the_sheet_s() {
        // Parts at the scale of the plan.
        let same: &[Placed] = &[
            (200.0, 200.0, "FIRST FLOOR PLAN"),
            (200.0, 214.0, "1/8\" = 1'-0\""),
            (900.0, 200.0, "NORTH ELEVATION"),
            (900.0, 214.0, "1/8\" = 1'-0\""),
        ];
        assert_eq!(best(same), Some(96.0));
        // The sheet's own scale, and what sends to a plan elsewhere.
        let own: &[Placed] = &[(200.0, 200.0, "FIRST FLOOR PLAN"), (2500.0, 2000.0, DETAIL)];
        assert_eq!(best(own), Some(24.0));
        let sent: &[Placed] =
            &[(200.0, 200.0, "SEE FLOOR PLAN"), (900.0, 900.0, "STAIR SECTION"), (900.0, 914.0, DETAIL)];
        assert_eq!(best(sent), Some(24.0));
        // A plan that is not to scale has none.
        let unscaled: &[Placed] = &[
            (200.0, 200.0, "FIRST FLOOR PLAN"),
            (200.0, 214.0, "NOT TO SCALE"),
            (900.0, 900.0, "STAIR SECTION"),
            (900.0, 914.0, DETAIL),
        ];
        assert_eq!(best(unscaled), None);
    }
}
