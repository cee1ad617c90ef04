//! The formula language of component quantities: arithmetic over braced variables.
//!
//! Precedence, associativity and rounding are Python's (`**` binds right and tighter than a unary minus
//! on its left, `//` floors, `%` takes the divisor's sign, `round` goes half to even on the binary
//! value); every number is a double. A formula is compiled once into a postfix program and evaluated
//! many times. Length, nesting and so the time of an evaluation are bounded.

mod arith;
mod error;
mod help;
mod lex;
mod parse;
mod preset;
mod program;
#[cfg(test)]
mod tests;
mod variable;

pub use error::{EvalError, EvalErrorKind, FormulaError, FormulaErrorKind};
pub use help::{EXAMPLES, FUNCTIONS, VARIABLES};
pub use preset::{PRESETS, Preset};
pub use variable::{Inputs, Variable, Variables};

use program::Program;

/// Longest formula, characters.
pub const MAX_CHARS: usize = 500;
/// Deepest nesting of parentheses, calls, signs and powers.
pub const MAX_DEPTH: usize = 64;

/// A compiled formula. Cheap to evaluate, safe to share between threads.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    program: Program,
}

impl Formula {
    /// Compiles a formula; a blank one means `{qty}`. Syntax errors, unknown names, wrong numbers of
    /// arguments, too much nesting or text and a division by a constant zero are refused here.
    pub fn compile(text: &str) -> Result<Self, FormulaError> {
        let program =
            if text.trim().is_empty() { Program::of_variable(Variable::Qty) } else { parse::compile(text)? };
        Ok(Self { program })
    }

    /// The value over `variables`; always finite.
    pub fn eval(&self, variables: &Variables) -> Result<f64, EvalError> {
        self.program.eval(variables)
    }

    /// Whether the formula reads a variable.
    pub fn uses(&self, variable: Variable) -> bool {
        self.program.uses(variable)
    }
}
