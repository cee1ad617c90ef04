//! Rules for ids, money, closed sets of words, objects and lists.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use takeoff_core::model::Id;

use super::{At, Fields, Rule};

/// A UUID as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdRule;

impl Rule for IdRule {
    type Out = Id;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<Id> {
        let Value::String(s) = value else {
            let msg = "UUID input should be a string, bytes or UUID object";
            return at.refuse("uuid_type", msg, value, None);
        };
        match s.parse() {
            Ok(id) => Some(id),
            Err(e) => {
                let msg = format!("Input should be a valid UUID, {e}");
                at.refuse("uuid_parsing", msg, value, Some(json!({"error": e.to_string()})))
            }
        }
    }
}

/// An amount of money, zero or more: a number or numeric text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Money;

impl Rule for Money {
    type Out = Decimal;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<Decimal> {
        // A JSON number is read through its shortest text, so that 0.1 is a tenth.
        let text = match value {
            Value::Number(n) => n.to_string(),
            Value::String(s) => s.trim().to_owned(),
            _ => {
                let msg = "Decimal input should be an integer, float, string or Decimal object";
                return at.refuse("decimal_type", msg, value, None);
            }
        };
        let read = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text));
        let Ok(amount) = read else {
            return at.refuse("decimal_parsing", "Input should be a valid decimal", value, None);
        };
        if amount < Decimal::ZERO {
            let msg = "Input should be greater than or equal to 0";
            return at.refuse("greater_than_equal", msg, value, Some(json!({"ge": 0})));
        }
        Some(amount)
    }
}

/// One of a closed set of words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneOf<T: 'static>(pub(crate) &'static [(&'static str, T)]);

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

impl<T: Clone> Rule for OneOf<T> {
    type Out = T;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<T> {
        let word = value.as_str();
        if let Some((_, found)) = self.0.iter().find(|(name, _)| Some(*name) == word) {
            return Some(found.clone());
        }
        let expected = listed(&self.0.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        let ctx = json!({"expected": expected});
        at.refuse("literal_error", format!("Input should be {expected}"), value, Some(ctx))
    }
}

/// One of a closed set of words, where the platform speaks of a pattern.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pattern<T: 'static>(pub(crate) &'static [(&'static str, T)]);

impl<T: Clone> Rule for Pattern<T> {
    type Out = T;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<T> {
        let Value::String(word) = value else {
            return at.refuse("string_type", "Input should be a valid string", value, None);
        };
        if let Some((_, found)) = self.0.iter().find(|(name, _)| name == word) {
            return Some(found.clone());
        }
        let words: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        let pattern = format!("^({})$", words.join("|"));
        let msg = format!("String should match pattern '{pattern}'");
        at.refuse("string_pattern_mismatch", msg, value, Some(json!({"pattern": pattern})))
    }
}

/// Any JSON object, kept as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dict;

impl Rule for Dict {
    type Out = Value;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<Value> {
        match value {
            Value::Object(_) if has_nul(value) => {
                let why = "text must not contain the character U+0000";
                at.refuse("value_error", format!("Value error, {why}"), value, Some(json!({"error": why})))
            }
            Value::Object(_) => Some(value.clone()),
            _ => at.refuse("dict_type", "Input should be a valid dictionary", value, None),
        }
    }
}

/// Depth is bounded by the JSON parser.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(s) => s.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(k, v)| k.contains('\0') || has_nul(v)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A list of values of one rule, at most `max` of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items<R> {
    rule: R,
    max: usize,
}

pub(crate) const fn items<R: Rule>(rule: R, max: usize) -> Items<R> {
    Items { rule, max }
}

impl<R: Rule> Rule for Items<R> {
    type Out = Vec<R::Out>;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<Vec<R::Out>> {
        let Value::Array(items) = value else {
            return at.refuse("list_type", "Input should be a valid list", value, None);
        };
        if items.len() > self.max {
            let (max, actual) = (self.max, items.len());
            let msg = format!("List should have at most {max} items after validation, not {actual}");
            let ctx = json!({"field_type": "List", "max_length": max, "actual_length": actual});
            return at.refuse("too_long", msg, &Value::Array(Vec::new()), Some(ctx));
        }
        let read: Vec<Option<R::Out>> =
            items.iter().enumerate().map(|(i, item)| self.rule.read(item, &at.child(i))).collect();
        read.into_iter().collect()
    }
}

/// An object that is read field by field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nested<F>(pub(crate) F);

impl<T, F: Fn(&Fields<'_>) -> Option<T>> Rule for Nested<F> {
    type Out = T;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<T> {
        let Value::Object(map) = value else {
            let msg = "Input should be a valid dictionary or object to extract fields from";
            return at.refuse("model_attributes_type", msg, value, None);
        };
        let fields = Fields::new(map, at.clone());
        let out = (self.0)(&fields);
        // A reader that gave up may not have asked for everything.
        if out.is_some() {
            fields.note_ignored();
        }
        out
    }
}
