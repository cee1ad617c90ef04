//! Scales that plans are drawn at, in the spellings that sets show.

use crate::dice::Dice;

/// A scale and how a sheet prints it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PrintedScale {
    pub(crate) ratio: f64,
    pub(crate) notation: &'static str,
    /// Feet of one field of the graphic scale.
    pub(crate) bar_feet: f64,
}

const fn printed(ratio: f64, notation: &'static str, bar_feet: f64) -> PrintedScale {
    PrintedScale { ratio, notation, bar_feet }
}

const SCALES: [PrintedScale; 18] = [
    printed(96.0, "1/8\" = 1'-0\"", 8.0),
    printed(96.0, "1/8\"=1'-0\"", 8.0),
    printed(96.0, "SCALE: 1/8\" = 1'-0\"", 8.0),
    printed(96.0, "SCALE 1/8\"=1'", 8.0),
    printed(96.0, "1/8 IN. = 1 FT.", 8.0),
    printed(128.0, "3/32\" = 1'-0\"", 16.0),
    printed(128.0, "SCALE: 3/32\"=1'-0\"", 16.0),
    printed(64.0, "3/16\" = 1'-0\"", 8.0),
    printed(64.0, "3/16\"  =  1' - 0\"", 8.0),
    printed(48.0, "1/4\" = 1'-0\"", 4.0),
    printed(48.0, "SCALE: 1/4\" = 1'", 4.0),
    printed(48.0, "1/4\" = 1'-0\" U.N.O.", 4.0),
    printed(120.0, "1\" = 10'", 10.0),
    printed(120.0, "SCALE: 1\" = 10'-0\"", 10.0),
    printed(100.0, "1:100", 8.0),
    printed(100.0, "SCALE 1:100 @ A1", 8.0),
    printed(50.0, "SCALE 1:50", 4.0),
    printed(75.0, "1 : 75", 8.0),
];

pub(crate) fn choose(dice: &mut Dice) -> PrintedScale {
    dice.pick(&SCALES)
}
