//! A line of drawing text as tokens that forgive how it was typed or extracted.

/// A number as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) integer: bool,
    /// Written with a zero before other digits (`05`), as times and part numbers are.
    pub(super) zero_led: bool,
    /// The value when a point before exactly three digits separates thousands (`1.250`).
    pub(super) point_thousands: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(Number),
    /// A single-character fraction such as `½`: numerator and denominator.
    Vulgar(f64, f64),
    Inch,
    Foot,
    Equals,
    Dash,
    Slash,
    Colon,
    At,
    /// Letters, upper case; the points of `N.T.S.` are taken out.
    Word(String),
    Other(char),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte range in the line.
    pub(super) start: usize,
    pub(super) end: usize,
    /// White space stands before it (or it is the first).
    pub(super) spaced: bool,
    /// Number of the column it stands in; a tab or line break starts a new one.
    pub(super) column: usize,
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(w) => Some(w),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<Number> {
        match self.kind {
            Kind::Number(n) => Some(n),
            _ => None,
        }
    }
}

/// Digits in one number; more are no dimension and no ratio.
const MAX_DIGITS: usize = 15;

pub(super) fn lex(text: &str) -> Vec<Token> {
    let chars: Vec<(usize, char)> = text.char_indices().map(|(at, c)| (at, plain(c))).collect();
    let mut lexer = Lexer { text_len: text.len(), chars, at: 0, out: Vec::new(), spaced: true, column: 0 };
    while lexer.at < lexer.chars.len() {
        lexer.step();
    }
    lexer.out
}

/// The plain form of typographic characters.
fn plain(c: char) -> char {
    match c {
        '“' | '”' | '„' | '‟' | '″' | '＂' | '〃' | 'ˮ' | '\u{2036}' => '"',
        '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' | 'ʹ' | 'ʼ' | '＇' | '\u{2035}' => '\'',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '－' | '\u{ad}' => '-',
        '⁄' | '∕' | '／' | '÷' => '/',
        '∶' | '：' | '˸' | '꞉' => ':',
        '＝' | '═' => '=',
        '⁰' | '₀' => '0',
        '¹' | '₁' => '1',
        '²' | '₂' => '2',
        '³' | '₃' => '3',
        '⁴'..='⁹' => char::from(b'4' + (c as u32 - '⁴' as u32) as u8),
        '₄'..='₉' => char::from(b'4' + (c as u32 - '₄' as u32) as u8),
        '０'..='９' => char::from(b'0' + (c as u32 - '０' as u32) as u8),
        _ => c,
    }
}

fn vulgar(c: char) -> Option<(f64, f64)> {
    Some(match c {
        '¼' => (1.0, 4.0),
        '½' => (1.0, 2.0),
        '¾' => (3.0, 4.0),
        '⅓' => (1.0, 3.0),
        '⅔' => (2.0, 3.0),
        '⅛' => (1.0, 8.0),
        '⅜' => (3.0, 8.0),
        '⅝' => (5.0, 8.0),
        '⅞' => (7.0, 8.0),
        _ => return None,
    })
}

struct Lexer {
    text_len: usize,
    chars: Vec<(usize, char)>,
    at: usize,
    out: Vec<Token>,
    spaced: bool,
    column: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).map(|&(_, c)| c)
    }

    fn byte(&self, index: usize) -> usize {
        self.chars.get(index).map_or(self.text_len, |&(at, _)| at)
    }

    fn push(&mut self, kind: Kind, count: usize) {
        let (start, end) = (self.byte(self.at), self.byte(self.at + count));
        self.out.push(Token { kind, start, end, spaced: self.spaced, column: self.column });
        self.at += count;
        self.spaced = false;
    }

    fn step(&mut self) {
        let Some(c) = self.peek(0) else { return };
        match c {
            '\t' | '\n' | '\r' => {
                self.column += 1;
                self.spaced = true;
                self.at += 1;
            }
            // Zero-width characters separate nothing.
            '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{2060}' => self.at += 1,
            _ if c.is_whitespace() => {
                self.spaced = true;
                self.at += 1;
            }
            '"' | '\'' => self.marks(),
            '=' => {
                let count = if self.peek(1) == Some('=') { 2 } else { 1 };
                self.push(Kind::Equals, count);
            }
            '-' => self.push(Kind::Dash, 1),
            '/' => self.push(Kind::Slash, 1),
            ':' => self.push(Kind::Colon, 1),
            '@' => self.push(Kind::At, 1),
            '⅟' => {
                let one = Number { value: 1.0, integer: true, zero_led: false, point_thousands: None };
                self.push(Kind::Number(one), 1);
                // The same character is the slash too.
                let at = self.byte(self.at);
                self.out.push(Token {
                    kind: Kind::Slash,
                    start: at,
                    end: at,
                    spaced: false,
                    column: self.column,
                });
            }
            '0'..='9' => self.number(),
            '.' if self.peek(1).is_some_and(|d| d.is_ascii_digit()) && !self.after_digit_or_letter() => {
                self.number()
            }
            _ if c.is_alphabetic() => self.word(),
            _ => match vulgar(c) {
                Some((n, d)) => self.push(Kind::Vulgar(n, d), 1),
                None => self.push(Kind::Other(c), 1),
            },
        }
    }

    fn after_digit_or_letter(&self) -> bool {
        self.at.checked_sub(1).and_then(|i| self.chars.get(i)).is_some_and(|&(_, c)| c.is_alphanumeric())
    }

    /// One single mark is feet; two singles, one double or a doubled double are inches.
    fn marks(&mut self) {
        let run = self.chars[self.at..].iter().take_while(|&&(_, c)| c == '"' || c == '\'').take(4).count();
        let first = self.peek(0);
        let second = if run >= 2 { self.peek(1) } else { None };
        match (first, second) {
            (Some('\''), Some('\'')) => self.push(Kind::Inch, 2),
            (Some('\''), _) => self.push(Kind::Foot, 1),
            (_, Some('"')) => self.push(Kind::Inch, 2),
            _ => self.push(Kind::Inch, 1),
        }
    }

    fn number(&mut self) {
        let digits = |from: usize| {
            self.chars[(self.at + from).min(self.chars.len())..]
                .iter()
                .take_while(|(_, c)| c.is_ascii_digit())
                .count()
        };
        let mut count = digits(0);
        let mut text: String = self.chars[self.at..self.at + count].iter().map(|&(_, c)| c).collect();
        let head = count;
        if (1..=3).contains(&head) {
            while self.peek(count) == Some(',') && digits(count + 1) == 3 {
                text.extend(self.chars[self.at + count + 1..self.at + count + 4].iter().map(|&(_, c)| c));
                count += 4;
            }
        }
        let zero_led = text.len() > 1 && text.starts_with('0');
        let (mut integer, mut point_thousands) = (true, None);
        if self.peek(count) == Some('.') && digits(count + 1) > 0 {
            let decimals = digits(count + 1);
            let tail: String =
                self.chars[self.at + count + 1..][..decimals].iter().map(|&(_, c)| c).collect();
            if decimals == 3 && (1..=3).contains(&head) && count == head && text != "0" {
                point_thousands = format!("{text}{tail}").parse().ok();
            }
            text = format!("{text}.{tail}");
            integer = false;
            count += 1 + decimals;
        }
        match text.parse::<f64>() {
            Ok(value) if text.len() <= MAX_DIGITS => {
                self.push(Kind::Number(Number { value, integer, zero_led, point_thousands }), count);
            }
            _ => self.push(Kind::Other('#'), count.max(1)),
        }
    }

    /// Characters of `(S)`, `[S]` or `/S` behind a word, which leave open whether there are several.
    fn plural(&self, at: usize) -> Option<usize> {
        let is_s = |i: usize| self.peek(at + i).is_some_and(|c| c.eq_ignore_ascii_case(&'s'));
        let space = usize::from(self.peek(at) == Some(' '));
        match (self.peek(at + space), self.peek(at + space + 2)) {
            (Some('('), Some(')')) | (Some('['), Some(']')) if is_s(space + 1) => Some(space + 3),
            (Some('/'), after) if is_s(1) && !after.is_some_and(char::is_alphanumeric) && space == 0 => {
                Some(2)
            }
            _ => None,
        }
    }

    fn word(&mut self) {
        let letters = |from: usize| {
            self.chars[(self.at + from).min(self.chars.len())..]
                .iter()
                .take_while(|(_, c)| c.is_alphabetic())
                .count()
        };
        let mut count = letters(0);
        let mut text: String = self.chars[self.at..self.at + count].iter().map(|&(_, c)| c).collect();
        // N.T.S. and N. T. S. are one word.
        if count == 1 {
            while text.chars().count() < 8 && self.peek(count) == Some('.') {
                let next = if self.peek(count + 1) == Some(' ') { count + 2 } else { count + 1 };
                let ends = self.peek(next + 1) == Some('.') || next == count + 1;
                if letters(next) != 1 || !ends {
                    break;
                }
                text.extend(self.peek(next));
                count = next + 1;
            }
            if count > 1 && self.peek(count) == Some('.') {
                count += 1;
            }
        }
        if text.eq_ignore_ascii_case("SCALE")
            && let Some(more) = self.plural(count)
        {
            text.push('S');
            count += more;
        }
        self.push(Kind::Word(text.to_uppercase()), count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        lex(text).iter().filter_map(|t| t.word().map(str::to_owned)).collect()
    }

    #[test]
    fn pointed_abbreviations_are_one_word() {
        assert_eq!(words("N.T.S."), ["NTS"]);
        assert_eq!(words("n.t.s"), ["NTS"]);
        assert_eq!(words("N. T. S. PLAN"), ["NTS", "PLAN"]);
        assert_eq!(words("U.N.O. in. 3"), ["UNO", "IN"]);
        assert_eq!(words("PLANTS. SEE A."), ["PLANTS", "SEE", "A"]);
    }

    #[test]
    fn a_plural_left_open_is_one_word() {
        for text in ["SCALE(S):", "Scale (s)", "SCALE [S]", "Scale/s 1"] {
            assert_eq!(words(text), ["SCALES"], "{text}");
        }
        assert_eq!(words("SCALE/SHEET (S)"), ["SCALE", "SHEET", "S"]);
    }

    #[test]
    fn numbers_know_thousands_and_points() {
        let values: Vec<f64> =
            lex("1,000 12,34 0.25 .5 7.").iter().filter_map(|t| t.number().map(|n| n.value)).collect();
        assert_eq!(values, [1000.0, 12.0, 34.0, 0.25, 0.5, 7.0]);
        assert_eq!(lex("1.250")[0].number().and_then(|n| n.point_thousands), Some(1250.0));
    }

    #[test]
    fn quotes_of_every_kind_are_marks() {
        for inch in ["\"", "”", "″", "''", "’’", "′′", "\"\""] {
            assert_eq!(lex(&format!("1{inch}"))[1].kind, Kind::Inch, "{inch}");
        }
        for foot in ["'", "’", "‘", "′", "`", "´"] {
            assert_eq!(lex(&format!("1{foot}"))[1].kind, Kind::Foot, "{foot}");
        }
    }

    #[test]
    fn spans_are_byte_ranges_of_the_line() {
        let text = "⅟16″ = 1′";
        for t in lex(text) {
            assert!(text.get(t.start..t.end).is_some());
        }
    }
}
