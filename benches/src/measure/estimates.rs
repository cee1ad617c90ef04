//! What pages are thought to take of memory, held against what they take.

use serde_json::json;

use super::Bench;
use crate::peaks::{self, Compared, made};
use crate::report::{Bound, Figure, Measure};

/// Of what is thought, that may be needed at the most: what is admitted together stays within the budget.
const GOAL: f64 = 1.0;

const HOW_PAGE: &str = "The peak of a parse worker (VmHWM, less what is mapped of files) that parses a page, of the memory tokens that are taken for \
    it (core/page/weight.rs). Each sample is a page in a process of its own: drawings, pictures, scans.";
const HOW_LIST: &str = "What the unpacked list of such a page, its index and the search for what repeats on it add to \
    the memory of a process at their peak, of the tokens that are taken for a list of its packed size.";

pub(super) fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
    let (mut pages, mut lists, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for file in made::pages(folder.path(), &bench.sizes, bench.seed)? {
        let found = peaks::of_page(&bench.own, &file, 0)?;
        names.push(file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
        pages.push(found.page);
        lists.push(found.list);
    }
    let measure = |id: &str, title: &str, all: &[Compared], how| {
        let samples = all.iter().map(Compared::ratio).collect();
        let bytes = |of: fn(&Compared) -> u64| all.iter().map(|c| of(c) as f64 / 1e6).collect::<Vec<_>>();
        let inputs = json!({"pages": names, "thought_mb": bytes(|c| c.likely), "peak_mb": bytes(|c| c.peak)});
        let measure = Measure::new(id, title, "of it", samples)?.inputs(inputs).how(how);
        anyhow::Ok(measure.goal(Bound::AtMost(GOAL), Figure::Max))
    };
    Ok(vec![
        measure("page_estimate", "memory of a page, of what it is thought to take", &pages, HOW_PAGE)?,
        measure("list_estimate", "memory of a page's list, of what it is thought to take", &lists, HOW_LIST)?,
    ])
}
