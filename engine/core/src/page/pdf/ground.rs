//! What a path is painted on: ink in the colour of paper shows on something dark, and ink in the colour of what it
//! lies on does not show.

use super::bounds::grow;
use super::cover::{Cover, Scene};
use super::outline::Relation;
use super::sight::Mark;
use super::walk::PATTERN_RGBA;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;
use crate::page::display::{DisplayList, PAPER, Paint, PathEntry, Verb};
use crate::page::image_out::luma;

/// Covers looked at on one page; past it, things stay as they are.
const MAX_LOOKS: u64 = 100_000_000;
/// Places of a path that are looked at.
const PLACES: usize = 12;
/// The ground is looked at this far beside a path, list units.
const BESIDE: f32 = 0.5;
/// A line of which this share lies on something dark is seen as a whole.
const SHOWN_SHARE: f32 = 0.4;
/// Ground that is darker than paper by this lets it be seen; of 255.
const TOLD_APART: u8 = 64;
/// Channels that differ by this or less are one colour to the eye; of 255.
const ONE_COLOUR: u8 = 6;
/// Paths between two polls of the budget.
const POLL_EVERY: u64 = 512;

/// What the look at the grounds came to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Grounds {
    /// Lines as light as paper on pictures, where they may be seen or not.
    pub(super) unsure: u64,
    /// There was too much to look at.
    pub(super) incomplete: bool,
}

/// Gives paths as light as paper that lie on something dark a colour that is none of paper's, and marks those that
/// have the colour of what they lie on.
pub(super) fn tell_apart(
    list: &mut DisplayList,
    marks: &mut [Mark],
    scene: &Scene,
    budget: &Budget,
) -> Result<Grounds, Exhausted> {
    let mut grounds = Grounds::default();
    let (mut looks, mut found, mut unspent) = (0, Vec::new(), 0);
    // Style of each style's twin that shows on the dark.
    let mut twins: Vec<Option<u32>> = vec![None; list.styles.len()];
    for (i, mark) in marks.iter_mut().enumerate() {
        unspent += 1;
        if unspent == POLL_EVERY {
            budget.spend(unspent)?;
            unspent = 0;
        }
        if looks > MAX_LOOKS {
            grounds.incomplete = true;
            break;
        }
        let entry = list.paths[i];
        let style = &list.styles[entry.style as usize];
        let (rgba, half, kind) = (style.rgba, style.width / 2.0, entry.style as usize);
        let mut at = Grounded { scene, seq: mark.seq, looks: &mut looks, found: &mut found };
        if is_paper(rgba) {
            match at.under_light(list, &entry) {
                Ground::Dark => {
                    let twin = twins.get(kind).copied().flatten().unwrap_or_else(|| {
                        let mut twin = list.styles[kind].clone();
                        twin.rgba = darkened(twin.rgba);
                        list.styles.push(twin);
                        list.styles.len() as u32 - 1
                    });
                    twins[kind] = Some(twin);
                    list.paths[i].style = twin;
                }
                Ground::Picture => grounds.unsure += 1,
                Ground::Other => {}
            }
        } else if mark.opaque && rgba != PATTERN_RGBA {
            mark.sunk = at.is_sunk(&entry, rgba, half);
        }
    }
    Ok(grounds)
}

fn is_paper(rgba: u32) -> bool {
    let [r, g, b, a] = rgba.to_be_bytes();
    a == u8::MAX && r.min(g).min(b) >= PAPER
}

/// The lightest that is not paper.
fn darkened(rgba: u32) -> u32 {
    let [r, g, b, a] = rgba.to_be_bytes();
    let [r, g, b] = [r, g, b].map(|c| c.min(PAPER - 1));
    u32::from_be_bytes([r, g, b, a])
}

fn is_dark(rgba: u32) -> bool {
    let [r, g, b, _] = rgba.to_be_bytes();
    luma(r, g, b) <= u8::MAX - TOLD_APART
}

fn is_one_colour(a: u32, b: u32) -> bool {
    a.to_be_bytes().into_iter().zip(b.to_be_bytes()).all(|(a, b)| a.abs_diff(b) <= ONE_COLOUR)
}

enum Ground {
    Dark,
    Picture,
    Other,
}

/// Looks at what lies under one path.
struct Grounded<'s, 'l> {
    scene: &'s Scene,
    seq: u32,
    looks: &'l mut u64,
    found: &'l mut Vec<u32>,
}

impl<'s> Grounded<'s, '_> {
    /// What lies under most of a path that is as light as paper, on both sides of its line.
    fn under_light(&mut self, list: &DisplayList, entry: &PathEntry) -> Ground {
        let style = &list.styles[entry.style as usize];
        let stroke = style.paint == Paint::Stroke;
        let beside = if stroke { style.width / 2.0 + BESIDE } else { BESIDE };
        let (mut dark, mut picture, mut all) = (0.0, 0.0, 0.0);
        let (verbs, coords) = list.path(entry);
        let lines = lines(verbs, coords);
        for [a, b] in lines.iter().step_by(lines.len().div_ceil(PLACES).max(1)) {
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length = dx.hypot(dy).max(f32::MIN_POSITIVE);
            let (x, y) = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0);
            let off = [-dy / length * beside, dx / length * beside];
            let under = [[x + off[0], y + off[1]], [x - off[0], y - off[1]]].map(|p| self.top(p));
            all += 1.0;
            if under.iter().all(|c| c.is_some_and(|c| c.rgba.is_some_and(is_dark))) {
                dark += 1.0;
            } else if stroke && under.iter().any(|c| c.is_some_and(|c| c.rgba.is_none())) {
                picture += 1.0;
            }
        }
        // A light area that is half on the dark only takes a piece of that away.
        match all * if stroke { SHOWN_SHARE } else { 1.0 } {
            least if dark > 0.0 && dark >= least => Ground::Dark,
            least if picture > 0.0 && picture >= least => Ground::Picture,
            _ => Ground::Other,
        }
    }

    /// What was painted last of all that lies at a place below the path.
    fn top(&mut self, p: [f32; 2]) -> Option<&'s Cover> {
        let scene = self.scene;
        let place = ListRect { left: p[0], top: p[1], right: p[0], bottom: p[1] };
        *self.looks += scene.later(0, &place, self.found);
        let below = self.found.iter().map(|id| scene.cover(*id)).filter(|c| c.seq < self.seq);
        below.into_iter().find(|c| scene.hides(c, p))
    }

    /// Whether a path lies, with a margin, within an area of its own colour that nothing else lies on.
    fn is_sunk(&mut self, entry: &PathEntry, rgba: u32, half: f32) -> bool {
        let corner = [entry.visible.left, entry.visible.top];
        let own = |c: &Cover| c.rgba.is_some_and(|own| is_one_colour(own, rgba));
        if !self.top(corner).is_some_and(own) {
            return false;
        }
        let area = grow(&entry.visible, half + BESIDE);
        let scene = self.scene;
        *self.looks += scene.later(0, &area, self.found);
        let mut below = self.found.iter().map(|id| scene.cover(*id)).filter(|c| c.seq < self.seq);
        // The last that has anything to do with it decides.
        let ground = below.find_map(|c| match scene.relation(c, &area) {
            Relation::Outside => None,
            relation => Some((c, relation)),
        });
        ground.is_some_and(|(cover, relation)| relation == Relation::Inside && own(cover))
    }
}

/// The straight lines of a path, and the chords of its curves' corners.
fn lines(verbs: &[Verb], coords: &[[f32; 2]]) -> Vec<[[f32; 2]; 2]> {
    let mut lines = Vec::with_capacity(verbs.len());
    let (mut at, mut start, mut next) = ([0.0; 2], [0.0; 2], 0);
    for verb in verbs {
        let pairs = &coords[next..next + verb.pairs()];
        next += verb.pairs();
        let to = match (verb, pairs) {
            (Verb::Close, _) | (_, []) => start,
            (_, [.., last]) => *last,
        };
        if *verb == Verb::Move {
            start = to;
        } else if to != at {
            lines.push([at, to]);
        }
        at = to;
    }
    lines
}
