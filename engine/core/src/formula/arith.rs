//! Python's arithmetic on doubles, but for rounding to one side.

use super::error::EvalErrorKind as Fail;

fn finite(value: f64) -> Result<f64, Fail> {
    if value.is_finite() { Ok(value) } else { Err(Fail::Overflow) }
}

#[inline]
pub(super) fn add(a: f64, b: f64) -> Result<f64, Fail> {
    finite(a + b)
}

#[inline]
pub(super) fn subtract(a: f64, b: f64) -> Result<f64, Fail> {
    finite(a - b)
}

#[inline]
pub(super) fn multiply(a: f64, b: f64) -> Result<f64, Fail> {
    finite(a * b)
}

#[inline]
pub(super) fn divide(a: f64, b: f64) -> Result<f64, Fail> {
    if b == 0.0 { Err(Fail::DivisionByZero) } else { finite(a / b) }
}

/// Quotient rounded down and remainder with the sign of the divisor, as CPython's `float_divmod`.
fn floor_and_modulo(a: f64, b: f64) -> Result<(f64, f64), Fail> {
    if b == 0.0 {
        return Err(Fail::DivisionByZero);
    }
    let mut modulo = a % b;
    let mut quotient = (a - modulo) / b;
    if modulo == 0.0 {
        modulo = 0.0_f64.copysign(b);
    } else if (b < 0.0) != (modulo < 0.0) {
        modulo += b;
        quotient -= 1.0;
    }
    let mut floor = quotient.floor();
    if quotient - floor > 0.5 {
        floor += 1.0;
    }
    Ok((floor, modulo))
}

pub(super) fn floor_divide(a: f64, b: f64) -> Result<f64, Fail> {
    finite(floor_and_modulo(a, b)?.0)
}

pub(super) fn modulo(a: f64, b: f64) -> Result<f64, Fail> {
    finite(floor_and_modulo(a, b)?.1)
}

pub(super) fn power(a: f64, b: f64) -> Result<f64, Fail> {
    if a == 0.0 && b < 0.0 {
        return Err(Fail::DivisionByZero);
    }
    if a < 0.0 && b.fract() != 0.0 {
        return Err(Fail::NegativePower);
    }
    finite(a.powf(b))
}

/// A few roundings of doubles are within this of the number that was meant, relative to it or to 1.
const ROUNDING: f64 = 1e-12;

/// The whole number that a value was meant to be, if it is off one by no more than rounding.
fn meant(a: f64) -> Option<f64> {
    let whole = a.round();
    ((a - whole).abs() <= ROUNDING * whole.abs().max(1.0)).then_some(whole)
}

/// 100 * 1.1 is a trifle above 110 in doubles, and rounding that up would buy one piece too many: unlike Python's, the
/// functions that round to one side take what is a whole number but for rounding as that number.
#[inline]
pub(super) fn ceil(a: f64) -> f64 {
    meant(a).unwrap_or_else(|| a.ceil())
}

/// As [`ceil`].
#[inline]
pub(super) fn floor(a: f64) -> f64 {
    meant(a).unwrap_or_else(|| a.floor())
}

pub(super) fn square_root(a: f64) -> Result<f64, Fail> {
    if a < 0.0 { Err(Fail::NegativeRoot) } else { Ok(a.sqrt()) }
}

/// `min(a, b)` of Python: the first of two equals.
#[inline]
pub(super) fn min(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// `max(a, b)` of Python: the first of two equals.
#[inline]
pub(super) fn max(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// Powers of ten that are exact doubles.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];
/// From here on a double has no fraction.
const WHOLE_FROM: f64 = 4_503_599_627_370_496.0;

/// `round(x, n)` of Python: the decimal of `n` places nearest to the binary value, ties to even.
pub(super) fn round_to(x: f64, digits: f64) -> Result<f64, Fail> {
    if digits.fract() != 0.0 {
        return Err(Fail::FractionalDigits);
    }
    // No double has more places than 1,074 or is larger than 1e308.
    let n = digits.clamp(-400.0, 1_100.0) as i32;
    let Some(&power) = POWERS.get(n.unsigned_abs() as usize) else { return round_by_text(x, n) };
    // The rounding error of the scaled value is itself a double: it decides apparent ties.
    let (scaled, error) = if n >= 0 {
        let scaled = x * power;
        (scaled, x.mul_add(power, -scaled))
    } else {
        let scaled = x / power;
        // The remainder x - scaled x power has the sign of what the quotient lost.
        (scaled, (-scaled).mul_add(power, x))
    };
    if scaled.is_nan() || scaled.abs() >= WHOLE_FROM {
        return round_by_text(x, n);
    }
    let floor = scaled.floor();
    let above = scaled - floor;
    let up = if above != 0.5 {
        above > 0.5
    } else if error != 0.0 {
        error > 0.0
    } else {
        floor % 2.0 != 0.0
    };
    let whole = if up { floor + 1.0 } else { floor };
    let result = if n >= 0 { whole / power } else { whole * power };
    finite(result.copysign(x))
}

/// The same by the exact decimal expansion, for the digits that a double cannot scale by.
fn round_by_text(x: f64, n: i32) -> Result<f64, Fail> {
    if n >= 0 {
        let places = n as usize;
        return finite(format!("{x:.places$}").parse().map_err(|_| Fail::Overflow)?);
    }
    // A double of this size is whole: its digits are exact, and those cut off decide.
    let drop = n.unsigned_abs() as usize;
    let digits = format!("{:.0}", x.abs());
    if digits.len() < drop {
        return Ok(0.0);
    }
    let (kept, cut) = digits.split_at(digits.len() - drop);
    let odd = kept.bytes().last().is_some_and(|d| (d - b'0') % 2 == 1);
    let half = format!("5{}", "0".repeat(drop.saturating_sub(1)));
    let up = match cut.cmp(half.as_str()) {
        std::cmp::Ordering::Greater => true,
        // The fraction below the digits breaks the tie.
        std::cmp::Ordering::Equal => x.abs().fract() > 0.0 || odd,
        std::cmp::Ordering::Less => false,
    };
    let kept: f64 =
        if kept.is_empty() { 0.0 } else { format!("{kept}e{drop}").parse().map_err(|_| Fail::Overflow)? };
    let step: f64 = format!("1e{drop}").parse().map_err(|_| Fail::Overflow)?;
    finite((if up { kept + step } else { kept }).copysign(x))
}
