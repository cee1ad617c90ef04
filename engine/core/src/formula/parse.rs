//! Recursive descent with Python's precedence, emitting the postfix program as it goes.

use super::error::{FormulaError, FormulaErrorKind};
use super::lex::{Lexer, Token};
use super::program::{Op, Program, ProgramBuilder};
use super::{MAX_CHARS, MAX_DEPTH};

pub(super) fn compile(text: &str) -> Result<Program, FormulaError> {
    let chars = text.chars().count();
    if chars > MAX_CHARS {
        return Err(FormulaError::too_long(chars));
    }
    let mut lexer = Lexer::new(text);
    let (token, position) = lexer.next()?;
    let mut parser = Parser { lexer, token, position, depth: 0, out: ProgramBuilder::default() };
    parser.sum()?;
    match parser.token {
        Token::End => Ok(parser.out.finish()),
        Token::Close => Err(FormulaError::syntax(parser.position, "')' closes nothing")),
        other => {
            let message = format!("Expected an operator, found {}", other.shown());
            Err(FormulaError::syntax(parser.position, message))
        }
    }
}

struct Parser {
    lexer: Lexer,
    token: Token,
    /// Characters before `token`.
    position: usize,
    depth: usize,
    out: ProgramBuilder,
}

impl Parser {
    fn advance(&mut self) -> Result<(), FormulaError> {
        (self.token, self.position) = self.lexer.next()?;
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), FormulaError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(FormulaError::too_deep(self.position)) } else { Ok(()) }
    }

    fn sum(&mut self) -> Result<(), FormulaError> {
        self.product()?;
        loop {
            let op = match self.token {
                Token::Plus => Op::Add,
                Token::Minus => Op::Subtract,
                _ => return Ok(()),
            };
            let position = self.position;
            self.advance()?;
            self.product()?;
            self.out.binary(op, position)?;
        }
    }

    fn product(&mut self) -> Result<(), FormulaError> {
        self.signed()?;
        loop {
            let op = match self.token {
                Token::Times => Op::Multiply,
                Token::Over => Op::Divide,
                Token::FloorOver => Op::FloorDivide,
                Token::Percent => Op::Modulo,
                _ => return Ok(()),
            };
            let position = self.position;
            self.advance()?;
            self.signed()?;
            self.out.binary(op, position)?;
        }
    }

    fn signed(&mut self) -> Result<(), FormulaError> {
        let position = self.position;
        let negative = match self.token {
            Token::Minus => true,
            Token::Plus => false,
            _ => return self.power(),
        };
        self.deeper()?;
        self.advance()?;
        self.signed()?;
        self.depth -= 1;
        if negative { self.out.unary(Op::Negate, position) } else { Ok(()) }
    }

    fn power(&mut self) -> Result<(), FormulaError> {
        self.atom()?;
        if self.token != Token::Power {
            return Ok(());
        }
        let position = self.position;
        self.deeper()?;
        self.advance()?;
        self.signed()?;
        self.depth -= 1;
        self.out.binary(Op::Power, position)
    }

    fn atom(&mut self) -> Result<(), FormulaError> {
        let position = self.position;
        match std::mem::replace(&mut self.token, Token::End) {
            Token::Number(value) => {
                self.out.push(Op::Constant(value), position);
                self.advance()
            }
            Token::Variable(variable) => {
                self.out.push(Op::Load(variable), position);
                self.advance()
            }
            Token::Name(name) => {
                self.advance()?;
                self.named(&name, position)
            }
            Token::Open => {
                self.deeper()?;
                self.advance()?;
                self.sum()?;
                self.close(position)?;
                self.depth -= 1;
                Ok(())
            }
            other => {
                let message = format!("Expected a number, a variable or '(', found {}", other.shown());
                Err(FormulaError::syntax(position, message))
            }
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), FormulaError> {
        match &self.token {
            Token::Close => self.advance(),
            Token::End => Err(FormulaError::syntax(opened, "'(' is not closed")),
            other => {
                let message = format!("Expected ')' or an operator, found {}", other.shown());
                Err(FormulaError::syntax(self.position, message))
            }
        }
    }

    /// `pi`, or a call.
    fn named(&mut self, name: &str, position: usize) -> Result<(), FormulaError> {
        let unknown =
            |message: String| Err(FormulaError::new(position, FormulaErrorKind::UnknownName, message));
        let called = self.token == Token::Open;
        let function = Function::from_name(name);
        match (name, function, called) {
            ("pi", _, false) => {
                self.out.push(Op::Constant(std::f64::consts::PI), position);
                Ok(())
            }
            ("pi", _, true) => Err(FormulaError::syntax(self.position, "pi is a constant, not a function")),
            (_, Some(function), true) => self.call(function, name, position),
            (_, Some(_), false) => {
                Err(FormulaError::syntax(position, format!("{name} is a function: write {name}(...)")))
            }
            _ if super::Variable::from_name(name).is_some() => {
                unknown(format!("Unknown name: {name}. Variables are written in braces: {{{name}}}"))
            }
            (_, None, true) => unknown(format!("Unknown function: {name}")),
            (_, None, false) => unknown(format!("Unknown name: {name}")),
        }
    }

    fn call(&mut self, function: Function, name: &str, position: usize) -> Result<(), FormulaError> {
        let opened = self.position;
        self.deeper()?;
        self.advance()?;
        let mut arguments = 0;
        while self.token != Token::Close {
            self.sum()?;
            arguments += 1;
            // min and max fold as they go, so that no long list waits on the stack.
            match function {
                Function::Min if arguments > 1 => self.out.binary(Op::Min, position)?,
                Function::Max if arguments > 1 => self.out.binary(Op::Max, position)?,
                _ if arguments > 2 => break,
                _ => {}
            }
            if self.token != Token::Comma {
                break;
            }
            self.advance()?;
        }
        let op = match (function, arguments) {
            (Function::Min | Function::Max, 2..) => None,
            (Function::Ceil, 1) => Some((Op::Ceil, false)),
            (Function::Floor, 1) => Some((Op::Floor, false)),
            (Function::Round, 1) => Some((Op::Round, false)),
            (Function::Round, 2) => Some((Op::RoundTo, true)),
            (Function::Abs, 1) => Some((Op::Abs, false)),
            (Function::Sqrt, 1) => Some((Op::Sqrt, false)),
            (Function::Pow, 2) => Some((Op::Power, true)),
            _ => {
                let wants = function.arity();
                let message = format!("{name} takes {wants}");
                return Err(FormulaError::new(position, FormulaErrorKind::Arity, message));
            }
        };
        self.close(opened)?;
        self.depth -= 1;
        match op {
            None => Ok(()),
            Some((op, true)) => self.out.binary(op, position),
            Some((op, false)) => self.out.unary(op, position),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Ceil,
    Floor,
    Round,
    Min,
    Max,
    Abs,
    Sqrt,
    Pow,
}

impl Function {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "ceil" => Self::Ceil,
            "floor" => Self::Floor,
            "round" => Self::Round,
            "min" => Self::Min,
            "max" => Self::Max,
            "abs" => Self::Abs,
            "sqrt" => Self::Sqrt,
            "pow" => Self::Pow,
            _ => return None,
        })
    }

    fn arity(self) -> &'static str {
        match self {
            Self::Ceil | Self::Floor | Self::Abs | Self::Sqrt => "1 argument",
            Self::Round => "1 or 2 arguments",
            Self::Pow => "2 arguments",
            Self::Min | Self::Max => "at least 2 arguments",
        }
    }
}
