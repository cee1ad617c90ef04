//! Cutting a session's exemplars, each on its page.

use std::sync::Arc;

use takeoff_core::budget::Budget;
use takeoff_core::count::{Answer, CountParams, Exemplar, ExemplarError, PageIndex, find};
use takeoff_core::geom::PxRect;
use takeoff_core::model::{Id, Page, PageBox};
use takeoff_engine::error::StageError;
use takeoff_engine::memory::Held;
use takeoff_storage::get;

use super::Search;
use super::tally::Gap;
use crate::page_list::{self, Loaded};

/// What a session looks for.
#[derive(Clone)]
pub(super) struct Symbols {
    pub(super) meant: Vec<Exemplar>,
    pub(super) not_meant: Vec<Exemplar>,
}

impl Symbols {
    /// With those that a page has shown to be less than their boxes hold.
    pub(super) fn trimmed(symbols: &mut Arc<Self>, answer: &mut Answer) {
        let all = [&mut answer.trimmed, &mut answer.trimmed_negatives];
        if all.iter().all(|list| list.iter().all(Option::is_none)) {
            return;
        }
        let mut new = Self::clone(symbols);
        for (list, exemplars) in all.into_iter().zip([&mut new.meant, &mut new.not_meant]) {
            for (less, exemplar) in list.drain(..).zip(exemplars) {
                if let Some(less) = less {
                    *exemplar = *less;
                }
            }
        }
        *symbols = Arc::new(new);
    }
}

pub(super) enum Cut {
    Done {
        symbols: Arc<Symbols>,
        /// Index of the session's first page, for its own search.
        first: Option<Box<Indexed>>,
        /// Some were taken for less than their boxes hold.
        trimmed: bool,
    },
    /// One of them is no symbol, for this reason.
    Refused(String),
    TimeUp,
}

/// A page that can be searched, and the memory that it takes.
pub(super) struct Indexed {
    pub(super) index: PageIndex,
    pub(super) _held: Held,
}

/// Why a box gave no exemplar.
enum Stop {
    NoSymbol { nth: usize, why: String },
    TimeUp,
}

/// The exemplars of one page.
struct CutHere {
    indexed: Indexed,
    exemplars: Vec<Exemplar>,
    trimmed: bool,
}

impl Search<'_> {
    /// Cuts all exemplars, page by page.
    pub(super) async fn exemplars(&self) -> Result<Cut, StageError> {
        let (session, scope) = (self.session, &self.session.scope);
        let first = PageBox { page_id: session.page_id, bbox: session.exemplar };
        let boxes: Vec<PageBox> =
            [first].iter().chain(&scope.exemplars).chain(&scope.negatives).copied().collect();
        let mut cut: Vec<Option<Exemplar>> = vec![None; boxes.len()];
        let (mut index_of_first, mut trimmed) = (None, false);
        while let Some(next) = cut.iter().position(Option::is_none) {
            if self.budget.is_cancelled() {
                return Ok(Cut::TimeUp);
            }
            let page_id = boxes[next].page_id;
            let here: Vec<usize> = (next..boxes.len()).filter(|i| boxes[*i].page_id == page_id).collect();
            let drawn: Vec<PxRect> = here.iter().map(|i| boxes[*i].bbox).collect();
            match self.cut_on(page_id, drawn).await? {
                None => return Ok(Cut::Refused(Gap::Unreadable(page_id).to_string())),
                Some(Ok(CutHere { indexed, exemplars, trimmed: less })) => {
                    trimmed |= less;
                    here.iter().zip(exemplars).for_each(|(i, exemplar)| cut[*i] = Some(exemplar));
                    // Nobody holds the memory of one page while it waits for that of another.
                    let is_last = cut.iter().all(Option::is_some);
                    index_of_first = Some(Box::new(indexed)).filter(|_| next == 0 && is_last);
                }
                Some(Err(Stop::TimeUp)) => return Ok(Cut::TimeUp),
                Some(Err(Stop::NoSymbol { nth, why })) => {
                    return Ok(Cut::Refused(name(here[nth], scope.exemplars.len(), why)));
                }
            }
        }
        let mut meant: Vec<Exemplar> = cut.into_iter().flatten().collect();
        let not_meant = meant.split_off(1 + scope.exemplars.len());
        Ok(Cut::Done { symbols: Arc::new(Symbols { meant, not_meant }), first: index_of_first, trimmed })
    }

    /// The exemplars of one page, with its index; `None` when it cannot be read.
    async fn cut_on(
        &self,
        page_id: Id,
        drawn: Vec<PxRect>,
    ) -> Result<Option<Result<CutHere, Stop>>, StageError> {
        let page = get::<Page>(&*self.tools.catalog, self.attempt.tenant(), page_id).await?;
        let Some((blobs, pixels)) = page.and_then(|p| Some((p.value.blobs?, p.value.picture_pixels())))
        else {
            return Ok(None);
        };
        let Loaded { list, held } =
            page_list::load(self.attempt, self.tools, (blobs.list, pixels), self.max_list_bytes).await?;
        let (own, params) = (self.budget.clone(), self.params());
        // What of its box an exemplar is, its own page shows. That is the first to be searched, or one to look
        // at before: then each page is searched for the same, whatever came before it.
        let is_next = page_id == self.session.page_ids[0] && self.session.progress.next == 0;
        let work = move || {
            let index = PageIndex::build(&list, &own).map_err(|_| Stop::TimeUp)?;
            let mut exemplars = cut_all(&index, &drawn, &own)?;
            let mut trimmed = false;
            for exemplar in exemplars.iter_mut().filter(|_| !is_next) {
                trimmed |= trim(&index, exemplar, &params, &own);
            }
            Ok(CutHere { indexed: Indexed { index, _held: held }, exemplars, trimmed })
        };
        let cut = self.tools.compute.run(&self.attempt.budget, move |_| work()).await;
        cut.map(Some).map_err(crate::compute_error)
    }
}

fn cut_all(index: &PageIndex, drawn: &[PxRect], budget: &Budget) -> Result<Vec<Exemplar>, Stop> {
    let cut = |(nth, drawn): (usize, &PxRect)| {
        Exemplar::cut(index, *drawn, budget).map_err(|e| match e {
            ExemplarError::Exhausted(_) => Stop::TimeUp,
            other => Stop::NoSymbol { nth, why: other.to_string() },
        })
    };
    drawn.iter().enumerate().map(cut).collect()
}

/// Whether there was something to leave out.
fn trim(index: &PageIndex, exemplar: &mut Exemplar, params: &CountParams, budget: &Budget) -> bool {
    let less = find(index, exemplar, params, budget).value.trimmed;
    less.map(|less| *exemplar = *less).is_some()
}

/// Says which of the boxes is meant, if it is not the first.
fn name(nth: usize, more: usize, why: String) -> String {
    match nth {
        0 if more == 0 => why,
        n if n <= more => format!("exemplar {}: {why}", n + 1),
        n => format!("negative exemplar {}: {why}", n - more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_exemplars_is_named() {
        let said = |nth, more| name(nth, more, "blank".to_owned());
        assert_eq!([said(0, 0), said(1, 0)], ["blank", "negative exemplar 1: blank"]);
        let all = [said(0, 1), said(1, 1), said(2, 1)];
        assert_eq!(all, ["exemplar 1: blank", "exemplar 2: blank", "negative exemplar 1: blank"]);
    }
}
