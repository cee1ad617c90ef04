use super::{MAX_CHARS, MAX_DEPTH};

/// Why a formula cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormulaErrorKind {
    Syntax,
    UnknownVariable,
    UnknownName,
    Arity,
    TooDeep,
    TooLong,
    DivisionByZero,
}

/// A formula that is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", .position + 1)]
pub struct FormulaError {
    /// Characters before the place in question.
    pub position: usize,
    pub kind: FormulaErrorKind,
    /// One sentence for the person who wrote the formula.
    pub message: String,
}

impl FormulaError {
    pub(super) fn new(position: usize, kind: FormulaErrorKind, message: impl Into<String>) -> Self {
        Self { position, kind, message: message.into() }
    }

    pub(super) fn syntax(position: usize, message: impl Into<String>) -> Self {
        Self::new(position, FormulaErrorKind::Syntax, message)
    }

    pub(super) fn too_deep(position: usize) -> Self {
        let message = format!("The formula is nested deeper than {MAX_DEPTH} levels");
        Self::new(position, FormulaErrorKind::TooDeep, message)
    }

    pub(super) fn too_long(chars: usize) -> Self {
        let message = format!("The formula has {chars} characters, at most {MAX_CHARS} are allowed");
        Self::new(MAX_CHARS, FormulaErrorKind::TooLong, message)
    }

    pub(super) fn division_by_zero(position: usize) -> Self {
        Self::new(position, FormulaErrorKind::DivisionByZero, "Division by zero")
    }
}

/// What went wrong while evaluating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvalErrorKind {
    #[error("Division by zero")]
    DivisionByZero,
    #[error("The result is too large for a number")]
    Overflow,
    #[error("The square root of a negative number is not a number")]
    NegativeRoot,
    #[error("A fractional power of a negative number is not a number")]
    NegativePower,
    #[error("The second argument of round must be a whole number")]
    FractionalDigits,
    #[error("A variable is not a finite number")]
    VariableNotFinite,
}

/// A formula that compiles but has no value for these variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at character {})", .position + 1)]
pub struct EvalError {
    /// Characters before the operator, function or variable in question.
    pub position: usize,
    pub kind: EvalErrorKind,
}
