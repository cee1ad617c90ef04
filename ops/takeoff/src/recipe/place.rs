//! Where something stands in a recipe: its line, and its place in words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Unusable;

/// The line of every value, by its keys and numbers (from 0) with dots between them, such as
/// `condition.0.count.1.box`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// Of a text that is TOML.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            lines.table("", table.get_ref(), &Starts::of(text));
        }
        lines
    }

    fn table(&mut self, path: &str, table: &DeTable<'_>, starts: &Starts) {
        for (key, value) in table {
            let path = joined(path, key.get_ref());
            self.0.insert(path.clone(), starts.line(key.span().start));
            self.value(&path, value, starts);
        }
    }

    fn value(&mut self, path: &str, value: &Spanned<DeValue<'_>>, starts: &Starts) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(path, table, starts),
            DeValue::Array(items) => {
                for (nth, item) in items.iter().enumerate() {
                    let path = joined(path, &nth.to_string());
                    self.0.insert(path.clone(), starts.line(item.span().start));
                    self.value(&path, item, starts);
                }
            }
            _ => {}
        }
    }

    /// The line of a path, or of the nearest thing around it.
    fn find(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = path.rsplit_once('.')?.0;
        }
    }
}

/// A path and what is in it, of which the path may be empty.
pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Where lines begin, so that the line of each of many places is looked up and not counted.
struct Starts(Vec<usize>);

impl Starts {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at + 1).collect())
    }

    /// From 1.
    fn line(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at) + 1
    }
}

pub(super) fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
}

/// Keys on whose values nothing else in their table depends.
const APART: [&str; 5] = ["document", "page", "notes", "id", "name"];

/// Letters of an id that are shown.
const SHOWN: usize = 40;

/// Of a text that may be long, its beginning.
pub(super) fn brief(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
    }
}

/// One of several tables of a name, as a person calls it.
pub(super) fn numbered(name: &str, id: Option<&str>, nth: usize) -> String {
    match id {
        Some(id) => format!("{name} `{}`", brief(id, SHOWN)),
        None => format!("{name} {}", nth + 1),
    }
}

/// A part of a recipe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// For a person, such as "condition `slab`, measure 2".
    words: String,
    path: String,
}

impl Place {
    pub(crate) fn inside(&self, words: &str, path: &str) -> Self {
        let words = if self.words.is_empty() { words.to_owned() } else { format!("{}, {words}", self.words) };
        Self { words, path: joined(&self.path, path) }
    }

    /// The path of a value in it.
    pub(super) fn path_of(&self, key: &str) -> String {
        joined(&self.path, key)
    }

    pub(super) fn words(&self) -> &str {
        &self.words
    }
}

/// Whether a path is another one or leads into it.
fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What is wrong with a recipe, each with its place.
#[derive(Debug)]
pub(crate) struct Problems<'l> {
    lines: &'l Lines,
    found: Vec<(usize, String)>,
    /// Said once, after all others.
    last: Option<String>,
    /// Paths of values that are wrong in a way that was told: what follows from them is not told beside it.
    told: Vec<String>,
}

impl<'l> Problems<'l> {
    pub(crate) fn new(lines: &'l Lines) -> Self {
        Self { lines, found: Vec::new(), last: None, told: Vec::new() }
    }

    /// What is wrong with these values was told.
    pub(super) fn skip(&mut self, paths: impl IntoIterator<Item = String>) {
        self.told.extend(paths);
    }

    /// Whether a value is as the recipe gives it, so that others may be compared with it.
    pub(super) fn is_given(&self, place: &Place, key: &str) -> bool {
        let path = joined(&place.path, key);
        !self.told.iter().any(|told| is_within(told, &path) || is_within(&path, told))
    }

    /// Whether one of all tables of a name has a value of that key that is not as the recipe gives it.
    pub(super) fn are_given(&self, name: &str, key: &str) -> bool {
        let tables = format!("{name}.");
        let told =
            |path: &String| path == name || path.starts_with(&tables) && path.ends_with(&format!(".{key}"));
        !self.told.iter().any(told)
    }

    /// Whether what was told says enough of this path: it is the value itself, a part of it, or its whole table, which
    /// lacks something or has something wrong.
    fn is_told(&self, path: &str) -> bool {
        self.told.iter().any(|told| {
            // A number of a list stands for its list.
            let value = told.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            let (table, key) = value.rsplit_once('.').unwrap_or(("", value));
            is_within(path, value) || !table.is_empty() && path == table && !APART.contains(&key)
        })
    }

    /// Problems with their lines.
    pub(super) fn extend(&mut self, found: impl IntoIterator<Item = (usize, String)>) {
        self.found.extend(found.into_iter().map(|(line, what)| (line, format!("line {line}: {what}"))));
    }

    /// What helps with one or more of the problems.
    pub(super) fn say_last(&mut self, what: String) {
        self.last = Some(what);
    }

    /// `key` is where in the place it is; empty for the place itself.
    pub(crate) fn add(&mut self, place: &Place, key: &str, what: &str) {
        let said = if place.words.is_empty() { what.to_owned() } else { format!("{}: {what}", place.words) };
        let path = if key.is_empty() { place.path.clone() } else { joined(&place.path, key) };
        if self.is_told(&path) {
            return;
        }
        match self.lines.find(&path) {
            Some(line) => self.found.push((line, format!("line {line}: {said}"))),
            None => self.found.push((0, said)),
        }
    }

    /// In the order of their lines.
    pub(crate) fn into_result(mut self) -> Result<(), Unusable> {
        self.found.sort_by_key(|(line, _)| *line);
        let all: Vec<String> = self.found.into_iter().map(|(_, said)| said).chain(self.last).collect();
        if all.is_empty() { Ok(()) } else { Err(Unusable(all)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line() {
        let lines = Lines::of("a = 1\n\n[[t]]\nb = [1,\n 2]\n[t.u]\nc = \"\"\"x\n\ny\"\"\"\n[[t]]\nb = 3\n");
        for (path, line) in [
            ("a", Some(1)),
            ("t.0.b", Some(4)),
            ("t.0.b.1", Some(5)),
            ("t.0.b.7", Some(4)),
            ("t.0.u.c", Some(7)),
            ("t.1.b", Some(11)),
            ("t.1.missing", Some(10)),
            ("z", None),
        ] {
            assert_eq!(lines.find(path), line, "{path}");
        }
    }
}
