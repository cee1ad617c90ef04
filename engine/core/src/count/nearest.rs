//! Strokes of the page near places of a pose: looked up once, and then again as the pose moves a little.

use super::grid::{Grid, Item, Nearest};
use super::ink::InkStyle;
use super::matching::{MAX_SINE, Matcher, narrow, passes, unit, wide};
use super::template::Sample;

/// What rounding of places may add to a distance, list units.
const ROUNDING: f32 = 0.005;

/// A stroke near a place.
pub(super) struct Hit {
    pub distance: f64,
    pub sine: f64,
    pub stroke: Item,
    /// Way along the stroke to the place on it that is nearest.
    pub along: f32,
}

impl Hit {
    pub(super) fn place(&self) -> [f64; 2] {
        let Item { a, d, .. } = self.stroke;
        wide([a[0] + d[0] * self.along, a[1] + d[1] * self.along])
    }

    /// Past an end of the stroke.
    pub(super) fn at_end(&self) -> bool {
        self.along <= 0.0 || self.along >= self.stroke.length
    }
}

/// What a sample looks for.
struct Wanted<'s> {
    p: [f32; 2],
    d: [f32; 2],
    r: f32,
    /// Longer strokes run through.
    through: f32,
    style: &'s InkStyle,
}

/// The stroke that suits best so far, the first of equals.
#[derive(Default)]
struct Best {
    rank: f32,
    hit: Option<Hit>,
    /// Another suits as well.
    tied: bool,
}

/// The strokes around some places of a template, as it lay at one pose.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    items: Vec<Item>,
    /// By number of the place.
    spots: Vec<Spot>,
}

/// Where a place was, how far from there the strokes are known, and which of the items they are.
#[derive(Debug, Clone, Copy, Default)]
struct Spot {
    p: [f32; 2],
    /// Less than zero where nothing is known.
    reach: f32,
    from: u32,
    to: u32,
}

impl Nearby {
    /// Forgets all; there are so many places.
    pub(super) fn clear(&mut self, places: usize) {
        self.items.clear();
        self.spots.clear();
        self.spots.resize(places, Spot { reach: -1.0, ..Spot::default() });
    }

    /// Looks up what is within reach of where a place is now.
    pub(super) fn look(&mut self, grid: &Grid, place: usize, p: [f64; 2], reach: f64) {
        let (p, reach) = (narrow(p), reach as f32 + ROUNDING * 2.0);
        let from = self.items.len();
        let items = &mut self.items;
        grid.any_near(p[0], p[1], reach, |s| {
            let known = |items: &[Item]| items.iter().any(|i| i.segment == s.segment);
            if s.nearest(p, reach).is_some() && !known(&items[from..]) {
                items.push(*s);
            }
            false
        });
        self.spots[place] = Spot { p, reach, from: from as u32, to: items.len() as u32 };
    }

    /// All strokes within `r` of where a place is now, some others among them; `None` if they are not known.
    fn within(&self, place: usize, p: [f32; 2], r: f32) -> Option<&[Item]> {
        let spot = self.spots.get(place)?;
        let (x, y, more) = (p[0] - spot.p[0], p[1] - spot.p[1], spot.reach - r - ROUNDING);
        let known = more >= 0.0 && x * x + y * y <= more * more;
        known.then(|| &self.items[spot.from as usize..spot.to as usize])
    }
}

impl Matcher<'_> {
    /// Whether a stroke of about this direction passes within `r`.
    pub(super) fn touches(&self, p: [f64; 2], d: [f64; 2], r: f64) -> bool {
        let (p, d, r) = (narrow(p), unit(d), r as f32);
        self.page.grid.any_near(p[0], p[1], r, |s| passes(s, p, d, r))
    }

    /// Whether a stroke of about this direction passes within `base`, if one passes within `r`, which is more.
    pub(super) fn nearer(&self, p: [f64; 2], d: [f64; 2], r: f64, base: f64) -> Option<bool> {
        let (p, d, r, base) = (narrow(p), unit(d), r as f32, base as f32);
        let mut passed = None;
        self.page.grid.any_near(p[0], p[1], r, |s| {
            if s.sine(d) <= MAX_SINE
                && let Some(Nearest { square, .. }) = s.nearest(p, r)
            {
                passed = Some(square <= base * base);
            }
            passed == Some(true)
        });
        passed
    }

    /// As [`Self::touches`], of a place around which strokes may be known.
    pub(super) fn touches_of(
        &self,
        (nearby, place): (&Nearby, usize),
        p: [f64; 2],
        d: [f64; 2],
        r: f64,
    ) -> bool {
        match nearby.within(place, narrow(p), r as f32) {
            Some(items) => {
                let (p, d, r) = (narrow(p), unit(d), r as f32);
                items.iter().any(|s| passes(s, p, d, r))
            }
            None => self.touches(p, d, r),
        }
    }

    /// The nearest stroke of about a sample's direction; one of the same pen is preferred, one that is longer than
    /// `through` is not.
    pub(super) fn nearest(
        &self,
        (nearby, place): (&Nearby, usize),
        sample: &Sample,
        (p, d): ([f64; 2], [f64; 2]),
        r: f64,
        through: f64,
    ) -> Option<Hit> {
        let wanted =
            Wanted { p: narrow(p), d: unit(d), r: r as f32, through: through as f32, style: &sample.style };
        let mut best = Best::default();
        if let Some(items) = nearby.within(place, wanted.p, wanted.r) {
            items.iter().for_each(|s| self.consider(&wanted, s, &mut best));
            // Of equals, the order in the grid decides.
            if !best.tied {
                return best.hit;
            }
            best = Best::default();
        }
        self.page.grid.any_near(wanted.p[0], wanted.p[1], wanted.r, |s| {
            self.consider(&wanted, s, &mut best);
            false
        });
        best.hit
    }

    #[inline]
    fn consider(&self, wanted: &Wanted<'_>, s: &Item, best: &mut Best) {
        let &Wanted { p, d, r, through, style } = wanted;
        let sine = s.sine(d);
        if sine > MAX_SINE {
            return;
        }
        let Some(Nearest { square, along }) = s.nearest(p, r) else { return };
        let distance = square.sqrt();
        let mut rank = distance + sine * r + if s.length > through { r * 0.5 } else { 0.0 };
        let least = if best.hit.is_some() { best.rank } else { f32::INFINITY };
        if rank > least || best.hit.as_ref().is_some_and(|h| h.stroke.segment == s.segment) {
            return;
        }
        let piece = || &self.page.segments[s.segment as usize];
        if self.same_pen && !style.agrees(&self.page.styles[piece().style as usize]) {
            rank += r;
        }
        if rank < least {
            let hit = Hit { distance: distance.into(), sine: sine.into(), along, stroke: *s };
            *best = Best { rank, hit: Some(hit), tied: false };
        } else {
            best.tied |= rank == least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::count::ink::Segment;

    #[test]
    fn strokes_are_known_as_far_as_they_were_looked_up() {
        let segment = |x: f32| Segment { a: [x, 0.0], b: [x, 20.0], style: 0, solid: false };
        let grid = Grid::build(&[10.0, 11.0, 12.5].map(segment), 40.0, 40.0, &Budget::unlimited()).unwrap();
        let mut nearby = Nearby::default();
        nearby.clear(2);
        nearby.look(&grid, 1, [9.5, 5.0], 2.0);
        let known = |p: [f32; 2], r: f32| {
            nearby.within(1, p, r).map(|items| items.iter().map(|i| i.segment).collect::<Vec<_>>())
        };
        // Each once, though both pass several cells.
        assert_eq!(known([9.5, 5.0], 2.0), Some(vec![0, 1]));
        assert_eq!(known([9.5, 6.0], 1.0), Some(vec![0, 1]));
        // The third might be within reach.
        assert_eq!(known([10.6, 5.0], 1.0), None);
        assert!(nearby.within(0, [9.5, 5.0], 0.1).is_none() && nearby.within(2, [9.5, 5.0], 0.1).is_none());
    }
}
