use serde_json::{Map, Value, json};

use super::*;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// Reads `value` by `rule` as field `f` of a body.
fn read<R: Rule>(rule: R, value: Value) -> Result<R::Out, Box<Problem>> {
    let problems = Problems::default();
    let map = object(json!({"f": value}));
    let read = Fields::new(&map, At::root("body", &problems)).required("f", rule);
    match (read, problems.into_vec().pop()) {
        (Some(v), None) => Ok(v),
        (None, Some(p)) => Err(Box::new(p)),
        (_, p) => panic!("a read either gives a value or a problem: {p:?}"),
    }
}

fn code<R: Rule>(rule: R, value: Value) -> &'static str {
    match read(rule, value) {
        Ok(_) => "ok",
        Err(p) => {
            assert_eq!(p.loc[..2], [json!("body"), json!("f")]);
            p.code
        }
    }
}

#[test]
fn numbers_come_as_numbers_or_text() {
    for (value, want) in [(json!(3), 3.0), (json!("3"), 3.0), (json!(" 2.5 "), 2.5)] {
        assert_eq!(read(number(), value), Ok(want));
    }
    assert_eq!(code(number(), json!("three")), "float_parsing");
    assert_eq!(code(number(), json!(null)), "float_type");
    assert_eq!(code(number(), json!(true)), "float_type", "1 would be stored");
    assert_eq!(code(integer(), json!(false)), "int_type");
    assert_eq!(code(number(), json!([])), "float_type");
    for text in ["NaN", "inf", "-Infinity", "1e999"] {
        assert_eq!(code(number(), json!(text)), "finite_number", "{text}");
    }
}

#[test]
fn bounds_say_what_they_are() {
    let p = read(number().ge(0.0).le(100.0), json!(101)).unwrap_err();
    assert_eq!((p.code, &p.ctx), ("less_than_equal", &Some(json!({"le": 100.0}))));
    assert_eq!(p.msg, "Input should be less than or equal to 100");
    let p = read(number().gt(0.0), json!(0)).unwrap_err();
    assert_eq!((p.code, p.msg.as_str()), ("greater_than", "Input should be greater than 0"));
    assert_eq!(code(number().ge(0.5), json!(0.4)), "greater_than_equal");
    assert_eq!(code(integer().ge(1).le(100), json!(-1)), "greater_than_equal");
    assert_eq!(code(integer().ge(1).le(100), json!("101")), "less_than_equal");
}

#[test]
fn whole_numbers_have_no_fraction() {
    for (value, want) in [(json!(7), 7), (json!("7"), 7), (json!(7.0), 7), (json!("7.0"), 7)] {
        assert_eq!(read(integer(), value), Ok(want));
    }
    assert_eq!(code(integer(), json!(7.5)), "int_from_float");
    assert_eq!(code(integer(), json!("x")), "int_parsing");
    assert_eq!(code(integer(), json!(1e300)), "int_parsing");
    assert_eq!(code(integer(), json!({})), "int_type");
}

#[test]
fn booleans_are_read_leniently() {
    for value in [json!(true), json!("yes"), json!("ON"), json!(1), json!("t")] {
        assert_eq!(read(Boolean, value), Ok(true));
    }
    assert_eq!(read(Boolean, json!("no")), Ok(false));
    assert_eq!(code(Boolean, json!("maybe")), "bool_parsing");
    assert_eq!(code(Boolean, json!(2)), "bool_parsing");
    assert_eq!(code(Boolean, json!(null)), "bool_type");
}

#[test]
fn text_is_measured_in_characters() {
    assert_eq!(read(text().max(3), json!("äöü")), Ok("äöü".to_owned()));
    let p = read(text().max(3), json!("äöüß")).unwrap_err();
    assert_eq!((p.code, &p.ctx), ("string_too_long", &Some(json!({"max_length": 3}))));
    assert_eq!(code(text(), json!(5)), "string_type");
    assert_eq!(code(text(), json!("a\0b")), "value_error");
}

#[test]
fn ids_are_uuids() {
    assert!(read(IdRule, json!("00000000-0000-4000-8000-000000000001")).is_ok());
    assert_eq!(code(IdRule, json!("nope")), "uuid_parsing");
    assert_eq!(code(IdRule, json!(5)), "uuid_type");
}

#[test]
fn money_keeps_the_decimal_that_was_written() {
    assert_eq!(read(Money, json!(0.1)).unwrap().to_string(), "0.1");
    assert_eq!(read(Money, json!("165.0000")).unwrap().to_string(), "165.0000");
    assert_eq!(read(Money, json!("1e3")).unwrap().to_string(), "1000");
    assert_eq!(code(Money, json!("abc")), "decimal_parsing");
    assert_eq!(code(Money, json!("NaN")), "decimal_parsing");
    assert_eq!(code(Money, json!(1e300)), "decimal_parsing");
    assert_eq!(code(Money, json!(null)), "decimal_type");
    assert_eq!(code(Money, json!("-0.01")), "greater_than_equal");
    assert_eq!(code(Money, json!(-5)), "greater_than_equal");
    assert!(read(Money, json!("-0")).is_ok());
}

#[test]
fn closed_sets_name_their_words() {
    const SET: &[(&str, u8)] = &[("a", 1), ("b", 2), ("c", 3)];
    assert_eq!(read(OneOf(SET), json!("b")), Ok(2));
    let p = read(OneOf(SET), json!("d")).unwrap_err();
    assert_eq!((p.code, p.msg.as_str()), ("literal_error", "Input should be 'a', 'b' or 'c'"));
    let p = read(Pattern(SET), json!("d")).unwrap_err();
    assert_eq!((p.code, &p.ctx), ("string_pattern_mismatch", &Some(json!({"pattern": "^(a|b|c)$"}))));
}

#[test]
fn every_problem_is_named_at_its_place() {
    let problems = Problems::default();
    let map = object(json!({"a": "x", "list": [1, "y", 3], "box": {"w": -1}}));
    let fields = Fields::new(&map, At::root("body", &problems));
    assert_eq!(fields.required("a", number()), None);
    assert_eq!(fields.required("list", items(number(), 10)), None);
    let nested = Nested(|f: &Fields<'_>| {
        let (w, h) = (f.required("w", number().gt(0.0)), f.required("h", number()));
        w.zip(h)
    });
    assert_eq!(fields.required("box", nested), None);
    assert_eq!(fields.required("gone", text()), None);
    assert_eq!(fields.optional("gone", text()), Some(None));
    assert_eq!(fields.or("gone", "default", text()), Some("default".to_owned()));
    let found: Vec<(&str, Value)> = problems.into_vec().into_iter().map(|p| (p.code, json!(p.loc))).collect();
    assert_eq!(
        found,
        [
            ("float_parsing", json!(["body", "a"])),
            ("float_parsing", json!(["body", "list", 1])),
            ("greater_than", json!(["body", "box", "w"])),
            ("missing", json!(["body", "box", "h"])),
            ("missing", json!(["body", "gone"])),
        ]
    );
}

#[test]
fn a_patch_tells_absent_from_null() {
    let problems = Problems::default();
    let map = object(json!({"null": null, "set": "v", "bad": 1}));
    let fields = Fields::new(&map, At::root("body", &problems));
    assert_eq!(fields.patch("absent", text()), Some(Field::Absent));
    assert_eq!(fields.patch("null", text()), Some(Field::Null));
    assert_eq!(fields.patch("set", text()), Some(Field::Value("v".to_owned())));
    assert_eq!(fields.patch("bad", text()), None);
}

#[test]
fn refusals_are_bounded() {
    let problems = Problems::default();
    let map = object(json!({"ids": vec!["x"; 5_000], "long": "y".repeat(50_000)}));
    let fields = Fields::new(&map, At::root("body", &problems));
    assert_eq!(fields.required("ids", items(IdRule, 10_000)), None);
    assert_eq!(fields.required("ids", items(IdRule, 100)), None);
    assert_eq!(problems.into_vec().len(), MAX_PROBLEMS);
    let p = read(text().max(10), json!("y".repeat(50_000))).unwrap_err();
    assert_eq!(p.input.as_str().map(str::len), Some(MAX_ECHO));
}

#[test]
fn names_are_of_one_line_and_say_something() {
    let name = || text().max(255).line().not_blank();
    for good in ["Süd", "4\" SOG", " x "] {
        assert_eq!(read(name(), json!(good)).unwrap(), good);
    }
    for blank in ["", "  ", "\u{a0}"] {
        assert_eq!(code(name(), json!(blank)), "string_too_short", "{blank:?}");
    }
    for broken in ["a\nb", "a\rb", "a\tb", "a\u{1b}[31mb", "a\u{85}b", "a\0b"] {
        assert_eq!(code(name(), json!(broken)), "value_error", "{broken:?}");
    }
    assert!(read(text(), json!("several\nlines")).is_ok());
}

#[test]
fn long_values_are_not_sent_back_whole() {
    let problems = Problems::default();
    let at = At::root("body", &problems);
    let _: Option<f64> = number().le(1.0).read(&json!("9".repeat(300)), &at);
    let sent = problems.into_vec().remove(0).input;
    assert_eq!(sent.as_str().unwrap().len(), MAX_ECHO);
}
