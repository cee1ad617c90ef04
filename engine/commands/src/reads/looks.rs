//! Reads that look into a page's drawing: bounded work on the compute pool within the request.

use std::collections::VecDeque;
use std::io::BufReader;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use takeoff_core::budget::Budget;
use takeoff_core::count::{CountParams, PageIndex, Suggestions, suggest};
use takeoff_core::found::Found;
use takeoff_core::job::Lane;
use takeoff_core::model::{BlobHash, Id, Page, TenantId};
use takeoff_core::page::display::DisplayList;
use takeoff_core::page::{CropArea, CropError, crop, worked_list_bytes};
use takeoff_engine::compute::ComputeError;
use takeoff_engine::error::EngineError;
use takeoff_engine::memory::Held;

use super::page;
use crate::count::countable;
use crate::erased;
use crate::{CommandError, Ctx};

/// Largest display list that is looked at within a request, stored and unpacked, bytes.
const LIST_BYTES: u64 = 32 * 1024 * 1024;
const UNPACKED_LIST_BYTES: usize = 192 * 1024 * 1024;
/// What is drawn alike has one size; other sizes would have to be looked for everywhere.
const SCALE_TOLERANCE: f64 = 0.03;
/// Longest that a look may take, its wait for a thread included; then it ends with what it has.
const TIME: Duration = Duration::from_secs(30);
/// How long it may take to end.
const GRACE: Duration = Duration::from_secs(10);
/// Seconds after which a request that found no thread may be tried again.
const RETRY_AFTER_S: u64 = 5;

/// What repeats on a page, and what was noticed on the way.
pub type Suggested = Arc<Found<Suggestions>>;

/// Pages whose suggestions are kept.
const KEPT: usize = 64;

/// Suggestions of the pages that were asked for last, by what is drawn there: to find them takes seconds.
#[derive(Debug, Default)]
pub struct SuggestedPages(Mutex<VecDeque<(TenantId, BlobHash, Suggested)>>);

impl SuggestedPages {
    /// Those of a page, if they are known.
    pub fn of(&self, ctx: &Ctx<'_>, page: &Page) -> Option<Suggested> {
        let list = page.blobs?.list;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(tenant, of, _)| (*tenant, *of) == (ctx.tenant, list))?;
        let known = kept.remove(at)?;
        let found = known.2.clone();
        kept.push_back(known);
        Some(found)
    }

    fn keep(&self, tenant: TenantId, list: BlobHash, found: &Suggested) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((tenant, list, found.clone()));
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }
}

/// A page whose drawing can be looked through; `Invalid` while it is not ready.
#[erased]
pub async fn drawn_page(ctx: &Ctx<'_>, page_id: Id) -> Result<Page, CommandError> {
    let page = page(ctx, page_id).await?;
    countable(&page)?;
    Ok(page)
}

/// What repeats on a page of [`drawn_page`], as [`suggest`] finds it for counts of one size; kept among the `known`,
/// unless there was no time to end. `Invalid` when its drawing is too large to be looked at while somebody waits.
#[erased]
pub async fn suggestions(
    ctx: &Ctx<'_>,
    page: &Page,
    known: &SuggestedPages,
) -> Result<Suggested, CommandError> {
    let number = page.number;
    let too_large = move || {
        CommandError::invalid(format!("page {number} holds too much ink to be looked through at once"))
    };
    let Some(blobs) = page.blobs else { return Err(too_large()) };
    let size = ctx.handle.blobs().stat(ctx.tenant, blobs.list).await?;
    if size.is_some_and(|s| s > LIST_BYTES) {
        return Err(too_large());
    }
    let held = memory(ctx, worked_list_bytes(size.unwrap_or(LIST_BYTES), page.picture_pixels())).await?;
    let bytes = ctx.handle.blobs().read(ctx.tenant, blobs.list, LIST_BYTES).await?;
    let work = move |budget: &Budget| {
        let _held = held;
        let list = DisplayList::decode(&bytes, UNPACKED_LIST_BYTES).map_err(|_| too_large())?;
        let index = PageIndex::build(&list, budget).map_err(|_| busy())?;
        drop(list);
        let params = CountParams { scale_tolerance: SCALE_TOLERANCE, ..CountParams::default() };
        let found = suggest(&index, &params, budget);
        Ok::<_, CommandError>((found, budget.is_cancelled()))
    };
    let (found, cut_short) = look(ctx, work).await??;
    let found = Arc::new(found);
    if !cut_short {
        known.keep(ctx.tenant, blobs.list, &found);
    }
    Ok(found)
}

/// A part of a page's image as PNG. `NotFound` where the page has none, `Invalid` where the part is not inside
/// it.
#[erased]
pub async fn page_crop(ctx: &Ctx<'_>, page: &Page, area: CropArea) -> Result<Vec<u8>, CommandError> {
    let blobs = page.blobs.ok_or(CommandError::NotFound { what: "Page image" })?;
    let image = ctx.handle.blobs().local(ctx.tenant, blobs.image).await?;
    let work = move |budget: &Budget| {
        let unreadable = |e: std::io::Error| failed(format!("a page image cannot be read: {e}"));
        let file = std::fs::File::open(&image.path).map_err(unreadable)?;
        crop(BufReader::new(file), area, budget).map_err(|e| match e {
            CropError::Outside { .. } => CommandError::invalid(e.to_string()),
            CropError::Exhausted(_) => busy(),
            e => failed(e.to_string()),
        })
    };
    look(ctx, work).await?
}

/// Memory for a look, or that others held it for as long as `api.look_wait_ms`.
async fn memory(ctx: &Ctx<'_>, bytes: u64) -> Result<Held, CommandError> {
    let wait = Duration::from_millis(ctx.handle.config().api.look_wait_ms);
    let taken = ctx.handle.memory().take(Lane::Interactive, bytes, wait, &Budget::unlimited()).await;
    taken.map_err(|_| busy())
}

fn busy() -> CommandError {
    CommandError::Busy { retry_after_s: RETRY_AFTER_S }
}

fn failed(why: String) -> CommandError {
    CommandError::Engine(EngineError::Failed(why))
}

/// Ends the work when the request goes away.
struct CancelOnDrop(Budget);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Runs work on the compute pool; its budget ends with [`TIME`] and with the request.
async fn look<T: Send + 'static>(
    ctx: &Ctx<'_>,
    work: impl FnOnce(&Budget) -> T + Send + 'static,
) -> Result<T, CommandError> {
    let own = CancelOnDrop(Budget::unlimited());
    let budget = own.0.clone();
    let run = ctx.handle.compute().run_long(&own.0, move |_| work(&budget));
    let mut run = std::pin::pin!(run);
    let done = match tokio::time::timeout(TIME, &mut run).await {
        Ok(done) => done,
        Err(_) => {
            own.0.cancel();
            tokio::time::timeout(GRACE, run).await.unwrap_or(Err(ComputeError::Unhealthy))
        }
    };
    done.map_err(|e| match e {
        ComputeError::Cancelled | ComputeError::Unhealthy => busy(),
        ComputeError::Panicked(why) => failed(why),
    })
}
