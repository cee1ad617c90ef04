//! Every kind of file through a real node: taken with its right sizes, or refused with the reason.

use serde_json::{Value, json};
use takeoff_samples::{Hostile, raster};
use takeoff_tests::Node;

fn written(kind: Hostile) -> Vec<u8> {
    let mut bytes = Vec::new();
    kind.write_to(&mut bytes).unwrap();
    bytes
}

/// Name, bytes, declared type, the type found, sizes of the pages.
type Taken<'a> = (&'a str, Vec<u8>, &'a str, &'a str, &'a [(u32, u32)]);

#[tokio::test(flavor = "multi_thread")]
async fn pictures_become_pages_and_unreadable_files_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start(data.path());
    let c = node.client();
    let project = c.project("Uploads").await;

    let frames = [(700, 500), (400, 900), (640, 480)];
    let pictures: Vec<_> =
        frames.iter().zip(1..).map(|(&(w, h), seed)| raster::picture(seed, w, h)).collect();
    let one = raster::picture(9, 1_200, 800);
    let taken: [Taken<'_>; 4] = [
        ("frames.tif", raster::tiff(&pictures, Some(100)), "image/tiff", "tiff", &frames),
        ("scan.png", one.png(Some(150)), "image/png", "png", &[(1_200, 800)]),
        ("scan.jpg", one.jpeg(90).unwrap(), "image/jpeg", "jpeg", &[(1_200, 800)]),
        // Bytes count, not what a browser calls them.
        ("plan.pdf", one.png(None), "application/octet-stream", "png", &[(1_200, 800)]),
    ];
    for (name, bytes, mime, file_type, sizes) in taken {
        let size = bytes.len();
        let made = c.try_upload(&project, name, bytes, mime).await.unwrap().expect(201);
        assert_eq!((&made["file_type"], &made["file_size"]), (&json!(file_type), &json!(size)), "{name}");
        let id = made["id"].as_str().unwrap();
        let pages = c.pages_of(id, sizes.len()).await;
        for (page, size) in pages.iter().zip(sizes) {
            shown(&c.get(&format!("/pages/{}", page["id"].as_str().unwrap())).await.expect(200), *size).await;
        }
        let document = c.get(&format!("/documents/{id}")).await.expect(200);
        assert_eq!((&document["status"], &document["page_count"]), (&json!("ready"), &json!(sizes.len())));
        assert_eq!(
            (&document["original_filename"], &document["file_type"]),
            (&json!(name), &json!(file_type))
        );
        assert_eq!(document["filename"], format!("{id}.{file_type}"));
    }

    let truncated = one.png(None);
    let refused: [(&str, Vec<u8>, &[&str]); 5] = [
        ("locked.pdf", written(Hostile::Password), &["password"]),
        ("empty.pdf", written(Hostile::Empty), &["empty"]),
        ("header.pdf", written(Hostile::HeaderOnly), &["damaged", "read", "open"]),
        ("notes.pdf", written(Hostile::NotPdf), &["pdf"]),
        ("cut.png", truncated[..40].to_vec(), &["damaged", "read", "open"]),
    ];
    for (name, bytes, words) in refused {
        let answer = c.try_upload(&project, name, bytes, "application/pdf").await.unwrap().expect(400);
        let detail = answer["detail"].as_str().unwrap().to_lowercase();
        assert!(words.iter().any(|w| detail.contains(w)), "{name}: {detail}");
    }
    let list = c.get(&format!("/projects/{project}/documents")).await.expect(200);
    assert_eq!(list["total"], 4, "what is refused leaves no document");
    let view = c.get("/admin/node").await.expect(200);
    assert_eq!(view["queues"]["ingest"]["dead"], 0);
}

/// The page has its picture's own size, and so has the image; without vectors it says so to a count.
async fn shown(page: &Value, size: (u32, u32)) {
    assert_eq!((&page["width"], &page["height"]), (&json!(size.0), &json!(size.1)), "{page}");
    assert_eq!((&page["status"], &page["scale_calibrated"]), (&json!("ready"), &json!(false)));
    let image = |key: &str| {
        let url = page[key].as_str().unwrap().to_owned();
        async move {
            let bytes = reqwest::get(url).await.unwrap().bytes().await.unwrap();
            image::load_from_memory_with_format(&bytes, image::ImageFormat::Png).unwrap().into_luma8()
        }
    };
    let whole = image("image_url").await;
    assert_eq!(whole.dimensions(), size);
    let dark = whole.pixels().filter(|p| p.0[0] < 128).count();
    assert!(dark > 500 && dark < whole.len() / 2, "a drawing is shown: {dark} dark pixels");
    let small = image("thumbnail_url").await;
    assert_eq!(small.width().max(small.height()), 256);
}
