//! What the pages of a session have given until now, in numbers and in words.

use takeoff_commands::count::NewDetection;
use takeoff_core::count::{Answer, Match};
use takeoff_core::model::{CountProgress, Id};

/// Different letterings that a note names.
const MAX_SAID: usize = 12;
/// Different letterings that are counted each for itself.
const MAX_OTHERS: usize = 200;

/// What a session's result does not cover.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum Gap {
    #[error("page {0} could not be read")]
    Unreadable(Id),
    #[error("page {0} was not searched, the session's time was up")]
    NotSearched(u32),
    #[error("page {0} was searched in part only, the session's time was up")]
    InPart(u32),
}

/// Adds what a page showed. What it showed of the lettering holds for the next.
pub(super) fn add(progress: &mut CountProgress, answer: &Answer) {
    progress.searched += 1;
    progress.lettering.clone_from(&answer.lettering);
    progress.trimmed |= answer.trimmed.iter().any(Option::is_some);
    progress.lacking_a_part += answer.lacking_a_part as u64;
    for (words, times) in &answer.other_lettering {
        let times = *times as u64;
        if progress.others.contains_key(words) || progress.others.len() < MAX_OTHERS {
            *progress.others.entry(words.clone()).or_default() += times;
        } else {
            progress.others_more += times;
        }
    }
}

/// A page's matches and near misses, as they are stored.
pub(super) fn candidates(page_id: Id, answer: Answer) -> Vec<NewDetection> {
    let new = |Match { place, exemplar }: Match| NewDetection {
        page_id,
        bbox: place.bbox,
        center: place.center,
        confidence: place.confidence,
        coverage: place.coverage,
        extra: place.extra,
        exemplar: exemplar as u32,
        angle: place.angle_deg,
        mirrored: place.mirrored,
        scale: place.scale,
        is_exemplar: place.is_exemplar,
        in_legend: place.in_legend,
        label: (!place.words.is_empty()).then(|| place.words.join(" ")),
    };
    answer.matches.into_iter().chain(answer.near_misses).map(new).collect()
}

/// What a person should know about the answer.
pub(super) fn notes(progress: &CountProgress) -> Option<String> {
    let notes = [left_out(progress), box_too_large(progress), box_trimmed(progress), scanned(progress)];
    let notes = notes.into_iter().flatten();
    let notes: Vec<String> = notes.collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// That other places lack the same part of the box.
fn box_too_large(progress: &CountProgress) -> Option<String> {
    (progress.lacking_a_part > 0).then(|| {
        format!(
            "{} more places show most of what is in the box but lack the same part of it: if they are the \
             symbol, draw the box tighter around one",
            progress.lacking_a_part
        )
    })
}

/// That strokes were traced, so that matches are less sure than on drawings.
fn scanned(progress: &CountProgress) -> Option<String> {
    (progress.scans > 0).then(|| {
        "on scans look-alikes are told apart less surely than on drawings: look at every match".to_owned()
    })
}

/// That an example was taken for less than its box holds.
fn box_trimmed(progress: &CountProgress) -> Option<String> {
    progress.trimmed.then(|| {
        "strokes in the example's box that hang on nothing else there, and that the other places lack, were \
         left out of the example"
            .to_owned()
    })
}

/// What was left out although it looks alike.
fn left_out(progress: &CountProgress) -> Option<String> {
    let all = progress.others.values().sum::<u64>() + progress.others_more;
    if all == 0 {
        return None;
    }
    let said = |(words, times): (&String, &u64)| {
        let words = if words.is_empty() { "nothing" } else { words.as_str() };
        format!("{words} ({times})")
    };
    let mut said: Vec<String> = progress.others.iter().take(MAX_SAID).map(said).collect();
    if progress.others.len() > MAX_SAID {
        said.push("others".to_owned());
    }
    let mut says: Vec<&str> = progress.says.iter().map(String::as_str).collect();
    says.dedup();
    let example = match says.as_slice() {
        [one] => format!("the example says {one:?}"),
        several => format!("the examples say {several:?}"),
    };
    Some(format!("{all} of the same shape were left out, because {example} and they say {}", said.join(", ")))
}
