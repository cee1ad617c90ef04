//! Typed reads of untrusted JSON, path and query values, with every problem at once.
//!
//! A read gives `None` after noting what is wrong; readers make all their reads before they give up on
//! any, so that one answer names everything. Leniency, codes and texts are those of the platform that
//! clients were written against: numbers may come as text, unknown fields are ignored, and named beside the answer. But
//! `true` is no number: whoever sends it for one has mixed up two fields, and 1 would be stored.

use std::cell::RefCell;

use serde::Serialize;
use serde_json::{Map, Value, json};
use takeoff_commands::Field;

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Problem {
    /// Stable machine-readable code.
    #[serde(rename = "type")]
    pub(crate) code: &'static str,
    /// `path`, `query` or `body`, then field names and indexes.
    pub(crate) loc: Vec<Value>,
    pub(crate) msg: String,
    /// The value at fault; of a missing field, what it is missing from.
    pub(crate) input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ctx: Option<Value>,
}

/// Where problems are collected. Bounded: a list of a million bad ids is answered with the first ones.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    wrong: RefCell<Vec<Problem>>,
    ignored: RefCell<Vec<IgnoredField>>,
}

const MAX_PROBLEMS: usize = 100;
/// Longest text of a rejected value that is sent back, characters.
const MAX_ECHO: usize = 200;
/// Most items of a rejected list, and bytes of a rejected object, that are sent back.
const MAX_ECHO_ITEMS: usize = 1_000;
const MAX_ECHO_BYTES: usize = 4_000;

impl Problems {
    fn note(&self, problem: Problem) {
        let mut problems = self.wrong.borrow_mut();
        if problems.len() < MAX_PROBLEMS {
            problems.push(problem);
        }
    }

    fn ignore(&self, field: IgnoredField) {
        let mut ignored = self.ignored.borrow_mut();
        if ignored.len() < MAX_IGNORED && !ignored.contains(&field) {
            ignored.push(field);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.into_parts().0
    }

    pub(crate) fn into_parts(self) -> (Vec<Problem>, Vec<IgnoredField>) {
        (self.wrong.into_inner(), self.ignored.into_inner())
    }
}

/// A place in the request.
#[derive(Debug, Clone)]
pub(crate) struct At<'p> {
    loc: Vec<Value>,
    problems: &'p Problems,
}

impl<'p> At<'p> {
    pub(crate) fn root(part: &str, problems: &'p Problems) -> Self {
        Self { loc: vec![Value::from(part)], problems }
    }

    pub(crate) fn child(&self, step: impl Into<Value>) -> Self {
        let mut loc = self.loc.clone();
        loc.push(step.into());
        Self { loc, problems: self.problems }
    }

    pub(crate) fn refuse<T>(
        &self,
        code: &'static str,
        msg: impl Into<String>,
        input: &Value,
        ctx: Option<Value>,
    ) -> Option<T> {
        let input = echo(input);
        self.problems.note(Problem { code, loc: self.loc.clone(), msg: msg.into(), input, ctx });
        None
    }

    /// Notes a key of this value, or of a part of it, that nothing reads.
    pub(crate) fn ignored(&self, part: &[&str], key: &str, known: &[&str]) {
        let known: Vec<String> = known.iter().map(|&k| k.to_owned()).collect();
        let within = self.loc.iter().skip(1).filter_map(Value::as_str).chain(part.iter().copied());
        self.problems.ignore(IgnoredField::of(key, &known).within(&within.collect::<Vec<_>>()));
    }

    pub(crate) fn missing<T>(&self, within: &Value) -> Option<T> {
        self.refuse("missing", "Field required", within, None)
    }
}

/// The rejected value as it is sent back: whole when small, so that a refusal is never a multiple of
/// the request.
fn echo(input: &Value) -> Value {
    match input {
        Value::String(s) if s.chars().count() > MAX_ECHO => {
            Value::from(s.chars().take(MAX_ECHO).collect::<String>())
        }
        Value::Array(items) if items.len() > MAX_ECHO_ITEMS => json!([]),
        Value::Array(_) | Value::Object(_) if input.to_string().len() > MAX_ECHO_BYTES => json!({}),
        other => other.clone(),
    }
}

/// How one value is read.
pub(crate) trait Rule {
    type Out;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<Self::Out>;
}

/// The fields of an object, a query string or a path.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    at: At<'a>,
    /// Names that were asked for.
    known: RefCell<Vec<String>>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(map: &'a Map<String, Value>, at: At<'a>) -> Self {
        Self { map, at, known: RefCell::default() }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.known.borrow_mut().push(name.to_owned());
        self.map.get(name)
    }

    /// Notes every field that nothing has asked for.
    fn note_ignored(&self) {
        let known = self.known.borrow();
        for name in self.map.keys().filter(|name| !known.contains(name)).take(MAX_IGNORED) {
            self.at.problems.ignore(IgnoredField::of(name, &known));
        }
    }

    fn enclosing(&self) -> Value {
        match self.at.loc.first().and_then(Value::as_str) {
            Some("query" | "path") => Value::Null,
            _ => Value::Object(self.map.clone()),
        }
    }

    /// Must be there; `null` is judged by the rule.
    pub(crate) fn required<R: Rule>(&self, name: &str, rule: R) -> Option<R::Out> {
        let at = self.at.child(name);
        match self.get(name) {
            Some(value) => rule.read(value, &at),
            None => at.missing(&self.enclosing()),
        }
    }

    /// Absent and `null` are `None` within `Some`.
    pub(crate) fn optional<R: Rule>(&self, name: &str, rule: R) -> Option<Option<R::Out>> {
        match self.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => rule.read(value, &self.at.child(name)).map(Some),
        }
    }

    /// Absent gives the default; `null` is judged by the rule.
    pub(crate) fn or<R: Rule>(&self, name: &str, default: impl Into<R::Out>, rule: R) -> Option<R::Out> {
        match self.get(name) {
            None => Some(default.into()),
            Some(value) => rule.read(value, &self.at.child(name)),
        }
    }

    /// For a patch: absent, `null` or a value.
    pub(crate) fn patch<R: Rule>(&self, name: &str, rule: R) -> Option<Field<R::Out>> {
        match self.get(name) {
            None => Some(Field::Absent),
            Some(Value::Null) => Some(Field::Null),
            Some(value) => rule.read(value, &self.at.child(name)).map(Field::Value),
        }
    }
}

/// Text, with a bound on its length in characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    max: usize,
    /// Of one line: it goes into lists, headings, file names and logs.
    line: bool,
    blank: bool,
}

/// Longest text without a bound of its own, characters.
const MAX_TEXT: usize = 100_000;

pub(crate) const fn text() -> Text {
    Text { max: MAX_TEXT, line: false, blank: true }
}

impl Text {
    pub(crate) const fn max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Without control characters.
    pub(crate) const fn line(mut self) -> Self {
        self.line = true;
        self
    }

    /// With something to read in it.
    pub(crate) const fn not_blank(mut self) -> Self {
        self.blank = false;
        self
    }
}

fn characters(n: usize) -> String {
    if n == 1 { "1 character".to_owned() } else { format!("{n} characters") }
}

impl Rule for Text {
    type Out = String;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<String> {
        let Value::String(s) = value else {
            return at.refuse("string_type", "Input should be a valid string", value, None);
        };
        let count = s.chars().count();
        if count > self.max {
            let msg = format!("String should have at most {}", characters(self.max));
            return at.refuse("string_too_long", msg, value, Some(json!({"max_length": self.max})));
        }
        if !self.blank && s.trim().is_empty() {
            let msg = "String should have at least 1 character";
            return at.refuse("string_too_short", msg, value, Some(json!({"min_length": 1})));
        }
        let why = match s.chars().find(|c| *c == '\0' || (self.line && c.is_control())) {
            None => return Some(s.clone()),
            Some(c) => format!("text must not contain the character U+{:04X}", u32::from(c)),
        };
        at.refuse("value_error", format!("Value error, {why}"), value, Some(json!({"error": why})))
    }
}

/// A finite number, with bounds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Number {
    gt: Option<f64>,
    ge: Option<f64>,
    le: Option<f64>,
}

pub(crate) fn number() -> Number {
    Number::default()
}

impl Number {
    pub(crate) fn gt(mut self, bound: f64) -> Self {
        self.gt = Some(bound);
        self
    }

    pub(crate) fn ge(mut self, bound: f64) -> Self {
        self.ge = Some(bound);
        self
    }

    pub(crate) fn le(mut self, bound: f64) -> Self {
        self.le = Some(bound);
        self
    }

    fn bounded(&self, v: f64, value: &Value, at: &At<'_>) -> Option<f64> {
        if let Some(gt) = self.gt.filter(|gt| v <= *gt) {
            let msg = format!("Input should be greater than {gt}");
            return at.refuse("greater_than", msg, value, Some(json!({"gt": gt})));
        }
        if let Some(ge) = self.ge.filter(|ge| v < *ge) {
            let msg = format!("Input should be greater than or equal to {ge}");
            return at.refuse("greater_than_equal", msg, value, Some(json!({"ge": ge})));
        }
        if let Some(le) = self.le.filter(|le| v > *le) {
            let msg = format!("Input should be less than or equal to {le}");
            return at.refuse("less_than_equal", msg, value, Some(json!({"le": le})));
        }
        Some(v)
    }
}

impl Rule for Number {
    type Out = f64;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<f64> {
        let v = match value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => match s.trim().parse::<f64>() {
                Ok(v) => Some(v),
                Err(_) => {
                    let msg = "Input should be a valid number, unable to parse string as a number";
                    return at.refuse("float_parsing", msg, value, None);
                }
            },
            _ => None,
        };
        let Some(v) = v else {
            return at.refuse("float_type", "Input should be a valid number", value, None);
        };
        if !v.is_finite() {
            return at.refuse("finite_number", "Input should be a finite number", value, None);
        }
        self.bounded(v, value, at)
    }
}

/// A whole number, with bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Integer {
    ge: i64,
    le: i64,
}

pub(crate) const fn integer() -> Integer {
    Integer { ge: i64::MIN, le: i64::MAX }
}

impl Integer {
    pub(crate) const fn ge(mut self, bound: i64) -> Self {
        self.ge = bound;
        self
    }

    pub(crate) const fn le(mut self, bound: i64) -> Self {
        self.le = bound;
        self
    }
}

/// The whole number that a float states, within the range floats hold exactly.
fn whole(v: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (v.fract() == 0.0 && v.abs() <= EXACT).then_some(v as i64)
}

impl Rule for Integer {
    type Out = i64;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<i64> {
        let read = match value {
            Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(v), _) => Some(v),
                (None, Some(f)) if f.fract() != 0.0 => {
                    let msg = "Input should be a valid integer, got a number with a fractional part";
                    return at.refuse("int_from_float", msg, value, None);
                }
                (None, f) => f.and_then(whole),
            },
            Value::String(s) => {
                let s = s.trim();
                s.parse::<i64>().ok().or_else(|| s.parse::<f64>().ok().and_then(whole))
            }
            _ => return at.refuse("int_type", "Input should be a valid integer", value, None),
        };
        let Some(v) = read else {
            let msg = "Input should be a valid integer, unable to parse string as an integer";
            return at.refuse("int_parsing", msg, value, None);
        };
        if v < self.ge {
            let msg = format!("Input should be greater than or equal to {}", self.ge);
            return at.refuse("greater_than_equal", msg, value, Some(json!({"ge": self.ge})));
        }
        if v > self.le {
            let msg = format!("Input should be less than or equal to {}", self.le);
            return at.refuse("less_than_equal", msg, value, Some(json!({"le": self.le})));
        }
        Some(v)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Boolean;

impl Rule for Boolean {
    type Out = bool;

    fn read(&self, value: &Value, at: &At<'_>) -> Option<bool> {
        let read = match value {
            Value::Bool(b) => return Some(*b),
            Value::Number(n) if n.as_f64() == Some(1.0) => Some(true),
            Value::Number(n) if n.as_f64() == Some(0.0) => Some(false),
            Value::Number(_) => None,
            Value::String(s) => match s.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "on" | "t" | "y" | "yes" => Some(true),
                "false" | "0" | "off" | "f" | "n" | "no" => Some(false),
                _ => None,
            },
            _ => return at.refuse("bool_type", "Input should be a valid boolean", value, None),
        };
        read.or_else(|| {
            at.refuse(
                "bool_parsing",
                "Input should be a valid boolean, unable to interpret input",
                value,
                None,
            )
        })
    }
}

mod compound;
mod ignored;

pub(crate) use compound::{Dict, IdRule, Money, Nested, OneOf, Pattern, items};
pub(crate) use ignored::{IgnoredField, MAX_IGNORED, header_text};

#[cfg(test)]
mod tests;
