//! What a painted area lets through of what lies under it, by its opacity and blend mode.

use hayro_interpret::BlendMode;

use crate::page::image_out::luma;

/// Ink that is left apart from paper by no more than this is not seen by the eye; of 255.
const NOT_TOLD: f32 = 6.0;
/// And by this or more it is seen by anybody; of 255.
const SEEN: f32 = 64.0;
const WHITE: u32 = 0xFFFF_FFFF;

/// What shows of black ink under an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lets {
    Nothing,
    /// So little that it may be seen or not, or programs that show the page do not agree.
    Unsure,
    Through,
}

/// How an area is painted on what lies under it: by itself, and by the groups that it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mix {
    /// 0 to 1.
    pub(super) opacity: f32,
    /// `None` for several that differ.
    pub(super) blend: Option<BlendMode>,
}

impl Mix {
    pub(super) const PLAIN: Self = Self { opacity: 1.0, blend: Some(BlendMode::Normal) };

    pub(super) fn is_normal(&self) -> bool {
        self.blend == Some(BlendMode::Normal)
    }

    /// Within a group that is painted so.
    pub(super) fn within(self, opacity: f32, blend: BlendMode) -> Self {
        let blend = match (self.blend, blend) {
            (around, BlendMode::Normal) => around,
            (Some(BlendMode::Normal), own) => Some(own),
            (Some(around), own) if around == own => Some(own),
            _ => None,
        };
        Self { opacity: self.opacity * opacity.clamp(0.0, 1.0), blend }
    }

    /// Of an area of one colour.
    pub(super) fn lets(self, rgba: u32) -> Lets {
        let [r, g, b, a] = rgba.to_be_bytes();
        // Under a dark area lines go on.
        let dark = f32::from(luma(r, g, b)) < SEEN;
        let (least, most) = self.blend.map_or((0.0, 1.0), |blend| left(blend, [r, g, b]));
        let shown =
            |left: f32| f32::from(u8::MAX) * (1.0 - self.opacity * f32::from(a) / 255.0 * (1.0 - left));
        if shown(most) <= NOT_TOLD {
            Lets::Nothing
        } else if shown(least) >= SEEN || dark {
            Lets::Through
        } else {
            Lets::Unsure
        }
    }

    /// Of an area whose colours are not known: a picture, a pattern that leaves no gap.
    pub(super) fn lets_of_any(self) -> Lets {
        match self.lets(WHITE) {
            Lets::Nothing if self.blend != Some(BlendMode::Normal) => Lets::Unsure,
            lets => lets,
        }
    }
}

/// How much of the difference between black ink and what is beside it is left under a colour, 0 to 1, at least and at
/// most: how far apart its blend mode (ISO 32000-2, 11.3.5) puts them. Beside the ink may be paper, which a page is put
/// on when it is done (11.4.7), so that nothing is blended there, or white, which some programs draw on from the start
/// and drawings themselves may have put there.
fn left(blend: BlendMode, colour: [u8; 3]) -> (f32, f32) {
    // What black and white turn to.
    let of = |s: f32| match blend {
        BlendMode::Normal | BlendMode::Luminosity => [s, s],
        BlendMode::Screen | BlendMode::Lighten => [s, 1.0],
        BlendMode::Multiply | BlendMode::Darken => [0.0, s],
        BlendMode::HardLight => [(2.0 * s - 1.0).max(0.0), (2.0 * s).min(1.0)],
        BlendMode::Difference | BlendMode::Exclusion => [s, 1.0 - s],
        BlendMode::Overlay
        | BlendMode::SoftLight
        | BlendMode::ColorBurn
        | BlendMode::ColorDodge
        | BlendMode::Hue
        | BlendMode::Saturation
        | BlendMode::Color => [0.0, 1.0],
    };
    let apart = |beside: fn(f32, f32) -> f32| {
        let [r, g, b] = colour.map(|c| {
            let s = f32::from(c) / 255.0;
            let [black, white] = of(s);
            ((beside(s, white) - black).abs() * 255.0).round() as u8
        });
        f32::from(luma(r, g, b)) / 255.0
    };
    let (on_paper, on_white) = (apart(|own, _| own), apart(|_, white| white));
    // Black under white: ISO 32000-1 makes it white, ISO 32000-2 leaves it black.
    let hides_too = blend == BlendMode::ColorDodge && colour == [u8::MAX; 3];
    (if hides_too { 0.0 } else { on_paper.min(on_white) }, on_paper.max(on_white))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(opacity: f32, blend: BlendMode, rgba: u32) -> Lets {
        Mix::PLAIN.within(opacity, blend).lets(rgba)
    }

    #[test]
    fn opacity_decides_by_what_is_left_of_black_ink() {
        let white = |opacity| of(opacity, BlendMode::Normal, WHITE);
        assert_eq!([1.0, 0.98].map(white), [Lets::Nothing; 2]);
        assert_eq!([0.95, 0.8].map(white), [Lets::Unsure; 2]);
        assert_eq!([0.7, 0.0].map(white), [Lets::Through; 2]);
        assert_eq!(of(1.0, BlendMode::Normal, 0xFFFF_FFF2), Lets::Unsure);
        assert_eq!(of(0.95, BlendMode::Normal, 0x1010_10FF), Lets::Through, "lines go on under it");
        assert_eq!(of(1.0, BlendMode::Normal, 0x1010_10FF), Lets::Nothing);
        let twice = Mix::PLAIN.within(0.98, BlendMode::Normal).within(0.98, BlendMode::Normal);
        assert_eq!(twice.lets(WHITE), Lets::Unsure);
    }

    #[test]
    fn a_blend_mode_hides_with_the_colours_that_it_hides_with() {
        let white = |blend| of(1.0, blend, WHITE);
        for blend in [BlendMode::Screen, BlendMode::Lighten, BlendMode::HardLight, BlendMode::Luminosity] {
            assert_eq!(white(blend), Lets::Nothing, "{blend:?}");
        }
        for blend in [BlendMode::Multiply, BlendMode::Darken, BlendMode::Overlay, BlendMode::Color] {
            assert_eq!(white(blend), Lets::Through, "{blend:?}");
        }
        for blend in [BlendMode::ColorDodge, BlendMode::Difference, BlendMode::Exclusion] {
            assert_eq!(white(blend), Lets::Unsure, "{blend:?}");
        }
        assert_eq!(of(1.0, BlendMode::Screen, 0xE6E6_E6FF), Lets::Unsure);
        assert_eq!(of(1.0, BlendMode::Screen, 0x8080_80FF), Lets::Unsure, "not on white, but on paper");
        assert_eq!(of(1.0, BlendMode::Multiply, 0x8080_80FF), Lets::Through);
        assert_eq!(of(1.0, BlendMode::Screen, 0xFFFF_00FF), Lets::Unsure, "black turns yellow");
        let mixed = Mix::PLAIN.within(1.0, BlendMode::Screen).within(1.0, BlendMode::Multiply);
        assert_eq!((mixed.lets(WHITE), mixed.lets(0x0000_00FF)), (Lets::Unsure, Lets::Through));
        let screen = Mix::PLAIN.within(1.0, BlendMode::Screen);
        assert_eq!((screen.lets_of_any(), Mix::PLAIN.lets_of_any()), (Lets::Unsure, Lets::Nothing));
    }
}
