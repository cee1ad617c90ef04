//! The Exif block of a JPEG or PNG: how its picture is stored, and its resolution. The block is a TIFF of its own, of
//! which only the first directory is looked at (CIPA DC-008, 4.6.4).

use super::resolution::{CM, Density};
use super::upright::Turn;

const ORIENTATION: u16 = 0x0112;
const X_RESOLUTION: u16 = 0x011A;
const Y_RESOLUTION: u16 = 0x011B;
const RESOLUTION_UNIT: u16 = 0x0128;
const ENTRY_BYTES: usize = 12;

/// Types of values.
const SHORT: u16 = 3;
const RATIONAL: u16 = 5;

/// What an Exif block says of its picture as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exif {
    pub(super) turn: Turn,
    pub(super) density: Option<Density>,
}

impl Exif {
    /// What a file without a block says.
    pub(super) const NONE: Self = Self { turn: Turn::UPRIGHT, density: None };

    /// A block that cannot be read says nothing.
    pub(super) fn read(block: &[u8]) -> Self {
        // Some programs keep JPEG's mark in PNG's chunk.
        let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let Some(directory) = Directory::first(block) else { return Self::NONE };
        let turn = directory.short(ORIENTATION).map_or(Turn::UPRIGHT, Turn::of_tag);
        let (x, y) = (directory.rational(X_RESOLUTION), directory.rational(Y_RESOLUTION));
        let density = x.zip(y).map(|(x, y)| match directory.short(RESOLUTION_UNIT) {
            None | Some(2) => Density::PerInch(x, y),
            Some(3) => Density::PerInch(x * CM, y * CM),
            Some(_) => Density::Shape(x, y),
        });
        Self { turn, density }
    }
}

struct Directory<'b> {
    block: &'b [u8],
    is_little: bool,
    /// Where its number of entries stands.
    at: usize,
}

impl<'b> Directory<'b> {
    fn first(block: &'b [u8]) -> Option<Self> {
        let is_little = match block.get(..4)? {
            [b'I', b'I', 42, 0] => true,
            [b'M', b'M', 0, 42] => false,
            _ => return None,
        };
        let mut directory = Self { block, is_little, at: 0 };
        directory.at = directory.u32_at(4)? as usize;
        Some(directory)
    }

    fn u16_at(&self, at: usize) -> Option<u16> {
        let two = self.block.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.is_little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn u32_at(&self, at: usize) -> Option<u32> {
        let four = self.block.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    /// Where the value of a tag of that type stands, or where it says that its value is.
    fn value(&self, tag: u16, kind: u16) -> Option<usize> {
        let count = usize::from(self.u16_at(self.at)?);
        let mut entries = (0..count).map(|i| self.at + 2 + i * ENTRY_BYTES);
        let entry = entries.find(|&at| self.u16_at(at) == Some(tag))?;
        (self.u16_at(entry + 2)? == kind).then_some(entry + 8)
    }

    fn short(&self, tag: u16) -> Option<u16> {
        self.u16_at(self.value(tag, SHORT)?)
    }

    fn rational(&self, tag: u16) -> Option<f64> {
        let at = self.u32_at(self.value(tag, RATIONAL)?)? as usize;
        let (n, d) = (self.u32_at(at)?, self.u32_at(at.checked_add(4)?)?);
        (d > 0).then(|| f64::from(n) / f64::from(d))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with a resolution of `x` / 10 by `y` / 10, in `unit` where it has one.
    fn block(is_little: bool, (x, y): (u32, u32), unit: Option<u16>) -> Vec<u8> {
        let two = |v: u16| if is_little { v.to_le_bytes() } else { v.to_be_bytes() };
        let four = |v: u32| if is_little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut out = if is_little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        out.extend(four(8));
        out.extend(two(2 + u16::from(unit.is_some())));
        let values = 8 + 2 + ENTRY_BYTES as u32 * (2 + u32::from(unit.is_some()));
        for (tag, at) in [(X_RESOLUTION, values), (Y_RESOLUTION, values + 8)] {
            out.extend([two(tag), two(RATIONAL)].concat());
            out.extend([four(1), four(at)].concat());
        }
        if let Some(unit) = unit {
            out.extend([two(RESOLUTION_UNIT), two(SHORT)].concat());
            out.extend(four(1));
            out.extend([two(unit), two(0)].concat());
        }
        out.extend([four(x), four(10), four(y), four(10)].concat());
        out
    }

    #[test]
    fn a_resolution_is_read_in_either_order_of_bytes_and_every_unit() {
        for is_little in [true, false] {
            let read = |per_unit, unit| Exif::read(&block(is_little, per_unit, unit)).density;
            assert_eq!(read((3000, 1500), Some(2)), Some(Density::PerInch(300.0, 150.0)));
            assert_eq!(read((3000, 3000), None), Some(Density::PerInch(300.0, 300.0)));
            assert_eq!(read((1000, 1000), Some(3)), Some(Density::PerInch(254.0, 254.0)));
            assert_eq!(read((20, 10), Some(1)), Some(Density::Shape(2.0, 1.0)));
        }
        let marked = [&b"Exif\0\0"[..], &block(true, (3000, 3000), Some(2))].concat();
        assert_eq!(Exif::read(&marked).density, Some(Density::PerInch(300.0, 300.0)));
    }

    #[test]
    fn a_broken_block_says_nothing() {
        let mut turned = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0".to_vec();
        assert_eq!(Exif::read(&turned).turn, Turn::of_tag(6));
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        assert_eq!(Exif::read(big).turn, Turn::of_tag(8));
        for cut in 0..20 {
            assert_eq!(Exif::read(&turned[..cut]), Exif::NONE, "{cut}");
        }
        turned[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Exif::read(&turned), Exif::NONE);
        let whole = block(false, (3000, 3000), Some(2));
        for cut in 0..whole.len() {
            assert_eq!(Exif::read(&whole[..cut]).density, None, "{cut}");
        }
        // A denominator of nothing.
        let mut none = whole;
        let last = none.len() - 4;
        none[last..].fill(0);
        assert_eq!(Exif::read(&none).density, None);
    }
}
