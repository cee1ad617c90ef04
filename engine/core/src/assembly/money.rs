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
    fn doubles_convert_by_their_shortest_text() {
        assert_eq!(decimal_of(0.1).unwrap().to_string(), "0.1");
        assert_eq!(decimal_of(1_155.000_000_000_000_2).unwrap().to_string(), "1155.0000000000002");
        assert_eq!(decimal_of(5e-324), Some(Decimal::ZERO));
        for bad in [f64::NAN, f64::INFINITY, 1e28, -1e300] {
            assert_eq!(decimal_of(bad), None);
        }
    }
}
