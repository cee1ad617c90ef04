//! One question asked of a drawing that is at hand.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, Exemplar, PageIndex, find};
use takeoff_core::geom::PxRect;
use takeoff_core::page::request::{FileType, ParseLimits};

/// Counts what the box on the page (the first is 1) holds, and lists detections and near misses.
pub(crate) fn ask(path: &Path, page: u32, area: PxRect, out: &mut impl Write) -> anyhow::Result<()> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let (limits, budget) = (ParseLimits::default(), Budget::unlimited());
    let mut file = takeoff_core::page::open(Arc::new(bytes), FileType::Pdf, &limits)
        .map_err(|e| anyhow::anyhow!("{}: {e:?}", path.display()))?;
    let index = page.checked_sub(1).context("the first page is page 1")?;
    let list = file
        .walk_page(index, &limits, &budget)
        .map_err(|e| anyhow::anyhow!("{} page {page}: {e:?}", path.display()))?
        .list;
    let indexed = PageIndex::build(&list, &budget)?;
    let exemplar = Exemplar::cut(&indexed, area, &budget)?;
    writeln!(out, "{exemplar}")?;
    let outcome = find(&indexed, &exemplar, &CountParams::default(), &budget).value;
    for (what, found) in [("detections", &outcome.detections), ("near misses", &outcome.near_misses)] {
        writeln!(out, "{} {what}", found.len())?;
        for d in found {
            writeln!(
                out,
                "  {:.3} at {:.0},{:.0} turned {:.1} size {:.3} coverage {:.3} extra {:.3}{}{}",
                d.confidence,
                d.center.x,
                d.center.y,
                d.angle_deg,
                d.scale,
                d.coverage,
                d.extra,
                if d.mirrored { " mirrored" } else { "" },
                if d.in_legend { " in a legend" } else { "" },
            )?;
        }
    }
    Ok(())
}
