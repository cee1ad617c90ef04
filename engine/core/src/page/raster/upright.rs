//! Pictures that are stored turned or mirrored: TIFF's Orientation tag, and Exif's, which is the same.

/// How the stored rows and columns lie on the upright picture, as the tag counts them (TIFF 6.0, section 8):
/// 1 upright, 2 mirrored, 3 upside down, 4 mirrored upside down, 5 to 8 with rows for columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn(u16);

/// Rows of a turned picture that are gathered at a time: their pixels lie in columns far apart.
const BAND_ROWS: usize = 64;

impl Turn {
    pub(super) const UPRIGHT: Self = Self(1);

    /// What a tag's value means; values that are none mean nothing.
    pub(super) fn of_tag(value: u16) -> Self {
        if (1..=8).contains(&value) { Self(value) } else { Self::UPRIGHT }
    }

    /// Whether rows become columns.
    pub(super) const fn swaps(self) -> bool {
        self.0 >= 5
    }

    /// Whether the whole picture is needed before its first upright row is known.
    pub(super) const fn needs_all(self) -> bool {
        self.0 >= 3
    }

    /// A pair of what is across and what is down, as it is on the upright picture.
    pub(super) fn pair<T>(self, (across, down): (T, T)) -> (T, T) {
        if self.swaps() { (down, across) } else { (across, down) }
    }

    /// Columns run from right to left on the upright picture, or rows where they are its columns.
    const fn is_from_right(self) -> bool {
        matches!(self.0, 2 | 3 | 6 | 7)
    }

    /// The upright picture begins with the last of what becomes its rows.
    const fn is_from_bottom(self) -> bool {
        matches!(self.0, 3 | 4 | 7 | 8)
    }

    /// One stored row as an upright row, where it is one.
    pub(super) fn row(self, row: &mut [u8], channels: usize) {
        if self.0 == 2 {
            mirror(row, channels);
        }
    }

    /// The upright rows, from top to bottom, of all the stored `pixels`, `width` a row.
    pub(super) fn rows<E>(
        self,
        pixels: &[u8],
        width: usize,
        channels: usize,
        mut emit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let line = (width * channels).max(1);
        if !self.swaps() {
            let height = pixels.len() / line;
            let mut out = Vec::with_capacity(line);
            for y in 0..height {
                let y = if self.is_from_bottom() { height - 1 - y } else { y };
                out.clear();
                out.extend_from_slice(&pixels[y * line..(y + 1) * line]);
                if self.is_from_right() {
                    mirror(&mut out, channels);
                }
                emit(&out)?;
            }
            return Ok(());
        }
        let across = pixels.len() / line;
        let mut band = vec![0; BAND_ROWS.min(width) * across * channels];
        for top in (0..width).step_by(BAND_ROWS) {
            let rows = BAND_ROWS.min(width - top);
            // The stored columns that become the rows of this band, in their stored order.
            let first = if self.is_from_bottom() { width - top - rows } else { top };
            for (y, stored) in pixels.chunks_exact(line).enumerate() {
                let x = if self.is_from_right() { across - 1 - y } else { y };
                let columns = &stored[first * channels..(first + rows) * channels];
                for (i, pixel) in columns.chunks_exact(channels).enumerate() {
                    let row = if self.is_from_bottom() { rows - 1 - i } else { i };
                    let at = (row * across + x) * channels;
                    band[at..at + channels].copy_from_slice(pixel);
                }
            }
            for row in band.chunks_exact(across * channels).take(rows) {
                emit(row)?;
            }
        }
        Ok(())
    }
}

fn mirror(row: &mut [u8], channels: usize) {
    row.reverse();
    if channels > 1 {
        row.chunks_exact_mut(channels).for_each(<[u8]>::reverse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `abc/def`, stored so, as it is shown: its rows.
    fn shown(tag: u16, channels: usize) -> Vec<String> {
        let pixels: Vec<u8> = b"abcdef".iter().flat_map(|c| vec![*c; channels]).collect();
        let mut rows = Vec::new();
        Turn::of_tag(tag)
            .rows(&pixels, 3, channels, |row| {
                assert!(row.chunks(channels).all(|p| p.iter().all(|c| *c == p[0])));
                rows.push(row.iter().step_by(channels).map(|c| char::from(*c)).collect());
                Ok::<(), ()>(())
            })
            .unwrap();
        rows
    }

    #[test]
    fn every_orientation_is_as_the_tag_is_defined() {
        let expected: [(u16, &[&str]); 9] = [
            (1, &["abc", "def"]),
            (2, &["cba", "fed"]),
            (3, &["fed", "cba"]),
            (4, &["def", "abc"]),
            (5, &["ad", "be", "cf"]),
            (6, &["da", "eb", "fc"]),
            (7, &["fc", "eb", "da"]),
            (8, &["cf", "be", "ad"]),
            (9, &["abc", "def"]),
        ];
        for (tag, rows) in expected {
            for channels in [1, 3] {
                assert_eq!(shown(tag, channels), rows, "{tag}");
            }
            assert_eq!(Turn::of_tag(tag).pair((3, 2)), (rows[0].len(), rows.len()));
        }
        let mut row = *b"aAbBcC";
        Turn::of_tag(2).row(&mut row, 2);
        assert_eq!(&row, b"cCbBaA");
    }

    #[test]
    fn more_rows_than_a_band_are_all_there() {
        let width = 3 * BAND_ROWS + 5;
        let pixels: Vec<u8> = (0..2 * width).map(|i| (i % 251) as u8).collect();
        for tag in 5..=8 {
            let mut rows = Vec::new();
            Turn::of_tag(tag)
                .rows(&pixels, width, 1, |row| {
                    rows.push(row.to_vec());
                    Ok::<(), ()>(())
                })
                .unwrap();
            assert_eq!(rows.len(), width);
            for (y, row) in rows.iter().enumerate() {
                let x = if matches!(tag, 7 | 8) { width - 1 - y } else { y };
                let mut column = [pixels[x], pixels[width + x]];
                if matches!(tag, 6 | 7) {
                    column.reverse();
                }
                assert_eq!(row[..], column, "{tag}");
            }
        }
    }
}
