//! Lengths whose numbers are words: ONE EIGHTH INCH = ONE FOOT, 1/4 INCH EQUALS ONE FOOT, ONE INCH = TEN FEET.

use super::lex::{Kind, Number, Token};
use super::words::{TITLES, is_label};

const WHOLES: [(&str, f64); 20] = [
    ("ONE", 1.0),
    ("TWO", 2.0),
    ("THREE", 3.0),
    ("FOUR", 4.0),
    ("FIVE", 5.0),
    ("SIX", 6.0),
    ("SEVEN", 7.0),
    ("EIGHT", 8.0),
    ("NINE", 9.0),
    ("TEN", 10.0),
    ("ELEVEN", 11.0),
    ("TWELVE", 12.0),
    ("FIFTEEN", 15.0),
    ("TWENTY", 20.0),
    ("THIRTY", 30.0),
    ("FORTY", 40.0),
    ("FIFTY", 50.0),
    ("SIXTY", 60.0),
    ("EIGHTY", 80.0),
    ("HUNDRED", 100.0),
];
const PARTS: [(&str, f64); 4] = [("HALF", 2.0), ("QUARTER", 4.0), ("EIGHTH", 8.0), ("SIXTEENTH", 16.0)];

/// The tokens with the numbers of lengths in figures. Where both sides of a length are words and neither the word "scale"
/// nor a view's title is in the line, they are left: borders print such lines along rulers (`one eighth inch = one foot`).
pub(super) fn in_figures(tokens: Vec<Token>) -> Vec<Token> {
    let unit = |t: &Token| t.word().is_some_and(|w| is_inch(w) || is_foot(w));
    let named = |t: &Token| t.word().is_some_and(|w| is_label(w) && w != "M" || TITLES.contains(&w));
    if !tokens.iter().any(unit) {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len());
    let (mut at, mut inches, mut feet) = (0, false, false);
    while at < tokens.len() {
        let Some((kind, end)) = number_at(&tokens, at) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let unit = if is_dash(&tokens, end) { end + 1 } else { end };
        let unit = tokens.get(unit).filter(|t| t.column == tokens[at].column).and_then(Token::word);
        if !unit.is_some_and(|w| is_inch(w) || is_foot(w)) {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        }
        inches |= unit.is_some_and(is_inch);
        feet |= unit.is_some_and(is_foot);
        out.push(Token { kind, end: tokens[end - 1].end, ..tokens[at].clone() });
        at = end;
    }
    if inches && feet && !tokens.iter().any(named) { tokens } else { out }
}

fn is_inch(word: &str) -> bool {
    matches!(word, "INCH" | "INCHES")
}

fn is_foot(word: &str) -> bool {
    matches!(word, "FOOT" | "FEET")
}

fn is_dash(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|t| t.kind == Kind::Dash)
}

/// The token of a phrase that stands behind `at`; a hyphen may join the two.
fn next(tokens: &[Token], at: usize) -> usize {
    if is_dash(tokens, at) { at + 1 } else { at }
}

fn whole(tokens: &[Token], at: usize) -> Option<f64> {
    let word = tokens.get(at)?.word()?;
    WHOLES.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// Numerator and denominator of THREE QUARTER, ONE-EIGHTH, HALF, and the token behind.
fn part(tokens: &[Token], at: usize) -> Option<(f64, f64, usize)> {
    let denominator = |at: usize| {
        let word = tokens.get(at)?.word()?;
        let one = word.strip_suffix('S').unwrap_or(word);
        let second = tokens.get(next(tokens, at + 1)).and_then(Token::word);
        if one == "THIRTY" && matches!(second, Some("SECOND" | "SECONDS")) {
            return Some((32.0, next(tokens, at + 1) + 1));
        }
        PARTS.iter().find(|(known, _)| *known == one).map(|(_, value)| (*value, at + 1))
    };
    if let Some((below, end)) = denominator(at) {
        return Some((1.0, below, end));
    }
    let above = whole(tokens, at)?;
    let (below, end) = denominator(next(tokens, at + 1))?;
    (above < below).then_some((above, below, end))
}

/// The number that words from `at` on say, and the token behind.
fn number_at(tokens: &[Token], at: usize) -> Option<(Kind, usize)> {
    tokens.get(at)?.word()?;
    if let Some((above, below, end)) = part(tokens, at) {
        return Some((Kind::Vulgar(above, below), end));
    }
    let first = whole(tokens, at)?;
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    let number = |value: f64| {
        let integer = value.fract() == 0.0;
        Kind::Number(Number { value, integer, zero_led: false, point_thousands: None })
    };
    if word(at + 1) == Some("AND") {
        let of = if word(at + 2) == Some("A") { at + 3 } else { at + 2 };
        if let Some((above, below, end)) = part(tokens, of) {
            return Some((number(first + above / below), end));
        }
    }
    if word(at + 1) == Some("HUNDRED") && first < 10.0 {
        return Some((number(100.0 * first), at + 2));
    }
    Some((number(first), at + 1))
}

#[cfg(test)]
mod tests {
    use super::super::notation::parse_all;
    use super::super::notation_tests::one;

    #[test]
    fn words_for_numbers_are_read_where_lengths_are_equated() {
        for (text, ratio) in [
            ("QUARTER INCH = 1 FOOT", 48.0),
            ("1/4 INCH EQUALS ONE FOOT", 48.0),
            ("SCALE: ONE EIGHTH INCH = ONE FOOT", 96.0),
            ("SCALE: ONE-EIGHTH INCH EQUALS ONE FOOT", 96.0),
            ("Scale: Half inch = one foot", 24.0),
            ("SCALE: THREE QUARTER INCH = 1 FOOT", 16.0),
            ("SCALE: THREE-QUARTERS INCH = ONE FOOT", 16.0),
            ("SCALE THREE SIXTEENTHS INCH = ONE FOOT", 64.0),
            ("SCALE THREE THIRTY-SECONDS INCH = ONE FOOT", 128.0),
            ("SCALE: ONE AND ONE HALF INCHES = ONE FOOT", 8.0),
            ("SCALE: ONE AND A HALF INCHES = ONE FOOT", 8.0),
            ("SCALE: ONE INCH = TEN FEET", 120.0),
            ("SITE PLAN ONE INCH = TWENTY FEET", 240.0),
            ("ONE INCH EQUALS 40 FEET", 480.0),
            ("SCALE: ONE INCH = ONE HUNDRED FEET", 1200.0),
            ("SCALE: THREE INCHES = ONE FOOT", 4.0),
        ] {
            assert_eq!(one(text), Ok(ratio), "{text}");
        }
    }

    #[test]
    fn rulers_slopes_and_sizes_in_words_are_no_scales() {
        for text in [
            // As borders print them.
            "one eighth inch = one foot",
            "one quarter inch = one foot",
            "three inches = one foot",
            "SLOPE ONE QUARTER INCH PER FOOT",
            "SLOPE: QUARTER INCH = 1 FOOT",
            "PROVIDE ONE HALF INCH GAP EVERY TEN FEET",
            "HALF INCH TO ONE FOOT ABOVE FLOOR",
            "ONE INCH",
            "SCALE: ONE FOOT",
        ] {
            assert!(parse_all(text).is_empty(), "{text}: {:?}", parse_all(text));
        }
    }

    #[test]
    fn the_span_of_words_is_what_was_read() {
        let text = "SCALE: ONE EIGHTH INCH = ONE FOOT";
        let found = parse_all(text);
        assert_eq!(found[0].text, "ONE EIGHTH INCH = ONE FOOT");
        assert_eq!(&text[found[0].span.clone()], found[0].text);
    }
}
