//! Questions of several exemplars, what is not meant, and where.

use rand::Rng;
use rand::seq::SliceRandom;

use super::super::{
    Answer, Compare, CountParams, Detection, Exemplar, Match, PageIndex, Question, ask, find,
};
use super::sheet::{
    Habit, Sheet, Stroke, Symbol, Tally, at, box_around, circle, families, line, middle, rect, tally,
};
use crate::budget::Budget;
use crate::geom::{PxPoint, PxRect};

/// Instances of each symbol in turn on a raster of 60 units, with what they say in their middle: places, and boxes.
pub(super) struct Drawn {
    pub sheet: Sheet,
    pub places: Vec<Vec<PxPoint>>,
    pub boxes: Vec<Vec<PxRect>>,
}

pub(super) fn drawn(symbols: &[(&Symbol, &str)], copies: usize, seed: u64) -> Drawn {
    let mut sheet = Sheet::new(900.0, 900.0, seed);
    let mut places = vec![Vec::new(); symbols.len()];
    let mut boxes = vec![Vec::new(); symbols.len()];
    for n in 0..copies * symbols.len() {
        let kind = n % symbols.len();
        let (symbol, says) = symbols[kind];
        let turn = if n < symbols.len() { 0.0 } else { sheet.rng.random_range(0.0..360.0) };
        let (x, y) = (60.0 + 60.0 * (n % 13) as f64, 60.0 + 60.0 * (n / 13) as f64);
        let pose = at(x, y, turn, 1.0, false);
        sheet.symbol(symbol, &pose, Habit::Polylines(32), 0);
        if !says.is_empty() {
            sheet.text(says, x - 2.0, y + 1.5, 3.0);
        }
        places[kind].push(middle(&sheet, symbol, &pose));
        boxes[kind].push(box_around(&sheet, symbol, &pose, 1.0));
    }
    Drawn { sheet, places, boxes }
}

pub(super) fn cut(page: &PageIndex, boxes: &[PxRect]) -> Vec<Exemplar> {
    boxes.iter().map(|b| Exemplar::cut(page, *b, &Budget::unlimited()).unwrap()).collect()
}

fn answer(page: &PageIndex, meant: &[PxRect], not: &[PxRect], params: CountParams) -> Answer {
    let (exemplars, negatives) = (cut(page, meant), cut(page, not));
    let question =
        Question { exemplars: &exemplars, negatives: &negatives, params, lettering: &[], region: None };
    ask(page, &question, &Budget::unlimited()).value
}

fn detections(matches: &[Match]) -> Vec<Detection> {
    matches.iter().map(|m| m.place.clone()).collect()
}

fn family(name: &str) -> Vec<Symbol> {
    families().into_iter().find(|f| f.0 == name).unwrap().1
}

/// A square with a dot in one corner, too small to tell symbols apart for sure, and the same without the dot.
fn dotted() -> (Symbol, Symbol) {
    let plain = vec![rect(-6.0, -6.0, 6.0, 6.0), line(-6.0, -6.0, 6.0, 6.0)];
    let dot = Stroke::Arc([3.5, -3.5], 0.35, 0.0, 360.0);
    (Symbol([plain.clone(), vec![dot]].concat()), Symbol(plain))
}

#[test]
fn a_question_of_one_exemplar_is_what_find_answers() {
    let (dot, plain) = dotted();
    let d = drawn(&[(&dot, ""), (&plain, "")], 12, 3);
    let page = d.sheet.index();
    let params = CountParams { threshold: 0.97, ..CountParams::default() };
    let answer = answer(&page, &d.boxes[0][..1], &[], params);
    let found = find(&page, &cut(&page, &d.boxes[0][..1])[0], &params, &Budget::unlimited()).value;
    assert_eq!(detections(&answer.matches), found.detections);
    assert_eq!(detections(&answer.near_misses), found.near_misses);
    assert!(!found.near_misses.is_empty() && answer.complete);
}

#[test]
fn several_exemplars_give_each_place_once_and_say_which() {
    let closets = family("closet");
    let valves = family("valve");
    let d = drawn(&[(&closets[0], ""), (&valves[0], ""), (&closets[1], "")], 14, 4);
    let page = d.sheet.index();
    // Two of the first kind, one of the second.
    let meant = [d.boxes[0][0], d.boxes[1][0], d.boxes[0][3]];
    let answer = answer(&page, &meant, &[], CountParams::default());
    let truth = [d.places[0].clone(), d.places[1].clone()].concat();
    assert_eq!(tally(&detections(&answer.matches), &truth), Tally { right: 28, wrong: 0, missed: 0 });
    let own: Vec<(usize, f64)> = answer
        .matches
        .iter()
        .filter(|m| m.place.is_exemplar)
        .map(|m| (m.exemplar, m.place.confidence))
        .collect();
    assert_eq!(own.len(), 3);
    assert!(own.iter().all(|o| o.1 == 1.0), "{own:?}");
    for (kind, rests_on) in [(0, vec![0, 2]), (1, vec![1])] {
        let of_kind =
            answer.matches.iter().filter(|m| d.places[kind].iter().any(|p| p.distance(m.place.center) < 1.5));
        assert!(of_kind.clone().all(|m| rests_on.contains(&m.exemplar)));
        assert_eq!(of_kind.count(), 14);
    }
    let ranked: Vec<f64> = answer.matches.iter().map(|m| m.place.confidence).collect();
    assert!(ranked.is_sorted_by(|a, b| a >= b));
}

#[test]
fn what_a_negative_exemplar_is_more_like_is_no_match() {
    let (dot, plain) = dotted();
    let d = drawn(&[(&dot, ""), (&plain, "")], 20, 5);
    let page = d.sheet.index();
    let loose = CountParams { threshold: 0.6, ..CountParams::default() };
    let without = answer(&page, &d.boxes[0][..1], &[], loose);
    let wrong = tally(&detections(&without.matches), &d.places[0]).wrong;
    assert!(wrong >= 10, "only {wrong} of the plain ones are taken for dotted ones, so this shows nothing");
    let with = answer(&page, &d.boxes[0][..1], &d.boxes[1][2..3], loose);
    assert_eq!((without.excluded, with.excluded), (0, wrong), "each that is taken out is told");
    assert_eq!(tally(&detections(&with.matches), &d.places[0]), Tally { right: 20, wrong: 0, missed: 0 });
    let plain = |m: &Match| d.places[1].iter().any(|p| p.distance(m.place.center) < 1.5);
    assert!(!with.near_misses.iter().any(plain), "nor are they near misses");
    // The other way round.
    let with = answer(&page, &d.boxes[1][..1], &d.boxes[0][2..3], loose);
    assert_eq!(tally(&detections(&with.matches), &d.places[1]), Tally { right: 20, wrong: 0, missed: 0 });
}

#[test]
fn symbols_drawn_alike_are_told_apart_by_what_they_say() {
    let bubble = Symbol(vec![circle(6.0), line(-6.0, 0.0, -9.0, 0.0)]);
    let d = drawn(&[(&bubble, "11"), (&bubble, "12"), (&bubble, "13")], 10, 6);
    let page = d.sheet.index();
    let all = answer(&page, &d.boxes[0][..1], &[], CountParams::default());
    assert_eq!(all.matches.len(), 30, "a number only numbers");
    let with = answer(&page, &d.boxes[0][..1], &d.boxes[1][..1], CountParams::default());
    let truth = [d.places[0].clone(), d.places[2].clone()].concat();
    assert_eq!(tally(&detections(&with.matches), &truth), Tally { right: 20, wrong: 0, missed: 0 });
    // One that is drawn alike and says the same tells nothing of the others.
    let with = answer(&page, &d.boxes[0][..1], &d.boxes[0][4..5], CountParams::default());
    let mut truth = d.places.concat();
    truth.retain(|p| p.distance(d.places[0][4]) > 1.5);
    assert_eq!(tally(&detections(&with.matches), &truth), Tally { right: 29, wrong: 0, missed: 0 });
}

#[test]
fn near_misses_that_say_something_else_are_left_out() {
    let (dot, plain) = dotted();
    let d = drawn(&[(&dot, "T1"), (&plain, "T1"), (&plain, "T2")], 10, 7);
    let page = d.sheet.index();
    let strict = CountParams { threshold: 0.97, ..CountParams::default() };
    let of = |kind: usize, all: &[Match]| {
        all.iter().filter(|m| d.places[kind].iter().any(|p| p.distance(m.place.center) < 1.5)).count()
    };
    let said = answer(&page, &d.boxes[0][..1], &[], strict);
    assert_eq!(said.lettering, [Some(Compare::Tags)]);
    assert_eq!((of(0, &said.matches), of(1, &said.near_misses), of(2, &said.near_misses)), (10, 10, 0));
    let any = CountParams { lettering: Some(Compare::Nothing), ..strict };
    assert_eq!(of(2, &answer(&page, &d.boxes[0][..1], &[], any).near_misses), 10);
    // Two exemplars: what one of them says is not said to be left out.
    let both = answer(&page, &[d.boxes[1][0], d.boxes[2][0]], &[], CountParams::default());
    assert_eq!((of(1, &both.matches), of(2, &both.matches)), (10, 10));
    assert!(both.other_lettering.is_empty(), "{:?}", both.other_lettering);
}

#[test]
fn only_what_has_its_centre_in_the_region_counts() {
    let symbols = family("valve");
    let d = drawn(&[(&symbols[0], "")], 30, 8);
    let page = d.sheet.index();
    let exemplars = cut(&page, &d.boxes[0][..1]);
    let (a, b) = (d.places[0][3], d.places[0][17]);
    let apart = |p: PxPoint, by: f64| PxPoint::new(p.x + by, p.y + by);
    let region = PxRect::from_corners(apart(a, -9.0), apart(b, 9.0));
    let question = Question {
        exemplars: &exemplars,
        negatives: &[],
        params: CountParams::default(),
        lettering: &[],
        region: Some(region),
    };
    let answer = ask(&page, &question, &Budget::unlimited()).value;
    let truth: Vec<PxPoint> = d.places[0].iter().copied().filter(|p| region.contains(*p)).collect();
    assert!((3..20).contains(&truth.len()));
    assert_eq!(tally(&detections(&answer.matches), &truth).missed, 0);
    assert!(answer.matches.iter().all(|m| region.contains(m.place.center)));
    assert!(!answer.matches.iter().any(|m| m.place.is_exemplar), "the exemplar lies outside");
}

#[test]
fn a_budget_that_ends_says_so() {
    let symbols = family("valve");
    let d = drawn(&[(&symbols[0], ""), (&symbols[1], "")], 20, 9);
    let page = d.sheet.index();
    let (exemplars, negatives) = (cut(&page, &d.boxes[0][..2]), cut(&page, &d.boxes[1][..1]));
    let question = Question {
        exemplars: &exemplars,
        negatives: &negatives,
        params: CountParams::default(),
        lettering: &[],
        region: None,
    };
    let spent = Budget::unlimited();
    spent.cancel();
    let found = ask(&page, &question, &spent);
    assert!(!found.value.complete && !found.findings.is_empty());
}

/// The same bytes and question give the same answer on any thread, beside whatever else runs.
#[test]
fn the_same_question_has_one_answer_on_any_thread() {
    let symbols = family("closet");
    let kinds: Vec<(&Symbol, &str)> = symbols.iter().map(|s| (s, "")).collect();
    let sheets: Vec<Drawn> = (0..3).map(|seed| drawn(&kinds, 20, seed)).collect();
    let first = sheets[0].sheet.index();
    let exemplars = cut(&first, &[sheets[0].boxes[0][0], sheets[0].boxes[1][0]]);
    let negatives = cut(&first, &[sheets[0].boxes[2][0]]);
    let answers = |order: &[usize]| -> Vec<(usize, Vec<Match>, Vec<Match>)> {
        let mut lettering = Vec::new();
        let mut answers = Vec::new();
        for &nth in [0].iter().chain(order) {
            let page = sheets[nth].sheet.index();
            let question = Question {
                exemplars: &exemplars,
                negatives: &negatives,
                params: CountParams::default(),
                lettering: &lettering,
                region: None,
            };
            let answer = ask(&page, &question, &Budget::unlimited()).value;
            lettering.clone_from(&answer.lettering);
            answers.push((nth, answer.matches, answer.near_misses));
        }
        answers.sort_by_key(|a| a.0);
        answers
    };
    let expected = answers(&[1, 2]);
    assert!(expected.iter().all(|(_, matches, _)| matches.len() >= 20));
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for seed in 0..4 {
            let answers = &answers;
            threads.push(scope.spawn(move || {
                let mut order = [1, 2];
                order.shuffle(&mut Sheet::new(10.0, 10.0, seed).rng);
                answers(&order)
            }));
        }
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

/// A piece of something else in the box is left out, of each exemplar, and the next page takes them so.
#[test]
fn exemplars_that_are_trimmed_are_given_back() {
    let symbols = family("valve");
    let mut d = drawn(&[(&symbols[0], "")], 12, 10);
    let own = d.boxes[0][0];
    let area = d.sheet.list.space.rect_to_list(&own);
    let right = f64::from(area.right) + 1.0;
    d.sheet.line([right, f64::from(area.top)], [right, f64::from(area.bottom)], 0);
    let wide = PxRect { w: own.w + 6.0, ..own };
    let page = d.sheet.index();
    let answer = answer(&page, &[wide, d.boxes[0][5]], &[], CountParams::default());
    assert_eq!(answer.trimmed.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    assert_eq!(tally(&detections(&answer.matches), &d.places[0]), Tally { right: 12, wrong: 0, missed: 0 });
}
