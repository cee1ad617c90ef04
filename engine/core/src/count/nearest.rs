//! Strokes of the page near places of a pose: looked up once, and then again as the pose moves a little.

use super::grid::{Item, Nearest};
use super::matching::{MAX_SINE, Matcher, narrow, passes, unit, wide};
use super::template::Sample;

/// What rounding of places may add to a distance, list units.
const ROUNDING: f32 = 0.005;
/// Sine of the angle to a place's direction up to which strokes are looked up, 53 degrees; and how far it may turn until
/// others could be met: by what that is more than [`MAX_SINE`] says, less what rounding may add.
const LOOK_SINE: f32 = 0.8;
const LOOK_TURN: f32 = 0.39;

/// The stroke that a sample met.
pub(super) struct Hit {
    pub distance: f64,
    pub sine: f64,
    pub stroke: Item,
    /// Way along the stroke to the place on it that is nearest.
    pub along: f32,
    /// The sample's pen may have drawn it.
    pub agrees: bool,
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
struct Wanted {
    p: [f32; 2],
    d: [f32; 2],
    r: f32,
    /// Longer strokes run through.
    through: f32,
    same_pen: bool,
}

/// How well a stroke suits, less for better.
#[derive(Clone, Copy)]
struct Ranked {
    rank: f32,
    distance: f32,
    sine: f32,
    along: f32,
}

impl Wanted {
    /// `None` if it does not suit, or less than `least` says.
    #[inline]
    fn rank(&self, s: &Item, least: f32, agrees: impl FnOnce() -> bool) -> Option<Ranked> {
        let sine = s.sine(self.d);
        if sine > MAX_SINE {
            return None;
        }
        let Nearest { square, along } = s.nearest(self.p, self.r)?;
        let distance = square.sqrt();
        let through = if s.length > self.through { self.r * 0.5 } else { 0.0 };
        let mut rank = distance + sine * self.r + through;
        if rank > least {
            return None;
        }
        if self.same_pen && !agrees() {
            rank += self.r;
        }
        (rank <= least).then_some(Ranked { rank, distance, sine, along })
    }
}

/// A stroke that is known to be near.
#[derive(Debug, Clone, Copy)]
struct Near {
    stroke: Item,
    agrees: bool,
}

/// The strokes around some places of a template, as it lay at one pose.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    items: Vec<Near>,
    /// By number of the place.
    spots: Vec<Spot>,
    /// By segment: the last look that met it. A segment comes once for each of its cells, and of thousands about a place
    /// none can be looked for among the others.
    met: Vec<u32>,
    looks: u32,
}

/// Where a place was and its direction, how far from there the strokes of about that direction are known, and which of
/// the items they are.
#[derive(Debug, Clone, Copy, Default)]
struct Spot {
    p: [f32; 2],
    d: [f32; 2],
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

    /// Looks up what is within reach of where a sample, or a probe, is now, and not across its direction there.
    pub(super) fn look(
        &mut self,
        matcher: &Matcher<'_>,
        place: usize,
        sample: &Sample,
        (p, d): ([f64; 2], [f64; 2]),
        reach: f64,
    ) {
        let (p, d, reach) = (narrow(p), unit(d), reach as f32 + ROUNDING * 2.0);
        let from = self.items.len();
        if self.looks == u32::MAX {
            self.met.clear();
            self.looks = 0;
        }
        self.looks += 1;
        self.met.resize(matcher.page.segments.len(), 0);
        let (items, met, look) = (&mut self.items, &mut self.met, self.looks);
        matcher.page.grid.any_near(p[0], p[1], reach, |s| {
            if s.sine(d) <= LOOK_SINE && s.nearest(p, reach).is_some() {
                let last = &mut met[s.segment as usize];
                if *last != look {
                    *last = look;
                    items.push(Near { stroke: *s, agrees: matcher.agrees(sample, s) });
                }
            }
            false
        });
        self.spots[place] = Spot { p, d, reach, from: from as u32, to: items.len() as u32 };
    }

    /// Whether all strokes within `r` of where a place is now are known.
    #[cfg(test)]
    pub(super) fn knows(&self, place: usize, (p, d): ([f64; 2], [f64; 2]), r: f64) -> bool {
        self.within(place, narrow(p), unit(d), r as f32).is_some()
    }

    /// All strokes of about the direction `d` within `r` of where a place is now, some others among them; `None` if they
    /// are not known.
    fn within(&self, place: usize, p: [f32; 2], d: [f32; 2], r: f32) -> Option<&[Near]> {
        let spot = self.spots.get(place)?;
        let (x, y, more) = (p[0] - spot.p[0], p[1] - spot.p[1], spot.reach - r - ROUNDING);
        let turned = (spot.d[0] * d[1] - spot.d[1] * d[0]).abs();
        let known = more >= 0.0 && x * x + y * y <= more * more && turned <= LOOK_TURN;
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
        let (at, along, reach) = (narrow(p), unit(d), r as f32);
        match nearby.within(place, at, along, reach) {
            Some(items) => items.iter().any(|s| passes(&s.stroke, at, along, reach)),
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
        let (p, d, r) = (narrow(p), unit(d), r as f32);
        let wanted = Wanted { p, d, r, through: through as f32, same_pen: self.same_pen };
        let hit = |Ranked { distance, sine, along, .. }, stroke: &Item, agrees| Hit {
            distance: f64::from(distance),
            sine: f64::from(sine),
            stroke: *stroke,
            along,
            agrees,
        };
        let (mut best, mut tied) = (None, false);
        let least = |rank: Option<f32>| rank.unwrap_or(f32::INFINITY);
        if let Some(items) = nearby.within(place, p, d, r) {
            for s in items {
                let least = least(best.map(|(ranked, _): (Ranked, &Near)| ranked.rank));
                if let Some(ranked) = wanted.rank(&s.stroke, least, || s.agrees) {
                    tied = ranked.rank == least;
                    best = if tied { best } else { Some((ranked, s)) };
                }
            }
            // Of equals, the order in the grid decides.
            if !tied {
                return best.map(|(ranked, s)| hit(ranked, &s.stroke, s.agrees));
            }
        }
        let mut best = None;
        self.page.grid.any_near(p[0], p[1], r, |s| {
            let least = least(best.map(|(ranked, _): (Ranked, Item)| ranked.rank));
            if let Some(ranked) = wanted.rank(s, least, || self.agrees(sample, s))
                && ranked.rank < least
            {
                best = Some((ranked, *s));
            }
            false
        });
        best.map(|(ranked, s)| hit(ranked, &s, self.agrees(sample, &s)))
    }

    /// Whether a sample's pen may have drawn a stroke.
    fn agrees(&self, sample: &Sample, s: &Item) -> bool {
        sample.style.agrees(&self.page.styles[s.style()])
    }
}
