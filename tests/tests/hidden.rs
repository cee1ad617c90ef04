//! What nobody can see on a drawing is not counted and gives it no scale.

use serde_json::{Value, json};
use takeoff_tests::{Client, Node};

/// A file of one page of 400 x 400 pt with Helvetica as /F.
fn pdf(content: &str) -> Vec<u8> {
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 400] /Contents 4 0 R /Resources << /Font << /F \
             {font} >> >> >>"
        ),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    let mut out = "%PDF-1.7\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (i, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", out.len());
        out += &format!("{} 0 obj\n{object}\nendobj\n", i + 1);
    }
    let xref = out.len();
    out += &format!("xref\n0 5\n{table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n");
    out.into_bytes()
}

/// Uploads a page; its symbols as counted from the first, and its scale.
async fn counted(c: &Client, project: &str, content: &str) -> (u64, Value) {
    let uploaded = c.try_upload(project, "sheet.pdf", pdf(content), "application/pdf").await.unwrap();
    let document = uploaded.expect(201)["id"].as_str().unwrap().to_owned();
    c.settled(&document).await;
    let page = c.pages(&document).await[0]["id"].as_str().unwrap().to_owned();
    let scale = c.scale(&page).await;
    let body = json!({"name": "Symbols", "measurement_type": "count", "unit": "EA"});
    let made = c.post(&format!("/projects/{project}/conditions"), body).await.expect(201);
    // The first symbol stands at 30, 30 from below; a page of 150 dpi has 25/12 px a point.
    let px = 25.0 / 12.0;
    let example = json!({"x": 28.0 * px, "y": (400.0 - 40.0) * px, "w": 12.0 * px, "h": 12.0 * px});
    let session = c.count(&page, json!({"condition_id": made["id"], "template_bbox": example})).await;
    (session["total_detections"].as_u64().unwrap(), scale)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_see_is_not_taken_off() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let project = c.project("Hidden").await;
    let symbol = |n: u32| {
        let (x, y) = (30 + n % 10 * 24, 30 + n / 10 * 24);
        let (r, t) = (x + 8, y + 8);
        format!("{x} {y} 8 8 re S {x} {y} m {r} {t} l S {} {} m {} {} l S ", x + 2, y + 4, x + 6, y + 4)
    };
    let drawn = format!("1 w {}", (0..50).map(symbol).collect::<String>());
    let note = "BT /F 12 Tf 50 300 Td (SCALE: 1/4\" = 1'-0\") Tj ET ";
    let (all, scale) = counted(&c, &project, &format!("{drawn}{note}")).await;
    assert_eq!(
        (all, &scale["scale_value"], &scale["calibrated"]),
        (50, &json!(37.5), &json!(true)),
        "{scale}"
    );

    let masked = format!("{drawn}{note} 1 g 147 20 150 130 re f 40 290 200 30 re f");
    let (half, scale) = counted(&c, &project, &masked).await;
    assert_eq!(
        (half, &scale["scale_value"], &scale["calibrated"]),
        (25, &Value::Null, &json!(false)),
        "{scale}"
    );

    let viewport = format!("q 0 0 m 400 0 l 400 45 l 145 45 l 145 300 l 0 300 l h W n {drawn}{note} Q");
    let (inside, scale) = counted(&c, &project, &viewport).await;
    assert_eq!((inside, &scale["calibrated"]), (30, &json!(false)), "{scale}");
}
