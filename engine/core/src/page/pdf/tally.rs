//! What a walk has used up, against its limits.
//!
//! The interpreter cannot be told to stop, so a tally that passes a limit unwinds out of it with a
//! private payload, which [`catch`] turns back into a value.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::StrokeProps;
use kurbo::{BezPath, PathEl, Point};

use crate::budget::{Budget, Exhausted};
use crate::page::PageFailure;
use crate::page::request::ParseLimits;

/// Device calls that a page may make for each path segment it may draw: a path that is clipped and
/// marked as content of its own takes several.
const CALLS_PER_SEGMENT: u64 = 2;
/// Steps between two polls of the budget.
const POLL_EVERY: u64 = 256;

/// Unwinds out of the interpreter; never seen outside this module.
struct Stop(PageFailure);

/// Runs `walk` until it ends or a tally stops it. A panic of anyone else goes on.
pub(super) fn catch(walk: impl FnOnce()) -> Result<(), PageFailure> {
    catch_unwind(AssertUnwindSafe(walk)).or_else(|payload| match payload.downcast::<Stop>() {
        Ok(stop) => Err(stop.0),
        Err(foreign) => resume_unwind(foreign),
    })
}

fn stop(failure: PageFailure) -> ! {
    resume_unwind(Box::new(Stop(failure)))
}

pub(super) struct Tally<'b> {
    limits: &'b ParseLimits,
    budget: &'b Budget,
    calls: u64,
    segments: u64,
    glyphs: u64,
    dashes: f64,
    unspent: u64,
}

impl<'b> Tally<'b> {
    pub(super) fn new(limits: &'b ParseLimits, budget: &'b Budget) -> Self {
        Self { limits, budget, calls: 0, segments: 0, glyphs: 0, dashes: 0.0, unspent: 0 }
    }

    pub(super) fn budget(&self) -> &'b Budget {
        self.budget
    }

    pub(super) fn glyphs(&self) -> u64 {
        self.glyphs
    }

    pub(super) fn dashes(&self) -> f64 {
        self.dashes
    }

    /// Counts one device call and polls the budget now and then. Every turn of a nest of forms makes
    /// at least one call, so this is what ends a form bomb.
    pub(super) fn call(&mut self, steps: u64) {
        self.calls += 1;
        let limit = self.limits.max_segments.saturating_mul(CALLS_PER_SEGMENT);
        check(self.calls <= limit, limit, "too_many_operations", "makes", "drawing calls");
        self.unspent += steps.max(1);
        if self.unspent >= POLL_EVERY {
            let steps = std::mem::take(&mut self.unspent);
            if let Err(exhausted) = self.budget.spend(steps) {
                stop(exhausted.into());
            }
        }
    }

    pub(super) fn add_segments(&mut self, segments: u64) {
        self.segments += segments;
        let limit = self.limits.max_segments;
        check(self.segments <= limit, limit, "too_many_segments", "draws", "path segments");
    }

    pub(super) fn add_glyphs(&mut self, glyphs: u64) {
        self.glyphs += glyphs;
        let limit = self.limits.max_segments;
        check(self.glyphs <= limit, limit, "too_many_glyphs", "writes", "characters");
    }

    /// Counts the dashes a stroke falls into before anything renders them: a renderer makes a segment
    /// of each.
    pub(super) fn add_dashes(&mut self, path: &BezPath, stroke: &StrokeProps) {
        if stroke.dash_array.is_empty() {
            return;
        }
        self.dashes += dashes(path, stroke);
        // An infinite or undefined number of dashes is within no limit.
        let limit = self.limits.max_segments;
        check(self.dashes <= limit as f64, limit, "too_many_dashes", "draws", "dashes");
    }

    /// Refuses a picture before anything decodes it.
    pub(super) fn check_picture(&self, width: u32, height: u32) {
        if u64::from(width) * u64::from(height) > self.limits.max_pixels {
            stop(PageFailure::new(
                "image_too_large",
                format!(
                    "The page holds a picture of {width} x {height} pixels; the limit is {} pixels.",
                    self.limits.max_pixels
                ),
            ));
        }
    }
}

fn check(within: bool, limit: u64, code: &'static str, does: &str, what: &str) {
    if !within {
        stop(PageFailure::new(
            code,
            format!("The page {does} more than {limit} {what}, the limit for a page."),
        ));
    }
}

impl From<Exhausted> for PageFailure {
    fn from(exhausted: Exhausted) -> Self {
        match exhausted {
            Exhausted::Cancelled => Self::new("cancelled", "The work on the page was cancelled."),
            Exhausted::Steps => {
                Self::new("too_many_steps", "The page needs more steps than its limit allows.")
            }
        }
    }
}

/// How many dashes a stroke falls into, roughly; infinitely many where its lengths are none.
pub(super) fn dashes(path: &BezPath, stroke: &StrokeProps) -> f64 {
    let period: f64 = stroke.dash_array.iter().map(|d| f64::from(*d)).sum();
    let lengths_valid = stroke.dash_array.iter().all(|d| d.is_finite() && *d >= 0.0) && period > 0.0;
    if !lengths_valid {
        return f64::INFINITY;
    }
    control_length(path) / period * stroke.dash_array.len() as f64
}

/// Length of the control polygon, user units; never less than the length of the path.
fn control_length(path: &BezPath) -> f64 {
    let (mut start, mut at, mut length) = (Point::ZERO, Point::ZERO, 0.0);
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(p) => {
                start = p;
                at = p;
            }
            PathEl::LineTo(p) => {
                length += at.distance(p);
                at = p;
            }
            PathEl::QuadTo(a, p) => {
                length += at.distance(a) + a.distance(p);
                at = p;
            }
            PathEl::CurveTo(a, b, p) => {
                length += at.distance(a) + a.distance(b) + b.distance(p);
                at = p;
            }
            PathEl::ClosePath => {
                length += at.distance(start);
                at = start;
            }
        }
    }
    length
}
