//! Sheets by seed: every habit is readable, deterministic and true.

use std::sync::{Arc, OnceLock};

use takeoff_samples::{
    Habit, PageTruth, ScaleTruth, Sheet, big_page, crowded, raster, set_of, sheet, sheets,
};

const SEEDS: std::ops::Range<u64> = 0..6;

/// Operations of each page, as a reader counts them.
fn operations(pdf: &[u8]) -> Vec<usize> {
    let pdf = hayro_syntax::Pdf::new(Arc::new(pdf.to_vec())).unwrap();
    pdf.pages()
        .iter()
        .map(|page| {
            let mut stream = page.typed_operations();
            std::iter::from_fn(|| stream.next().map(|_| ())).count()
        })
        .collect()
}

/// All habits and seeds, drawn once for all tests.
fn drawn() -> &'static [(&'static str, u64, Sheet)] {
    static DRAWN: OnceLock<Vec<(&'static str, u64, Sheet)>> = OnceLock::new();
    DRAWN.get_or_init(|| {
        let both = Habit::NAMES.iter().flat_map(|name| SEEDS.map(move |seed| (*name, seed)));
        both.map(|(name, seed)| (name, seed, sheet(seed, Habit::named(name).unwrap()))).collect()
    })
}

fn each(mut check: impl FnMut(&str, u64, &[u8], &PageTruth)) {
    for (name, seed, sheet) in drawn() {
        check(name, *seed, &sheet.pdf, &sheet.truth);
    }
}

#[test]
fn every_habit_is_readable_and_the_same_again() {
    each(|name, seed, pdf, truth| {
        let counts = operations(pdf);
        assert!(counts.len() == 1 && counts[0] > 1_000, "{name} {seed} {counts:?}");
        if seed == SEEDS.start {
            let again = sheet(seed, Habit::named(name).unwrap());
            assert!(again.pdf == pdf && again.truth == *truth, "{name} {seed}");
        }
    });
}

#[test]
fn a_seed_draws_the_same_work_in_every_habit_but_the_tilted_and_dense_ones() {
    let quiet = Habit::NAMES.into_iter().filter(|name| !["dense", "tilted"].contains(name));
    let quiet: Vec<&str> = quiet.collect();
    for seed in SEEDS {
        let of =
            |name: &str| &drawn().iter().find(|(n, s, _)| *n == name && *s == seed).unwrap().2.truth.symbols;
        let symbols: Vec<_> = quiet.iter().map(|name| of(name)).collect();
        assert!(symbols.windows(2).all(|w| w[0] == w[1]), "{seed}");
    }
}

#[test]
fn symbols_are_inside_apart_and_explained_once() {
    each(|name, seed, _, truth| {
        let all: Vec<_> = truth.symbols.iter().flat_map(|(k, v)| v.iter().map(move |i| (k, i))).collect();
        assert!(all.iter().filter(|(_, i)| i.counts()).count() > 10, "{name} {seed}");
        for (kind, instances) in &truth.symbols {
            let samples = instances.iter().filter(|i| i.in_legend).count();
            assert_eq!(samples, usize::from(kind != "door"), "{name} {seed} {kind}");
        }
        for (n, (kind_a, a)) in all.iter().enumerate() {
            let [x, y, w, h] = a.area;
            assert!(
                x > 0.0 && y > 0.0 && x + w < f64::from(truth.width_px) && y + h < f64::from(truth.height_px),
                "{name} {seed} {kind_a} {a:?}"
            );
            for (kind_b, b) in &all[n + 1..] {
                if (a.touching && b.touching) || (*kind_a == "door" && *kind_b == "door") {
                    continue;
                }
                let overlap = |p: f64, q: f64, r: f64, s: f64| (p + q).min(r + s) - p.max(r);
                let wide = overlap(a.area[0], a.area[2], b.area[0], b.area[2]);
                let high = overlap(a.area[1], a.area[3], b.area[1], b.area[3]);
                assert!(wide < 0.2 || high < 0.2, "{name} {seed}: {kind_a} {a:?} over {kind_b} {b:?}");
            }
        }
    });
}

#[test]
fn hard_cases_occur_and_are_marked() {
    let (mut touching, mut crossed, mut mirrored, mut tilted, mut existing) = (0, 0, 0, 0, 0);
    for (_, _, made) in drawn().iter().filter(|(name, _, _)| *name == "tilted") {
        for i in made.truth.symbols.values().flatten() {
            touching += usize::from(i.touching);
            crossed += usize::from(i.crossed);
            mirrored += usize::from(i.mirrored);
            tilted += usize::from(i.angle % 90.0 != 0.0);
            existing += usize::from(!i.counts() && !i.in_legend);
        }
    }
    assert!(
        [touching, crossed, mirrored, tilted, existing].iter().all(|n| *n > 20),
        "{touching} {crossed} {mirrored} {tilted} {existing}"
    );
}

#[test]
fn crowded_sheets_hold_what_is_hard_in_every_way_of_writing_it() {
    for seed in 0..10 {
        let all = Habit::CAD.map(|name| crowded(seed, Habit::named(name).unwrap(), 300));
        for other in &all[1..] {
            assert!(other.truth.symbols == all[0].truth.symbols && other.pdf != all[0].pdf, "{seed}");
        }
        let symbols = &all[0].truth.symbols;
        let instances: Vec<_> = symbols.values().flatten().filter(|i| !i.in_legend).collect();
        let with =
            |what: fn(&takeoff_samples::Instance) -> bool| instances.iter().filter(|i| what(i)).count();
        assert!(symbols.len() >= 4, "{seed}: no family");
        assert!((290..=302).contains(&instances.len()), "{seed}: {} instances", instances.len());
        for (what, count) in [
            ("touching", with(|i| i.touching)),
            ("crossed", with(|i| i.crossed)),
            ("mirrored", with(|i| i.mirrored)),
            ("at an angle", with(|i| i.angle % 90.0 != 0.0)),
            ("existing", with(|i| !i.counts())),
        ] {
            assert!(count > 5, "{seed}: {count} {what}");
        }
    }
}

#[test]
fn a_sheet_states_its_scale_in_text_unless_it_is_lettered_with_strokes() {
    each(|name, seed, pdf, truth| {
        let ScaleTruth::One { notation, ratio, px_per_foot, in_text } = &truth.scale else {
            panic!("{name} {seed} {:?}", truth.scale);
        };
        assert_eq!(*px_per_foot, 1800.0 / ratio);
        let stream = hayro_syntax::Pdf::new(Arc::new(pdf.to_vec())).unwrap();
        let content = stream.pages()[0].page_stream().unwrap().to_vec();
        let shows = |text: &str| content.windows(text.len()).any(|w| w == text.as_bytes());
        let lettered = name != "exploded";
        assert_eq!(shows("BT"), lettered, "{name} {seed}");
        assert_eq!(*in_text, lettered && name != "garbled", "{name} {seed}");
        let plain = notation.replace('(', "\\(");
        assert_eq!(shows(&plain), lettered && name != "layered", "{name} {seed} {notation}");
    });
}

#[test]
fn several_sheets_make_one_file() {
    let (pdf, truths) = sheets(40, 3, Habit::named("layered").unwrap());
    assert_eq!(operations(&pdf).len(), 3);
    assert_eq!(truths.iter().map(|t| t.page).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn large_pages_have_the_size_and_weight_asked_for() {
    let (pdf, truth) = big_page(7_000, 1);
    assert_eq!((truth.width_px, truth.height_px), (6300, 4500));
    assert!(operations(&pdf)[0] > 14_000);
    let set = set_of(4, 7_000, 1);
    assert_eq!(operations(&set).len(), 4);
    assert!(set_of(4, 7_000, 1) == set);
}

#[test]
fn pictures_read_back_with_their_resolution() {
    let picture = raster::picture(9, 640, 480);
    let png = picture.png(Some(200));
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    assert_eq!(reader.info().pixel_dims.unwrap().xppu, 7874);
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert!(pixels == picture.pixels);

    let jpeg = image::load_from_memory(&picture.jpeg(90).unwrap()).unwrap();
    assert_eq!((jpeg.width(), jpeg.height()), (640, 480));

    let frames: Vec<_> = (0..3).map(|i| raster::picture(i, 101 + i as u32, 77)).collect();
    let bytes = raster::tiff(&frames, Some(300));
    let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)).unwrap();
    for (i, frame) in frames.iter().enumerate() {
        assert_eq!(decoder.dimensions().unwrap(), (frame.width, frame.height));
        let tiff::decoder::DecodingResult::U8(pixels) = decoder.read_image().unwrap() else {
            panic!("not grey")
        };
        assert!(pixels == frame.pixels);
        assert_eq!(decoder.get_tag_u32(tiff::tags::Tag::ResolutionUnit).unwrap(), 2);
        assert_eq!(decoder.more_images(), i < 2);
        if decoder.more_images() {
            decoder.next_image().unwrap();
        }
    }
}
