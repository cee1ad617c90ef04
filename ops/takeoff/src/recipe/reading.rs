//! From a text to a recipe, with every key that it does not know and every value that is none of its key.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::place::line;
use super::{Recipe, Unusable};

/// Keys that are not known and are named; who has more sees the rest when these are gone.
const MAX_UNKNOWN: usize = 100;
const UNKNOWN: &str = "unknown field";
/// Values of a wrong type, and keys that are missing, that are named at once. Each costs some readings.
const MAX_WRONG: usize = 20;
const MISSING: &str = "missing field `";
/// What may stand where something else does, so that what follows can be read: one of them is of the right type.
const STANDINS: &str =
    "v = [1, 1.5, 'x', '1', true, [], {}, [1], ['x'], [1, 1], [1, 1, 1, 1], [[1, 1]], 'all']";

/// Reads the text. Keys that nothing knows are taken out and told, each with its line, so that all of them are
/// told at once, and whatever else is wrong beside them; a recipe with them is still none. So are values of a wrong
/// type; with those there is no recipe at all.
pub(super) fn read(text: &str) -> Result<(Recipe, Vec<(usize, String)>), Unusable> {
    let refused = |mut e: toml::de::Error| {
        e.set_input(Some(text));
        e.to_string()
    };
    let mut table = DeTable::parse(text).map_err(|e| Unusable(vec![refused(e)]))?;
    // Where they stand in their own text is nowhere in this one.
    let standins = format!("{}{STANDINS}", "\n".repeat(text.len() + 1));
    let mut reading = Reading { standins: &standins, unknown: Vec::new(), wrong: Vec::new() };
    loop {
        let e = match Recipe::deserialize(Deserializer::from(table.clone())) {
            Ok(recipe) if reading.wrong.is_empty() => return Ok((recipe, reading.unknown)),
            Ok(_) => return Err(reading.told(None)),
            Err(e) => e,
        };
        if !reading.gets_over(&mut table, &e, text) {
            return Err(reading.told(Some((line(text, e.span().map_or(0, |s| s.start)), refused(e)))));
        }
    }
}

struct Reading<'t> {
    standins: &'t str,
    unknown: Vec<(usize, String)>,
    wrong: Vec<(usize, String)>,
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
        // With one wrong thing only, it is shown as it stands.
        if self.wrong.len() >= MAX_WRONG || span.start > text.len() {
            return false;
        }
        let missing = e.message().strip_prefix(MISSING).and_then(|rest| rest.strip_suffix('`'));
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
            let mut said = e.clone();
            said.set_input(Some(text));
            self.wrong.push((at, said.to_string().trim_end().to_owned()));
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
    fn told(mut self, last: Option<(usize, String)>) -> Unusable {
        let mut all = self.unknown;
        all.sort();
        let unknown = all.into_iter().map(|(line, what)| format!("line {line}: {what}"));
        self.wrong.extend(last);
        self.wrong.sort_by_key(|(line, _)| *line);
        Unusable(unknown.chain(self.wrong.into_iter().map(|(_, what)| what)).collect())
    }
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
