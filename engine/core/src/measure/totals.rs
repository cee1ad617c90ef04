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

/// Sums over the measurements that are not rejected, in the order given: the same order gives the same
/// last digit.
pub fn totals<'a>(measurements: impl IntoIterator<Item = &'a Measurement>) -> Totals {
    measurements.into_iter().filter(|m| !m.is_rejected).fold(Totals::default(), |t, m| Totals {
        quantity: t.quantity + m.quantity,
        count: t.count + 1,
        perimeter_ft: t.perimeter_ft + m.perimeter_ft,
    })
}
