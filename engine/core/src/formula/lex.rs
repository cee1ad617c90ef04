use super::Variable;
use super::error::{FormulaError, FormulaErrorKind};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Variable(Variable),
    Name(String),
    Plus,
    Minus,
    Times,
    Over,
    FloorOver,
    Percent,
    Power,
    Open,
    Close,
    Comma,
    End,
}

impl Token {
    /// As a person would name it.
    pub(super) fn shown(&self) -> String {
        let sign = match self {
            Self::Number(n) => return format!("the number {n}"),
            Self::Variable(v) => return format!("{{{}}}", v.name()),
            Self::Name(n) => return format!("'{n}'"),
            Self::End => return "the end".to_owned(),
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::FloorOver => "//",
            Self::Percent => "%",
            Self::Power => "**",
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
        };
        format!("'{sign}'")
    }
}

/// Characters of a name or digit run that messages repeat.
const SHOWN: usize = 40;

pub(super) struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    pub(super) fn new(text: &str) -> Self {
        Self { chars: text.chars().collect(), at: 0 }
    }

    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// The next token and the characters before it.
    pub(super) fn next(&mut self) -> Result<(Token, usize), FormulaError> {
        while self.peek(0).is_whitespace() {
            self.at += 1;
        }
        let start = self.at;
        let Some(&c) = self.chars.get(start) else { return Ok((Token::End, start)) };
        let (token, length) = match (c, self.peek(1)) {
            ('*', '*') => (Token::Power, 2),
            ('/', '/') => (Token::FloorOver, 2),
            ('+', _) => (Token::Plus, 1),
            ('-', _) => (Token::Minus, 1),
            ('*', _) => (Token::Times, 1),
            ('/', _) => (Token::Over, 1),
            ('%', _) => (Token::Percent, 1),
            ('(', _) => (Token::Open, 1),
            (')', _) => (Token::Close, 1),
            (',', _) => (Token::Comma, 1),
            ('{', _) => return Ok((self.variable()?, start)),
            ('0'..='9', _) | ('.', '0'..='9') => return Ok((self.number()?, start)),
            _ if c.is_alphabetic() || c == '_' => {
                let name: String = self.run(|c| c.is_alphanumeric() || c == '_');
                return Ok((Token::Name(name.chars().take(SHOWN).collect()), start));
            }
            _ => return Err(FormulaError::syntax(start, format!("'{}' is not allowed", c.escape_debug()))),
        };
        self.at += length;
        Ok((token, start))
    }

    fn run(&mut self, accept: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.chars.get(self.at).is_some_and(|&c| accept(c)) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn variable(&mut self) -> Result<Token, FormulaError> {
        let start = self.at;
        self.at += 1;
        let name = self.run(|c| c != '{' && c != '}');
        if self.peek(0) != '}' {
            return Err(FormulaError::syntax(start, "'{' is not closed by '}'"));
        }
        self.at += 1;
        Variable::from_name(&name).map(Token::Variable).ok_or_else(|| {
            let shown: String = name.chars().take(SHOWN).collect();
            let message = format!("Unknown variable: {{{shown}}}");
            FormulaError::new(start, FormulaErrorKind::UnknownVariable, message)
        })
    }

    /// Python's numbers: decimal and exponent, `0x`, `0o`, `0b`, single underscores between digits.
    fn number(&mut self) -> Result<Token, FormulaError> {
        let start = self.at;
        let radix = match (self.peek(0), self.peek(1)) {
            ('0', 'x' | 'X') => 16,
            ('0', 'o' | 'O') => 8,
            ('0', 'b' | 'B') => 2,
            _ => 10,
        };
        let value = if radix == 10 { self.decimal(start)? } else { self.whole_of_radix(start, radix)? };
        let next = self.peek(0);
        if next.is_alphanumeric() || next == '_' || next == '.' {
            return Err(self.bad_number(start));
        }
        if !value.is_finite() {
            return Err(FormulaError::syntax(start, "The number is too large"));
        }
        Ok(Token::Number(value))
    }

    fn bad_number(&mut self, start: usize) -> FormulaError {
        self.at = start;
        let text: String =
            self.run(|c| c.is_alphanumeric() || c == '_' || c == '.').chars().take(SHOWN).collect();
        FormulaError::syntax(start, format!("'{text}' is not a number"))
    }

    /// Digits with single underscores between them; `None` where an underscore stands elsewhere.
    fn digits(&mut self, radix: u32) -> Option<String> {
        let text = self.run(|c| c.is_digit(radix) || c == '_');
        let sound = !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
        sound.then(|| text.replace('_', ""))
    }

    fn whole_of_radix(&mut self, start: usize, radix: u32) -> Result<f64, FormulaError> {
        self.at += 2;
        // An underscore may follow the prefix: 0x_ff.
        if self.peek(0) == '_' && self.peek(1) != '_' {
            self.at += 1;
        }
        match self.digits(radix).filter(|d| !d.is_empty()) {
            Some(digits) => match u128::from_str_radix(&digits, radix) {
                Ok(value) => Ok(value as f64),
                Err(_) => Err(FormulaError::syntax(start, "The number is too large")),
            },
            None => Err(self.bad_number(start)),
        }
    }

    fn decimal(&mut self, start: usize) -> Result<f64, FormulaError> {
        let Some(mut text) = self.digits(10) else { return Err(self.bad_number(start)) };
        let zero_led = text.len() > 1 && text.starts_with('0') && text.bytes().any(|b| b != b'0');
        let mut whole = true;
        if self.peek(0) == '.' {
            self.at += 1;
            whole = false;
            let Some(tail) = self.digits(10) else { return Err(self.bad_number(start)) };
            text = format!("{text}.{tail}");
        }
        let signed = matches!(self.peek(1), '+' | '-') && self.peek(2).is_ascii_digit();
        if matches!(self.peek(0), 'e' | 'E') && (self.peek(1).is_ascii_digit() || signed) {
            whole = false;
            self.at += 1;
            let sign = if signed { self.peek(0).to_string() } else { String::new() };
            self.at += usize::from(signed);
            let Some(exponent) = self.digits(10) else { return Err(self.bad_number(start)) };
            text = format!("{text}e{sign}{exponent}");
        }
        if zero_led && whole {
            // Python refuses 012; elsewhere it is octal.
            return Err(self.bad_number(start));
        }
        text.parse().map_err(|_| self.bad_number(start))
    }
}
