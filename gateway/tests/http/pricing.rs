//! Assemblies, priced by a job that the request awaits.

use serde_json::{Value, json};

use crate::support::Server;

/// A condition of 800 SF, 4 inches deep, in a project of its own.
async fn slab(server: &Server) -> (String, String) {
    let project = server.project().await;
    let page = server.page(&project, b"png").await.id;
    server.put(&format!("/pages/{page}/scale"), json!({"scale_value": 1})).await.expect(200);
    let body = json!({"name": "4\" SOG", "measurement_type": "area", "unit": "SF", "depth": 4});
    let condition = server.condition(&project, body).await;
    let rectangle = json!({"x": 0, "y": 0, "width": 40, "height": 20});
    let body = json!({"page_id": page.to_string(), "geometry_type": "rectangle", "geometry_data": rectangle});
    server.post(&format!("/conditions/{condition}/measurements"), body).await.expect(201);
    (project, condition)
}

#[tokio::test]
async fn an_assembly_is_made_priced_locked_and_summed() {
    let server = Server::start().await;
    let (project, condition) = slab(&server).await;
    let path = format!("/conditions/{condition}/assembly");
    let made = server.post(&path, json!({})).await.expect(201);
    assert_eq!(
        (&made["name"], &made["total_cost"], &made["components"]),
        (&json!("4\" SOG"), &json!("0.00"), &json!([]))
    );
    assert!(server.post(&path, json!({})).await.detail(400).contains("already has an assembly"));
    let id = made["id"].as_str().unwrap();
    let assembly = format!("/assemblies/{id}");

    let concrete = json!({"name": "Concrete", "unit": "CY", "unit_cost": "165", "waste_percent": 5,
                          "quantity_formula": "{qty} * {depth} / 12 / 27"});
    let concrete = server.post(&format!("{assembly}/components"), concrete).await.expect(201);
    assert_eq!(
        (&concrete["unit_cost"], &concrete["component_type"]),
        (&json!("165.0000"), &json!("material"))
    );
    let finish = json!({"name": "Finish", "unit": "DAY", "unit_cost": 4800.0, "component_type": "labor",
                        "labor_hours": 8, "crew_size": 6, "quantity_formula": "{qty} / 100"});
    let finish = server.post(&format!("{assembly}/components"), finish).await.expect(201);
    server.put(&assembly, json!({"overhead_percent": 10, "profit_percent": 8})).await.expect(200);

    let priced = server.act(&format!("{assembly}/calculate")).await.expect(200);
    // 800 SF x 4 in = 9.8765 CY, 5 % waste, 165.00 each: the contract's own example.
    assert_eq!(priced["material_cost"], "1711.11");
    assert_eq!(priced["labor_cost"], "38400.00");
    assert_eq!(priced["total_cost"], "40111.11");
    assert_eq!(priced["unit_cost"], "50.1389");
    assert_eq!(priced["total_with_markup"], "47331.11");
    assert_eq!(server.get(&assembly).await.expect(200), priced);
    assert_eq!(server.get(&path).await.expect(200), priced);

    let order = json!([finish["id"], concrete["id"]]);
    let reordered = server.put(&format!("{assembly}/components/reorder"), order).await.expect(200);
    assert_eq!(reordered, json!({"status": "ok"}));
    assert_eq!(server.get(&assembly).await.expect(200)["components"][0]["name"], "Finish");

    let summary = server.get(&format!("/projects/{project}/cost-summary")).await.expect(200);
    assert_eq!(
        (&summary["total_cost"], &summary["conditions_with_assemblies"]),
        (&json!("40111.11"), &json!(1))
    );

    let locked = server.post(&format!("{assembly}/lock?locked_by=user"), Value::Null).await.expect(200);
    assert_eq!((&locked["is_locked"], &locked["locked_by"]), (&json!(true), &json!("user")));
    let line = format!("/components/{}", finish["id"].as_str().unwrap());
    for refused in [
        server.put(&assembly, json!({"name": "x"})).await,
        server.delete(&assembly).await,
        server.act(&format!("{assembly}/calculate")).await,
        server.post(&format!("{assembly}/components"), json!({"name": "x", "unit": "EA"})).await,
        server.put(&line, json!({"name": "x"})).await,
        server.delete(&line).await,
        server.put(&format!("{assembly}/components/reorder"), json!([])).await,
    ] {
        assert!(refused.detail(400).contains("locked"));
    }
    let unlocked = server.act(&format!("{assembly}/unlock")).await.expect(200);
    assert_eq!((&unlocked["is_locked"], &unlocked["locked_by"]), (&json!(false), &Value::Null));

    assert_eq!(server.delete(&line).await.status, 204);
    assert_eq!(server.get(&assembly).await.expect(200)["total_cost"], "1711.11", "totals follow a deletion");
    assert_eq!(server.delete(&assembly).await.status, 204);
    assert_eq!(server.get(&path).await.expect(200), Value::Null);
    server.get(&assembly).await.detail(404);
}

#[tokio::test]
async fn components_are_judged_when_saved() {
    let server = Server::start().await;
    let (_, condition) = slab(&server).await;
    let made = server.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let components = format!("/assemblies/{}/components", made["id"].as_str().unwrap());
    let body = json!({"name": "x", "unit": "u".repeat(51), "component_type": "magic", "waste_percent": 101,
                      "unit_cost": "dear", "quantity_formula": "1+".repeat(300)});
    let mut problems = server.post(&components, body).await.problems();
    problems.sort();
    assert_eq!(
        problems,
        [
            "decimal_parsing at body.unit_cost",
            "less_than_equal at body.waste_percent",
            "string_pattern_mismatch at body.component_type",
            "string_too_long at body.quantity_formula",
            "string_too_long at body.unit",
        ]
    );
    for formula in ["{qty} *", "{nope}", "{qty} / 0"] {
        let body = json!({"name": "x", "unit": "EA", "quantity_formula": formula});
        server.post(&components, body).await.detail(400);
    }
    // Fails only when evaluated: an error on its line, never a silent zero.
    let body = json!({"name": "x", "unit": "EA", "quantity_formula": "{qty} / {thickness}", "unit_cost": 1});
    let line = server.post(&components, body).await.expect(201);
    assert!(line["error"].as_str().unwrap().contains("set its `thickness`"), "{line}");
    let divided =
        json!({"name": "x", "unit": "EA", "quantity_formula": "1 / ({count} - {count})", "unit_cost": 1});
    let divided = server.post(&components, divided).await.expect(201);
    assert!(divided["error"].as_str().unwrap().contains("Division by zero"), "{divided}");
    let one = format!("/components/{}", line["id"].as_str().unwrap());
    let fixed = server
        .put(&one, json!({"quantity_formula": "{qty}", "notes": "n", "crew_size": 2}))
        .await
        .expect(200);
    assert_eq!((&fixed["error"], &fixed["extended_cost"]), (&Value::Null, &json!("800.00")));
    let cleared = server.put(&one, json!({"crew_size": null})).await.expect(200);
    assert_eq!((&cleared["crew_size"], &cleared["notes"]), (&Value::Null, &json!("n")));
}

#[tokio::test]
async fn templates_start_assemblies() {
    let server = Server::start().await;
    let ctx = takeoff_commands::Ctx::new(&server.handle, server.handle.tenant(), None);
    let seeded = takeoff_commands::templates::seed(&ctx).await.unwrap();
    let all = server.get("/assembly-templates").await.expect(200);
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), seeded);
    let area = server.get("/assembly-templates?measurement_type=area").await.expect(200);
    let area = area.as_array().unwrap();
    assert!(!area.is_empty() && area.len() < all.len());
    assert!(area.iter().all(|t| t["measurement_type"] == "area"));
    let one = &area[0];
    let id = one["id"].as_str().unwrap();
    assert_eq!(&server.get(&format!("/assembly-templates/{id}")).await.expect(200), one);
    assert!(one["component_definitions"][0]["unit_cost"].is_number());
    server.get("/assembly-templates/x").await.problems();

    let (_, condition) = slab(&server).await;
    let path = format!("/conditions/{condition}/assembly");
    let missing = json!({"template_id": "00000000-0000-4000-8000-000000000000"});
    server.post(&path, missing).await.detail(400);
    let made = server.post(&path, json!({"template_id": id})).await.expect(201);
    assert_eq!(made["template_id"], id);
    let definitions = one["component_definitions"].as_array().unwrap();
    assert_eq!(made["components"].as_array().unwrap().len(), definitions.len());
}

#[tokio::test]
async fn formulas_are_tried_before_they_are_saved() {
    let server = Server::start().await;
    let verdict = async |body: Value| server.post("/formulas/validate", body).await.expect(200);
    assert_eq!(
        verdict(json!({"formula": "{qty} * 1.05", "test_qty": 100})).await,
        json!({"is_valid": true, "error": null, "test_result": 105.0})
    );
    let untried = verdict(json!({"formula": "{qty} / {depth}"})).await;
    assert_eq!(untried, json!({"is_valid": true, "error": null, "test_result": null}));
    for (body, fragment) in [
        (json!({"formula": "{qty} / {depth}", "test_qty": 1}), "Division by zero"),
        (json!({"formula": "{nope}"}), "Unknown variable"),
        (json!({"formula": "1 +"}), "at character"),
        (json!({"formula": "1+".repeat(2_000)}), "500"),
    ] {
        let refused = verdict(body).await;
        assert_eq!((&refused["is_valid"], &refused["test_result"]), (&json!(false), &Value::Null));
        assert!(refused["error"].as_str().unwrap().contains(fragment), "{refused}");
    }
    let empty = verdict(json!({"formula": " ", "test_qty": 7})).await;
    assert_eq!((&empty["is_valid"], &empty["test_result"]), (&json!(true), &json!(7.0)));
    assert_eq!(server.post("/formulas/validate", json!({})).await.problems(), ["missing at body.formula"]);

    let presets = server.get("/formulas/presets").await.expect(200);
    assert_eq!(presets.as_object().unwrap().len(), 12);
    assert_eq!(presets["with_waste_5"]["formula"], "{qty} * 1.05");
    let help = server.get("/formulas/help").await.expect(200);
    assert_eq!(help["variables"].as_object().unwrap().len(), 12);
    assert_eq!(
        (help["functions"].as_array().unwrap().len(), help["examples"].as_array().unwrap().len()),
        (10, 6)
    );
}

#[tokio::test]
async fn costs_are_no_credits_and_orders_have_room() {
    let server = Server::start().await;
    let (_, condition) = slab(&server).await;
    let made = server.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let components = format!("/assemblies/{}/components", made["id"].as_str().unwrap());
    let wrong = json!({"unit_cost": -1, "labor_rate": "-0.01", "hourly_rate": -1, "daily_rate": -1, "labor_hours": -1,
                       "duration_hours": -1, "crew_size": -1, "sort_order": i64::MAX});
    let named = |mut body: Value| {
        body["name"] = json!("x");
        body["unit"] = json!("EA");
        body
    };
    let added = server.post(&components, named(json!({"unit_cost": 2}))).await.expect(201);
    let line = format!("/components/{}", added["id"].as_str().unwrap());
    for mut problems in [
        server.post(&components, named(wrong.clone())).await.problems(),
        server.put(&line, wrong.clone()).await.problems(),
    ] {
        problems.sort();
        let fields =
            ["crew_size", "daily_rate", "duration_hours", "hourly_rate", "labor_hours", "labor_rate"];
        let mut expected: Vec<String> =
            fields.iter().chain(&["unit_cost"]).map(|f| format!("greater_than_equal at body.{f}")).collect();
        expected.push("less_than_equal at body.sort_order".to_owned());
        assert_eq!(problems, expected);
    }
    let last = server.post(&components, named(json!({"sort_order": i32::MAX}))).await.expect(201);
    assert_eq!(last["sort_order"], i32::MAX);
    let after = server.post(&components, named(json!({}))).await.expect(201);
    assert_eq!(after["sort_order"], i64::from(i32::MAX) + 1, "there is always a next place");
    let assembly = format!("/assemblies/{}", made["id"].as_str().unwrap());
    let dear = server.put(&assembly, json!({"overhead_percent": 1e300})).await.detail(400);
    assert!(dear.contains("1e300") && dear.len() < 200, "{dear}");
    let broken = server.post(&components, json!({"name": "a\nb", "unit": "EA"})).await;
    assert_eq!(broken.problems(), ["value_error at body.name"]);
}

#[tokio::test]
async fn a_formula_that_reads_feet_beside_metres_has_no_price_and_says_why() {
    let server = Server::start().await;
    let project = server.project().await;
    let body = json!({"name": "Walls", "measurement_type": "area", "unit": "m2", "depth": 4});
    let condition = server.condition(&project, body).await;
    let made = server.post(&format!("/conditions/{condition}/assembly"), json!({})).await.expect(201);
    let path = format!("/assemblies/{}/components", made["id"].as_str().unwrap());
    for (formula, says) in
        [("{perimeter} * 2", "{perimeter} is in feet"), ("{qty} * {depth_ft}", "{depth_ft}")]
    {
        let body = json!({"name": "Forms", "unit": "M", "unit_cost": 5, "quantity_formula": formula});
        let line = server.post(&path, body).await.expect(201);
        assert!(line["error"].as_str().unwrap().contains(says), "{line}");
        assert_eq!(line["extended_cost"], "0.00");
    }
    let summary = server.get(&format!("/projects/{project}/cost-summary")).await.expect(200);
    assert_eq!(summary["components_in_error"], 2);
}
