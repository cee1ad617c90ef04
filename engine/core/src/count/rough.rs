//! Rough poses, and which of them are one.

use std::cmp::Ordering;

use super::pose::Pose;
use super::template::Template;

/// Rough poses that are turned by less are one, degrees.
const TURN_OF_ONE: f64 = 12.0;
pub(super) const TURNS: u8 = 30;

/// A rough pose and how well it met the page's strokes (only good for comparing).
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub pose: Pose,
    pub hits: u32,
    /// The exemplar's pens drew enough there.
    pub of_pens: bool,
}

impl Candidate {
    /// The greatest comes first.
    pub(super) fn rank(&self) -> (bool, u32) {
        (self.of_pens, self.hits)
    }
}

/// A rough pose that is kept.
pub(super) struct Rough {
    pub about: About,
    pub candidate: Candidate,
    /// By its number, the anchor that gave it.
    pub anchor: u16,
    /// In which it became what it is.
    pub turn: u32,
}

impl Rough {
    /// Those that the exemplar's pens drew come first, then those that met more.
    pub(super) fn before(&self, other: &Self) -> Ordering {
        other.candidate.rank().cmp(&self.candidate.rank()).then(self.about.cmp(&other.about))
    }
}

/// Rough poses that agree in this are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct About {
    pub x: i32,
    pub y: i32,
    pub turn: u8,
    pub mirrored: bool,
    pub size: i16,
}

impl About {
    /// `scale` is that of the pose before its size was taken for one of those allowed.
    pub(super) fn of(template: &Template, pose: &Pose, scale: f64) -> Self {
        let place = template.diameter * 0.1;
        Self {
            x: (pose.x / place).round() as i32,
            y: (pose.y / place).round() as i32,
            turn: (pose.angle_deg() / TURN_OF_ONE + 0.5) as u8 % TURNS,
            mirrored: pose.mirrored,
            size: (scale.ln() / 0.08).round() as i16,
        }
    }
}

/// Of the poses that come to the same by the template's symmetries, the one that is not mirrored and turned least.
pub(super) fn plainest(template: &Template, pose: Pose) -> Pose {
    // About as much as poses may differ that are one, so that rounding makes no other of a turn of none.
    let turn = |p: &Pose| (p.angle_deg() + TURN_OF_ONE / 2.0) % 360.0;
    let rank = |p: &Pose| (p.mirrored, turn(p));
    let less = |p: &Pose, q: &Pose| rank(p).0.cmp(&rank(q).0).then(rank(p).1.total_cmp(&rank(q).1));
    let others = template.exact.iter().map(|s| pose.after(s));
    others.min_by(less).filter(|p| less(p, &pose).is_lt()).unwrap_or(pose)
}
