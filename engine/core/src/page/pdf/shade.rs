//! The colour of a place of a page, as far as it is known, and what painting on it makes of it.

use hayro_interpret::BlendMode;

use super::through::Mix;
use crate::page::image_out::luma;

/// Channels that differ by this or less are one colour to the eye; of 255.
const ONE_COLOUR: f32 = 6.0;
/// Ground that is darker than paper by this lets light ink be seen; of 255.
const TOLD_APART: u8 = 64;

/// Between what and what each channel of a colour is, of 255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shade {
    pub(super) low: [f32; 3],
    pub(super) high: [f32; 3],
    /// Nothing was painted there. Blending with that is no matter of colours, and programs differ.
    bare: bool,
}

/// How ink and what it lies on look beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Apart,
    Same,
    /// Light ink, on what is a little darker; or dark ink, on what is about as dark.
    Faint,
    Unsure,
}

/// What is painted on a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coat {
    pub(super) shade: Shade,
    /// How opaque it is, from and to; 0 to 1.
    pub(super) opacity: (f32, f32),
    /// `None` for several that differ.
    pub(super) blend: Option<BlendMode>,
}

impl Coat {
    /// One colour, painted so.
    pub(super) fn of(rgba: u32, mix: Mix) -> Self {
        let alpha = f32::from(rgba.to_be_bytes()[3]) / 255.0 * mix.opacity;
        Self { shade: Shade::of(rgba), opacity: (alpha, alpha), blend: mix.blend }
    }

    /// Whether it is what it lies on that decides what is seen.
    pub(super) fn is_plain(&self) -> bool {
        self.blend == Some(BlendMode::Normal)
    }
}

impl Shade {
    pub(super) const PAPER: Self = Self { low: [255.0; 3], high: [255.0; 3], bare: true };
    pub(super) const ANY: Self = Self { low: [0.0; 3], high: [255.0; 3], bare: false };
    /// Of no place; any other shade widens it to itself.
    pub(super) const NONE: Self = Self { low: [255.0; 3], high: [0.0; 3], bare: false };

    pub(super) fn of(rgba: u32) -> Self {
        let [r, g, b, _] = rgba.to_be_bytes();
        let colour = [r, g, b].map(f32::from);
        Self { low: colour, high: colour, bare: false }
    }

    /// One of both, or anything between.
    pub(super) fn or(self, other: Self) -> Self {
        let each = |of: fn(f32, f32) -> f32, a: [f32; 3], b: [f32; 3]| [0, 1, 2].map(|i| of(a[i], b[i]));
        Self {
            low: each(f32::min, self.low, other.low),
            high: each(f32::max, self.high, other.high),
            bare: self.bare && other.bare,
        }
    }

    fn is_grey(&self) -> bool {
        let grey = |[r, g, b]: [f32; 3]| r == g && g == b;
        grey(self.low) && grey(self.high)
    }

    /// Whether a place is so dark that dark ink may not be told from it.
    pub(super) fn is_dark(&self) -> bool {
        bright(self.high) < TOLD_APART
    }

    fn is_one(&self) -> bool {
        self.low == self.high
    }

    /// After a coat was painted on it.
    pub(super) fn under(self, coat: &Coat) -> Self {
        let full = match coat.blend {
            Some(BlendMode::Normal) => coat.shade,
            Some(blend) => {
                let made = self.blended(blend, &coat.shade);
                // On nothing a blend mode has nothing to work on, by the letter of ISO 32000.
                if self.bare { made.or(coat.shade) } else { made }
            }
            None => Self::ANY,
        };
        let (least, most) = coat.opacity;
        let mixed = |opacity: f32| {
            let mix = |below: f32, above: f32| below + opacity.clamp(0.0, 1.0) * (above - below);
            Self {
                low: [0, 1, 2].map(|i| mix(self.low[i], full.low[i])),
                high: [0, 1, 2].map(|i| mix(self.high[i], full.high[i])),
                bare: self.bare && most <= 0.0,
            }
        };
        mixed(least).or(mixed(most))
    }

    fn blended(&self, blend: BlendMode, coat: &Self) -> Self {
        let known = self.is_one() && coat.is_one();
        let of = match channel(blend) {
            Some(of) if known || grows(blend) => of,
            // The others mix what is no grey.
            None if known && self.is_grey() && coat.is_grey() => match blend {
                BlendMode::Luminosity => |_, s| s,
                _ => |b, _| b,
            },
            _ => return Self::ANY,
        };
        let made = |below: [f32; 3], above: [f32; 3]| {
            [0, 1, 2].map(|i| 255.0 * of(below[i] / 255.0, above[i] / 255.0))
        };
        let made = Self { low: made(self.low, coat.low), high: made(self.high, coat.high), bare: false };
        if made.low.iter().chain(&made.high).all(|c| c.is_finite()) { made } else { Self::ANY }
    }

    /// How ink looks on this: by what it makes of it.
    pub(super) fn beside(&self, ink: &Coat) -> Beside {
        if ink.is_plain() {
            let opacity = ink.opacity.0;
            let [near, far] = self.distances(&ink.shade).map(|d| d * opacity);
            let beside = of_distances(near, far);
            let close = near < f32::from(TOLD_APART) && self.is_dark() && ink.shade.is_dark();
            return if beside == Beside::Apart && close { Beside::Faint } else { beside };
        }
        // Of a range it is not known which of it makes which.
        if !self.is_one() {
            return Beside::Unsure;
        }
        let [near, far] = self.distances(&self.under(ink));
        of_distances(near, far)
    }

    /// The least and the most that a channel may differ from another shade's, the most of all channels.
    fn distances(&self, other: &Self) -> [f32; 2] {
        [0, 1, 2].into_iter().fold([0.0_f32; 2], |[near, far], i| {
            let apart = (self.low[i] - other.high[i]).max(other.low[i] - self.high[i]).max(0.0);
            let at_most = (self.high[i] - other.low[i]).max(other.high[i] - self.low[i]);
            [near.max(apart), far.max(at_most)]
        })
    }

    /// How opaque ink as light as paper looks on this.
    pub(super) fn beside_light(&self) -> Beside {
        if bright(self.high) <= u8::MAX - TOLD_APART {
            Beside::Apart
        } else if self.low.iter().all(|c| *c >= 255.0 - 2.0 * ONE_COLOUR) {
            Beside::Same
        } else if bright(self.low) > u8::MAX - TOLD_APART {
            Beside::Faint
        } else {
            Beside::Unsure
        }
    }
}

fn bright(colour: [f32; 3]) -> u8 {
    let [r, g, b] = colour.map(|c| c as u8);
    luma(r, g, b)
}

fn of_distances(near: f32, far: f32) -> Beside {
    match (near, far) {
        (_, far) if far <= ONE_COLOUR => Beside::Same,
        (near, _) if near > ONE_COLOUR => Beside::Apart,
        _ => Beside::Unsure,
    }
}

/// Whether a blend mode makes nothing darker of what is lighter.
fn grows(blend: BlendMode) -> bool {
    use BlendMode as B;
    matches!(
        blend,
        B::Normal
            | B::Multiply
            | B::Screen
            | B::Darken
            | B::Lighten
            | B::Overlay
            | B::HardLight
            | B::SoftLight
    )
}

/// What a separable blend mode makes of a channel and of one painted on it, 0 to 1 each (ISO 32000-2, 11.3.5).
fn channel(blend: BlendMode) -> Option<fn(f32, f32) -> f32> {
    fn hard(b: f32, s: f32) -> f32 {
        if s <= 0.5 { b * 2.0 * s } else { b + (2.0 * s - 1.0) - b * (2.0 * s - 1.0) }
    }
    Some(match blend {
        BlendMode::Normal => |_, s| s,
        BlendMode::Multiply => |b, s| b * s,
        BlendMode::Screen => |b, s| b + s - b * s,
        BlendMode::Darken => f32::min,
        BlendMode::Lighten => f32::max,
        BlendMode::HardLight => hard,
        BlendMode::Overlay => |b, s| hard(s, b),
        BlendMode::SoftLight => |b, s| {
            let d = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
            if s <= 0.5 { b - (1.0 - 2.0 * s) * b * (1.0 - b) } else { b + (2.0 * s - 1.0) * (d - b) }
        },
        BlendMode::Difference => |b, s| (b - s).abs(),
        BlendMode::Exclusion => |b, s| b + s - 2.0 * b * s,
        // ISO 32000-1 and -2 differ where nothing is divided by nothing.
        BlendMode::ColorDodge => |b, s| if s < 1.0 { (b / (1.0 - s)).min(1.0) } else { 1.0 + 0.0 / b },
        BlendMode::ColorBurn => |b, s| if s > 0.0 { 1.0 - ((1.0 - b) / s).min(1.0) } else { 0.0 / (1.0 - b) },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: u32 = 0x0000_00FF;
    const WHITE: u32 = 0xFFFF_FFFF;

    fn coat(rgba: u32, opacity: f32, blend: BlendMode) -> Coat {
        Coat::of(rgba, Mix::PLAIN.within(opacity, blend))
    }

    #[test]
    fn what_is_painted_decides_with_what_lies_under_it() {
        let dark = Shade::PAPER.under(&coat(BLACK, 0.8, BlendMode::Normal));
        assert!(dark.high.iter().all(|c| (c - 51.0).abs() < 0.1) && dark.is_one());
        let multiplied = Shade::PAPER.under(&coat(0x2020_20FF, 1.0, BlendMode::Multiply));
        assert_eq!((multiplied.low, multiplied.high), ([32.0; 3], [32.0; 3]));
        let on_paper = Shade::PAPER.under(&coat(BLACK, 1.0, BlendMode::Screen));
        assert_eq!((on_paper.low, on_paper.high), ([0.0; 3], [255.0; 3]), "programs differ");
        let on_dark = dark.under(&coat(WHITE, 1.0, BlendMode::Multiply));
        assert_eq!(on_dark.low, dark.low);
        let coloured = Shade::of(0x2010_40FF);
        assert_eq!(coloured.under(&coat(WHITE, 1.0, BlendMode::Hue)), Shade::ANY);
        assert_eq!(dark.under(&coat(WHITE, 1.0, BlendMode::Hue)).low, dark.low);
        assert_eq!(dark.under(&coat(WHITE, 1.0, BlendMode::Luminosity)).low, [255.0; 3]);
        assert_eq!(Shade::of(BLACK).under(&coat(WHITE, 1.0, BlendMode::ColorDodge)), Shade::ANY);
        assert_eq!(dark.under(&coat(WHITE, 1.0, BlendMode::ColorDodge)).low, [255.0; 3]);
    }

    #[test]
    fn ink_shows_where_it_differs_and_is_unsure_where_that_is_not_known() {
        let ink = |rgba| coat(rgba, 1.0, BlendMode::Normal);
        let grey = Shade::of(0x2020_20FF);
        assert_eq!(Shade::of(0x5050_50FF).beside(&ink(BLACK)), Beside::Apart);
        assert_eq!(grey.beside(&ink(BLACK)), Beside::Faint);
        assert_eq!(grey.beside(&ink(0x8080_80FF)), Beside::Apart);
        assert_eq!(grey.beside(&ink(0x2222_22FF)), Beside::Same);
        assert_eq!(Shade::ANY.beside(&ink(BLACK)), Beside::Unsure);
        assert_eq!(grey.or(Shade::of(0x4040_40FF)).beside(&ink(BLACK)), Beside::Apart);
        assert_eq!(grey.or(Shade::of(0x3030_30FF)).beside(&ink(BLACK)), Beside::Faint);
        assert_eq!(grey.beside(&coat(WHITE, 1.0, BlendMode::Multiply)), Beside::Same);
        assert_eq!(grey.beside(&coat(WHITE, 0.01, BlendMode::Normal)), Beside::Same);
        assert_eq!(grey.beside_light(), Beside::Apart);
        assert_eq!(Shade::PAPER.beside_light(), Beside::Same);
        assert_eq!(Shade::of(0xE0E0_E0FF).beside_light(), Beside::Faint);
        assert_eq!(Shade::ANY.beside_light(), Beside::Unsure);
    }
}
