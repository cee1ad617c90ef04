//! Titles before notations: whether they name the sheet's drawing or something beside it.

use super::context::Line;
use super::hedge::Doubt;
use super::notation::Hit;
use super::words::{TITLES, is_label};

/// Pictures, whatever they are called besides.
const PICTURES: [&str; 13] = [
    "PHOTO",
    "PHOTOS",
    "PHOTOGRAPH",
    "PHOTOGRAPHS",
    "IMAGE",
    "IMAGES",
    "IMAGERY",
    "AERIAL",
    "ORTHOPHOTO",
    "INSET",
    "RENDERING",
    "KEYPLAN",
    "KEYMAP",
];
/// What may be a view of the sheet or one that only helps to find it, as the word before says.
const VIEWS: [&str; 8] = ["PLAN", "PLANS", "MAP", "MAPS", "SKETCH", "DIAGRAM", "VIEW", "PICTURE"];
/// Words before such a view that make it one beside the drawing.
const BESIDE: [&str; 9] =
    ["KEY", "VICINITY", "LOCALITY", "LOCATOR", "INDEX", "ORIENTATION", "AERIAL", "SATELLITE", "PHOTO"];
/// Words that make a scale none of the drawing where they stand just before the word "scale".
const OTHER_SCALES: [&str; 2] = ["KEY", "VICINITY"];
/// Words there that make it the scale of one direction of a profile: heights, or what runs across.
const HEIGHTS: [&str; 2] = ["VERTICAL", "VERT"];
const ACROSS: [&str; 4] = ["HORIZONTAL", "HORIZ", "HORZ", "HOR"];
/// What a location plan may be called that shows where the site is. Others (BORING LOCATION PLAN) show where things
/// on the site are, and are drawings like any other.
const SITES: [&str; 6] = ["SITE", "PROJECT", "PROPERTY", "GENERAL", "JOB", "THE"];
/// Levels and sites, which are titles without the word "plan".
const PLACES: [&str; 4] = ["SITE", "FLOOR", "LEVEL", "ROOF"];
/// Words of a title that are looked at.
const TITLE_WORDS: usize = 6;

/// Whether a title names something beside the sheet's drawing.
pub(super) fn is_beside(title: &[&str]) -> bool {
    let Some((head, before)) = title.split_last() else { return false };
    let qualifier = before.last();
    let of_site = |before: &[&str]| before.last().is_none_or(|w| SITES.contains(w));
    PICTURES.contains(head)
        || VIEWS.contains(head) && qualifier.is_some_and(|w| BESIDE.contains(w))
        || VIEWS.contains(head)
            && qualifier == Some(&"LOCATION")
            && of_site(before.split_last().map_or(&[], |(_, rest)| rest))
}

/// Whether words are the title of a view. FLOOR LEVEL is a height.
pub(super) fn is_title(words: &[&str]) -> bool {
    let height =
        words.windows(2).any(|pair| matches!(pair, ["FLOOR", "LEVEL" | "LEVELS"] | ["FINISHED", "FLOOR"]));
    words.iter().any(|w| TITLES.contains(w) || !height && PLACES.contains(w))
}

impl Line<'_> {
    /// The words before a token that may be its title, in their order, labels and articles left out; and whether a
    /// label was.
    pub(super) fn title_of(&self, start: usize) -> (Vec<usize>, bool) {
        let (mut words, mut labelled) = (Vec::new(), false);
        let mut at = start;
        while let Some(before) = at.checked_sub(1).filter(|&i| self.same_column(i, start)) {
            at = before;
            match self.word(before) {
                _ if self.ends_sentence(before) && !(words.is_empty() && self.glued(before)) => break,
                Some(w) if is_label(w) => labelled |= w != "M" && words.is_empty(),
                Some("THE" | "THIS" | "AT" | "IS") if words.is_empty() => {}
                Some(_) => words.push(before),
                None if self.punctuation(before) => {}
                // KEY PLAN 2 1:500
                None if words.is_empty() && self.tokens[before].number().is_some() => {}
                None => break,
            }
            if words.len() == TITLE_WORDS {
                break;
            }
        }
        words.reverse();
        (words, labelled)
    }

    /// What beside the drawing the notation belongs to, by the title before it or else after it.
    pub(super) fn beside(&self, hit: &Hit, text: &str) -> Option<Doubt> {
        let (before, labelled) = self.title_of(hit.tokens.start);
        let of = |at: &[usize]| at.iter().filter_map(|&i| self.word(i)).collect::<Vec<_>>();
        let words = of(&before);
        let said = |of: &[&str]| labelled && words.last().is_some_and(|w| of.contains(w));
        let named = |at: &[usize]| {
            let (first, last) = (self.tokens.get(*at.first()?)?, self.tokens.get(*at.last()?)?);
            text.get(first.start..last.end).map(str::to_owned)
        };
        if is_beside(&words) {
            return named(&before).map(Doubt::Beside);
        }
        let last = before.last().map(std::slice::from_ref);
        if said(&HEIGHTS) {
            return named(last?).map(Doubt::Vertical);
        }
        if said(&OTHER_SCALES) {
            return named(last?).map(Doubt::Beside);
        }
        if !before.is_empty() {
            return None;
        }
        let of_column = |i: &usize| self.same_column(*i, hit.tokens.start);
        let after: Vec<usize> = (hit.tokens.end..self.tokens.len())
            .take_while(of_column)
            .filter(|&i| self.word(i).is_some_and(|w| !is_label(w)))
            .take(TITLE_WORDS)
            .collect();
        let words = of(&after);
        let head = words.iter().position(|w| VIEWS.contains(w) || PICTURES.contains(w))?;
        is_beside(&words[..=head]).then(|| named(&after[..=head]).map(Doubt::Beside)).flatten()
    }

    /// The notation is said to hold for what runs across only: HORIZONTAL SCALE 1:500.
    pub(super) fn is_across(&self, hit: &Hit) -> bool {
        let (before, labelled) = self.title_of(hit.tokens.start);
        labelled && before.last().and_then(|&i| self.word(i)).is_some_and(|w| ACROSS.contains(&w))
    }

    /// The column holds the title of a view.
    pub(super) fn has_title(&self, at: usize) -> bool {
        let column = self.tokens[at].column;
        let words: Vec<&str> =
            self.tokens.iter().filter(|t| t.column == column).filter_map(|t| t.word()).collect();
        is_title(&words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_plan_shows_where_the_site_is_unless_it_says_what_else() {
        let words = |title: &str| -> Vec<String> { title.split(' ').map(str::to_owned).collect() };
        let is = |title: &str| is_beside(&words(title).iter().map(String::as_str).collect::<Vec<_>>());
        for title in [
            "KEY PLAN",
            "LOCATION PLAN",
            "SITE LOCATION PLAN",
            "VICINITY MAP",
            "AERIAL IMAGE",
            "SITE PHOTOGRAPH",
            "AERIAL VIEW",
            "INDEX MAP",
        ] {
            assert!(is(title), "{title}");
        }
        for title in
            ["FLOOR PLAN", "BORING LOCATION PLAN", "FIXTURE LOCATION DIAGRAM", "SITE PLAN", "KEY", "LOCATION"]
        {
            assert!(!is(title), "{title}");
        }
    }
}
