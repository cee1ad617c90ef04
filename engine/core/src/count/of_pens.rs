//! What some pens drew of a page, seen coarsely: where a dense page has hatch, furniture and pipes in any direction at
//! any place, the exemplar's own pens still tell where it may be.

use std::sync::{Arc, Mutex, PoisonError};

use super::index::PageIndex;
use super::ink::InkStyle;
use super::marks::Marks;
use super::template::Template;

/// Pictures that are kept, the last that were asked for: those who count on a page go from one symbol to the next, and
/// most symbols are drawn with the same pens. For one exemplar there are at most as many.
const KEPT: usize = 3;
/// Share of the page's ink from which on pens tell nothing.
const NEARLY_ALL: f64 = 0.9;

/// By style: whether pens that agree with some pen drew it.
type Among = Box<[bool]>;

/// Pictures of a page by the pens that drew what they show.
#[derive(Debug, Default)]
pub(super) struct OfPens {
    /// The last that was asked for first.
    kept: Mutex<Vec<(Among, Arc<Marks>)>>,
}

/// For each place of an exemplar's quick test, what its pen drew of a page.
pub(super) struct Drawn {
    pictures: Vec<Arc<Marks>>,
    /// By place.
    of: Vec<u8>,
}

impl Drawn {
    /// `None` where pens tell nothing: nearly all of the page is drawn with such.
    pub(super) fn of(page: &PageIndex, template: &Template) -> Option<Self> {
        let (mut pens, mut pictures): (Vec<(InkStyle, u8)>, Vec<Arc<Marks>>) = (Vec::new(), Vec::new());
        let mut of = Vec::with_capacity(template.probes.of.len());
        for &i in &template.probes.of {
            let pen = template.samples[i as usize].style;
            if let Some((_, n)) = pens.iter().find(|(known, _)| *known == pen) {
                of.push(*n);
                continue;
            }
            // What is drawn with few of many pens is no reason to look at the page once more.
            let picture =
                if pictures.len() < KEPT { page.of_pens.drawn(page, &pen) } else { page.marks.clone() };
            let known = pictures.iter().position(|p| Arc::ptr_eq(p, &picture));
            let n = known.unwrap_or(pictures.len()) as u8;
            if known.is_none() {
                pictures.push(picture);
            }
            pens.push((pen, n));
            of.push(n);
        }
        let tells = pictures.iter().any(|p| !Arc::ptr_eq(p, &page.marks));
        tells.then_some(Self { pictures, of })
    }

    #[inline]
    pub(super) fn at(&self, place: usize) -> &Marks {
        &self.pictures[usize::from(self.of[place])]
    }
}

impl OfPens {
    /// What on a page pens may have drawn that are as this one; all of it if that is nearly all.
    fn drawn(&self, page: &PageIndex, pen: &InkStyle) -> Arc<Marks> {
        let among: Among = page.styles.iter().map(|s| pen.agrees(s)).collect();
        let known = |kept: &mut Vec<(Among, Arc<Marks>)>| {
            let at = kept.iter().position(|(of, _)| *of == among)?;
            kept[..=at].rotate_right(1);
            Some(kept[0].1.clone())
        };
        // A picture is put in whole, so what a panic elsewhere leaves is sound.
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(marks) = known(&mut lock()) {
            return marks;
        }
        let ink = page.segments.iter().filter(|s| among[s.style as usize]);
        let is_nearly_all = ink.clone().count() as f64 >= NEARLY_ALL * page.segments.len() as f64;
        let marks = if is_nearly_all { page.marks.clone() } else { Arc::new(page.marks.only(ink)) };
        let mut kept = lock();
        known(&mut kept).unwrap_or_else(|| {
            kept.insert(0, (among, marks.clone()));
            kept.truncate(KEPT);
            marks
        })
    }
}
