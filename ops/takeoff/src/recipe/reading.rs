//! From a text to a recipe, with every key that it does not know and every value that is none of its key.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::place::{Place, brief, joined, line, numbered};
use super::{Recipe, Unusable};

/// Keys that are not known and are named; who has more sees the rest when these are gone.
const MAX_UNKNOWN: usize = 100;
const UNKNOWN: &str = "unknown field";
/// Values of a wrong type, and keys that are missing, that are named at once. Each costs some readings.
const MAX_WRONG: usize = 20;
const MISSING: &str = "missing field `";
/// What may stand where something else does, so that what follows can be read: one of them is of the right type.
const STANDINS: &str =
    "v = [1, 1.5, 'x', '1', true, [], { name = 'x' }, {}, [1], ['x'], [1, 1], [1, 1, 1, 1], [[1, 1]], 'all']";

/// A text that could be read, what is wrong with its keys and values, each with its line, and the paths of those that
/// something stands in for: of them nothing more can be said.
pub(super) struct Read {
    pub(super) recipe: Recipe,
    pub(super) wrong: Vec<(usize, String)>,
    pub(super) made_up: Vec<String>,
}

/// Reads the text. Keys that nothing knows are taken out and told, each with its line, so that all of them are
/// told at once, and whatever else is wrong beside them. For values of a wrong type and for missing ones something
/// stands in, for the same reason. A recipe with anything wrong is none.
pub(super) fn read(text: &str) -> Result<Read, Unusable> {
    let refused = |mut e: toml::de::Error| {
        e.set_input(Some(text));
        e.to_string()
    };
    let mut table = DeTable::parse(text).map_err(|e| Unusable(vec![refused(e)]))?;
    // Where they stand in their own text is nowhere in this one.
    let standins = format!("{}{STANDINS}", "\n".repeat(text.len() + 1));
    let mut reading =
        Reading { standins: &standins, unknown: Vec::new(), wrong: Vec::new(), made_up: Vec::new() };
    loop {
        let e = match Recipe::deserialize(Deserializer::from(table.clone())) {
            Ok(recipe) => {
                let Reading { mut unknown, wrong, made_up, .. } = reading;
                unknown.extend(wrong);
                return Ok(Read { recipe, wrong: unknown, made_up });
            }
            Err(e) => e,
        };
        // What is wrong with a stand-in is nothing that was written.
        if e.span().is_some_and(|span| span.start > text.len()) && !reading.wrong.is_empty() {
            return Err(reading.told(None));
        }
        if !reading.gets_over(&mut table, &e, text) {
            return Err(reading.told(Some((line(text, e.span().map_or(0, |s| s.start)), refused(e)))));
        }
    }
}

struct Reading<'t> {
    standins: &'t str,
    unknown: Vec<(usize, String)>,
    wrong: Vec<(usize, String)>,
    made_up: Vec<String>,
}

impl<'t> Reading<'t> {
    /// Notes what is wrong and puts it right, so that the rest can be read; false where that cannot be.
    fn gets_over(&mut self, table: &mut Spanned<DeTable<'t>>, e: &toml::de::Error, text: &str) -> bool {
        let Some(span) = e.span() else { return false };
        let at = line(text, span.start);
        if e.message().starts_with(UNKNOWN)
            && self.unknown.len() < MAX_UNKNOWN
            && remove(table.get_mut(), &span)
        {
            self.unknown.push((at, e.message().to_owned()));
            return true;
        }
        if self.wrong.len() >= MAX_WRONG || span.start > text.len() {
            return false;
        }
        let missing = e.message().strip_prefix(MISSING).and_then(|rest| rest.strip_suffix('`'));
        let path = path_of(table.get_ref(), &span).unwrap_or_default();
        let said = said(table.get_ref(), &path, e, text);
        let put_right = match missing {
            Some(key) => {
                let key = Spanned::new(text.len()..text.len(), Cow::Owned(key.to_owned()));
                self.replace(table, e, |table, value| {
                    let within = if table.span() == span {
                        Some(table.get_mut())
                    } else {
                        in_table(table.get_mut(), &span)
                    };
                    within.map(|within| within.insert(key.clone(), value)).is_some()
                })
            }
            None => self.replace(table, e, |table, value| put(table.get_mut(), &span, &value)),
        };
        if put_right {
            self.wrong.push((at, said));
            self.made_up.push(missing.map_or_else(|| path.clone(), |key| joined(&path, key)));
        }
        put_right
    }

    /// Tries what may stand there until something else is wrong, or nothing.
    fn replace(
        &self,
        table: &mut Spanned<DeTable<'t>>,
        e: &toml::de::Error,
        put: impl Fn(&mut Spanned<DeTable<'t>>, Spanned<DeValue<'t>>) -> bool,
    ) -> bool {
        let own = self.standins.len() - STANDINS.len();
        let listed = DeTable::parse(self.standins).ok().and_then(|t| match t.get_ref().get("v")?.get_ref() {
            DeValue::Array(items) => Some(items.iter().cloned().collect::<Vec<_>>()),
            _ => None,
        });
        // Where only some words are right, what is wrong names them.
        let named = e
            .message()
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|word| Spanned::new(own..own + 1, DeValue::String(Cow::Owned(word.to_owned()))));
        for value in named.chain(listed.into_iter().flatten()) {
            let mut tried = table.clone();
            if !put(&mut tried, value) {
                return false;
            }
            let right = match Recipe::deserialize(Deserializer::from(tried.clone())) {
                Ok(_) => true,
                Err(next) => {
                    next.span() != e.span() && next.span().is_some_and(|s| s.start < own)
                        || next.message() != e.message() && next.message().starts_with(MISSING)
                }
            };
            if right {
                *table = tried;
                return true;
            }
        }
        false
    }

    /// Everything that is wrong, by lines, and what nothing could be put in place of.
    fn told(self, last: Option<(usize, String)>) -> Unusable {
        let placed = |(line, what): (usize, String)| (line, format!("line {line}: {what}"));
        let mut all: Vec<(usize, String)> = self.unknown.into_iter().chain(self.wrong).map(placed).collect();
        all.sort();
        // It shows its line itself.
        all.extend(last);
        Unusable(all.into_iter().map(|(_, what)| what).collect())
    }
}

/// Most letters of a line that are shown.
const SHOWN: usize = 60;

/// What is wrong with a value or a table, with its place and what stands there.
fn said(table: &DeTable<'_>, path: &str, e: &toml::de::Error, text: &str) -> String {
    let (place, key) = place_of(table, path);
    let what = plainly(e.message());
    let what = match (key, e.span()) {
        (Some(_), Some(span)) => {
            let rest =
                text.get(..span.start).and_then(|before| text.get(before.rfind('\n').map_or(0, |n| n + 1)..));
            let line = rest.and_then(|rest| rest.lines().next()).unwrap_or_default().trim();
            format!("`{}`: {what}", brief(line, SHOWN))
        }
        _ => what,
    };
    if place.is_empty() { what } else { format!("{place}: {what}") }
}

/// The reader's words for types, as a person has them.
fn plainly(message: &str) -> String {
    let words = [
        ("expected f64", "expected a number"),
        ("expected u32", "expected a whole number, 0 or more"),
        ("expected usize", "expected a whole number, 0 or more"),
        ("expected a Decimal type representing a fixed-point number", "expected an amount such as \"6.85\""),
        ("expected a string", "expected text in quotation marks"),
        ("expected an array of length 4", "expected four numbers, [x, y, width, height]"),
        ("expected an array of length 2", "expected two numbers, [x, y]"),
        ("expected path string", "expected text in quotation marks"),
        ("expected a boolean", "expected true or false"),
        ("invalid type: string", "it is the text"),
        ("invalid type: integer", "it is the number"),
        ("invalid type: floating point", "it is the number"),
        ("invalid type: boolean", "it is"),
        ("invalid type: sequence", "it is a list"),
        ("invalid type: map", "it is a table"),
    ];
    words.iter().fold(message.to_owned(), |said, (theirs, ours)| said.replace(theirs, ours))
}

/// The keys and numbers of what stands there in the text, with dots between them; empty for the whole.
fn path_of(table: &DeTable<'_>, at: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| path_within(key.get_ref(), value, at))
}

/// The innermost: a list of one table lies where its table does.
fn path_within(path: &str, value: &Spanned<DeValue<'_>>, at: &Range<usize>) -> Option<String> {
    let within = match value.get_ref() {
        DeValue::Table(table) => path_of(table, at).map(|within| joined(path, &within)),
        DeValue::Array(items) => {
            let within = |(nth, item): (usize, &Spanned<DeValue<'_>>)| {
                path_within(&joined(path, &format!("{nth}")), item, at)
            };
            items.iter().enumerate().find_map(within)
        }
        _ => None,
    };
    within.or_else(|| (value.span() == *at).then(|| path.to_owned()))
}

/// A path in words, and the key in the innermost table that it leads to; none for a table itself.
fn place_of<'p>(table: &DeTable<'_>, path: &'p str) -> (String, Option<&'p str>) {
    let mut place = Place::default();
    let mut at = Some(table);
    let mut parts = path.split('.').peekable();
    while let Some(name) = parts.next().filter(|name| !name.is_empty()) {
        let within = at.and_then(|table| Some(table.get(name)?.get_ref()));
        match (within, parts.peek().and_then(|nth| nth.parse::<usize>().ok())) {
            (Some(DeValue::Array(items)), Some(nth))
                if matches!(items.get(nth).map(Spanned::get_ref), Some(DeValue::Table(_))) =>
            {
                parts.next();
                at = items.get(nth).and_then(|item| match item.get_ref() {
                    DeValue::Table(table) => Some(table),
                    _ => None,
                });
                let id = at.and_then(|t| t.get("id")?.get_ref().as_str());
                place = place.inside(&numbered(name, id, nth), name);
            }
            (Some(DeValue::Table(table)), _) => {
                at = Some(table);
                place = place.inside(name, name);
            }
            _ => return (place.words().to_owned(), Some(name)),
        }
    }
    (place.words().to_owned(), None)
}

/// Puts a value in place of the one that stands there in the text; whether there was one.
fn put<'t>(table: &mut DeTable<'t>, at: &Range<usize>, value: &Spanned<DeValue<'t>>) -> bool {
    table.iter_mut().any(|(_, old)| put_within(old, at, value))
}

fn put_within<'t>(old: &mut Spanned<DeValue<'t>>, at: &Range<usize>, value: &Spanned<DeValue<'t>>) -> bool {
    if old.span() == *at {
        *old = value.clone();
        return true;
    }
    match old.get_mut() {
        DeValue::Table(table) => put(table, at, value),
        DeValue::Array(items) => items.iter_mut().any(|item| put_within(item, at, value)),
        _ => false,
    }
}

/// The table that stands there in the text.
fn in_table<'a, 't>(table: &'a mut DeTable<'t>, at: &Range<usize>) -> Option<&'a mut DeTable<'t>> {
    table.iter_mut().find_map(|(_, value)| in_value(value, at))
}

fn in_value<'a, 't>(value: &'a mut Spanned<DeValue<'t>>, at: &Range<usize>) -> Option<&'a mut DeTable<'t>> {
    let own = value.span() == *at;
    match value.get_mut() {
        DeValue::Table(table) => {
            if own {
                Some(table)
            } else {
                in_table(table, at)
            }
        }
        DeValue::Array(items) => items.iter_mut().find_map(|item| in_value(item, at)),
        _ => None,
    }
}

/// Takes out the key that stands there in the text; whether there was one.
fn remove(table: &mut DeTable<'_>, at: &Range<usize>) -> bool {
    let key = table.keys().find(|key| key.span() == *at).cloned();
    match key {
        Some(key) => table.remove(&key).is_some(),
        None => table.iter_mut().any(|(_, value)| remove_within(value, at)),
    }
}

fn remove_within(value: &mut Spanned<DeValue<'_>>, at: &Range<usize>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => remove(table, at),
        DeValue::Array(items) => items.iter_mut().any(|item| remove_within(item, at)),
        _ => false,
    }
}
