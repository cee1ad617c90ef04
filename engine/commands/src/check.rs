//! Bounds of what commands take in.

use rust_decimal::Decimal;
use serde_json::Value;
use takeoff_core::brief;

use crate::CommandError;

type Checked = Result<(), CommandError>;

/// Longest name of anything, characters.
pub(crate) const NAME_CHARS: usize = 255;
/// Longest unit, characters.
pub(crate) const UNIT_CHARS: usize = 50;
/// Longest free text, characters.
pub(crate) const TEXT_CHARS: usize = 20_000;
/// Most bytes of a client's own data beside a record, as JSON. Every write of the record writes it again.
pub(crate) const METADATA_BYTES: usize = 64 * 1024;
/// Most bytes of a geometry, as JSON: its points, and some keys of the client's own.
pub(crate) const GEOMETRY_BYTES: usize = 1024 * 1024;
/// Largest price of a unit; products of it with any sensible quantity stay within a decimal's range.
const MAX_PRICE: i64 = 1_000_000_000;

/// Text of one line: it goes into lists, tables, file names and logs.
pub(crate) fn line(what: &str, value: &str, max_chars: usize) -> Checked {
    if let Some(c) = value.chars().find(|c| c.is_control()) {
        let code = u32::from(c);
        return Err(CommandError::invalid(format!("{what} must not contain the character U+{code:04X}")));
    }
    text(what, value, max_chars)
}

fn text(what: &str, value: &str, max_chars: usize) -> Checked {
    let chars = value.chars().count();
    if chars > max_chars {
        return Err(CommandError::invalid(format!(
            "{what} has {chars} characters, at most {max_chars} are taken"
        )));
    }
    Ok(())
}

pub(crate) fn optional_text(what: &str, value: Option<&str>, max_chars: usize) -> Checked {
    value.map_or(Ok(()), |v| text(what, v, max_chars))
}

/// Bounds what a client stores that means nothing to the engine.
pub(crate) fn json(what: &str, value: Option<&Value>, max_bytes: usize) -> Checked {
    let bytes = value.map_or(0, json_bytes);
    if bytes > max_bytes {
        return Err(CommandError::invalid(format!(
            "{what} has {bytes} bytes, at most {max_bytes} are taken"
        )));
    }
    Ok(())
}

/// Its length as JSON.
pub(crate) fn json_bytes(value: &Value) -> usize {
    let mut counted = Counted(0);
    match serde_json::to_writer(&mut counted, value) {
        Ok(()) => counted.0,
        // A value has string keys only and the counter takes everything; were it otherwise, it is too long for any bound.
        Err(_) => usize::MAX,
    }
}

struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn within(what: &str, value: f64, low: f64, high: f64) -> Checked {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(());
    }
    Err(CommandError::invalid(format!("{what} must be between {low} and {high}, not {}", brief(value))))
}

pub(crate) fn not_negative(what: &str, value: Option<f64>) -> Checked {
    match value {
        Some(v) if !v.is_finite() || v < 0.0 => {
            Err(CommandError::invalid(format!("{what} must be zero or more, not {}", brief(v))))
        }
        _ => Ok(()),
    }
}

pub(crate) fn positive(what: &str, value: f64) -> Checked {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(CommandError::invalid(format!("{what} must be greater than zero, not {}", brief(value))))
}

/// What is less would be kept as nothing.
const SMALLEST_PRICE: Decimal = Decimal::from_parts(1, 0, 0, false, 4);

pub(crate) fn count(what: &str, value: Option<i64>) -> Checked {
    match value {
        Some(v) if !(0..=1_000_000).contains(&v) => {
            Err(CommandError::invalid(format!("{what} must be between 0 and 1000000, not {v}")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn price(what: &str, value: Option<Decimal>) -> Checked {
    match value {
        Some(v) if v.is_sign_negative() && !v.is_zero() => {
            Err(CommandError::invalid(format!("{what} must be zero or more, not {v}")))
        }
        Some(v) if v > Decimal::from(MAX_PRICE) => {
            Err(CommandError::invalid(format!("{what} must be at most {MAX_PRICE}, not {v}")))
        }
        Some(v) if !v.is_zero() && v < SMALLEST_PRICE => Err(CommandError::invalid(format!(
            "{what} must be zero or at least {SMALLEST_PRICE}: money per unit has four decimal places"
        ))),
        _ => Ok(()),
    }
}

/// `#RGB`, `#RRGGBB` or `#RRGGBBAA`.
pub(crate) fn color(value: &str) -> Checked {
    let digits = value.strip_prefix('#').unwrap_or_default();
    if matches!(digits.len(), 3 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(CommandError::invalid(format!("the color must be written like #3B82F6, not {value:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_are_out_of_every_bound() {
        for v in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            assert!(within("x", v, 0.0, 100.0).is_err(), "{v}");
            assert!(not_negative("x", Some(v)).is_err(), "{v}");
            assert!(positive("x", v).is_err(), "{v}");
        }
        assert!(positive("x", 0.0).is_err());
        assert!(not_negative("x", Some(0.0)).is_ok() && not_negative("x", None).is_ok());
    }

    #[test]
    fn refusals_name_numbers_briefly() {
        for v in [1e300, -1e300, f64::MAX, 1e-300] {
            let why = within("x", v, 1.0, 2.0).unwrap_err().to_string();
            assert!(why.len() < 60, "{why}");
        }
        assert!(within("x", 2.5, 0.0, 1.0).unwrap_err().to_string().ends_with("not 2.5"));
        assert!(positive("x", 0.0).unwrap_err().to_string().ends_with("not 0"));
    }

    #[test]
    fn prices_are_no_credits() {
        let of = |text: &str| price("x", Some(text.parse().unwrap()));
        assert!(of("0").is_ok() && of("-0.0").is_ok() && of("1000000000").is_ok());
        assert!(of("-0.01").is_err() && of("1000000000.01").is_err());
        assert!(of("0.0001").is_ok() && of("0.00009").is_err(), "nothing costs something");
    }

    #[test]
    fn colors_are_hex() {
        for good in ["#fff", "#3B82F6", "#3B82F680"] {
            assert!(color(good).is_ok(), "{good}");
        }
        for bad in ["", "#", "red", "#12345", "3B82F6", "#3B82FG", "#ääa"] {
            assert!(color(bad).is_err(), "{bad}");
        }
    }
}
