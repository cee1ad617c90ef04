//! Counting in a run: one session for each `[[condition.count]]`.

use takeoff_commands::count::{StartCount, bulk_confirm, create_measurements, reject, start};
use takeoff_commands::{Ctx, reads};
use takeoff_core::geom::PxRect;
use takeoff_core::model::{Condition, CountSession, Detection, Id, SessionStatus};

use super::progress::Progress;
use super::report::{CountReport, DetectionReport, Spread};
use super::sheets::{Sheets, wait};
use crate::recipe::{CountPart, Pages};

/// Counts, confirms what was found, makes measurements of it.
pub(crate) async fn count(
    ctx: &Ctx<'_>,
    condition: &Condition,
    part: &CountPart,
    sheets: &Sheets,
    progress: &Progress,
) -> Result<CountReport, String> {
    let page = sheets.page(part.page)?;
    let searched = searched_pages(part, sheets)?;
    let ids: Vec<Id> = searched.iter().map(|n| sheets.page(*n).map(|p| p.id)).collect::<Result<_, _>>()?;
    let [x, y, w, h] = part.exemplar;
    let request = StartCount {
        page_id: page.id,
        condition_id: condition.id,
        exemplar: PxRect::new(x, y, w, h),
        confidence_threshold: part.threshold,
        scale_tolerance: part.scale_tolerance,
        rotation_tolerance: part.rotation_tolerance,
        detection_method: None,
        lettering: None,
        max_detections: part.max_detections,
        page_ids: Some(ids),
    };
    let started = start(ctx, request).await.map_err(|e| e.to_string())?;
    wait(ctx, started.job_id, progress).await.map_err(|e| format!("{e:#}"))?;
    let session = reads::session(ctx, started.id).await.map_err(|e| e.to_string())?;
    if session.status != SessionStatus::Completed {
        return Err(session.error_message.unwrap_or_else(|| "the count did not complete".to_owned()));
    }
    let detections = reads::detections(ctx, started.id).await.map_err(|e| e.to_string())?;
    let counted = settle(ctx, &session, &detections, part.include_legend).await.map_err(|e| e.to_string())?;
    Ok(report(part, sheets, searched, &session, &detections, counted))
}

/// Samples in a legend are rejected, the rest becomes measurements; returns how many.
async fn settle(
    ctx: &Ctx<'_>,
    session: &CountSession,
    detections: &[Detection],
    include_legend: bool,
) -> Result<u64, takeoff_commands::CommandError> {
    for sample in detections.iter().filter(|d| d.in_legend && !include_legend) {
        reject(ctx, sample.id).await?;
    }
    bulk_confirm(ctx, session.id, 0.0).await?;
    create_measurements(ctx, session.id).await
}

fn searched_pages(part: &CountPart, sheets: &Sheets) -> Result<Vec<u32>, String> {
    let mut pages = match &part.pages {
        None => vec![part.page],
        Some(Pages::List(list)) => list.clone(),
        Some(Pages::Word(_)) => {
            let drawn = |p: &&takeoff_core::model::Page| p.blobs.is_some() && p.is_vector == Some(true);
            sheets.pages.iter().filter(drawn).map(|p| p.number).collect()
        }
    };
    for number in &pages {
        sheets.page(*number)?;
    }
    pages.sort_unstable();
    pages.dedup();
    Ok(pages)
}

fn report(
    part: &CountPart,
    sheets: &Sheets,
    searched: Vec<u32>,
    session: &CountSession,
    detections: &[Detection],
    counted: u64,
) -> CountReport {
    let number = |id: Id| sheets.pages.iter().find(|p| p.id == id).map_or(0, |p| p.number);
    let taken = |d: &&Detection| part.include_legend || !d.in_legend;
    CountReport {
        document: part.document.clone(),
        page: part.page,
        searched_pages: searched,
        counted,
        in_legend: detections.iter().filter(|d| d.in_legend).count() as u64,
        mirrored: detections.iter().filter(taken).filter(|d| d.mirrored).count() as u64,
        found: session.found_detections,
        truncated: session.truncated,
        confidence: Spread::of(detections.iter().filter(taken).map(|d| d.confidence).collect()),
        detections: detections
            .iter()
            .map(|d| DetectionReport {
                page: number(d.page_id),
                bbox: d.bbox,
                confidence: d.confidence,
                angle: d.angle,
                mirrored: d.mirrored,
                in_legend: d.in_legend,
            })
            .collect(),
        incomplete: session.error_message.clone(),
    }
}
