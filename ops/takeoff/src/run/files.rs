//! `report.json` and `takeoff.csv`.

use std::path::Path;

use anyhow::Context as _;

use super::report::Report;

/// Makes the folder and tries whether files can be made in it.
pub(crate) fn prepare(out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    tempfile::tempfile_in(out).with_context(|| format!("nothing can be written in {}", out.display()))?;
    Ok(())
}

pub(crate) fn write(out: &Path, report: &Report) -> anyhow::Result<()> {
    for (name, text) in [("report.json", report.json()), ("takeoff.csv", csv(report))] {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

const HEAD: [&str; 13] = [
    "Condition",
    "Type",
    "Quantity",
    "Unit",
    "Measurements",
    "Material",
    "Labor",
    "Equipment",
    "Subcontract",
    "Other",
    "Total",
    "Total with markup",
    "Components in error",
];

/// One row a condition, CRLF, money with two places; what has no quantity or no cost has an empty
/// field, never a 0.
fn csv(report: &Report) -> String {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    for c in &report.conditions {
        let mut row = vec![
            cell(&c.name),
            format!("{:?}", c.measurement_type).to_lowercase(),
            c.quantity.map(|q| format!("{q:.4}")).unwrap_or_default(),
            cell(&c.unit),
            c.measurements.to_string(),
        ];
        match &c.cost {
            None => row.extend(std::iter::repeat_n(String::new(), 8)),
            Some(a) => {
                let k = &a.cost;
                let money = [
                    k.material_cost,
                    k.labor_cost,
                    k.equipment_cost,
                    k.subcontract_cost,
                    k.other_cost,
                    k.total_cost,
                    k.total_with_markup,
                ];
                row.extend(money.iter().map(|m| format!("{m:.2}")));
                row.push(k.components_in_error.to_string());
            }
        }
        rows.push(row);
    }
    rows.iter().map(|r| r.join(",") + "\r\n").collect()
}

/// Text that a spreadsheet takes as text: quoted where needed, and never as a formula.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_name_cannot_become_a_formula_or_break_the_row() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("4\" slab, garage"), "\"4\"\" slab, garage\"");
        assert_eq!(cell("Doors"), "Doors");
    }
}
