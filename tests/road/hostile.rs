//! Hostile input: no panic, no result outside the limits, whatever the bytes.

use crate::support::{Sequence, check, samples, testdata};
use photofit::{Error, Limits, OnDamage, Options, Preparer};

fn options(on_damage: OnDamage) -> Options {
    Options::default()
        .with_limits(Limits::bigin().with_max_pixels(2000))
        .with_on_damage(on_damage)
}

#[test]
fn every_file_cut_at_every_fiftieth() {
    for on_damage in [OnDamage::Refuse, OnDamage::Keep] {
        let mut preparer = Preparer::new(options(on_damage));
        for sample in samples() {
            let bytes = &sample.bytes;
            // The photos of many megapixels are cut at every tenth: each cut is decoded.
            let cuts = if bytes.len() > 100_000 { 10 } else { 50 };
            for i in 0..cuts {
                let cut = &bytes[..bytes.len() * i / cuts];
                let name = format!("{} cut at {i}/{cuts}", sample.name);
                let result = preparer.prepare(cut);
                check(&name, &result, preparer.options().limits());
                if let Err(Error::Damaged { readable, .. }) = result {
                    assert!((0.0..=1.0).contains(&readable), "{name}: {readable}");
                }
            }
        }
    }
}

#[test]
fn a_cut_jpeg_or_png_is_refused_with_the_fraction_and_kept_on_request() {
    let mut refuse = Preparer::new(Options::default());
    let mut keep = Preparer::new(Options::default().with_on_damage(OnDamage::Keep));
    for name in [
        "jpeg/sampling-420.jpg",
        "jpeg/sampling-444.jpg",
        "jpeg/restart-1.jpg",
        "png/rgb-8.png",
        "png/rgba-16.png",
    ] {
        let sample = samples().into_iter().find(|s| s.name == name).unwrap();
        let cut = &sample.bytes[..sample.bytes.len() * 3 / 4];
        match refuse.prepare(cut) {
            Err(Error::Damaged { readable, .. }) => assert!((0.1..0.99).contains(&readable), "{name}: {readable}"),
            other => panic!("{name}: {other:?}"),
        }
        let kept = keep.prepare(cut).unwrap();
        let Some(photofit::Loss::Damage { readable }) = kept.report().losses.last().copied() else {
            panic!("{name}: {:?}", kept.report().losses);
        };
        assert!((0.1..0.99).contains(&readable), "{name}: {readable}");
        assert_eq!(
            (kept.report().result.width, kept.report().result.height),
            (sample.width, sample.height)
        );
    }
}

#[test]
fn random_changes_with_a_fixed_seed() {
    let mut sequence = Sequence(0x5EED_0001);
    let mut preparer = Preparer::new(options(OnDamage::Keep));
    for sample in samples() {
        if sample.bytes.is_empty() || sample.bytes.len() > 60_000 {
            continue;
        }
        for round in 0..30 {
            let mut bytes = sample.bytes.clone();
            for _ in 0..=sequence.below(4) {
                // Half of the changes hit the header, where they do most.
                let end = if sequence.below(2) == 0 {
                    bytes.len().min(200)
                } else {
                    bytes.len()
                };
                let at = sequence.below(end);
                bytes[at] ^= 1 << sequence.below(8);
            }
            let name = format!("{} changed, round {round}", sample.name);
            check(&name, &preparer.prepare(&bytes), preparer.options().limits());
        }
    }
}

#[test]
fn headers_that_claim_the_world_cost_nothing() {
    let mut preparer = Preparer::new(Options::default());
    for sample in samples()
        .into_iter()
        .filter(|s| s.expected == Err("too-many-pixels".to_owned()))
    {
        let start = std::time::Instant::now();
        assert!(preparer.prepare(&sample.bytes).is_err(), "{}", sample.name);
        assert!(start.elapsed().as_secs() < 2, "{}: {:?}", sample.name, start.elapsed());
    }
}

#[test]
fn limits_on_the_source_are_the_callers() {
    let sample = samples().into_iter().find(|s| s.name == "png/rgb-8.png").unwrap();
    let pixels = u64::from(sample.width) * u64::from(sample.height);
    let refuse = |options: Options| Preparer::new(options).prepare(&sample.bytes).map(|_| ()).unwrap_err();
    let error = refuse(Options::default().with_max_source_pixels(pixels - 1));
    assert_eq!(error.kind(), "too-many-pixels");
    assert!(error.to_string().contains(&(pixels - 1).to_string()), "{error}");
    let error = refuse(Options::default().with_max_memory(pixels));
    assert_eq!(error.kind(), "too-much-memory");
}

/// Every file that fuzzing found a defect with, through everything that reads photos.
#[test]
fn what_fuzzing_found_breaks_nothing_any_more() {
    let Ok(targets) = std::fs::read_dir(testdata().join("../fuzz/found")) else {
        println!("skipped: the fuzz targets are not in the package");
        return;
    };
    let mut files = 0;
    for file in targets.flat_map(|target| std::fs::read_dir(target.unwrap().path()).unwrap()) {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let options = options(OnDamage::Keep);
        let name = path.display();
        let defect = |error: &Error| matches!(error, Error::Panicked { .. } | Error::BrokenPromise { .. });
        let estimated = photofit::estimate_memory(&bytes, &options);
        assert!(!estimated.as_ref().is_err_and(defect), "{name}: {estimated:?}");
        assert_eq!(photofit::probe(&bytes).is_ok(), estimated.is_ok(), "{name}");
        let planned = photofit::plan(&bytes, &options);
        assert!(!planned.as_ref().is_err_and(defect), "{name}: {planned:?}");
        let prepared = photofit::prepare(&bytes, &options);
        assert!(!prepared.as_ref().is_err_and(defect), "{name}: {prepared:?}");
        files += 1;
    }
    assert!(files > 0);
}
