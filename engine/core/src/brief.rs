//! Numbers in sentences.

/// A number as a sentence names it. Written out in full, a float may have hundreds of digits.
pub fn brief(value: f64) -> String {
    if value.is_finite() && value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_out_of_all_measure_are_shortened() {
        for (value, text) in
            [(0.0, "0"), (2.5, "2.5"), (-1200.0, "-1200"), (1e300, "1e300"), (-1e-9, "-1e-9")]
        {
            assert_eq!(brief(value), text);
        }
        for odd in [f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY] {
            assert!(brief(odd).len() < 30, "{odd:e}");
        }
    }
}
