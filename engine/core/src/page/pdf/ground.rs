//! What a path is painted on: ink in the colour of paper shows on something dark, and ink in the colour of what it
//! lies on does not show.

use super::bounds::grow;
use super::coats::Looker;
use super::cover::{Cover, Scene};
use super::outline::Relation;
use super::sample::Wanted;
use super::shade::{Beside, Coat, Shade};
use super::sight::Mark;
use super::walk::PATTERN_RGBA;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;
use crate::page::display::{DisplayList, PAPER, Paint, PathEntry, Verb};

/// Covers looked at on one page; past it, things stay as they are.
const MAX_LOOKS: u64 = 100_000_000;
/// Places of a path that are looked at, and of one that is no light ink before it is taken to show.
const PLACES: usize = 12;
const FIRST_PLACES: usize = 3;
const MOST_OF_A_LINE: usize = 4;
/// The ground is looked at this far beside a path, list units.
const BESIDE: f32 = 0.5;
/// A line of which this share shows is seen as a whole.
const SHOWN_SHARE: f32 = 0.4;
/// Channels that differ by this or less are one colour to the eye; of 255.
const ONE_COLOUR: u8 = 6;
/// Less opaque ink is none, of 255.
const FAINT: u8 = 8;
/// Paths between two polls of the budget.
const POLL_EVERY: u64 = 512;

/// What the look at the grounds came to.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Paths that are not what they seem, by their places in the list.
    verdicts: Vec<(usize, Verdict)>,
    /// Pictures whose colours would tell more.
    pub(super) wanted: Wanted,
    /// There was too much to look at.
    pub(super) incomplete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// As light as paper, and it shows.
    Shows,
    /// Not as light as paper, and nothing of it shows.
    Hidden,
    /// It may show.
    Unsure { light: bool },
}

/// Looks at what the paths lie on.
pub(super) fn judge(
    list: &DisplayList,
    marks: &[Mark],
    scene: &Scene,
    budget: &Budget,
) -> Result<Judged, Exhausted> {
    judge_some(list, marks, scene, 0..list.paths.len().min(marks.len()), budget)
}

/// Looks once more at those that may show, now that the pictures under them are known.
pub(super) fn judge_again(
    list: &DisplayList,
    marks: &[Mark],
    scene: &Scene,
    judged: Judged,
    budget: &Budget,
) -> Result<Judged, Exhausted> {
    let (unsure, sure): (Vec<_>, Vec<_>) =
        judged.verdicts.into_iter().partition(|(_, verdict)| matches!(verdict, Verdict::Unsure { .. }));
    let mut again = judge_some(list, marks, scene, unsure.into_iter().map(|(at, _)| at), budget)?;
    again.verdicts.extend(sure);
    again.incomplete |= judged.incomplete;
    Ok(again)
}

fn judge_some(
    list: &DisplayList,
    marks: &[Mark],
    scene: &Scene,
    some: impl Iterator<Item = usize>,
    budget: &Budget,
) -> Result<Judged, Exhausted> {
    let mut judge = Judge { list, scene, looker: Looker::new(scene), found: Vec::new() };
    let mut judged = Judged::default();
    let mut unspent = 0;
    for i in some {
        let (entry, mark) = (&list.paths[i], &marks[i]);
        unspent += 1;
        if unspent == POLL_EVERY {
            budget.spend(unspent)?;
            unspent = 0;
        }
        if judge.looker.looks > MAX_LOOKS {
            judged.incomplete = true;
            break;
        }
        judge.looker.met.clear();
        let rgba = list.styles[entry.style as usize].rgba;
        let verdict = match rgba {
            _ if rgba.to_be_bytes()[3] < FAINT => None,
            _ if is_paper(rgba) => judge.light(entry, mark, rgba),
            PATTERN_RGBA => None,
            _ => judge.other(entry, mark, rgba),
        };
        if matches!(verdict, Some(Verdict::Unsure { .. })) {
            judged.wanted.extend(judge.looker.met.drain(..));
        }
        judged.verdicts.extend(verdict.map(|verdict| (i, verdict)));
    }
    Ok(judged)
}

/// Gives paths as light as paper that show a colour that is none of paper's, and marks those that do not show as they
/// have the colour of what they lie on. Returns how many of them may show.
pub(super) fn apply(list: &mut DisplayList, marks: &mut [Mark], judged: &Judged) -> u64 {
    let mut unsure = 0;
    // Style of each style's twin that shows on the dark.
    let mut twins: Vec<Option<u32>> = vec![None; list.styles.len()];
    for (i, verdict) in &judged.verdicts {
        unsure += u64::from(matches!(verdict, Verdict::Unsure { .. }));
        match verdict {
            Verdict::Hidden => marks[*i].sunk = true,
            Verdict::Unsure { light: false } => {}
            Verdict::Shows | Verdict::Unsure { light: true } => {
                let kind = list.paths[*i].style as usize;
                let twin = twins.get(kind).copied().flatten().unwrap_or_else(|| {
                    let mut twin = list.styles[kind].clone();
                    twin.rgba = darkened(twin.rgba);
                    list.styles.push(twin);
                    list.styles.len() as u32 - 1
                });
                twins[kind] = Some(twin);
                list.paths[*i].style = twin;
            }
        }
    }
    unsure
}

fn is_paper(rgba: u32) -> bool {
    let [r, g, b, _] = rgba.to_be_bytes();
    r.min(g).min(b) >= PAPER
}

/// The lightest that is not paper.
fn darkened(rgba: u32) -> u32 {
    let [r, g, b, a] = rgba.to_be_bytes();
    let [r, g, b] = [r, g, b].map(|c| c.min(PAPER - 1));
    u32::from_be_bytes([r, g, b, a])
}

fn is_one_colour(a: u32, b: u32) -> bool {
    a.to_be_bytes().into_iter().zip(b.to_be_bytes()).all(|(a, b)| a.abs_diff(b) <= ONE_COLOUR)
}

/// How many places of a path stand so to their grounds.
#[derive(Debug, Default, Clone, Copy)]
struct Places {
    apart: usize,
    unsure: usize,
    all: usize,
}

/// How a path is looked at.
#[derive(Clone, Copy)]
struct Look<'i> {
    /// None for what is as light as paper.
    ink: Option<&'i Coat>,
    /// Whether light lines are grounds: where two of them cross, it is what both lie on that shows them.
    lines: bool,
}

/// Looks at what lies under one path after the other.
struct Judge<'s> {
    list: &'s DisplayList,
    scene: &'s Scene,
    looker: Looker<'s>,
    found: Vec<u32>,
}

impl<'s> Judge<'s> {
    /// A path that is as light as paper shows where both sides of its line are darker.
    fn light(&mut self, entry: &PathEntry, mark: &Mark, rgba: u32) -> Option<Verdict> {
        let ink = Coat::of(rgba, mark.mix);
        let solid = ink.is_plain() && ink.opacity.0 >= 1.0;
        let stroke = self.list.styles[entry.style as usize].paint == Paint::Stroke;
        let sides = |[a, b]: [Beside; 2]| match (a, b) {
            (Beside::Same, _) | (_, Beside::Same) => Beside::Same,
            // A light area on a paler one is there to hide what lies under it.
            (Beside::Faint, _) | (_, Beside::Faint) if !stroke => Beside::Same,
            (Beside::Apart, Beside::Apart) => Beside::Apart,
            _ => Beside::Unsure,
        };
        // A light area that is half on the dark only takes a piece of that away.
        let share = if stroke { SHOWN_SHARE } else { 1.0 };
        let look = Look { ink: (!solid).then_some(&ink), lines: false };
        let enough = |p: Places, of: usize| (p.all - p.apart - p.unsure) as f32 > of as f32 * (1.0 - share);
        let Places { apart, unsure, all } = self.places(entry, mark, look, (sides, enough));
        let least = all as f32 * share;
        match () {
            () if apart > 0 && apart as f32 >= least => Some(Verdict::Shows),
            () if unsure > 0 && (apart + unsure) as f32 >= least => Some(Verdict::Unsure { light: true }),
            () => None,
        }
    }

    fn other(&mut self, entry: &PathEntry, mark: &Mark, rgba: u32) -> Option<Verdict> {
        let ink = Coat::of(rgba, mark.mix);
        let half = self.list.styles[entry.style as usize].width / 2.0;
        let plain = ink.is_plain() && !self.looker.has_ground(&grow(&entry.visible, half + BESIDE), mark.seq);
        if plain {
            // On paper it shows, as faint as it is.
            let top = self.top([entry.visible.left, entry.visible.top], mark.seq)?;
            if mark.opaque && self.is_sunk(entry, top, (mark.seq, rgba), half) {
                return Some(Verdict::Hidden);
            }
            let dark = |rgba: u32| Shade::of(rgba).is_dark();
            if mark.opaque && !(dark(rgba) && top.rgba.is_some_and(dark)) {
                return None;
            }
        }
        let sides = |[a, b]: [Beside; 2]| match (a, b) {
            (Beside::Apart, _) | (_, Beside::Apart) => Beside::Apart,
            (Beside::Same, Beside::Same) => Beside::Same,
            _ => Beside::Unsure,
        };
        let look = Look { ink: Some(&ink), lines: true };
        let enough = |p: Places, _: usize| p.all == FIRST_PLACES && p.apart == FIRST_PLACES;
        let Places { apart, unsure, all } = self.places(entry, mark, look, (sides, enough));
        if plain && mark.opaque {
            let faint = unsure as f32 > all as f32 * (1.0 - SHOWN_SHARE);
            return faint.then_some(Verdict::Unsure { light: false });
        }
        match () {
            () if all == 0 || apart as f32 >= all as f32 * SHOWN_SHARE => None,
            () if apart + unsure == 0 => Some(Verdict::Hidden),
            () => Some(Verdict::Unsure { light: false }),
        }
    }

    /// Places along a path, by how its ink looks on what lies on both sides there, until there are enough of them.
    fn places(
        &mut self,
        entry: &PathEntry,
        mark: &Mark,
        look: Look<'_>,
        (sides, enough): (impl Fn([Beside; 2]) -> Beside, impl Fn(Places, usize) -> bool),
    ) -> Places {
        let list = self.list;
        let style = &list.styles[entry.style as usize];
        let beside = if style.paint == Paint::Stroke { style.width / 2.0 + BESIDE } else { BESIDE };
        let (verbs, coords) = list.path(entry);
        let lines = lines(verbs, coords);
        // Of few lines each is looked at in several places: where they cross, they lie on each other.
        let each = (PLACES / lines.len().max(1)).clamp(1, MOST_OF_A_LINE);
        let some = lines.iter().step_by(lines.len().div_ceil(PLACES).max(1));
        let count = some.len() * each;
        let mut places = Places::default();
        for ([a, b], nth) in some.flat_map(|line| (0..each).map(move |nth| (line, nth))) {
            if enough(places, count) {
                break;
            }
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length = dx.hypot(dy).max(f32::MIN_POSITIVE);
            let along = (nth as f32 + 0.5) / each as f32;
            let (x, y) = (a[0] + dx * along, a[1] + dy * along);
            let off = [-dy / length * beside, dx / length * beside];
            let looks = [[x + off[0], y + off[1]], [x - off[0], y - off[1]]].map(|p| {
                let shade = self.looker.shade(p, mark.seq, look.lines);
                look.ink.map_or_else(|| shade.beside_light(), |ink| shade.beside(ink))
            });
            places.all += 1;
            match sides(looks) {
                Beside::Apart => places.apart += 1,
                Beside::Unsure | Beside::Faint => places.unsure += 1,
                Beside::Same => {}
            }
        }
        places
    }

    /// What was painted last of all that lies at a place below the path.
    fn top(&mut self, p: [f32; 2], seq: u32) -> Option<&'s Cover> {
        let scene = self.scene;
        let place = ListRect { left: p[0], top: p[1], right: p[0], bottom: p[1] };
        self.looker.looks += scene.later(0, &place, &mut self.found);
        let below = self.found.iter().map(|id| scene.cover(*id)).filter(|c| c.seq < seq);
        below.into_iter().find(|c| scene.hides(c, p))
    }

    /// Whether a path lies, with a margin, within an area of its own colour that nothing else lies on.
    fn is_sunk(&mut self, entry: &PathEntry, top: &Cover, (seq, rgba): (u32, u32), half: f32) -> bool {
        let own = |c: &Cover| c.rgba.is_some_and(|own| is_one_colour(own, rgba));
        if !own(top) {
            return false;
        }
        let area = grow(&entry.visible, half + BESIDE);
        let scene = self.scene;
        self.looker.looks += scene.later(0, &area, &mut self.found);
        let mut below = self.found.iter().map(|id| scene.cover(*id)).filter(|c| c.seq < seq);
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
