//! What the pages of a session have given until now, in numbers and in words.

use takeoff_commands::count::NewDetection;
use takeoff_core::count::{Answer, AtMatchLine, Match};
use takeoff_core::found::Finding;
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::model::{Beyond, CountProgress, CountSession, Id, Page, SearchedSheet, beyond, leads_back};

use super::{frames, sizes};

/// Different letterings that a note names.
const MAX_SAID: usize = 12;
/// Different letterings that are counted each for itself.
const MAX_OTHERS: usize = 200;

/// Places that are listed, and those of them that a note names one by one.
const MAX_PLACES: usize = 200;
const NAMED_PLACES: usize = 4;

/// How far the middle of a symbol may be from that of its box, pixels, and a side of it outside or, as a share
/// of the box, inside, until a person is told.
const SHIFT_PX: f64 = 5.0;
const OUTSIDE_PX: f64 = 5.0;
const INSIDE_SHARE: f64 = 0.25;

/// What a session's result does not cover.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Gap {
    #[error("page {0} could not be read")]
    Unreadable(Id),
    #[error("page {0} was not searched, the session's time was up")]
    NotSearched(u32),
    #[error("page {0} was searched in part only, the session's time was up")]
    InPart(u32),
    #[error(
        "page {page} was searched in part only, not for lack of time: {why}; draw the box closer around one whole symbol"
    )]
    Bound { page: u32, why: String },
    #[error("the file is damaged where page {0} draws from it, symbols may be missing there")]
    Damaged(u32),
}

/// Adds what a page showed. What it showed of the lettering holds for the next.
pub(super) fn add(progress: &mut CountProgress, page: u32, answer: &Answer) {
    progress.searched += 1;
    progress.lettering.clone_from(&answer.lettering);
    progress.trimmed |= answer.trimmed.iter().any(Option::is_some);
    progress.lacking_a_part += answer.lacking_a_part as u64;
    list(&mut progress.lacking_at, page, &answer.lacking_at);
    let other_pen = |of: &[Match]| of.iter().filter(|m| m.place.other_pen).count() as u64;
    progress.pen_refused += other_pen(&answer.near_misses);
    progress.pen_taken += other_pen(&answer.matches);
    frames::add(progress, page, answer);
    progress.others_found += answer.matches.iter().filter(|m| !m.place.is_exemplar).count() as u64;
    progress.variants += answer.matches.iter().filter(|m| m.place.variant).count() as u64;
    progress.cut += answer.cut as u64;
    progress.partly += answer.partly.len() as u64;
    list(&mut progress.partly_at, page, &answer.partly);
    progress.legend_in_doubt += answer.legend_in_doubt.len() as u64;
    list(&mut progress.legend_in_doubt_at, page, &answer.legend_in_doubt);
    if progress.says.iter().all(String::is_empty) {
        for place in answer.matches.iter().map(|m| &m.place).filter(|p| !p.words.is_empty()) {
            let words = place.words.join(" ");
            if progress.lettered.contains_key(&words) || progress.lettered.len() < MAX_OTHERS {
                *progress.lettered.entry(words).or_default() += 1;
            }
        }
    }
    for (words, times) in &answer.said_beside {
        if progress.said_beside.contains_key(words) || progress.said_beside.len() < MAX_OTHERS {
            *progress.said_beside.entry(words.clone()).or_default() += *times as u64;
        }
    }
    for (words, times) in &answer.other_lettering {
        let times = *times as u64;
        if progress.others.contains_key(words) || progress.others.len() < MAX_OTHERS {
            *progress.others.entry(words.clone()).or_default() += times;
        } else {
            progress.others_more += times;
        }
    }
}

/// Takes down what a page is among the sheets. Where a region is asked for, or a part of the page was not searched, it is
/// not sure that it counts what others show of it.
pub(super) fn sheet(progress: &mut CountProgress, session: &CountSession, page: &Page, answer: &mut Answer) {
    let is_damaged = page.findings.iter().any(Finding::is_damage);
    let whole = answer.complete && !is_damaged && session.scope.region.is_none();
    let counted = answer.matches.iter().map(|m| &m.place).filter(|p| p.apart.is_none());
    let places: Vec<AtMatchLine> = counted.filter_map(|p| p.match_line).collect();
    let seen = std::mem::take(&mut answer.sheet);
    progress.sheets.insert(page.id, SearchedSheet::of(page.number, whole, seen, places.into_iter()));
}

/// Lists places of a page, while there is room.
pub(super) fn list(all: &mut Vec<(u32, PxPoint)>, page: u32, places: &[PxPoint]) {
    let room = MAX_PLACES - all.len().min(MAX_PLACES);
    all.extend(places.iter().take(room).map(|p| (page, *p)));
}

/// Takes down what is of this page: how much the negative exemplars took out, and which exemplars are not where their
/// boxes were drawn, if they were cut from it.
pub(super) fn place(progress: &mut CountProgress, session: &CountSession, page_id: Id, answer: &Answer) {
    if !session.scope.negatives.is_empty() {
        progress.excluded.get_or_insert_default().insert(page_id, answer.excluded as u64);
    }
    let more = session.scope.exemplars.iter().map(|e| (e.page_id, e.bbox));
    let drawn: Vec<(Id, PxRect)> = [(session.page_id, session.exemplar)].into_iter().chain(more).collect();
    for Match { place, exemplar } in answer.matches.iter().filter(|m| m.place.is_exemplar) {
        if drawn.get(*exemplar).is_some_and(|(page, bbox)| *page == page_id && is_moved(bbox, &place.bbox)) {
            progress.moved.push((*exemplar as u32, place.bbox));
        }
    }
}

fn is_moved(drawn: &PxRect, symbol: &PxRect) -> bool {
    let axes = [(drawn.x, drawn.w, symbol.x, symbol.w), (drawn.y, drawn.h, symbol.y, symbol.h)];
    axes.into_iter().any(|(at, side, symbol_at, symbol_side)| {
        let (before, after) = (symbol_at - at, at + side - (symbol_at + symbol_side));
        let least = before.min(after);
        let inside = before.max(after) > (side * INSIDE_SHARE).max(2.0 * OUTSIDE_PX);
        ((before - after) / 2.0).abs() > SHIFT_PX || least < -OUTSIDE_PX || inside
    })
}

/// A page's matches and near misses, as they are stored.
pub(super) fn candidates(page_id: Id, answer: Answer) -> Vec<NewDetection> {
    let new = |Match { place, exemplar }: Match| NewDetection {
        page_id,
        bbox: place.bbox,
        center: place.center,
        confidence: place.confidence,
        likeness: place.likeness,
        coverage: place.coverage,
        extra: place.extra,
        exemplar: exemplar as u32,
        angle: place.angle_deg,
        mirrored: place.mirrored,
        scale: place.scale,
        is_exemplar: place.is_exemplar,
        in_legend: place.in_legend,
        apart: place.apart.filter(|_| !place.in_legend),
        match_line: place.match_line,
        variant: place.variant,
        other_pen: place.other_pen,
        label: (!place.words.is_empty()).then(|| place.words.join(" ")),
    };
    answer.matches.into_iter().chain(answer.near_misses).map(new).collect()
}

/// What a person should know about the answer.
pub(super) fn notes(progress: &CountProgress) -> Option<String> {
    let notes = [
        scanned(progress),
        sizes::note(progress),
        left_out(progress),
        other_pens(progress),
        frames::note(progress),
        lettered(progress),
        not_compared(progress),
        box_cuts(progress),
        variants(progress),
        legend_in_doubt(progress),
        in_part(progress),
        box_too_large(progress),
        box_trimmed(progress),
        box_moved(progress),
    ];
    let notes = notes.into_iter().flatten();
    let notes: Vec<String> = notes.collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// That the box holds a part of a symbol only.
fn box_cuts(progress: &CountProgress) -> Option<String> {
    let places = match progress.cut {
        0 => return None,
        1 => "1 of those found".to_owned(),
        n => format!("{n} of those found"),
    };
    Some(format!(
        "the example's box cuts strokes that go on outside it, and at {places} they go on in the same way: it \
         probably holds only a part of the symbol, so that parts were counted, or other symbols with the same part; \
         draw the box around the whole symbol"
    ))
}

/// That other places lack the same part of the box.
fn box_too_large(progress: &CountProgress) -> Option<String> {
    (progress.lacking_a_part > 0).then(|| {
        format!(
            "{} more places show most of what is in the box but lack the same part of it (see `lacking_a_part`): if they are \
             the symbol, draw the box tighter around one",
            progress.lacking_a_part
        )
    })
}

/// That the number would be another one if the example were drawn on another page.
fn other_pens(progress: &CountProgress) -> Option<String> {
    const PEN: &str = "pen (line weight, colour or dashes)";
    let refused = (progress.pen_refused > 0).then(|| {
        let (places, are) = match progress.pen_refused {
            1 => ("1 place differs".to_owned(), "is"),
            n => (format!("{n} places differ"), "are"),
        };
        format!("{places} from the example by the {PEN} and {are} not counted, being on its own page")
    });
    let taken = (progress.pen_taken > 0).then(|| {
        let of = match progress.pen_taken {
            1 => "1 of those found differs".to_owned(),
            n => format!("{n} of those found differ"),
        };
        format!("{of} from the example by the {PEN}, which is not compared on pages other than its own, where `same_pen` is false, \
             nor where no other place has the example's width")
    });
    let said = refused.into_iter().chain(taken).reduce(|a, b| format!("{a}, and {b}"))?;
    Some(format!(
        "{said}: with the example on another page the number may be another one; see `other_pen` of each place, and \
         set `same_pen` to false to count them whatever their pen, and look at each then: hatch may match, too"
    ))
}

/// The first of some places, and how many more there are; `see` says where they are listed.
pub(super) fn named(all: u64, listed: &[(u32, PxPoint)], see: &str) -> String {
    let named = listed.iter().take(NAMED_PLACES);
    let mut places: Vec<String> =
        named.map(|(n, p)| format!("page {n} at x {:.0}, y {:.0}", p.x, p.y)).collect();
    let more = all.saturating_sub(places.len() as u64);
    let first = if all > listed.len() as u64 && !see.is_empty() {
        see.replace(')', &format!(" for the first {MAX_PLACES})"))
    } else {
        see.to_owned()
    };
    places.extend((more > 0).then(|| format!("{more} more{first}")));
    places.join(", ")
}

/// That what was set apart as a sample may be an instance.
fn legend_in_doubt(progress: &CountProgress) -> Option<String> {
    let (stand, samples) = match progress.legend_in_doubt {
        0 => return None,
        1 => ("1 of those found stands".to_owned(), "a sample"),
        n => (format!("{n} of those found stand"), "samples"),
    };
    Some(format!(
        "{stand} in what is taken for a legend only by the way it is set, without a heading or with several of the \
         symbol in it: {}; set apart as {samples}, check by eye, and set `include_legend` if they are to count",
        named(progress.legend_in_doubt, &progress.legend_in_doubt_at, "")
    ))
}

/// That places show most of the example and are not even listed.
fn in_part(progress: &CountProgress) -> Option<String> {
    let places = named(progress.partly, &progress.partly_at, " (see `shown_in_part`)");
    let show = match progress.partly {
        1 => "1 place shows".to_owned(),
        n => format!("{n} places show"),
    };
    (progress.partly > 0).then(|| {
        format!(
            "{show} most of the example and too little to be listed as less alike: {}; if they are the \
             symbol, give one of them as another example",
            places
        )
    })
}

/// That what was counted says something and the example nothing.
fn lettered(progress: &CountProgress) -> Option<String> {
    let all: u64 = progress.lettered.values().sum();
    let said: Vec<String> =
        progress.lettered.iter().take(MAX_SAID).map(|(words, times)| format!("{words} ({times})")).collect();
    (all > 0).then(|| format!("the example says nothing, and {all} of those found do: {}", said.join(", ")))
}

/// That what was counted says something else beside the symbol than the example.
fn not_compared(progress: &CountProgress) -> Option<String> {
    let words: Vec<&str> = progress.beside.iter().take(MAX_SAID).map(String::as_str).collect();
    let example = match words.as_slice() {
        [] => "nothing stands beside the example".to_owned(),
        words => format!("{} stands beside the example", words.join(", ")),
    };
    let all: u64 = progress.said_beside.values().sum();
    let said = progress.said_beside.iter().take(MAX_SAID).map(|(words, times)| match words.as_str() {
        "" => format!("nothing ({times})"),
        words => format!("{words} ({times})"),
    });
    let said: Vec<String> = said.collect();
    (all > 0).then(|| {
        format!(
            "{example} and is not compared, and at {all} of those found something else does: {}; set `lettering` to \
             `agree` to leave them out",
            said.join(", ")
        )
    })
}

/// That what was counted may be of two kinds.
fn variants(progress: &CountProgress) -> Option<String> {
    let show = match progress.variants {
        0 => return None,
        1 => "1 of those found shows".to_owned(),
        n => format!("{n} of those found show"),
    };
    Some(format!(
        "{show} strokes around or across that the example does not, alike at several: if that makes another \
         symbol of them, give one of them as what is not meant"
    ))
}

/// That strokes were traced, so that the count is less sure than on drawings.
fn scanned(progress: &CountProgress) -> Option<String> {
    let pages = match progress.scans {
        0 => return None,
        1 => "counted on a scanned picture".to_owned(),
        n => format!("counted on scanned pictures ({n} pages)"),
    };
    Some(format!("{pages}: symbols may be missing and look-alikes among them; check by eye"))
}

/// What of match lines a person should know, of a search that is over: what counts although another sheet shows it, too.
pub(super) fn match_lines(progress: &CountProgress) -> Vec<String> {
    let sheets = &progress.sheets;
    let mut said = Vec::new();
    for (id, sheet) in sheets {
        let page = sheet.page;
        for (nth, line) in sheet.seen.match_lines.iter().enumerate() {
            let place = format!("its match line at x {:.0}, y {:.0}", line.at.x, line.at.y);
            let to = line.sheet.as_ref().map(|s| format!(" to sheet {s}")).unwrap_or_default();
            let [beyond_it, upon] = sheet.matches.get(nth).copied().unwrap_or_default();
            match beyond(sheets, *id, nth as u32) {
                Beyond::Counts if !line.told => said.push(format!(
                    "which side of {place}{to} is page {page}'s own could not be told: what two sheets show there counts \
                     on each that is counted"
                )),
                Beyond::Counts if beyond_it + upon > 0 => said.push(format!(
                    "page {page} shows {beyond_it} beyond {place}{to} and {upon} upon it, and the sheet that goes on \
                     there was not searched, not as a whole, or can't be told: they count here, and once more where \
                     that sheet is counted"
                )),
                Beyond::Left { to: other, .. } if !leads_back(sheets, other, *id) => said.push(format!(
                    "page {} goes on where page {page} ends at {place}{to}, and has no match line back that could be \
                     read: what it shows of page {page} counts on both",
                    sheets.get(&other).map_or(0, |s| s.page)
                )),
                _ => {}
            }
        }
    }
    said
}

/// That nothing was found, of a search that is over.
pub(super) fn found_nothing(progress: &CountProgress, threshold: f64) -> Option<String> {
    (progress.searched > 0 && progress.others_found == 0).then(|| {
        format!(
            "nothing but the example itself was found at a confidence of {threshold:.2} or more; check by eye"
        )
    })
}

/// Where the example really is.
fn box_moved(progress: &CountProgress) -> Option<String> {
    let place = |(nth, b): &(u32, PxRect)| {
        let which = if *nth == 0 { String::new() } else { format!("example {}: ", nth + 1) };
        format!("{which}x {:.0}, y {:.0}, {:.0} x {:.0} px", b.x, b.y, b.w, b.h)
    };
    let places: Vec<String> = progress.moved.iter().map(place).collect();
    (!places.is_empty()).then(|| {
        format!(
            "the symbol that was looked for is not all of its box, or reaches out of it: {}",
            places.join("; ")
        )
    })
}

/// That an example was taken for less than its box holds.
fn box_trimmed(progress: &CountProgress) -> Option<String> {
    progress.trimmed.then(|| {
        "strokes in the example's box that the other places lack were left out of the example".to_owned()
    })
}

/// What was left out although it looks alike.
fn left_out(progress: &CountProgress) -> Option<String> {
    let all = progress.others.values().sum::<u64>() + progress.others_more;
    if all == 0 {
        return None;
    }
    let said = |(words, times): (&String, &u64)| {
        let words = if words.is_empty() { "nothing" } else { words.as_str() };
        format!("{words} ({times})")
    };
    let mut said: Vec<String> = progress.others.iter().take(MAX_SAID).map(said).collect();
    if progress.others.len() > MAX_SAID {
        said.push("others".to_owned());
    }
    let mut says: Vec<&str> = progress.says.iter().map(String::as_str).collect();
    says.dedup();
    let example = match says.as_slice() {
        [one] => format!("the example says {one:?}"),
        several => format!("the examples say {several:?}"),
    };
    Some(format!("{all} of the same shape were left out, because {example} and they say {}", said.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_that_is_not_where_its_box_is_was_moved() {
        let drawn = PxRect::new(100.0, 100.0, 60.0, 60.0);
        for (symbol, moved) in [
            (PxRect::new(103.0, 102.0, 54.0, 57.0), false),
            (PxRect::new(98.0, 100.0, 60.0, 61.0), false),
            (PxRect::new(92.0, 100.0, 60.0, 60.0), true),
            (PxRect::new(100.0, 100.0, 60.0, 45.0), true),
            (PxRect::new(120.0, 120.0, 20.0, 20.0), true),
        ] {
            assert_eq!(is_moved(&drawn, &symbol), moved, "{symbol:?}");
        }
        let mut progress = CountProgress { moved: vec![(0, drawn), (2, drawn)], ..CountProgress::default() };
        let said = notes(&progress).unwrap();
        assert!(said.ends_with("x 100, y 100, 60 x 60 px; example 3: x 100, y 100, 60 x 60 px"), "{said}");
        progress.moved.clear();
        assert_eq!(notes(&progress), None);
    }

    #[test]
    fn what_is_not_listed_and_what_says_more_than_the_example_is_told() {
        let at = |x: f64| (2, takeoff_core::geom::PxPoint { x, y: 7.0 });
        let mut progress = CountProgress {
            partly: 6,
            partly_at: (1..=6).map(|n| at(f64::from(n))).collect(),
            ..CountProgress::default()
        };
        let said = notes(&progress).unwrap();
        assert!(said.starts_with("6 places show most of the example"), "{said}");
        assert!(
            said.contains("page 2 at x 1, y 7, page 2")
                && said.contains(", 2 more (see `shown_in_part`); if"),
            "{said}"
        );
        progress = CountProgress { pen_refused: 24, pen_taken: 1, ..CountProgress::default() };
        let said = notes(&progress).unwrap();
        assert!(said.starts_with("24 places differ from the example by the pen"), "{said}");
        assert!(said.contains("not counted, being on its own page, and 1 of those found differs"), "{said}");
        progress = CountProgress {
            legend_in_doubt: 6,
            legend_in_doubt_at: (1..=6).map(|n| at(f64::from(n))).collect(),
            ..CountProgress::default()
        };
        let said = notes(&progress).unwrap();
        assert!(said.starts_with("6 of those found stand in what is taken for a legend"), "{said}");
        assert!(said.contains("page 2 at x 4, y 7, 2 more; set apart as samples, check by eye"), "{said}");
        progress = CountProgress { variants: 25, ..CountProgress::default() };
        assert!(notes(&progress).unwrap().starts_with("25 of those found show strokes around or across"));
        progress = CountProgress {
            beside: vec!["GFI".to_owned()],
            said_beside: [("WP".to_owned(), 3), (String::new(), 2)].into(),
            ..CountProgress::default()
        };
        let said = notes(&progress).unwrap();
        assert!(said.starts_with("GFI stands beside the example and is not compared, and at 5"), "{said}");
        assert!(said.contains("something else does: nothing (2), WP (3);"), "{said}");
        progress.beside.clear();
        assert!(notes(&progress).unwrap().starts_with("nothing stands beside the example"), "{said}");
        progress = CountProgress { cut: 15, ..CountProgress::default() };
        assert!(
            notes(&progress).unwrap().starts_with("the example's box cuts strokes that go on outside it")
        );
        progress = CountProgress { lettered: [("S".to_owned(), 25)].into(), ..CountProgress::default() };
        assert!(
            notes(&progress).unwrap().ends_with("the example says nothing, and 25 of those found do: S (25)")
        );
    }

    #[test]
    fn a_count_with_little_to_show_for_it_says_so() {
        let mut progress = CountProgress { searched: 1, scans: 1, ..CountProgress::default() };
        assert!(notes(&progress).unwrap().contains("counted on a scanned picture: symbols may be missing"));
        assert!(found_nothing(&progress, 0.8).unwrap().contains("nothing but the example itself"));
        progress.others_found = 1;
        assert_eq!(found_nothing(&progress, 0.8), None);
    }
}
