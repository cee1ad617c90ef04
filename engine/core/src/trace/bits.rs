//! A picture of one bit a pixel, worked on 64 pixels at a time.

/// Rows of words with a blank word on either side and a blank row above and below, so that every pixel
/// has neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    pub(super) width: usize,
    pub(super) height: usize,
    stride: usize,
    words: Vec<u64>,
}

/// The eight pixels around each of 64, clockwise from the one above.
type Ring = [u64; 8];

impl Bits {
    pub(super) fn blank(width: usize, height: usize) -> Self {
        let stride = width.div_ceil(64) + 2;
        Self { width, height, stride, words: vec![0; stride * (height + 2)] }
    }

    /// Words of a row, the blank ones left out; bit 0 of the first is the leftmost pixel.
    pub(super) fn row(&self, y: usize) -> &[u64] {
        let start = (y + 1) * self.stride + 1;
        &self.words[start..start + self.stride - 2]
    }

    pub(super) fn row_mut(&mut self, y: usize) -> &mut [u64] {
        let start = (y + 1) * self.stride + 1;
        &mut self.words[start..start + self.stride - 2]
    }

    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// Calls `f` with each set pixel, row by row.
    pub(super) fn each(&self, mut f: impl FnMut(usize, usize)) {
        for y in 0..self.height {
            for (k, &word) in self.row(y).iter().enumerate() {
                let mut rest = word;
                while rest != 0 {
                    f(k * 64 + rest.trailing_zeros() as usize, y);
                    rest &= rest - 1;
                }
            }
        }
    }

    #[inline]
    fn ring(&self, i: usize) -> Ring {
        let row = |i: usize| {
            let w = &self.words[i - 1..i + 2];
            [w[1] << 1 | w[0] >> 63, w[1], w[1] >> 1 | w[2] << 63]
        };
        let (up, here, down) = (row(i - self.stride), row(i), row(i + self.stride));
        [up[1], up[2], here[2], down[2], down[1], down[0], here[0], up[0]]
    }

    /// A new picture whose words are made of each old one and its ring. Blank words with blank words
    /// around stay blank.
    #[inline]
    fn mapped(&self, f: impl Fn(u64, &Ring) -> u64) -> Self {
        let mut out = Self { words: vec![0; self.words.len()], ..*self };
        let last = match self.width % 64 {
            0 => u64::MAX,
            n => (1 << n) - 1,
        };
        for y in 0..self.height {
            let start = (y + 1) * self.stride + 1;
            let end = start + self.stride - 2;
            let row = |y: usize| &self.words[y * self.stride..][..self.stride];
            let column = row(y).iter().zip(row(y + 1)).zip(row(y + 2)).map(|((a, b), c)| a | b | c);
            let (mut before, mut here) = (0, 0);
            for (i, next) in (start - 2..).zip(column) {
                if i >= start && before | here | next != 0 {
                    out.words[i] = f(self.words[i], &self.ring(i));
                }
                (before, here) = (here, next);
            }
            if let Some(word) = out.words[start..end].last_mut() {
                *word &= last;
            }
        }
        out
    }

    /// Without the pixels that miss one of their eight neighbours.
    pub(super) fn eroded(&self) -> Self {
        self.mapped(|w, ring| ring.iter().fold(w, |a, b| a & b))
    }

    /// With all pixels next to a set one.
    pub(super) fn dilated(&self) -> Self {
        self.mapped(|w, ring| ring.iter().fold(w, |a, b| a | b))
    }

    pub(super) fn and_not(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
        out
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
        out
    }

    /// Takes away lone pixels and hairs of one pixel, and fills holes of one pixel: grain, not ink.
    pub(super) fn despeckled(&self) -> Self {
        self.mapped(|w, ring| {
            let [one, two, four, eight] = sum(ring);
            let lone = !(two | four | eight);
            let surrounded = eight | (four & two & one) | (four & two);
            (w & !lone) | (!w & surrounded)
        })
    }

    /// Thinned to lines one pixel wide in the middle of the strokes (Zhang and Suen), in at most `rounds`.
    pub(super) fn thinned(mut self, rounds: usize) -> Self {
        let all = |words: &[u64]| -> Vec<u32> {
            (0..).zip(words).filter(|(_, w)| **w != 0).map(|(i, _)| i).collect()
        };
        let mut open = all(&self.words);
        // What changed in each of the last two passes: words away from that stay as they are.
        let mut changed: [Vec<(u32, u64)>; 2] = Default::default();
        let mut listed = vec![false; self.words.len()];
        for round in 0..rounds {
            for (pass, second) in [false, true].into_iter().enumerate() {
                if round > 0 {
                    open.clear();
                    for &(i, _) in changed.iter().flatten() {
                        for row in [i - self.stride as u32, i, i + self.stride as u32] {
                            for near in row - 1..row + 2 {
                                if self.words[near as usize] != 0 && !listed[near as usize] {
                                    listed[near as usize] = true;
                                    open.push(near);
                                }
                            }
                        }
                    }
                    open.iter().for_each(|i| listed[*i as usize] = false);
                }
                let thinner = |&i: &u32| {
                    let (i, word) = (i as usize, self.words[i as usize]);
                    let left = word & !removable(&self.ring(i), second);
                    (left != word).then_some((i as u32, left))
                };
                changed[pass] = open.iter().filter_map(thinner).collect();
                changed[pass].iter().for_each(|(i, left)| self.words[*i as usize] = *left);
            }
            if changed.iter().all(Vec::is_empty) {
                break;
            }
        }
        self
    }
}

/// How many of the ring are set, as a binary number of four digits for each of the 64 pixels.
fn sum(ring: &Ring) -> [u64; 4] {
    let full = |a: u64, b: u64, c: u64| (a ^ b ^ c, a & b | c & (a ^ b));
    let [a, b, c, d, e, f, g, h] = *ring;
    let ((s1, c1), (s2, c2)) = (full(a, b, c), full(d, e, f));
    let (s3, c3) = (g ^ h, g & h);
    let (one, c4) = full(s1, s2, s3);
    let (t, u) = full(c1, c2, c3);
    let (two, v) = (t ^ c4, t & c4);
    [one, two, u ^ v, u & v]
}

/// Pixels of an edge whose loss neither parts nor shortens a stroke.
fn removable(ring: &Ring, second: bool) -> u64 {
    let [one, two, four, eight] = sum(ring);
    let some = two | four | eight;
    let open = !(eight | four & two & one);
    let (mut once, mut twice) = (0, 0);
    for k in 0..8 {
        let step = !ring[k] & ring[(k + 1) % 8];
        twice |= once & step;
        once |= step;
    }
    let [n, _, e, _, s, _, w, _] = *ring;
    let side = if second { !(n & e & w) & !(n & s & w) } else { !(n & e & s) & !(e & s & w) };
    some & open & once & !twice & side
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Bits {
        /// Whether a pixel is set; none outside the picture is.
        fn at(&self, x: i32, y: i32) -> bool {
            if x < 0 || y < 0 || x as usize >= self.width || y as usize >= self.height {
                return false;
            }
            self.row(y as usize)[x as usize / 64] >> (x % 64) & 1 == 1
        }
    }

    fn picture(rows: &[&str]) -> Bits {
        let mut bits = Bits::blank(rows[0].len(), rows.len());
        for (y, row) in rows.iter().enumerate() {
            for (x, c) in row.bytes().enumerate().filter(|(_, c)| *c == b'#') {
                let _ = c;
                bits.row_mut(y)[x / 64] |= 1 << (x % 64);
            }
        }
        bits
    }

    fn drawn(bits: &Bits) -> Vec<String> {
        let pixel = |x: usize, y: usize| if bits.at(x as i32, y as i32) { '#' } else { '.' };
        (0..bits.height).map(|y| (0..bits.width).map(|x| pixel(x, y)).collect()).collect()
    }

    #[test]
    fn the_ring_is_counted_bit_by_bit() {
        for n in 0..256_u64 {
            let ring: Ring = std::array::from_fn(|k| n >> k & 1);
            let [one, two, four, eight] = sum(&ring);
            assert_eq!(one + 2 * two + 4 * four + 8 * eight, u64::from(n.count_ones()));
        }
    }

    #[test]
    fn a_thick_bar_becomes_a_line_across_words() {
        let row = format!("..{}..", "#".repeat(140));
        let blank = ".".repeat(144);
        let thin = picture(&[&blank, &blank, &row, &row, &row, &blank, &blank]).thinned(10);
        let lines = drawn(&thin);
        assert!(lines[3].contains(&"#".repeat(136)), "{lines:?}");
        assert!(thin.count() <= 142, "{lines:?}");
    }

    #[test]
    fn grain_goes_and_strokes_stay() {
        let grainy = ["#......", "...###.", ".#.#.#.", "...###.", "......."];
        let clean = ["", "...###.", "...###.", "...###.", ""];
        let got = drawn(&picture(&grainy).despeckled());
        for (got, want) in got.iter().zip(clean).filter(|(_, want)| !want.is_empty()) {
            assert_eq!(got, want);
        }
        assert_eq!(got[0], ".......");
    }

    #[test]
    fn what_is_eroded_and_dilated_is_the_thick_part() {
        let bits =
            picture(&["........", ".######.", ".######.", ".######.", ".######.", "......#.", "......#."]);
        let thick = bits.eroded().eroded().dilated().dilated().and(&bits);
        assert!(thick.is_blank(), "4 px are not 5 thick");
        let thick = bits.eroded().dilated().and(&bits);
        assert_eq!(thick.count(), 24);
        assert_eq!(bits.and_not(&thick).count(), 2);
    }

    /// All words in every pass.
    fn thinned_whole(mut bits: Bits, rounds: usize) -> Bits {
        for _ in 0..rounds {
            for second in [false, true] {
                bits = bits.mapped(|w, ring| w & !removable(ring, second));
            }
        }
        bits
    }

    proptest! {
        #[test]
        fn thinning_where_something_changed_is_thinning_everywhere(
            bars in prop::collection::vec([0_usize..150, 0_usize..60, 1_usize..60, 1_usize..14], 0..12),
        ) {
            let mut bits = Bits::blank(170, 70);
            for [left, top, wide, tall] in bars {
                for (x, y) in (left..170.min(left + wide)).flat_map(|x| (top..70.min(top + tall)).map(move |y| (x, y))) {
                    bits.row_mut(y)[x / 64] |= 1 << (x % 64);
                }
            }
            for rounds in [1, 2, 9] {
                prop_assert_eq!(&bits.clone().thinned(rounds), &thinned_whole(bits.clone(), rounds));
            }
        }
    }
}
