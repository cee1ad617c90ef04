//! Where a sheet's own title block is: captions of its fields, several kinds of them, within one ruled area at the
//! right or the lower edge.

use super::{Page, Ruled, capitals, is_sheet_number, middle, ruled};
use crate::geom::ListRect;

/// What a field of a title block is called, by kind. A field has its value behind it or below.
const CAPTIONS: [(Kind, &[&str]); 12] = [
    (
        Kind::Sheet,
        &[
            "SHEET NO",
            "SHEET NUMBER",
            "SHEET #",
            "SHEET",
            "DRAWING NO",
            "DRAWING NUMBER",
            "DRAWING #",
            "DWG NO",
            "DWG. NO",
            "DWG #",
        ],
    ),
    (Kind::Title, &["SHEET TITLE", "SHEET NAME", "SHEET CONTENTS", "DRAWING TITLE", "DRAWING NAME", "TITLE"]),
    (Kind::Drawn, &["DRAWN", "DRAWN BY", "DRWN BY", "DRAFTED BY", "DESIGNED BY", "DESIGNED"]),
    (
        Kind::Checked,
        &["CHECKED", "CHECKED BY", "CHK", "CHK'D", "CHKD BY", "APPROVED", "APPROVED BY", "REVIEWED BY"],
    ),
    (
        Kind::ProjectNumber,
        &[
            "PROJECT NO",
            "PROJECT NUMBER",
            "PROJECT #",
            "PROJ NO",
            "PROJ. NO",
            "JOB NO",
            "JOB NUMBER",
            "JOB #",
            "COMM NO",
            "COMM. NO",
            "COMMISSION NO",
            "CONTRACT NO",
        ],
    ),
    (Kind::Project, &["PROJECT", "PROJECT NAME", "PROJECT TITLE", "CLIENT", "OWNER", "LOCATION"]),
    (Kind::Date, &["DATE", "ISSUE DATE", "DATE ISSUED"]),
    (Kind::Scale, &["SCALE"]),
    (Kind::Revisions, &["REVISIONS", "REVISION", "REVISION SCHEDULE", "REVISION HISTORY", "REV", "ISSUES"]),
    (
        Kind::Consultant,
        &[
            "CONSULTANT",
            "CONSULTANTS",
            "ARCHITECT",
            "ENGINEER",
            "ARCHITECT/ENGINEERS",
            "ARCHITECT/ENGINEER OF RECORD",
        ],
    ),
    (Kind::Seal, &["SEAL", "STAMP", "PROFESSIONAL SEAL"]),
    (Kind::Issued, &["ISSUED FOR", "ISSUE"]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sheet,
    Title,
    Drawn,
    Checked,
    ProjectNumber,
    Project,
    Date,
    Scale,
    Revisions,
    Consultant,
    Seal,
    Issued,
}

/// Words of a field's value in one line with its caption at most.
const VALUE_WORDS: usize = 5;
/// Kinds of fields that make a title block.
const MIN_KINDS: u32 = 4;
/// A wider block of the same shape is taken if it adds so many kinds, and is so many times as large at most.
const MORE_KINDS: u32 = 2;
const MORE_AREA: f32 = 1.6;
/// A strip along an edge is at most this share of the page across, its line at least this share of the page long, and its
/// fields are spread over at least this share of the line.
const STRIP: f32 = 0.3;
const STRIP_LINE: f32 = 0.5;
const SPREAD: f32 = 0.35;
/// Fields begin at the near part of a strip, or the line is not the strip's own.
const NEAR_PART: f32 = 0.6;
/// A block in the corner: its share of the page at most, its sides' share of the page's at least, and how near to the
/// page's edges they end.
const CORNER: f32 = 0.15;
const CORNER_LINE: f32 = 0.06;
const AT_EDGE: f32 = 0.1;
/// Lines that are looked at as a corner block's sides, the longest: a hatch at the edge has thousands.
const MAX_SIDES: usize = 300;
/// Sides of a block meet up to so many list units.
const MEET: f32 = 3.0;

/// A text that is a field's caption.
struct Caption {
    kind: Kind,
    at: [f32; 2],
    left: f32,
    top: f32,
}

/// The kind of field that a line of text names, if it is nothing else.
fn kind(text: &str) -> Option<Kind> {
    let text = capitals(text);
    let words = text.split(' ').count();
    let names = |phrase: &&str| {
        let Some(rest) = text.strip_prefix(*phrase) else { return false };
        match rest.chars().next() {
            None => true,
            Some(':' | '.' | '#') => words <= phrase.split(' ').count() + VALUE_WORDS,
            // "DATE 4/2/2024" and not "PROJECT LIMITS".
            Some(' ') => {
                words <= phrase.split(' ').count() + VALUE_WORDS
                    && (rest.chars().any(|c| c.is_ascii_digit()) || phrase.contains(' '))
            }
            Some(_) => false,
        }
    };
    CAPTIONS.iter().find(|(_, phrases)| phrases.iter().any(&names)).map(|(kind, _)| *kind)
}

/// What the captions within an area say.
struct Fields {
    kinds: u32,
    /// Its sheet or title is named, and something that only title blocks name.
    is_block: bool,
    /// Of the middles of the captions; left and top of the first ones.
    area: ListRect,
    left: f32,
    top: f32,
}

impl Fields {
    fn within(captions: &[Caption], area: &ListRect) -> Self {
        let mut seen = 0_u32;
        let (mut spread, mut left, mut top) = (ListRect::EMPTY, f32::INFINITY, f32::INFINITY);
        for c in captions {
            let [x, y] = c.at;
            if x >= area.left && x <= area.right && y >= area.top && y <= area.bottom {
                seen |= 1 << c.kind as u32;
                spread.add(x, y);
                (left, top) = (left.min(c.left), top.min(c.top));
            }
        }
        let any = |kinds: &[Kind]| kinds.iter().any(|k| seen & (1 << *k as u32) != 0);
        let only_there =
            [Kind::Drawn, Kind::Checked, Kind::ProjectNumber, Kind::Revisions, Kind::Consultant, Kind::Seal];
        Self {
            kinds: seen.count_ones(),
            is_block: seen.count_ones() >= MIN_KINDS && any(&[Kind::Sheet, Kind::Title]) && any(&only_there),
            area: spread,
            left,
            top,
        }
    }
}

/// The title block of a page, list units.
pub(super) fn find(page: &Page<'_>) -> Option<ListRect> {
    let (w, h) = (page.width, page.height);
    let at_edges = |[x, y]: [f32; 2]| x > w * (1.0 - STRIP) || y > h * (1.0 - STRIP);
    let captions: Vec<Caption> = page
        .texts
        .iter()
        .filter(|t| t.text.len() <= super::MAX_TEXT && at_edges(middle(&t.bounds)))
        .filter_map(|t| {
            let b = &t.bounds;
            Some(Caption { kind: kind(&t.text)?, at: middle(b), left: b.left, top: b.top })
        })
        .collect();
    if !Fields::within(&captions, &ListRect { left: 0.0, top: 0.0, right: w, bottom: h }).is_block {
        return None;
    }
    let lines = ruled(page, CORNER_LINE * w.min(h));
    let right = strips(&lines, page, true);
    let bottom = strips(&lines, page, false);
    best(&captions, right, |area, fields| {
        fields.area.height() >= SPREAD * area.height() && fields.left - area.left <= NEAR_PART * area.width()
    })
    .or_else(|| {
        best(&captions, bottom, |area, fields| {
            fields.area.width() >= SPREAD * area.width() && fields.top - area.top <= NEAR_PART * area.height()
        })
    })
    .or_else(|| {
        best(&captions, corners(&lines, page), |area, fields| {
            fields.left - area.left <= NEAR_PART * area.width()
                && fields.top - area.top <= NEAR_PART * area.height()
        })
    })
}

/// Areas along the right edge, or the lower one, beside a line that runs along most of it.
fn strips(lines: &[Ruled], page: &Page<'_>, right: bool) -> Vec<ListRect> {
    let (w, h) = (page.width, page.height);
    let (along, across) = if right { (h, w) } else { (w, h) };
    let is_side = |l: &&Ruled| {
        l.upright == right
            && l.length() >= STRIP_LINE * along
            && l.at >= (1.0 - STRIP) * across
            // The frame itself is none.
            && l.at <= 0.97 * across
    };
    let area = |l: &Ruled| {
        if right {
            ListRect { left: l.at, top: l.from, right: w, bottom: l.to }
        } else {
            ListRect { left: l.from, top: l.at, right: l.to, bottom: h }
        }
    };
    lines.iter().filter(is_side).map(area).collect()
}

/// Areas in the lower right corner, between an upright line and a level one that meet.
fn corners(lines: &[Ruled], page: &Page<'_>) -> Vec<ListRect> {
    let (w, h) = (page.width, page.height);
    let is_side = |l: &&Ruled| l.upright && l.at > 0.4 * w && l.to >= (1.0 - AT_EDGE) * h;
    let is_top = |l: &&Ruled| !l.upright && l.at > 0.4 * h && l.to >= (1.0 - AT_EDGE) * w;
    // The longest come last.
    let sides = lines.iter().rev().filter(is_side).take(MAX_SIDES);
    let tops: Vec<&Ruled> = lines.iter().rev().filter(is_top).take(MAX_SIDES).collect();
    let mut areas = Vec::new();
    for side in sides {
        let meet = |top: &&&Ruled| top.from <= side.at + MEET && top.at >= side.from - MEET;
        let tops = tops.iter().filter(meet);
        areas.extend(tops.map(|top| ListRect { left: side.at, top: top.at, right: w, bottom: h }));
    }
    areas.retain(|a| a.width() * a.height() <= CORNER * w * h);
    areas
}

/// The smallest area that holds a title block, or a larger one whose further fields are its own, too.
fn best(
    captions: &[Caption],
    mut areas: Vec<ListRect>,
    fits: impl Fn(&ListRect, &Fields) -> bool,
) -> Option<ListRect> {
    let size = |a: &ListRect| a.width() * a.height();
    areas.sort_by(|a, b| size(a).total_cmp(&size(b)).then(a.left.total_cmp(&b.left)));
    let mut found: Option<(ListRect, u32)> = None;
    for area in areas {
        let fields = Fields::within(captions, &area);
        let more = found.as_ref().is_none_or(|(smaller, kinds)| {
            fields.kinds >= kinds + MORE_KINDS && size(&area) <= MORE_AREA * size(smaller)
        });
        if more && fields.is_block && fits(&area, &fields) {
            found = Some((area, fields.kinds));
        }
    }
    found.map(|(area, _)| area)
}

/// The sheet's number: of all in the title block that look like one, that in the largest letters.
pub(super) fn number(page: &Page<'_>, block: &ListRect) -> Option<String> {
    let inside =
        |[x, y]: [f32; 2]| x >= block.left && x <= block.right && y >= block.top && y <= block.bottom;
    let mut best: Option<(f32, String)> = None;
    let mut doubtful = false;
    for text in page.texts.iter().filter(|t| inside(middle(&t.bounds))) {
        let word = capitals(&text.text);
        let word = word.rsplit([' ', ':']).next().unwrap_or_default();
        if !is_sheet_number(word) {
            continue;
        }
        let size = text.bounds.height().min(text.bounds.width());
        match &best {
            Some((most, other)) if size <= most * 1.05 => {
                doubtful |= size >= most * 0.95 && !super::is_same_sheet(other, word);
            }
            _ => (best, doubtful) = (Some((size, word.to_owned())), false),
        }
    }
    best.filter(|_| !doubtful).map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_from_other_texts() {
        for (text, is) in [
            ("SHEET NO.", Kind::Sheet),
            ("Sheet Number:", Kind::Sheet),
            ("DRAWN BY: JS", Kind::Drawn),
            ("CHECKED", Kind::Checked),
            ("PROJECT NO. 2419.00", Kind::ProjectNumber),
            ("Project", Kind::Project),
            ("DATE: 4/2/2024", Kind::Date),
            ("DATE 04-02-24", Kind::Date),
            ("SCALE: 1/8\" = 1'-0\"", Kind::Scale),
            ("REVISIONS", Kind::Revisions),
            ("ISSUED FOR BID", Kind::Issued),
        ] {
            assert_eq!(kind(text), Some(is), "{text}");
        }
        for other in
            ["PROJECT LIMITS", "SHEET METAL FLASHING", "DATED", "SEALANT JOINT", "SCALES", "ROOM 101"]
        {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
