//! `1/4" = 1'-0"`: a length on paper and the real length it stands for.
//!
//! ratio = (12 F + I) / D for D inches of paper equal to F feet and I inches.

use super::context::Line;
use super::lex::{Kind, Token};
use super::notation::{Family, Hit, Needs};
use super::words::SPACED;

/// Paper lengths that stand for one foot in the usual architectural scales, inches.
const ARCHITECTURAL: [f64; 14] =
    [12.0, 6.0, 3.0, 1.5, 1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.09375, 0.0625, 0.03125];
/// Feet that one inch stands for in the usual engineering scales.
const ENGINEERING: [f64; 14] =
    [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 600.0];

/// A length on paper.
struct Paper {
    inches: f64,
    /// Token after it, unit included.
    end: usize,
    fraction: bool,
    /// Its unit was written.
    unit: Unit,
    /// The whole number before the fraction is that of a detail, by the word before it: then the fraction alone.
    or_fraction: Option<f64>,
    /// The fraction of a mixed number, inches.
    part: Option<f64>,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Unit {
    Mark,
    Inch,
    /// The word "in", which is also a preposition.
    In,
    None,
}

/// The equations that start at a number: none, one, two where a title's number and a mixed number cannot be told apart,
/// or as many as are listed at either side. `floor` is where the notation before it ends.
pub(super) fn at(line: &Line<'_>, start: usize, floor: usize) -> Vec<Hit> {
    let follows = floor == start && start > 0;
    if line.signed(start) || signed_whole(line, start) || !follows && part_of_something(line, start) {
        return Vec::new();
    }
    let Some(paper) = paper_length(line, start) else { return Vec::new() };
    let Some((separator, real_at)) = separator(line, &paper) else { return Vec::new() };
    let labelled = line.label_before(start);
    let Some(real) = real_length(line, real_at, labelled && separator) else { return Vec::new() };
    if real.inches <= 0.0 || paper.inches <= 0.0 || is_range(line, real.end) {
        return Vec::new();
    }
    // `36" = 3'-0"` says a length twice. What drawings call full size is 12" = 1'-0".
    let is_conversion = !labelled && paper.inches == real.inches && paper.inches != 12.0;
    // `1 5"` is no number that anybody writes; the one before a usual length is a detail's.
    let spoiled = start.checked_sub(1).is_some_and(|i| {
        line.same_column(i, start)
            && line.tokens[i].number().is_some()
            && !line.names_something(i)
            && !paper.fraction
    });
    if spoiled && !is_standard(paper.inches, real.inches) {
        return Vec::new();
    }
    // That of a mixed number is the whole one's.
    let whole =
        start.checked_sub(1).and_then(|i| line.tokens[i].number()).filter(|n| n.integer && paper.fraction);
    let is_spaced = is_spacing(line, start, paper.inches, real.inches)
        || whole.is_some_and(|n| is_spacing(line, start - 1, n.value + paper.inches, real.inches));
    if is_conversion || is_spaced {
        return Vec::new();
    }
    let tokens = start..real.end;
    if line.is_noise(&tokens, false, true) || line.is_fall(start) {
        return Vec::new();
    }
    let mut hits = Vec::new();
    // `2 1/8" = 1'-0"` is no scale that anybody uses, and 1/8" is one: which is meant is not known.
    let part = paper.part.filter(|&part| {
        !is_standard(paper.inches, real.inches)
            && is_standard(part, real.inches)
            && paper.or_fraction.is_none()
    });
    for inches in std::iter::once(paper.inches).chain(paper.or_fraction).chain(part) {
        let standard = is_standard(inches, real.inches);
        if !separator && !standard {
            return Vec::new();
        }
        let needs = match (separator, paper.fraction) {
            (true, _) => Needs::Nothing,
            (false, true) => Needs::Place,
            (false, false) => Needs::PlaceElseWeak,
        };
        let family = if (real.inches - 12.0).abs() < 1e-9 || inches > 1.0 && real.inches < 12.0 {
            Family::Architectural
        } else {
            Family::Engineering
        };
        hits.push(Hit { tokens: tokens.clone(), family, ratio: Some(real.inches / inches), needs });
    }
    with_listed(line, hits, floor, (paper.inches, real.inches))
}

/// The equations with those of what is listed at their sides, each over the whole of the list.
fn with_listed(line: &Line<'_>, mut hits: Vec<Hit>, floor: usize, sides: (f64, f64)) -> Vec<Hit> {
    let Some(own) = hits.first().cloned() else { return hits };
    let listed = line.listed((floor, own.tokens.start, own.tokens.end), sides);
    if !listed.ratios.is_empty() {
        let tokens = listed.start..listed.end;
        hits.iter_mut().for_each(|hit| hit.tokens = tokens.clone());
        let others = listed.ratios.into_iter().map(|ratio| Hit {
            ratio: Some(ratio),
            tokens: tokens.clone(),
            ..own.clone()
        });
        hits.extend(others);
    }
    hits
}

/// Inches of the length on paper from `at` to just before `end`; `bare` if a fraction needs no mark there.
pub(super) fn length_at(line: &Line<'_>, at: usize, end: usize, bare: bool) -> Option<f64> {
    if line.signed(at) || part_of_something(line, at) {
        return None;
    }
    let marked = paper_length(line, at).filter(|p| p.end == end && p.unit != Unit::None).map(|p| p.inches);
    let unmarked = || fraction(line, at).filter(|&(_, e)| bare && e == end).map(|(value, _)| value);
    marked.or_else(unmarked).filter(|inches| *inches > 0.0)
}

/// Inches of the real length in feet that starts at a token, and where it ends.
pub(super) fn real_inches_at(line: &Line<'_>, at: usize) -> Option<(f64, usize)> {
    real_length(line, at, false).map(|real| (real.inches, real.end))
}

impl Line<'_> {
    /// An equation begins with its inch mark: `" = 1'-0"`, SCALE: `" = 1'-0"`; or with a bar whose figures stand beside
    /// the line: `/" = 1'-0"`.
    pub(super) fn lacks_a_number(&self) -> bool {
        (0..self.tokens.len()).any(|at| {
            let number = at.checked_sub(1).filter(|&i| self.same_column(i, at));
            let before = number.and_then(|i| self.kind(i));
            let opens = before.is_none_or(|kind| {
                matches!(kind, Kind::Colon | Kind::Dash | Kind::Slash | Kind::Word(_) | Kind::Other('('))
            });
            opens
                && self.is(at, &Kind::Inch)
                && self.is(at + 1, &Kind::Equals)
                && real_inches_at(self, at + 2).is_some()
        })
    }
}

/// So many tokens before `@` a number of risers or spaces stands.
const COUNTED_BEFORE: usize = 4;
/// Risers are rounded to eighths of an inch, their sum is not.
const SUM: f64 = 0.02;

/// `14 RISERS @ 7" = 8'-2"`, `2 @ 6" = 1'-0"`, `14 x 7" = 8'-2"`: distances and their sum.
fn is_spacing(line: &Line<'_>, start: usize, each: f64, sum: f64) -> bool {
    let Some(lead) = start.checked_sub(1).filter(|&i| line.same_column(i, start)) else { return false };
    if line.word(lead) == Some("X") || matches!(line.kind(lead), Some(Kind::Other('×' | '*'))) {
        return true;
    }
    if !line.is(lead, &Kind::At) && line.word(lead) != Some("AT") {
        // "10 TREADS 11" = 9'-2""; a single letter may be a section's.
        return line.word(lead).is_some_and(|w| w.len() > 2 && SPACED.contains(&w));
    }
    let before = (lead.saturating_sub(COUNTED_BEFORE)..lead).rev().filter(|&i| line.same_column(i, start));
    let mut words = before.clone().filter_map(|i| line.word(i));
    let mut counts = before.filter_map(|i| line.tokens[i].number()).filter(|n| n.integer && n.value >= 2.0);
    words.next().is_some_and(|w| SPACED.contains(&w))
        || counts.any(|n| (n.value * each - sum).abs() <= SUM * sum)
}

/// `1" = 10'-20'`, `1" = 10' TO 20'`: one end of a range is no scale.
fn is_range(line: &Line<'_>, end: usize) -> bool {
    let feet = |i: usize| line.is(i, &Kind::Foot) || matches!(line.word(i), Some("FT" | "FOOT" | "FEET"));
    line.range_to(end).is_some_and(|other| feet(other + 1))
}

pub(super) fn is_standard(paper_inches: f64, real_inches: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
    let one_foot = near(real_inches, 12.0) && ARCHITECTURAL.iter().any(|&p| near(p, paper_inches));
    let feet = real_inches / 12.0 / paper_inches;
    one_foot || ENGINEERING.iter().any(|&f| near(f, feet))
}

/// Whether an equals sign stands there, and where the real length starts.
fn separator(line: &Line<'_>, paper: &Paper) -> Option<(bool, usize)> {
    let equals =
        line.is(paper.end, &Kind::Equals) || matches!(line.word(paper.end), Some("EQUALS" | "EQUAL" | "EQ"));
    if equals {
        return Some((true, line.skip_point(paper.end + 1)));
    }
    // Without an equals sign the words say too little: "1 in 20 ft" is a slope.
    let sure = match paper.unit {
        Unit::Mark => true,
        Unit::Inch | Unit::In => paper.fraction,
        Unit::None => false,
    };
    let skipped = matches!(line.kind(paper.end), Some(Kind::Dash | Kind::Colon));
    let minus = line.is(paper.end, &Kind::Dash) && !line.glued(paper.end) && line.glued(paper.end + 1);
    (sure && !minus).then_some((false, paper.end + usize::from(skipped)))
}

fn paper_length(line: &Line<'_>, start: usize) -> Option<Paper> {
    let glued_to_word =
        line.glued(start) && matches!(line.before(start).map(|t| &t.kind), Some(Kind::Word(_)));
    let labelled = line.label_before(start);
    if let Some((value, end)) = fraction(line, start) {
        let mixed_up = mangled_mixed(line, start);
        return with_unit(line, mixed_up.unwrap_or(value), end, true, None);
    }
    let number = line.tokens.get(start)?.number()?;
    if glued_to_word && !labelled {
        return None;
    }
    if number.integer {
        let dashed = line.is(start + 1, &Kind::Dash);
        let next = start + 1 + usize::from(dashed);
        if let Some((part, end)) = fraction(line, next).filter(|_| line.same_column(start, next)) {
            if part >= 1.0 {
                return None;
            }
            let one_and_half = number.value == 1.0 && part == 0.5;
            let parted = dashed && line.tokens[start + 1].spaced && line.tokens[next].spaced;
            let named = !labelled && line.names_something(start);
            if number.value > 12.0 || number.value < 1.0 || (!one_and_half && (named || parted)) {
                // The number belongs to a title: the fraction is read on its own.
                return None;
            }
            let or_fraction = (named && one_and_half).then_some(part);
            let paper = with_unit(line, number.value + part, end, true, or_fraction)?;
            return Some(Paper { part: Some(part), ..paper });
        }
        if line.is(start + 1, &Kind::Slash) {
            return None;
        }
    }
    with_unit(line, number.value, start + 1, !number.integer && number.value < 1.0, None)
}

/// The whole number before a fraction has a sign: `-1 1/2"`. One that follows a word (`LEVEL -1`) is a name.
fn signed_whole(line: &Line<'_>, start: usize) -> bool {
    let Some(whole) = start.checked_sub(1).filter(|&i| line.same_column(i, start)) else { return false };
    let small = line.tokens[whole].number().is_some_and(|n| n.integer && n.value <= 12.0);
    let named = whole.checked_sub(2).and_then(|i| line.word(i)).is_some() && !line.label_before(whole);
    small && line.signed(whole) && !named
}

/// The number belongs to what stands before it: the denominator of a fraction, the inches of feet.
fn part_of_something(line: &Line<'_>, start: usize) -> bool {
    let Some(before) = line.before(start) else { return false };
    match before.kind {
        Kind::Slash => line.glued(start),
        Kind::Foot => true,
        Kind::Other('$' | '€' | '£') => line.glued(start),
        Kind::Other(_) | Kind::Colon => line.goes_on_a_number(start),
        Kind::Dash => {
            let foot = start.checked_sub(2).is_some_and(|i| line.is(i, &Kind::Foot));
            foot && !(before.spaced && line.tokens[start].spaced)
        }
        _ => false,
    }
}

/// `11/2"` is how `1 1/2"` comes out where the space was only a gap.
fn mangled_mixed(line: &Line<'_>, start: usize) -> Option<f64> {
    let value = |i: usize| line.tokens.get(i).and_then(Token::number).map(|n| n.value);
    (value(start) == Some(11.0) && value(start + 2) == Some(2.0)).then_some(1.5)
}

/// A proper fraction (or `11/2`) and the token after it.
pub(super) fn fraction(line: &Line<'_>, at: usize) -> Option<(f64, usize)> {
    match *line.kind(at)? {
        Kind::Vulgar(n, d) => Some((n / d, at + 1)),
        Kind::Number(n) if n.integer && line.is(at + 1, &Kind::Slash) => {
            let d = line.tokens.get(at + 2)?.number().filter(|d| d.integer)?;
            let usual = d.value >= 2.0 && d.value <= 128.0 && n.value >= 1.0;
            if !usual || !line.same_column(at, at + 2) || line.is(at + 3, &Kind::Slash) {
                return None;
            }
            let proper = n.value < d.value;
            (proper || mangled_mixed(line, at).is_some()).then_some((n.value / d.value, at + 3))
        }
        _ => None,
    }
}

fn with_unit(
    line: &Line<'_>,
    inches: f64,
    end: usize,
    fraction: bool,
    or_fraction: Option<f64>,
) -> Option<Paper> {
    let (unit, end) = match (line.kind(end), line.word(end)) {
        (Some(Kind::Inch), _) => (Unit::Mark, end + 1),
        (_, Some("INCH" | "INCHES")) => (Unit::Inch, end + 1),
        (_, Some("IN" | "INS")) => (Unit::In, line.skip_point(end + 1)),
        // "1/4-INCH = 1 FOOT"
        (Some(Kind::Dash), _) if matches!(line.word(end + 1), Some("INCH" | "INCHES")) => {
            (Unit::Inch, end + 2)
        }
        (Some(Kind::Equals), _) if fraction => (Unit::None, end),
        _ => return None,
    };
    Some(Paper { inches, end, fraction, unit, or_fraction, part: None })
}

struct Real {
    inches: f64,
    end: usize,
}

/// `1'-0"`, `20'`, `1 ft`, `1'-0 1/2"`; inches alone only where a label and an equals sign ask for them.
fn real_length(line: &Line<'_>, at: usize, inches_allowed: bool) -> Option<Real> {
    let feet = line.tokens.get(at)?.number()?;
    let after = at + 1;
    let end = match (line.kind(after), line.word(after)) {
        (Some(Kind::Foot), _) => after + 1,
        (_, Some("FT" | "FOOT" | "FEET")) => line.skip_point(after + 1),
        (Some(Kind::Dash), _) if matches!(line.word(after + 1), Some("FOOT" | "FEET")) => after + 2,
        (Some(Kind::Inch), _) if inches_allowed => return Some(Real { inches: feet.value, end: after + 1 }),
        _ => return None,
    };
    let whole = Real { inches: feet.value * 12.0, end };
    Some(
        real_inches(line, end)
            .map_or(whole, |(inches, end)| Real { inches: feet.value * 12.0 + inches, end }),
    )
}

/// The inches after feet, unless they are the paper side of the next equation.
fn real_inches(line: &Line<'_>, at: usize) -> Option<(f64, usize)> {
    let dashed = line.is(at, &Kind::Dash);
    let start = at + usize::from(dashed);
    if !line.same_column(at.checked_sub(1)?, start) {
        return None;
    }
    let (value, end) = mixed(line, start)?;
    let (marked, end) = match (line.kind(end), line.word(end)) {
        (Some(Kind::Inch), _) => (true, end + 1),
        (_, Some("IN" | "INCH" | "INCHES")) => (true, line.skip_point(end + 1)),
        _ => (false, end),
    };
    // 1/4" = 1'-0" = 1:48
    let is_repeated = line.is(end + 2, &Kind::Colon);
    let next_equation = line.is(end, &Kind::Equals) && !is_repeated
        || matches!(line.kind(end), Some(Kind::Slash | Kind::Foot | Kind::Colon))
        || (marked && !dashed && line.tokens.get(end).and_then(Token::number).is_some());
    let sound = (0.0..12.0).contains(&value) && !next_equation;
    // An unmarked number belongs to the feet only by its dash: 1'-0.
    (sound && (marked || (dashed && line.glued(start)))).then_some((value, end))
}

fn mixed(line: &Line<'_>, at: usize) -> Option<(f64, usize)> {
    if let Some(found) = fraction(line, at) {
        return Some(found);
    }
    let whole = line.tokens.get(at)?.number()?;
    let dashed = line.is(at + 1, &Kind::Dash) && line.glued(at + 1);
    let next = at + 1 + usize::from(dashed);
    match fraction(line, next).filter(|_| whole.integer && line.same_column(at, next)) {
        Some((part, end)) => Some((whole.value + part, end)),
        None => Some((whole.value, at + 1)),
    }
}
