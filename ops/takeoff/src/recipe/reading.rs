//! From a text to a recipe, with every key that it does not know.

use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::place::line;
use super::{Recipe, Unusable};

/// Keys that are not known and are named; who has more sees the rest when these are gone.
const MAX_UNKNOWN: usize = 100;
const UNKNOWN: &str = "unknown field";

/// Reads the text. Keys that nothing knows are taken out and told, each with its line, so that all of them are
/// told at once, and whatever else is wrong beside them; a recipe with them is still none.
pub(super) fn read(text: &str) -> Result<(Recipe, Vec<(usize, String)>), Unusable> {
    let refused = |mut e: toml::de::Error| {
        e.set_input(Some(text));
        e.to_string()
    };
    let mut table = DeTable::parse(text).map_err(|e| Unusable(vec![refused(e)]))?;
    let mut unknown: Vec<(usize, String)> = Vec::new();
    loop {
        let e = match Recipe::deserialize(Deserializer::from(table.clone())) {
            Ok(recipe) => return Ok((recipe, unknown)),
            Err(e) => e,
        };
        let key = e.span().filter(|_| e.message().starts_with(UNKNOWN) && unknown.len() < MAX_UNKNOWN);
        match key.filter(|span| remove(table.get_mut(), span)) {
            Some(span) => unknown.push((line(text, span.start), e.message().to_owned())),
            None => {
                unknown.sort();
                let told = unknown.into_iter().map(|(line, what)| format!("line {line}: {what}"));
                return Err(Unusable(told.chain([refused(e)]).collect()));
            }
        }
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
