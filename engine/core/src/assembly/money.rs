//! Decimal money. Rounded half away from zero, once, where a rule says so.

use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

/// Largest cost of one line, either sign: 12 digits, 2 of them cents.
pub const MAX_LINE: Decimal = Decimal::from_parts(3_567_587_327, 232, 0, false, 2);

/// Money to show or add up: 2 places, half away from zero.
pub fn cents(amount: Decimal) -> Decimal {
    rounded(amount, 2)
}

/// A price for one unit: 4 places, half away from zero.
pub fn unit_price(amount: Decimal) -> Decimal {
    rounded(amount, 4)
}

fn rounded(amount: Decimal, places: u32) -> Decimal {
    let mut out = amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    // Always so many places, so that equal amounts print alike.
    out.rescale(places);
    out
}

/// The decimal that a double's shortest text names; `None` where it is not finite or has more than 28
/// digits before the point.
pub fn decimal_of(value: f64) -> Option<Decimal> {
    if !value.is_finite() || value.abs() >= 1e28 {
        return None;
    }
    Decimal::from_str(&format!("{value}")).ok()
}

/// The decimal that a calculated quantity means: its 15 leading digits, all that a double holds of any decimal. What
/// a formula's arithmetic leaves behind them (`{qty} * 1.1` of 100 is 110.00000000000001) would decide half cents.
/// `None` as of [`decimal_of`].
pub(super) fn quantity_of(value: f64) -> Option<Decimal> {
    let whole = decimal_of(value)?;
    let leading = value.abs().log10();
    if !leading.is_finite() {
        return Some(whole);
    }
    let places = 14 - leading.floor() as i64;
    Some(match u32::try_from(places) {
        Ok(places) => {
            whole.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero).normalize()
        }
        // So many digits before the point have no place behind it to round.
        Err(_) => whole,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (text, expected) in
            [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1", "1.00"), ("0.0049", "0.00")]
        {
            assert_eq!(cents(Decimal::from_str(text).unwrap()).to_string(), expected);
        }
        assert_eq!(unit_price(Decimal::from_str("12.34567").unwrap()).to_string(), "12.3457");
        assert_eq!(MAX_LINE.to_string(), "9999999999.99");
    }

    #[test]
    fn what_arithmetic_leaves_behind_a_quantity_is_none_of_it() {
        for (value, expected) in [
            (100.0 * 1.1, "110"),
            (0.1 + 0.2, "0.3"),
            (3.0 * 1.15, "3.45"),
            (-1.0 / 3.0, "-0.333333333333333"),
            (123_456_789.123_456_78, "123456789.123457"),
            (8_637.209_4, "8637.2094"),
            (1e20, "100000000000000000000"),
            (0.0, "0"),
            (5e-324, "0"),
        ] {
            assert_eq!(quantity_of(value).unwrap().to_string(), expected);
        }
        assert_eq!(quantity_of(f64::NAN), None);
    }

    #[test]
    fn doubles_convert_by_their_shortest_text() {
        assert_eq!(decimal_of(0.1).unwrap().to_string(), "0.1");
        assert_eq!(decimal_of(1_155.000_000_000_000_2).unwrap().to_string(), "1155.0000000000002");
        assert_eq!(decimal_of(5e-324), Some(Decimal::ZERO));
        for bad in [f64::NAN, f64::INFINITY, 1e28, -1e300] {
            assert_eq!(decimal_of(bad), None);
        }
    }
}
