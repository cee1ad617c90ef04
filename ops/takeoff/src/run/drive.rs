//! The recipe, step by step, through the same commands that HTTP requests use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rust_decimal::Decimal;
use takeoff_commands::conditions::create_all as create_conditions;
use takeoff_commands::projects::{NewProject, create as create_project};
use takeoff_commands::scale::detect_scale;
use takeoff_commands::{Ctx, reads};
use takeoff_core::model::{Condition, Document, DocumentStatus, GeometryType, Id};
use takeoff_engine::clock::Stopwatch;
use takeoff_engine::handle::Handle;

use super::files::Outputs;
use super::progress::Progress;
use super::report::{ConditionReport, CostReport, CountReport, MeasureReport, MemoryUse, Report, TimeUse};
use super::sheets::{self, Sheets};
use super::{color, count, measure, picture, places, price};
use crate::recipe::{ConditionPart, DocumentPart, Recipe};

struct Drive<'a> {
    ctx: Ctx<'a>,
    recipe: &'a Recipe,
    progress: &'a Progress,
    report: Report,
    sheets: Vec<Sheets>,
    /// Pages whose scale of the recipe was refused: what is printed on them is not what the recipe wants.
    unscaled: BTreeSet<(String, u32)>,
    /// Notes on pages whose scale is to be checked.
    unsure: BTreeMap<(String, u32), Vec<String>>,
}

pub(crate) async fn drive(
    handle: &Handle,
    recipe: &Recipe,
    folder: &Path,
    out: Option<&Outputs>,
    progress: &Progress,
) -> anyhow::Result<Report> {
    let ctx = Ctx::new(handle, handle.tenant(), None);
    let report = Report {
        project: recipe.project.name.clone(),
        engine_version: takeoff_core::ENGINE_VERSION,
        documents: Vec::new(),
        pages: Vec::new(),
        conditions: Vec::new(),
        cost: CostReport::default(),
        cost_lacks: Vec::new(),
        problems: Vec::new(),
        notes: Vec::new(),
        check_by_eye: Vec::new(),
        seconds: TimeUse::default(),
        memory: MemoryUse::default(),
    };
    let (sheets, unscaled, unsure) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    let mut drive = Drive { ctx, recipe, progress, report, sheets, unscaled, unsure };
    let watch = Stopwatch::start();
    let project = drive.project().await?;
    drive.documents(project, folder).await?;
    places::check(recipe, &drive.sheets)?;
    if let Some(out) = out {
        // From here on the run gives numbers, or none: those of an earlier one would pass for its.
        out.clear()?;
    }
    drive.scales().await?;
    drive.report.seconds.ingest = watch.elapsed().as_secs_f64();
    drive.conditions(project).await?;
    drive.report.cost = price::summary(&drive.ctx, project).await?;
    drive.report.cost_lacks = drive.report.lacks_of_cost();
    let priced = watch.elapsed().as_secs_f64();
    drive.report.seconds.measure_and_price =
        priced - drive.report.seconds.ingest - drive.report.seconds.count;
    if let Some(out) = out {
        // What an earlier run drew goes, even where nothing is drawn in its place.
        if drive.report.conditions.iter().any(|c| !c.counts.is_empty() || !c.measures.is_empty()) {
            progress.step("Drawing the pages that were counted or measured on");
        }
        if let Err(e) = picture::write_all(&drive.ctx, out, &drive.sheets, &mut drive.report).await {
            drive.report.problems.push(format!("the pictures are not all written: {e:#}"));
        }
    }
    drive.report.seconds.total = watch.elapsed().as_secs_f64();
    drive.report.seconds.draw = drive.report.seconds.total - priced;
    Ok(drive.report)
}

impl Drive<'_> {
    async fn project(&self) -> anyhow::Result<Id> {
        let part = &self.recipe.project;
        let new = NewProject {
            name: part.name.clone(),
            description: part.description.clone(),
            client_name: part.client.clone(),
            project_address: part.address.clone(),
        };
        Ok(create_project(&self.ctx, new).await?.id)
    }

    async fn documents(&mut self, project: Id, folder: &Path) -> anyhow::Result<()> {
        let mut taken = Vec::new();
        for part in &self.recipe.documents {
            self.progress.step(&format!("Ingesting {}", part.file.display()));
            match sheets::upload(&self.ctx, project, part, folder).await {
                Ok(document) => taken.push((part, document)),
                Err(e) => {
                    self.report.problems.push(format!("document `{}`: {e:#}", part.id));
                    self.report.documents.push(sheets::refused(part, &e));
                }
            }
        }
        self.places_of(&taken).await?;
        let (mut same_file, mut copies) = (BTreeMap::new(), BTreeSet::new());
        for (part, document) in taken {
            sheets::wait(&self.ctx, document.job_id, self.progress).await?;
            let document = reads::document(&self.ctx, document.id).await?;
            if document.status != DocumentStatus::Ready {
                let why = document.processing_error.as_deref().unwrap_or("it could not be read");
                self.report.problems.push(format!("document `{}`: {why}", part.id));
            }
            let incomplete =
                document.findings.iter().map(|f| format!("document `{}`: {}", part.id, f.message));
            self.report.problems.extend(incomplete);
            self.report.documents.push(sheets::document_report(part, &document));
            if let Some(same) = same_file.insert(document.blob, &part.id) {
                self.report.notes.push(format!(
                    "documents `{same}` and `{}` are the same file: what is taken off both is there twice",
                    part.id
                ));
                copies.insert(part.id.as_str());
            }
            let pages = reads::pages_by_number(&self.ctx, document.id).await?;
            let whole = document.status == DocumentStatus::Ready && document.findings.is_empty();
            self.sheets.push(Sheets { id: part.id.clone(), pages, whole });
        }
        let told_of = self.sheets.iter().filter(|s| !copies.contains(s.id.as_str()));
        self.report.notes.extend(sheets::same_pages(told_of));
        Ok(())
    }

    /// Compares the recipe with the pages as soon as their numbers and sizes are known, long before all are read.
    async fn places_of(&self, taken: &[(&DocumentPart, Document)]) -> anyhow::Result<()> {
        let mut listed = Vec::new();
        for (part, document) in taken {
            let document = sheets::listed(&self.ctx, document).await?;
            let pages = reads::pages_by_number(&self.ctx, document.id).await?;
            let whole = document.status == DocumentStatus::Ready && document.findings.is_empty();
            listed.push(Sheets { id: part.id.clone(), pages, whole });
        }
        Ok(places::check(self.recipe, &listed)?)
    }

    /// Waits for the detections that ingestion started, then applies the recipe's own scales.
    async fn scales(&mut self) -> anyhow::Result<()> {
        self.progress.step("Finding the scale of every page");
        for sheets in &mut self.sheets {
            for page in &mut sheets.pages {
                if let Some(job) = page.scale.detection_job {
                    sheets::wait(&self.ctx, job, self.progress).await?;
                } else if page.blobs.is_some() && page.scale.record.is_none() {
                    let job = detect_scale(&self.ctx, page.id).await?;
                    sheets::wait(&self.ctx, job, self.progress).await?;
                }
            }
        }
        for part in &self.recipe.scales {
            let page = self.sheets.iter().find(|s| s.id == part.document).map(|s| s.page(part.page));
            let applied = match page {
                Some(Ok(page)) => sheets::override_scale(&self.ctx, page, part).await,
                Some(Err(why)) => Err(why),
                None => Err("the document could not be read".to_owned()),
            };
            if let Err(why) = applied {
                let place = format!("scale of `{}` page {}", part.document, part.page);
                self.report.problems.push(format!("{place}: {why}"));
                self.unscaled.insert((part.document.clone(), part.page));
            }
        }
        for sheets in &mut self.sheets {
            for page in &mut sheets.pages {
                *page = reads::page(&self.ctx, page.id).await?;
                let stated =
                    self.recipe.scales.iter().find(|s| s.document == sheets.id && s.page == page.number);
                let mut unsure: Vec<String> =
                    sheets::contradicted_scale(&sheets.id, page).into_iter().collect();
                unsure.extend(sheets::unsure_scale(&sheets.id, page));
                sheets::in_force(page, stated);
                self.report.notes.extend(unsure.iter().cloned());
                if !unsure.is_empty() {
                    self.unsure.insert((sheets.id.clone(), page.number), unsure);
                }
                let report = sheets::page_report(&sheets.id, page);
                let place = format!("`{}` page {}", report.document, report.page);
                if let Some(why) = &report.error {
                    self.report.problems.push(format!("{place}: {why}"));
                }
                for finding in &page.findings {
                    let said = format!("{place}: {}", finding.message);
                    let list = &mut self.report;
                    if finding.is_damage() { &mut list.problems } else { &mut list.notes }.push(said);
                }
                self.report.pages.push(report);
            }
        }
        Ok(())
    }

    async fn conditions(&mut self, project: Id) -> anyhow::Result<()> {
        let recipe = self.recipe;
        let colors = color::of(&recipe.conditions);
        let new = recipe.conditions.iter().zip(&colors).map(|(part, color)| part.new_condition(color));
        let created = create_conditions(&self.ctx, project, new.collect()).await?;
        for ((part, color), created) in recipe.conditions.iter().zip(colors).zip(created) {
            let report = match created {
                Ok(condition) => self.condition(project, &condition, part).await?,
                Err(e) => ConditionReport::failed(part, color, e.to_string()),
            };
            let place = format!("condition `{}`", part.id);
            self.report.problems.extend(report.problems.iter().map(|p| format!("{place}, {p}")));
            self.report.notes.extend(report.notes().map(|n| format!("{place}, {n}")));
            self.report.notes.extend(measure::twice(part).into_iter().map(|n| format!("{place}, {n}")));
            let doubts = report.doubts().join("; ");
            self.report.check_by_eye.extend((!doubts.is_empty()).then(|| format!("{}: {doubts}", part.name)));
            self.report.conditions.push(report);
            self.progress.is_through(&part.id);
        }
        Ok(())
    }

    async fn condition(
        &mut self,
        project: Id,
        condition: &Condition,
        part: &ConditionPart,
    ) -> anyhow::Result<ConditionReport> {
        let (counts, mut problems) = self.counts(condition, part).await;
        let measured = measure::all(&self.ctx, condition, part, &self.sheets, &self.unscaled).await?;
        let measures = measured.measures;
        problems.extend(measured.problems);
        self.report.notes.extend(measured.notes);
        if part.counts.is_empty() && part.measures.is_empty() {
            problems.push("the recipe gives it nothing to count or to measure".to_owned());
        }
        let now = reads::condition(&self.ctx, project, condition.id).await?;
        let flat = now.is_flat() && now.measurement_count > 0;
        if flat {
            problems.push("a volume needs a `depth` in inches above 0, the recipe gives none".to_owned());
        }
        // What failed leaves no 0 that looks like one.
        let cut_off = counts.iter().any(|c| c.incomplete.is_some());
        let unknown = flat || cut_off || (now.measurement_count == 0 && !problems.is_empty());
        let mut report = ConditionReport {
            condition: part.id.clone(),
            name: now.name,
            measurement_type: now.measurement_type,
            unit: now.unit,
            color: now.color,
            quantity: (!unknown).then_some(now.total_quantity),
            measurements: now.measurement_count,
            partial: !unknown && !problems.is_empty(),
            problems,
            counts,
            unsure_scales: self.unsure_scales(&measures),
            measures,
            cost: None,
            unpriced: None,
        };
        match &part.assembly {
            None => {}
            Some(_) if unknown => report.unpriced = Some("the quantity is not known".to_owned()),
            Some(assembly) => match price::price(&self.ctx, condition, assembly).await {
                Ok(priced) => {
                    let errors = priced.lines.iter().filter_map(|l| l.error.as_ref().map(|e| (&l.name, e)));
                    report.problems.extend(errors.map(|(name, e)| format!("component `{name}`: {e}")));
                    let credits = priced.lines.iter().filter(|l| l.extended_cost < Decimal::ZERO);
                    self.report.notes.extend(credits.map(|l| {
                        let (id, name, cost) = (&part.id, &l.name, l.extended_cost);
                        format!("condition `{id}`, component `{name}` comes to {cost} and lowers the price")
                    }));
                    report.cost = Some(priced);
                }
                Err(why) => {
                    report.problems.push(format!("assembly: {why}"));
                    report.unpriced = Some(why);
                }
            },
        }
        Ok(report)
    }

    /// What is noted on the scales that a condition was measured by. Points need none.
    fn unsure_scales(&self, measures: &[MeasureReport]) -> Vec<String> {
        let scaled = measures.iter().filter(|m| m.geometry != GeometryType::Point);
        let pages: BTreeSet<(String, u32)> = scaled.map(|m| (m.document.clone(), m.page)).collect();
        pages.iter().filter_map(|page| self.unsure.get(page)).flatten().cloned().collect()
    }

    /// All counts of a condition, and what failed or is incomplete of them.
    async fn counts(
        &mut self,
        condition: &Condition,
        part: &ConditionPart,
    ) -> (Vec<CountReport>, Vec<String>) {
        let (mut counts, mut problems) = (Vec::new(), Vec::new());
        for (i, count_part) in part.counts.iter().enumerate() {
            self.progress.step(&format!("Counting {}", part.name));
            let watch = Stopwatch::start();
            let counted = match self.sheets.iter().find(|s| s.id == count_part.document) {
                Some(sheets) => count::count(&self.ctx, condition, count_part, sheets, self.progress).await,
                None => Err("the document could not be read".to_owned()),
            };
            self.report.seconds.count += watch.elapsed().as_secs_f64();
            match counted {
                Ok(report) => {
                    self.progress.say(&format!("  {}: {}", part.name, report.number()));
                    let of = &report.document;
                    let incomplete = report.incomplete.iter();
                    problems.extend(incomplete.map(|why| format!("count {} on `{of}`: {why}", i + 1)));
                    counts.push(report);
                }
                Err(why) => problems.push(format!("count {}: {why}", i + 1)),
            }
        }
        (counts, problems)
    }
}
