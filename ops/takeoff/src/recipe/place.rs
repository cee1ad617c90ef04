//! Where something stands in a recipe: its line, and its place in words.

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
            lines.table("", table.get_ref(), text);
        }
        lines
    }

    fn table(&mut self, path: &str, table: &DeTable<'_>, text: &str) {
        for (key, value) in table {
            let path = joined(path, key.get_ref());
            self.0.insert(path.clone(), line(text, key.span().start));
            self.value(&path, value, text);
        }
    }

    fn value(&mut self, path: &str, value: &Spanned<DeValue<'_>>, text: &str) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(path, table, text),
            DeValue::Array(items) => {
                for (nth, item) in items.iter().enumerate() {
                    let path = joined(path, &nth.to_string());
                    self.0.insert(path.clone(), line(text, item.span().start));
                    self.value(&path, item, text);
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

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

pub(super) fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
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
}

/// What is wrong with a recipe, each with its place.
#[derive(Debug)]
pub(crate) struct Problems<'l> {
    lines: &'l Lines,
    found: Vec<(usize, String)>,
    /// Said once, after all others.
    last: Option<String>,
}

impl<'l> Problems<'l> {
    pub(crate) fn new(lines: &'l Lines) -> Self {
        Self { lines, found: Vec::new(), last: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
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
