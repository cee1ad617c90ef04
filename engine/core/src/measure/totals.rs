use serde::{Deserialize, Serialize};

use crate::model::Measurement;

/// What a condition shows of its measurements.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// In the condition's unit.
    pub quantity: f64,
    pub count: u64,
    /// Lengths and perimeters, feet.
    pub perimeter_ft: f64,
}

/// Sums over the measurements that are not rejected.
///
/// Kept in whole numbers of 2^-64, so that a measurement is taken out as exactly as it was put in and
/// the order does not matter: a total follows one change without reading all the others, and equals the
/// sum from scratch to the last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    quantity: i128,
    perimeter_ft: i128,
    count: u64,
}

/// The sum leaves the range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the total of the condition is too large for a number")]
pub struct TooLarge;

/// 2^64.
const ONE: f64 = 18_446_744_073_709_551_616.0;
/// Largest summand: its whole number is below 2^126.
const MAX: f64 = 4_611_686_018_427_387_904.0;

fn fixed(value: f64) -> Result<i128, TooLarge> {
    // Times a power of two is exact; what is below 2^-64 is cut off.
    if value.is_finite() && value.abs() <= MAX { Ok((value * ONE) as i128) } else { Err(TooLarge) }
}

fn float(value: i128) -> f64 {
    value as f64 / ONE
}

impl Tally {
    pub fn of<'a>(measurements: impl IntoIterator<Item = &'a Measurement>) -> Result<Self, TooLarge> {
        let mut tally = Self::default();
        for measurement in measurements {
            tally.add(measurement)?;
        }
        Ok(tally)
    }

    /// A rejected measurement adds nothing.
    pub fn add(&mut self, m: &Measurement) -> Result<(), TooLarge> {
        if !m.is_rejected {
            self.quantity = self.quantity.checked_add(fixed(m.quantity)?).ok_or(TooLarge)?;
            self.perimeter_ft = self.perimeter_ft.checked_add(fixed(m.perimeter_ft)?).ok_or(TooLarge)?;
            self.count += 1;
        }
        Ok(())
    }

    /// Takes out a measurement as it was added.
    pub fn remove(&mut self, m: &Measurement) -> Result<(), TooLarge> {
        if !m.is_rejected {
            self.quantity = self.quantity.checked_sub(fixed(m.quantity)?).ok_or(TooLarge)?;
            self.perimeter_ft = self.perimeter_ft.checked_sub(fixed(m.perimeter_ft)?).ok_or(TooLarge)?;
            self.count = self.count.saturating_sub(1);
        }
        Ok(())
    }

    pub fn totals(&self) -> Totals {
        Totals { quantity: float(self.quantity), count: self.count, perimeter_ft: float(self.perimeter_ft) }
    }
}
