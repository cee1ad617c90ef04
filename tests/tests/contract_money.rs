//! Conditions, measurements, assemblies, formulas over HTTP.

use serde_json::{Value, json};
use takeoff_tests::{School, problems};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value} has no id")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeoff_adds_up_after_every_change() {
    let s = School::open().await;
    let c = &s.client;
    let page = s.page(s.calibrated()).to_owned();
    c.put(&format!("/pages/{page}/scale"), json!({"scale_value": 10.0})).await.expect(200);
    let condition = s.condition("area", "SF").await;
    let path = format!("/projects/{}/conditions/{condition}", s.project);
    c.put(&path, json!({"depth": 4.0})).await.expect(200);

    let polygon =
        json!({"points": [{"x": 0, "y": 0}, {"x": 400, "y": 0}, {"x": 400, "y": 250}, {"x": 0, "y": 250}]});
    let body =
        json!({"page_id": page, "geometry_type": "polygon", "geometry_data": polygon, "notes": "bay 1"});
    let made = c.post(&format!("/conditions/{condition}/measurements"), body).await.expect(201);
    assert_eq!(made["quantity"], 1000.0);
    assert_eq!(made["pixel_area"], 100_000.0);
    assert_eq!(made["unit"], "SF");
    let now = c.get(&path).await.expect(200);
    assert_eq!((now["total_quantity"].as_f64(), now["measurement_count"].as_u64()), (Some(1000.0), Some(1)));
    assert_eq!(now["measurements"].as_array().unwrap().len(), 1);

    let assembly = id(&c.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201));
    let again = c.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(400);
    assert!(again["detail"].as_str().unwrap().contains("already has an assembly"));
    let component = json!({
        "name": "Concrete", "quantity_formula": "{qty} * {depth} / 12 / 27", "unit": "CY", "unit_cost": "165", "waste_percent": 5,
    });
    let component = c.post(&format!("/assemblies/{assembly}/components"), component).await.expect(201);
    assert_eq!(component["unit_cost"], "165.0000");
    assert_eq!(component["sort_order"], 0);
    let read = c.get(&format!("/assemblies/{assembly}")).await.expect(200);
    let expected: f64 = 1000.0 * 4.0 / 12.0 / 27.0 * 1.05 * 165.0;
    assert_eq!(read["total_cost"], format!("{expected:.2}"), "right without a calculate");
    let calculated = c.post(&format!("/assemblies/{assembly}/calculate"), Value::Null).await.expect(200);
    assert_eq!(calculated["total_cost"], read["total_cost"]);
    assert_eq!(c.get(&format!("/assemblies/{assembly}")).await.expect(200), calculated);

    // Half the scale, four times the area, in the same commit.
    c.put(&format!("/pages/{page}/scale"), json!({"scale_value": 5.0})).await.expect(200);
    assert_eq!(c.get(&path).await.expect(200)["total_quantity"], 4000.0);
    let read = c.get(&format!("/assemblies/{assembly}")).await.expect(200);
    assert_eq!(read["total_cost"], format!("{:.2}", expected * 4.0));

    c.put(&format!("/assemblies/{assembly}"), json!({"overhead_percent": 10, "profit_percent": 8}))
        .await
        .expect(200);
    let summary = c.get(&format!("/projects/{}/cost-summary", s.project)).await.expect(200);
    let cost = (expected * 4.0 * 100.0).round() / 100.0;
    assert_eq!(summary["total_cost"], format!("{cost:.2}"));
    assert_eq!(summary["total_with_markup"], format!("{:.2}", cost * 1.18), "markup is additive");
    assert_eq!(summary["components_in_error"], 0);

    c.delete(&format!("/components/{}", id(&component))).await.expect(204);
    assert_eq!(c.get(&format!("/assemblies/{assembly}")).await.expect(200)["total_cost"], "0.00");
    c.delete(&format!("/measurements/{}", id(&made))).await.expect(204);
    assert_eq!(c.get(&path).await.expect(200)["total_quantity"], 0.0);
    c.get(&format!("/measurements/{}", id(&made))).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_conditions_and_geometry_are_refused_with_the_reason() {
    let s = School::open().await;
    let c = &s.client;
    let conditions = format!("/projects/{}/conditions", s.project);
    let wrong = c.post(&conditions, json!({"name": "X", "measurement_type": "weight"})).await.expect(422);
    assert_eq!(problems(&wrong)[0].1, "body.measurement_type");
    c.post(&format!("/projects/{NOBODY}/conditions"), json!({"name": "X", "measurement_type": "area"}))
        .await
        .expect(404);
    assert_eq!(
        c.get(&format!("/projects/{NOBODY}/conditions")).await.expect(200),
        json!({"conditions": [], "total": 0})
    );

    let page = s.page(s.calibrated()).to_owned();
    let area = s.condition("area", "SF").await;
    let path = format!("/conditions/{area}/measurements");
    let post = |geometry_type: &str, geometry: Value| {
        c.post(&path, json!({"page_id": page, "geometry_type": geometry_type, "geometry_data": geometry}))
    };
    let line = json!({"start": {"x": 0, "y": 0}, "end": {"x": 9, "y": 0}});
    for (kind, geometry) in [
        ("polygon", json!({"points": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]})),
        (
            "polygon",
            json!({"points": [{"x": 0, "y": 0}, {"x": 10, "y": 10}, {"x": 10, "y": 0}, {"x": 0, "y": 10}]}),
        ),
        ("polygon", json!({})),
        ("polygon", json!({"points": [{"x": "a", "y": 0}, {"x": 1, "y": 1}, {"x": 1, "y": 0}]})),
        ("hexagon", json!({})),
        ("line", line),
        ("circle", json!({"center": {"x": 0, "y": 0}, "radius": -1})),
    ] {
        let refused = post(kind, geometry.clone()).await.expect(400);
        assert!(refused["detail"].as_str().is_some_and(|d| d.len() > 10), "{kind} {geometry}: {refused}");
    }
    let unknown = json!({"page_id": NOBODY, "geometry_type": "point", "geometry_data": {"x": 1, "y": 1}});
    c.post(&path, unknown).await.expect(400);
    let other = c.project("Other").await;
    let foreign = format!("/projects/{other}/conditions");
    let foreign = c.post(&foreign, json!({"name": "X", "measurement_type": "count"})).await;
    let foreign = id(&foreign.expect(201));
    let body = json!({"page_id": page, "geometry_type": "point", "geometry_data": {"x": 1, "y": 1}});
    c.post(&format!("/conditions/{foreign}/measurements"), body).await.expect(400);
    assert_eq!(
        c.get(&format!("/conditions/{area}/measurements")).await.expect(200)["total"],
        0,
        "nothing was stored"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn assemblies_lock_templates_seed_and_formulas_are_checked() {
    let s = School::open().await;
    let c = &s.client;
    let templates = c.get("/assembly-templates").await.expect(200);
    let templates = templates.as_array().unwrap();
    assert!(templates.len() >= 15, "only {} templates", templates.len());
    let area = templates.iter().find(|t| t["measurement_type"] == "area").unwrap();
    assert!(area["component_definitions"][0]["unit_cost"].is_number());
    assert_eq!(c.get(&format!("/assembly-templates/{}", id(area))).await.expect(200), *area);
    c.get(&format!("/assembly-templates/{NOBODY}")).await.expect(404);

    let condition = s.condition("area", "SF").await;
    let path = format!("/conditions/{condition}/assembly");
    let none = c.get(&path).await;
    assert_eq!((none.status.as_u16(), none.body), (200, Value::Null));
    let made = c.post(&path, json!({"template_id": id(area)})).await.expect(201);
    assert_eq!(
        made["components"].as_array().unwrap().len(),
        area["component_definitions"].as_array().unwrap().len()
    );
    assert_eq!(made["name"], area["name"]);
    let assembly = id(&made);
    let first = id(&made["components"][0]);
    for formula in
        ["{qty} +", "{nothing}", "ceil()", "1 / 0", "__import__('os')", &"(".repeat(65), &"1+".repeat(300)]
    {
        let body = json!({"name": "X", "unit": "EA", "quantity_formula": formula});
        let refused = c.post(&format!("/assemblies/{assembly}/components"), body).await;
        assert!(matches!(refused.status.as_u16(), 400 | 422), "{formula} was stored");
        c.put(&format!("/components/{first}"), json!({"quantity_formula": formula}))
            .await
            .status
            .as_u16()
            .eq(&200)
            .then(|| panic!("{formula} was stored by an update"));
    }
    let weird = c.put(&format!("/components/{first}"), json!({"component_type": "weird"})).await.expect(422);
    assert_eq!(problems(&weird)[0].1, "body.component_type");
    let locked =
        c.post(&format!("/assemblies/{assembly}/lock?locked_by=user"), Value::Null).await.expect(200);
    assert_eq!((&locked["is_locked"], &locked["locked_by"]), (&json!(true), &json!("user")));
    let calculate = c.post(&format!("/assemblies/{assembly}/calculate"), Value::Null).await.expect(400);
    assert!(calculate["detail"].as_str().unwrap().contains("locked"));
    c.put(&format!("/assemblies/{assembly}"), json!({"name": "Y"})).await.expect(400);
    c.delete(&format!("/components/{first}")).await.expect(400);
    c.delete(&format!("/assemblies/{assembly}")).await.expect(400);
    let unlocked = c.post(&format!("/assemblies/{assembly}/unlock"), Value::Null).await.expect(200);
    assert_eq!((&unlocked["is_locked"], &unlocked["locked_at"]), (&json!(false), &Value::Null));

    let order: Vec<String> = made["components"].as_array().unwrap().iter().rev().map(id).collect();
    let reordered =
        c.put(&format!("/assemblies/{assembly}/components/reorder"), json!(order)).await.expect(200);
    assert_eq!(reordered, json!({"status": "ok"}));
    let read = c.get(&format!("/assemblies/{assembly}")).await.expect(200);
    assert_eq!(read["components"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(), order);
    c.delete(&format!("/assemblies/{assembly}")).await.expect(204);
    assert_eq!(c.get(&path).await.body, Value::Null);

    let valid =
        c.post("/formulas/validate", json!({"formula": "{qty} * 1.05", "test_qty": 100})).await.expect(200);
    assert_eq!(valid, json!({"is_valid": true, "error": null, "test_result": 105.0}));
    let unknown = c.post("/formulas/validate", json!({"formula": "{volume}"})).await.expect(200);
    assert_eq!(unknown["is_valid"], false);
    assert!(unknown["error"].as_str().unwrap().contains("Unknown variable: {volume}"));
    let zero = json!({"formula": "1 / {depth}", "test_qty": 1, "test_depth": 0});
    let zero = c.post("/formulas/validate", zero).await.expect(200);
    assert!(zero["error"].as_str().unwrap().contains("Division by zero"));
    every_preset_is_offered(&c.get("/formulas/presets").await.expect(200));
}

/// The platform's presets, by id: name and formula.
const PRESETS: [(&str, &str, &str); 12] = [
    ("direct_quantity", "Direct Quantity", "{qty}"),
    ("concrete_cy_from_sf", "Concrete CY from SF", "{qty} * {depth} / 12 / 27"),
    ("rebar_lbs_4_at_18", "#4 Rebar @ 18\" O.C.", "{qty} * 0.89"),
    ("rebar_lbs_5_at_12", "#5 Rebar @ 12\" O.C.", "{qty} * 2.09"),
    ("with_waste_5", "5% Waste Factor", "{qty} * 1.05"),
    ("with_waste_10", "10% Waste Factor", "{qty} * 1.10"),
    ("vapor_barrier_with_overlap", "Vapor Barrier with 10% Overlap", "{qty} * 1.1"),
    ("sfca_wall_both_sides", "SFCA Wall Both Sides", "{perimeter} * {depth} / 12 * 2"),
    ("round_up_100", "Round Up to Nearest 100", "ceil({qty} / 100) * 100"),
    ("dowels_per_footing", "Dowels per Footing (4 each)", "{count} * 4"),
    ("concrete_pump_days", "Concrete Pump Days", "ceil({qty} * {depth} / 12 / 27 / 80)"),
    ("chairs_per_sf", "Rebar Chairs per SF", "{qty} / 4"),
];

fn every_preset_is_offered(offered: &Value) {
    let offered = offered.as_object().unwrap();
    for (id, name, formula) in PRESETS {
        let preset = offered.get(id).unwrap_or_else(|| panic!("{id} is missing"));
        assert_eq!((&preset["name"], &preset["formula"]), (&json!(name), &json!(formula)), "{id}");
        assert!(preset["description"].as_str().is_some_and(|d| !d.is_empty()), "{id}");
    }
    assert_eq!(offered.len(), PRESETS.len(), "{offered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formula_that_fails_on_its_numbers_is_an_error_and_no_zero() {
    let s = School::open().await;
    let c = &s.client;
    let condition = s.condition("area", "SF").await;
    let assembly = id(&c.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201));
    let body = json!({"name": "Per inch", "unit": "EA", "quantity_formula": "10 / {depth}", "unit_cost": 3});
    let made = c.post(&format!("/assemblies/{assembly}/components"), body).await.expect(201);
    assert!(made["error"].as_str().is_some_and(|e| e.contains("set its `depth`")), "{made}");
    let priced = c.post(&format!("/assemblies/{assembly}/calculate"), Value::Null).await.expect(200);
    assert_eq!(priced["components_in_error"], 1);
    let summary = c.get(&format!("/projects/{}/cost-summary", s.project)).await.expect(200);
    assert_eq!(summary["components_in_error"], 1);
    c.put(&format!("/projects/{}/conditions/{condition}", s.project), json!({"depth": 2})).await.expect(200);
    let healed = c.get(&format!("/assemblies/{assembly}")).await.expect(200);
    assert_eq!((&healed["components_in_error"], &healed["total_cost"]), (&json!(0), &json!("15.00")));
}
