//! What is known of the strokes around a pose says what the page says.

use rand::Rng;

use super::super::CountParams;
use super::super::candidates::Range;
use super::super::exemplar::Body;
use super::super::judge::Judging;
use super::super::matching::{Matcher, wide};
use super::super::nearest::{Hit, Nearby};
use super::super::pose::Pose;
use super::super::rough::Candidate;
use super::super::{Exemplar, PageIndex};
use super::sheet::{HABITS, Habit, PEN, Sheet, at, box_around, families};
use crate::budget::Budget;
use crate::page::display::Style;

/// A symbol drawn in every habit, with hatch and lines of another pen over it.
fn page() -> (Sheet, PageIndex, Exemplar) {
    let symbol = &families().into_iter().find(|f| f.0 == "closet").unwrap().1[0];
    let mut sheet = Sheet::new(600.0, 200.0, 11);
    let red = sheet.style(Style { rgba: 0xff00_00ff, ..PEN });
    let first = at(60.0, 60.0, 0.0, 1.0, false);
    sheet.symbol(symbol, &first, Habit::Polylines(32), 0);
    for (i, habit) in HABITS.into_iter().enumerate() {
        let x = 140.0 + 60.0 * i as f64;
        sheet.symbol(symbol, &at(x, 60.0, 37.0 * i as f64, 1.0, i % 2 == 1), habit, i as u32 % 2 * red);
        sheet.hatch([x - 12.0, 50.0, x + 12.0, 70.0], 2.5, red);
        sheet.line([x - 30.0, 55.0], [x + 30.0, 63.0], 0);
    }
    let drawn = box_around(&sheet, symbol, &first, 1.0);
    let index = sheet.index();
    let exemplar = Exemplar::cut(&index, drawn, &Budget::unlimited()).unwrap();
    (sheet, index, exemplar)
}

#[test]
fn what_was_looked_up_once_gives_the_same_strokes_as_the_page() {
    let (mut sheet, page, exemplar) = page();
    let Body::Ink(template, _) = &exemplar.body else { panic!("a drawing") };
    let (mut met, mut known, mut beyond) = (0, 0, 0);
    for same_pen in [false, true] {
        let matcher = Matcher { page: &page, template, same_pen, thorough: false };
        let tolerance = template.tolerance;
        for n in 0..400_usize {
            let rng = &mut sheet.rng;
            let x = 60.0 + 60.0 * f64::from(rng.random_range(0..8_u8)) + rng.random_range(-1.0..1.0);
            let start =
                at(x, 60.0 + rng.random_range(-1.0..1.0), rng.random_range(0.0..360.0), 1.0, n % 2 == 0);
            let mut nearby = Nearby::default();
            nearby.clear(template.samples.len());
            // Some of the places are not looked up.
            for (i, s) in template.samples.iter().enumerate().filter(|(i, _)| i % 5 > 0) {
                let place = (start.apply(wide(s.p)), start.turn(wide(s.d)));
                nearby.look(&matcher, i, s, place, 3.0 * tolerance);
            }
            let moved = rng.random_range(0.0..2.0) * tolerance;
            let pose = Pose { x: start.x + moved, ..start };
            // Up to 40 degrees.
            let turn = if n % 3 == 0 {
                Pose::turned(rng.random_range(0.0..0.7), false)
            } else {
                Pose::turned(0.0, false)
            };
            for (i, s) in template.samples.iter().enumerate() {
                let r = [1.2, 2.0, 3.0][n % 3] * tolerance;
                let place = (pose.apply(wide(s.p)), turn.turn(pose.turn(wide(s.d))));
                let on_page = matcher.nearest((&Nearby::default(), i), s, place, r, 30.0);
                let looked_up = matcher.nearest((&nearby, i), s, place, r, 30.0);
                let told =
                    |h: Hit| (h.stroke.segment, h.distance, h.sine, h.along, h.agrees, h.stroke.solid());
                met += usize::from(on_page.is_some());
                assert_eq!(on_page.map(told), looked_up.map(told), "sample {i} of {pose:?}");
                let touches = matcher.touches(place.0, place.1, r);
                assert_eq!(touches, matcher.touches_of((&nearby, i), place.0, place.1, r));
                let near = matcher.nearer(place.0, place.1, r, r / 2.0);
                assert_eq!(near.is_some(), touches);
                assert_eq!(near == Some(true), matcher.touches(place.0, place.1, r / 2.0));
                let is_known = nearby.knows(i, place, r);
                assert!(!is_known || i % 5 > 0);
                known += usize::from(is_known);
                beyond += usize::from(!is_known && i % 5 > 0);
            }
        }
    }
    assert!(met > 10_000 && known > 10_000 && beyond > 1_000, "{met} {known} {beyond}");
}

/// The instance is the last of more rough poses than are refined to the end.
#[test]
fn places_that_are_soon_ruled_out_do_not_end_a_count() {
    let (_, page, exemplar) = page();
    let Body::Ink(template, _) = &exemplar.body else { panic!("a drawing") };
    let judged = |most: usize, share: f64| {
        let matcher = Matcher { page: &page, template, same_pen: true, thorough: false };
        let hits = (f64::from(matcher.most_hits()) * share) as u32;
        let rough = |x: f64| Candidate { pose: at(x, 60.0, 0.0, 1.0, false), hits, of_pens: true };
        let candidates: Vec<Candidate> =
            (0..25_000).map(|n| rough(95.0 + f64::from(n % 100) * 0.01)).chain([rough(60.2)]).collect();
        let (range, budget) = (Range { min_scale: 0.9, max_scale: 1.1 }, Budget::unlimited());
        let params = CountParams::default();
        let mut judging = Judging::of(&matcher, &params, range, most);
        let ended = judging.judge(&candidates, &budget, &mut |_, _| {});
        (ended.is_ok(), judging.judged.len())
    };
    assert_eq!(judged(usize::MAX, 1.0), (true, 1));
    // What ranks low is not tried on and on while nothing comes of it.
    assert_eq!(judged(usize::MAX, 0.8), (true, 0));
    // A hint is not worth so many.
    assert_eq!(judged(1_500, 1.0), (false, 0));
}
