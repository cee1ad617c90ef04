//! How a CAD program writes what a draughtsman drew.

use serde::{Deserialize, Serialize};

/// How words reach the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lettering {
    /// One text run for each line.
    Text,
    /// Text runs cut anywhere, so that one word arrives in pieces.
    SplitRuns,
    /// Text whose map to Unicode is wrong: it looks right and reads as nonsense.
    Garbled,
    /// A single-line stroke font: lines, no text layer at all.
    Strokes,
}

/// How strokes become paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strokes {
    /// A path for each line, outline or curve.
    Whole,
    /// Curves fall into straight pieces, and every piece of everything is a path of its own.
    Exploded,
    /// Lines are broken where nothing ends, curves at their quarters, and the pieces come out of order.
    Split,
    /// All that one pen draws in a row is one path of many subpaths, whatever it belongs to.
    Merged,
    /// Strokes are filled outlines as wide as their pen.
    Outlined,
}

/// The habits that one exported file shows; each occurs in real sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    /// Repeated symbols are form XObjects; otherwise each is drawn inline.
    pub blocks: bool,
    pub strokes: Strokes,
    pub lettering: Lettering,
    /// Work is sorted into optional content groups.
    pub layers: bool,
    /// The page's `/Rotate`: 0, 90, 180 or 270.
    pub rotate: u16,
    /// Tile hatches of many lines, and of zero-length strokes with round caps, under the symbols.
    pub dense: bool,
    /// Symbols stand at any angle, not at quarter turns only.
    pub any_angle: bool,
}

impl Habit {
    /// Names that [`Habit::named`] knows.
    pub const NAMES: [&'static str; 13] = [
        "blocks",
        "inline",
        "exploded",
        "split",
        "merged",
        "outlined",
        "layered",
        "garbled",
        "rotated90",
        "rotated180",
        "rotated270",
        "dense",
        "tilted",
    ];

    /// The six ways in which CAD programs write a symbol; the other names vary lettering, layers and the page.
    pub const CAD: [&'static str; 6] = ["blocks", "inline", "exploded", "split", "merged", "outlined"];

    const PLAIN: Self = Self {
        blocks: false,
        strokes: Strokes::Whole,
        lettering: Lettering::Text,
        layers: false,
        rotate: 0,
        dense: false,
        any_angle: false,
    };

    pub fn named(name: &str) -> Option<Self> {
        let blocks = Self { blocks: true, ..Self::PLAIN };
        Some(match name {
            "blocks" => blocks,
            "inline" => Self::PLAIN,
            "exploded" => Self { strokes: Strokes::Exploded, lettering: Lettering::Strokes, ..Self::PLAIN },
            "split" => Self { strokes: Strokes::Split, ..Self::PLAIN },
            "merged" => Self { strokes: Strokes::Merged, ..Self::PLAIN },
            "outlined" => Self { strokes: Strokes::Outlined, ..blocks },
            "layered" => Self { layers: true, lettering: Lettering::SplitRuns, ..blocks },
            "garbled" => Self { lettering: Lettering::Garbled, ..blocks },
            "rotated90" => Self { rotate: 90, ..blocks },
            "rotated180" => Self { rotate: 180, ..Self::PLAIN },
            "rotated270" => Self { rotate: 270, strokes: Strokes::Exploded, ..Self::PLAIN },
            "dense" => Self { dense: true, ..Self::PLAIN },
            "tilted" => Self { any_angle: true, dense: true, ..blocks },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_is_known() {
        for name in Habit::NAMES {
            assert!(Habit::named(name).is_some(), "{name}");
        }
        assert!(Habit::named("watercolour").is_none());
        assert!(Habit::CAD.iter().all(|name| Habit::NAMES.contains(name)));
    }
}
