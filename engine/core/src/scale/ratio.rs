//! `1:50`, and `1/50` after the word "scale".

use super::context::Line;
use super::equation::fraction;
use super::lex::{Kind, Number, Token};
use super::notation::{Family, Hit, Needs};
use super::words::{NUMBERED, QUANTITIES, RANGE_WORDS};

/// Ratios in use, metric ones and those of the inch scales. Others are more often slopes.
const USUAL: [f64; 37] = [
    5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 600.0, 750.0,
    1000.0, 1200.0, 1250.0, 1500.0, 2000.0, 2400.0, 2500.0, 5000.0, 10000.0, 16.0, 24.0, 32.0, 48.0, 64.0,
    96.0, 120.0, 128.0, 192.0, 240.0, 384.0, 480.0,
];

pub(super) fn at(line: &Line<'_>, start: usize) -> Option<Hit> {
    let one = line.tokens.get(start)?.number()?;
    if !one.integer || one.value != 1.0 || one.zero_led || line.signed(start) || touched_before(line, start) {
        return None;
    }
    let slash = line.is(start + 1, &Kind::Slash);
    if !slash && !line.is(start + 1, &Kind::Colon) {
        return None;
    }
    let n = line.tokens.get(start + 2)?.number()?;
    let (thousands, end) = thousands_after(line, start + 2, n)?;
    let (part, end) = part_after(line, n, end).or_else(|| decimals_after(line, n, end)).unwrap_or((0.0, end));
    let end = if is_ordinal(line, end) && line.label_before(start) { end + 1 } else { end };
    if n.zero_led || touched_after(line, end) || is_range(line, end) {
        return None;
    }
    let ratio = n.point_thousands.unwrap_or(n.value) * thousands + part;
    if !line.label_before(start) && (is_quantity(line, end) || is_numbered(line, start))
        || is_of_a_plot(line, ratio)
    {
        return None;
    }
    let usual = USUAL.contains(&ratio);
    let tokens = start..end;
    if ratio < 1.0 || line.is_noise(&tokens, true, usual) {
        return None;
    }
    let needs =
        match (slash, usual) {
            // 1/8 after "scale" is the head of 1/8" = 1'-0", not a ratio of eight.
            (true, true) if ratio >= 20.0 && ![32.0, 64.0, 128.0].contains(&ratio) => {
                if line.follows_s(start) { Needs::AnywhereWeak } else { Needs::Label }
            }
            (true, _) => return None,
            (false, true) => Needs::AnywhereWeak,
            (false, false) => Needs::PlaceElseWeak,
        };
    Some(Hit { tokens, family: Family::Ratio, ratio: Some(ratio), needs })
}

/// The `e` of `1/50e` and `1/50ème`.
fn is_ordinal(line: &Line<'_>, end: usize) -> bool {
    line.glued(end) && matches!(line.word(end), Some("E" | "EME" | "ÈME" | "ÉME" | "IÈME"))
}

/// What groups of zeros behind a space multiply a number by (`1:50 000`), and the token after them. `None` where a
/// group behind one or two digits is not of zeros: `1:1 250` may be 1:1250, and is no 1:1.
fn thousands_after(line: &Line<'_>, at: usize, n: Number) -> Option<(f64, usize)> {
    let group = |i: usize| {
        let token = line.tokens.get(i).filter(|t| t.end - t.start == 3 && line.same_column(i, at))?;
        token.number().filter(|n| n.integer).map(|n| n.value)
    };
    let zeros = (at + 1..).take_while(|&i| n.integer && group(i) == Some(0.0)).count();
    let next = at + 1 + zeros;
    let other =
        n.integer && n.value < 100.0 && group(next).is_some_and(|v| v > 0.0) && line.paper_at(next).is_none();
    // `1:1 00` lacks a digit.
    let zero_led =
        |i: usize| line.tokens.get(i).and_then(Token::number).is_some_and(|n| n.integer && n.value == 0.0);
    let cut = n.integer && line.same_column(at, next) && zero_led(next);
    (!other && !cut).then(|| (1_000.0_f64.powi(zeros.min(5) as i32), at + 1 + zeros))
}

/// Scales that are written with a fraction. `1:10 1/2` is the first sheet of two.
const WITH_A_PART: [f64; 14] = [
    2.5,
    10.0 / 3.0,
    6.25,
    20.0 / 3.0,
    7.5,
    25.0 / 3.0,
    12.5,
    50.0 / 3.0,
    100.0 / 3.0,
    37.5,
    62.5,
    200.0 / 3.0,
    250.0 / 3.0,
    87.5,
];

/// The fraction of `1:33 1/3`, and the token after it. One that has a unit or an equals sign is of the next notation.
fn part_after(line: &Line<'_>, n: Number, at: usize) -> Option<(f64, usize)> {
    let (part, end) = fraction(line, at).filter(|_| n.integer && line.same_column(at - 1, at))?;
    let of_next =
        matches!(line.kind(end), Some(Kind::Inch | Kind::Foot | Kind::Equals | Kind::Slash | Kind::Dash))
            || line.word(end).is_some_and(|w| !matches!(w, "AT" | "ON" | "FOR" | "UNO" | "UNLESS" | "SCALE"));
    let usual = WITH_A_PART.iter().any(|s| (s - n.value - part).abs() < 1e-6);
    (usual && !of_next).then_some((part, end))
}

/// Scales of a half, as they are written with a comma, and the token after them.
fn decimals_after(line: &Line<'_>, n: Number, at: usize) -> Option<(f64, usize)> {
    const HALVED: [f64; 3] = [2.0, 7.0, 12.0];
    let comma = line.is(at, &Kind::Other(',')) && line.glued(at) && line.glued(at + 1);
    let five = line.tokens.get(at + 1)?.number().is_some_and(|n| n.integer && n.value == 5.0 && !n.zero_led);
    (comma && five && n.integer && HALVED.contains(&n.value)).then_some((0.5, at + 2))
}

/// One end of a range (`1:100-1:200`, `1:100 TO 1:200`, `1:100-200`): neither end is the scale. Two whole
/// ratios with spaces around their dash are a list of two.
fn is_range(line: &Line<'_>, end: usize) -> bool {
    line.range_to(end).is_some_and(|other| {
        let loose = line.is(end, &Kind::Dash) && !line.glued(end) && !line.glued(other);
        !loose
    })
}

/// What follows makes the number before it a quantity: `LEVEL 1: 250 SF`, `1:100 YEAR FLOOD`, `1: 50 x 50`.
fn is_quantity(line: &Line<'_>, end: usize) -> bool {
    line.same_column(end, end - 1)
        && (line.word(end).is_some_and(|w| QUANTITIES.contains(&w)) || line.is(end, &Kind::Other('×')))
}

/// `NOTE 1: 100 ...`: the colon stands behind a name and before a text.
fn is_numbered(line: &Line<'_>, start: usize) -> bool {
    let named = start.checked_sub(1).and_then(|i| line.word(i)).is_some_and(|w| NUMBERED.contains(&w));
    named && line.glued(start + 1) && !line.glued(start + 2)
}

/// `PLOT SCALE 1:1`, `LTSCALE 1:1` in a plot's stamp: how the program's paper was put on paper.
fn is_of_a_plot(line: &Line<'_>, ratio: f64) -> bool {
    let of_plots = |w: &str| {
        ["PLOT", "PRINT", "VIEWPORT"].iter().any(|p| w.starts_with(p)) || matches!(w, "LTSCALE" | "DIMSCALE")
    };
    ratio == 1.0 && (0..line.tokens.len()).any(|i| line.word(i).is_some_and(of_plots))
}

/// A whole ratio ends just before the token at `at`.
fn ends_a_ratio(line: &Line<'_>, at: usize) -> bool {
    let one = at.checked_sub(3).and_then(|i| line.tokens[i].number());
    one.is_some_and(|n| n.integer && n.value == 1.0)
        && line.is(at - 2, &Kind::Colon)
        && matches!(line.kind(at - 1), Some(Kind::Number(_)))
}

/// Part of a time (`11:01:47`), a mix (`1:2:4`) or a name (`A1:50`).
fn touched_before(line: &Line<'_>, start: usize) -> bool {
    let Some(before) = line.before(start) else { return false };
    match before.kind {
        // "SCALE: 1:50" has a word before its colon, a mix a number.
        Kind::Colon => {
            start.checked_sub(2).is_some_and(|i| matches!(line.kind(i), Some(Kind::Number(_))))
                && line.glued(start)
        }
        // 1:100/1:200 and 1:50,1:100 are lists.
        Kind::Slash | Kind::Other(',') if ends_a_ratio(line, start - 1) => false,
        // The far end of a range, as `is_range` has its near end.
        Kind::Dash if ends_a_ratio(line, start - 1) => line.glued(start) || line.glued(start - 1),
        Kind::Slash | Kind::Dash | Kind::Other('.' | ',') => {
            line.glued(start)
                && start.checked_sub(2).is_some_and(|i| matches!(line.kind(i), Some(Kind::Number(_))))
        }
        Kind::Number(_) => line.glued(start),
        Kind::Word(ref w) if RANGE_WORDS.contains(&w.as_str()) && ends_a_ratio(line, start - 1) => true,
        Kind::Word(_) => line.glued(start) && !line.label_before(start),
        _ => false,
    }
}

fn touched_after(line: &Line<'_>, end: usize) -> bool {
    let next_number = line.tokens.get(end + 1).and_then(Token::number).is_some();
    match line.kind(end) {
        Some(Kind::Colon) => next_number,
        // 1:100/200 names two; 1:100/1:200 is a list that says both.
        Some(Kind::Slash) => next_number && line.glued(end) && !line.is(end + 2, &Kind::Colon),
        Some(Kind::Number(_) | Kind::Inch | Kind::Foot) => line.glued(end),
        Some(Kind::Word(w)) => {
            line.glued(end)
                || matches!(w.as_str(), "AM" | "PM" | "HRS" | "H" | "IN" | "M" | "FT" | "FEET" | "FOOT")
        }
        Some(Kind::Other('%')) => true,
        // 1:50,5 and 1:50*2 are other numbers; 1:50,1:100 is a list.
        Some(Kind::Other(_)) => {
            let list = line.is(end + 2, &Kind::Colon) && line.glued(end + 2);
            next_number && line.glued(end) && line.glued(end + 1) && !list
        }
        _ => false,
    }
}
