//! Pictures whose pixels are longer one way than the other, brought to square ones.

/// Brings rows of one size to rows of another. Each pixel is the average of what lies under it, so that nothing
/// moves and thin lines fade instead of vanishing. Whole numbers only: the same on every machine.
pub(super) struct Square {
    /// Rows that come and rows that go.
    rows: (u64, u64),
    /// Pixels of a row that comes and of one that goes.
    columns: (u64, u64),
    channels: usize,
    came: u64,
    gone: u64,
    across: Vec<u8>,
    sums: Vec<u64>,
    out: Vec<u8>,
}

impl Square {
    pub(super) fn new(from: (u32, u32), to: (u32, u32), channels: usize) -> Self {
        Self {
            rows: (from.1.into(), to.1.into()),
            columns: (from.0.into(), to.0.into()),
            channels,
            came: 0,
            gone: 0,
            across: Vec::new(),
            sums: vec![0; to.0 as usize * channels],
            out: Vec::new(),
        }
    }

    /// Takes one row and gives those that are whole now.
    pub(super) fn push<E>(
        &mut self,
        row: &[u8],
        mut emit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.columns_of(row);
        // A row that comes is `rows.1` long, one that goes `rows.0`: then both come to the same height.
        let (one, other) = self.rows;
        let (top, bottom) = (self.came * other, (self.came + 1) * other);
        self.came += 1;
        while self.gone < other && self.gone * one < bottom {
            let (from, to) = (self.gone * one, (self.gone + 1) * one);
            if from >= top && to <= bottom {
                emit(&self.across)?;
                self.gone += 1;
                continue;
            }
            let share = to.min(bottom) - from.max(top);
            for (sum, v) in self.sums.iter_mut().zip(&self.across) {
                *sum += u64::from(*v) * share;
            }
            if to > bottom {
                break;
            }
            self.out.clear();
            self.out.extend(self.sums.iter().map(|sum| ((sum + one / 2) / one) as u8));
            self.sums.fill(0);
            emit(&self.out)?;
            self.gone += 1;
        }
        Ok(())
    }

    fn columns_of(&mut self, row: &[u8]) {
        self.across.clear();
        let (one, other) = self.columns;
        if one == other {
            self.across.extend_from_slice(row);
            return;
        }
        let mut at = 0;
        for x in 0..other {
            let (left, right) = (x * one, (x + 1) * one);
            let mut sums = [0_u64; 3];
            loop {
                let (from, to) = (at * other, (at + 1) * other);
                let share = to.min(right) - from.max(left);
                let pixel = &row[at as usize * self.channels..][..self.channels];
                sums.iter_mut().zip(pixel).for_each(|(sum, v)| *sum += u64::from(*v) * share);
                if to <= right {
                    at += 1;
                }
                if to >= right {
                    break;
                }
            }
            self.across.extend(sums[..self.channels].iter().map(|sum| ((sum + one / 2) / one) as u8));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(rows: &[&[u8]], to: (u32, u32), channels: usize) -> Vec<Vec<u8>> {
        let from = ((rows[0].len() / channels) as u32, rows.len() as u32);
        let mut square = Square::new(from, to, channels);
        let mut out = Vec::new();
        for row in rows {
            square
                .push(row, |row| {
                    out.push(row.to_vec());
                    Ok::<(), ()>(())
                })
                .unwrap();
        }
        out
    }

    #[test]
    fn pixels_are_averages_of_what_lies_under_them() {
        assert_eq!(brought(&[&[0, 90], &[30, 60]], (2, 4), 1), [[0, 90], [0, 90], [30, 60], [30, 60]]);
        assert_eq!(brought(&[&[0, 90], &[30, 60]], (2, 3), 1), [[0, 90], [15, 75], [30, 60]]);
        assert_eq!(brought(&[&[0, 90, 30]], (2, 1), 1), [[30, 50]]);
        assert_eq!(brought(&[&[0, 1, 2, 9, 10, 11]], (4, 1), 3), [[0, 1, 2, 0, 1, 2, 9, 10, 11, 9, 10, 11]]);
        assert_eq!(brought(&[&[0], &[100], &[200]], (1, 1), 1), [[100]]);
        assert_eq!(brought(&[&[8], &[9]], (1, 2), 1), [[8], [9]]);
    }

    #[test]
    fn any_size_comes_to_any_other_whole_and_bright_as_it_was() {
        for (w, h, to_w, to_h) in [(7, 5, 7, 11), (5, 13, 17, 13), (9, 9, 4, 20), (1, 1, 6, 6), (6, 6, 1, 1)]
        {
            let white = vec![255; w];
            let rows: Vec<&[u8]> = vec![&white; h];
            let out = brought(&rows, (to_w, to_h), 1);
            assert_eq!(out.len(), to_h as usize, "{w} x {h}");
            assert!(out.iter().all(|row| *row == vec![255; to_w as usize]));
        }
    }
}
