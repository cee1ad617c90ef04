//! Takes out of a display list what cannot be seen: what a clip that is no rectangle leaves out, and what
//! lies under something opaque that was painted later.
//!
//! Paths lose the pieces that are hidden. The parts that are left of a filled area are kept as its edges,
//! drawn forth and back, so that no edge appears where nobody drew one.
//!
//! A subpath of which two fifths show beside what is opaque is kept whole: a person takes it to be there. Of any other
//! only what shows is left.
//!
//! A line that passes under something as dark as itself is left whole, as whoever looks at it takes it to be:
//! so lines go through the solid bodies that stand on them.

use smallvec::SmallVec;

use super::bounds::{grow, visible_part};
use super::cover::Scene;
use super::outline::{Crossings, MAX_EDGES, Outline, Relation, Rings};
use super::sight::Mark;
use crate::budget::{Budget, Exhausted};
use crate::geom::ListRect;
use crate::page::curve::flatten;
use crate::page::display::{DisplayList, Paint, PathEntry, Verb};

/// Covers and edges looked at on one page; past it, things stay as they are.
const MAX_LOOKS: u64 = 200_000_000;
/// A stroke is hidden where this share of its width is.
const HIDDEN_SHARE: f32 = 0.7;
/// A filled area's edge is looked at this far to both sides, list units.
const BESIDE: f32 = 0.05;
/// Shorter pieces are noise of the arithmetic, list units.
const SHORTEST: f32 = 0.02;
/// Of what a subpath shows beside its covers, at least this share is in sight; else its hidden part is cut out.
const SHOWN_SHARE: f32 = 0.4;
/// Paths between two polls of the budget.
const POLL_EVERY: u64 = 512;

/// Parts of a straight piece: from and to, 0 at its start, 1 at its end.
type Parts = SmallVec<[(f32, f32); 2]>;
/// Of each chord of a piece.
type Seen = SmallVec<[Parts; 1]>;

/// Cuts the paths of `list`; false where there was too much to look at and some may be left.
pub(super) fn cut(
    list: &mut DisplayList,
    marks: &[Mark],
    scene: &Scene,
    budget: &Budget,
) -> Result<bool, Exhausted> {
    let thinnest = (0.5 / list.space.px_per_unit) as f32;
    let mut cutter = Cutter {
        scene,
        clips: Vec::new(),
        covers: Vec::new(),
        parting: 0,
        pen: Pen::Stroke(0.0),
        looks: 0,
        later: Vec::new(),
    };
    let mut changes: Vec<(usize, Cut)> = Vec::new();
    let mut unspent = 0;
    for (i, (entry, mark)) in list.paths.iter().zip(marks).enumerate() {
        unspent += 1;
        if unspent == POLL_EVERY {
            budget.spend(unspent)?;
            unspent = 0;
        }
        if cutter.looks > MAX_LOOKS {
            break;
        }
        let change = cutter.path(list, entry, *mark, thinnest);
        changes.extend(change.map(|cut| (i, cut)));
    }
    if !changes.is_empty() {
        rebuild(list, changes);
    }
    Ok(cutter.looks <= MAX_LOOKS)
}

/// What becomes of a path that is not seen whole.
#[derive(Debug, Default)]
struct Cut {
    verbs: Vec<Verb>,
    coords: Vec<[f32; 2]>,
}

/// Puts the list's verbs and coordinates together anew.
fn rebuild(list: &mut DisplayList, changes: Vec<(usize, Cut)>) {
    let old = std::mem::take(&mut list.paths);
    let (mut verbs, mut coords) =
        (Vec::with_capacity(list.verbs.len()), Vec::with_capacity(list.coords.len()));
    let mut changes = changes.into_iter().peekable();
    let mut paths = Vec::with_capacity(old.len());
    for (i, entry) in old.into_iter().enumerate() {
        let mut fresh =
            PathEntry { verb_start: verbs.len() as u32, coord_start: coords.len() as u32, ..entry };
        match changes.next_if(|(at, _)| *at == i) {
            None => {
                let (v, c) = list.path(&entry);
                verbs.extend_from_slice(v);
                coords.extend_from_slice(c);
            }
            Some((_, cut)) => {
                let mut bounds = ListRect::EMPTY;
                cut.coords.iter().for_each(|p| bounds.add(p[0], p[1]));
                let half = list.styles.get(entry.style as usize).map_or(0.0, |s| s.width / 2.0);
                if bounds.is_empty() || !grow(&bounds, half).intersects(&entry.visible) {
                    continue;
                }
                fresh.verb_len = cut.verbs.len() as u32;
                fresh.bounds = bounds;
                fresh.visible = visible_part(&bounds, &entry.visible);
                verbs.extend(cut.verbs);
                coords.extend(cut.coords);
            }
        }
        paths.push(fresh);
    }
    (list.paths, list.verbs, list.coords) = (paths, verbs, coords);
}

/// What a path is drawn with.
enum Pen {
    /// Half its width.
    Stroke(f32),
    /// An area; `None` where its outline has too many edges to tell its inside.
    Fill(Option<Outline>),
}

struct Cutter<'a> {
    scene: &'a Scene,
    /// Outlines that the path at hand is cut by, and covers: first those that part it.
    clips: Vec<u32>,
    covers: Vec<u32>,
    /// How many part it.
    parting: usize,
    pen: Pen,
    looks: u64,
    later: Vec<u32>,
}

impl Cutter<'_> {
    /// What is left of a path; `None` if that is all of it.
    fn path(&mut self, list: &DisplayList, entry: &PathEntry, mark: Mark, thinnest: f32) -> Option<Cut> {
        let style = list.styles.get(entry.style as usize)?;
        let stroke = style.paint == Paint::Stroke;
        let half = if stroke { (style.width / 2.0).max(thinnest) } else { 0.0 };
        let area = grow(&entry.bounds, half);
        if mark.sunk || !self.gather(mark, &area) {
            return Some(Cut::default());
        }
        if self.clips.is_empty() && self.covers.is_empty() {
            return None;
        }
        let scene = self.scene;
        self.covers.sort_by_key(|id| !scene.cover(*id).parts(style.rgba));
        self.parting = self.covers.partition_point(|id| scene.cover(*id).parts(style.rgba));
        let (verbs, coords) = list.path(entry);
        self.pen = if stroke {
            Pen::Stroke(half)
        } else {
            let known = verbs.len() <= MAX_EDGES;
            let even_odd = style.paint == Paint::FillEvenOdd;
            Pen::Fill(known.then(|| Outline::of(&Rings::of(verbs, coords), even_odd)).flatten())
        };
        self.pieces(verbs, coords)
    }

    /// Looks up what may cut a path in `area`; false if nothing of it can be seen.
    fn gather(&mut self, mark: Mark, area: &ListRect) -> bool {
        let scene = self.scene;
        self.clips.clear();
        self.covers.clear();
        for id in scene.clips.chain(mark.clip) {
            let outline = scene.outline(id);
            self.looks += outline.effort(area.height());
            match outline.relation(area) {
                Relation::Outside => return false,
                Relation::Across => self.clips.push(id),
                Relation::Inside => {}
            }
        }
        self.looks += scene.later(mark.seq, area, &mut self.later);
        for &id in &self.later {
            let cover = scene.cover(id);
            self.looks += cover.outlines.iter().map(|o| scene.outline(*o).effort(area.height())).sum::<u64>();
            match scene.relation(cover, area) {
                Relation::Inside => return false,
                Relation::Across => self.covers.push(id),
                Relation::Outside => {}
            }
        }
        true
    }

    fn pieces(&mut self, verbs: &[Verb], coords: &[[f32; 2]]) -> Option<Cut> {
        let fill = matches!(self.pen, Pen::Fill(_));
        let steps = steps(verbs, coords, fill);
        let mut seen: Vec<Seen> = Vec::with_capacity(steps.len());
        let mut chords = Vec::new();
        for step in &steps {
            step.chords(&mut chords);
            seen.push(chords.windows(2).map(|p| self.shows(p[0], p[1])).collect());
        }
        self.keep_what_shows(&steps, &mut seen);
        if seen.iter().flatten().all(is_whole) {
            return None;
        }
        let mut line = Line { cut: Cut::default(), open: Vec::new(), fill, broken: true };
        for (step, parts) in steps.iter().zip(&seen) {
            if step.starts {
                line.end();
            }
            if !fill && let Some(control) = step.control.filter(|_| parts.iter().all(is_whole)) {
                line.curve(step.from, control);
                continue;
            }
            step.chords(&mut chords);
            for (pair, parts) in chords.windows(2).zip(parts) {
                let at = |t: f32| match t {
                    0.0 => pair[0],
                    1.0 => pair[1],
                    t => [0, 1].map(|axis| pair[0][axis] + (pair[1][axis] - pair[0][axis]) * t),
                };
                parts.iter().for_each(|&(from, to)| line.piece(at(from), at(to)));
            }
        }
        line.end();
        Some(line.cut)
    }

    /// A subpath of which enough can be seen is there, whatever lies on the rest of it: only clips cut it. A mask
    /// behind a number leaves the bubble around it a bubble.
    fn keep_what_shows(&mut self, steps: &[Step], seen: &mut [Seen]) {
        if self.covers.is_empty() {
            return;
        }
        let mut chords = Vec::new();
        let mut from = 0;
        while from < steps.len() {
            let next = steps[from + 1..].iter().position(|s| s.starts);
            let to = next.map_or(steps.len(), |n| from + 1 + n);
            let mut of_subpath = seen[from..to].iter().flatten();
            if of_subpath.clone().all(is_whole) || of_subpath.all(Parts::is_empty) {
                from = to;
                continue;
            }
            let (mut shown, mut all) = (0.0, 0.0);
            let mut uncovered: Vec<Seen> = Vec::with_capacity(to - from);
            for (step, parts) in steps[from..to].iter().zip(&seen[from..to]) {
                step.chords(&mut chords);
                let free: Seen = chords.windows(2).map(|p| self.parts(p[0], p[1], 0)).collect();
                for ((pair, parts), free) in chords.windows(2).zip(parts).zip(&free) {
                    let length = (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
                    shown += length * share(parts);
                    all += length * share(free);
                }
                uncovered.push(free);
            }
            if shown >= SHOWN_SHARE * all && shown > 0.0 {
                seen[from..to].clone_from_slice(&uncovered);
            }
            from = to;
        }
    }

    /// The parts of a straight piece that can be seen, or that go on from one such part to another under
    /// something that does not part it.
    fn shows(&mut self, a: [f32; 2], b: [f32; 2]) -> Parts {
        let mut parts = self.parts(a, b, self.parting);
        if self.parting < self.covers.len() && !parts.is_empty() {
            let all = self.parts(a, b, self.covers.len());
            let (from, to) =
                all.first().zip(all.last()).map_or((1.0, 0.0), |(first, last)| (first.0, last.1));
            parts = parts.iter().map(|p| (p.0.max(from), p.1.min(to))).filter(|p| p.0 < p.1).collect();
        }
        parts
    }

    /// The parts of a straight piece that can be seen beside the first `covers` covers.
    fn parts(&mut self, a: [f32; 2], b: [f32; 2], covers: usize) -> Parts {
        let scene = self.scene;
        let mut area = ListRect::EMPTY;
        area.add(a[0], a[1]);
        area.add(b[0], b[1]);
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        let mut at: Crossings = smallvec::smallvec![0.0, 1.0];
        for &id in &self.clips {
            let outline = scene.outline(id);
            self.looks += outline.effort(area.height());
            outline.crossings(a, b, &mut at);
        }
        for &id in &self.covers[..covers] {
            let cover = scene.cover(id);
            self.looks += 1;
            if cover.rect.intersects(&area) {
                self.looks +=
                    cover.outlines.iter().map(|o| scene.outline(*o).effort(area.height())).sum::<u64>();
                scene.crossings(cover, a, b, &mut at);
            }
        }
        at.sort_unstable_by(f32::total_cmp);
        let mut parts = Parts::new();
        let mut from = 0.0;
        for &to in &at[1..] {
            // What is too short to tell goes with what follows it, at the end with what comes before.
            if (to - from) * length < SHORTEST && (from > 0.0 || to < 1.0) {
                if let Some(last) = parts.last_mut().filter(|last| to == 1.0 && last.1 == from) {
                    last.1 = 1.0;
                }
                continue;
            }
            let place = |t: f32| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            if to > from && self.is_seen(place(from), place(to), &self.covers[..covers]) {
                match parts.last_mut() {
                    Some(last) if last.1 == from => last.1 = to,
                    _ => parts.push((from, to)),
                }
            }
            from = to;
        }
        parts
    }

    /// Whether a piece that crosses no edge can be seen: across its middle, some of the pen's width or of
    /// the area beside it is inside all clips and under no cover.
    fn is_seen(&self, a: [f32; 2], b: [f32; 2], covers: &[u32]) -> bool {
        let scene = self.scene;
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = dx.hypot(dy);
        let across = if length > 0.0 { [-dy / length, dx / length] } else { [0.0; 2] };
        let middle = [a[0] + dx / 2.0, a[1] + dy / 2.0];
        let beside = |by: f32| [middle[0] + across[0] * by, middle[1] + across[1] * by];
        let visible = |p: &[f32; 2]| {
            self.clips.iter().all(|id| scene.outline(*id).contains(*p))
                && !covers.iter().any(|id| scene.hides(scene.cover(*id), *p))
        };
        match &self.pen {
            Pen::Stroke(half) => {
                let by = half * HIDDEN_SHARE;
                [middle, beside(by), beside(-by)].iter().any(visible)
            }
            Pen::Fill(own) => {
                let inside = |p: &[f32; 2]| own.as_ref().is_none_or(|own| own.contains(*p));
                let mut sides = [beside(BESIDE), beside(-BESIDE)].into_iter().filter(inside).peekable();
                // Thinner than can be told: its own line stands for it.
                if sides.peek().is_none() { visible(&middle) } else { sides.any(|p| visible(&p)) }
            }
        }
    }
}

/// How much of a piece its parts are.
fn share(parts: &Parts) -> f32 {
    parts.iter().map(|(from, to)| to - from).sum()
}

fn is_whole(parts: &Parts) -> bool {
    parts.as_slice() == [(0.0, 1.0)]
}

/// One straight or curved piece of a path.
#[derive(Debug)]
struct Step {
    from: [f32; 2],
    to: [f32; 2],
    /// Of a curve: its control points and its end.
    control: Option<[[f32; 2]; 3]>,
    /// The first of its subpath.
    starts: bool,
}

impl Step {
    fn chords(&self, out: &mut Vec<[f32; 2]>) {
        out.clear();
        out.push(self.from);
        match &self.control {
            Some(control) => flatten(self.from, control, out),
            None => out.push(self.to),
        }
    }
}

/// The pieces of a path; the subpaths of a filled one are closed.
fn steps(verbs: &[Verb], coords: &[[f32; 2]], fill: bool) -> Vec<Step> {
    let mut steps = Vec::with_capacity(verbs.len());
    let (mut start, mut at, mut starts) = ([0.0; 2], [0.0; 2], true);
    let mut next = 0;
    let close = |steps: &mut Vec<Step>, at: [f32; 2], start: [f32; 2], starts: bool| {
        if at != start {
            steps.push(Step { from: at, to: start, control: None, starts });
        }
    };
    for verb in verbs {
        let pairs = &coords[next..next + verb.pairs()];
        next += verb.pairs();
        match verb {
            Verb::Move => {
                if fill {
                    close(&mut steps, at, start, starts);
                }
                (start, at, starts) = (pairs[0], pairs[0], true);
                continue;
            }
            Verb::Line => steps.push(Step { from: at, to: pairs[0], control: None, starts }),
            Verb::Cubic => {
                let control = [pairs[0], pairs[1], pairs[2]];
                steps.push(Step { from: at, to: pairs[2], control: Some(control), starts });
            }
            Verb::Close => {
                close(&mut steps, at, start, starts);
                (at, starts) = (start, true);
                continue;
            }
        }
        (at, starts) = (pairs[pairs.len() - 1], false);
    }
    if fill {
        close(&mut steps, at, start, starts);
    }
    steps
}

/// A line that is put together of pieces.
struct Line {
    cut: Cut,
    /// Of an area: the corners of the edge at hand.
    open: Vec<[f32; 2]>,
    fill: bool,
    /// Whatever comes next starts anew.
    broken: bool,
}

impl Line {
    fn piece(&mut self, a: [f32; 2], b: [f32; 2]) {
        if self.fill {
            if self.open.last() != Some(&a) {
                self.end();
                self.open.push(a);
            }
            self.open.push(b);
            return;
        }
        self.go_to(a);
        self.cut.verbs.push(Verb::Line);
        self.cut.coords.push(b);
    }

    fn curve(&mut self, from: [f32; 2], control: [[f32; 2]; 3]) {
        self.go_to(from);
        self.cut.verbs.push(Verb::Cubic);
        self.cut.coords.extend(control);
    }

    fn go_to(&mut self, a: [f32; 2]) {
        if std::mem::take(&mut self.broken) || self.cut.coords.last() != Some(&a) {
            self.cut.verbs.push(Verb::Move);
            self.cut.coords.push(a);
        }
    }

    /// Ends a subpath; an area's edge goes back on itself, so that closing it adds nothing.
    fn end(&mut self) {
        self.broken = true;
        let forth = std::mem::take(&mut self.open);
        let back = forth.iter().rev().skip(1).take(forth.len().saturating_sub(2));
        for (i, p) in forth.iter().chain(back).enumerate() {
            self.cut.verbs.push(if i == 0 { Verb::Move } else { Verb::Line });
            self.cut.coords.push(*p);
        }
    }
}
