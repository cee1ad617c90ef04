use proptest::prelude::*;

use super::*;

fn vars(qty: f64, depth: f64) -> Variables {
    Variables::new(&Inputs { qty, depth, thickness: 8.0, perimeter: 120.0, count: 7.0, ..Inputs::default() })
}

fn value(text: &str) -> Result<f64, String> {
    let formula = Formula::compile(text).map_err(|e| e.to_string())?;
    formula.eval(&vars(1000.0, 4.0)).map_err(|e| e.to_string())
}

/// Formulas and what CPython 3 gives for them, as floats.
const PYTHON: &[(&str, f64)] = &[
    ("-2 ** 2", -4.0),
    ("2 ** 3 ** 2", 512.0),
    ("-7 % 3", 2.0),
    ("7 % -3", -2.0),
    ("-7 // 2", -4.0),
    ("7 // -2", -4.0),
    ("2 ** -1", 0.5),
    ("-2 ** -2", -0.25),
    ("2 * -3", -6.0),
    ("- -3", 3.0),
    ("+-+3", -3.0),
    ("round(2.5)", 2.0),
    ("round(3.5)", 4.0),
    ("round(-2.5)", -2.0),
    ("round(2.675, 2)", 2.67),
    ("round(1.005, 2)", 1.0),
    ("round(0.125, 2)", 0.12),
    ("round(0.375, 2)", 0.38),
    ("round(1250.0, -2)", 1200.0),
    ("round(1350.0, -2)", 1400.0),
    ("round(1234.5678, 1)", 1234.6),
    ("round(-0.5)", 0.0),
    ("round(5e-324, 3)", 0.0),
    ("round(123456789.123456789, 7)", 123456789.1234568),
    ("round(9007199254.740993, 6)", 9007199254.740993),
    ("round(4503599627370495.5, 1)", 4503599627370495.5),
    ("round(2.5, 0)", 2.0),
    ("round(1e22, 5)", 1e+22),
    ("round(1.5e300, -299)", 1.5e+300),
    ("round(25.0, -1)", 20.0),
    ("round(25.000000000000004, -1)", 30.0),
    ("round(0.1, 25)", 0.1),
    ("round(1e15+0.3, 2)", 1000000000000000.2),
    ("round(2.0**60, -3)", 1.152921504606847e+18),
    ("round(1e23, -22)", 1e+23),
    ("round(5.015, 2)", 5.01),
    ("round(1.1e-7, 10)", 1.1e-07),
    ("0x1F + 1_000", 1031.0),
    ("0b101", 5.0),
    ("0o17", 15.0),
    ("0x_ff", 255.0),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("1.", 1.0),
    ("1_0.0_1", 10.01),
    ("5.5 // 2", 2.0),
    ("-5.5 // 2", -3.0),
    ("5.5 % -2", -0.5),
    ("-5.5 % 2", 0.5),
    ("0.3 % 0.1", 0.09999999999999998),
    ("0.3 // 0.1", 2.0),
    ("1e17 % 3", 1.0),
    ("-1e-20 % 3", 3.0),
    ("-1e-20 // 3", -1.0),
    ("ceil(-0.5)", 0.0),
    ("ceil(4.0000001)", 5.0),
    ("floor(-0.5)", -1.0),
    // Whole numbers but for rounding.
    ("ceil(100 * 1.1)", 110.0),
    ("ceil(0.1 * 3 * 10)", 3.0),
    ("ceil(0.1 * 3 - 0.3)", 0.0),
    ("ceil(-1e-17)", 0.0),
    ("ceil(1e-9)", 1.0),
    ("ceil(110.000000001)", 111.0),
    ("floor(100 * 0.29)", 29.0),
    ("floor(28.999999999)", 28.0),
    ("floor(-100 * 1.1)", -110.0),
    ("min(3, 1, 2)", 1.0),
    ("max(3, 1, 2)", 3.0),
    ("abs(-2.5)", 2.5),
    ("sqrt(3)", 1.7320508075688772),
    ("pow(3, 0.5)", 1.7320508075688772),
    ("pow(-8, 3)", -512.0),
    ("pi * 2 ** 2", 12.566370614359172),
    ("1 - 2 - 3", -4.0),
    ("2 / 3 / 4", 0.16666666666666666),
    ("2 * 3 % 4", 2.0),
    ("2 + 3 * 4 ** 2 / 8 - 1", 7.0),
    ("(1 + 2) * 3", 9.0),
    ("10 // 3 * 3 + 10 % 3", 10.0),
    ("-3 ** 2 % 5", 1.0),
    ("2 ** 0.5 ** 2", 1.189207115002721),
    ("max(1, 2,)", 2.0),
    ("7 // 0.5", 14.0),
    ("1.1 * 1.1", 1.2100000000000002),
    ("0.1 + 0.2", 0.30000000000000004),
    ("100 * 1.1", 110.00000000000001),
    ("00", 0.0),
    ("1e-5", 1e-05),
    ("12.34567 * 1155", 14259.24885),
];

#[test]
fn values_are_pythons() {
    for &(text, expected) in PYTHON {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
}

#[test]
fn variables_have_their_units_and_sources() {
    for (text, expected) in [
        ("{qty}", 1000.0),
        ("", 1000.0),
        ("  ", 1000.0),
        ("{qty} * {depth} / 12 / 27", 1000.0 * 4.0 / 12.0 / 27.0),
        ("{volume_cf}", 1000.0 * 4.0 / 12.0),
        ("{volume_cy}", 1000.0 * 4.0 / 12.0 / 27.0),
        ("{depth_ft}", 4.0 / 12.0),
        ("{thickness_ft}", 8.0 / 12.0),
        ("{perimeter} * {depth} / 12 * 2", 80.0),
        ("{count} * 4", 28.0),
        ("{height} + {width} + {length}", 0.0),
        ("ceil({qty} * {depth} / 12 / 27 / 80)", 1.0),
    ] {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
    for variable in Variable::ALL {
        let text = format!("{{{}}}", variable.name());
        assert_eq!(value(&text), Ok(vars(1000.0, 4.0).get(variable)));
        assert!(Formula::compile(&text).unwrap().uses(variable));
    }
}

fn refused(text: &str) -> (FormulaErrorKind, usize, String) {
    let e = Formula::compile(text).expect_err(text);
    (e.kind, e.position, e.message)
}

#[test]
fn what_cannot_be_compiled_is_refused_with_its_place() {
    use FormulaErrorKind::*;
    for (text, kind, position) in [
        ("{qty} *", Syntax, 7),
        ("{qty} {depth}", Syntax, 6),
        ("2 3", Syntax, 2),
        ("(1 + 2", Syntax, 0),
        ("1 + 2)", Syntax, 5),
        ("{qty", Syntax, 0),
        ("{qty} < 3", Syntax, 6),
        ("{qty} = 3", Syntax, 6),
        ("{qty}; 3", Syntax, 5),
        ("'a'", Syntax, 0),
        ("[1]", Syntax, 0),
        ("1 if 2 else 3", Syntax, 2),
        ("1.2.3", Syntax, 0),
        ("1__0", Syntax, 0),
        ("012", Syntax, 0),
        ("1j", Syntax, 0),
        ("0x", Syntax, 0),
        ("1e999", Syntax, 0),
        ("ceil", Syntax, 0),
        ("pi(2)", Syntax, 2),
        ("()", Syntax, 1),
        ("max(1, , 2)", Syntax, 7),
        ("ceil(x=1)", Syntax, 6),
        ("{foo}", UnknownVariable, 0),
        ("1 + { qty }", UnknownVariable, 4),
        ("{QTY}", UnknownVariable, 0),
        ("{}", UnknownVariable, 0),
        ("qty", UnknownName, 0),
        ("True", UnknownName, 0),
        ("eval(1)", UnknownName, 0),
        ("{qty}.real", Syntax, 5),
        ("ceil()", Arity, 0),
        ("ceil(1, 2)", Arity, 0),
        ("min(1)", Arity, 0),
        ("pow(2)", Arity, 0),
        ("pow(2, 3, 5)", Arity, 0),
        ("1 + round(1, 2, 3)", Arity, 4),
        ("{qty} / 0", DivisionByZero, 6),
        ("{qty} // (2 - 2)", DivisionByZero, 6),
        ("{qty} % 0.0", DivisionByZero, 6),
        ("0 ** -1", DivisionByZero, 2),
        ("pow(0, -1)", DivisionByZero, 0),
        ("{qty} / -0", DivisionByZero, 6),
    ] {
        let (found, at, message) = refused(text);
        assert_eq!((found, at), (kind, position), "{text}: {message}");
        assert!(!message.is_empty());
    }
    assert!(refused("{foo}").2.contains("Unknown variable: {foo}"));
    assert!(refused("1 / 0").2.contains("Division by zero"));
    assert_eq!(Formula::compile("1 / 0").unwrap_err().to_string(), "Division by zero (at character 3)");
}

#[test]
fn length_and_nesting_are_bounded() {
    let sum = |n: usize| vec!["1"; n].join("+");
    assert_eq!(value(&sum(250)), Ok(250.0));
    assert_eq!(refused(&format!("{}  ", sum(250))).0, FormulaErrorKind::TooLong);
    let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(value(&nested(64)), Ok(1.0));
    assert_eq!(refused(&nested(65)).0, FormulaErrorKind::TooDeep);
    assert_eq!(value(&format!("{}1", "-".repeat(64))), Ok(1.0));
    assert_eq!(refused(&format!("{}1", "-".repeat(65))).0, FormulaErrorKind::TooDeep);
    assert_eq!(value(&vec!["1"; 65].join("**")), Ok(1.0));
    assert_eq!(refused(&vec!["1"; 66].join("**")).0, FormulaErrorKind::TooDeep);
    let calls = |n: usize| format!("{}{{qty}}{}", "abs(".repeat(n), ")".repeat(n));
    assert_eq!(value(&calls(64)), Ok(1000.0));
    assert_eq!(refused(&calls(65)).0, FormulaErrorKind::TooDeep);
    // The deepest stack: three operands wait at every level.
    let heavy = |n: usize| format!("{}1{}", "1+1*{qty}**(".repeat(n), ")".repeat(n));
    assert!(value(&heavy(32)).is_err_and(|e| e.contains("too large")));
    let waiting = |n: usize| format!("{}1{}", "1+1*(".repeat(n), ")".repeat(n));
    assert_eq!(value(&waiting(64)), Ok(65.0));
    let mixed = |n: usize| format!("{}0{}", "{qty}+0*1**(".repeat(n), ")".repeat(n));
    assert_eq!(value(&mixed(32)), Ok(1000.0));
}

#[test]
fn what_fails_only_when_evaluated_says_where() {
    for (text, kind, position) in [
        ("1 / ({qty} - 1000)", EvalErrorKind::DivisionByZero, 2),
        ("1 % ({qty} - 1000)", EvalErrorKind::DivisionByZero, 2),
        ("1 // {height}", EvalErrorKind::DivisionByZero, 2),
        ("{height} ** -1", EvalErrorKind::DivisionByZero, 9),
        ("sqrt(-{qty})", EvalErrorKind::NegativeRoot, 0),
        ("sqrt(-1)", EvalErrorKind::NegativeRoot, 0),
        ("(-{qty}) ** 0.5", EvalErrorKind::NegativePower, 9),
        ("{qty} ** {qty}", EvalErrorKind::Overflow, 6),
        ("9 ** 9 ** 7", EvalErrorKind::Overflow, 2),
        ("1e308 * 10", EvalErrorKind::Overflow, 6),
        ("min(1e308 * {qty}, 5)", EvalErrorKind::Overflow, 10),
        ("round({qty}, 0.5)", EvalErrorKind::FractionalDigits, 0),
    ] {
        let formula = Formula::compile(text).expect(text);
        assert_eq!(formula.eval(&vars(1000.0, 4.0)), Err(EvalError { position, kind }), "{text}");
    }
    let formula = Formula::compile("min({qty}, 5)").unwrap();
    assert_eq!(formula.eval(&vars(f64::NAN, 0.0)).unwrap_err().kind, EvalErrorKind::VariableNotFinite);
    assert!(value("1 / {height}").unwrap_err().contains("Division by zero"));
}

/// What each preset makes of 1,230 square feet, 4 in deep, 120 ft around and counted seven times.
const PRESET_VALUES: [(&str, f64); 12] = [
    ("direct_quantity", 1_230.0),
    ("concrete_cy_from_sf", 15.185_185_185_185_185),
    ("rebar_lbs_4_at_18", 1_094.7),
    ("rebar_lbs_5_at_12", 2_570.7),
    ("with_waste_5", 1_291.5),
    ("with_waste_10", 1_353.0),
    ("vapor_barrier_with_overlap", 1_353.0),
    ("sfca_wall_both_sides", 80.0),
    ("round_up_100", 1_300.0),
    ("dowels_per_footing", 28.0),
    ("concrete_pump_days", 1.0),
    ("chairs_per_sf", 307.5),
];

#[test]
fn every_preset_gives_its_number() {
    assert_eq!(PRESETS.map(|p| p.id), PRESET_VALUES.map(|(id, _)| id));
    for (preset, (id, expected)) in PRESETS.iter().zip(PRESET_VALUES) {
        let found = Formula::compile(preset.formula).unwrap().eval(&vars(1_230.0, 4.0)).unwrap();
        assert!((found - expected).abs() < 1e-9, "{id}: {found}, not {expected}");
        assert!(!preset.name.is_empty() && !preset.description.is_empty(), "{id}");
    }
    let by = |id: &str, qty: f64, depth: f64| {
        let preset = PRESETS.iter().find(|p| p.id == id).unwrap();
        Formula::compile(preset.formula).unwrap().eval(&vars(qty, depth)).unwrap()
    };
    // Full hundreds and full days stay; the least above them starts the next.
    assert_eq!([1_200.0, 1_200.5].map(|q| by("round_up_100", q, 0.0)), [1_200.0, 1_300.0]);
    // 25,920 cubic feet on 1 ft of depth are 960 cubic yards: 12 days.
    assert_eq!([25_920.0, 25_921.0].map(|q| by("concrete_pump_days", q, 12.0)), [12.0, 13.0]);
}

#[test]
fn examples_compile_and_are_complete() {
    for (_, formula) in EXAMPLES {
        assert!(value(formula).is_ok(), "{formula}");
    }
    for (name, _) in VARIABLES {
        assert!(value(name).is_ok(), "{name}");
    }
    assert_eq!(VARIABLES.len(), Variable::ALL.len());
}

/// A formula as a tree, to compare with.
#[derive(Debug, Clone)]
enum Tree {
    Number(f64),
    Variable(Variable),
    Negate(Box<Tree>),
    Binary(&'static str, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
}

/// How tightly a tree binds: sums 1, products 2, signs 3, powers 4, atoms 5.
fn strength(tree: &Tree) -> u8 {
    match tree {
        Tree::Binary("+" | "-", ..) => 1,
        Tree::Binary("**", ..) => 4,
        Tree::Binary(..) => 2,
        Tree::Negate(_) => 3,
        _ => 5,
    }
}

fn show(tree: &Tree, at_least: u8) -> String {
    let text = match tree {
        Tree::Number(n) => format!("{n}"),
        Tree::Variable(v) => format!("{{{}}}", v.name()),
        Tree::Negate(a) => format!("-{}", show(a, 3)),
        Tree::Binary("**", a, b) => format!("{} ** {}", show(a, 5), show(b, 3)),
        Tree::Binary(op, a, b) => {
            let own = strength(tree);
            format!("{} {op} {}", show(a, own), show(b, own + 1))
        }
        Tree::Call(name, args) => {
            let args: Vec<String> = args.iter().map(|a| show(a, 0)).collect();
            format!("{name}({})", args.join(", "))
        }
    };
    if strength(tree) < at_least { format!("({text})") } else { text }
}

/// The plain meaning of a tree; `None` where any step has no finite value.
fn reference(tree: &Tree, vars: &Variables) -> Option<f64> {
    let value = match tree {
        Tree::Number(n) => *n,
        Tree::Variable(v) => vars.get(*v),
        Tree::Negate(a) => -reference(a, vars)?,
        Tree::Binary(op, a, b) => {
            let (a, b) = (reference(a, vars)?, reference(b, vars)?);
            if matches!(*op, "/" | "//" | "%") && b == 0.0 {
                return None;
            }
            match *op {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" => a / b,
                // Small whole numbers only: Euclid's division is exact there.
                "//" => (a / b).floor(),
                "%" => a - b * (a / b).floor(),
                _ => a.powf(b),
            }
        }
        Tree::Call(name, args) => {
            let args: Option<Vec<f64>> = args.iter().map(|a| reference(a, vars)).collect();
            let args = args?;
            match *name {
                "ceil" | "floor" if (args[0] - args[0].round()).abs() <= 1e-12 * args[0].abs().max(1.0) => {
                    args[0].round()
                }
                "ceil" => args[0].ceil(),
                "floor" => args[0].floor(),
                "round" => args[0].round_ties_even(),
                "abs" => args[0].abs(),
                "sqrt" => args[0].sqrt(),
                "min" => args.iter().copied().fold(f64::INFINITY, f64::min),
                _ => args.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            }
        }
    };
    value.is_finite().then_some(value)
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (0_u32..9).prop_map(|n| Tree::Number(f64::from(n))),
        (1_u32..200).prop_map(|n| Tree::Number(f64::from(n) / 8.0)),
        (0..Variable::ALL.len()).prop_map(|i| Tree::Variable(Variable::ALL[i])),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let op = prop_oneof![Just("+"), Just("-"), Just("*"), Just("/"), Just("**")];
        let one = prop_oneof![Just("ceil"), Just("floor"), Just("round"), Just("abs"), Just("sqrt")];
        let many = prop_oneof![Just("min"), Just("max")];
        prop_oneof![
            4 => (op, inner.clone(), inner.clone()).prop_map(|(o, a, b)| Tree::Binary(o, a.into(), b.into())),
            1 => inner.clone().prop_map(|a| Tree::Negate(a.into())),
            1 => (one, inner.clone()).prop_map(|(f, a)| Tree::Call(f, vec![a])),
            1 => (many, proptest::collection::vec(inner, 2..4)).prop_map(|(f, a)| Tree::Call(f, a)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_compiles_or_is_refused(text in "\\PC{0,60}") {
        if let Ok(formula) = Formula::compile(&text)
            && let Ok(value) = formula.eval(&vars(3.0, 4.0))
        {
            prop_assert!(value.is_finite());
        }
    }

    #[test]
    fn any_text_of_the_languages_own_signs_does_too(
        text in "([0-9+*/%(),. -]|\\{qty\\}|\\{depth\\}|ceil\\(|round\\(|min\\(|pow\\(|pi|1e3|_|x){0,40}"
    ) {
        match Formula::compile(&text) {
            Ok(formula) => if let Ok(value) = formula.eval(&vars(3.0, 4.0)) {
                prop_assert!(value.is_finite());
            },
            Err(e) => prop_assert!(e.position <= text.chars().count().min(MAX_CHARS), "{e:?}"),
        }
    }

    #[test]
    fn expressions_mean_what_their_tree_means(tree in tree(), qty in 0_u32..5000, depth in 0_u32..48) {
        let text = show(&tree, 0);
        let vars = vars(f64::from(qty) / 4.0, f64::from(depth));
        let expected = reference(&tree, &vars);
        match Formula::compile(&text) {
            Ok(formula) => match (formula.eval(&vars), expected) {
                (Ok(a), Some(b)) => prop_assert!(a == b, "{text}: {a} instead of {b}"),
                (Err(_), None) => {}
                (found, expected) => prop_assert!(false, "{text}: {found:?} instead of {expected:?}"),
            },
            Err(e) if e.kind == FormulaErrorKind::DivisionByZero => prop_assert_eq!(expected, None, "{}", text),
            Err(e) if matches!(e.kind, FormulaErrorKind::TooLong | FormulaErrorKind::TooDeep) => {}
            Err(e) => prop_assert!(false, "{text}: {e}"),
        }
    }

    #[test]
    fn floor_and_remainder_belong_together(a in -2000_i32..2000, b in -60_i32..60) {
        prop_assume!(b != 0);
        let (a, b) = (f64::from(a) / 4.0, f64::from(b) / 4.0);
        let quotient = value(&format!("({a}) // ({b})")).unwrap();
        let rest = value(&format!("({a}) % ({b})")).unwrap();
        prop_assert_eq!(quotient * b + rest, a);
        prop_assert_eq!(quotient, quotient.floor());
        let sound = if b > 0.0 { (0.0..b).contains(&rest) } else { rest <= 0.0 && rest > b };
        prop_assert!(sound, "{a} % {b} = {rest}");
    }

    #[test]
    fn rounding_to_places_is_rounding_of_the_decimal_text(x in -1e9_f64..1e9, places in 0_usize..12) {
        let expected: f64 = format!("{x:.places$}").parse().unwrap();
        prop_assert_eq!(value(&format!("round({x:?}, {places})")), Ok(expected + 0.0));
    }
}
