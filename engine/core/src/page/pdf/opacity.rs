//! Which parts of a picture let nothing through.

use std::ops::RangeInclusive;

use hayro_interpret::{Image, LumaData, Paint};
use kurbo::Rect;

use super::packed;

/// Rectangles that a picture's opaque parts may fall into.
const MAX_PARTS: usize = 256;
/// Larger pictures are not unfolded for their masks.
const MAX_PIXELS: u64 = 32 * 1024 * 1024;
/// Most unpacked bytes of a picture that are looked at for damage.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// What a picture does to what lies under it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Opaque {
    /// Within the first of these, of a picture of width and height 1, nothing of it can be seen, and within the others
    /// so little that it may be; the rest lets all through.
    Parts(Vec<Rect>, Vec<Rect>),
    Unsure,
}

/// Pixels at least this opaque let nothing through that the eye could see, and at least so opaque ones next to nothing;
/// of 255.
const OPAQUE: u8 = 249;
const NEARLY: u8 = 192;

impl Opaque {
    const NONE: Self = Self::Parts(Vec::new(), Vec::new());
}

/// Of a picture whose paint, if it has one, is opaque.
pub(super) fn of_picture(image: &Image<'_, '_>) -> Opaque {
    match image {
        Image::Raster(raster) => {
            let stream = raster.stream();
            // Of damaged data it cannot be told what is shown in their place.
            if packed::examine_picture(stream, MAX_BYTES, &mut |_| true).is_some() {
                return Opaque::Unsure;
            }
            let masks = [&b"SMask"[..], b"Mask", b"SMaskInData"];
            let masked = masks.iter().any(|key| stream.dict().contains_key(*key));
            if masked && pixels(image) > MAX_PIXELS {
                return Opaque::Unsure;
            }
            // The hint keeps decoders that can from unfolding more than is asked of them.
            let hint = (!masked).then_some((64, 64));
            // One that cannot be decoded shows nothing.
            let mut parts = Opaque::NONE;
            raster.with_rgba(|_, alpha| parts = alpha.as_ref().map_or_else(whole, opaque), hint);
            parts
        }
        Image::Stencil(stencil) => {
            let damaged = packed::examine_picture(stencil.stream(), MAX_BYTES, &mut |_| true).is_some();
            if damaged || pixels(image) > MAX_PIXELS {
                return Opaque::Unsure;
            }
            let mut parts = Opaque::NONE;
            stencil.with_stencil(|luma, _| parts = opaque(&luma), None);
            parts
        }
    }
}

/// The colour of a picture that is painted in one, if that is opaque; `None` for one of its own colours.
pub(super) fn paint_of(image: &Image<'_, '_>) -> Result<Option<u32>, Paintless> {
    let Image::Stencil(stencil) = image else { return Ok(None) };
    let mut rgba = None;
    // The smallest that the decoder can give, as only the paint is asked for.
    stencil.with_stencil(
        |_, paint| {
            if let Paint::Color(color) = paint {
                rgba = Some(u32::from_be_bytes(color.to_rgba().to_rgba8()));
            }
        },
        Some((1, 1)),
    );
    rgba.map(Some).ok_or(Paintless)
}

/// A stencil that is painted with a pattern, or cannot be decoded.
#[derive(Debug)]
pub(super) struct Paintless;

fn pixels(image: &Image<'_, '_>) -> u64 {
    u64::from(image.width()) * u64::from(image.height())
}

fn whole() -> Opaque {
    Opaque::Parts(vec![Rect::new(0.0, 0.0, 1.0, 1.0)], Vec::new())
}

fn opaque(alpha: &LumaData) -> Opaque {
    let opaque = rectangles(alpha, OPAQUE..=u8::MAX);
    let nearly = rectangles(alpha, NEARLY..=OPAQUE - 1);
    opaque.zip(nearly).map_or(Opaque::Unsure, |(opaque, nearly)| Opaque::Parts(opaque, nearly))
}

/// Rectangles of the pixels of some opacities; `None` where there are too many.
fn rectangles(alpha: &LumaData, within: RangeInclusive<u8>) -> Option<Vec<Rect>> {
    let (width, height) = (alpha.width as usize, alpha.height as usize);
    // Rectangles that reach to the row at hand: columns, and the row that they begin in.
    let mut open: Vec<(usize, usize, usize)> = Vec::new();
    let mut done: Vec<[usize; 4]> = Vec::new();
    for row in 0..=height {
        let line =
            alpha.data.get(row * width..(row + 1) * width).filter(|_| row < height).unwrap_or_default();
        let runs = runs(line, &within);
        if done.len() + runs.len() > MAX_PARTS {
            return None;
        }
        let mut next = Vec::with_capacity(runs.len());
        for (from, to) in &runs {
            let begun = open.iter().find(|(a, b, _)| (a, b) == (from, to)).map_or(row, |o| o.2);
            next.push((*from, *to, begun));
        }
        let ended = open.iter().filter(|o| !runs.contains(&(o.0, o.1)));
        done.extend(ended.map(|(from, to, begun)| [*from, *begun, *to, row]));
        open = next;
    }
    let (w, h) = (width.max(1) as f64, height.max(1) as f64);
    let part =
        |[x0, y0, x1, y1]: [usize; 4]| Rect::new(x0 as f64 / w, y0 as f64 / h, x1 as f64 / w, y1 as f64 / h);
    Some(done.into_iter().map(part).collect())
}

/// Pixels of a row of some opacities: from and to, at most one more of them than matter.
fn runs(line: &[u8], within: &RangeInclusive<u8>) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(from) = line[at..].iter().position(|a| within.contains(a)).map(|i| at + i) {
        let to = line[from..].iter().position(|a| !within.contains(a)).map_or(line.len(), |i| from + i);
        runs.push((from, to));
        if runs.len() > MAX_PARTS {
            break;
        }
        at = to;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u32, data: &[u8]) -> Opaque {
        let height = data.len() as u32 / width;
        opaque(&LumaData {
            data: data.to_vec(),
            width,
            height,
            interpolate: false,
            scale_factors: (1.0, 1.0),
        })
    }

    #[test]
    fn opaque_pixels_become_rectangles() {
        let Opaque::Parts(all, _) = of(2, &[255; 6]) else { panic!("unsure") };
        assert_eq!(all, [Rect::new(0.0, 0.0, 1.0, 1.0)]);
        // A frame two pixels wide around a hole, of 4 x 4.
        let data: Vec<u8> = (0..16).map(|i| if [5, 6, 9, 10].contains(&i) { 0 } else { 255 }).collect();
        let Opaque::Parts(frame, _) = of(4, &data) else { panic!("unsure") };
        assert_eq!(frame.len(), 4);
        assert!((frame.iter().map(Rect::area).sum::<f64>() - 0.75).abs() < 1e-9);
        assert_eq!(of(3, &[0, 150, 9]), Opaque::NONE);
        let third = |i: u32| vec![Rect::new(f64::from(i) / 3.0, 0.0, f64::from(i + 1) / 3.0, 1.0)];
        assert_eq!(of(3, &[0, 240, 254]), Opaque::Parts(third(2), third(1)));
        let board: Vec<u8> = (0..4_096).map(|i| if (i + i / 64) % 2 == 0 { 0 } else { 255 }).collect();
        assert_eq!(of(64, &board), Opaque::Unsure);
    }
}
