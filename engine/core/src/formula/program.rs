//! A formula as a postfix program over a small stack.

use super::error::{EvalError, EvalErrorKind, FormulaError};
use super::{Variable, Variables, arith};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    Constant(f64),
    Load(Variable),
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    Min,
    Max,
    Ceil,
    Floor,
    Round,
    RoundTo,
    Abs,
    Sqrt,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Program {
    ops: Box<[Op]>,
    /// Characters before each op's place in the text; read only when something fails.
    positions: Box<[u16]>,
    /// Values that the stack holds at most.
    stack: usize,
}

/// Almost every formula fits a stack of this size.
const SMALL_STACK: usize = 16;
/// Three pending operands for each level of nesting, and those of the outermost.
const LARGE_STACK: usize = 3 * (super::MAX_DEPTH + 2);

impl Program {
    pub(super) fn of_variable(variable: Variable) -> Self {
        let mut builder = ProgramBuilder::default();
        builder.push(Op::Load(variable), 0);
        builder.finish()
    }

    pub(super) fn uses(&self, variable: Variable) -> bool {
        self.ops.contains(&Op::Load(variable))
    }

    pub(super) fn eval(&self, variables: &Variables) -> Result<f64, EvalError> {
        let run = if self.stack <= SMALL_STACK {
            self.run(variables, &mut [0.0; SMALL_STACK])
        } else {
            self.run(variables, &mut [0.0; LARGE_STACK])
        };
        // A negative zero is no quantity to show.
        run.map(|v| v + 0.0)
            .map_err(|(at, kind)| EvalError { position: usize::from(self.positions[at]), kind })
    }

    fn run(&self, variables: &Variables, stack: &mut [f64]) -> Result<f64, (usize, EvalErrorKind)> {
        let mut top = 0;
        for (at, &op) in self.ops.iter().enumerate() {
            let value = match op {
                Op::Constant(value) => {
                    stack[top] = value;
                    top += 1;
                    continue;
                }
                Op::Load(variable) => {
                    let value = variables.get(variable);
                    if !value.is_finite() {
                        return Err((at, EvalErrorKind::VariableNotFinite));
                    }
                    stack[top] = value;
                    top += 1;
                    continue;
                }
                Op::Negate | Op::Ceil | Op::Floor | Op::Round | Op::Abs | Op::Sqrt => {
                    unary(op, stack[top - 1])
                }
                _ => {
                    top -= 1;
                    binary(op, stack[top - 1], stack[top])
                }
            };
            stack[top - 1] = value.map_err(|kind| (at, kind))?;
        }
        Ok(stack[0])
    }
}

#[inline]
fn unary(op: Op, a: f64) -> Result<f64, EvalErrorKind> {
    Ok(match op {
        Op::Negate => -a,
        Op::Ceil => arith::ceil(a),
        Op::Floor => arith::floor(a),
        Op::Round => a.round_ties_even(),
        Op::Abs => a.abs(),
        Op::Sqrt => return arith::square_root(a),
        _ => unreachable!("only one-operand ops come here"),
    })
}

#[inline]
fn binary(op: Op, a: f64, b: f64) -> Result<f64, EvalErrorKind> {
    match op {
        Op::Add => arith::add(a, b),
        Op::Subtract => arith::subtract(a, b),
        Op::Multiply => arith::multiply(a, b),
        Op::Divide => arith::divide(a, b),
        Op::FloorDivide => arith::floor_divide(a, b),
        Op::Modulo => arith::modulo(a, b),
        Op::Power => arith::power(a, b),
        Op::Min => Ok(arith::min(a, b)),
        Op::Max => Ok(arith::max(a, b)),
        Op::RoundTo => arith::round_to(a, b),
        _ => unreachable!("only two-operand ops come here"),
    }
}

/// Takes ops in postfix order, folds constants, and knows how deep the stack gets.
#[derive(Debug, Default)]
pub(super) struct ProgramBuilder {
    ops: Vec<Op>,
    positions: Vec<u16>,
    height: usize,
    stack: usize,
}

impl ProgramBuilder {
    pub(super) fn push(&mut self, op: Op, position: usize) {
        self.ops.push(op);
        self.positions.push(u16::try_from(position).unwrap_or(u16::MAX));
        self.height += 1;
        self.stack = self.stack.max(self.height);
    }

    fn operator(&mut self, op: Op, position: usize) {
        self.push(op, position);
        self.height -= 1;
    }

    fn drop_constants(&mut self, count: usize) {
        self.ops.truncate(self.ops.len() - count);
        self.positions.truncate(self.ops.len());
        self.height -= count;
    }

    pub(super) fn unary(&mut self, op: Op, position: usize) -> Result<(), FormulaError> {
        // An operand that ends in a constant is that constant: anything longer ends in an operator.
        if let Some(Op::Constant(a)) = self.ops.last().copied()
            && let Ok(value) = unary(op, a)
        {
            self.drop_constants(1);
            self.push(Op::Constant(value), position);
        } else {
            self.operator(op, position);
        }
        Ok(())
    }

    pub(super) fn binary(&mut self, op: Op, position: usize) -> Result<(), FormulaError> {
        if let [.., left, Op::Constant(b)] = self.ops[..] {
            let divides = matches!(op, Op::Divide | Op::FloorDivide | Op::Modulo);
            if divides && b == 0.0 {
                return Err(FormulaError::division_by_zero(position));
            }
            if let Op::Constant(a) = left {
                match binary(op, a, b) {
                    Ok(value) => {
                        self.drop_constants(2);
                        self.push(Op::Constant(value), position);
                        return Ok(());
                    }
                    Err(EvalErrorKind::DivisionByZero) => {
                        return Err(FormulaError::division_by_zero(position));
                    }
                    // Other failures are the evaluation's to report.
                    Err(_) => {}
                }
            }
        }
        self.operator(op, position);
        self.height -= 1;
        Ok(())
    }

    pub(super) fn finish(self) -> Program {
        let Self { ops, positions, stack, .. } = self;
        Program { ops: ops.into(), positions: positions.into(), stack }
    }
}
