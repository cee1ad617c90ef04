//! What the engine adds to the work of a page.

use pdf_writer::{Content, Pdf, Rect, Ref};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use takeoff_core::job::NewJob;

use super::Bench;
use crate::durable::end;
use crate::machine::process_cpu_seconds;
use crate::node::{children, cpu_seconds, exact_cpu_seconds};
use crate::pages::PageBed;
use crate::report::{Bound, Figure, Measure};
use crate::stores::Database;

/// Milliseconds of CPU.
const GOAL_MS: f64 = 2.0;

const HOW: &str = "CPU time of a page's job through the engine, less that of the stage called directly for the same page: \
    the same file, parsed by a child, its parts put into a store of files where they are new on both sides, its records \
    read from a PostgreSQL (synchronous_commit and fsync on) on the same machine. Through the engine the job is \
    enqueued, leased, run by an attempt actor, watched, its effects committed and the next one woken; called directly, \
    what the stage returns is dropped. Time of this process, with its node, and of the parse child; one page at a time \
    on both sides, pages not looked up among those parsed before. The pages are letters of some lines, whose parse is short: \
    what the engine adds is the same for every page, and the spread of a large sheet's parse is larger than it. A sample is \
    a round's mean; sides take turns, and each goes first in every other round.";
const HOW_OWN: &str =
    "The same without the parse child, whose work is the same on both sides and whose spread is not.";
const HOW_DATABASE: &str = "CPU time of the PostgreSQL server for a page through the engine, by the kernel's account (10 \
    ms). Called directly, the stage reads and commits nothing.";

/// CPU time, milliseconds a page.
#[derive(Debug, Clone, Copy)]
struct Spent {
    /// Of this process.
    own: f64,
    child: f64,
    database: f64,
}

/// CPU time that was used so far, seconds.
struct Used {
    own: f64,
    child: f64,
    database: f64,
}

impl Used {
    fn now(database: u32) -> anyhow::Result<Self> {
        let workers = children(std::process::id(), "parse-worker");
        let child = workers.into_iter().map(exact_cpu_seconds).sum::<anyhow::Result<f64>>()?;
        Ok(Self { own: process_cpu_seconds(), child, database: cpu_seconds(database)? })
    }

    fn since(&self, before: &Self, pages: usize) -> Spent {
        let ms = |now: f64, before: f64| (now - before) * 1e3 / pages as f64;
        Spent {
            own: ms(self.own, before.own),
            child: ms(self.child, before.child),
            database: ms(self.database, before.database),
        }
    }
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Measure>> {
    let sizes = &bench.sizes;
    let folder = tempfile::Builder::new().prefix("takeoff-bench-").tempdir_in(&bench.folder)?;
    let database = Database::start().await?;
    let bed = PageBed::new(database.catalog("pages").await?, folder.path(), &bench.program).await?;
    let (mut through, mut direct) = (Vec::new(), Vec::new());
    for round in 0..sizes.overhead_rounds {
        let seed = bench.seed.wrapping_add(round as u64);
        // The first page is each side's own, for its child to be started and warm.
        let pdf = letters(sizes.overhead_pages + 1, sizes.overhead_paths, seed)?;
        let tools = bed.tools()?;
        // A document for each side: no page is ready when its side comes to it.
        let (by_engine, by_hand) = (bed.open(&pdf, &tools).await?, bed.open(&pdf, &tools).await?);
        tools.children.close().await;
        if round % 2 == 0 {
            through.push(by_node(&bed, &database, by_engine).await?);
            direct.push(by_call(&bed, &database, by_hand).await?);
        } else {
            direct.push(by_call(&bed, &database, by_hand).await?);
            through.push(by_node(&bed, &database, by_engine).await?);
        }
    }
    let of = |side: &[Spent], part: fn(&Spent) -> f64| side.iter().map(part).collect::<Vec<f64>>();
    let less = |part: fn(&Spent) -> f64| -> Vec<f64> {
        through.iter().zip(&direct).map(|(engine, call)| part(engine) - part(call)).collect()
    };
    let inputs = json!({
        "pages_a_round": sizes.overhead_pages, "paths": sizes.overhead_paths, "postgresql": database.version(),
        "engine_own_ms": of(&through, |s| s.own), "engine_child_ms": of(&through, |s| s.child),
        "direct_own_ms": of(&direct, |s| s.own), "direct_child_ms": of(&direct, |s| s.child),
    });
    let measure = |id: &str, title: &str, samples, how| {
        anyhow::Ok(Measure::new(id, title, "ms", samples)?.inputs(inputs.clone()).how(how))
    };
    let all = |s: &Spent| s.own + s.child;
    Ok(vec![
        measure("page_overhead", "CPU that the engine adds to a page", less(all), HOW)?
            .goal(Bound::AtMost(GOAL_MS), Figure::Median)
            .beside("of the stage alone", "ms", of(&direct, all)),
        measure("page_overhead_own", "the same, without the parse child", less(|s| s.own), HOW_OWN)?.beside(
            "of the stage alone",
            "ms",
            of(&direct, |s| s.own),
        ),
        measure("page_database", "CPU of PostgreSQL for a page", of(&through, |s| s.database), HOW_DATABASE)?,
    ])
}

/// Pages of 8.5 x 11 in with so many lines each, no two alike.
fn letters(pages: usize, lines: usize, seed: u64) -> anyhow::Result<Vec<u8>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut pdf = Pdf::new();
    let (catalog, tree) = (Ref::new(1), Ref::new(2));
    let ids: Vec<Ref> = (0..i32::try_from(pages)?).map(|n| Ref::new(3 + 2 * n)).collect();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids(ids.iter().copied()).count(i32::try_from(pages)?);
    for id in ids {
        let content_id = Ref::new(id.get() + 1);
        pdf.page(id).parent(tree).media_box(Rect::new(0.0, 0.0, 612.0, 792.0)).contents(content_id);
        let mut content = Content::new();
        for _ in 0..lines {
            let mut end = || (random.random_range(20.0..590.0), random.random_range(20.0..770.0));
            let ((x1, y1), (x2, y2)) = (end(), end());
            content.move_to(x1, y1).line_to(x2, y2).stroke();
        }
        pdf.stream(content_id, &content.finish());
    }
    Ok(pdf.finish())
}

async fn by_node(bed: &PageBed, database: &Database, mut jobs: Vec<NewJob>) -> anyhow::Result<Spent> {
    let node = bed.node().await?;
    let first = jobs.remove(0);
    bed.check(bed.run(&node, vec![first]).await?).await?;
    let (pages, before) = (jobs.len(), Used::now(database.id())?);
    let ran = bed.run(&node, jobs).await?;
    let spent = Used::now(database.id())?.since(&before, pages);
    bed.check(ran).await?;
    end(node).await?;
    Ok(spent)
}

async fn by_call(bed: &PageBed, database: &Database, mut jobs: Vec<NewJob>) -> anyhow::Result<Spent> {
    let tools = bed.tools()?;
    bed.call(jobs.remove(0), &tools).await?;
    let (pages, before) = (jobs.len(), Used::now(database.id())?);
    for job in jobs {
        bed.call(job, &tools).await?;
    }
    let spent = Used::now(database.id())?.since(&before, pages);
    tools.children.close().await;
    Ok(spent)
}
