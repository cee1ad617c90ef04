//! Documents and pages of a run: upload, wait, scales.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use anyhow::Context as _;
use takeoff_commands::documents::{StagedUpload, receive_upload};
use takeoff_commands::scale::{Calibration, ManualScale, RealUnit, calibrate, contradicted, set_scale};
use takeoff_commands::{Ctx, reads};
use takeoff_core::job::Job;
use takeoff_core::model::{Document, DocumentStatus, Id, Page, PageStatus};
use takeoff_core::scale::ScaleRecord;

use super::progress::Progress;
use super::report::{DocumentReport, PageReport, ScaleReport};
use super::text::{listed as listed_pages, short};
use crate::recipe::{DocumentPart, ScalePart};

/// Longest that one document or session is waited for.
pub(crate) const PATIENCE_MS: u64 = 3_600_000;
/// How often progress is asked for.
const ASK_MS: u64 = 150;

/// The method of a scale that a person gave.
pub(crate) const BY_HAND: &str = "manual_calibration";

/// The international foot.
const METERS_PER_FOOT: f64 = 0.3048;

/// A document of the recipe with its pages.
pub(crate) struct Sheets {
    pub(crate) id: String,
    pub(crate) pages: Vec<Page>,
    /// Nothing of the file is missing.
    pub(crate) whole: bool,
}

impl Sheets {
    pub(crate) fn page(&self, number: u32) -> Result<&Page, String> {
        self.pages
            .iter()
            .find(|p| p.number == number)
            .ok_or_else(|| format!("`{}` has no page {number}, it has {} pages", self.id, self.pages.len()))
    }
}

/// Copies the file to where uploads arrive and hands it in.
pub(crate) async fn upload(
    ctx: &Ctx<'_>,
    project: Id,
    part: &DocumentPart,
    folder: &Path,
) -> anyhow::Result<Document> {
    let source = folder.join(&part.file);
    let staged = ctx.handle.blobs().scratch().join(format!("upload-{}", ctx.handle.next_id()));
    let size = tokio::fs::copy(&source, &staged)
        .await
        .with_context(|| format!("{} cannot be copied", source.display()))?;
    let name = source.file_name().map(|n| n.to_string_lossy().into_owned());
    let upload =
        StagedUpload { path: staged, size, original_filename: name.unwrap_or_else(|| "unknown".to_owned()) };
    Ok(receive_upload(ctx, project, upload).await?)
}

/// Waits until the numbers and sizes of a document's pages are known, or that they will not be.
pub(crate) async fn listed(ctx: &Ctx<'_>, document: &Document) -> anyhow::Result<Document> {
    let ended = ctx.handle.await_job(ctx.tenant, document.job_id, PATIENCE_MS);
    let mut ended = std::pin::pin!(ended);
    let every = std::time::Duration::from_millis(ASK_MS);
    loop {
        let done = tokio::time::timeout(every, &mut ended).await;
        let now = reads::document(ctx, document.id).await?;
        if done.is_ok() || matches!(now.status, DocumentStatus::Ready | DocumentStatus::Error) {
            return Ok(now);
        }
    }
}

/// Waits for a job while showing its progress.
pub(crate) async fn wait(ctx: &Ctx<'_>, job: Id, progress: &Progress) -> anyhow::Result<Job> {
    let ended = ctx.handle.await_job(ctx.tenant, job, PATIENCE_MS);
    let mut ended = std::pin::pin!(ended);
    let every = std::time::Duration::from_millis(ASK_MS);
    loop {
        match tokio::time::timeout(every, &mut ended).await {
            Ok(done) => return Ok(done?),
            Err(_) => {
                let now = reads::task(ctx, job).await?;
                if let Some(job) = now {
                    progress.at(job.percent());
                }
            }
        }
    }
}

pub(crate) fn document_report(part: &DocumentPart, document: &Document) -> DocumentReport {
    DocumentReport {
        document: part.id.clone(),
        file: document.original_filename.clone(),
        status: format!("{:?}", document.status).to_lowercase(),
        pages: document.page_count.unwrap_or(0),
        bytes: document.file_size,
        error: document.processing_error.clone(),
    }
}

/// One that was not taken.
pub(crate) fn refused(part: &DocumentPart, why: &anyhow::Error) -> DocumentReport {
    DocumentReport {
        document: part.id.clone(),
        file: part.file.display().to_string(),
        status: "refused".to_owned(),
        pages: 0,
        bytes: 0,
        error: Some(format!("{why:#}")),
    }
}

/// Leaves of a page's scale what is in force: where it is set by hand, the text and the evidence that were found
/// on the page say something else, or nothing of it.
pub(crate) fn in_force(page: &mut Page, stated: Option<&ScalePart>) {
    if page.scale.method.as_deref() == Some(BY_HAND)
        && let Some(stated) = stated
    {
        page.scale.text.clone_from(&stated.text);
        page.scale.record = None;
    }
}

pub(crate) fn page_report(document: &str, page: &Page) -> PageReport {
    let scale = &page.scale;
    let record = scale.record.as_ref();
    let best = record.and_then(|r| r.best.as_ref());
    PageReport {
        document: document.to_owned(),
        page: page.number,
        width: page.space.map_or(0, |s| s.width_px),
        height: page.space.map_or(0, |s| s.height_px),
        status: if page.status == PageStatus::Error { "error" } else { "ready" }.to_owned(),
        error: page.processing_error.clone(),
        paths: page.path_count,
        words: page.word_count,
        scale: ScaleReport {
            calibrated: scale.calibrated,
            pixels_per_foot: scale.px_per_foot,
            text: scale.text.clone(),
            ratio: page.space.and_then(|s| s.dpi).zip(scale.px_per_foot).map(|(dpi, p)| dpi * 12.0 / p),
            confidence: best.map(|b| b.confidence),
            method: scale.method.clone(),
            place: best.and_then(|b| b.bbox),
            withheld: record.and_then(|r| r.withheld.clone()).filter(|_| !scale.calibrated),
            candidates: record
                .map(|r| r.candidates.iter().map(|c| c.text.clone()).collect())
                .unwrap_or_default(),
        },
        findings: page.findings.iter().map(|f| f.message.clone()).collect(),
        content_hash: page.content_hash(),
        picture: None,
    }
}

/// Pages that show just what pages of a document before them do, such as the unchanged sheets of a revision. Blank ones
/// are left out.
pub(crate) fn same_pages<'s>(all: impl Iterator<Item = &'s Sheets>) -> Vec<String> {
    let mut first: BTreeMap<String, (&str, u32)> = BTreeMap::new();
    let mut notes = Vec::new();
    for sheets in all {
        let mut same: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
        let drawn = |p: &&Page| p.path_count + p.word_count > 0 || p.is_vector == Some(false);
        for page in sheets.pages.iter().filter(drawn) {
            let Some(content) = page.content_hash() else { continue };
            match first.entry(content) {
                Entry::Vacant(place) => drop(place.insert((&sheets.id, page.number))),
                Entry::Occupied(place) => {
                    let (document, number) = *place.get();
                    if document != sheets.id {
                        same.entry(document).or_default().push((page.number, number));
                    }
                }
            }
        }
        notes.extend(same.into_iter().filter_map(|(document, pairs)| {
            let (here, mut there): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
            there.sort_unstable();
            there.dedup();
            Some(format!(
                "`{}` {} just the same as `{document}` {}: what is taken off both is there twice",
                sheets.id,
                shows(&listed_pages(&here)?, here.len()),
                listed_pages(&there)?
            ))
        }));
    }
    notes
}

fn shows(pages: &str, number: usize) -> String {
    format!("{pages} {}", if number == 1 { "shows" } else { "show" })
}

/// The scale that a page is measured by, for a person; `None` where it has none.
pub(crate) fn scale_of(page: &Page) -> Option<String> {
    let scale = &page.scale;
    let stated = scale.px_per_foot.filter(|_| scale.calibrated)?;
    Some(scale.text.clone().unwrap_or_else(|| format!("{} px/ft", short(stated))))
}

/// Sets the scale that the recipe gives a page.
pub(crate) async fn override_scale(ctx: &Ctx<'_>, page: &Page, part: &ScalePart) -> Result<(), String> {
    let said = |e: takeoff_commands::CommandError| e.to_string();
    let feet = part.feet.or(part.meters.map(|m| m / METERS_PER_FOOT));
    if let (Some(from), Some(to), Some(feet)) = (part.from, part.to, feet) {
        let pixel_distance = (from[0] - to[0]).hypot(from[1] - to[1]);
        let calibration = Calibration { pixel_distance, real_distance: feet, real_unit: RealUnit::Foot };
        return calibrate(ctx, page.id, calibration).await.map(|_| ()).map_err(said);
    }
    // A text alone is the scale that it states.
    let scale = ManualScale { value: part.px_per_foot, unit: "foot".to_owned(), text: part.text.clone() };
    set_scale(ctx, page.id, scale).await.map(|_| ()).map_err(said)
}

/// What speaks against the scale that the recipe gives a page: what HTTP's answer says of the same, by the same rules.
pub(crate) fn contradicted_scale(document: &str, page: &Page) -> Option<String> {
    let said = contradicted(page).filter(|_| page.scale.method.as_deref() == Some(BY_HAND))?;
    Some(format!("`{document}` page {}: {said}; the recipe's scale is used", page.number))
}

/// What to check of a scale that was found on the page.
pub(crate) fn unsure_scale(document: &str, page: &Page) -> Vec<String> {
    let found = page.scale.method.as_deref() != Some(BY_HAND);
    let record = page.scale.record.as_ref().filter(|_| found && page.scale.calibrated);
    let findings = record.iter().flat_map(|r| &r.findings);
    let told = findings.filter(|f| f.code == ScaleRecord::TAKEN_ON_NO_SHEET);
    told.map(|f| format!("`{document}` page {}: {}", page.number, f.message)).collect()
}

#[cfg(test)]
mod tests {
    use takeoff_core::model::{BlobHash, PageBlobs, PageScale, Timestamp};

    use super::*;

    fn sheets(id: &str, contents: &[u8]) -> Sheets {
        let page = |(number, content): (u32, &u8)| Page {
            number,
            blobs: Some(PageBlobs {
                list: BlobHash([*content; 32]),
                image: BlobHash([*content; 32]),
                thumbnail: BlobHash([0; 32]),
            }),
            path_count: u64::from(*content),
            ..blank()
        };
        Sheets { id: id.to_owned(), pages: (1..).zip(contents).map(page).collect(), whole: true }
    }

    fn blank() -> Page {
        Page {
            id: Id::NIL,
            document_id: Id::NIL,
            project_id: Id::NIL,
            number: 1,
            space: None,
            inches: None,
            status: PageStatus::Ready,
            processing_error: None,
            blobs: None,
            is_vector: Some(true),
            path_count: 0,
            word_count: 0,
            findings: Vec::new(),
            scale: PageScale::unknown(),
            sheet_number: None,
            title: None,
            display_name: None,
            display_order: None,
            group_name: None,
            is_relevant: true,
            shapes: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn sheets_that_come_again_in_another_document_are_told() {
        // Blank pages (0) and pages that are twice in one document say nothing.
        let all = [sheets("a", &[1, 2, 3, 4, 0, 4]), sheets("b", &[9, 2, 3, 4, 0]), sheets("c", &[9])];
        assert_eq!(
            same_pages(all.iter()),
            [
                "`b` pages 2 to 4 show just the same as `a` pages 2 to 4: what is taken off both is there twice",
                "`c` page 1 shows just the same as `b` page 1: what is taken off both is there twice"
            ]
        );
    }
}
