//! Timestamps, money and boxes as the API writes them.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use takeoff_core::geom::PxRect;
use takeoff_core::model::Timestamp;
use time::OffsetDateTime;
use time::macros::format_description;
use utoipa::ToSchema;

/// Milliseconds since something was. Clocks of two nodes differ, and one may be set back: what is told of here was,
/// so it is never younger than nothing.
pub(crate) fn aged(now: Timestamp, at: Timestamp) -> i64 {
    now.ms_since(at).max(0)
}

/// ISO 8601 with microseconds and `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub(crate) struct Stamp(pub(crate) Timestamp);

impl Stamp {
    fn text(self) -> String {
        let format =
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
        // Years outside -9999 to 9999 cannot be written; they appear as the epoch.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .format(format)
            .unwrap_or_default()
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text())
    }
}

fn fixed(amount: Decimal, places: u32) -> String {
    let mut rounded = amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    // Not "-0.00".
    if rounded.is_zero() {
        rounded.set_sign_positive(true);
    }
    rounded.to_string()
}

/// Money with two places, as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, example = "1711.11")]
pub(crate) struct Cost(pub(crate) Decimal);

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&fixed(self.0, 2))
    }
}

/// Money per unit with four places, as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, example = "165.0000")]
pub(crate) struct UnitCost(pub(crate) Decimal);

impl Serialize for UnitCost {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&fixed(self.0, 4))
    }
}

/// Money as a number, where the contract says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64)]
pub(crate) struct Amount(pub(crate) Decimal);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(self.0.to_f64().unwrap_or(0.0))
    }
}

/// A box in page pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct PixelBox {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl From<PxRect> for PixelBox {
    fn from(r: PxRect) -> Self {
        Self { x: r.x, y: r.y, width: r.w, height: r.h }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: impl Serialize) -> String {
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn nothing_that_was_is_younger_than_nothing() {
        let at = Timestamp(1_769_864_624_713_587);
        assert_eq!(aged(at.plus_ms(1_500), at), 1_500);
        assert_eq!(aged(at, at.plus_ms(2)), 0, "the clock was set back, or another node's is ahead");
    }

    #[test]
    fn timestamps_have_microseconds_and_z() {
        assert_eq!(json(Stamp(Timestamp(1_769_864_624_713_587))), "\"2026-01-31T13:03:44.713587Z\"");
        assert_eq!(json(Stamp(Timestamp(0))), "\"1970-01-01T00:00:00.000000Z\"");
        assert_eq!(json(Stamp(Timestamp(i64::MAX))), "\"1970-01-01T00:00:00.000000Z\"");
    }

    #[test]
    fn money_has_fixed_places_rounded_half_away_from_zero() {
        for (text, cost, unit) in [
            ("14259.28350", "14259.28", "14259.2835"),
            ("0.125", "0.13", "0.1250"),
            ("-0.125", "-0.13", "-0.1250"),
            ("0", "0.00", "0.0000"),
            ("-0.001", "0.00", "-0.0010"),
            ("165", "165.00", "165.0000"),
        ] {
            let amount: Decimal = text.parse().unwrap();
            assert_eq!(json(Cost(amount)), format!("\"{cost}\""));
            assert_eq!(json(UnitCost(amount)), format!("\"{unit}\""));
        }
    }
}
