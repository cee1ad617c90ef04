//! Counting in a run: one session for each `[[condition.count]]`.

use std::collections::HashSet;

use takeoff_commands::count::{
    BoxOnPage, Bulk, Candidates, MAX_SESSION_DETECTIONS, StartCount, StartScope, Taken, bulk_confirm,
    confirm, create_measurements, reject, start,
};
use takeoff_commands::{Ctx, reads};
use takeoff_core::count::Apart;
use takeoff_core::geom::{PxPoint, PxRect};
use takeoff_core::model::{
    Beyond, Condition, CountProgress, CountSession, Detection, DetectionStatus, Id, Page, SessionStatus,
    beyond,
};

use super::progress::Progress;
use super::report::{CountReport, CountedPage, DetectionReport, HIGH, LessAlike, PlaceReport, Spread};
use super::sheets::{Sheets, scale_of, wait};
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
    let pixels = |[x, y, w, h]: [f64; 4]| PxRect::new(x, y, w, h);
    let on_page = |b: &[f64; 4]| BoxOnPage { page_id: None, bbox: pixels(*b) };
    // A session always searches its exemplar's page; the recipe may not ask for it. What is found there takes no places
    // from what is on the others, so the recipe's limit is kept here.
    let most = part.max_detections.unwrap_or_else(|| ctx.handle.config().count.max_detections);
    let is_asked_for = searched.iter().any(|p| p.id == page.id);
    let in_session = if is_asked_for { most } else { MAX_SESSION_DETECTIONS };
    let request = StartCount {
        page_id: page.id,
        condition_id: condition.id,
        exemplar: pixels(part.exemplar),
        confidence_threshold: part.threshold,
        scale_tolerance: part.scale_tolerance,
        rotation_tolerance: part.rotation_tolerance,
        detection_method: None,
        lettering: part.lettering,
        max_detections: Some(in_session.clamp(1, MAX_SESSION_DETECTIONS)),
        page_ids: Some(searched.iter().map(|p| p.id).collect()),
        scope: StartScope {
            exemplars: part.more.iter().map(on_page).collect(),
            negatives: part.exclude.iter().map(on_page).collect(),
            region: part.region.map(pixels),
            same_pen: part.same_pen,
            ..StartScope::default()
        },
    };
    let started = start(ctx, request).await.map_err(|e| e.to_string())?;
    wait(ctx, started.job_id, progress).await.map_err(|e| format!("{e:#}"))?;
    let session = reads::session(ctx, started.id).await.map_err(|e| e.to_string())?;
    if session.status != SessionStatus::Completed {
        return Err(session.error_message.unwrap_or_else(|| "the count did not complete".to_owned()));
    }
    let asked = |d: &Detection| searched.iter().any(|p| p.id == d.page_id);
    let found = reads::detections(ctx, started.id).await.map_err(|e| e.to_string())?;
    let cut = Cut::of(&session, &found, asked, most);
    let left = Left { part, session: &session, searched: &searched };
    let refused = found.iter().filter(|d| !cut.kept.contains(&d.id) || left.out(d));
    let meant = found.iter().filter(|d| cut.kept.contains(&d.id) && d.apart.is_some() && !left.out(d));
    let taken = settle(ctx, started.id, refused.map(|d| d.id), meant.map(|d| d.id))
        .await
        .map_err(|e| e.to_string())?;
    // Again, for which of them have a measurement now.
    let mut found = reads::counted(ctx, started.id).await.map_err(|e| e.to_string())?.candidates;
    found.detections.retain(|d| cut.kept.contains(&d.id));
    found.near_misses.retain(asked);
    Ok(report(&left, (&found, &cut), taken))
}

/// What the limit of detections leaves of those on the pages that the recipe asks for.
struct Cut {
    kept: HashSet<Id>,
    /// Before the limit.
    found: u64,
}

impl Cut {
    /// `found` is strongest first. Of what the session itself did not keep it is not known on which page it was.
    fn of(
        session: &CountSession,
        found: &[Detection],
        asked: impl Fn(&Detection) -> bool,
        most: u32,
    ) -> Self {
        let here: Vec<Id> = found.iter().filter(|d| asked(d)).map(|d| d.id).collect();
        let lost = session.found_detections.saturating_sub(session.total_detections);
        Self { found: here.len() as u64 + lost, kept: here.into_iter().take(most as usize).collect() }
    }

    fn is_short(&self) -> bool {
        self.found > self.kept.len() as u64
    }
}

/// What a recipe leaves out on the pages that it asks for.
struct Left<'a> {
    part: &'a CountPart,
    session: &'a CountSession,
    searched: &'a [&'a Page],
}

impl Left<'_> {
    fn out(&self, detection: &Detection) -> bool {
        self.apart(detection).is_some() || (detection.mirrored && !self.part.include_mirrored)
    }

    /// Why a detection is set apart. What another sheet shows, too, is not where that is the example's page only and the
    /// recipe does not ask for it.
    fn apart(&self, detection: &Detection) -> Option<Apart> {
        match detection.set_apart()? {
            Apart::Legend if self.part.include_legend => None,
            Apart::BeyondMatchLine if !self.counts_elsewhere(detection) => None,
            why => Some(why),
        }
    }

    fn counts_elsewhere(&self, detection: &Detection) -> bool {
        let line = detection.match_line.map(|m| m.line);
        let goes_on = line.map(|line| beyond(&self.session.progress.sheets, detection.page_id, line));
        match goes_on {
            Some(Beyond::Left { to, .. }) => self.searched.iter().any(|page| page.id == to),
            _ => true,
        }
    }
}

/// Whether a detection counts: it has become a measurement.
fn counts(detection: &Detection) -> bool {
    detection.measurement_id.is_some()
}

/// Rejects what does not count and makes measurements of the rest.
async fn settle(
    ctx: &Ctx<'_>,
    session: Id,
    refused: impl Iterator<Item = Id>,
    meant: impl Iterator<Item = Id>,
) -> Result<Taken, takeoff_commands::CommandError> {
    for detection in refused {
        reject(ctx, detection).await?;
    }
    for detection in meant {
        confirm(ctx, detection).await?;
    }
    // Samples that the recipe does not want are rejected by now.
    bulk_confirm(ctx, session, Bulk { threshold: 0.0, include_legend: true }).await?;
    create_measurements(ctx, session).await
}

fn searched_pages<'s>(part: &CountPart, sheets: &'s Sheets) -> Result<Vec<&'s Page>, String> {
    let mut numbers = match &part.pages {
        None => vec![part.page],
        Some(Pages::List(list)) => list.clone(),
        Some(Pages::Word(_)) => {
            let read = |p: &&Page| p.blobs.is_some();
            sheets.pages.iter().filter(read).map(|p| p.number).collect()
        }
    };
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter().map(|number| sheets.page(number)).collect()
}

fn report(left: &Left<'_>, (found, cut): (&Candidates, &Cut), taken: Taken) -> CountReport {
    let Left { part, session, searched } = *left;
    let Candidates { detections, near_misses, .. } = found;
    let number = |id: Id| searched.iter().find(|p| p.id == id).map_or(0, |p| p.number);
    let counted = |d: &&Detection| counts(d);
    let apart = |why| move |d: &&Detection| left.apart(d) == Some(why);
    let tally = |of: &dyn Fn(&&Detection) -> bool| detections.iter().filter(|d| of(d)).count() as u64;
    CountReport {
        document: part.document.clone(),
        page: part.page,
        searched_pages: searched.iter().map(|p| p.number).collect(),
        counted: taken.made,
        already_counted: taken.already_counted,
        excluded: session.excluded_on(|id| searched.iter().any(|p| p.id == id)),
        in_legend: tally(&apart(Apart::Legend)),
        in_title_block: tally(&apart(Apart::TitleBlock)),
        in_key_plan: tally(&apart(Apart::KeyPlan)),
        beyond_match_line: tally(&apart(Apart::BeyondMatchLine)),
        mirrored: tally(&|d| counted(d) && d.mirrored),
        mirrored_left_out: tally(&|d| left.out(d) && left.apart(d).is_none()),
        pages: searched.iter().map(|page| counted_page(left, page, detections)).collect(),
        near_misses: near_misses.len() as u64,
        less_alike: near_misses.iter().map(|d| LessAlike::of(number(d.page_id), d)).collect(),
        shown_in_part: listed(&session.progress.partly_at),
        lacking_a_part: listed(&session.progress.lacking_at),
        found: cut.found,
        truncated: cut.is_short(),
        confidence: spread(detections.iter().filter(counted)),
        unsure: tally(&|d| counted(d) && d.confidence < HIGH),
        pictures: searched.iter().filter(|p| p.is_vector == Some(false)).map(|p| p.number).collect(),
        detections: detections
            .iter()
            .map(|d| DetectionReport {
                page: number(d.page_id),
                bbox: d.bbox,
                confidence: d.confidence,
                angle: d.angle,
                mirrored: d.mirrored,
                in_legend: d.in_legend,
                apart: d.set_apart(),
                is_exemplar: d.is_exemplar,
                other_pen: d.other_pen && counts(d),
                counted: counts(d),
            })
            .collect(),
        incomplete: incomplete(session, cut),
        notes: session.notes.clone(),
        doubtful: doubtful(session)
            .into_iter()
            .chain(samples_in_doubt(part, &session.progress))
            .chain(just_below(session, taken.made + taken.already_counted, near_misses, &|id| {
                format!("`{}` page {}", part.document, number(id))
            }))
            .collect(),
    }
}

fn listed(places: &[(u32, PxPoint)]) -> Vec<PlaceReport> {
    let places = places.iter();
    places.map(|(page, at)| PlaceReport { page: *page, x: at.x, y: at.y }).collect()
}

/// What the search has shown that speaks against its number; the session's notes say it at length.
fn doubtful(session: &CountSession) -> Vec<String> {
    let progress = &session.progress;
    let lettered: u64 = progress.lettered.values().sum();
    let sizes: Vec<String> = progress.other_sizes.iter().map(|o| o.page.to_string()).collect();
    let beside: u64 = progress.said_beside.values().sum();
    [
        (progress.lacking_a_part, "lack the same part of what is in the example's box"),
        (progress.partly, "show most of the example"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("places that {what} and are not counted: {number} (see the notes)"))
    .chain((progress.cut > 0).then(|| {
        "the example's box cuts strokes that go on in the same way at places found: it probably holds only a part of \
         the symbol (see the notes)"
            .to_owned()
    }))
    .chain((!sizes.is_empty()).then(|| {
        let pages = if sizes.len() == 1 { "page" } else { "pages" };
        format!(
            "what is drawn to scale has another size on {pages} {} than the example, and was not looked for at that (see the \
             notes)",
            sizes.join(", ")
        )
    }))
    .chain((progress.variants > 0).then(|| {
        format!(
            "{} show strokes around or across that the example does not (see the notes)",
            progress.variants
        )
    }))
    .chain((progress.pen_refused + progress.pen_taken > 0).then(|| {
        format!(
            "whether {} are counted rests on the page that the example is on: they differ from it by the pen (see the \
             notes)",
            progress.pen_refused + progress.pen_taken
        )
    }))
    .chain((lettered > 0).then(|| format!("{lettered} say something, and the example says nothing")))
    .chain((beside > 0).then(|| format!("{beside} say something else beside the symbol than the example (see the notes)")))
    .chain(
        (!progress.moved.is_empty())
            .then(|| "the symbol that was looked for is not all of its box".to_owned()),
    )
    .collect()
}

/// Samples of a legend that may be none, and are left out.
fn samples_in_doubt(part: &CountPart, progress: &CountProgress) -> Option<String> {
    let number = progress.legend_in_doubt;
    (number > 0 && !part.include_legend).then(|| {
        let named = progress.legend_in_doubt_at.iter().take(NAMED);
        let mut named: Vec<String> = named
            .map(|(page, at)| format!("`{}` page {page} at x {:.0}, y {:.0}", part.document, at.x, at.y))
            .collect();
        let more = number.saturating_sub(named.len() as u64);
        named.extend((more > 0).then(|| format!("{more} more")));
        format!(
            "left out as samples in a legend, though no heading is theirs alone: {number} ({}); they may be instances",
            named.join(", ")
        )
    })
}

/// Less alike than the threshold by no more than this, a place may be what is counted.
const BELOW: f64 = 0.1;
/// A threshold below this would take more of what is not counted than of what is.
const LEAST_THRESHOLD: f64 = 0.5;
/// So few such places are only listed as less alike; and so many of them are named one by one.
const FEW: usize = 3;
const NAMED: usize = 4;

/// Many places little below the threshold, against those counted: the threshold or the example may be at fault.
fn just_below(
    session: &CountSession,
    counted: u64,
    near_misses: &[Detection],
    place: &dyn Fn(Id) -> String,
) -> Option<String> {
    let threshold = session.confidence_threshold;
    let likeness = |d: &Detection| d.likeness.unwrap_or(d.confidence);
    let below: Vec<&Detection> = near_misses.iter().filter(|d| likeness(d) >= threshold - BELOW).collect();
    if below.len() < FEW || (below.len() as u64) < counted / 2 {
        return None;
    }
    let least = (below.iter().map(|d| d.confidence).fold(threshold, f64::min) * 100.0).floor() / 100.0;
    let named = below.iter().take(NAMED).map(|d| {
        format!("{} at x {:.0}, y {:.0} ({:.2})", place(d.page_id), d.center.x, d.center.y, likeness(d))
    });
    let mut named: Vec<String> = named.collect();
    named.extend((below.len() > NAMED).then(|| format!("{} more", below.len() - NAMED)));
    let or_set = match least {
        _ if least < LEAST_THRESHOLD => String::new(),
        least => format!(", or set `threshold` to {least:.2}"),
    };
    Some(format!(
        "{} places against {counted} counted are a little less alike: {}; if they are the symbol, draw the box closer \
         around one, or give one of them in `more`{or_set}",
        below.len(),
        named.join(", "),
    ))
}

fn counted_page(left: &Left<'_>, page: &Page, detections: &[Detection]) -> CountedPage {
    let here = || detections.iter().filter(|d| d.page_id == page.id);
    let sheet = [&page.sheet_number, &page.title].into_iter().flatten().cloned().collect::<Vec<_>>();
    CountedPage {
        page: page.number,
        sheet: Some(sheet.join(" ")).filter(|s| !s.is_empty()),
        scale: scale_of(page),
        counted: here().filter(|d| counts(d)).count() as u64,
        in_legend: here().filter(|d| left.apart(d) == Some(Apart::Legend)).count() as u64,
        set_apart: here().filter(|d| left.apart(d).is_some_and(|a| a != Apart::Legend)).count() as u64,
        already_counted: here().filter(|d| d.status == DetectionStatus::Confirmed && !counts(d)).count()
            as u64,
        confidence: spread(here().filter(|d| counts(d))),
    }
}

/// Of all but the examples: they are as like themselves as can be, whatever the rest is.
fn spread<'d>(counted: impl Iterator<Item = &'d Detection>) -> Option<Spread> {
    Spread::of(counted.filter(|d| !d.is_exemplar).map(|d| d.confidence).collect())
}

/// What a completed session did not do.
fn incomplete(session: &CountSession, cut: &Cut) -> Option<String> {
    let cut = cut.is_short().then(|| {
        let (found, kept, most) = (cut.found, cut.kept.len(), u64::from(MAX_SESSION_DETECTIONS));
        let advice = if found <= most {
            format!("set max_detections to {found} or more")
        } else {
            format!("a count keeps no more than {most}: split it by `pages` or by `region`")
        };
        format!("{found} were found and only the {kept} strongest kept; {advice}")
    });
    let said: Vec<String> = session.error_message.iter().cloned().chain(cut).collect();
    (!said.is_empty()).then(|| said.join("; "))
}
